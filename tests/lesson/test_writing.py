"""How new a model's items are, and the game."""

from __future__ import annotations

import pytest

from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.data.corpus import Corpus
from nextchar.lesson.writing import game_rounds, write
from nextchar.models.ngram.model import Ngram

ITEMS = ["emma", "ava", "mia", "amelia", "eve", "viola", "oliva", "zoe", "ava"]
CORPUS = Corpus.from_items(ITEMS)
MODEL = Ngram(order=3, add=0).fit(CORPUS)
SHORT = Constraint(max_length=20)


def test_the_share_of_new_items_is_that_of_all_that_was_drawn() -> None:
    written = write(MODEL, 200, Plan(seed=3), SHORT)
    items = list(MODEL.draw_left_to_right(200, Plan(seed=3), SHORT).corpus)
    assert list(written.items) == items
    assert written.drawn == 200
    assert written.new_share == pytest.approx(sum(item not in ITEMS for item in items) / 200)
    assert written.distinct == len(set(items))
    assert written.mean_length == pytest.approx(sum(map(len, items)) / 200)
    assert written.symbols == sum(map(len, items)) + 200


def test_only_new_items_are_those_that_are_drawn_alone() -> None:
    written = write(MODEL, 20, Plan(seed=3), SHORT, tries=2000)
    assert list(written.items) == list(MODEL.draw_left_to_right(20, Plan(seed=3, new=True), SHORT).corpus)
    drawn = list(MODEL.draw_left_to_right(written.drawn, Plan(seed=3), SHORT).corpus)
    assert sum(item not in ITEMS for item in drawn) == 20
    assert drawn[-1] not in ITEMS  # no more were looked at than needed
    assert written.new_share == pytest.approx(20 / written.drawn)


def test_a_model_that_only_repeats_has_nothing_new() -> None:
    only = Ngram(order=2, add=0).fit(Corpus.from_items(["a"]))  # .a and a. are certain
    written = write(only, 5, Plan(seed=1), Constraint(max_length=9), tries=50)
    assert (len(written.items), written.drawn, written.new_share) == (0, 50, 0.0)
    assert (written.distinct, written.mean_length) == (0, 0.0)
    assert [entry.real for entry in game_rounds(only, Corpus.from_items(["a"]), 4, seed=1, max_length=9)] == [True]


def test_the_game_mixes_real_and_new_items() -> None:
    rounds = game_rounds(MODEL, CORPUS.distinct(), 8, seed=5, max_length=20)
    assert sum(entry.real for entry in rounds) == 4
    assert len({entry.item for entry in rounds}) == len(rounds) == 8
    for entry in rounds:
        assert (entry.item in ITEMS) == entry.real
        assert entry.nats_per_symbol == pytest.approx(MODEL.score([entry.item])[0].nats_per_symbol)
    assert rounds == game_rounds(MODEL, CORPUS.distinct(), 8, seed=5, max_length=20)
    assert rounds != game_rounds(MODEL, CORPUS.distinct(), 8, seed=6, max_length=20)
