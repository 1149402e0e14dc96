"""Writing counts as files (see `counts_folder`): from sorted runs, a folder that is whole or not there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from nextchar.data.alphabet import Alphabet
from nextchar.data.item_sum import ItemSum
from nextchar.data.provenance import Provenance
from nextchar.models.ngram.counts_folder import FACTS, FORMAT, GROUP_ROWS, ITEMS, KIND, SHARD_GROUPS, schema, shard
from nextchar.models.ngram.ngram_text import ngram_texts
from nextchar.models.ngram.runs import Piece, SortedRun, merged, union_of

__all__ = ["write_counts"]

COMPRESSION: Final = "zstd"


def write_counts(
    folder: Path, runs: Sequence[SortedRun], provenance: Provenance, item_sum: ItemSum, *, memory: int
) -> None:
    """Write the files of counts into an empty folder.

    Args:
        folder: where.
        runs: the counts.
        provenance: what is remembered of the data.
        item_sum: of all items.
        memory: bytes that merging may take, about.

    Raises:
        OSError: they cannot be written.
    """
    alphabet, order = union_of(runs), runs[0].order
    size = total = shards = 0
    for number, groups in enumerate(_shards(merged(runs, memory))):
        rows, sum_ = _write_shard(folder / shard(number), groups, alphabet)
        size, total, shards = size + rows, total + sum_, number + 1
    files = [shard(number) for number in range(shards)]
    if provenance.known is not None:
        (folder / ITEMS).write_bytes(provenance.known.astype("<u8").tobytes())
        files.append(ITEMS)
    document = {
        "kind": KIND,
        "format": FORMAT,
        "order": order,
        "alphabet": alphabet.document(),
        "options": provenance.options.document(),
        "items": provenance.items,
        "symbols": provenance.symbols,
        "weight": provenance.weight,
        "item_sum": str(item_sum),
        "ngrams": size,
        "total": total,
        "checksums": {name: _digest(folder / name) for name in files},
    }
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    (folder / FACTS).write_bytes(text.encode())


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _shards(pieces: Iterable[Piece]) -> Iterator[Iterator[Piece]]:
    """Row groups of one size, those of one file together."""
    groups = _groups(pieces)
    for first in groups:

        def shard_groups(first: Piece = first) -> Iterator[Piece]:
            yield first
            for _, group in zip(range(SHARD_GROUPS - 1), groups, strict=False):
                yield group

        yield shard_groups()


def _groups(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The same n-grams in pieces of `GROUP_ROWS`, the last of the rest."""
    held: list[Piece] = []
    rows = 0
    for ngrams, counts in pieces:
        at = 0
        while rows + len(counts) - at >= GROUP_ROWS:
            end = at + GROUP_ROWS - rows
            yield _joined([*held, (ngrams[at:end], counts[at:end])])
            held, rows, at = [], 0, end
        if at < len(counts):
            held.append((ngrams[at:], counts[at:]))
            rows += len(counts) - at
    if held:
        yield _joined(held)


def _joined(pieces: Sequence[Piece]) -> Piece:
    return np.concatenate([piece[0] for piece in pieces]), np.concatenate([piece[1] for piece in pieces])


def _write_shard(path: Path, groups: Iterable[Piece], alphabet: Alphabet) -> tuple[int, int]:
    """Write a Parquet file; how many n-grams it holds, and the sum of their counts."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    size = total = 0
    how = {"compression": COMPRESSION, "use_dictionary": ["count"], "store_schema": False, "write_page_checksum": True}
    with pq.ParquetWriter(path, schema(), **how) as writer:
        for ngrams, counts in groups:
            content, offsets = ngram_texts(ngrams, alphabet)
            texts = pa.StringArray.from_buffers(len(counts), pa.py_buffer(offsets), pa.py_buffer(content))
            writer.write_table(
                pa.Table.from_arrays([texts, pa.array(counts)], schema=schema()), row_group_size=GROUP_ROWS
            )
            size, total = size + len(counts), total + int(counts.sum())
    return size, total
