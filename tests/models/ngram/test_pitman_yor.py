"""Gibbs sampling beside the exact posterior: all seatings of a tiny corpus, enumerated with their probabilities."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from nextchar.core.progress import Report
from nextchar.data.alphabet import BOUNDARY, Alphabet
from nextchar.data.corpus import Corpus
from nextchar.errors import SettingsError
from nextchar.models.ngram import pitman_yor as module
from nextchar.models.ngram.counts import Counts, count
from nextchar.models.ngram.model import Ngram
from nextchar.models.ngram.pitman_yor import pitman_yor
from nextchar.models.ngram.trie import NgramTrie

D, THETA = 0.7, 0.5  # what the sampler begins with
Seating = tuple[tuple[int, ...], ...]  # the sizes of the tables of each entry, largest first


def seated(trie: NgramTrie, seating: Seating, entry: int) -> list[tuple[Seating, float]]:
    """All ways in which one more customer of an entry can sit down, each with its probability (Teh 2006, section 3).

    The probability is that of the symbol and of the seats together.
    """
    state = trie.owner[entry]
    here = [e for e in range(len(trie.symbols)) if trie.owner[e] == state]
    customers = sum(sum(seating[e]) for e in here)
    tables = sum(len(seating[e]) for e in here)
    ways = []
    for i, size in enumerate(seating[entry]):
        grown = sorted((*seating[entry][:i], size + 1, *seating[entry][i + 1 :]), reverse=True)
        ways.append(((*seating[:entry], tuple(grown), *seating[entry + 1 :]), (size - D) / (THETA + customers)))
    new = (THETA + D * tables) / (THETA + customers)
    below = trie.below[entry]
    served = seated(trie, seating, int(below)) if below >= 0 else [(seating, 1 / trie.alphabet.size)]
    for after, p in served:
        ways.append(((*after[:entry], (*after[entry], 1), *after[entry + 1 :]), new * p))
    return ways


def exact(trie: NgramTrie) -> tuple[Any, Any, float]:
    """The posterior means of `own` and `rest`, and the probability of the data."""
    seatings: dict[Seating, float] = {((),) * len(trie.symbols): 1.0}
    for entry in np.flatnonzero(trie.whole[trie.owner]):
        for _ in range(trie.raw[entry]):
            grown: defaultdict[Seating, float] = defaultdict(float)
            for seating, weight in seatings.items():
                for after, p in seated(trie, seating, int(entry)):
                    grown[after] += weight * p
            seatings = dict(grown)
    own, rest = np.zeros(len(trie.symbols)), np.zeros(trie.size)
    for seating, weight in seatings.items():
        customers = np.array([sum(sizes) for sizes in seating])
        tables = np.array([len(sizes) for sizes in seating])
        total = THETA + np.bincount(trie.owner, customers, minlength=trie.size)
        own += weight * (customers - D * tables) / total[trie.owner]
        rest += weight * (THETA + D * np.bincount(trie.owner, tables, minlength=trie.size)) / total
    evidence = sum(seatings.values())
    return own / evidence, rest / evidence, evidence


def test_the_enumeration_by_hand() -> None:
    # Items a, a at order 1: three kinds of seats matter, a root restaurant over {., a}, base 1/2.
    # a: new table, 1/2. a: same table (1 - .7)/1.5 = .2, or new (.5 + .7)/1.5 * 1/2 = .4; likewise the two ends. But
    # all sit in one room: . a . a in the order of the entries: ., ., a, a.
    # .: 1/2; .: .3/1.5 | 1.2/1.5/2 = .2 | .4;  a: (.5 + .7 t)/2.5/2 = .24 (t = 1), .38 (t = 2)
    # a: .3/3.5, or (.5 + .7 (t + 1))/3.5/2
    trie = NgramTrie(count(Corpus.from_items(["a", "a"]), 1))
    one = 0.5 * 0.2 * 0.24 * (0.3 / 3.5 + (0.5 + 0.7 * 2) / 7)
    two = 0.5 * 0.4 * 0.38 * (0.3 / 3.5 + (0.5 + 0.7 * 3) / 7)
    assert exact(trie)[2] == pytest.approx(one + two)


@pytest.mark.parametrize(("items", "order"), [(["a", "a"], 1), (["a", "a", "b"], 2), (["ab", "b"], 3)])
def test_the_mean_over_sweeps_is_that_over_all_seatings(
    items: list[str], order: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """20,000 sweeps; the mean of so many, each of a standard deviation below 0.15, is good to 0.01."""
    monkeypatch.setattr(module._Restaurants, "_draw_parameters", lambda self, depth: None)  # d and theta stay
    trie = NgramTrie(count(Corpus.from_items(items), order))
    own, rest, _ = exact(trie)
    sampled = pitman_yor(trie, sweeps=20_000, seed=1)
    np.testing.assert_allclose(sampled.own, own, atol=0.01)
    np.testing.assert_allclose(sampled.rest, rest, atol=0.01)


@pytest.mark.parametrize("order", [1, 2, 4])
def test_a_seating_is_sound_after_every_sweep(order: int) -> None:
    corpus = Corpus.from_items(["emma", "ava", "mia", "amelia", "eve", "emma", "mamma"])
    trie = NgramTrie(count(corpus, order))
    restaurants = module._Restaurants.of(trie, seed=2)
    whole = trie.whole[trie.owner]
    for _ in range(20):
        restaurants.sweep()
        customers, tables = restaurants.customers, restaurants.tables
        assert (customers[whole] == trie.raw[whole]).all()  # all of the data's customers sit
        for entry in range(len(customers)):
            sizes = restaurants.sizes[restaurants.room[entry] :][: tables[entry]]
            assert sizes.sum() == customers[entry]
            assert (sizes > 0).all()
        sent = np.zeros_like(customers)  # every table is one customer below
        np.add.at(sent, trie.below[trie.below >= 0], tables[trie.below >= 0])
        assert (customers[~whole] == sent[~whole]).all()
        assert np.array_equal(restaurants.all_customers, np.bincount(trie.owner, customers, minlength=trie.size))
        assert np.array_equal(restaurants.all_tables, np.bincount(trie.owner, tables, minlength=trie.size))
        assert ((restaurants.discount > 0) & (restaurants.discount < 1)).all()
        assert (restaurants.concentration > 0).all()
        own, rest = restaurants.shares()
        np.testing.assert_allclose(np.bincount(trie.owner, own, minlength=trie.size) + rest, 1)


def test_one_table_for_each_symbol_and_no_concentration_is_kneser_ney() -> None:
    # With theta -> 0 the shares are (c - d) / C and d T / C: absolute discounting of the adjusted counts.
    trie = NgramTrie(count(Corpus.from_items(["ab", "ab", "b"]), 2))
    restaurants = module._Restaurants.of(trie, seed=1)
    restaurants.customers = trie.adjusted.copy()
    restaurants.tables = (trie.adjusted > 0).astype(np.int64)
    restaurants.all_customers = np.bincount(trie.owner, restaurants.customers)
    restaurants.all_tables = np.bincount(trie.owner, restaurants.tables)
    restaurants.concentration[:] = 0.0
    from nextchar.models.ngram.smoothing import discounted

    own, rest = restaurants.shares()
    expected = discounted(trie, trie.adjusted, np.full((2, 3), D))
    np.testing.assert_allclose(own, expected[0])
    np.testing.assert_allclose(rest, expected[1])


def test_a_weight_is_a_number_of_customers() -> None:
    weighted = Corpus.from_items(["ab", "b"], weights=[3, 2])
    repeated = Corpus.from_items(["ab", "ab", "ab", "b", "b"])
    one, other = (Ngram(order=3, smoothing="pitman-yor", seed=4).fit(corpus) for corpus in (weighted, repeated))
    assert np.array_equal(one.fitted["own"], other.fitted["own"])


def test_a_seed_fixes_the_model() -> None:
    corpus = Corpus.from_items(["emma", "ava", "mia"])
    rows = [Ngram(order=3, smoothing="pitman-yor", seed=seed).fit(corpus).automaton.log_prob for seed in (1, 1, 2)]
    assert np.array_equal(rows[0], rows[1])
    assert not np.array_equal(rows[0], rows[2])


def test_it_tells_of_every_sweep_and_can_be_interrupted() -> None:
    shares: list[float] = []

    def stop(report: Report) -> None:
        shares.append(report.share)
        if len(shares) == 3:
            raise KeyboardInterrupt

    model = Ngram(order=2, smoothing="pitman-yor", sweeps=10).fit(Corpus.from_items(["emma", "ava"]), progress=stop)
    assert shares == [0.1, 0.2, 0.3]
    assert model.metrics.notes == ("interrupted after 3 of 10 sweeps",)
    states = np.arange(model.automaton.size, dtype=np.int32)
    np.testing.assert_allclose(np.exp(model.automaton.rows(states)).sum(axis=1), 1)


def test_more_customers_than_it_can_seat() -> None:
    alphabet = Alphabet("a")
    many = Counts(alphabet, 1, np.array([[BOUNDARY], [1]], dtype=np.uint8), np.array([10**7, 10**7 + 1]))
    with pytest.raises(SettingsError, match="20,000,001 are too many"):
        Ngram(order=1, smoothing="pitman-yor").from_counts(many)
