"""Items that are far from all that are known, from every kind of model and in every way to draw."""

from __future__ import annotations

from typing import Any

import pytest
from rapidfuzz.distance import Levenshtein

import nextchar
from nextchar.errors import ConflictError, SettingsError

ITEMS = ["emma", "ava", "mia", "anna", "lia", "mila", "ella", "nora", "ada", "amelia", "elena", "lina"]
CORPUS = nextchar.Corpus.from_items(ITEMS)
MODEL = nextchar.Ngram(order=2).fit(CORPUS)


def nearest(item: str, known: list[str]) -> int:
    return min(Levenshtein.distance(item, other) for other in known)


@pytest.mark.parametrize(
    "ways",
    [
        {},
        {"new": True},
        {"distinct": True, "new": True},
        {"prefix": "a"},
        {"prefix": ["a", "e"]},
        {"min_length": 4, "max_length": 7},
        {"match": ".*a.*"},
        {"stream": "torch1"},
        {"not_in": ["mimi"]},
        {"temperature": 0.7, "top_k": 5},
    ],
    ids=str,
)
def test_items_are_those_drawn_without_the_near_ones(ways: dict[str, Any]) -> None:
    known = [*ITEMS, *ways.get("not_in", [])]
    found = MODEL.sample(40, seed=1, min_distance=3, data=CORPUS, **ways)
    assert len(found) == 40
    assert all(nearest(item, known) >= 3 for item in found)
    every = MODEL.sample(4000, seed=1, **{name: value for name, value in ways.items() if name not in ("new", "not_in")})
    assert found == [item for item in every if nearest(item, known) >= 3][:40]


@pytest.mark.parametrize("settings", [nextchar.Mix(), nextchar.BigramNet()], ids=["mix", "bigram-net"])
def test_of_other_models(settings: Any) -> None:
    model = settings.fit(CORPUS)
    for ways in ({}, {"suffix": "a", "max_length": 9}):
        found = model.sample(20, seed=1, min_distance=2, data=CORPUS, **ways)
        assert len(found) == 20
        assert all(nearest(item, ITEMS) >= 2 for item in found)


def test_from_listed_items_alone() -> None:
    found = MODEL.sample(200, seed=1, min_distance=2, not_in=["emma"])
    assert all(nearest(item, ["emma"]) >= 2 for item in found)
    assert set(found) & {"ava", "mia", "lia"}  # the training items are not asked for
    with pytest.raises(SettingsError, match="fingerprints alone; give the training data"):
        MODEL.sample(5, min_distance=2, not_in=["emma"], new=True)


def test_the_training_data_is_needed() -> None:
    with pytest.raises(SettingsError, match="fingerprints alone; give the training data"):
        MODEL.sample(5, min_distance=2)
    with pytest.raises(SettingsError, match="the data given has 1 of the 12 distinct items"):
        MODEL.sample(5, min_distance=2, data=nextchar.Corpus.from_items(["ava"]))
    with pytest.raises(ConflictError, match="goes with new items alone, or with a least distance"):
        MODEL.sample(5, data=CORPUS)
    plan = nextchar.Plan(min_distance=2)
    with pytest.raises(SettingsError, match="fingerprints alone; give the training data"):
        MODEL.draw_left_to_right(5, plan)


def test_what_cannot_be_met_is_an_error() -> None:
    with pytest.raises(SettingsError, match=r"none is at least 6 edits away from all 12 known items .*ask for fewer"):
        MODEL.sample(5, min_distance=6, max_length=3, data=CORPUS)  # an item of 3 and "ava" are 3 edits apart at most


def test_no_items_wanted() -> None:
    assert MODEL.sample(0, min_distance=2, data=CORPUS) == []
