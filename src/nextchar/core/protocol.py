"""The one interface that every model offers, from a table of counts to a Transformer.

The whole row of log-probabilities, not the score of one symbol, is the primitive: sampling, scoring, heat maps and
surprisal all follow from it. What a model carries from symbol to symbol (a row number, a hidden vector, a cache) is
its own affair; callers pass the state on and never look inside.

Letters: B batch, T time, V size of the alphabet with the boundary, S symbols of a corpus.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.data.alphabet import Alphabet, Ids
from nextchar.data.corpus import Corpus

__all__ = ["CorpusScorer", "Drawer", "Draws", "LanguageModel", "LogProbs", "Settings", "Step"]

LogProbs = npt.NDArray[np.float64]  # nats
CorpusScorer = Callable[[Corpus], npt.NDArray[np.float64]]  # -log p of every symbol of a corpus, (S,) nats


class Settings(Protocol):
    """What a model was made from: a frozen dataclass that can describe itself."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def summary(self) -> str:
        """The settings that matter, in a few words for people."""
        ...


class Step(NamedTuple):
    """A state, and what it says of the next symbol: log_probs (B, V), each row summing to 1 when exponentiated."""

    state: object
    log_probs: LogProbs


class Draws(NamedTuple):
    """Items as ids (flat, each ended by a boundary), and which of the batch they are; dead ends are left out."""

    ids: Ids
    offsets: npt.NDArray[np.int64]


class Drawer(Protocol):
    """A prepared way to draw many items by one plan."""

    def __call__(self, seed: int, prefix: Ids, first: int, count: int) -> Draws:
        """Items first .. first + count - 1 of the seed, as the plain path gives them."""
        ...


class LanguageModel(Protocol):
    """p(next symbol | symbols of the item so far).

    Reading a boundary always leads back to the start, so a corpus may be read as one stream.
    """

    @property
    def alphabet(self) -> Alphabet:
        """What the ids mean."""
        ...

    @property
    def context_length(self) -> int | None:
        """How many symbols it looks back; None for all."""
        ...

    def start(self, batch: int) -> Step:
        """The state of `batch` items having read the boundary."""
        ...

    def advance(self, state: object, ids: Ids) -> Step:
        """The state after one more symbol of each item, ids (B,). The old state stays as it was."""
        ...

    def select(self, state: object, rows: npt.NDArray[np.intp]) -> object:
        """The state of some of the batch's items, in the given order; a row may be repeated."""
        ...

    def log_probs(self, ids: Ids) -> LogProbs:
        """(B, T) -> (B, T, V) nats: row t predicts what follows ids[:, : t + 1]. ids[:, 0] is the boundary."""
        ...

    def drawer(self, plan: Plan, constraint: Constraint, n: int) -> Drawer | None:
        """A fast way to draw about n items, of the constraint its lengths alone; None for the plain path."""
        ...

    @property
    def corpus_scorer(self) -> CorpusScorer | None:
        """A fast way to score a whole corpus in the model's alphabet; None where the rows are all there is."""
        ...

    @property
    def batch_limit(self) -> int | None:
        """How many items may be read side by side, where its states are large; None for any number."""
        ...
