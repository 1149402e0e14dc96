"""Reading a text with context mixing: as the model stands, or learning from each symbol.

An adaptive reader begins with the model's tables, and has its own from the first symbol on: a copy of what the model
holds in memory. A fork shares them until one of the two reads on.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING, Final, NamedTuple, Self, final
from weakref import WeakSet

import numpy as np
import numpy.typing as npt

from nextchar.core.protocol import LogProbs
from nextchar.core.reader import TextReader
from nextchar.data.alphabet import Alphabet, Ids
from nextchar.data.text_options import TextOptions
from nextchar.models.context_mixing.hints import HintReader, Hints, with_hints
from nextchar.models.context_mixing.tables import Learned, copied, with_room

if TYPE_CHECKING:
    from nextchar._kernels.context_mixing.layout import Scratch

__all__ = ["ContextMixingReader"]

BLOCK: Final = 20_000  # symbols read between two chances for Ctrl-C
F64 = npt.NDArray[np.float64]


class _Room(NamedTuple):
    """Where the loops work.

    Attributes:
        work: for one prediction.
        of_depths: for those of a whole symbol.
    """

    work: Scratch
    of_depths: Scratch

    @classmethod
    def of(cls, learned: Learned) -> _Room:
        """For tables of this size."""
        from nextchar._kernels.context_mixing.layout import Scratch

        K, tree = len(learned.slots.first), learned.tree
        return cls(Scratch.of(K, tree, learned.nets), Scratch.of_depths(K, tree, learned.nets))


class _Tables:
    """Tables, and who reads with them; those of a model are never written to."""

    def __init__(self, learned: Learned, *, writable: bool) -> None:
        self.learned = learned
        self.writable = writable
        self.readers: WeakSet[ContextMixingReader] = WeakSet()


@final
class ContextMixingReader(TextReader):
    """A reader of a context mixing model (see `TextReader`).

    Args:
        learned: the model's tables.
        alphabet: what its ids mean.
        options: what it does to text.
        hints: the nets inside, or None.
        adaptive: whether it learns; nets do not.
    """

    def __init__(
        self, learned: Learned, alphabet: Alphabet, options: TextOptions, hints: Hints | None, *, adaptive: bool
    ) -> None:
        from nextchar._kernels.context_mixing.layout import STATE

        super().__init__(alphabet, options, adaptive=adaptive)
        self._state = np.zeros(STATE, dtype=np.uint64)
        self._row: LogProbs | None = None
        self._made: _Room | None = None
        self._hints = None if hints is None else HintReader(hints)
        self._tables = _Tables(learned, writable=False)
        self._tables.readers.add(self)

    @property
    def log_probs(self) -> LogProbs:
        """What comes next, (V,) nats."""
        if self._row is None:
            from nextchar._kernels.context_mixing.rows import write_row

            tables = self._tables.learned
            if self._hints is not None:
                tables = with_hints(tables, self._hints.at_nodes)
            self._row = np.empty(self.alphabet.size)
            write_row(self._state, *tables, self._room.work, self._row)
        return self._row

    @property
    def _room(self) -> _Room:
        if self._made is None:
            self._made = _Room.of(self._tables.learned)
        return self._made

    def fork(self) -> Self:
        """Another reader at the same place; tables are copied when one of the two learns."""
        other = copy(self)
        other._state, other._made = self._state.copy(), None
        other._hints = None if self._hints is None else self._hints.fork()
        self._tables.readers.add(other)
        return other

    def _read(self, ids: Ids) -> F64:
        nats = np.empty(len(ids))
        self._row = None
        read = self._learning(len(ids)) if self.adaptive else self._reading()
        for begin in range(0, len(ids), BLOCK):
            part = slice(begin, begin + BLOCK)
            read(ids[part], nats[part])
        return nats

    def _reading(self) -> Callable[[Ids, F64], object]:
        from nextchar._kernels.context_mixing.reading import read_text

        learned, work, flags = self._tables.learned, self._room.work, (False,) * 3

        def read(ids: Ids, nats: F64) -> None:
            read_text(ids.astype(np.int64), self._state, *self._hinted(learned, ids), work, True, *flags, nats)

        return read

    def _learning(self, more: int) -> Callable[[Ids, F64], object]:
        from nextchar._kernels.context_mixing.learning import read_and_learn

        learned, work = self._own(more), self._room.of_depths

        def read(ids: Ids, nats: F64) -> None:
            read_and_learn(ids.astype(np.int64), self._state, *self._hinted(learned, ids), work, nats)

        return read

    def _hinted(self, learned: Learned, ids: Ids) -> Learned:
        """The tables, with what the nets say of these symbols, which they read on the way."""
        return learned if self._hints is None else with_hints(learned, self._hints.read(ids))

    def _skip(self, ids: Ids) -> None:
        if self.adaptive:
            self._read(ids)
            return
        from nextchar._kernels.context_mixing.reading import pass_text

        self._row = None
        learned = self._tables.learned
        pass_text(ids.astype(np.int64), self._state, learned.text, learned.traits)
        if self._hints is not None:
            self._hints.skip(ids)

    def _own(self, more: int) -> Learned:
        """Tables that no one else reads with, with room for more symbols of text."""
        tables = self._tables
        if not tables.writable or len(tables.readers) > 1:
            tables.readers.discard(self)
            self._tables = _Tables(copied(tables.learned), writable=True)
            self._tables.readers.add(self)
        self._tables.learned = with_room(self._tables.learned, more)
        return self._tables.learned
