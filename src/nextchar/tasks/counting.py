"""Counting files of any size into a folder of counts, and merging such folders: what `count` and `merge` do."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nextchar.data.arguments import need_all, need_path
from nextchar.data.corpus import Corpus, stream
from nextchar.data.decoding import Digest
from nextchar.data.format import ErrorPolicy, Format
from nextchar.data.item_sum import ItemSum
from nextchar.data.new_folder import folder_being_written
from nextchar.data.pieces import in_context
from nextchar.data.provenance import ProvenanceRecorder, together
from nextchar.data.sizes import MEMORY, checked_memory
from nextchar.data.text_options import TextOptions
from nextchar.errors import CountsError
from nextchar.models.ngram.counts import checked_order
from nextchar.models.ngram.counts_folder import CountsFolder, need_pyarrow
from nextchar.models.ngram.counts_writer import write_counts
from nextchar.models.ngram.spilling import count_within, few, total_of

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["count_sources", "count_to", "merge_counts"]

_RUNS: Final = "runs"


def count_to(
    target: str | Path,
    *sources: str | Path,
    order: int,
    memory: int | str = MEMORY,
    column: str | None = None,
    weight: str | None = None,
    encoding: str = "utf-8",
    delimiter: str | None = None,
    header: bool = True,
    errors: ErrorPolicy = "stop",
    options: TextOptions | None = None,
    client: Client | None = None,
) -> CountsFolder:
    """Count the n-grams of files of any size into a folder; see `CountsFolder`.

    What does not fit into the memory is sorted on disk, beside the target. On a cluster it stays with the workers, and
    the folder that this process writes is the same.

    Args:
        target: the folder, which is made.
        sources: as for Corpus.from_file, with column, weight, encoding, delimiter, header, errors and options.
        order: n.
        memory: that counting may take, about: bytes, or a text such as 1GB. On a cluster, a task of a worker.
        column: the column of a table that has the items.
        weight: that of the weights.
        encoding: a Python codec name.
        delimiter: the character between the fields of a table; by default it is found out.
        header: whether a table begins with the names of its columns.
        errors: what becomes of lines that cannot be used: see `Format`.
        options: what to do to the text.
        client: a dask.distributed.Client of a cluster whose workers count; they can read all sources.

    Raises:
        ClusterError: the cluster is gone, or has other versions.
        CorpusError: a source cannot be read, or there is no item in any of them.
        CountsError: the folder exists already, or cannot be written.
        SettingsError: the order is out of range, or the memory too small.
        MissingExtraError: pyarrow is not installed.

    Examples:
        >>> import nextchar
        >>> from pathlib import Path
        >>> _ = Path("names.txt").write_bytes(b"emma" + bytes([10]) + b"ava")
        >>> nextchar.count_to("counts", "names.txt", order=3)
        CountsFolder(order 3, 9 n-grams, 9 in all, of 2 items)
    """
    format_ = Format(encoding=encoding, column=column, weight=weight, delimiter=delimiter, header=header, errors=errors)
    return count_sources(
        *(target, tuple(map(str, sources)), format_, TextOptions.of(options), order), memory=memory, client=client
    )


def count_sources(
    target: str | Path,
    sources: Sequence[str],
    format_: Format,
    options: TextOptions,
    order: int,
    *,
    memory: int | str = MEMORY,
    reading: Callable[[int], None] | None = None,
    client: Client | None = None,
) -> CountsFolder:
    """As `count_to`, with all that says how to read in one.

    Args:
        target: as there, and so are the others.
        sources: the files.
        format_: how to read them.
        options: what to do to the text.
        order: n.
        memory: that counting may take.
        reading: is told how many bytes have been read.
        client: of a cluster.
    """
    order, size = checked_order(order), checked_memory(memory)
    need_path(target, "target")
    need_all(sources, (str, os.PathLike), "sources", "a list of paths")
    need_pyarrow()
    if client is not None:
        from nextchar.models.ngram.cluster_counts import counted_on

        with (
            folder_being_written(target, CountsError, "counts") as folder,
            counted_on(client, sources, format_, options, order, size, reading) as found,
        ):
            write_counts(folder, [found.run], found.provenance, found.item_sum, memory=size // 2)
        return CountsFolder.open(target)
    with folder_being_written(target, CountsError, "counts") as folder:
        digest, recorder = Digest(), ProvenanceRecorder(summing=True)
        parts = _watched(stream(sources, format_, options, digest=digest, pieces=True), digest, reading)
        runs = count_within(in_context(recorder.watch(parts), order - 1), order, size, folder / _RUNS)
        write_counts(folder, runs, recorder.result(), recorder.item_sum, memory=size // 2)
        for run in runs:
            run.discard()
        _remove(folder / _RUNS)
    return CountsFolder.open(target)


def merge_counts(target: str | Path, *folders: str | Path | CountsFolder, memory: int | str = MEMORY) -> CountsFolder:
    """Add folders of counts up: the same files, byte for byte, as if all their data had been counted at once.

    Args:
        target: the folder, which is made.
        folders: one or more, of one order and from text that was treated alike.
        memory: that merging may take, about: bytes, or a text such as 1GB.

    Raises:
        CountsError: a folder cannot be read, is damaged, or does not go with the others; or the target exists already.
        CorpusError: the counts do not fit into 64 bits together.
        SettingsError: the memory is too small.
        MissingExtraError: pyarrow is not installed.

    Examples:
        >>> import nextchar
        >>> from pathlib import Path
        >>> for name in ("emma", "ava"):
        ...     _ = Path(f"{name}.txt").write_text(name)
        ...     _ = nextchar.count_to(name, f"{name}.txt", order=2)
        >>> nextchar.merge_counts("both", "emma", "ava")
        CountsFolder(order 2, 8 n-grams, 9 in all, of 2 items)
    """
    size = checked_memory(memory)
    need_path(target, "target")
    need_pyarrow()
    parts = [folder if isinstance(folder, CountsFolder) else CountsFolder.open(folder) for folder in folders]
    if not parts:
        raise CountsError("there is nothing to merge; give folders of counts", argument="counts")
    for part in parts[1:]:
        _check_alike(parts[0], part)
    total_of(part.total for part in parts)
    with folder_being_written(target, CountsError, "counts") as folder:
        provenance = reduce(together, (replace(part.provenance, known=part.known) for part in parts))
        item_sum = reduce(ItemSum.__add__, (part.item_sum for part in parts))
        runs = few([part.run() for part in parts], size // 2, folder / _RUNS)
        write_counts(folder, runs, provenance, item_sum, memory=size // 2)
        for run in runs:
            run.discard()
        _remove(folder / _RUNS)
    return CountsFolder.open(target)


def _check_alike(first: CountsFolder, other: CountsFolder) -> None:
    if first.order != other.order:
        raise CountsError(
            f"{other.path}: has order {other.order}, and {first.path} order {first.order}; counts of one order add up"
        )
    if first.provenance.options != other.provenance.options:
        raise CountsError(
            f"{other.path}: its text was treated otherwise than that of {first.path} ({other.provenance.options} and "
            f"{first.provenance.options}); count both alike"
        )


def _remove(folder: Path) -> None:
    if folder.exists():
        folder.rmdir()


def _watched(parts: Iterator[Corpus], digest: Digest, reading: Callable[[int], None] | None) -> Iterator[Corpus]:
    for part in parts:
        if reading is not None:
            reading(digest.size)
        yield part
