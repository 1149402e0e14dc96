"""The budget and its stretches, with numbers worked out beside them."""

from __future__ import annotations

import math

import pytest

from nextchar.models.neural.training.schedule import Schedule


def test_rates_rise_over_two_hundredths_and_fall_to_nothing() -> None:
    at = Schedule(budget=1000, in_seconds=False)
    at.start(math.inf)
    paces = {}
    for at.step in (0, 10, 20, 510, 1000):
        paces[at.step] = at.pace
    # (0 + 0.001) / 0.02; (0.01 + 0.001) / 0.02 of 0.99; then what is left of the stretch
    assert list(paces.values()) == pytest.approx([0.05, 0.55 * 0.99, 0.98, 0.49, 0.0])


def test_a_stretch_has_twenty_points_and_the_next_one_too_with_lower_rates() -> None:
    at = Schedule(budget=100, in_seconds=True, seconds=10)
    at.start(40)
    passed = 0
    for tenths in range(100, 500):
        at.seconds = tenths / 10
        if at.point_is_due:
            at.pass_point()
            passed += 1
    assert passed == 19
    at.seconds = 50.0
    assert (at.point_is_due, at.into, at.share) == (True, 1.0, 0.5)
    at.go_on()
    assert (at.begin, at.length, at.points, at.rates, at.has_room) == (50, 40, 0, 0.3, True)
    at.seconds = 90
    at.go_on()
    assert [at.length, at.rates] == pytest.approx([10, 0.09])  # what is left
    at.seconds = 98.5
    assert not at.has_room  # 1.5 of 100, less than 2
    at.seconds = 130
    assert at.share == 1
