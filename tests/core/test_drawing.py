"""Items part after part: the same as all at once, in memory that does not grow with their number."""

from __future__ import annotations

from itertools import chain, islice

import numpy as np
import pytest

from nextchar.core import drawing as module
from nextchar.core.constraint import Constraint
from nextchar.core.drawing import FIRST, drawing
from nextchar.core.plan import Plan
from nextchar.data.corpus import Corpus
from nextchar.errors import SettingsError
from nextchar.models.ngram.model import Ngram

CORPUS = Corpus.from_items(["emma", "ava", "mia", "amelia", "eve", "viola", "oliva"])
MODEL = Ngram(order=3).fit(CORPUS)
MANY = 10**12


@pytest.mark.parametrize(
    ("plan", "constraint"),
    [
        (Plan(seed=3), Constraint()),
        (Plan(seed=3, distinct=True, new=True), Constraint()),
        (Plan(seed=3, temperature=1.5), Constraint(suffix="a", max_length=9)),
        (Plan(seed=3, min_distance=2), Constraint(not_in=["emma"])),
        (Plan(seed=3, stream="torch1"), Constraint(prefix="a")),
    ],
    ids=["plain", "distinct and new", "suffix", "min-distance", "torch1"],
)
def test_more_than_anyone_can_hold(plan: Plan, constraint: Constraint) -> None:
    endless = MODEL.drawing(MANY, plan, constraint)
    first = list(islice(chain.from_iterable(endless), 700))
    assert first == list(MODEL.draw(700, plan, constraint).corpus)
    assert endless.got < 2 * module.BATCH  # and no more than a part or two has been drawn


def test_the_first_part_is_small_and_none_is_large() -> None:
    sizes = [len(part) for part in islice(MODEL.drawing(MANY, Plan(seed=1)), 5)]
    assert sizes == [FIRST, 4 * FIRST, 16 * FIRST, 32 * FIRST, 32 * FIRST]  # 4,096 to 131,072


def test_all_parts_together() -> None:
    parts = drawing(MODEL, 30_000, Plan(seed=2))
    assert parts.begins()
    assert parts.begins()  # asked twice, it is the same
    items = list(chain.from_iterable(parts))
    assert items == list(MODEL.draw(30_000, Plan(seed=2)).corpus)
    assert (parts.got, parts.missing) == (30_000, 0)
    assert not drawing(MODEL, 0, Plan(seed=2)).begins()


def test_what_is_missing_is_known_at_the_end() -> None:
    # an unsmoothed bigram of one item of one character has that item alone
    one = Ngram(order=2, add=0).fit(Corpus.from_items(["a"]))
    parts = one.drawing(MANY, Plan(seed=1, distinct=True))
    assert list(chain.from_iterable(parts)) == ["a"]
    assert parts.missing == MANY - 1
    assert parts.explain_missing().startswith("only 1 of 1,000,000,000,000 items: ")


def test_distinct_items_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_DISTINCT", 1000)
    assert len(MODEL.draw(1000, Plan(seed=1, distinct=True)).corpus) == 1000
    with pytest.raises(SettingsError, match="of distinct items there are 1,000 at most") as caught:
        MODEL.draw(1_000_000, Plan(seed=1, distinct=True))
    assert caught.value.argument == "distinct"


def test_distinct_items_over_many_parts() -> None:
    items = list(MODEL.draw(20_000, Plan(seed=1, distinct=True, temperature=2)).corpus)
    assert len(set(items)) == 20_000
    drawn = MODEL.draw(60_000, Plan(seed=1, temperature=2)).corpus
    assert items[:5000] == list(dict.fromkeys(drawn))[:5000]  # each where it was first drawn


def test_lengths_in_parts() -> None:
    parts = MODEL.drawing(40_000, Plan(seed=1), Constraint(max_length=4))
    assert max(int(np.max(part.lengths)) for part in parts) == 4
