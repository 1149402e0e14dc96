"""Counting the n-grams of files, with a shorter way for bigrams of ASCII text."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from nextchar._kernels.loading import kernels_loaded
from nextchar.data.alphabet import Alphabet
from nextchar.data.arguments import need_path, need_whole
from nextchar.data.corpus import parts_of
from nextchar.data.files import is_plain_local_file, open_binary
from nextchar.data.format import ErrorPolicy, Format
from nextchar.data.pieces import in_context
from nextchar.data.sizes import MEMORY
from nextchar.data.text_options import TextOptions
from nextchar.models.ngram.counts import (
    COMPILED_FROM,
    I64,
    Counts,
    checked_order,
    count_parts,
    counts_from_table,
    sum_counts,
)
from nextchar.models.ngram.runs import gathered

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["count_files"]


def count_files(
    *sources: str | Path,
    order: int = 2,
    column: str | None = None,
    weight: str | None = None,
    encoding: str = "utf-8",
    delimiter: str | None = None,
    header: bool = True,
    errors: ErrorPolicy = "stop",
    options: TextOptions | None = None,
    threads: int | None = None,
    client: Client | None = None,
) -> Counts:
    """Count the n-grams of files of any size in bounded memory.

    The files are read in blocks whose counts are added. Bigrams of ASCII files on this machine are counted on the
    bytes as they lie, with one memory access for two bigrams; whatever needs more (blanks to strip, other
    characters, compressed files) goes through blocks. Workers of a Dask cluster count the same.

    Args:
        sources: as for Corpus.from_file, with column, weight, encoding and options.
        order: n.
        column: the column of a table that has the items.
        weight: that of the weights.
        encoding: a Python codec name.
        delimiter: the character between the fields of a table; by default it is found out.
        header: whether a table begins with the names of its columns.
        errors: what becomes of lines that cannot be used: see `Format`.
        options: what to do to the text.
        threads: for ASCII files; by default one a processor.
        client: a dask.distributed.Client of a cluster whose workers count; they can read all sources. The counts are
            gathered in the memory of this process (`count_to` writes them to a folder as they come).

    Raises:
        ClusterError: the cluster is gone, or has other versions.
        CorpusError: a source cannot be read, or there is no item in any of them.
        SettingsError: the order is out of range.

    Examples:
        >>> import nextchar
        >>> from pathlib import Path
        >>> _ = Path("names.txt").write_bytes(b"emma" + bytes([10]) + b"ava")
        >>> nextchar.count_files("names.txt", order=2)
        Counts(order 2, 8 n-grams, 9 in all)
    """
    checked_order(order)
    options = TextOptions.of(options)
    if threads is not None:
        need_whole(threads, "threads", at_least=1)
    for source in sources:
        need_path(source, "source")
    format_ = Format(encoding=encoding, column=column, weight=weight, delimiter=delimiter, header=header, errors=errors)
    if client is not None:
        from nextchar.models.ngram.cluster_counts import counted_on

        with counted_on(client, tuple(map(str, sources)), format_, options, order, MEMORY) as found:
            return gathered([found.run], MEMORY)
    plain = order == 2 and column is None and encoding.lower() in _ASCII_SUPERSETS
    plain = plain and not (options.graphemes or options.documents)

    def parts() -> Iterator[Counts]:
        for source in map(str, sources):
            counts = _count_ascii_file(source, options, threads or os.cpu_count() or 1) if plain else None
            if counts is None:
                yield count_parts(in_context(parts_of(source, format_, options, pieces=True), order - 1), order)
            else:
                yield counts

    return sum_counts(parts())


_ASCII_SUPERSETS: Final = {"utf-8", "utf8", "ascii", "latin-1", "latin1", "iso-8859-1"}
_READ_BYTES: Final = 1 << 20
_FOLD_BYTES: Final = 1 << 30  # the 32-bit counters are emptied this often


_LF, _CR = 10, 13


_ASCII_BLANKS: Final = [code for code in range(128) if chr(code).isspace() and code != _LF]


def _count_ascii_file(source: str, options: TextOptions, threads: int) -> Counts | None:
    """Bigrams of a file, if it holds nothing that needs a closer look; None if it does."""
    if not is_plain_local_file(source):
        return None
    with open_binary(source) as handle:
        size = handle.seek(0, os.SEEK_END)
    if size < COMPILED_FROM and not kernels_loaded():
        return None
    share = -(-size // threads)
    starts = range(0, size, max(share, _READ_BYTES))
    with ThreadPoolExecutor(len(starts) or 1) as pool:
        tables = list(pool.map(lambda start: _byte_pairs(source, start, min(start + starts.step, size)), starts))
    if not tables or any(table is None for table in tables):
        return None
    pairs = np.sum([table for table in tables if table is not None], axis=0)
    return _counts_of_byte_pairs(pairs, options)


def _byte_pairs(source: str, start: int, end: int) -> I64 | None:
    """How often each byte follows each other one, (128, 128), for the bytes start..end-1; None if any is not ASCII.

    The file counts as if it began and ended with a line feed.
    """
    from nextchar._kernels.counting import add_byte_triples

    pairs = np.zeros((128, 128), dtype=np.int64)
    triples = np.zeros((128, 128, 128), dtype=np.uint32)
    buffer = np.empty(_READ_BYTES, dtype=np.uint8)
    previous, unfolded = _LF, 0
    with open_binary(source) as handle:
        if start:
            handle.seek(start - 1)
            previous = handle.read(1)[0]
        at = start
        while at < end:
            got = handle.readinto(buffer[: min(end - at, _READ_BYTES)])  # type: ignore[attr-defined]
            if not got:
                break
            if not add_byte_triples(buffer[:got], previous, triples.reshape(-1), pairs):
                return None
            at, previous, unfolded = at + got, int(buffer[got - 1]), unfolded + got
            if unfolded >= _FOLD_BYTES:
                pairs += _folded(triples)
                triples[:], unfolded = 0, 0
        if not handle.read(1) and previous != _LF:
            pairs[previous, _LF] += 1
    return pairs + _folded(triples)


def _folded(triples: npt.NDArray[np.uint32]) -> I64:
    """The two byte pairs of each counted byte triple; triples are indexed [third, second, first]."""
    first_two: I64 = triples.sum(axis=0, dtype=np.int64).T
    last_two: I64 = triples.sum(axis=2, dtype=np.int64).T
    return first_two + last_two


def _counts_of_byte_pairs(pairs: I64, options: TextOptions) -> Counts | None:
    if pairs[0].any() or np.delete(pairs[_CR], _LF).any():  # NUL, or a carriage return inside a line
        return None
    pairs[:, _LF] += pairs[:, _CR]  # \r\n is one line end
    pairs[:, _CR] = 0
    pairs[_CR] = 0
    if options.strip and (pairs[_LF, _ASCII_BLANKS].any() or pairs[_ASCII_BLANKS, _LF].any()):
        return None
    pairs[_LF, _LF] = 0  # blank lines
    if options.lower:
        for upper in range(ord("A"), ord("Z") + 1):
            for view in (pairs, pairs.T):
                view[upper + 32] += view[upper]
                view[upper] = 0
    present = [int(code) for code in np.flatnonzero(pairs.sum(axis=1)) if code != _LF]
    if not present:
        return None
    ids = np.array([_LF, *present])
    return counts_from_table(Alphabet("".join(map(chr, present))), pairs[np.ix_(ids, ids)])
