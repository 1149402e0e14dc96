r"""Counts as files: a folder of Parquet files that any program reads, and the facts that belong to them.

    counts/00000.parquet    columns `ngram` (text) and `count` (int64), in the order of `Counts`; then 00001.parquet
    counts/_counts.json     format, order, alphabet, what was done to the text, how many items and symbols, checksums
    counts/_items.u64       the fingerprints of the distinct items, sorted, unless there were too many to be kept

The boundary is a line feed, or of texts with line feeds in them a NUL (see `ngram_text`). Only n-grams of the highest
order are stored: every symbol of the data ends exactly one, so those of a lower order are sums,
`SELECT right(ngram, 2), sum(count) ... GROUP BY 1`. All that the folder holds adds up and is in one order, so equal
data make equal files, byte for byte, however they were divided.

Whoever reads folders (pandas, Arrow, Spark) passes over names that begin with an underscore.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from nextchar.data.alphabet import BOUNDARY, Alphabet, Ids
from nextchar.data.arguments import need_path
from nextchar.data.display import LONGEST, shortened, thousands
from nextchar.data.fingerprints import Fingerprints
from nextchar.data.item_sum import ItemSum
from nextchar.data.item_weights import MOST_WEIGHT
from nextchar.data.provenance import KEPT_ITEMS, Provenance
from nextchar.data.sizes import MEMORY
from nextchar.data.text_options import TextOptions
from nextchar.errors import CountsError, MissingExtraError, NextcharError
from nextchar.models.ngram.counts import Counts, checked_order, colexicographic
from nextchar.models.ngram.ngram_text import ngrams_of
from nextchar.models.ngram.runs import Piece, SortedRun, gathered

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "FACTS",
    "FORMAT",
    "GROUP_ROWS",
    "ITEMS",
    "KIND",
    "SHARD_GROUPS",
    "CountsFolder",
    "need_pyarrow",
    "schema",
    "shard",
]

FORMAT: Final = 1
KIND: Final = "nextchar counts"
FACTS: Final = "_counts.json"
ITEMS: Final = "_items.u64"
GROUP_ROWS: Final = 1 << 18  # n-grams of a row group, which is what is compressed together
SHARD_GROUPS: Final = 64
PAGES: Final = 1 << 16  # bytes that the pages of a column take beside what they hold, at the most


def need_pyarrow() -> None:
    """Say that pyarrow is missing, before anything is computed.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise MissingExtraError("counts as files", "counts") from None


@dataclass(frozen=True, kw_only=True)
class CountsFolder:
    """A folder of counts, of which the facts have been read.

    Attributes:
        path: the folder.
        order: n.
        alphabet: the characters that occur.
        provenance: what is remembered of the data, without the fingerprints of its items, which are in `known`.
        item_sum: of all items.
        size: how many n-grams there are.
        total: all of them together: the symbols of the data, each as often as its item counts.
        checksums: the SHA-256 of each file, by its name.

    Examples:
        >>> import nextchar
        >>> from pathlib import Path
        >>> _ = Path("names.txt").write_bytes(b"emma" + bytes([10]) + b"ava")
        >>> folder = nextchar.count_to("counts", "names.txt", order=2)
        >>> folder
        CountsFolder(order 2, 8 n-grams, 9 in all, of 2 items)
        >>> nextchar.CountsFolder.open("counts").counts() == nextchar.count_files("names.txt", order=2)
        True
    """

    path: Path
    order: int
    alphabet: Alphabet
    provenance: Provenance
    item_sum: ItemSum
    size: int
    total: int
    checksums: Mapping[str, str]

    def __repr__(self) -> str:
        items = thousands(self.provenance.items, "item")
        return f"CountsFolder(order {self.order}, {thousands(self.size, 'n-gram')}, {self.total:,} in all, of {items})"

    @classmethod
    def open(cls, path: str | Path) -> CountsFolder:
        """Read the facts of a folder.

        Raises:
            CountsError: it is no folder of counts, is damaged, or comes from a newer version.
        """
        need_path(path)
        folder = Path(path)
        try:
            content = (folder / FACTS).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            missing = (
                "there is no such folder of counts"
                if not folder.exists()
                else f"is no folder of counts: it has no {FACTS}"
            )
            raise CountsError(f"{path}: {missing}") from None
        except OSError as error:
            raise CountsError(f"{path}: cannot be read: {error.strerror or error}") from error
        try:
            document = json.loads(content)
            if document["format"] != FORMAT:
                version = shortened(repr(document["format"]))
                raise CountsError(f"{path}: has format {version}; this version reads format {FORMAT}: upgrade it")
            return cls._of(folder, document)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            if isinstance(error, CountsError):
                raise
            raise CountsError(f"{path}: is damaged: its description cannot be read") from None

    @classmethod
    def _of(cls, folder: Path, document: Any) -> CountsFolder:
        numbers = {name: document[name] for name in ("order", "items", "symbols", "ngrams", "total")}
        weight = document["weight"]
        item_sum = ItemSum.read(document["item_sum"])
        counted = [*numbers.values(), *([] if weight is None else [weight])]
        checksums = {str(name): str(digest) for name, digest in document["checksums"].items()}
        shards = -(-numbers["ngrams"] // (GROUP_ROWS * SHARD_GROUPS))
        if (
            any(type(number) is not int or not 1 <= number <= MOST_WEIGHT for number in counted)
            or item_sum is None
            or document["kind"] != KIND
            or numbers["ngrams"] > numbers["total"]
            or (weight is None and numbers["symbols"] != numbers["total"])
            or set(checksums) - {ITEMS} != {shard(number) for number in range(min(shards, len(checksums) + 1))}
        ):
            raise ValueError
        return cls(
            path=folder,
            order=checked_order(numbers["order"]),
            alphabet=Alphabet(**document["alphabet"]),
            provenance=Provenance(
                options=TextOptions(**document["options"]),
                items=numbers["items"],
                symbols=numbers["symbols"],
                weight=weight,
            ),
            item_sum=item_sum,
            size=numbers["ngrams"],
            total=numbers["total"],
            checksums=checksums,
        )

    @property
    def size_bytes(self) -> int:
        """Of all its files.

        Raises:
            CountsError: one is missing.
        """
        total = 0
        for name in (FACTS, *self.checksums):
            with self._opening(name):
                total += (self.path / name).stat().st_size
        return total

    def verify(self) -> None:
        """See that every file is as it was written: its checksum.

        Raises:
            CountsError: one is missing or damaged.
        """
        for name in self.checksums:
            with self._opening(name):
                self._check(name)

    # -- reading ------------------------------------------------------------------------------------------------

    @cached_property
    def known(self) -> Fingerprints | None:
        """The fingerprints of the distinct items, sorted; None where there were too many.

        Raises:
            CountsError: they cannot be read.
        """
        if ITEMS not in self.checksums:
            return None
        with self._reading(ITEMS):
            self._check(ITEMS)
            known = np.fromfile(self.path / ITEMS, dtype="<u8").astype(np.uint64)
            if not len(known) or len(known) > KEPT_ITEMS or (known[1:] <= known[:-1]).any():
                raise CountsError(f"{self.path / ITEMS}: does not hold sorted fingerprints")
        return known

    def counts(self, *, memory: int = MEMORY) -> Counts:
        """All counts, in memory.

        Raises:
            CountsError: a file is missing or damaged, or does not fit the facts.
        """
        need_pyarrow()
        return gathered([self.run()], memory)

    def run(self) -> SortedRun:
        """The counts, to be read piece by piece; what is read is checked."""
        return SortedRun(self.alphabet, self.order, self.size, self._pieces)

    def _pieces(self, rows: int) -> Iterator[Piece]:
        size = total = items = 0
        last = None
        for number in range(-(-self.size // (GROUP_ROWS * SHARD_GROUPS))):
            for ngrams, counts in self._of_shard(shard(number), rows):
                follows = colexicographic(ngrams if last is None else np.concatenate([last[None], ngrams]))
                if not follows or not _padded(ngrams) or counts.min() < 1 or int(counts.max()) > self.total - total:
                    raise CountsError(f"{self.path / shard(number)}: its n-grams are not in order, or its counts wrong")
                if size + len(counts) > self.size:  # before they come to whoever has made room for fewer
                    raise self._unfit()
                last = ngrams[-1]
                size, total = size + len(counts), total + int(counts.sum())
                items += int(counts[ngrams[:, -1] == BOUNDARY].sum())
                yield ngrams, counts
        seen = self.provenance
        if (size, total, items) != (self.size, self.total, seen.items if seen.weight is None else seen.weight):
            raise self._unfit()

    def _unfit(self) -> CountsError:
        return CountsError(f"{self.path}: is damaged: its files do not fit its description")

    def _of_shard(self, name: str, rows: int) -> Iterator[Piece]:
        import pyarrow.parquet as pq

        with self._reading(name):
            self._check(name)
            with pq.ParquetFile(self.path / name) as file:
                if file.schema_arrow.remove_metadata() != schema():
                    raise CountsError(f"{self.path / name}: has other columns than ngram (text) and count (int64)")
                if not self._plain(file.metadata):
                    raise CountsError(f"{self.path / name}: its texts are stored otherwise than in counts of nextchar")
                for batch in file.iter_batches(batch_size=rows):
                    if len(batch):
                        yield self._piece(batch)

    def _plain(self, metadata: Any) -> bool:
        """Whether a Parquet file says that its texts take no more room than n-grams do.

        A text that stands once in a dictionary can be meant a million times, and little can be what a lot of the same
        was compressed to. So a small file would fill the memory.
        """
        widest = max(len(name.encode()) for name in self.alphabet.names)
        groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
        return metadata.num_rows <= GROUP_ROWS * SHARD_GROUPS and all(
            group.num_rows <= GROUP_ROWS
            and not group.column(0).has_dictionary_page
            and not set(group.column(0).encodings) & {"PLAIN_DICTIONARY", "RLE_DICTIONARY"}
            and group.column(0).total_uncompressed_size <= group.num_rows * (self.order * widest + 4) + PAGES
            for group in groups
        )

    def _piece(self, batch: pa.RecordBatch) -> Piece:
        texts, tallies = batch.column(0), batch.column(1)
        if texts.null_count or tallies.null_count:
            raise CountsError("it has empty fields")
        begin, end = texts.offset, texts.offset + len(texts)
        offsets = np.frombuffer(texts.buffers()[1], dtype=np.int32)[begin : end + 1]
        content = texts.buffers()[2][int(offsets[0]) : int(offsets[-1])].to_pybytes()
        counts = tallies.to_numpy(zero_copy_only=True)
        return ngrams_of(content, offsets - offsets[0], self.order, self.alphabet), counts

    @contextmanager
    def _reading(self, name: str) -> Iterator[None]:
        import pyarrow as pa

        with self._opening(name):
            try:
                yield
            except CountsError:
                raise
            except (NextcharError, pa.ArrowException, ValueError, TypeError, LookupError, OverflowError) as error:
                raise CountsError(f"{self.path / name}: is damaged: {shortened(str(error), LONGEST)}") from None

    @contextmanager
    def _opening(self, name: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise CountsError(f"{self.path / name}: cannot be read: {error.strerror or error}") from error

    def _check(self, name: str) -> None:
        with (self.path / name).open("rb") as handle:
            if hashlib.file_digest(handle, "sha256").hexdigest() != self.checksums[name]:
                raise CountsError(f"{self.path / name}: is damaged: its checksum does not fit its content")


def schema() -> pa.Schema:
    """The columns of the Parquet files."""
    import pyarrow as pa

    return pa.schema([pa.field("ngram", pa.string(), nullable=False), pa.field("count", pa.int64(), nullable=False)])


def shard(number: int) -> str:
    """The name of a Parquet file; the first has the number 0."""
    return f"{number:05}.parquet"


def _padded(ngrams: Ids) -> bool:
    """Whether before a boundary, but for the last symbol, there are boundaries only."""
    return not ((ngrams[:, 1:-1] == BOUNDARY) & (ngrams[:, :-2] != BOUNDARY)).any()
