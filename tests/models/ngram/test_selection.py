"""Choosing an n-gram model: within a few seconds, whatever the data."""

from __future__ import annotations

import random

import numpy as np
import pytest

from nextchar.core.scoring import evaluate
from nextchar.data.corpus import Corpus
from nextchar.data.splits import tenths
from nextchar.models.ngram import selection
from nextchar.models.ngram.model import Ngram
from nextchar.models.ngram.selection import Choice, choose, held_out_parts


def some_names(count: int, seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    return ["".join(rng.choices("aeilmnorst", k=rng.randint(3, 8))) for _ in range(count)]


def smoothings_of(data: Corpus, weights: str = "repeats") -> set[str | None]:
    return {candidate.smoothing for candidate in choose(data).candidates if candidate.weights == weights}


def test_pitman_yor_is_tried_where_all_symbols_are_few() -> None:
    assert "pitman-yor" in smoothings_of(Corpus.from_items(some_names(100)))


@pytest.mark.parametrize("weight", [1_000, 10**6, 10**15])
def test_weights_count_as_symbols(weight: int) -> None:
    """100 names of about 5.5 letters are 650 symbols; each a thousand times, 650,000, and more than 60,000."""
    data = Corpus.from_items(some_names(100), [weight] * 100)
    assert "pitman-yor" not in smoothings_of(data)
    assert "modified-kneser-ney" in smoothings_of(data)
    assert "modified-kneser-ney" in smoothings_of(data, "ignored")


def test_one_heavy_item_among_light_ones() -> None:
    weights = [1] * 99 + [50_000]
    assert "pitman-yor" not in smoothings_of(Corpus.from_items(some_names(100), weights))


@pytest.mark.parametrize("weights", [[1, 10_000] * 60, [1] * 119 + [10**9], list(range(1, 121))])
def test_items_with_weights_are_counted_once_where_that_predicts_others_better(weights: list[int]) -> None:
    """The weights say nothing of the letters, and the items are of chance: to count some more often misleads."""
    data = Corpus.from_items(some_names(120), weights)
    choice = choose(data)
    assert choice.tried[0][0].weights == "ignored"
    assert "each item once" in choice.explanation()
    assert "each item once" in choice.in_short()
    weighted, once = choice.spec.fit(data), choice.spec.fit(Corpus.from_items(some_names(120)))
    ids = np.array([[0, 1]])
    assert weighted.log_probs(ids).tolist() == once.log_probs(ids).tolist()


def test_weights_count_where_they_tell_how_new_items_look() -> None:
    """Nine items in ten are of other letters and weigh nothing beside the tenth."""
    rng = random.Random(1)
    heavy = ["".join(rng.choices("ab", k=rng.randint(3, 9))) for _ in range(400)]
    light = ["".join(rng.choices("xyzuvw", k=rng.randint(3, 9))) for _ in range(40)]
    data = Corpus.from_items([*heavy, *light], [60] * 400 + [1] * 40)
    assert choose(data).tried[0][0].weights == "repeats"


@pytest.mark.parametrize("weights", [None, [1] * 60])
def test_without_weights_nothing_more_is_tried(weights: list[int] | None) -> None:
    assert not smoothings_of(Corpus.from_items(some_names(60), weights), "ignored")


def test_of_much_data_items_evenly_spaced_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    data = Corpus.from_items(some_names(1_000))
    monkeypatch.setattr(selection, "MOST_SYMBOLS", data.symbols // 4)
    choice = choose(data, data.take(np.arange(100)))
    assert choice.held_out == 100
    assert choose(data).held_out == 200  # eight tenths of a quarter of a thousand: 60,000 symbols are eight such lists


def test_of_a_short_list_every_item_is_held_out_once() -> None:
    """The loss of a model is that over ten models, each of nine tenths, on the tenth that it has not seen."""
    data = Corpus.from_items(some_names(60))
    choice = choose(data)
    assert (choice.held_out, choice.in_turn) == (60, True)
    assert "nats per symbol on 60 items held out in turn, the least of" in choice.explanation()
    spec, loss = choice.tried[0]
    losses = [evaluate(spec.fit(rest), held) for rest, held in tenths(data)]
    assert loss == pytest.approx(sum(each.nats for each in losses) / data.symbols)


def test_of_a_long_list_one_tenth_is_held_out() -> None:
    data = Corpus.from_items(some_names(6_000))
    choice = choose(data)
    [(rest, held)] = held_out_parts(data)
    assert len(set(held)) == -(-len(set(data)) // 10)
    assert (choice.held_out, choice.in_turn) == (len(held), False)
    assert f"on {len(held)} items held out, the least of" in choice.explanation()
    model = Ngram(order=2, smoothing="modified-kneser-ney").fit(rest)
    assert loss_of(choice, 2) == evaluate(model, held).nats_per_symbol


def test_of_heavy_items_more_tenths_are_held_out() -> None:
    """6,000 names of 6.5 symbols: 600,000 symbols are more than ten such lists."""
    items = some_names(6_000)
    assert len(held_out_parts(Corpus.from_items(items))) == 1
    assert len(held_out_parts(Corpus.from_items(items, [1_000] * len(items)))) == 10
    assert len(held_out_parts(Corpus.from_items(items, [1_000] * len(items)), most=3)) == 3


def test_all_usual_orders_are_tried() -> None:
    """Though order 1 is best, from which a search that goes up until the loss rises would not come to order 6."""
    tried = choose(Corpus.from_items(some_names(300))).tried
    assert {spec.order for spec, _ in tried if spec.smoothing == "modified-kneser-ney"} == {1, 2, 3, 4, 5, 6}


def loss_of(choice: Choice, order: int) -> float:
    [loss] = [loss for spec, loss in choice.tried if (spec.order, spec.smoothing) == (order, "modified-kneser-ney")]
    return loss
