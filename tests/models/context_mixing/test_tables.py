"""How large the tables of context mixing are."""

from __future__ import annotations

import numpy as np
import pytest

from nextchar.models.context_mixing.tables import lines_of_contexts

LINE = 64  # bytes


@pytest.mark.parametrize("megabytes", [1, 7, 100, 1000])
@pytest.mark.parametrize("K", [9, 25, 37])
def test_counts_take_no_more_memory_than_they_may(K: int, megabytes: int) -> None:
    lines = lines_of_contexts(50_000_000, 5.0, np.full(K, 1e9), megabytes << 20)
    assert lines.shape == (K,)
    assert (lines & (lines - 1) == 0).all()
    # One context at a time is halved, so that no more than half of what there is stays unused.
    assert (megabytes << 20) / 2 < lines.sum() * LINE <= megabytes << 20


def test_a_short_text_takes_little() -> None:
    # 1,000 symbols of 5 bits are at most 5,000 slots, or 625 lines; 1,024 are there for the half of them that are new.
    lines = lines_of_contexts(1_000, 5.0, np.full(25, 5_000.0), 1 << 40)
    assert lines.max() <= 1_024


def test_a_context_has_the_room_that_it_needs() -> None:
    # 3,000 slots that are to fill 0.08 of all are 37,500, or 4,688 lines: 8,192. 10 slots have the least there is.
    lines = lines_of_contexts(1_000_000, 5.0, np.array([3_000.0] * 8 + [10.0]), 1 << 40)
    assert lines.tolist() == [8_192] * 8 + [64]
