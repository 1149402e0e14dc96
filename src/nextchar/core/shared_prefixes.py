"""Many items read or drawn side by side, with one state for all that are the same so far.

Thousands of items begin in a few ways, and a model whose steps are dear (a net, an ensemble) reads each beginning once.

Letters: B batch, V size of the alphabet, U distinct beginnings of items, S symbols of a corpus.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.core.protocol import Draws, LanguageModel, LogProbs
from nextchar.core.random_streams import item_keys, uniforms
from nextchar.core.sampling import allowed, assemble, check_endless, cumulate, draw_symbols
from nextchar.data.alphabet import BOUNDARY, Ids
from nextchar.data.corpus import Corpus

__all__ = ["MOST_TOGETHER", "Branching", "BranchingDrawer", "batch_limit_of", "beginnings", "branching_nats"]

F64 = npt.NDArray[np.float64]
MOST_TOGETHER: Final = 4096  # items


def batch_limit_of(model: LanguageModel) -> int:
    """How many items to read at a time with a model."""
    limit = model.batch_limit
    return MOST_TOGETHER if limit is None else min(limit, MOST_TOGETHER)


@dataclass(frozen=True)
class Branching:
    """Items that are read or drawn together, with one state for all that are the same so far.

    Thousands of items begin in a few ways: their first symbols are read once for all of them. Where two items part,
    so do their states.

    Attributes:
        model: what reads.
        state: of the U distinct beginnings.
        log_probs: (U, V) what they say of the next symbol.
        row: which of them each item is at.
    """

    model: LanguageModel
    state: object
    log_probs: LogProbs
    row: npt.NDArray[np.intp]

    @classmethod
    def of(cls, model: LanguageModel, count: int, prefix: Iterable[int] = ()) -> Branching:
        """So many items that all begin with a prefix."""
        step = model.start(1)
        for symbol in prefix:
            step = model.advance(step.state, np.full(1, symbol))
        return cls(model, step.state, step.log_probs, np.zeros(count, dtype=np.intp))

    def after(self, going: npt.NDArray[np.bool_], symbols: npt.NDArray[np.intp]) -> Branching:
        """Without the items that end here, the others one symbol on."""
        V = self.log_probs.shape[1]
        branches, row = np.unique(self.row[going] * V + symbols, return_inverse=True)
        step = self.model.advance(self.model.select(self.state, branches // V), branches % V)
        return Branching(self.model, step.state, step.log_probs, row)


@dataclass(frozen=True)
class BranchingDrawer:
    """Draws items by one plan, reading each distinct beginning once; a `Drawer`.

    Attributes:
        model: what says what comes next.
        plan: how boldly.
        constraint: the lengths.
        together: how many items are drawn at a time; None for as many as suit a model in general.
    """

    model: LanguageModel
    plan: Plan
    constraint: Constraint
    together: int | None = None

    def __call__(self, seed: int, prefix: Ids, first: int, count: int) -> Draws:
        """Items first .. first + count - 1 of the seed, as the plain path gives them."""
        most = batch_limit_of(self.model) if self.together is None else self.together
        parts = [
            self._draw(seed, prefix, begin, min(most, first + count - begin))
            for begin in range(first, first + count, most)
        ]
        ends = np.cumsum([0, *(len(part.ids) for part in parts)])
        offsets = [part.offsets[:-1] + end for part, end in zip(parts, ends, strict=False)]
        ids = np.concatenate([prefix[:0], *(part.ids for part in parts)])
        return Draws(ids, np.concatenate([*offsets, ends[-1:]]))

    def _draw(self, seed: int, prefix: Ids, first: int, count: int) -> Draws:
        plan, constraint, alphabet = self.plan, self.constraint, self.model.alphabet
        keys = item_keys(seed, first, count)
        branching = Branching.of(self.model, count, prefix)
        alive = np.arange(count)
        written: list[tuple[npt.NDArray[np.intp], Ids]] = []
        dead: list[npt.NDArray[np.intp]] = []
        t = len(prefix)
        while len(alive) and t != constraint.max_length:
            check_endless(constraint.max_length, t)
            cumulative = cumulate(allowed(branching.log_probs, alphabet, plan, constraint.shortest, t))[branching.row]
            total = cumulative[:, -1]
            ids, _ = draw_symbols(cumulative, uniforms(keys[alive], t))
            dead.append(alive[total == 0])
            going = (ids != BOUNDARY) & (total > 0)
            alive = alive[going]
            written.append((alive, ids[going].astype(prefix.dtype)))
            t += 1
            if len(alive) and t != constraint.max_length:
                branching = branching.after(going, ids[going])
        return assemble(prefix, written, count, np.concatenate([*dead, np.empty(0, dtype=np.intp)]))


def beginnings(
    model: LanguageModel, corpus: Corpus
) -> Iterator[tuple[LogProbs, npt.NDArray[np.intp], npt.NDArray[np.int64]]]:
    """Read a corpus, each distinct beginning of the items once, as long as they are read together.

    Items are taken in the order of the alphabet, so that those that begin alike are read together.

    Args:
        model: what reads.
        corpus: in the model's alphabet.

    Yields:
        What the model says after U beginnings, (U, V) nats; which of these the items are at, and where in the corpus
        their next symbols stand.
    """
    together = batch_limit_of(model)
    begin = corpus.offsets[:-1]
    columns = [corpus.ids[np.minimum(begin + np.minimum(t, corpus.lengths), corpus.symbols - 1)] for t in range(8)]
    order = np.lexsort(columns[::-1])
    for first in range(0, len(order), together):
        at = begin[order[first : first + together]]
        branching = Branching.of(model, len(at))
        while True:
            yield branching.log_probs, branching.row, at
            symbols = corpus.ids[at].astype(np.intp)
            going = symbols != BOUNDARY
            at = at[going] + 1
            if not len(at):
                break
            branching = branching.after(going, symbols[going])


def branching_nats(model: LanguageModel, corpus: Corpus) -> F64:
    """-log p of every symbol of a corpus, shape (S,), nats: each distinct beginning is read once."""
    nats = np.empty(corpus.symbols)
    for log_probs, row, at in beginnings(model, corpus):
        nats[at] = -log_probs[row, corpus.ids[at].astype(np.intp)]
    return nats
