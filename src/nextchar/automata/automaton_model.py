"""What all models share that are finite automata: the whole interface, and its fast paths, from the automaton."""

from __future__ import annotations

from abc import abstractmethod
from typing import cast

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton import Automaton, States
from nextchar.automata.table_sampler import TableDrawer
from nextchar.core.model import Model
from nextchar.core.plan import Plan
from nextchar.core.protocol import LogProbs, Step
from nextchar.core.sampling import Drawer
from nextchar.data.alphabet import Ids
from nextchar.data.corpus import Corpus

__all__ = ["AutomatonModel", "rows_of"]


class AutomatonModel(Model):
    """A model whose state is a row number of its automaton."""

    @property
    @abstractmethod
    def automaton(self) -> Automaton:
        """The model as a finite automaton."""

    def start(self, batch: int) -> Step:
        """The state of `batch` items having read the boundary."""
        return self._at(np.full(batch, self.automaton.start, dtype=np.int32))

    def advance(self, state: object, ids: Ids) -> Step:
        """The state after one more symbol of each item."""
        return self._at(self.automaton.step(cast(States, state), ids)[1])

    def select(self, state: object, rows: npt.NDArray[np.intp]) -> object:
        """The state of some of the batch's items."""
        return cast(States, state)[rows]

    def _at(self, states: States) -> Step:
        return Step(states, self.automaton.rows(states))

    def log_probs(self, ids: Ids) -> LogProbs:
        """(B, T) -> (B, T, V) nats; ids[:, 0] is the boundary, which leads to the start."""
        states = np.full(len(ids), self.automaton.start, dtype=np.int32)
        rows = []
        for column in ids.T:
            states = self.automaton.step(states, column)[1]
            rows.append(self.automaton.rows(states))
        return np.stack(rows, axis=1)

    def symbol_nats(self, corpus: Corpus) -> npt.NDArray[np.float64]:
        """-log p of every symbol of a corpus, shape (S,), nats."""
        return self.automaton.stream_nats(corpus.ids)

    def drawer(self, plan: Plan, n: int) -> Drawer | None:
        """A fast way to draw about n items, from tables of cumulative probabilities; None where it would not pay."""
        return TableDrawer.of(self.automaton, plan, n)


def rows_of(model: AutomatonModel) -> npt.NDArray[np.float64]:
    """p(second | first) of a model that looks back one symbol, (V, V)."""
    V = model.alphabet.size
    ids = np.stack([np.zeros(V, dtype=model.alphabet.dtype), np.arange(V, dtype=model.alphabet.dtype)], axis=1)
    rows: npt.NDArray[np.float64] = np.exp(model.log_probs(ids)[:, 1])
    return rows
