"""What nets say inside context mixing: the probability of each bit of a symbol's code, from a net's whole row.

A net knows nothing of the code tree. But it says how probable each symbol is, and so how probable it is that a symbol
of one branch of a node comes rather than one of the other: the masses of the symbols below the two. This number, a
hint, is a further input of every mixer, which learns how far to trust it and where.

Letters: n symbols read, M nets, V alphabet, N nodes of the code tree, D nodes of the longest path, P of all paths.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, Self, final

import numpy as np
import numpy.typing as npt

from nextchar.core.protocol import LogProbs, Step
from nextchar.data.alphabet import Ids
from nextchar.data.corpus import Corpus

if TYPE_CHECKING:
    from nextchar._kernels.context_mixing.layout import Tree
    from nextchar.models.context_mixing.tables import Learned
    from nextchar.models.neural.model import NeuralModel

__all__ = ["F32", "HintReader", "Hints", "NetsInside", "with_hints"]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
BLOCK: Final = 256  # symbols that a net reads at once
BEFORE: Final = 1024  # symbols that it reads before a place in the middle of a text
LEAST: Final = 1e-6  # of a hint


def with_hints(learned: Learned, hints: F32) -> Learned:
    """The tables, to read symbols with what nets say of them; all that learns is shared."""
    return learned._replace(mixers=learned.mixers._replace(hints=hints, at=np.zeros(2, dtype=np.int64)))


@final
@dataclass(frozen=True, eq=False)
class Hints:
    """Nets, and the code tree that their rows are read by.

    Attributes:
        nets: over the tree's alphabet.
        tree: the code of the symbols.
        order: (V,) the symbols as they lie below the tree's nodes, from the 0 branches to the 1 branches.
        bounds: (3, N) where in that order the symbols below a node begin, where those of its 1 branch do, and where
            they end.
    """

    nets: tuple[NeuralModel, ...]
    tree: Tree
    order: npt.NDArray[np.int64]
    bounds: npt.NDArray[np.int64]

    @classmethod
    def of(cls, nets: Sequence[NeuralModel], tree: Tree) -> Hints:
        """For some nets, which may be none."""
        order: list[int] = []
        bounds = np.zeros((3, len(tree.child)), dtype=np.int64)
        stack = [(0, 0)]  # a node, and how many of its branches are done
        child = tree.child.tolist()
        while stack:
            node, done = stack.pop()
            bounds[done, node] = len(order)
            if done == 2:
                continue
            stack.append((node, done + 1))
            below = child[node][done]
            if below < 0:
                order.append(-1 - below)
            else:
                stack.append((below, 0))
        return cls(tuple(nets), tree, np.array(order), bounds)

    def at_nodes(self, rows: LogProbs) -> F32:
        """The hints at all nodes, (n, N), of rows (n, V) of one net."""
        masses = np.zeros((len(rows), rows.shape[1] + 1))
        np.cumsum(np.exp(rows[:, self.order]), axis=1, out=masses[:, 1:])
        begin, middle, end = (masses[:, bound] for bound in self.bounds)
        return _shares(end - middle, end - begin)

    def on_paths(self, rows: LogProbs, ids: Ids) -> F32:
        """The hints on the paths of the symbols that came, (n, D)."""
        first, symbols = self.tree.first, ids.astype(np.int64)
        steps = first[symbols + 1] - first[symbols]
        depth = np.arange(int(self.tree.depth.max()) + 1)
        inside = depth < steps[:, None]  # (n, D)
        node = self.tree.node[np.where(inside, first[symbols][:, None] + depth, 0)]
        masses = np.zeros((len(rows), rows.shape[1] + 1))
        np.cumsum(np.exp(rows[:, self.order]), axis=1, out=masses[:, 1:])
        begin, middle, end = (np.take_along_axis(masses, bound[node], axis=1) for bound in self.bounds)
        return np.where(inside, _shares(end - middle, end - begin), np.float32(0))

    def none_for(self, n: int) -> F32:
        """For symbols of which the nets say nothing."""
        return np.zeros((n, len(self.nets), int(self.tree.depth.max()) + 1), dtype=np.float32)

    def start(self, batch: int) -> tuple[Step, ...]:
        """The states of the nets, having read the boundary."""
        return tuple(net.start(batch) for net in self.nets)

    def advance(self, steps: Sequence[Step], ids: Ids) -> tuple[Step, ...]:
        """After one more symbol of each item."""
        return tuple(net.advance(step.state, ids) for net, step in zip(self.nets, steps, strict=True))

    def select(self, steps: Sequence[Step], rows: npt.NDArray[np.intp]) -> tuple[Step, ...]:
        """The states of some of the batch's items."""
        chosen = zip(self.nets, steps, strict=True)
        return tuple(Step(net.select(step.state, rows), step.log_probs[rows]) for net, step in chosen)

    def of_steps(self, steps: Sequence[Step]) -> F32:
        """The hints at all nodes, (B, M, N), for rows that are to be written."""
        return np.stack([self.at_nodes(step.log_probs) for step in steps], axis=1)


def _shares(part: F64, whole: F64) -> F32:
    share = np.divide(part, whole, out=np.full_like(part, 0.5), where=whole > 0)
    clipped: F32 = np.clip(share, LEAST, 1 - LEAST).astype(np.float32)
    return clipped


@final
class HintReader:
    """A place in a text, as the nets see it.

    Args:
        hints: the nets.
        before: the symbols before the place, where it is not the beginning of the corpus: the nets read the last of
            them.
    """

    def __init__(self, hints: Hints, before: Ids | None = None) -> None:
        self._hints = hints
        self._steps = list(hints.start(1))
        if before is not None and len(before):
            for net, step in enumerate(self._from_the_middle(before[-BEFORE:])):
                self._steps[net] = step

    def _from_the_middle(self, ids: Ids) -> list[Step]:
        return [net.read(net.nothing_read(1), ids[None])[1] for net in self._hints.nets]

    def fork(self) -> Self:
        """Another reader at the same place: states are never changed in place."""
        other = copy(self)
        other._steps = list(self._steps)
        return other

    @property
    def at_nodes(self) -> F32:
        """The hints for the symbol that comes next, at all nodes: (1, M, N)."""
        return self._hints.of_steps(self._steps)

    def read(self, ids: Ids) -> F32:
        """Read on: the hints on the paths of these symbols, (n, M, D)."""
        return np.concatenate([self._read(ids[at : at + BLOCK]) for at in range(0, len(ids), BLOCK)] or [self._none()])

    def _none(self) -> F32:
        return self._hints.none_for(0)

    def _read(self, ids: Ids) -> F32:
        found = self._hints.none_for(len(ids))
        for m, net in enumerate(self._hints.nets):
            before = self._steps[m]
            rows, self._steps[m] = net.read(before.state, ids[None])
            found[:, m] = self._hints.on_paths(np.concatenate([before.log_probs, rows[0, :-1]]), ids)
        return found

    def skip(self, ids: Ids) -> None:
        """Read on without saying anything."""
        for begin in range(0, len(ids), BLOCK):
            for m, net in enumerate(self._hints.nets):
                self._steps[m] = net.read(self._steps[m].state, ids[None, begin : begin + BLOCK])[1]


class NetsInside(NamedTuple):
    """Nets to be mixed in.

    Attributes:
        nets: for use: trained on all of the data.
        taught: the same before they knew its last part.
        begin: the symbol at which that part begins.
    """

    nets: tuple[NeuralModel, ...]
    taught: tuple[NeuralModel, ...]
    begin: int

    def hinted(self, data: Corpus, tree: Tree) -> Callable[[int, int], F32]:
        """What the nets say of the symbols from one place to another: nothing before the last part.

        Args:
            data: in the order in which it is read.
            tree: the code of the symbols.
        """
        hints = Hints.of(self.taught, tree)
        begin = self.begin
        reader = HintReader(hints, data.ids[:begin])
        known = [reader.read(data.ids[at : at + BLOCK]) for at in range(begin, data.symbols, BLOCK)]
        last = np.concatenate([hints.none_for(0), *known])

        def between(first: int, end: int) -> F32:
            before = hints.none_for(max(min(end, begin) - first, 0))
            return np.concatenate([before, last[max(first - begin, 0) : max(end - begin, 0)]])

        return between
