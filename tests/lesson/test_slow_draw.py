"""A draw in slow motion is the library's own draw."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.core.protocol import LogProbs, Step
from nextchar.core.random_streams import item_keys, uniforms
from nextchar.data.corpus import Corpus
from nextchar.errors import UnknownSymbolError
from nextchar.lesson.slow_draw import slow_draw
from nextchar.models.ngram.model import Ngram

CORPUS = Corpus.from_items(["emma", "ava", "mia", "amelia", "eve", "viola", "oliva", "zoe"])


@pytest.mark.parametrize("order", [1, 2, 4])
@pytest.mark.parametrize("add", [0.0, 0.5])
@pytest.mark.parametrize("seed", [1, 2, 3, 2**64 - 1])
def test_draw_by_draw_it_writes_what_sample_writes(order: int, add: float, seed: int) -> None:
    model = Ngram(order=order, add=add).fit(CORPUS)
    written = ""
    while len(written) < 30:
        draw = slow_draw(model, written, seed=seed, number=len(written))
        assert draw is not None
        assert 0 <= draw.low <= draw.mark < draw.high <= draw.total
        assert draw.high - draw.low == pytest.approx(draw.probabilities[draw.chosen])
        if draw.ended:
            break
        written += CORPUS.alphabet.symbols[draw.chosen]
    assert [written] == model.sample(1, seed=seed, max_length=30)


def test_the_piece_that_u_lies_in_is_chosen() -> None:
    # after `a` come b, b, c and the end: . 1/4, b 2/4, c 1/4, in the order of the alphabet . a b c
    model = Ngram(order=2, add=0).fit(Corpus.from_items(["ab", "ab", "ac", "a"]))
    pieces = {0: (0, 0.25), 2: (0.25, 0.75), 3: (0.75, 1)}
    for number in range(30):
        u = float(uniforms(item_keys(7, 0, 1), number)[0])
        draw = slow_draw(model, "a", seed=7, number=number)
        assert draw is not None
        assert draw.u == u
        assert draw.probabilities.tolist() == pytest.approx([0.25, 0, 0.5, 0.25])
        low, high = pieces[draw.chosen]
        assert low <= u < high
        assert [draw.low, draw.high] == pytest.approx([low, high])
        assert draw.ended == (draw.chosen == 0)


class Nowhere:
    """A model in which nothing can follow anything."""

    alphabet = CORPUS.alphabet
    context_length = 1
    corpus_scorer = None
    batch_limit = None

    def start(self, n: int) -> Step:
        return self.advance(n, np.zeros(n, dtype=np.int64))

    def advance(self, state: Any, symbols: npt.NDArray[np.integer[Any]]) -> Step:
        return Step(state, np.full((len(symbols), self.alphabet.size), -np.inf))

    def select(self, state: Any, rows: npt.NDArray[np.intp]) -> Any:
        return state

    def log_probs(self, contexts: Any) -> LogProbs:
        raise NotImplementedError

    def drawer(self, plan: Plan, constraint: Constraint, n: int) -> None:
        return None


def test_where_nothing_can_follow() -> None:
    assert slow_draw(Nowhere(), "a", seed=1, number=1) is None
    assert slow_draw(Ngram(order=2, add=0).fit(CORPUS), "zz", seed=1, number=2) is None  # no item begins so
    with pytest.raises(UnknownSymbolError):
        slow_draw(Ngram().fit(CORPUS), "x", seed=1, number=1)
