"""What is said about a list, counted by hand."""

from __future__ import annotations

import math

import pytest

from nextchar.data.corpus import Corpus
from nextchar.lesson.data_facts import data_summary, facts
from nextchar.models.ngram.counts import count

ITEMS = ["emma", "ava", "li", "ava", "isabella", "mia", "zoe"]


def test_the_summary() -> None:
    seen = data_summary(Corpus.from_items(ITEMS))
    # 4 + 3 + 2 + 3 + 8 + 3 + 3 = 26 characters in 7 items, 6 of them different
    assert (seen.items, seen.characters, seen.symbols, seen.distinct) == (7, 26, 33, 6)
    assert seen.lengths == ((2, 1), (3, 4), (4, 1), (8, 1))
    assert seen.mean_length == pytest.approx(26 / 7)
    assert seen.alphabet == (".", *"abeilmosvz")
    assert seen.shortest == ("li", "ava", "ava", "mia", "zoe")
    assert seen.longest == ("isabella", "emma", "zoe", "mia", "ava")
    assert seen.examples == tuple(ITEMS)


def test_the_facts() -> None:
    corpus = Corpus.from_items(["ab", "b", "ab"])
    # pairs: .a 2, ab 2, b. 3, .b 1; 4 of 9 cells
    seen = facts(corpus, count(corpus, 2), 0.5)
    assert (seen["alphabet_size"], seen["letters"], seen["size_in_code"]) == (3, 2, "3")
    assert (seen["cells"], seen["empty_cells"]) == (9, 5)
    assert (seen["items"], seen["distinct"], seen["characters"], seen["symbols"]) == (3, 2, 5, 8)
    assert (seen["shortest"], seen["longest"], seen["mean_length"]) == (1, 2, pytest.approx(5 / 3))
    assert (seen["top_pair"], seen["top_count"]) == ("b.", 3)
    assert seen["uniform_loss"] == pytest.approx(math.log(3))
    assert seen["loss"] == 0.5
