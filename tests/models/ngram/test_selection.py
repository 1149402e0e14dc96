"""Choosing an n-gram model: within a few seconds, whatever the data."""

from __future__ import annotations

import random

import numpy as np
import pytest

from nextchar.data.corpus import Corpus
from nextchar.models.ngram import selection
from nextchar.models.ngram.selection import choose


def some_names(count: int, seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    return ["".join(rng.choices("aeilmnorst", k=rng.randint(3, 8))) for _ in range(count)]


def smoothings_of(data: Corpus) -> set[str]:
    return {candidate.smoothing for candidate in choose(data).candidates}


def test_pitman_yor_is_tried_where_all_symbols_are_few() -> None:
    assert "pitman-yor" in smoothings_of(Corpus.from_items(some_names(100)))


@pytest.mark.parametrize("weight", [1_000, 10**6, 10**15])
def test_weights_count_as_symbols(weight: int) -> None:
    """100 names of about 5.5 letters are 650 symbols; each a thousand times, 650,000, and more than 60,000."""
    data = Corpus.from_items(some_names(100), [weight] * 100)
    assert smoothings_of(data) == {"modified-kneser-ney", "witten-bell", "kneser-ney", "add"}


def test_one_heavy_item_among_light_ones() -> None:
    weights = [1] * 99 + [50_000]
    assert "pitman-yor" not in smoothings_of(Corpus.from_items(some_names(100), weights))


def test_of_much_data_items_evenly_spaced_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    data = Corpus.from_items(some_names(1_000))
    monkeypatch.setattr(selection, "MOST_SYMBOLS", data.symbols // 4)
    choice = choose(data, data.take(np.arange(100)))
    assert choice.held_out == 100
    assert choose(data).held_out < 50  # a tenth of a quarter of a thousand is 25
