from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nextchar
from nextchar.automata.interpolation import interpolate
from nextchar.data.corpus import Corpus
from nextchar.data.text_options import TextOptions
from nextchar.errors import SettingsError
from nextchar.models.ngram.model import Ngram, NgramModel
from nextchar.models.ngram.updating import add_items, merge

A = Corpus.from_items(["ab", "aab", "ba"])
B = Corpus.from_items(["bb", "abba", "b", "baa"])
ITEMS = ["a", "b", "ab", "ba", "abab", "bbb", "aabba"]


@given(st.integers(1, 4), st.integers(1, 4), st.sampled_from([0.0, 0.3, 1.0]), st.sampled_from([0, 0.2]))
def test_it_is_the_weighted_mean_symbol_by_symbol(m: int, n: int, weight: float, add: float) -> None:
    one, two = Ngram(order=m, add=add).fit(A), Ngram(order=n, add=0.5).fit(B)
    mean = interpolate(one, two, weight)
    for item in ITEMS:
        ids = np.array([[0, *mean.alphabet.encode(item)]])
        expected = (1 - weight) * np.exp(one.log_probs(ids)) + weight * np.exp(two.log_probs(ids))
        np.testing.assert_allclose(np.exp(mean.log_probs(ids)), expected, rtol=1e-12, atol=1e-300)


def test_it_is_a_model_like_any_other(tmp_path: Path) -> None:
    mean = interpolate(Ngram(order=2).fit(A), Ngram(order=3).fit(B), 0.4)
    mean.save(tmp_path / "m.safetensors")
    again = nextchar.load(tmp_path / "m.safetensors")
    assert again.sample(10, seed=1) == mean.sample(10, seed=1)
    assert nextchar.given(again, min_length=0).probability == pytest.approx(1, rel=1e-12)
    assert again.provenance.items == 7
    assert again.score(["ab"])[0] == mean.score(["ab"])[0]


def test_what_cannot_be_interpolated() -> None:
    one = Ngram(order=2).fit(A)
    with pytest.raises(SettingsError, match="from 0 to 1"):
        interpolate(one, one, 1.5)
    with pytest.raises(SettingsError, match="order 2 and of order 3"):
        merge(one, Ngram(order=3).fit(A))
    with pytest.raises(SettingsError, match="does not hold counts"):
        add_items(interpolate(one, one, 0.5), B)
    with pytest.raises(SettingsError, match="treat"):
        add_items(one, replace(B, options=TextOptions(lower=True)))


@pytest.mark.parametrize("order", [1, 2, 4])
def test_an_update_is_the_model_of_all_data(order: int) -> None:
    more = Corpus.from_items(["bb", "xyz", "ab"])  # new characters, and an item that was there
    updated = add_items(Ngram(order=order).fit(A), more)
    together = Ngram(order=order).fit(Corpus.concatenate([A, more]))
    assert updated.counts == together.counts
    assert updated.alphabet == together.alphabet
    np.testing.assert_array_equal(updated.nats(ITEMS), together.nats(ITEMS))
    known, expected = updated.provenance.known, together.provenance.known
    assert known is not None
    assert expected is not None
    np.testing.assert_array_equal(known, expected)
    assert updated.provenance.items == 6
    merged = merge(Ngram(order=order).fit(A), Ngram(order=order).fit(more))
    assert merged.counts == together.counts


def unsmoothed(*items: str, order: int = 2) -> NgramModel:
    return Ngram(order=order, smoothing="add", add=0).fit(list(items))


def test_models_of_different_alphabets_seventy_to_thirty() -> None:
    """Of one list with a alone and one with b alone, unsmoothed; a context that was not seen has a uniform row.

    a: p(a) = 0.7 * 1; then the second model, of the symbols . and b, has read something unknown: p(.) is 1/2 in it,
    and 1 in the first: 0.7 * (0.7 * 1 + 0.3 * 1/2) = 0.595. b: 0.3 * (0.7 * 1/2 + 0.3 * 1) = 0.195.
    ab: 0.7 * (0.7 * 0 + 0.3 * 1/2) * (0.7 * 1/2 + 0.3 * 1) = 0.7 * 0.15 * 0.65 = 0.06825.
    """
    mean = interpolate(unsmoothed("a"), unsmoothed("b"), 0.3)
    assert mean.alphabet.characters == "ab"
    np.testing.assert_allclose(np.exp(-mean.nats(["a", "b", "ab"])), [0.595, 0.195, 0.06825], rtol=1e-12)


@pytest.mark.parametrize(("weight", "expected"), [(0, [1, 0]), (1, [0, 1])])
def test_a_weight_of_zero_leaves_the_other_model(weight: float, expected: list[float]) -> None:
    mean = interpolate(unsmoothed("a"), unsmoothed("b"), weight)
    np.testing.assert_allclose(np.exp(-mean.nats(["a", "b"])), expected)


def test_every_row_over_the_union_sums_to_one_and_is_the_mean_of_the_rows() -> None:
    one = Ngram(order=3, smoothing="witten-bell").fit(["emma", "ava", "mia"])
    other = Ngram(order=2, smoothing="kneser-ney").fit(["zoé", "李雷", "mia"])
    mean = interpolate(one, other, 0.25)
    assert mean.alphabet.characters == "aeimovzé李雷"
    assert mean.sample(50, seed=1)
    rows = np.exp(mean.log_probs(np.array([[0, *mean.alphabet.encode("mia李a")]])))[0]
    np.testing.assert_allclose(rows.sum(axis=1), 1, rtol=1e-12)
    of_one = np.exp(one.log_probs(np.array([[0, *one.alphabet.encode("mia")]])))[0]
    of_other = np.exp(other.log_probs(np.array([[0, *other.alphabet.encode("mia")]])))[0]
    for symbol in ".aim李":
        place = 0 if symbol == "." else int(mean.alphabet.encode(symbol)[0])
        p = [
            rows[:, int(model.alphabet.encode(symbol)[0]) if symbol != "." else 0]
            if symbol == "." or symbol in model.alphabet.characters
            else np.zeros(4)
            for model, rows in ((one, of_one), (other, of_other))
        ]
        np.testing.assert_allclose(rows[:4, place], 0.75 * p[0] + 0.25 * p[1], rtol=1e-12)


def test_counts_over_two_alphabets_add_up() -> None:
    both = unsmoothed("a", "a", "b")
    merged = merge(unsmoothed("a", "a"), unsmoothed("b"))
    np.testing.assert_allclose(np.exp(-merged.nats(["a", "b"])), [2 / 3, 1 / 3])
    np.testing.assert_allclose(merged.nats(["a", "b"]), both.nats(["a", "b"]))
    np.testing.assert_allclose(nextchar.update(unsmoothed("a", "a"), ["b"]).nats(["a", "b"]), merged.nats(["a", "b"]))


@pytest.mark.parametrize("how", [{"lower": True}, {"nfc": True}, {"strip": False}])
def test_models_that_treat_text_in_different_ways_are_refused(how: dict[str, Any]) -> None:
    one = Ngram(order=2).fit(Corpus.from_items(["ab"]))
    other = Ngram(order=2).fit(Corpus.from_items(["ab"], options=TextOptions(**how)))
    with pytest.raises(SettingsError, match="the two models treat text in different ways"):
        interpolate(one, other, 0.5)
