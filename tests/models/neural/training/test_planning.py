from __future__ import annotations

import numpy as np
import pytest

from nextchar.data.corpus import Corpus
from nextchar.models.neural.training.planning import TrainingPlan, planned, set_aside, stronger
from nextchar.models.neural.training.settings import TrainSettings


def words(n: int, length: int = 6) -> list[str]:
    """n different items of so many characters each."""
    return [f"{i:0{length}d}" for i in range(n)]


@pytest.mark.parametrize(
    ("items", "length", "held"),
    [
        (3000, 6, 300),  # a tenth
        (300, 6, 43),  # 300 symbols, of 7 an item: 42.86 items
        (60, 6, 15),  # no more than a quarter
        (20, 6, 5),
        (19, 6, 0),  # too few, with 133 symbols
        (8, 500, 1),  # few, but 4,008 symbols: a tenth, which is one item
        (1, 9000, 0),  # nothing can be held out of one
    ],
)
def test_how_many_items_are_held_out(items: int, length: int, held: int) -> None:
    parts = set_aside(Corpus.from_items(words(items, length)), None, 0.1)
    assert len(parts.train) + (0 if parts.validation is None else len(parts.validation)) == items
    assert (0 if parts.validation is None else len(parts.validation)) == held
    assert parts.note is not None
    assert parts.note.startswith(
        f"{held:,} of the {items:,} items {'was' if held == 1 else 'were'} held out" if held else ""
    )


def test_of_a_large_list_no_more_is_held_out_than_is_measured() -> None:
    parts = set_aside(Corpus.from_items(words(100_000)), None, 0.1)  # 700,000 symbols, of which 200,000 at most
    assert parts.validation is not None
    assert len(parts.validation) == 10_000  # a tenth is less
    parts = set_aside(Corpus.from_items(words(100_000, 29)), None, 0.1)  # 3,000,000 symbols: a fifteenth, 6,666.7 items
    assert parts.validation is not None
    assert len(parts.validation) == 6_667


def test_repeats_stay_together_and_the_order_of_the_file_does_not_matter() -> None:
    items = words(200) * 3
    one, other = set_aside(Corpus.from_items(items), None, 0.1), set_aside(Corpus.from_items(items[::-1]), None, 0.1)
    assert one.validation is not None
    assert other.validation is not None
    assert not set(one.train) & set(one.validation)
    assert set(one.validation) == set(other.validation)
    assert len(one.validation) == 3 * len(set(one.validation))


def test_the_callers_items_serve_and_nothing_is_held_out_where_that_is_turned_off() -> None:
    data, mine = Corpus.from_items(words(100)), Corpus.from_items(words(3))
    given = set_aside(data, mine, 0.1)
    assert given.train is data
    assert given.validation is not None
    assert list(given.validation) == list(mine)
    assert set_aside(data, None, 0.0) == (data, None, None)


def plan(
    epochs: float, weights: float = 1.0, steps: float = 100.0, settings: TrainSettings | None = None
) -> TrainingPlan:
    return planned(settings or TrainSettings(steps=1), epochs=epochs, steps_an_epoch=steps, weights_a_symbol=weights)


def test_regularisation_follows_from_how_often_the_data_is_read() -> None:
    assert plan(5) == TrainingPlan(dropout=0.0, decay=0.0, stretch=5)
    assert plan(10).dropout == pytest.approx(0.12)  # a doubling beyond 5
    assert plan(20, steps=3).dropout == pytest.approx(0.24)  # two
    assert plan(10, weights=2).dropout == pytest.approx(0.12 * 1.2)  # a doubling of the weights: a fifth more
    assert plan(10, weights=1 / 2).dropout == pytest.approx(0.12 * 0.6)  # half of them: two fifths less
    assert plan(20, weights=1 / 64).dropout == 0  # the net is too small to learn anything by heart
    assert plan(40, weights=32, steps=2).dropout == 0.5  # 0.36 x 2, and no more than a half
    strengths = [plan(epochs, weights=4).dropout for epochs in np.geomspace(1, 1000, 30)]
    assert strengths == sorted(strengths)


def test_decay_goes_with_the_updates_of_an_epoch() -> None:
    assert plan(10, steps=10).decay == pytest.approx(0.24)  # as for a dropout of 0.12
    assert plan(10, steps=200).decay == pytest.approx(0.1)  # 20 by 200: as much in an epoch
    more = stronger(plan(10, steps=200), TrainSettings(steps=1))
    assert more.decay == pytest.approx(0.1 + 0.12 * 0.1 / 0.24)  # and as much less of more


def test_beyond_a_stretch_the_budget_changes_nothing() -> None:
    assert plan(400) == plan(4000)
    assert plan(400).stretch == 14
    assert plan(400, weights=1 / 4).stretch == 14
    assert plan(400, weights=4).stretch == 12  # four times the weights for each symbol: half as long
    assert plan(400, steps=2).stretch == 50  # of short lists, as much as 100 steps need


def test_what_is_given_stays() -> None:
    assert plan(400, settings=TrainSettings(steps=1, dropout=0.05, decay=0.0))[:2] == (0.05, 0.0)


def test_every_further_stretch_is_regularised_more_up_to_a_bound() -> None:
    settings = TrainSettings(steps=1)
    after = stronger(plan(5), settings)
    assert after == pytest.approx((0.12, 0.12, 5.0))
    for _ in range(20):
        after = stronger(after, settings)
    assert after == TrainingPlan(dropout=0.5, decay=1.0, stretch=5)
    assert stronger(plan(5), TrainSettings(steps=1, dropout=0.3, decay=0.0))[:2] == (0.0, 0.0)  # the plan's stay
