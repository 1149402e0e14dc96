"""Ranks: counted ones against enumeration and arithmetic, estimated ones against counted ones."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import nextchar
from nextchar.automata.most_probable import ranking_of

NAMES = ["emma", "ava", "mia", "amelia", "eve", "ivy", "mae", "ami", "a", "em"]


def test_by_hand() -> None:
    # Order 1 without smoothing over a, a, b and three ends: p(a) = 2/6, p(b) = 1/6, p(end) = 3/6. So p(a) = 1/6,
    # p(b) = 1/12, p(aa) = 1/18, p(ab) = p(ba) = p(aaa)... = 1/36, 1/36, 1/54; "a" is first, "b" second, "aa" third,
    # "ab" and "ba" are fourth and fifth, and of two that are equally probable both have rank 5; "aaa" is sixth.
    model = nextchar.Ngram(order=1, add=0).fit(nextchar.Corpus.from_items(["a", "a", "b"]))
    found = model.rank(["a", "b", "aa", "ab", "ba", "aaa"])
    assert [rank.rank for rank in found] == [1, 2, 3, 5, 5, 6]
    assert all(rank.exact and rank.low == rank.high == rank.rank for rank in found)


@pytest.mark.parametrize("order", [2, 3])
@pytest.mark.parametrize("smoothing", ["add", "witten-bell"])
def test_counted_ones_are_those_of_all_items(order: int, smoothing: str) -> None:
    model = nextchar.Ngram(order=order, smoothing=smoothing).fit(nextchar.Corpus.from_items(NAMES))  # type: ignore[arg-type]
    every = ["".join(word) for length in (1, 2, 3, 4, 5) for word in itertools.product("aeilmvy", repeat=length)]
    nats = np.array([score.nats for score in model.score(every)])
    # All items of at most five characters; that a longer one comes before these is seen from the model's own list.
    for item in ["a", "em", "mia", "ava"]:
        own = float(nats[every.index(item)])
        top = itertools.islice(nextchar.given(model).top(), 3000)
        longer = [one for one in top if len(one.text) > 5 and one.nats <= own + 1e-9]
        assert model.rank([item])[0].rank == int((nats <= own + 1e-9).sum()) + len(longer)


def test_estimated_ones_agree_with_counted_ones() -> None:
    model = nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(NAMES))
    items = model.sample(200, seed=3)
    nats = model.nats(items)
    counted, ranking = model.ranking().of(nats), ranking_of(model, 40_000, 1)
    ranking.most_probable = lambda _: None
    estimated = ranking.of(nats)
    exact = counted.exact
    assert exact.sum() > 150
    assert not estimated.exact.any()
    inside = (estimated.low <= counted.rank) & (counted.rank <= estimated.high)
    assert inside[exact].mean() > 0.85  # of intervals that hold 95% each, from the same draws
    assert np.median(np.abs(np.log(estimated.rank / counted.rank))[exact]) < 0.05


def test_beyond_those_counted_ranks_go_on_rising() -> None:
    model = nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(NAMES))
    found = model.rank(["a", "ava", "yyyyiiyyiiyyvvyy"])
    assert [rank.exact for rank in found] == [True, True, False]
    assert found[0].rank < found[1].rank < found[2].low <= found[2].rank <= found[2].high


def test_a_rank_does_not_depend_on_the_items_beside_it() -> None:
    model = nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(NAMES))
    items = ["a", "yyyyiiyyiiyy", "vyvyviiivviyvyyvyvyvy"]
    assert model.rank(items) == [model.rank([item])[0] for item in items]


def test_impossible_items_have_no_rank_and_none_no_items() -> None:
    model = nextchar.Ngram(order=2, add=0).fit(nextchar.Corpus.from_items(["ab", "ab", "b"]))
    assert model.rank(["aa"])[0].rank == np.inf
    assert model.rank([]) == []


def test_a_model_that_is_no_automaton_draws() -> None:
    corpus = nextchar.Corpus.from_items(NAMES)
    table = nextchar.Ngram(order=3, smoothing="witten-bell").fit(corpus)
    mix = nextchar.Mix(epochs=1).fit(corpus)
    found = mix.rank(["a", "emma", "yyy"], draws=2000)
    assert not any(rank.exact for rank in found)
    assert 1 <= found[0].rank < 200
    assert found[2].rank > found[1].rank
    combined = nextchar.combine([mix, table], validation=corpus)
    assert combined.rank(["a"], draws=200)[0].rank >= 1
