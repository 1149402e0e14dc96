"""How far items are from those of a list, in edits: insertions, deletions and substitutions (Levenshtein 1966).

Most of the list is ruled out without an edit distance: items whose lengths differ by d are at least d edits apart, and
so are those whose sets of characters differ by 2 d characters or more, as one edit changes such a set by two at most.
What is left is measured by rapidfuzz.

Letters: B items that are asked about, N items of the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.data.display import line_of, thousands

__all__ = ["Surroundings", "nearest"]

Bits = npt.NDArray[np.uint64]

FIRST: Final = 64  # items of the list that are looked at first, so that what is near to many is soon done with,
GROWTH: Final = 8  # and so many times as many after that,
CELLS: Final = 1 << 22  # up to so many pairs at a time
FEW: Final = 0.2  # the share of pairs that are left above which measuring all is quicker


@dataclass(frozen=True, eq=False)
class Surroundings:
    """The surroundings of a list of items: all that is fewer than so many edits from one of them.

    Attributes:
        items: the list, shorter ones first.
        lengths: (N,) of them.
        characters: (N,) which characters each has, as 64 bits.
        least: the number of edits from which on an item lies outside.

    Examples:
        >>> near = Surroundings.of(["emma", "olivia"], 2)
        >>> near.outside(["emma", "ema", "emily"]).tolist()
        [False, False, True]
    """

    items: list[str]
    lengths: npt.NDArray[np.int64]
    characters: Bits
    least: int

    def __repr__(self) -> str:
        return line_of(self, thousands(len(self.items), "item"), f"least={self.least}")

    @classmethod
    def of(cls, items: Iterable[str], least: int) -> Surroundings:
        """Prepare.

        Args:
            items: the list; repeats do not matter.
            least: edits, at least 1.
        """
        ordered = sorted(sorted(set(items)), key=len)
        lengths = np.array([len(item) for item in ordered], dtype=np.int64)
        return cls(ordered, lengths, _characters(ordered, lengths), least)

    def outside(self, items: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Whether each item is at least so many edits from all of the list, shape (B,)."""
        places: dict[str, list[int]] = {}
        for i, item in enumerate(items):
            places.setdefault(item, []).append(i)
        by_length: dict[int, list[str]] = {}
        for item in places:
            by_length.setdefault(len(item), []).append(item)
        found = np.zeros(len(items), dtype=np.bool_)
        for length, group in by_length.items():
            for item in self._far(group, length):
                found[places[item]] = True
        return found

    def _far(self, group: list[str], length: int) -> list[str]:
        """Those of some items of one length that lie outside."""
        at, stop = np.searchsorted(self.lengths, [length - self.least + 1, length + self.least]).tolist()
        bits = _characters(group, np.full(len(group), length))
        size = FIRST
        while at < stop and group:
            end = min(at + size, stop)
            near = np.zeros(len(group), dtype=np.bool_)
            step = max(CELLS // (end - at), 1)
            for begin in range(0, len(group), step):
                some = slice(begin, begin + step)
                near[some] = self._near(group[some], bits[some], at, end)
            group = [item for item, gone in zip(group, near.tolist(), strict=True) if not gone]
            bits = bits[~near]
            at, size = end, min(size * GROWTH, CELLS)
        return group

    def _near(self, group: list[str], bits: Bits, at: int, end: int) -> npt.NDArray[np.bool_]:
        """Whether each of some items is fewer than `least` edits from one of items[at:end]."""
        from rapidfuzz.distance import Levenshtein
        from rapidfuzz.process import cdist, cpdist

        apart = np.bitwise_count(bits[:, None] ^ self.characters[None, at:end])
        rows, columns = np.nonzero(apart <= 2 * (self.least - 1))
        edits = self.least - 1  # what is farther comes back as least
        if len(rows) > FEW * apart.size:
            found = cdist(group, self.items[at:end], scorer=Levenshtein.distance, score_cutoff=edits)
            return np.asarray((found <= edits).any(axis=1))
        near = np.zeros(len(group), dtype=np.bool_)
        if len(rows):
            left = [group[i] for i in rows.tolist()]
            right = [self.items[at + i] for i in columns.tolist()]
            measured = cpdist(left, right, scorer=Levenshtein.distance, score_cutoff=edits)
            near[rows[measured <= edits]] = True
        return near


def nearest(items: Sequence[str], listed: Sequence[str]) -> list[tuple[str, int]]:
    """For each item the nearest one of a list and how many edits away it is; of several the first in the list.

    Examples:
        >>> nearest(["ema", "olive"], ["emma", "olivia"])
        [('emma', 1), ('olivia', 2)]
    """
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cdist

    found: list[tuple[str, int]] = []
    step = max(CELLS // max(len(listed), 1), 1)
    for begin in range(0, len(items), step):
        edits = cdist(items[begin : begin + step], listed, scorer=Levenshtein.distance)
        places = edits.argmin(axis=1).tolist()
        found += [(listed[place], int(edits[i, place])) for i, place in enumerate(places)]
    return found


def _characters(items: Sequence[str], lengths: npt.NDArray[np.int64]) -> Bits:
    """The characters of each item as 64 bits, (N,); two characters may share a bit."""
    codes = np.frombuffer("".join(items).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    ones = np.uint64(1) << (codes & np.uint32(63)).astype(np.uint64)
    bits = np.zeros(len(items), dtype=np.uint64)
    filled = lengths > 0
    if filled.any():
        begins = (np.cumsum(lengths) - lengths)[filled]
        bits[filled] = np.bitwise_or.reduceat(ones, begins)
    return bits
