"""A word's score by hand."""

from __future__ import annotations

import math

import pytest

from nextchar.data.corpus import Corpus
from nextchar.lesson.word_score import score_word
from nextchar.models.ngram.model import Ngram


def test_a_word_symbol_by_symbol() -> None:
    # after . come a, a, b; after a come b, b; after b come ., ., .: p(ab) = 2/3 x 1 x 1
    model = Ngram(order=2, add=0).fit(Corpus.from_items(["ab", "ab", "b"]))
    scored = score_word(model, "ab")
    assert scored.item == "ab"
    assert scored.likelihood == pytest.approx(2 / 3)
    assert scored.nats == pytest.approx(math.log(3 / 2))
    assert scored.nats_per_symbol == pytest.approx(math.log(3 / 2) / 3)
    assert scored.uniform_nats == pytest.approx(math.log(3))  # ., a and b
    assert [entry.symbol for entry in scored.symbols] == ["a", "b", "."]
    assert [entry.probability for entry in scored.symbols] == pytest.approx([2 / 3, 1, 1])
    impossible = score_word(model, "a")
    assert (impossible.nats, impossible.likelihood) == (math.inf, 0.0)
