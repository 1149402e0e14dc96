"""The beginnings of items that a model finds likely, each with its row; and what it says beyond them, as a sample.

There are endless beginnings, but the probability that an item begins so falls by a factor with every symbol: those
with a probability of at least p are fewer than the mean length of an item, divided by p. What an item that leaves them
comes to is drawn from the model: each way out as often as it is taken.

Letters: N beginnings, M places of strays, V size of the alphabet, B batch, k newest symbols.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar.core.model import Model
from nextchar.core.plan import Plan
from nextchar.core.progress import Progress, ProgressReport
from nextchar.core.shared_prefixes import batch_limit_of
from nextchar.data.alphabet import BOUNDARY, Ids
from nextchar.errors import SettingsError

__all__ = ["LikelyBeginnings", "Strays", "explore"]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
LEAST_ITEMS: Final = 1_000  # drawn, to learn how many beginnings are how likely: one for ten that are wanted
MOST_ITEMS: Final = 20_000
ALIKE: Final = 1e-7  # nats: beginnings that are no further apart are as likely as each other
LONGEST: Final = 64  # symbols, after which a stray is left alone


class LikelyBeginnings(NamedTuple):
    """The likely beginnings, each after the one that it continues.

    Attributes:
        parent: (N,) the beginning without its newest symbol; of the first, which is empty, -1.
        newest: (N, k) the newest symbols, the newest first, boundaries before the item.
        length: (N,) symbols read so far.
        log_prob: (N,) that an item begins so, nats.
        rows: (N, V) what the model says there, nats.
    """

    parent: I64
    newest: Ids
    length: I64
    log_prob: F64
    rows: F32


class Strays(NamedTuple):
    """Places of items that have left the likely beginnings, each as probable as any other.

    Attributes:
        left: (M,) where this is the first such place of an item: the beginning that it has left; else -1.
        newest: (M, k) as of `LikelyBeginnings`.
        length: (M,) likewise.
        rows: (M, V) likewise.
    """

    left: I64
    newest: Ids
    length: I64
    rows: F32


def explore(
    model: Model, wanted: int, places: int, k: int, seed: int, progress: Progress | None = None
) -> tuple[LikelyBeginnings, Strays]:
    """About so many beginnings, the most likely ones, and about so many places beyond them.

    Args:
        model: any.
        wanted: N, about.
        places: M, about.
        k: newest symbols to note.
        seed: of the items that are drawn.
        progress: is told how far it has come.

    Raises:
        SettingsError: the model gives no items.
    """
    least, share = _threshold(model, wanted, seed)
    walk = _Walk(model, least, places / share, np.random.default_rng(seed))
    start = model.start(1)
    begun = _Part(start.state, start.log_probs, np.full(1, -1), np.zeros((1, k), model.alphabet.dtype), 0, np.zeros(1))
    todo = [_Todo(begun, np.empty(0, np.intp), np.empty(0, np.intp))]
    limit = batch_limit_of(model)
    while todo:
        parent, rows, symbols = todo.pop()
        part = parent
        if len(rows):
            if len(rows) > limit:
                todo.append(_Todo(parent, rows[limit:], symbols[limit:]))
                rows, symbols = rows[:limit], symbols[:limit]
            part = walk.after(parent, rows, symbols, parent.first + rows)
        part.first = walk.number
        walk.note(part)
        going, to = walk.ways_on(part)
        if len(going):
            todo.append(_Todo(part, going, to))
        if progress is not None:
            done = walk.number
            progress(ProgressReport(min(done / wanted, 1.0), f"{done:,} beginnings"))
    return walk.beginnings(), walk.strays(k)


def _threshold(model: Model, wanted: int, seed: int) -> tuple[float, float]:
    """How likely, in nats, about so many beginnings are at least; and how many places of a drawn item are less likely.

    A beginning is met in drawn items as often as it is likely, so each one that is met stands for 1 / p of them. Where
    none that was met is less likely, the next one might have been.
    """
    items = model.draw(min(max(wanted // 10, LEAST_ITEMS), MOST_ITEMS), Plan(seed=seed)).corpus
    if not len(items):
        raise SettingsError("the model gives no items, so no beginning of one is likely")
    cost = np.cumsum(model.symbol_nats(items))
    before = np.concatenate([[0.0], cost])[:-1]  # of all symbols before each, and of the item
    before -= np.repeat(before[items.offsets[:-1]], items.lengths + 1)
    met = np.sort(before)
    number = np.cumsum(np.exp(met)) / len(items)
    likely = int(np.searchsorted(number, wanted))
    most = met[min(likely, len(met) - 1)]
    return -float(most) - ALIKE, max(len(met) - likely, 1) / len(items)


@dataclass(eq=False)
class _Part:
    """LikelyBeginnings that were read together, B of them."""

    state: object
    log_probs: F64
    parent: I64
    newest: Ids
    length: int
    log_prob: F64
    first: int = -1  # the number of the first of them


class _Todo(NamedTuple):
    """What goes on from a part: from these of its beginnings with these symbols."""

    part: _Part
    rows: npt.NDArray[np.intp]
    symbols: npt.NDArray[np.intp]


@dataclass(eq=False)
class _Walk:
    """What was found so far."""

    model: Model
    least: float
    rate: float  # strays an item that is drawn
    random: np.random.Generator
    number: int = 0
    parts: list[LikelyBeginnings] = field(default_factory=list)
    gone: list[Strays] = field(default_factory=list)

    def after(self, part: _Part, rows: npt.NDArray[np.intp], symbols: npt.NDArray[np.intp], parent: I64) -> _Part:
        """One symbol more."""
        step = self.model.advance(self.model.select(part.state, rows), symbols)
        newest = np.concatenate([symbols[:, None].astype(part.newest.dtype), part.newest[rows, :-1]], axis=1)
        cost = part.log_prob[rows] + part.log_probs[rows, symbols]
        return _Part(step.state, step.log_probs, parent, newest, part.length + 1, cost)

    def note(self, part: _Part) -> None:
        """Keep likely beginnings."""
        B = len(part.parent)
        length, rows = np.full(B, part.length), part.log_probs.astype(np.float32)
        self.parts.append(LikelyBeginnings(part.parent, part.newest, length, part.log_prob, rows))
        self.number += B

    def ways_on(self, part: _Part) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Which beginnings go on with which symbols and are likely still; some of the others are followed at once."""
        reached = part.log_prob[:, None] + part.log_probs
        reached[:, BOUNDARY] = -np.inf
        likely = reached >= self.least
        going, to = np.nonzero(likely)
        often = np.where(likely, 0.0, np.exp(reached)).ravel() * self.rate
        drawn = np.diff(np.floor(np.cumsum(often) + self.random.random()), prepend=0.0)
        chosen = np.repeat(np.arange(len(often)), drawn.astype(np.int64))
        if len(chosen):
            rows, symbols = np.divmod(chosen, reached.shape[1])
            self._follow(self.after(part, rows, symbols, part.first + rows))
        return going, to

    def _follow(self, stray: _Part) -> None:
        """Draw what strays go on with, up to their ends."""
        while True:
            B = len(stray.parent)
            length, rows = np.full(B, stray.length), stray.log_probs.astype(np.float32)
            self.gone.append(Strays(stray.parent, stray.newest, length, rows))
            total = np.cumsum(np.exp(stray.log_probs), axis=1)
            u = self.random.random(B)[:, None] * total[:, -1:]
            symbols = np.argmax(total > u, axis=1)
            on = np.flatnonzero(symbols != BOUNDARY)
            if not len(on) or stray.length >= LONGEST:
                return
            stray = self.after(stray, on, symbols[on], np.full(len(on), -1))

    def beginnings(self) -> LikelyBeginnings:
        return LikelyBeginnings(*(np.concatenate(column) for column in zip(*self.parts, strict=True)))

    def strays(self, k: int) -> Strays:
        none = np.empty(0, dtype=np.int64)
        V, dtype = self.model.alphabet.size, self.model.alphabet.dtype
        empty = Strays(none, np.empty((0, k), dtype), none, np.empty((0, V), np.float32))
        return Strays(*(np.concatenate(column) for column in zip(empty, *self.gone, strict=True)))
