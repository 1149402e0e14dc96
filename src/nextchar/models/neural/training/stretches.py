"""Long texts in batches without waste: rows of equal length, one behind the other, from a place that changes.

A text that is longer than any row is not packed but cut: its symbols, and those of the texts behind it, lie in one
circle, and each epoch begins at another place of it (of chance), so that no symbol is always first in its row. Each is
predicted once an epoch, with what precedes it in its row. A net that carries no state from row to row reads the rows in
an order of chance. One that does reads as many streams as a batch has rows, each a stretch of the circle from its
beginning to its end, row by row (truncated backpropagation through time, Williams and Peng 1990).

An epoch depends on the seed and its number alone, and its rows are made when they are read: a text of gigabytes takes
little more memory than itself.

Letters: R rows of an epoch, T places of a row, B streams, S symbols of the corpus.
"""

from __future__ import annotations

from typing import final

import numpy as np

from nextchar.data.alphabet import BOUNDARY
from nextchar.data.corpus import Corpus
from nextchar.models.neural.nets.base import Net
from nextchar.models.neural.training.packing import I64, IGNORED, Epochs, PackedRows, RowSource, is_text

__all__ = ["StretchRows", "Stretches", "row_source"]


def row_source(corpus: Corpus, net: Net, *, batch: int, seed: int, repeats: bool = False) -> RowSource:
    """A corpus as rows for a net: texts in stretches, shorter items packed, and so are items that have weights.

    Args:
        corpus: the items to learn from.
        net: which says how long a row of a text is, and whether it carries its state on.
        batch: symbols of a batch, about.
        seed: of the order.
        repeats: whether items with weights are read as often as they weigh; see `packing.Epochs`.
    """
    if corpus.weights is not None or not is_text(corpus):
        return Epochs(corpus, seed=seed, repeats=repeats)
    T = net.stretch
    return Stretches(corpus, T, streams=max(batch // T, 1) if net.carries else None, seed=seed)


@final
class Stretches:
    """Texts as rows, epoch after epoch.

    Attributes:
        T: places of a row.
        rows: R, of each epoch.
        carried: whether each batch goes on where the one before ended.

    Args:
        corpus: texts.
        T: places of a row.
        streams: B, read side by side, where a net carries its state on; each batch is a row of each.
        seed: of places and order.
    """

    def __init__(self, corpus: Corpus, T: int, *, streams: int | None, seed: int) -> None:
        self.T = T
        self.carried = streams is not None
        self._corpus = corpus
        self._seed = seed
        S = corpus.symbols
        size = S if streams is None else -(-S // streams)  # symbols of a stream
        begin = np.arange(0, S, size, dtype=np.int64)
        starts = np.arange(-(-size // T), dtype=np.int64)[:, None] * T + begin  # batch by batch, stream by stream
        ends = np.minimum(begin + size, S) + np.zeros_like(starts)
        self._start, self._end = starts.ravel(), ends.ravel()
        self.rows = len(self._start)

    def epoch(self, number: int) -> StretchRows:
        """The rows of an epoch, in the order in which to read them."""
        rng = np.random.default_rng([self._seed, 1 + number])
        turned = int(rng.integers(self._corpus.symbols))
        order = np.arange(self.rows) if self.carried else rng.permutation(self.rows)
        return StretchRows(self._corpus, self.T, self._start[order], self._end[order], turned)


@final
class StretchRows:
    """The rows of one epoch.

    Args:
        corpus: texts.
        T: places of a row.
        start: (R,) the place in the circle at which each row begins.
        end: (R,) the place at which what belongs to it ends, which may be within it.
        turned: the symbol at the circle's place 0.
    """

    def __init__(self, corpus: Corpus, T: int, start: I64, end: I64, turned: int) -> None:
        self._corpus, self._T, self._start, self._end, self._turned = corpus, T, start, end, turned
        self.number = len(start)

    def part(self, first: int, number: int) -> PackedRows:
        """So many rows from one on, or as many as there are."""
        start, end = self._start[first : first + number, None], self._end[first : first + number, None]
        place = start + np.arange(self._T)  # (number, T)
        index = (place + self._turned) % self._corpus.symbols
        symbols = self._corpus.ids
        there = place < end
        targets = np.where(there, symbols[index].astype(np.int64), IGNORED)
        ids = np.where(there & (index > 0), symbols[index - 1].astype(np.int64), BOUNDARY)
        return PackedRows(ids, targets, index)
