"""A member of an ensemble in the ensemble's alphabet, which may have symbols that the member lacks.

A symbol that it lacks has the probability 0 in it. Where one has been read all the same, it goes on as at the beginning
of an item, or, if it has a symbol for unknown characters, as after that.

Letters: B batch, T time, V size of the ensemble's alphabet, U of the member's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt

from nextchar.core.model import Model
from nextchar.core.protocol import LogProbs, Step
from nextchar.data.alphabet import BOUNDARY, Alphabet, Ids
from nextchar.data.display import one_line

__all__ = ["Seat", "shared_alphabet"]


def shared_alphabet(models: Sequence[Model]) -> Alphabet:
    """The characters of all models.

    Raises:
        SettingsError: some have clusters of code points as symbols, others code points alone.
    """
    return reduce(Alphabet.union, (model.alphabet for model in models))


@dataclass(frozen=True, eq=False)
class Seat:
    """A model read in a larger alphabet.

    Attributes:
        model: the member.
        own: (V,) which of its symbols it reads for each; None where the alphabets are the same.
        place: (U,) of its symbols in the larger alphabet.
    """

    model: Model
    own: Ids | None
    place: npt.NDArray[np.intp]

    __repr__ = one_line

    @classmethod
    def of(cls, model: Model, alphabet: Alphabet) -> Seat:
        """The model in this alphabet, which has all its characters."""
        ids = model.alphabet
        place = ids.ids_in(alphabet).astype(np.intp)
        if ids == alphabet:
            return cls(model, None, place)
        own = np.full(alphabet.size, BOUNDARY if ids.unknown is None else ids.unknown, dtype=ids.dtype)
        own[place] = np.arange(ids.size)
        return cls(model, own, place)

    def start(self, batch: int) -> Step:
        """The state of `batch` items having read the boundary, and rows (B, V)."""
        return self._widened(self.model.start(batch))

    def advance(self, state: object, ids: Ids) -> Step:
        """The state after one more symbol of each item, ids (B,), and rows (B, V)."""
        return self._widened(self.model.advance(state, ids if self.own is None else self.own[ids]))

    def log_probs(self, ids: Ids) -> LogProbs:
        """(B, T) -> (B, T, V) nats."""
        return self._rows(self.model.log_probs(ids if self.own is None else self.own[ids]))

    def _widened(self, step: Step) -> Step:
        return Step(step.state, self._rows(step.log_probs))

    def _rows(self, rows: LogProbs) -> LogProbs:
        if self.own is None:
            return rows
        wide = np.full((*rows.shape[:-1], len(self.own)), -np.inf)
        wide[..., self.place] = rows
        return wide
