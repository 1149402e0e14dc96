"""The ways in which the loops of context mixing read a text, and where they work."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar.models.context_mixing.tables import Learned

if TYPE_CHECKING:
    from nextchar._kernels.context_mixing.journal import Notes
    from nextchar._kernels.context_mixing.layout import Scratch

__all__ = ["Loops"]

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
State = npt.NDArray[np.uint64]
Words = tuple[npt.NDArray[np.uint32], ...]


class Loops(NamedTuple):
    """Reading with tables of one size, and room for it; a state is changed in place.

    Attributes:
        work: for one prediction.
        of_depths: for those of a symbol.
        no_notes: where nothing is noted.
        no_words: the same.
    """

    work: Scratch
    of_depths: Scratch
    no_notes: Notes
    no_words: Words

    @classmethod
    def of(cls, learned: Learned) -> Loops:
        """For tables of this size."""
        from nextchar._kernels.context_mixing.journal import Notes, table_words
        from nextchar._kernels.context_mixing.layout import Scratch

        K, tree, nets = len(learned.slots.first), learned.tree, learned.nets
        nothing, no_words = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint32)
        return cls(
            work=Scratch.of(K, tree, nets),
            of_depths=Scratch.of_depths(K, tree, nets),
            no_notes=Notes(nothing, nothing, no_words, np.zeros(2, dtype=np.int64)),
            no_words=(no_words,) * len(table_words(learned)),
        )

    def read(self, ids: npt.NDArray[np.integer], state: State, learned: Learned, nats: F64) -> None:
        """Say what each symbol costs, nats (S,); nothing learns."""
        self._loop(ids, state, learned, nats, predicts=True)

    def enter(self, ids: npt.NDArray[np.integer], state: State, learned: Learned, *, remembers: bool = True) -> None:
        """Enter a text into the counts, and into what matches point to."""
        self._loop(ids, state, learned, np.empty(0), counts=True, remembers=remembers)

    def weigh(self, ids: npt.NDArray[np.integer], state: State, learned: Learned, nats: F64) -> None:
        """Say what each symbol costs; all learns but the counts, and what matches point to."""
        self._loop(ids, state, learned, nats, predicts=True, learns=True)

    def learn(
        self,
        ids: npt.NDArray[np.integer],
        state: State,
        learned: Learned,
        nats: F64,
        noted: tuple[Notes, Words] | None = None,
    ) -> None:
        """Say what each symbol costs, and learn it; what changes is noted, if it is told where."""
        self._loop(ids, state, learned, nats, noted, predicts=True, learns=True, counts=True, remembers=True)

    def _loop(
        self,
        ids: npt.NDArray[np.integer],
        state: State,
        learned: Learned,
        nats: F64,
        noted: tuple[Notes, Words] | None = None,
        *,
        predicts: bool = False,
        learns: bool = False,
        counts: bool = False,
        remembers: bool = False,
    ) -> None:
        from nextchar._kernels.context_mixing.reading import read_text

        notes, words = (self.no_notes, self.no_words) if noted is None else noted
        flags = (predicts, learns, counts, remembers)
        ids = ids.astype(np.int64)
        read_text(ids, state, *learned, self.of_depths, *flags, nats, noted is not None, notes, words)
