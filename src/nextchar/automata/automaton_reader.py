"""How whatever is a finite automaton says what comes next: the model interface, and its fast paths, from its tables."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton import Automaton, States
from nextchar.automata.sparse_drawer import SparseDrawer
from nextchar.automata.table_sampler import TableDrawer
from nextchar.core.constraint import Constraint
from nextchar.core.model import Model
from nextchar.core.plan import Plan
from nextchar.core.protocol import CorpusScorer, Drawer, LogProbs, Step
from nextchar.data.alphabet import Alphabet, Ids
from nextchar.data.arguments import need, need_ids, need_whole
from nextchar.data.corpus import Corpus
from nextchar.errors import SettingsError

__all__ = ["AutomatonReader", "Reader", "automaton_of"]


class AutomatonReader(ABC):
    """What reads by a finite automaton; the state of an item is a row number of it."""

    @property
    @abstractmethod
    def automaton(self) -> Automaton:
        """The finite automaton."""

    def start(self, batch: int) -> Step:
        """The state of `batch` items having read the boundary."""
        need_whole(batch, "batch")
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
        ids = need_ids(ids, self.automaton.alphabet.size, dimensions=2)
        states = np.full(len(ids), self.automaton.start, dtype=np.int32)
        rows = []
        for column in ids.T:
            states = self.automaton.step(states, column)[1]
            rows.append(self.automaton.rows(states))
        return np.stack(rows, axis=1)

    @property
    def corpus_scorer(self) -> CorpusScorer:
        """The corpus as one stream through the automaton."""
        return self._stream_nats

    def _stream_nats(self, corpus: Corpus) -> npt.NDArray[np.float64]:
        return self.automaton.stream_nats(corpus.ids)

    @property
    def batch_limit(self) -> None:
        """None: a state is a number."""
        return

    def drawer(self, plan: Plan, constraint: Constraint, n: int) -> Drawer | None:
        """A fast way to draw about n items: from what states list, where tables would be too large, or from tables.

        None where neither would pay.
        """
        sparse = SparseDrawer.of(self.automaton, plan, constraint)
        return sparse or TableDrawer.of(self.automaton, plan, constraint, n)


@dataclass(frozen=True, eq=False)
class Reader(AutomatonReader):
    """A language model that is an automaton and nothing else."""

    machine: Automaton

    @property
    def automaton(self) -> Automaton:
        """The finite automaton."""
        return self.machine

    @property
    def alphabet(self) -> Alphabet:
        """What the ids mean."""
        return self.machine.alphabet

    @property
    def context_length(self) -> None:
        """Unknown: its states may remember anything."""
        return


def automaton_of(model: Model) -> Automaton:
    """The automaton that a model is.

    Raises:
        SettingsError: it is none.
    """
    need(model, Model, "model", "a model (Ngram().fit(...), load(...))")
    if not isinstance(model, AutomatonReader):
        raise SettingsError(
            f"a model of kind {model.kind} is no finite automaton; exact answers need one: a count model such as "
            "ngram, or an automaton made of this model (nextchar compile; distil)"
        )
    return model.automaton
