"""Counting within a given memory: what is too much for it goes to disk as sorted runs.

N-grams are counted in a hash table (see `hash_counts`), or by sorting where they do not fit into its keys. When the
memory that counting may take is full, what has been counted is written out as a run, and counting begins anew. Few
runs are merged at a time: when there are many, they first become one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from nextchar.data.corpus import Corpus
from nextchar.data.display import thousands
from nextchar.data.item_weights import MOST_WEIGHT
from nextchar.errors import CorpusError
from nextchar.models.ngram.counts import (
    COMPILED_FROM,
    TABLE_CELLS,
    Counts,
    checked_order,
    count,
    counts_of_table,
    hashing_pays,
)
from nextchar.models.ngram.hash_counts import SLOT_BYTES, NgramTable
from nextchar.models.ngram.runs import SortedRun, gathered, merged, run_of, union_of, write_run

__all__ = ["Counter", "count_within", "few", "total_of"]

FAN_IN: Final = 24  # runs that are merged at a time
TABLE_SHARE: Final = 0.28  # of the memory; while a run is made of the table, that takes 1.2 times as much again
SORTED_SHARE: Final = 0.1  # of the memory, for counts made by sorting; adding two takes some times as much
GATHERED_FROM: Final = 1 << 23  # bytes of them from which on they are made one, whenever they are four times as many
LEAST_SLOTS: Final = 1 << 16
SLICE_SYMBOLS: Final = 1 << 18  # that are counted before the table is looked at again


def count_within(parts: Iterable[Corpus], order: int, memory: int, folder: Path) -> list[SortedRun]:
    """Count corpora as they come.

    Args:
        parts: each with an alphabet of its own.
        order: n, from 1 to 64.
        memory: bytes that counting may take, about.
        folder: where runs may be written; they are read from there as long as they are used.

    Returns:
        Few runs, which together are the counts: see `runs.merged`.

    Raises:
        SettingsError: the order is out of range.
        CorpusError: there is no part; or the counts do not fit into 64 bits.
        OSError: a run cannot be written.
    """
    counter = Counter(checked_order(order), memory, folder)
    for part in parts:
        counter.add(part)
    return counter.runs()


def total_of(totals: Iterable[int]) -> int:
    """The sum of the symbols of several corpora.

    Raises:
        CorpusError: it does not fit into 64 bits.
    """
    total = sum(totals)
    if total > MOST_WEIGHT:
        raise CorpusError(
            f"the counts do not fit into 64 bits: together they are {thousands(total, 'symbol')}, more than 2^63 - 1; "
            "scale the weights of the items down"
        )
    return total


def few(runs: Sequence[SortedRun], memory: int, folder: Path) -> list[SortedRun]:
    """The same counts in no more runs than are merged at a time.

    Args:
        runs: any number of them.
        memory: bytes that merging may take, about.
        folder: where runs may be written.
    """
    found, written = list(runs), 0
    while len(found) > FAN_IN:
        many, found = found[:FAN_IN], found[FAN_IN:]
        written += 1
        folder.mkdir(parents=True, exist_ok=True)
        found.append(_as_one(many, folder / f"merged{written}", memory))
    return found


def _as_one(runs: Sequence[SortedRun], path: Path, memory: int) -> SortedRun:
    """Write runs as one, and remove those that were on disk."""
    one = write_run(path, union_of(runs), runs[0].order, merged(runs, memory))
    for run in runs:
        run.discard()
    return one


def _bytes_of(counts: Counts) -> int:
    return counts.ngrams.nbytes + counts.counts.nbytes


class Counter:
    """Counts corpora as they come.

    Args:
        order: n.
        memory: bytes that it may take, about.
        folder: where runs may be written; without one, who adds pieces asks before whether there is room for them.
    """

    def __init__(self, order: int, memory: int, folder: Path | None = None) -> None:
        self._order, self._memory, self._folder = order, memory, folder
        slots = LEAST_SLOTS
        while 2 * slots * SLOT_BYTES <= TABLE_SHARE * memory:
            slots *= 2
        self._room = 2 * slots // 3  # n-grams: when it is so full, the table grows
        self._slice_symbols = min(SLICE_SYMBOLS, self._room // 4)
        self._table = NgramTable(order)
        self._sorted: list[Counts] = []
        self._sorted_bytes = 0
        self._runs: list[tuple[int, SortedRun]] = []  # on disk, with how often what is in them was merged
        self._written = 0
        self._total = 0
        self._symbols = 0

    def pieces(self, part: Corpus, *, inside: bool = False) -> Iterator[Corpus]:
        """A part in pieces that memory can be asked for one by one; the same ones whatever has been counted before.

        Args:
            part: the part.
            inside: whether to cut inside items too, which are texts.
        """
        if part.weights is None and part.alphabet.size**self._order > TABLE_CELLS:
            if inside:
                yield from part.stretches(self._slice_symbols, self._order - 1)
            else:
                yield from part.slices(self._slice_symbols)
        else:
            yield part

    def has_room_for(self, piece: Corpus) -> bool:
        """Whether a piece can be added to what is in memory; the first one always can."""
        if not self._total:
            return True
        if self._hashes(piece) and self._table.fits(piece.alphabet):
            return self._table.used + piece.symbols <= self._room
        if self._sorted_bytes > SORTED_SHARE * self._memory:
            self._sorted = [self._gathered()]
            self._sorted_bytes = _bytes_of(self._sorted[0])
        return 2 * self._sorted_bytes <= SORTED_SHARE * self._memory

    def _hashes(self, part: Corpus) -> bool:
        return part.weights is None and (self._table.used > 0 or hashing_pays(part, self._order))

    def add(self, part: Corpus) -> None:
        """Count a part."""
        self._total = total_of((self._total, part.weighted_symbols))
        self._symbols += part.symbols
        compiled = True if self._symbols >= COMPILED_FROM else None  # many in all repay it, however few come at a time
        hashed = self._hashes(part)
        for piece in part.stretches(self._slice_symbols, self._order - 1) if hashed else (part,):
            if not (hashed and self._hashed(piece)):
                self._add_sorted(count(piece, self._order, compiled=compiled))

    def _hashed(self, piece: Corpus) -> bool:
        if self._table.used + piece.symbols > self._room:
            self._spill_table()
        if not self._table.fits(piece.alphabet):
            return False
        self._table.add(piece)
        return True

    def _add_sorted(self, counts: Counts) -> None:
        self._sorted.append(counts)
        self._sorted_bytes += _bytes_of(counts)
        # Much of it may be the same n-grams again and again.
        if self._sorted_bytes > max(GATHERED_FROM, 4 * _bytes_of(self._sorted[0])):
            self._sorted = [self._gathered()]
            self._sorted_bytes = _bytes_of(self._sorted[0])
        if self._folder is not None and self._sorted_bytes > SORTED_SHARE * self._memory:
            together = self._gathered()
            if 2 * _bytes_of(together) > SORTED_SHARE * self._memory:
                self._spill(together)
            else:
                self._sorted, self._sorted_bytes = [together], _bytes_of(together)

    def _gathered(self) -> Counts:
        """What was counted by sorting, as one; it is no longer kept."""
        runs = [run_of(counts) for counts in self._sorted]
        together = self._sorted[0] if len(runs) == 1 else gathered(runs, self._memory // 4)
        self._sorted, self._sorted_bytes = [], 0
        return together

    def _spill_table(self) -> None:
        if self._table.used:
            self._spill(counts_of_table(self._table))
            self._table = NgramTable(self._order)

    def _spill(self, counts: Counts) -> None:
        self._keep(0, [run_of(counts)])
        while len(self._runs) >= FAN_IN and self._runs[-FAN_IN][0] == (level := self._runs[-1][0]):
            many = [run for _, run in self._runs[-FAN_IN:]]
            del self._runs[-FAN_IN:]
            self._keep(level + 1, many)

    def _keep(self, level: int, runs: list[SortedRun]) -> None:
        """Write runs as one, and remove those that were on disk."""
        assert self._folder is not None, "without one nothing is added that there is no room for"
        self._written += 1
        path = self._folder / f"run{self._written}"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._runs.append((level, _as_one(runs, path, self._memory // 2)))

    def runs(self) -> list[SortedRun]:
        """What has been counted."""
        if self._runs:
            self._spill_table()
        counts = self.in_memory()
        found = [run for _, run in self._runs] + ([] if counts is None else [run_of(counts)])
        if not found:
            raise CorpusError("no items: the input is empty or has only blank lines")
        return found

    def in_memory(self) -> Counts | None:
        """What has been counted and was not written to disk, which is no longer kept; None for nothing."""
        if self._table.used:
            self._sorted.append(counts_of_table(self._table))
            self._table = NgramTable(self._order)
        return self._gathered() if self._sorted else None
