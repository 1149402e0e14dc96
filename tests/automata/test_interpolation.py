from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nextchar
from nextchar.automata.interpolation import interpolate
from nextchar.data.corpus import Corpus
from nextchar.data.text_options import TextOptions
from nextchar.errors import SettingsError
from nextchar.models.ngram.model import Ngram
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
    one, other = Ngram(order=2).fit(A), Ngram(order=2).fit(Corpus.from_items(["xyz"]))
    with pytest.raises(SettingsError, match="different alphabets"):
        interpolate(one, other, 0.5)
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
