"""Counting on a cluster: stretches of the files are counted apart, and the counts added up in Dask's own tree.

    text   -> stretches, each counted by one worker; what no longer fits into its memory becomes another stretch
    counts -> ranges of n-grams in their order, so many that each fits into the memory; a tree of sums for each
    ranges -> one after the other to whoever asked

Nothing need be known beforehand, and the text is read once: each stretch has the alphabet of its own characters, and
since alphabets are sorted, n-grams that are in order stay so with the numbers of the alphabet of all. Where the ranges
begin is decided when everything has been counted, by a sample of each stretch's n-grams.

The counts of a stretch are a result of Dask. They live in the memory of the worker that made them, which moves what is
too much to its disk; when it dies they are lost, and their stretch is counted again. A stretch always ends in the same
place, so what is counted again is the same, and takes the place of what was lost.

Letters: M n-grams, n order, k of them in a sample.
"""

from __future__ import annotations

import os
import warnings
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial, reduce
from itertools import pairwise
from operator import add, itemgetter
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from nextchar._version import __version__
from nextchar.core.cluster import SPLIT_EVERY, Work, check_client, threads
from nextchar.core.cluster_files import for_workers, spans_of, stretches
from nextchar.data.alphabet import Alphabet
from nextchar.data.corpus import no_items
from nextchar.data.format import Format
from nextchar.data.item_sum import ItemSum
from nextchar.data.provenance import Provenance
from nextchar.data.spans import Span
from nextchar.data.text_options import TextOptions
from nextchar.errors import ClusterError, SettingsError
from nextchar.models.ngram.counts import Counts, checked_order
from nextchar.models.ngram.runs import Piece, SortedRun, gathered, run_of
from nextchar.models.ngram.spilling import total_of
from nextchar.models.ngram.stretch_counts import (
    How,
    ItemFacts,
    Part,
    Seen,
    StretchReport,
    count_stretch,
    facts_of_text,
    seen_in_its_place,
)

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["OnCluster", "counted_on"]

LEAST_STRETCH: Final = 1 << 24  # bytes, which take about a second
MOST_STRETCH: Final = 1 << 33
STRETCHES_A_THREAD: Final = 8  # so that late workers get some, and little is lost with one
FEWEST_THREADS: Final = 4  # that are thought to come, if fewer are there
RANGE_SHARE: Final = 0.25  # of the memory: what is added up for a range, before equal n-grams become one
MOST_SUMS: Final = 2_000_000  # of stretches and ranges; a scheduler takes about a millisecond for each

Bound = tuple[int, ...]  # an n-gram, its last symbol first: how it compares with others


@dataclass(frozen=True)
class OnCluster:
    """What has been counted on a cluster, and is there as long as it is used.

    Attributes:
        run: the counts; they can be read once, and are fetched range by range.
        provenance: what is remembered of the items.
        item_sum: of all items.
    """

    run: SortedRun
    provenance: Provenance
    item_sum: ItemSum


@contextmanager
def counted_on(
    client: Client,
    sources: Sequence[str],
    format_: Format,
    options: TextOptions,
    order: int,
    memory: int,
    reading: Callable[[int], None] | None = None,
) -> Iterator[OnCluster]:
    """Count files on a cluster: the counts, and all that is remembered, are those of one machine.

    Args:
        client: of the cluster.
        sources: files and URLs, which all workers can read.
        format_: how to read them.
        options: what is done to the text.
        order: n.
        memory: bytes that a task of a worker may take, about.
        reading: is told how many bytes have been read.

    Raises:
        ClusterError: the cluster is gone, or its workers are of another version.
        NextcharError: as for counting on one machine; what a worker cannot read is told with the worker's name.
    """
    how = How(format_, options, checked_order(order), memory, __version__)
    paths = for_workers(sources)
    check_client(client)
    job = _Job(client, how, reading)
    try:
        yield job.run(paths, sources)
    finally:
        job.drop()


class _Job:
    """One count. Whatever it holds futures of stays on the cluster."""

    def __init__(self, client: Client, how: How, reading: Callable[[int], None] | None) -> None:
        self._client, self._how, self._reading = client, how, reading
        self._name = f"nextchar-count-{os.urandom(8).hex()}"
        self._parts: list[tuple[Future, StretchReport]] = []
        self._futures: list[Future] = []

    def drop(self) -> None:
        """Cancel what is not done and forget the rest."""
        if self._client.status == "running":
            self._client.cancel([*self._futures, *(part for part, _ in self._parts)], force=True)
        self._parts, self._futures = [], []

    def run(self, paths: Sequence[str], sources: Sequence[str]) -> OnCluster:
        """Count everything."""
        spans = spans_of(self._client, paths, self._how.format, self._how.options)
        reports = self._count(spans)
        self._tell_of([seen for report in reports for seen in report.seen], paths)
        total = total_of(report.total for report in reports)
        if not self._parts:
            raise no_items(sources, self._how.format)
        alphabet = reduce(Alphabet.union, (report.alphabet for _, report in self._parts if report.alphabet is not None))
        facts = self._facts_of_texts(paths) if self._how.whole_texts else self._facts()
        ranges = self._ranges(alphabet)

        def pieces(rows: int) -> Iterator[Piece]:
            found = 0
            while ranges:
                [(_, counts)] = self._waited([ranges.pop(0)])
                found += counts.total
                yield from run_of(counts).pieces(rows)
            if found != total:
                raise ClusterError("the counts do not add up: a file has changed while it was read; count again")

        size = sum(report.size for _, report in self._parts)
        self._parts = []  # Dask keeps them as long as they are needed for the ranges
        return OnCluster(SortedRun(alphabet, self._how.order, size, pieces), facts.provenance, facts.item_sum)

    # -- counting ---------------------------------------------------------------------------------------------------

    def _count(self, spans: Sequence[Span]) -> list[StretchReport]:
        """Count all stretches, and what is left of those that were too much for the memory."""
        workers = max(threads(self._client), FEWEST_THREADS)
        size = sum(span.end or 0 for span in spans) // (workers * STRETCHES_A_THREAD)
        work = Work(self._client)
        parts: dict[str, Future] = {}

        def begin(stretch: tuple[Span, ...]) -> None:
            key = f"{self._name}-{len(parts)}"
            part = self._client.submit(count_stretch, stretch, self._how, key=key, pure=False)
            report = self._client.submit(itemgetter(0), part, key=f"{key}-report", pure=False)
            parts[report.key] = part
            self._futures += [part, report]
            work.add([report])

        for stretch in stretches(spans, min(max(size, LEAST_STRETCH), MOST_STRETCH)):
            begin(stretch)
        done, reports = 0, []
        for future, report in work:
            reports.append(report)
            if report.size:
                self._parts.append((parts[future.key], report))
            if report.rest:
                begin(report.rest)
            done += report.bytes_read
            if self._reading is not None:
                self._reading(done)
        self._futures = []
        return reports

    def _tell_of(self, seen: Sequence[Seen], paths: Sequence[str]) -> None:
        """Warn of lines that were left out or had characters replaced, source by source."""
        for path in dict.fromkeys(paths):
            for done in dict.fromkeys(one.done for one in seen if one.source == path):
                found = [one for one in seen if (one.source, one.done) == (path, done)]
                first = min(found, key=lambda one: (one.at.begin, one.lines.number))
                lines = replace(first.lines, lines=sum(one.lines.lines for one in found))
                if first.at.inner:
                    key = f"{self._name}-seen-{os.urandom(8).hex()}"
                    where = self._client.submit(seen_in_its_place, first.at, done, self._how, key=key, pure=False)
                    [(_, placed)] = self._waited([where])
                    lines = replace(placed, lines=lines.lines)
                warnings.warn(lines.warning(done), stacklevel=2)

    def _waited(self, futures: list[Future]) -> list[tuple[Future, Any]]:
        work = Work(self._client)
        work.add(futures)
        return list(work)

    # -- adding up --------------------------------------------------------------------------------------------------

    def _facts(self) -> ItemFacts:
        """What is remembered of all items."""
        [future] = self._client.compute([self._tree(itemgetter(2), partial(reduce, add))])
        [(_, facts)] = self._waited([future])
        assert isinstance(facts, ItemFacts)
        return facts

    def _facts_of_texts(self, paths: Sequence[str]) -> ItemFacts:
        """The same of texts, each of which is read once more: what is remembered of one goes by all of its places."""
        name = f"{self._name}-facts"
        self._futures = [
            self._client.submit(facts_of_text, path, self._how, key=f"{name}-{i}", pure=False)
            for i, path in enumerate(paths)
        ]
        found = {future.key: facts for future, facts in self._waited(self._futures)}
        facts: ItemFacts = reduce(add, (found[future.key] for future in self._futures))
        self._futures = []
        return facts

    def _ranges(self, alphabet: Alphabet) -> list[Future]:
        """The counts of all stretches together, range by range, as they are computed."""
        reports = [report for _, report in self._parts]
        row_bytes = self._how.order * alphabet.dtype.itemsize + 8
        most = sum(report.size for report in reports) * row_bytes
        wanted = -(-most // int(RANGE_SHARE * self._how.memory))
        if wanted * len(reports) > MOST_SUMS:
            raise SettingsError(
                f"the counts of {len(reports):,} stretches of text make {wanted:,} ranges that fit into the memory of "
                "a worker's task: too many to be added up; give more memory, or count fewer files at a time and merge",
                argument="memory",
            )
        bounds = [None, *_bounds(reports, alphabet, wanted), None]
        summed = partial(_summed, alphabet=alphabet, order=self._how.order, memory=self._how.memory)
        trees = [
            self._tree(partial(_cut, alphabet=alphabet, low=low, high=high), summed) for low, high in pairwise(bounds)
        ]
        self._futures = self._client.compute(trees)
        return self._futures

    def _tree(self, of_one: Callable[[Part], Any], together: Callable[[Any], Any]) -> Any:
        from dask.bag import from_delayed

        bag = from_delayed([future for future, _ in self._parts])
        return bag.reduction(of_one, together, split_every=SPLIT_EVERY)


def _bounds(reports: Sequence[StretchReport], alphabet: Alphabet, wanted: int) -> list[Bound]:
    """N-grams with which ranges of about equal size begin, but for the first range."""
    points: list[tuple[Bound, float]] = []
    for report in reports if wanted > 1 else ():
        assert report.alphabet is not None, "stretches without items have been left out"
        numbers = report.alphabet.ids_in(alphabet)[report.sample][:, ::-1]
        points += [(tuple(ngram), report.size / len(numbers)) for ngram in numbers.tolist()]
    points.sort()
    found: list[Bound] = []
    passed, step = 0.0, sum(size for _, size in points) / wanted
    for ngram, size in points:
        if passed >= (len(found) + 1) * step and (not found or found[-1] < ngram):
            found.append(ngram)
        passed += size
    return found


def _cut(part: Part, alphabet: Alphabet, low: Bound | None, high: Bound | None) -> Counts:
    """In a worker: the counts of a part from one n-gram to before another, with the ids of another alphabet."""
    counts = part.counts
    assert counts is not None, "stretches without items have been left out"
    numbers = counts.alphabet.ids_in(alphabet).astype(alphabet.dtype)

    def key(row: int) -> Bound:
        return tuple(numbers[counts.ngrams[row]].tolist()[::-1])

    rows = range(len(counts.counts))
    begin = 0 if low is None else bisect_left(rows, low, key=key)
    end = len(rows) if high is None else bisect_left(rows, high, key=key)
    return Counts(alphabet, counts.order, numbers[counts.ngrams[begin:end]], counts.counts[begin:end])


def _summed(parts: Any, alphabet: Alphabet, order: int, memory: int) -> Counts:
    """In a worker: counts over one alphabet added up; there may be none in any of them."""
    runs = [run_of(part) for part in parts if len(part.counts)]
    if not runs:
        return Counts(alphabet, order, np.empty((0, order), dtype=alphabet.dtype), np.empty(0, dtype=np.int64))
    return gathered(runs, memory // 4)
