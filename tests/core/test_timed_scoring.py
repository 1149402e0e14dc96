from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from nextchar.core.scoring import evaluate, symbol_nats
from nextchar.core.timed_scoring import evaluate_within
from nextchar.data.corpus import Corpus
from nextchar.models.ngram.model import Ngram

ITEMS = [f"{i:05d}" for i in range(3000)]


class Slow:
    """A uniform model that takes its time: so many seconds a symbol. It has no way to score a corpus but its rows."""

    context_length = 1
    corpus_scorer = None

    def __init__(self, corpus: Corpus, seconds_a_symbol: float) -> None:
        self.alphabet = corpus.alphabet
        self.seconds_a_symbol = seconds_a_symbol
        self.read = 0

    def log_probs(self, ids: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        self.read += ids.size
        time.sleep(self.seconds_a_symbol * ids.size)
        V = self.alphabet.size
        return np.full((*ids.shape, V), -np.log(V))


@pytest.mark.parametrize("seconds", [None, 60.0])
@pytest.mark.parametrize("weights", [None, [i % 3 + 1 for i in range(len(ITEMS))]])
def test_where_there_is_time_everything_is_measured(seconds: float | None, weights: list[int] | None) -> None:
    corpus = Corpus.from_items(ITEMS, weights=weights)
    model = Ngram(order=3).fit(corpus)
    found, expected = evaluate_within(model, corpus, seconds), evaluate(model, corpus)
    assert (found.items, found.symbols, found.weight) == (expected.items, expected.symbols, expected.weight)
    assert found.nats == pytest.approx(expected.nats, rel=1e-12)


def test_where_there_is_not_a_sample_is() -> None:
    corpus = Corpus.from_items(ITEMS)  # 18,000 symbols, which would take 9 seconds
    model: Any = Slow(corpus, 0.0005)
    found = evaluate_within(model, corpus, 0.5)
    assert 498 <= found.symbols <= 1500  # 83 items at least; half a second has room for 1,000 symbols
    assert found.symbols == 6 * found.items
    assert found.nats_per_symbol == pytest.approx(np.log(11))  # ten digits and the boundary


def test_of_long_items_the_beginnings_are(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = Corpus.from_items(["0123456789" * 2000, "01" * 9000, "012"])
    model: Any = Slow(corpus, 0.0)
    monkeypatch.setattr(time, "perf_counter", lambda: model.read / 1000)  # 1,000 symbols a second, by this clock
    found = evaluate_within(model, corpus, 2.5)  # 1,028 symbols, and in what is left 2,048 have no room
    assert (found.items, found.symbols) == (3, 512 + 512 + 4)
    assert model.read == found.symbols
    assert found.nats == pytest.approx(found.symbols * np.log(11))


def test_long_items_are_read_further_where_time_is_left() -> None:
    """A text is one item: its first 512 symbols would say little of it."""
    corpus = Corpus.from_items(["0123456789" * 2000, "01" * 9000, "012"], weights=[1, 2, 3])
    model: Any = Slow(corpus, 0.0)
    found = evaluate_within(model, corpus, 60.0)
    assert (found.items, found.symbols) == (3, 20_001 + 18_001 + 4)
    assert found.weight == 20_001 + 2 * 18_001 + 3 * 4
    assert found.nats == pytest.approx(found.weight * np.log(11))


def test_a_text_is_measured_on_its_beginning_as_a_whole_text_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The symbols of the beginning cost what they cost in the text: the place where it was cut does not count."""
    text = "abracadabra " * 5000
    corpus = Corpus.from_items([text])
    model = Ngram(order=3, add=1.0).fit(corpus)
    slow: Any = Slow(corpus, 0.0)

    def log_probs(ids: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        slow.read += ids.size
        return model.log_probs(ids)

    slow.log_probs = log_probs
    monkeypatch.setattr(time, "perf_counter", lambda: slow.read / 1000)
    found = evaluate_within(slow, corpus, 20.0)
    # 512 in half a second; then 16 times as many have room in 70% of the rest, and in what is left after them no more
    assert found.symbols == 8192
    assert found.nats == pytest.approx(symbol_nats(model, corpus)[:8192].sum(), rel=1e-9)


def test_what_is_impossible_is_named() -> None:
    model = Ngram(order=2, add=0).fit(Corpus.from_items(["ab"]))
    found = evaluate_within(model, Corpus.from_items(["ba"]), 5.0)
    assert found.nats == np.inf
    assert "'ba'" in str(found.impossible)
    assert evaluate_within(model, Corpus.from_items(["ab"]).take([]), 5.0).items == 0
