from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from nextchar.core.scoring import evaluate
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


def test_of_long_items_the_beginnings_are() -> None:
    corpus = Corpus.from_items(["0123456789" * 2000, "01" * 9000, "012"])
    model: Any = Slow(corpus, 0.0)
    found = evaluate_within(model, corpus, 60.0)
    assert (found.items, found.symbols) == (3, 512 + 512 + 4)
    assert model.read == found.symbols
    assert found.nats == pytest.approx(found.symbols * np.log(11))


def test_what_is_impossible_is_named() -> None:
    model = Ngram(order=2, add=0).fit(Corpus.from_items(["ab"]))
    found = evaluate_within(model, Corpus.from_items(["ba"]), 5.0)
    assert found.nats == np.inf
    assert "'ba'" in str(found.impossible)
    assert evaluate_within(model, Corpus.from_items(["ab"]).take([]), 5.0).items == 0
