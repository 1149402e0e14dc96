"""Tables that several readers learn with, each as if they were its own.

The tables are at one version at a time. A reader that goes on from another version has them changed to it first: what
was learned since both were the same is undone, and done again on the other side (see `_kernels/context_mixing/
journal`). So a fork costs nothing, and trying some symbols costs what these changed; a reader that has gone far from
the others gets tables of its own. Where there is one reader only, nothing is noted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from weakref import WeakSet

import numpy as np

from nextchar.models.context_mixing.tables import Learned, copied, with_room

if TYPE_CHECKING:
    from nextchar._kernels.context_mixing.journal import Notes

__all__ = ["NOTED_TOGETHER", "SharedTables", "Version"]

NOTED_TOGETHER: Final = 32  # symbols
MOST_WORDS: Final = 1 << 24  # noted since all readers were at the same version: 64 MB
SHARE: Final = 0.5  # of the tables' own size, that is noted before they are copied
OTHERS: Final = 16  # runs or words of a symbol that belong to none of its bits


class Version:
    """What was learned since another version, and how to undo it.

    Attributes:
        before: the version that it was learned from; None where that is forgotten.
        notes: of what changed.
        words: noted since the oldest version.
        generation: how many versions there are before it.
    """

    def __init__(self, before: Version | None = None) -> None:
        self.before = before
        self.notes: Notes | None = None
        self.words: int = 0 if before is None else before.words
        self.generation: int = 0 if before is None else before.generation + 1


class SharedTables:
    """Tables, and at which version they are.

    Args:
        learned: the tables.
        writable: whether they may be changed; those of a model are not.

    Attributes:
        learned: the tables; those of a model until something is learned.
        writable: whether they are others.
        version: where they are.
        readers: who learns with them.
    """

    def __init__(self, learned: Learned, *, writable: bool) -> None:
        self.learned = learned
        self.writable = writable
        self.version = Version()
        self.readers: WeakSet[object] = WeakSet()

    def own(self, reader: object, version: Version) -> SharedTables:
        """Tables that a reader can learn with from a version on: these, or a copy that it alone has."""
        if not self.writable:
            self.learned, self.writable = copied(self.learned), True
        self.go_to(version)
        if not self.shared:
            self.version = Version()
        elif version.words > min(MOST_WORDS, SHARE * self._size):
            self.readers.discard(reader)
            own = SharedTables(copied(self.learned), writable=True)
            own.readers.add(reader)
            return own
        return self

    @property
    def _size(self) -> int:
        from nextchar._kernels.context_mixing.journal import table_words

        return sum(len(words) for words in table_words(self.learned))

    @property
    def shared(self) -> bool:
        """Whether others learn with them, too."""
        return len(self.readers) > 1

    def make_room(self, more: int) -> None:
        """Have room for more symbols of text."""
        self.learned = with_room(self.learned, more)

    def go_to(self, version: Version) -> None:
        """Have the tables as they were, or will be, at a version."""
        from nextchar._kernels.context_mixing.journal import exchange, table_words

        if version is self.version:
            return
        words = table_words(self.learned)
        ahead: list[Version] = []
        there = version
        while self.version is not there:
            if there.generation > self.version.generation:
                ahead.append(there)
                assert there.before is not None, "all versions come from one"
                there = there.before
            else:
                undone = self.version
                assert undone.before is not None, "all versions come from one"
                self.version = undone.before
                if undone.notes is not None:
                    exchange(undone.notes, words, True)
        for one in reversed(ahead):
            self.version = one
            if one.notes is not None:
                exchange(one.notes, words, False)

    def begin(self, symbols: int) -> Notes:
        """A new version, into whose notes goes what so many symbols change."""
        from nextchar._kernels.context_mixing.journal import Notes
        from nextchar._kernels.context_mixing.layout import FINAL, LINE_OF_SLOTS, MIXERS

        learned = self.learned
        K, D = len(learned.slots.first), int(learned.tree.depth.max()) + 1
        runs = D * (3 * K + MIXERS + FINAL + 3) + OTHERS
        words = D * (K * (2 * LINE_OF_SLOTS + 2) + MIXERS * (learned.mixers.weights.shape[1] + FINAL) + 3)
        words += 2 * learned.matches.p.size + OTHERS
        self.version = Version(self.version)
        self.version.notes = Notes(
            np.empty(symbols * runs, dtype=np.int64),
            np.empty(symbols * runs, dtype=np.int64),
            np.empty(symbols * words, dtype=np.uint32),
            np.zeros(2, dtype=np.int64),
        )
        return self.version.notes

    def end(self) -> None:
        """The notes of the version are complete; room that they do not need is given back."""
        from nextchar._kernels.context_mixing.journal import Notes

        version, notes = self.version, self.version.notes
        assert notes is not None, "it was begun"
        H, W = notes.used.tolist()
        version.notes = Notes(notes.at[:H].copy(), notes.run[:H].copy(), notes.words[:W].copy(), notes.used)
        version.words += W + 4 * H
