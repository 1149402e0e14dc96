"""A text that goes on from another costs what the end of both together costs."""

from __future__ import annotations

import math

import pytest

from nextchar import ContextMixing, Corpus, Mix, Ngram
from nextchar.core.model import Model
from nextchar.core.spec import Spec
from nextchar.errors import BadValueError, ConflictError, SettingsError, UnknownSymbolError

BEGIN, END = "one two\nthree one\n" * 9, "two three\none one three"


@pytest.fixture(scope="module", params=["ngram", "mix", "context-mixing"])
def model(request: pytest.FixtureRequest) -> Model:
    made: dict[str, Spec] = {
        "ngram": Ngram(order=4, smoothing="witten-bell"),
        "mix": Mix(epochs=1),
        "context-mixing": ContextMixing(contexts=12),
    }
    return made[request.param].fit(Corpus.from_documents([BEGIN + END]))


def test_it_goes_on_directly(model: Model) -> None:
    whole = model.score([BEGIN + END])[0].surprisal
    end = model.score([END], after=BEGIN)[0]
    assert end.surprisal == pytest.approx(whole[len(BEGIN) :], abs=1e-9)
    found = model.evaluate(Corpus.from_documents([END]), after=Corpus.from_documents([BEGIN]))
    assert found.nats == pytest.approx(sum(whole[len(BEGIN) :]), abs=1e-8)
    assert (found.symbols, found.read_before, found.adaptive) == (len(END) + 1, len(BEGIN), False)
    assert model.evaluate(Corpus.from_documents([END]), after="").nats == model.evaluate([END]).nats


def test_only_the_first_text_goes_on(model: Model) -> None:
    alone = model.score([END])[0].nats
    first, second = model.score([END, END], after=BEGIN)
    assert first.nats != pytest.approx(alone, abs=1e-6)
    assert second.nats == pytest.approx(alone, abs=1e-9)


def test_by_hand() -> None:
    model = Ngram(order=2, add=0).fit(Corpus.from_documents(["ab\nb"]))
    # what follows a is b, what follows b a line end or, as often, the end: "b" after "a" is certain, its end 1/2
    assert model.score(["b"], after="a")[0].nats == pytest.approx(math.log(2))
    assert model.score(["b"], after="a\n")[0].nats == pytest.approx(math.log(2))
    assert model.score(["b"])[0].nats == math.inf  # no text begins with b


def test_items_are_learned_in_their_order() -> None:
    model = ContextMixing(contexts=9).fit(["ab", "ba"] * 9)
    costs = [score.nats for score in model.score(["bbaa"] * 12, adaptive=True)]
    assert costs[-1] < costs[0] / 2
    known = model.evaluate(["bbaa"], adaptive=True, after=["bbaa"] * 12)
    assert known.nats < costs[0] / 2
    assert (known.adaptive, known.read_before, known.symbols) == (True, 60, 5)
    assert "adaptive, after 60 symbols" in repr(known)
    reader = model.reader(adaptive=True)
    for score in model.score(["ab", "bb", "ba"], adaptive=True):
        assert score.nats == pytest.approx(reader.push(score.item) + reader.end())


def test_what_has_no_effect_or_cannot_be_is_refused() -> None:
    model = ContextMixing(contexts=9).fit(["ab", "ba"] * 9)
    with pytest.raises(SettingsError, match="each item of a list begins anew"):
        model.evaluate(["ab"], after=["ba"])
    with pytest.raises(BadValueError, match=r"give a list of items, for example \['ab'\]"):
        model.evaluate(["ab"], after="ab", adaptive=True)
    with pytest.raises(UnknownSymbolError):
        model.evaluate(["ab"], after=["abc"], adaptive=True)
    with pytest.raises(ConflictError, match="takes no weights"):
        model.evaluate(Corpus.from_items(["ab"], weights=[2]), adaptive=True)
    with pytest.raises(SettingsError, match="stays as it was trained"):
        Ngram(order=2).fit(["ab"]).evaluate(["ab"], adaptive=True)
