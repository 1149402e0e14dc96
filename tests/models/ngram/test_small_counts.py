"""Counts of counts found while counts pass by, against those of a trie."""

from __future__ import annotations

import random

import numpy as np
import pytest

from nextchar.data.corpus import Corpus
from nextchar.models.ngram.counts import count
from nextchar.models.ngram.runs import run_of
from nextchar.models.ngram.small_counts import SmallCounts
from nextchar.models.ngram.smoothing import counts_of_counts
from nextchar.models.ngram.trie import NgramTrie


def found(items: list[str], order: int, rows: int) -> SmallCounts:
    small = SmallCounts(order)
    for _ in small.watch(run_of(count(Corpus.from_items(items), order)).pieces(rows)):
        pass
    return small


def test_by_hand() -> None:
    r"""ab, b: bigrams .a ab b. .b b.; unigrams a once, b and the boundary twice; b follows 2 symbols, a and . one."""
    small = found(["ab", "b"], 2, rows=2)
    assert small.raw.tolist() == [[0, 1, 2, 0, 0], [0, 3, 1, 0, 0]]
    assert small.adjusted.tolist() == [[0, 2, 1, 0, 0], [0, 3, 1, 0, 0]]


@pytest.mark.parametrize("order", [1, 2, 3, 6, 9])
@pytest.mark.parametrize("rows", [1, 7, 10**6])
def test_as_of_a_trie(order: int, rows: int) -> None:
    chance = random.Random(order)
    items = ["".join(chance.choices("abcde", k=chance.randint(1, 9))) for _ in range(400)]
    small, trie = found(items, order, rows), NgramTrie(count(Corpus.from_items(items), order))
    np.testing.assert_array_equal(small.raw, counts_of_counts(trie, trie.raw))
    np.testing.assert_array_equal(small.adjusted, counts_of_counts(trie, trie.adjusted))
