"""Texts after a prompt: drawn from the rows, of the length that was asked for, and the same for the same seed."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from nextchar import ContextMixing, Corpus, Mix, Ngram, Plan
from nextchar.core.model import Model
from nextchar.core.sampling import adjust
from nextchar.core.spec import Spec
from nextchar.core.text_writing import USUAL_LENGTH
from nextchar.errors import BadValueError, ConflictError, SettingsError, UnknownSymbolError

TEXT = "to be or not to be\nthat is the question\n" * 8


@pytest.fixture(scope="module", params=["ngram", "mix", "context-mixing"])
def model(request: pytest.FixtureRequest) -> Model:
    made: dict[str, Spec] = {
        "ngram": Ngram(order=4, smoothing="witten-bell"),
        "mix": Mix(epochs=1),
        "context-mixing": ContextMixing(contexts=9),
    }
    return made[request.param].fit(Corpus.from_documents([TEXT]))


def test_a_seed_fixes_the_text_and_numbers_tell_texts_apart(model: Model) -> None:
    first = model.write("to ", length=60, seed=1, temperature=3)
    assert len(first) == 60
    assert model.write("to ", length=60, seed=1, temperature=3) == first
    assert model.write("to ", length=60, seed=2, temperature=3) != first
    plan = Plan(seed=1, temperature=3)
    assert "".join(model.writing("to ", plan, number=1, length=60)) != first
    assert "".join(model.writing("to ", plan, number=0, length=60)) == first


def test_what_was_broken_off_goes_on(model: Model) -> None:
    whole = model.write("to ", length=50, seed=3, temperature=3)
    assert model.write("to " + whole[:20], length=30, seed=3, temperature=3) == whole[20:]


def test_it_draws_from_the_rows(model: Model) -> None:
    reader = model.reader()
    reader.skip("that ")
    row = reader.log_probs
    for plan in (Plan(seed=1), Plan(seed=1, temperature=0.5), Plan(seed=1, top_k=2), Plan(seed=1, top_p=0.7)):
        n = 2000
        drawn = Counter("".join(model.writing(reader, plan, number=i, length=1)) for i in range(n))
        masked = row.copy()
        masked[0] = -np.inf  # a length is asked for, so that the end is left out
        p = np.exp(
            adjust(
                masked[None] - np.logaddexp.reduce(masked),
                temperature=plan.temperature,
                top_k=plan.top_k,
                top_p=plan.top_p,
            )[0]
        )
        for symbol, name in enumerate(model.alphabet.names, start=1):
            bound = 5 * math.sqrt(p[symbol] * (1 - p[symbol]) / n) + 1e-9  # five standard deviations
            assert abs(drawn[name] / n - p[symbol]) <= bound, (plan, name)


def test_a_text_ends_where_it_is_told_to(model: Model) -> None:
    writer = model.writing("to be", Plan(seed=5), until="\nth")
    text = "".join(writer)
    assert text.endswith("\nth")
    assert text.count("\nth") == 1
    assert (writer.ended, writer.symbols) == ("until", len(text))
    cut = model.writing("to be", Plan(seed=5), until="\nth", length=3)
    assert "".join(cut) == text[:3]
    assert cut.ended == "length"


def test_it_says_what_it_costs(model: Model) -> None:
    writer = model.writing("or ", Plan(seed=2, temperature=0.7), length=25)
    text = "".join(writer)
    reader = model.reader()
    reader.skip("or ")
    assert writer.nats == pytest.approx(reader.push(text), abs=1e-9)


def test_the_most_probable_symbols_by_hand() -> None:
    model = Ngram(order=2, add=0).fit(Corpus.from_documents(["abab\n" * 3]))
    # what follows b is a 3 times and a line end 3 times: the smaller id, the line end, is taken
    assert model.write("a", length=6, temperature=0, seed=1) == "b\nab\na"


def test_the_end_is_drawn_only_where_no_length_is_asked_for() -> None:
    model = Ngram(order=1, add=1).fit(Corpus.from_documents(["a", "b", "ab"]))  # the end is every third symbol or so
    assert all(len(model.write(length=40, seed=seed)) == 40 for seed in range(9))
    writers = [model.writing("", Plan(seed=seed)) for seed in range(200)]
    lengths = [len("".join(writer)) for writer in writers]
    assert {writer.ended for writer in writers} == {"end"}
    # p(end) = (3 + 1) / (7 + 3) = 0.4, so 1.5 characters on average, with a standard deviation of sqrt(0.6) / 0.4
    assert np.mean(lengths) == pytest.approx(1.5, abs=4 * math.sqrt(0.6) / 0.4 / math.sqrt(200))


def test_what_does_not_end_is_cut() -> None:
    model = Ngram(order=2, add=0).fit(Corpus.from_documents(["ab" * 100_000]))
    assert len(model.write(seed=1)) == USUAL_LENGTH
    assert len(model.write(seed=1, until="aa")) == 10_000


def test_where_only_the_end_can_come_the_text_ends() -> None:
    model = Ngram(order=3, add=0).fit(Corpus.from_documents(["abc"]))
    writer = model.writing("a", Plan(seed=1), length=9)
    assert ("".join(writer), writer.ended) == ("bc", "end")
    with pytest.raises(SettingsError, match="impossible that could come after the prompt"):
        model.write("abc", length=9)


def test_a_prompt_is_read_as_the_model_reads_text(model: Model) -> None:
    assert model.write("to be\r\nth", length=9, seed=1) == model.write("to be\nth", length=9, seed=1)
    long = TEXT * 30 + "to b"
    assert len(model.write(long, length=5, seed=1)) == 5
    with pytest.raises(UnknownSymbolError, match="the prompt, line 2, character 1: the model does not know 'É'"):
        model.write("to\nÉtre", length=5)
    with pytest.raises(UnknownSymbolError, match="what it ends with, line 1, character 2"):
        model.write("to", until="eÉ")


def test_what_has_no_meaning_for_a_text_is_refused(model: Model) -> None:
    with pytest.raises(BadValueError, match="length is a whole number of at least 1, not 0"):
        model.write(length=0)
    with pytest.raises(BadValueError, match="until is the text"):
        model.write(until="")
    with pytest.raises(BadValueError, match="prompt is a text, not 3"):
        model.write(3)  # type: ignore[arg-type]
    for plan in (Plan(distinct=True), Plan(new=True), Plan(stream="torch1"), Plan(min_distance=2)):
        with pytest.raises(ConflictError, match="is for items"):
            model.writing("", plan)


def test_items_of_a_list_go_on_too() -> None:
    model = Ngram(order=3).fit(["emma", "ava", "mia"])
    assert len(model.write("em", length=12, seed=1)) == 12
    with pytest.raises(UnknownSymbolError, match=r"does not know '\\n'"):
        model.write("em\n", length=3)


def test_what_learns_goes_by_the_rows_of_a_reader_that_learns() -> None:
    model = ContextMixing(contexts=9).fit(Corpus.from_documents([TEXT]))
    prompt = "not that is to not that is to not that is to "
    reader, wanted = model.reader(adaptive=True), ""
    reader.push(prompt)
    for _ in range(25):
        wanted += model.alphabet.names[int(np.argmax(reader.log_probs[1:]))]  # a length is asked for: no end
        reader.push(wanted[-1])
    assert wanted.startswith("not that is to ")  # which the text that was learned from never said
    static = model.write(prompt, length=25, temperature=0)
    assert model.write(prompt, length=25, temperature=0, adaptive=True) == wanted
    assert model.write(prompt, length=25, temperature=0) == static
    first = model.write(prompt, length=40, seed=1, temperature=3, adaptive=True)
    assert model.write(prompt, length=40, seed=1, temperature=3, adaptive=True) == first
    assert model.write(prompt, length=40, seed=2, temperature=3, adaptive=True) != first


def test_texts_that_learn_do_not_learn_from_each_other() -> None:
    model, plan = ContextMixing(contexts=9).fit(Corpus.from_documents([TEXT])), Plan(seed=1, temperature=3)
    alone = ["".join(model.writing("to ", plan, number=i, length=40, adaptive=True)) for i in range(3)]
    reader = model.reader(adaptive=True)
    reader.skip("to ")
    assert ["".join(model.writing(reader, plan, number=i, length=40)) for i in range(3)] == alone


def test_what_cannot_learn_says_so() -> None:
    with pytest.raises(SettingsError, match="a model of kind ngram stays as it was trained") as refused:
        Ngram(order=2).fit(Corpus.from_documents([TEXT])).write("to ", length=9, adaptive=True)
    assert refused.value.argument == "adaptive"
