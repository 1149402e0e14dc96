"""The count model as a writer: how much of what it writes is new, and the game."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.data.corpus import Corpus
from nextchar.models.ngram.model import NgramModel

__all__ = ["Round", "Written", "game_rounds", "write"]


@dataclass(frozen=True, kw_only=True)
class Written:
    """Items of a model, and how new they are.

    Attributes:
        items: what was wanted.
        drawn: how many items were drawn to have them.
        symbols: of all that was drawn.
        new_share: how many of the drawn items are not in the training data, from 0 to 1.
    """

    items: Corpus
    drawn: int
    symbols: int
    new_share: float

    @property
    def distinct(self) -> int:
        """How many different items there are."""
        return len(self.items.distinct()) if len(self.items) else 0

    @property
    def mean_length(self) -> float:
        """Characters per item."""
        return float(self.items.lengths.mean()) if len(self.items) else 0.0


def write(
    model: NgramModel, n: int, plan: Plan, constraint: Constraint | None = None, *, tries: int | None = None
) -> Written:
    """Draw n items from left to right; with a number of tries draw so many and keep the first n that are new.

    As every item of a seed has its own random numbers, the new ones are those that drawing new items alone would
    give, as far as the tries reach.

    Args:
        model: it remembers its training items.
        n: how many items.
        plan: how they are drawn; `distinct` counts where only new ones are wanted.
        constraint: their prefix and lengths.
        tries: how many items to draw where only new ones are wanted; None to keep all.
    """
    drawn = model.draw_left_to_right(n if tries is None else tries, plan, constraint).corpus
    new = _are_new(model, drawn)
    kept, looked_at = drawn, len(drawn)
    if tries is not None:
        at = np.flatnonzero(new & _are_first(drawn) if plan.distinct else new)[:n]
        looked_at = int(at[-1]) + 1 if len(at) == n else len(drawn)
        kept = drawn.take(at)
    share = float(new[:looked_at].mean()) if looked_at else 0.0
    return Written(items=kept, drawn=looked_at, symbols=drawn.symbols, new_share=share)


def _are_new(model: NgramModel, items: Corpus) -> npt.NDArray[np.bool_]:
    """Which items are not in the training data, (items,)."""
    known = model.provenance.known
    assert known is not None, "remembered for all lists of this size"
    if not len(items):
        return np.zeros(0, dtype=np.bool_)
    return ~np.isin(items.fingerprints(), known)


def _are_first(items: Corpus) -> npt.NDArray[np.bool_]:
    """Which items have not come before, (items,)."""
    first = np.zeros(len(items), dtype=np.bool_)
    first[np.unique(items.fingerprints(), return_index=True)[1]] = True
    return first


@dataclass(frozen=True)
class Round:
    """One item of the game: from the data or written by the model, and how well the model predicts it."""

    item: str
    real: bool
    nats_per_symbol: float


def game_rounds(model: NgramModel, distinct: Corpus, n: int, *, seed: int, max_length: int) -> list[Round]:
    """Items of the data and new items of the model, about as many of each, shuffled.

    Args:
        model: trained on the data.
        distinct: the different items of the data.
        n: how many items; fewer where the data have fewer, or the model writes fewer new ones.
        seed: of the choice, the drawing and the order.
        max_length: of the model's items, characters.
    """
    chance = random.Random(seed)
    real = [distinct[i] for i in chance.sample(range(len(distinct)), min(n // 2, len(distinct)))]
    constraint = Constraint(max_length=min(max_length, int(distinct.lengths.max())))
    drawn = model.draw_left_to_right(20 * n, Plan(seed=seed), constraint).corpus
    drawn = drawn.distinct() if len(drawn) else drawn
    new = drawn.take(np.flatnonzero(_are_new(model, drawn))[: n - n // 2])
    rounds = [
        Round(score.item, i < len(real), score.nats_per_symbol) for i, score in enumerate(model.score([*real, *new]))
    ]
    chance.shuffle(rounds)
    return rounds
