from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nextchar.data.edit_distance import Surroundings


def levenshtein(one: str, other: str) -> int:
    """The textbook's table, row by row."""
    above = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        row = [i]
        for j, b in enumerate(other, start=1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (a != b)))
        above = row
    return above[-1]


@pytest.mark.parametrize(
    ("item", "edits"),
    [("emma", 0), ("ema", 1), ("emmaa", 1), ("amma", 1), ("em", 2), ("mema", 2), ("", 4), ("\u00e9mma", 1)],
)
def test_from_one_item(item: str, edits: int) -> None:
    assert Surroundings.of(["emma"], edits + 1).outside([item]).tolist() == [False]
    if edits:
        assert Surroundings.of(["emma"], edits).outside([item]).tolist() == [True]


TEXTS = st.lists(st.text("ab\u00e9\u4e00\U0001f600", max_size=7), max_size=12)


@given(TEXTS, TEXTS, st.integers(1, 8))
def test_as_the_textbook_has_it(known: list[str], items: list[str], least: int) -> None:
    wanted = [all(levenshtein(item, other) >= least for other in known) for item in items]
    assert Surroundings.of(known, least).outside(items).tolist() == wanted


@pytest.mark.parametrize("least", [1, 2, 3, 6, 20])
def test_of_many_items_at_a_time(least: int) -> None:
    draw = random.Random(3)
    known, items = (["".join(draw.choices("abcdef", k=draw.randint(0, 9))) for _ in range(n)] for n in (900, 60))
    items += known[:5]
    wanted = [all(levenshtein(item, other) >= least for other in known) for item in items]
    assert Surroundings.of(known, least).outside(items).tolist() == wanted
