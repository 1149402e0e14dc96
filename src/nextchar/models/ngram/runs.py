"""Sorted runs: n-gram counts that come in pieces, from memory or from disk, and many of them merged into one.

Counts that are too many for memory are kept as runs on disk, each sorted (see `Counts`). They are merged as sorted
lists are: what all of them have up to some n-gram is taken together, equal n-grams become one, and the next piece
follows. So the memory is that of one piece of each run. An alphabet is sorted by code point, and that of several runs
holds their characters in the same order; so the ids of one become those of all without anything being sorted anew.

Letters: M n-grams of a piece, n order, W words of a key (see `_kernels.merging`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.data.alphabet import Alphabet, Ids
from nextchar.data.mapped import mapped_array
from nextchar.models.ngram.counts import Counts, key_layout, sum_counts
from nextchar.models.ngram.small_counts import SmallCounts

__all__ = ["Piece", "SortedRun", "gathered", "lower_order_run", "mapped", "merged", "run_of", "union_of", "write_run"]

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Piece = tuple[Ids, I64]  # n-grams (M, n), which follow those of the piece before, and their counts (M,)
COMPILED_FROM: Final = 500_000  # n-grams from which loading numba repays itself
COPIES: Final = 6  # of a piece, about, that are in memory at the same time while runs are merged
FEWEST: Final = 1 << 12  # n-grams of a piece


@dataclass(frozen=True)
class SortedRun:
    """Counts in colexicographic order, to be read piece by piece, as often as wanted.

    Attributes:
        alphabet: what the ids mean.
        order: n.
        size: how many n-grams there are.
        pieces: gives them, so many at a time or fewer.
        files: that it is read from, and nothing else.
    """

    alphabet: Alphabet
    order: int
    size: int
    pieces: Callable[[int], Iterator[Piece]]
    files: tuple[Path, ...] = ()

    def discard(self) -> None:
        """Remove its files; it cannot be read again."""
        for path in self.files:
            path.unlink()


def run_of(counts: Counts) -> SortedRun:
    """Counts that are in memory."""

    def pieces(rows: int) -> Iterator[Piece]:
        for at in range(0, len(counts.counts), rows):
            yield counts.ngrams[at : at + rows], counts.counts[at : at + rows]

    return SortedRun(counts.alphabet, counts.order, len(counts.counts), pieces)


def write_run(path: Path, alphabet: Alphabet, order: int, pieces: Iterable[Piece]) -> SortedRun:
    """Write a run to two files of this name, for this process alone: the ids as they are, and the counts.

    Raises:
        OSError: they cannot be written.
    """
    ids, tallies = path.with_suffix(".ngrams"), path.with_suffix(".counts")
    size = 0
    with ids.open("wb") as ngrams_file, tallies.open("wb") as counts_file:
        for ngrams, counts in pieces:
            ngrams_file.write(np.ascontiguousarray(ngrams).data)
            counts_file.write(np.ascontiguousarray(counts).data)
            size += len(counts)

    def read(rows: int) -> Iterator[Piece]:
        with ids.open("rb") as ngrams_file, tallies.open("rb") as counts_file:
            while len(counts := np.fromfile(counts_file, dtype=np.int64, count=rows)):
                ngrams = np.fromfile(ngrams_file, dtype=alphabet.dtype, count=len(counts) * order)
                yield ngrams.reshape(-1, order), counts

    return SortedRun(alphabet, order, size, read, (ids, tallies))


def lower_order_run(run: SortedRun, order: int) -> SortedRun:
    """The counts of a lower order; there are no more of them than before."""

    def pieces(rows: int) -> Iterator[Piece]:
        held = np.empty((0, order), dtype=run.alphabet.dtype), np.empty(0, dtype=np.int64)  # the last may go on
        for ngrams, counts in run.pieces(rows):
            ends = np.concatenate([held[0], ngrams[:, run.order - order :]])
            summed = Counts(run.alphabet, order, ends, np.concatenate([held[1], counts])).of_order(order)
            yield summed.ngrams[:-1], summed.counts[:-1]
            held = summed.ngrams[-1:], summed.counts[-1:]
        yield held

    return SortedRun(run.alphabet, order, run.size, pieces)


def mapped(runs: Sequence[SortedRun], alphabet: Alphabet, path: Path, memory: int) -> tuple[Counts, SmallCounts]:
    """The counts of all runs together, in a file that is mapped into memory, and what passing by tells of them.

    Args:
        runs: as for `merged`.
        alphabet: that of all, or one with a symbol for unknown characters more.
        path: where the file may be; it is removed at once, and its room is free when the counts are no longer used. On
            Windows it goes with its folder.
        memory: as for `merged`.

    Raises:
        OSError: the file cannot be written.
    """
    small = SmallCounts(runs[0].order)
    pieces = (
        (ngrams.astype(alphabet.dtype, copy=False), counts) for ngrams, counts in small.watch(merged(runs, memory))
    )
    run = write_run(path, alphabet, runs[0].order, pieces)
    ngrams = mapped_array(run.files[0], alphabet.dtype, (run.size, run.order))
    counts = mapped_array(run.files[1], np.dtype(np.int64), (run.size,))
    if sys.platform != "win32":  # where what is mapped cannot be removed
        run.discard()
    return Counts(alphabet, run.order, ngrams, counts), small


def union_of(runs: Sequence[SortedRun]) -> Alphabet:
    """The characters of all runs, of which there is at least one."""
    return reduce(Alphabet.union, (run.alphabet for run in runs))


def gathered(runs: Sequence[SortedRun], memory: int) -> Counts:
    """The counts of all runs together, in memory."""
    alphabet, order = union_of(runs), runs[0].order
    most = sum(run.size for run in runs)  # memory that nothing is written to is not taken
    ngrams, counts = np.empty((most, order), dtype=alphabet.dtype), np.empty(most, dtype=np.int64)
    filled = 0
    for piece in merged(runs, memory):
        end = filled + len(piece[1])
        ngrams[filled:end], counts[filled:end] = piece
        filled = end
    return Counts(alphabet, order, ngrams[:filled], counts[:filled])


def merged(runs: Sequence[SortedRun], memory: int) -> Iterator[Piece]:
    """The counts of all runs together, with the ids of `union_of(runs)`.

    Args:
        runs: of one order; together their counts fit into 64 bits.
        memory: bytes that it may take, about.
    """
    alphabet, order = union_of(runs), runs[0].order
    row_bytes = order * alphabet.dtype.itemsize + 8
    rows = max(memory // (COPIES * len(runs) * (row_bytes + 8 * key_layout(alphabet.size, order)[1])), FEWEST)
    if len(runs) == 1 and runs[0].alphabet == alphabet:
        yield from runs[0].pieces(rows)
    elif sum(run.size for run in runs) < COMPILED_FROM:
        counts = sum_counts(_in_memory(run) for run in runs).encoded_in(alphabet)
        yield counts.ngrams, counts.counts
    else:
        yield from _merged_keys(runs, alphabet, rows)


def _in_memory(run: SortedRun) -> Counts:
    pieces = list(run.pieces(COMPILED_FROM))
    ngrams, counts = np.concatenate([p[0] for p in pieces]), np.concatenate([p[1] for p in pieces])
    return Counts(run.alphabet, run.order, ngrams, counts)


@dataclass(eq=False)
class _Reader:
    """What has been read of a run and not yet been taken: keys (M, W) and their counts (M,)."""

    pieces: Iterator[Piece]
    numbers: U64
    bits: int
    keys: U64
    counts: I64
    ended: bool = False

    @classmethod
    def of(cls, run: SortedRun, alphabet: Alphabet, rows: int) -> _Reader:
        bits, words = key_layout(alphabet.size, run.order)
        numbers = run.alphabet.ids_in(alphabet).astype(np.uint64)
        nothing = np.empty((0, words), dtype=np.uint64), np.empty(0, dtype=np.int64)
        return cls(run.pieces(rows), numbers, bits, *nothing)

    def fill(self) -> None:
        """Read the next piece where everything has been taken."""
        from nextchar._kernels.merging import pack_ngrams

        while not len(self.counts) and not self.ended:
            piece = next(self.pieces, None)
            if piece is None:
                self.ended = True
                return
            self.keys = np.empty((len(piece[1]), self.keys.shape[1]), dtype=np.uint64)
            pack_ngrams(piece[0], self.numbers, self.bits, self.keys)
            self.counts = piece[1]

    def take(self, bound: U64) -> tuple[U64, I64]:
        """What there is up to a key."""
        from nextchar._kernels.merging import count_up_to

        end = count_up_to(self.keys, bound)
        taken = self.keys[:end], self.counts[:end]
        self.keys, self.counts = self.keys[end:], self.counts[end:]
        return taken


def _merged_keys(runs: Sequence[SortedRun], alphabet: Alphabet, rows: int) -> Iterator[Piece]:
    from nextchar._kernels.merging import unpack_keys

    readers = [_Reader.of(run, alphabet, rows) for run in runs]
    while True:
        for reader in readers:
            reader.fill()
        readers = [reader for reader in readers if len(reader.counts)]
        if not readers:
            return
        bound = min((reader.keys[-1] for reader in readers), key=lambda key: tuple(key.tolist()))
        keys, counts = _tournament([reader.take(bound) for reader in readers])
        ngrams = np.empty((len(counts), runs[0].order), dtype=alphabet.dtype)
        unpack_keys(keys, readers[0].bits, ngrams)
        yield ngrams, counts


def _tournament(lists: list[tuple[U64, I64]]) -> tuple[U64, I64]:
    """Sorted lists as one: two by two, the shortest first."""
    from nextchar._kernels.merging import merge_two

    lists = sorted((one for one in lists if len(one[1])), key=lambda one: len(one[1]))
    while len(lists) > 1:
        winners = []
        for left, right in zip(lists[::2], lists[1::2], strict=False):
            size = len(left[1]) + len(right[1])
            keys, counts = np.empty((size, left[0].shape[1]), dtype=np.uint64), np.empty(size, dtype=np.int64)
            filled = merge_two(*left, *right, keys, counts)
            winners.append((keys[:filled], counts[:filled]))
        lists = winners + lists[len(winners) * 2 :]
    return lists[0]
