"""Reading a text with context mixing: as the model stands, or learning from each symbol.

An adaptive reader begins with the model's tables, and has its own from the first symbol on: a copy of what the model
holds in memory. Forks share them (see `versions`).
"""

from __future__ import annotations

from copy import copy
from typing import Final, Self, final

import numpy as np
import numpy.typing as npt

from nextchar.core.protocol import LogProbs
from nextchar.core.reader import TextReader
from nextchar.data.alphabet import Alphabet, Ids
from nextchar.data.text_options import TextOptions
from nextchar.models.context_mixing.hints import HintReader, Hints, with_hints
from nextchar.models.context_mixing.kneser_ney import KneserNey
from nextchar.models.context_mixing.loops import Loops
from nextchar.models.context_mixing.stored import ModelTables
from nextchar.models.context_mixing.tables import Learned
from nextchar.models.context_mixing.versions import NOTED_TOGETHER, SharedTables

__all__ = ["ContextMixingReader"]

BLOCK: Final = 20_000  # symbols read between two chances for Ctrl-C
UNREAD: Final = np.full(1, -1, dtype=np.int64)  # no symbol
F64 = npt.NDArray[np.float64]


@final
class ContextMixingReader(TextReader):
    """A reader of a context mixing model (see `TextReader`).

    Args:
        tables: the model's.
        alphabet: what its ids mean.
        options: what it does to text.
        hints: the nets inside, or None.
        beside: Kneser-Ney, which its rows are mixed with, or None; never where it learns.
        adaptive: whether it learns; nets do not.
    """

    def __init__(
        self,
        tables: ModelTables,
        alphabet: Alphabet,
        options: TextOptions,
        hints: Hints | None,
        beside: KneserNey | None,
        *,
        adaptive: bool,
    ) -> None:
        from nextchar._kernels.context_mixing.layout import STATE

        super().__init__(alphabet, options, adaptive=adaptive)
        self._state = np.zeros(STATE, dtype=np.uint64)
        self._row: LogProbs | None = None
        self._made: Loops | None = None
        self._hints = None if hints is None else HintReader(hints)
        self._beside = beside
        self._beside_at = 0 if beside is None else beside.start_state
        learned, own = tables.of_reader(adaptive=adaptive)
        self._tables = SharedTables(learned, writable=own)
        self._tables.readers.add(self)
        self._version = self._tables.version

    @property
    def log_probs(self) -> LogProbs:
        """What comes next, (V,) nats."""
        if self._row is None:
            from nextchar._kernels.context_mixing.rows import write_row

            self._tables.go_to(self._version)
            tables = self._tables.learned
            if self._hints is not None:
                tables = with_hints(tables, self._hints.at_nodes)
            self._row = np.empty(self.alphabet.size)
            write_row(self._state, *tables, self._loops.work, self._row)
            if self._beside is not None:
                self._beside.mix_rows(np.array([self._beside_at], dtype=np.int32), UNREAD, self._row[None])
        return self._row

    @property
    def _loops(self) -> Loops:
        if self._made is None:
            self._made = Loops.of(self._tables.learned)
        return self._made

    def fork(self) -> Self:
        """Another reader at the same place, with the same tables; see `versions`."""
        other = copy(self)
        other._state, other._made = self._state.copy(), None
        other._hints = None if self._hints is None else self._hints.fork()
        self._tables.readers.add(other)
        return other

    def _read(self, ids: Ids) -> F64:
        nats = np.empty(len(ids))
        self._row = None
        if self.adaptive:
            self._learn(ids, nats)
            return nats
        learned, loops = self._tables.learned, self._loops
        for begin in range(0, len(ids), BLOCK):
            part = slice(begin, begin + BLOCK)
            loops.read(ids[part], self._state, self._hinted(learned, ids[part]), nats[part])
        if self._beside is not None:
            self._beside_at = self._beside.mix_text(ids, self._beside_at, nats)
        return nats

    def _learn(self, ids: Ids, nats: F64) -> None:
        """Read on, and learn: with notes where others learn with the same tables."""
        from nextchar._kernels.context_mixing.journal import table_words

        begin = 0
        while begin < len(ids):
            self._tables = tables = self._tables.own(self, self._version)
            tables.make_room(len(ids) - begin)
            shared = tables.shared  # once: another reader may go at any time
            part = slice(begin, begin + (NOTED_TOGETHER if shared else BLOCK))
            noted = None
            if shared:
                noted = tables.begin(min(NOTED_TOGETHER, len(ids) - begin)), table_words(tables.learned)
            self._version = tables.version
            self._loops.learn(ids[part], self._state, self._hinted(tables.learned, ids[part]), nats[part], noted)
            if shared:
                tables.end()
            begin = part.stop

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
        if self._beside is not None:
            self._beside_at = self._beside.follow(ids, self._beside_at)[2]
