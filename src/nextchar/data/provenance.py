"""What a model remembers of the data it was trained on: how to treat text, how much there was, and which items.

The items are kept as fingerprints (see Corpus.fingerprints), 8 bytes a distinct item, so that a model can tell which
strings are new to it without holding the training data. Beyond two million distinct items they are not kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from nextchar._kernels.loading import kernels_loaded
from nextchar.data.corpus import Corpus
from nextchar.data.display import one_line
from nextchar.data.fingerprints import Begun, Fingerprints
from nextchar.data.item_sum import ItemSum
from nextchar.data.item_weights import exact_sum
from nextchar.data.source import Source
from nextchar.data.text_options import TextOptions

__all__ = ["KEPT_ITEMS", "Provenance", "ProvenanceRecorder", "together"]

KEPT_ITEMS: Final = 1 << 21
RECENT: Final = 1 << 18
SLICE_SYMBOLS: Final = 1 << 20  # of a corpus that are looked at together, which bounds the memory
PENDING: Final = 1 << 20  # fingerprints that are sorted together at least


@dataclass(frozen=True, kw_only=True, eq=False)
class Provenance:
    """The training data, as a model remembers it.

    Attributes:
        options: what was done to the text, and is done to all text that the model is given.
        items: how many.
        symbols: characters plus one boundary an item.
        weight: the sum of the items' weights, or None where they had none.
        source: the files and their SHA-256, or None.
        known: sorted fingerprints of the distinct items, or None where there were too many.
    """

    options: TextOptions = TextOptions()  # noqa: RUF009 - frozen
    items: int
    symbols: int
    weight: int | None = None
    source: Source | None = None
    known: Fingerprints | None = None

    __repr__ = one_line

    @classmethod
    def of(cls, corpus: Corpus) -> Provenance:
        """The provenance of a model trained on this corpus."""
        recorder = ProvenanceRecorder()
        parts = corpus.stretches(SLICE_SYMBOLS, 0) if len(corpus) else [corpus]
        for _ in recorder.watch(parts):
            pass
        return replace(recorder.result(), source=corpus.source)


def together(a: Provenance, b: Provenance) -> Provenance:
    """What is remembered of both data sets; the files are named no more."""
    known = None
    if a.known is not None and b.known is not None:
        known = np.union1d(a.known, b.known)
    if known is not None and len(known) > KEPT_ITEMS:
        known = None
    weighted = a.weight is not None or b.weight is not None
    return replace(
        a,
        items=a.items + b.items,
        symbols=a.symbols + b.symbols,
        weight=sum(p.items if p.weight is None else p.weight for p in (a, b)) if weighted else None,
        source=None,
        known=known,
    )


def _with(known: Fingerprints, prints: Fingerprints) -> Fingerprints:
    """Sorted fingerprints with more of them, each once."""
    together = np.concatenate([known, prints])
    together.sort()
    first = np.ones(len(together), dtype=np.bool_)
    first[1:] = together[1:] != together[:-1]
    return together[first]


class ProvenanceRecorder:
    """Notes what passes by while a corpus is streamed in parts.

    Args:
        summing: whether to sum all items up, which takes time where they are many.

    Attributes:
        blank: blank lines that the parts left out.
        item_sum: of all items, if they are summed up.
    """

    def __init__(self, *, summing: bool = False) -> None:
        self._summing, self.item_sum = summing, ItemSum()
        self._options = TextOptions()
        self._items = self._symbols = self._weight = 0
        self._weighted = False
        self._begun = Begun()  # of an item that is a text and comes in pieces
        self.blank = 0
        self._known: Fingerprints | None = np.empty(0, dtype=np.uint64)
        self._pending: list[Fingerprints] = []  # not yet sorted in; sorted in when they are many
        self._recent = np.zeros(RECENT, dtype=np.uint64)  # by their last bits: most repeats are recognised here

    def watch(self, parts: Iterable[Corpus]) -> Iterator[Corpus]:
        """Pass the parts on."""
        for part in parts:
            self._options = part.options
            self._items += len(part)
            self.blank += part.blank
            self._symbols += part.symbols
            self._weighted |= part.weights is not None
            self._weight += len(part) if part.weights is None else exact_sum(part.weights)
            prints = None
            if self._summing or self._known is not None:
                prints, self._begun = part.fingerprints_onwards(self._begun)
            if prints is not None and self._summing:
                self.item_sum += ItemSum.of(part, prints)
            if prints is not None and self._known is not None:
                self._pending.append(self._unseen(prints))
                if sum(map(len, self._pending)) > max(len(self._known), PENDING):
                    self._sort_in()
            yield part

    def _unseen(self, prints: Fingerprints) -> Fingerprints:
        """Without those that were seen lately."""
        unseen: Fingerprints
        if kernels_loaded():
            from nextchar._kernels.corpus import drop_recent

            unseen = drop_recent(prints, self._recent).copy()  # and not in the room for all of them
            return unseen
        slots = prints & np.uint64(RECENT - 1)
        unseen = prints[self._recent[slots] != prints]
        self._recent[slots] = prints
        return unseen

    def _sort_in(self) -> None:
        if self._known is not None and self._pending:
            known = _with(self._known, np.concatenate(self._pending))
            self._known = known if len(known) <= KEPT_ITEMS else None
        self._pending = []

    def result(self, source: Source | None = None) -> Provenance:
        """What was seen so far."""
        self._sort_in()
        return Provenance(
            options=self._options,
            items=self._items,
            symbols=self._symbols,
            weight=self._weight if self._weighted else None,
            source=source,
            known=self._known,
        )
