"""Models without n-grams that were seen too seldom."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nextchar
from nextchar.automata.stored_model import stored
from nextchar.errors import SettingsError
from nextchar.models.ngram.model import Ngram
from nextchar.models.ngram.smoothing import METHODS


def corpus(n: int = 500) -> nextchar.Corpus:
    chance = random.Random(2)
    return nextchar.Corpus.from_items(
        "".join(chance.choices("abcdefg", weights=[9, 7, 5, 3, 2, 1, 1], k=chance.randint(1, 8))) for _ in range(n)
    )


def test_by_hand() -> None:
    """ab twice and ac once, Witten-Bell, bigrams seen less than twice left out: ac and the end after c.

    Unigrams: a 3, b 2, c 1 and the boundary 3 are N = 9 with T = 4 kinds, over 4 symbols: p(w) = (c + 4/4) / 13.
    After a: N = 3, T = 2; b has 2/5, and c's 1/5 goes with the 2/5 that are passed on. After c nothing is left.
    """
    model = Ngram(order=2, smoothing="witten-bell", min_count=(2,)).fit(["ab", "ab", "ac"])
    first = 3 / 4 + 1 / 4 * (4 / 13)  # a after the boundary: N = 3, T = 1
    b, c = 2 / 5 + 3 / 5 * (3 / 13), 3 / 5 * (2 / 13)
    end_after_b, end_after_c = 2 / 3 + 1 / 3 * (4 / 13), 4 / 13
    for text, p in (("ab", first * b * end_after_b), ("ac", first * c * end_after_c)):
        assert model.score([text])[0].nats == pytest.approx(-math.log(p), rel=1e-12)


@pytest.mark.parametrize("min_count", [(2,), (1, 1, 2), (1, 2, 3, 4), (1, 10**9)])
@pytest.mark.parametrize("smoothing", METHODS)
def test_it_is_a_model(smoothing: Any, min_count: tuple[int, ...], tmp_path: Path) -> None:
    """Rows sum to 1; the loss from the counts is that of reading everything; files and ARPA files hold the same."""
    data = corpus()
    more = {"sweeps": 3} if smoothing == "pitman-yor" else {"add": 0.5} if smoothing == "add" else {}
    model = Ngram(order=4, smoothing=smoothing, min_count=min_count, **more).fit(data)
    whole = Ngram(order=4, smoothing=smoothing, **more).fit(data)
    machine = model.automaton
    rows = np.exp(machine.rows_by_links(np.arange(machine.size, dtype=np.int32)))
    np.testing.assert_allclose(rows.sum(axis=1), 1.0, rtol=1e-9)
    assert len(machine.symbols) < len(whole.automaton.symbols)
    assert model.training_nats() == pytest.approx(model.evaluate(data).nats, rel=1e-9)
    model.save(tmp_path / "m")
    loaded = nextchar.load(tmp_path / "m")
    assert loaded.settings == model.settings
    items = ["abc", "gggg", "a", "fedcba"]
    assert loaded.score(items) == model.score(items)
    stored(model).save(tmp_path / "s")
    assert nextchar.load(tmp_path / "s").score(items) == model.score(items)
    nextchar.write_arpa(model, tmp_path / "m.arpa")
    for one, other in zip(nextchar.read_arpa(tmp_path / "m.arpa").score(items), model.score(items), strict=True):
        assert one.nats == pytest.approx(other.nats, abs=1e-5)


def test_what_is_left_out_counts_for_discounts() -> None:
    """As lmplz has it: discounts are those of all n-grams."""
    data = corpus()
    pruned = Ngram(order=4, smoothing="modified-kneser-ney", min_count=(3,)).fit(data)
    whole = Ngram(order=4, smoothing="modified-kneser-ney").fit(data)
    np.testing.assert_array_equal(pruned.fitted["discounts"], whole.fitted["discounts"])


def test_nothing_is_left_out_by_1() -> None:
    data = corpus()
    one, other = (Ngram(order=4, smoothing="absolute", min_count=m).fit(data) for m in ((1,), ()))
    for name, array in other.automaton.arrays().items():
        np.testing.assert_array_equal(one.automaton.arrays()[name], array)


def test_all_is_left_out_but_the_unigrams() -> None:
    data = corpus()
    model = Ngram(order=5, smoothing="kneser-ney", min_count=(10**9,)).fit(data)
    assert model.automaton.size == 1
    assert model.evaluate(data).nats == pytest.approx(model.training_nats(), rel=1e-9)


@pytest.mark.parametrize("wrong", [(0,), (2, 1), (1, 3, 2), (1.5,), ("2",), 2])
def test_wrong_thresholds(wrong: Any) -> None:
    with pytest.raises(SettingsError, match="min_count"):
        Ngram(order=3, smoothing="absolute", min_count=wrong)
