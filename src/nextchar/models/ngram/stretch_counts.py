"""Counting part of the files: what one worker of a cluster does (see `cluster_counts`).

A stretch is some spans of files that follow each other. They are counted in one table until the memory is full, and
then what has been counted is given back with what is left to count. So the memory of a worker is bounded, whatever the
text is like, and nothing is written to its disk here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final, NamedTuple

import numpy as np

from nextchar.core.cluster import on_this_worker, same_version
from nextchar.core.cluster_files import see_there
from nextchar.data.alphabet import Alphabet, Ids
from nextchar.data.blocks import name_of, raw_blocks
from nextchar.data.corpus import Corpus
from nextchar.data.documents import TEXT_END
from nextchar.data.encoded_lines import encode_block
from nextchar.data.format import Block, Format, LeftOut, Tally
from nextchar.data.item_sum import ItemSum
from nextchar.data.pieces import in_context
from nextchar.data.provenance import Provenance, ProvenanceRecorder, together
from nextchar.data.spans import BLOCK, Span, lines_before, read_span, read_text_span, text_before
from nextchar.data.text_options import TextOptions
from nextchar.errors import NextcharError
from nextchar.models.ngram.counts import Counts
from nextchar.models.ngram.spilling import Counter

__all__ = [
    "How",
    "ItemFacts",
    "Part",
    "Seen",
    "StretchReport",
    "count_stretch",
    "facts_of_text",
    "seen_in_its_place",
]

LEAST_BEFORE: Final = 1 << 10  # bytes that are read before a piece of a text, at first
SAMPLE: Final = 512  # n-grams of a part, from which it is known where ranges of equal size begin


@dataclass(frozen=True)
class How:
    """How text is counted.

    Attributes:
        format: how to read it.
        options: what is done to it.
        order: n.
        memory: bytes that counting may take, about.
        version: of the program that asks.
    """

    format: Format
    options: TextOptions
    order: int
    memory: int
    version: str

    @property
    def whole_texts(self) -> bool:
        """Whether each source is one text, which is cut inside."""
        return self.options.whole_files and self.format.column is None


@dataclass(frozen=True)
class Seen:
    """Lines of a source that were left out, or read with characters replaced.

    Attributes:
        source: the source.
        done: what was done to them.
        lines: how many, and the first; with its number in the source, unless that was not known.
        at: the piece of the source where the first is.
    """

    source: str
    done: str
    lines: LeftOut
    at: Span


@dataclass(frozen=True)
class StretchReport:
    """What the program that asks is told of a stretch.

    Attributes:
        bytes_read: of text, about where that is not known.
        rest: what is left to count, as a stretch of its own.
        alphabet: the characters that occurred; None where there was no item.
        size: how many n-grams there are.
        total: all of them together.
        sample: (k, n) n-grams at equal distances in their order, and the last one.
        seen: lines that were left out or had characters replaced.
    """

    bytes_read: int
    rest: tuple[Span, ...]
    alphabet: Alphabet | None
    size: int
    total: int
    sample: Ids
    seen: tuple[Seen, ...]


@dataclass(frozen=True)
class ItemFacts:
    """What is remembered of the items; adds up."""

    provenance: Provenance
    item_sum: ItemSum

    def __sizeof__(self) -> int:
        """For whoever decides what stays in memory."""
        return 0 if self.provenance.known is None else self.provenance.known.nbytes

    def __add__(self, other: ItemFacts) -> ItemFacts:
        return ItemFacts(together(self.provenance, other.provenance), self.item_sum + other.item_sum)


class Part(NamedTuple):
    """A stretch that has been counted: counts and facts stay on the cluster."""

    report: StretchReport
    counts: Counts | None
    facts: ItemFacts | None


def count_stretch(spans: tuple[Span, ...], how: How) -> Part:
    """In a worker: count spans until the memory is full.

    Raises:
        NextcharError: a line cannot be used and the policy is to stop; or a source cannot be read, on the worker that
            the message names.
    """
    import nextchar._kernels.counting  # noqa: F401 - where the compiled loops are loaded they are used

    same_version(how.version)
    stretch = _Stretch(how)
    with on_this_worker():
        rest = stretch.count(spans)
    return stretch.result(rest)


def seen_in_its_place(piece: Span, done: str, how: How) -> LeftOut:
    """In a worker: the first line of a piece to which something was done, with its number in the source."""
    same_version(how.version)
    with on_this_worker():
        tallies = [tally.found() for _, tally in _texts(piece, how, lines_before(piece) + 1)]
        return next(found[done] for found in tallies if done in found)


def facts_of_text(source: str, how: How) -> ItemFacts:
    """In a worker: what is remembered of a text, which is a whole source and is read from its beginning to its end."""
    same_version(how.version)
    recorder = ProvenanceRecorder(summing=True)
    with on_this_worker():
        see_there(source)
        where = f"{name_of(source)}: line"
        blocks = raw_blocks(source, how.format, options=how.options)
        found = (Corpus.from_encoded(encode_block(block, where, how.options, None), how.options) for block in blocks)
        deque(recorder.watch(corpus for corpus in found if corpus is not None), maxlen=0)
    return ItemFacts(recorder.result(), recorder.item_sum)


class _Stretch:
    def __init__(self, how: How) -> None:
        self._how = how
        self._counter = Counter(how.order, how.memory)
        self._recorder = ProvenanceRecorder(summing=True)
        self._seen: dict[tuple[str, str], Seen] = {}
        self._bytes = 0

    def count(self, spans: tuple[Span, ...]) -> tuple[Span, ...]:
        """Count until the memory is full; what is left."""
        for at, span in enumerate(spans):
            see_there(span.source)
            for piece in span.pieces(BLOCK):
                taken = self._take(piece)
                if taken is not None:
                    return (span.since(piece, taken), *spans[at + 1 :])
                self._bytes += 0 if piece.end is None else piece.end - piece.begin
        return ()

    def _take(self, piece: Span) -> int | None:
        """Count a piece; how many parts of it have been counted when the memory is full, or None when it has room."""
        part = 0
        for corpus, tally in _numbered(piece, self._how):
            corpora = [None] if corpus is None else self._counter.pieces(corpus, inside=self._how.whole_texts)
            for number, small in enumerate(corpora):
                if part >= piece.skip:
                    if small is not None and not self._counter.has_room_for(small):
                        return part
                    self._add(small)
                    if not number:  # so that it is told once, whoever goes on
                        self._note(piece, tally)
                part += 1
        return None

    def _add(self, corpus: Corpus | None) -> None:
        if corpus is not None and self._how.whole_texts:  # of which no worker sees all: see `facts_of_text`
            self._counter.add(corpus)
        elif corpus is not None:
            for part in self._recorder.watch([corpus]):
                self._counter.add(part)

    def _note(self, piece: Span, tally: Tally) -> None:
        for done, found in tally.found().items():
            key = piece.source, done
            if (before := self._seen.get(key)) is None:
                self._seen[key] = Seen(piece.source, done, found, replace(piece, skip=0))
            else:
                lines = replace(before.lines, lines=before.lines.lines + found.lines)
                self._seen[key] = replace(before, lines=lines)

    def result(self, rest: tuple[Span, ...]) -> Part:
        """What has been counted."""
        seen, how = tuple(self._seen.values()), self._how
        counts = self._counter.in_memory()
        if counts is None:
            nothing = np.empty((0, how.order), dtype=np.uint8)
            return Part(StretchReport(self._bytes, rest, None, 0, 0, nothing, seen), None, None)
        M = len(counts.counts)
        sample = counts.ngrams[np.linspace(0, M - 1, min(SAMPLE, M)).astype(np.intp)]
        report = StretchReport(self._bytes, rest, counts.alphabet, M, counts.total, sample, seen)
        return Part(report, counts, ItemFacts(self._recorder.result(), self._recorder.item_sum))


def _numbered(piece: Span, how: How) -> Iterator[tuple[Corpus | None, Tally]]:
    """As `_texts`; an error has the number of its line in the source, for which the lines before are counted then."""
    try:
        yield from _texts(piece, how, 1)
    except NextcharError:
        if piece.inner:
            deque(_texts(piece, how, lines_before(piece) + 1), maxlen=0)
        raise


def _of_text(piece: Span, how: How, first_line: int) -> Iterator[tuple[Corpus | None, Tally]]:
    """The part of a text that a piece has, in the context of what comes before; and what was replaced in it."""
    where, tally = f"{name_of(piece.source)}: line", Tally(how.format.errors)

    def parts() -> Iterator[Corpus]:
        for block in read_text_span(piece, how.format, how.options, tally, first_line):
            corpus = Corpus.from_encoded(encode_block(block, where, how.options, None), how.options)
            if corpus is not None:
                yield corpus

    before = _before(piece, how) if piece.inner else None
    corpora = in_context(parts() if before is None else chain([before], parts()), how.order - 1)
    if before is not None:
        next(corpora)
    for corpus in corpora:
        yield corpus, Tally(how.format.errors)
    yield None, tally


def _before(piece: Span, how: How) -> Corpus | None:
    """Symbols that come before a piece in its text, as many as n-grams need and some more, or as there are."""
    size = LEAST_BEFORE
    while True:
        text, all_ = text_before(piece, how.format, size)
        if text:
            block = Block(text, 1, closer=TEXT_END, continues=True)
            corpus = Corpus.from_encoded(encode_block(block, "", how.options, None), how.options)
            if corpus is not None and (all_ or corpus.symbols >= how.order):
                return corpus
        elif all_:
            return None
        size *= 4


def _texts(piece: Span, how: How, first_line: int) -> Iterator[tuple[Corpus | None, Tally]]:
    """The items of a piece, block by block, and what had to be done to its lines."""
    if how.whole_texts:
        yield from _of_text(piece, how, first_line)
        return
    where = f"{name_of(piece.source)}: line"
    blocks = (
        read_span(piece, how.format, first_line)
        if not how.options.documents
        else raw_blocks(piece.source, how.format, options=how.options)
    )
    for block in blocks:
        tally = Tally(how.format.errors)
        settled = tally.settle(block)
        found = encode_block(settled.without(settled.refused), where, how.options, None)
        yield Corpus.from_encoded(found, how.options), tally
