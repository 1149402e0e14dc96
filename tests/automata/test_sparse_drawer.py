"""Drawing from what states list: the same items as from whole rows."""

from __future__ import annotations

import numpy as np
import pytest

import nextchar
from nextchar.automata import sparse_drawer
from nextchar.automata.sparse_drawer import SparseDrawer
from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.core.sampling import draw_plainly
from nextchar.models.ngram.model import NgramModel

WORDS = ["emma", "ava", "mia", "amelia", "eve", "ivy", "aa", "a"]


def _model(unknown: bool = False, **settings: object) -> NgramModel:
    alphabet = nextchar.Alphabet("aeilmvyz", has_unknown=unknown)
    corpus = nextchar.Corpus.from_items(WORDS, alphabet=alphabet)
    return nextchar.Ngram(**settings).fit(corpus)  # type: ignore[arg-type]


@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.parametrize("smoothing", ["add", "witten-bell", "modified-kneser-ney"])
@pytest.mark.parametrize("unknown", [False, True])
@pytest.mark.parametrize("lengths", [Constraint(), Constraint(min_length=3, max_length=6), Constraint(min_length=0)])
def test_the_same_items_as_from_whole_rows(
    monkeypatch: pytest.MonkeyPatch, order: int, smoothing: str, unknown: bool, lengths: Constraint
) -> None:
    monkeypatch.setattr(sparse_drawer, "CELLS", 0)
    model = _model(unknown, order=order, smoothing=smoothing)
    plan, constraint = Plan(seed=5), lengths.of_at_least(1)
    drawer = SparseDrawer.of(model.automaton, plan, constraint)
    assert drawer is not None
    prefix = model.alphabet.encode("m")
    for begin in (prefix[:0], prefix):
        fast = drawer(5, begin, 3, 400)
        plain = draw_plainly(model, plan, constraint, 5, begin, 3, 400)
        assert np.array_equal(fast.ids, plain.ids)
        assert np.array_equal(fast.offsets, plain.offsets)


def test_impossible_symbols_are_never_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse_drawer, "CELLS", 0)
    model = _model(order=2, add=0)  # z never occurs, and nothing but what occurred may follow
    items = model.sample(2000, seed=1)
    pairs = {pair for word in WORDS for pair in zip(f".{word}", f"{word}.", strict=True)}
    assert {pair for item in items for pair in zip(f".{item}", f"{item}.", strict=True)} <= pairs


def test_a_large_alphabet_draws_so_and_a_small_one_by_its_table() -> None:
    corpus = nextchar.Corpus.from_items([chr(0x4E00 + i) + chr(0x4E00 + (i * 7) % 6000) for i in range(6000)])
    large = nextchar.Ngram(order=2).fit(corpus)  # 6,001^2 cells are 36 million, more than 2^25
    assert isinstance(large.drawer(Plan(), Constraint(), 10), SparseDrawer)
    assert not isinstance(_model(order=2).drawer(Plan(), Constraint(), 10), SparseDrawer)
    assert large.sample(3, seed=1) == large.sample(9, seed=1)[:3]
