"""A net trained in turns is the one that is trained at once, and its map does not jump."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.data.corpus import Corpus
from nextchar.lesson.lesson_nets import NETS
from nextchar.lesson.live_nets import LiveNet, turned

ITEMS = Corpus.from_items(["emma", "ava", "mia", "amelia", "viola", "oliva", "zoe", "bb"])
SPEC = replace(NETS["mlp3"], epochs=None, steps=20, batch=32)


def test_in_turns_or_at_once() -> None:
    live = LiveNet(SPEC, ITEMS)
    assert (live.steps, live.ended) == (20, False)
    moment = live.advance(7, math.inf)
    assert moment.step == 7
    points = list(moment.passed)
    moment = live.advance(8, 0.0)
    assert moment.step == 8
    points += moment.passed
    while not live.ended:
        moment = live.advance(10_000, 0.0)
        points += moment.passed
    assert (moment.step, moment.share) == (20, 1.0)
    whole = SPEC.fit(ITEMS)
    assert [(p.step, p.train_nats) for p in points] == [(p.step, p.train_nats) for p in whole.metrics.curve]
    assert points[-1] == moment.point
    for name, array in whole.arrays().items():
        assert np.array_equal(array, live.model().arrays()[name])
    plan, constraint = Plan(seed=3), Constraint(max_length=9)
    assert live.samples(4, plan, constraint) == list(whole.draw_left_to_right(4, plan, constraint).corpus)
    assert live.parameters == whole.parameters


def test_pairs_are_counted_on_the_same_items() -> None:
    live = LiveNet(SPEC, Corpus.from_items(["ab"]))  # too few to hold any out
    # a after the boundary, b after a, the end after b: once each, with 0.1 more for each of three symbols
    assert live.pairs_nats() == pytest.approx(-math.log(1.1 / 1.3))


def test_a_map_is_turned_back() -> None:
    before = np.random.default_rng(1).normal(size=(27, 2))
    angle = 2.0
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    for matrix in (turn, turn @ np.diag([1, -1])):
        assert turned(before @ matrix, before) == pytest.approx(before)
    live = LiveNet(SPEC, ITEMS)
    first = live.places()
    assert live.places() == pytest.approx(first)  # nothing was learned in between
