"""The compiled loop draws what the plain path draws: short items side by side, long ones, and ways that end nowhere."""

from __future__ import annotations

import numpy as np
import pytest

from nextchar.automata.table_sampler import TableDrawer
from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.data.corpus import Corpus
from nextchar.models.ngram.model import Ngram

ITEMS = Corpus.from_items(["ab", "abab", "b" * 70, "cccc", "cab"])


@pytest.mark.parametrize("n", [1, 31, 500])  # fewer than are drawn side by side, and more
@pytest.mark.parametrize("prefix", ["", "ab"])
@pytest.mark.parametrize("add", [0, 0.1])
@pytest.mark.parametrize(
    "constraint",
    [
        Constraint(min_length=1),
        Constraint(min_length=55),
        Constraint(min_length=1, max_length=3),  # most do not end in time, and are cut
        Constraint(min_length=3, max_length=3),
        Constraint(min_length=1, max_length=60),
    ],
)
def test_both_paths_draw_the_same(constraint: Constraint, add: float, prefix: str, n: int) -> None:
    automaton = Ngram(order=2, add=add).fit(ITEMS).automaton
    ids = automaton.alphabet.encode(prefix)
    drawn = []
    for compiled in (False, True):
        drawer = TableDrawer.of(automaton, Plan(seed=3), constraint, n, compiled=compiled)
        assert drawer is not None
        drawn.append(drawer(3, ids, 17, n))
    np.testing.assert_array_equal(drawn[1].ids, drawn[0].ids)
    np.testing.assert_array_equal(drawn[1].offsets, drawn[0].offsets)


def test_a_dead_end_is_no_item() -> None:
    # without smoothing nothing but the end follows a, and with a least length of 2 it must not end there
    automaton = Ngram(order=2, add=0).fit(Corpus.from_items(["a"])).automaton
    for compiled in (False, True):
        drawer = TableDrawer.of(automaton, Plan(seed=3), Constraint(min_length=2), 100, compiled=compiled)
        assert drawer is not None
        assert len(drawer(3, automaton.alphabet.encode(""), 0, 100).offsets) == 1
