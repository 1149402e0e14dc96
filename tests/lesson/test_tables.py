"""What the tables of the lesson show, on counts small enough to be worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nextchar.data.corpus import Corpus
from nextchar.lesson.tables import (
    add_to_counts,
    bigram_cell,
    broadcast_example,
    empty_cells,
    excerpt,
    items_with_pair,
    keepdim_mistake,
    rarest_pair,
    shown_ids,
    shown_in_row,
    with_ids,
    word_pairs,
)

CORPUS = Corpus.from_items(["ab", "b", "ab", "ba"])
# ids: . 0, a 1, b 2; pairs: .a ab b. / .b b. / .a ab b. / .b ba a.
N = np.array([[0, 2, 2], [1, 0, 2], [3, 1, 0]])
P = N / np.array([[4.0], [3.0], [4.0]])


def test_a_small_alphabet_is_shown_whole_and_of_a_large_one_the_most_frequent() -> None:
    assert shown_ids(CORPUS).tolist() == [0, 1, 2]
    # 70 characters: those with even numbers twice, and so the boundary and the first 39 of the 35 + 35 in that order
    characters = [chr(0x4E00 + i) for i in range(70)]
    large = Corpus.from_items([*characters, *characters[::2]])
    shown = [large.alphabet.symbols[i] for i in shown_ids(large)]
    assert len(shown) == 40
    assert set(shown[1:]) == {*characters[::2], *characters[1:8:2]}


def test_a_row_shows_the_most_probable_and_what_is_asked_for() -> None:
    assert shown_in_row(np.full(60, 1 / 60)).tolist() == list(range(60))
    row = np.linspace(1, 2, 100)  # the last are the most probable
    assert shown_in_row(row, 5, 99).tolist() == [0, 5, *range(61, 100)]
    assert with_ids(np.array([0, 2, 9]), [2, 4]).tolist() == [0, 2, 4, 9]


def test_an_excerpt_keeps_the_sums_of_the_whole_table() -> None:
    part = excerpt(N, np.array([0, 2]))
    assert part.values.tolist() == [[0, 2], [3, 0]]
    assert part.row_sums.tolist() == [4, 4]
    assert part.column_sums.tolist() == [4, 4]


def test_whole_numbers_stay_whole() -> None:
    assert add_to_counts(N, 1.0).dtype.kind == "i"
    assert add_to_counts(N, 1.0)[0].tolist() == [1, 3, 3]
    assert add_to_counts(N, 0.5)[0].tolist() == [0.5, 2.5, 2.5]
    assert empty_cells(N) == 3


def test_the_forgotten_keepdim_divides_the_columns() -> None:
    tables = keepdim_mistake(N)
    assert tables.right.tolist() == P.tolist()
    # the vector of row sums (4, 3, 4) lies along the columns: column b is divided by 4, row a's column a by 3
    assert tables.wrong.tolist() == [[0, 2 / 3, 2 / 4], [1 / 4, 0, 2 / 4], [3 / 4, 1 / 3, 0]]


def test_a_cell() -> None:
    found = bigram_cell(CORPUS.alphabet, N, P, 2, 1)
    assert (found.pair, found.count, found.row_total, found.probability) == ("ba", 1, 4, 0.25)
    assert found.nats == pytest.approx(math.log(4))
    assert bigram_cell(CORPUS.alphabet, N, P, 0, 0).nats == math.inf


def test_the_rarest_pair() -> None:
    assert rarest_pair(CORPUS.alphabet, N) == (1, 1)  # aa, the first of aa and bb
    letters = Corpus.from_items(["jaz"]).alphabet  # . a j z
    assert rarest_pair(letters, np.zeros((4, 4))) == (2, 3)


def test_a_word_is_taken_apart() -> None:
    word = word_pairs(CORPUS.alphabet, "ab!")
    assert word.symbols == (".", "a", "b", "!", ".")
    assert word.ids == (0, 1, 2, None, 0)
    assert word.pairs == ((".a", 0, 1), ("ab", 1, 2), ("b!", 2, None), ("!.", None, 0))
    assert word.naive == ("ab", "b!")
    assert word.unknown == ("!",)
    empty = word_pairs(CORPUS.alphabet, "")
    assert (empty.symbols, empty.ids, empty.pairs, empty.naive) == ((), (), (), ())


def test_items_with_a_pair_are_named_once() -> None:
    assert items_with_pair(CORPUS, 1, 2) == ["ab"]
    assert items_with_pair(CORPUS, 0, 2) == ["b", "ba"]
    assert items_with_pair(CORPUS, 2, 0) == ["ab", "b"]
    assert items_with_pair(CORPUS, 2, 0, 1) == ["ab"]
    assert items_with_pair(CORPUS, 1, 1) == []


def test_the_small_table_of_the_keepdim_trap() -> None:
    """a, ab, ba, baa: `.a` 2, `.b` 2; `a.` 3 (a, ba, baa), `aa` 1, `ab` 1; `b.` 1, `ba` 2."""
    small = broadcast_example()
    assert small.counts.tolist() == [[0, 2, 2], [3, 1, 1], [1, 2, 0]]
    assert small.sums.tolist() == [4, 5, 3]
    assert small.right.tolist() == [[0, 2 / 4, 2 / 4], [3 / 5, 1 / 5, 1 / 5], [1 / 3, 2 / 3, 0]]
    assert small.wrong.tolist() == [[0, 2 / 5, 2 / 3], [3 / 4, 1 / 5, 1 / 3], [1 / 4, 2 / 5, 0]]
