"""A reader of any model is its rows, followed symbol by symbol."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nextchar
from nextchar import ContextMixing, Corpus, Mix, Ngram
from nextchar.core.model import LEARNING_KIND, Model
from nextchar.core.spec import Spec
from nextchar.errors import BadValueError, CorpusError, SettingsError, UnknownSymbolError
from nextchar.models.registry import MODELS

TEXT = "to be or not to be\nthat is the question\n" * 8


@pytest.fixture(scope="module", params=["ngram", "long ngram", "mix", "context-mixing", "MLP", "GRU", "Transformer"])
def model(request: pytest.FixtureRequest) -> Model:
    corpus = Corpus.from_documents([TEXT])
    if request.param in ("MLP", "GRU", "Transformer"):
        small = {"context": 8, "heads": 2, "layers": 2} if request.param == "Transformer" else {}
        net: Model = getattr(nextchar, request.param)(steps=3, width=8, **small).fit(corpus)
        return net
    made: dict[str, Spec] = {
        "ngram": Ngram(order=2, add=1),
        "long ngram": Ngram(order=5, smoothing="kneser-ney"),
        "mix": Mix(epochs=1),
        "context-mixing": ContextMixing(contexts=9),
    }
    return made[request.param].fit(corpus)


def test_it_says_what_the_rows_say(model: Model) -> None:
    ids = model.alphabet.encode("be that")
    rows = model.log_probs(np.concatenate([[0], ids])[None].astype(model.alphabet.dtype))[0]
    reader = model.reader()
    for t, symbol in enumerate(ids):
        assert reader.log_probs == pytest.approx(rows[t], abs=1e-9)
        assert reader.push([symbol]) == pytest.approx(-rows[t, int(symbol)], abs=1e-9)
    assert reader.log_probs == pytest.approx(rows[-1], abs=1e-9)


def test_much_at_once_is_the_same_as_symbol_by_symbol(model: Model) -> None:
    single, whole, pieces = model.reader(), model.reader(), model.reader()
    text = TEXT[7:120]
    costs = [single.push(symbol) for symbol in text]
    assert whole.read(text) == pytest.approx(costs, abs=1e-9)
    pieces.push(text[:80])
    pieces.push(text[80:81])
    other = pieces.fork()
    other.push("question")
    pieces.push(text[81:83])
    pieces.push(text[83:])
    for reader in (whole, pieces):
        assert reader.log_probs == pytest.approx(single.log_probs, abs=1e-9)
        assert reader.nats == pytest.approx(sum(costs), abs=1e-8)


def test_a_boundary_begins_anew(model: Model) -> None:
    for length in (3, 200):
        reader = model.reader()
        start = reader.log_probs
        reader.push((TEXT * 2)[:length])
        assert reader.end() == pytest.approx(
            -model.log_probs(
                np.concatenate([[0], model.alphabet.encode((TEXT * 2)[:length])])[None].astype(model.alphabet.dtype)
            )[0, -1, 0],
            abs=1e-9,
        )
        assert reader.log_probs == pytest.approx(start, abs=1e-12)


def test_by_hand() -> None:
    reader = Ngram(order=2, add=0).fit(["ab", "b"]).reader()
    # p(a) = 1/2, p(b | a) = 1, p(end | b) = 1, and then the next item: p(b) = 1/2
    assert [reader.push("a"), reader.push("b"), reader.end(), reader.push("b")] == pytest.approx(
        [math.log(2), 0, 0, math.log(2)], abs=1e-12
    )
    assert reader.symbols == 4
    assert reader.nats == pytest.approx(2 * math.log(2))
    assert repr(reader) == "StaticReader(static, 4 symbols read, 1.3863 nats)"


def test_learning_is_what_one_kind_can() -> None:
    corpus = Corpus.from_items(["ab", "b"])
    for row in MODELS.values():
        if row.settings and row.extra is None and not row.timed:
            model = row.settings_class(**row.fixed).fit(corpus)
            if row.name == LEARNING_KIND:
                assert model.reader(adaptive=True).adaptive
            else:
                with pytest.raises(SettingsError, match=f"kind {model.kind} stays as .* kind {LEARNING_KIND}") as error:
                    model.reader(adaptive=True)
                assert error.value.argument == "adaptive"


def test_what_cannot_be_read_is_refused_with_its_place(model: Model) -> None:
    reader = model.reader()
    with pytest.raises(UnknownSymbolError, match="the text, line 2, character 4: the model does not know 'é'"):
        reader.push("to\nbe é")
    with pytest.raises(CorpusError, match="line 3: holds a NUL"):
        reader.push("to\r\nbe\r\0")
    with pytest.raises(BadValueError, match="text are whole numbers from 0 to"):
        reader.push([model.alphabet.size])
    assert reader.symbols == 0
    assert reader.push("to\r\nbe") == pytest.approx(model.reader().push("to\nbe"))
    assert reader.push("") == 0
