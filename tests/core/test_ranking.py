"""Ranks: how many items are at least as probable."""

from __future__ import annotations

import math

import pytest

import nextchar


@pytest.mark.filterwarnings("error")
def test_a_rank_that_no_number_holds_is_infinite() -> None:
    """Items go on and on here, and one of the draws has a probability below 1e-308, so that 1 / p is infinite."""
    letters = [chr(0x400 + i) for i in range(256)]
    model = nextchar.Ngram(order=2, add=0.3).fit([*letters, *(a * 6 for a in letters[:60])])
    for rank in model.rank([letters[-1] * 300, "".join(letters)], draws=50):
        assert (rank.rank, rank.high) == (math.inf, math.inf)
        assert 1 <= rank.low < math.inf
