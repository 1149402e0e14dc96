"""Training data in batches without waste: items packed into rows of equal length, several to a row.

An item of s characters takes s + 1 places: what is read is the boundary and its characters, what is to be predicted
its characters and the boundary. Items are fitted into rows of T places (best fit), so that hardly a place stays empty.
Items longer than a row are cut into overlapping pieces, of which each symbol is predicted once.

Which items share a row is decided once; each epoch deals the items of equal length to their places anew and shuffles
the rows. An epoch depends on the seed and its number alone, so training can be resumed at any step.

Letters: R rows of an epoch, T places of a row, n items.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from nextchar.data.alphabet import BOUNDARY
from nextchar.data.corpus import Corpus
from nextchar.data.item_weights import importance

__all__ = ["I64", "IGNORED", "EpochRows", "Epochs", "PackedRows", "Pieces", "RowSource", "is_text", "pack"]

IGNORED: Final = -100  # as a target: an empty place, or a symbol that another piece predicts
SHORTEST_ROW: Final = 16
LONGEST_ROW: Final = 512
EFFECTIVE: Final = 20_000  # items that an epoch rests on at least, where they have weights; a net learns fewer by heart
TEXT_SHARE: Final = 0.5  # of the symbols in items longer than a row, from which on a corpus is read as texts
I64 = npt.NDArray[np.int64]


class PackedRows(NamedTuple):
    """EpochRows to train or measure on.

    Attributes:
        ids: (R, T) what is read.
        targets: (R, T) what is to be predicted; IGNORED where nothing is.
        places: (R, T) where in the corpus the symbol to be predicted is; any place where nothing is.
    """

    ids: I64
    targets: I64
    places: I64

    @property
    def number(self) -> int:
        """R."""
        return len(self.ids)

    def part(self, first: int, number: int) -> PackedRows:
        """So many rows from one on, or as many as there are."""
        return PackedRows(*(column[first : first + number] for column in self))


class EpochRows(Protocol):
    """The rows of an epoch."""

    @property
    def number(self) -> int:
        """R."""
        ...

    def part(self, first: int, number: int) -> PackedRows:
        """So many rows from one on, or as many as there are."""
        ...


class RowSource(Protocol):
    """A corpus as rows, epoch after epoch: see `Epochs` for short items, and `stretches` for texts."""

    T: int
    rows: int
    carried: bool

    def epoch(self, number: int) -> EpochRows:
        """The rows of an epoch, in the order in which to read them."""
        ...


class Pieces(NamedTuple):
    """Items, or parts of long ones, as they lie in the corpus; P pieces.

    Attributes:
        begin: (P,) index of the first symbol to predict.
        size: (P,) places.
        skip: (P,) how many places at the front only give context.
    """

    begin: I64
    size: I64
    skip: I64


class Epochs:
    """A corpus as rows, epoch after epoch.

    Attributes:
        T: places of a row: as many as the longest item needs, within bounds.
        rows: R, at most; where items have weights, each epoch has its own number of rows.
        carried: whether each batch goes on where the one before ended: it does not.

    Args:
        corpus: the items; where they have weights, each epoch draws as many of them as there are.
        seed: of the order.
        longest: places of a row at most.
        repeats: whether an item is drawn as often as it weighs, and not by its importance.
    """

    carried = False

    def __init__(self, corpus: Corpus, *, seed: int, longest: int = LONGEST_ROW, repeats: bool = False) -> None:
        self._corpus = corpus
        self._shares = None if corpus.weights is None else _shares(corpus.weights, repeats=repeats)
        self._seed = seed
        sizes = corpus.lengths + 1
        self.T = int(np.clip(-(-int(sizes.max()) // 8) * 8, SHORTEST_ROW, max(longest, SHORTEST_ROW)))
        self._pieces = _cut(corpus, np.arange(len(corpus)), self.T)
        order = np.random.default_rng([seed]).permutation(len(self._pieces.size))
        self._place = np.empty(len(order), dtype=np.int64)
        self._place[order], self.rows = _fit(self._pieces.size[order], self.T)

    def epoch(self, number: int) -> PackedRows:
        """The rows of an epoch, in the order in which to read them."""
        rng = np.random.default_rng([self._seed, 1 + number])
        pieces, place, rows = self._pieces, self._place, self.rows
        if self._shares is not None:
            drawn = rng.choice(len(self._corpus), len(self._corpus), p=self._shares)
            pieces = _cut(self._corpus, drawn, self.T)
            place, rows = _fit(pieces.size, self.T)
        else:  # deal the pieces of each size to the places for that size
            dealt = np.lexsort((rng.random(len(pieces.size)), pieces.size))
            place = place[np.argsort(pieces.size, kind="stable")]
            pieces = Pieces(*(column[dealt] for column in pieces))
        turn = rng.permutation(rows)
        place = turn[place // self.T] * self.T + place % self.T
        return _laid_out(self._corpus, pieces, place, rows, self.T)


def is_text(corpus: Corpus) -> bool:
    """Whether most of its symbols are in items that are too long for a row."""
    sizes = corpus.lengths + 1
    return int(sizes[sizes > LONGEST_ROW].sum()) >= TEXT_SHARE * max(corpus.symbols, 1)


def pack(corpus: Corpus, T: int) -> PackedRows:
    """A corpus in rows of T places, each item once, to measure on."""
    pieces = _cut(corpus, np.arange(len(corpus)), T)
    place, rows = _fit(pieces.size, T)
    return _laid_out(corpus, pieces, place, rows, T)


def _shares(weights: I64, *, repeats: bool) -> npt.NDArray[np.float64]:
    counted = weights.astype(np.float64) if repeats else importance(weights, EFFECTIVE)
    shares: npt.NDArray[np.float64] = counted / counted.sum()
    return shares


def _cut(corpus: Corpus, items: I64, T: int) -> Pieces:
    """Items as pieces of at most T places; pieces of one item overlap by half a row."""
    begin, size = corpus.offsets[:-1][items], corpus.lengths[items] + 1
    half = T // 2
    number = np.where(size <= T, 1, -(-(size - T) // half) + 1)
    which = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)
    start = which * half
    return Pieces(
        begin=np.repeat(begin, number) + start,
        size=np.minimum(np.repeat(size, number) - start, T),
        skip=np.where(which > 0, T - half, 0),
    )


def _fit(sizes: I64, T: int) -> tuple[I64, int]:
    """Best fit: each piece into the fullest row that has room for it. The flat place of each, and the rows used."""
    rooms: list[list[int]] = [[] for _ in range(T + 1)]  # flat places at which rows with so much room go on
    place = np.empty(len(sizes), dtype=np.int64)
    rows = 0
    for i, size in enumerate(sizes.tolist()):
        for room in range(size, T + 1):
            if rooms[room]:
                at = rooms[room].pop()
                break
        else:
            room, at = T, rows * T
            rows += 1
        place[i] = at
        if room > size:
            rooms[room - size].append(at + size)
    return place, rows


def _spread(pieces: Pieces, place: I64) -> tuple[I64, I64]:
    """For every place of every piece: the symbol of the corpus that is predicted there, and the flat place."""
    within = np.arange(pieces.size.sum()) - np.repeat(np.cumsum(pieces.size) - pieces.size, pieces.size)
    return np.repeat(pieces.begin, pieces.size) + within, np.repeat(place, pieces.size) + within


def _laid_out(corpus: Corpus, pieces: Pieces, place: I64, rows: int, T: int) -> PackedRows:
    source, target = _spread(pieces, place)
    ids = np.zeros(rows * T, dtype=np.int64)
    targets = np.full(rows * T, IGNORED, dtype=np.int64)
    places = np.zeros(rows * T, dtype=np.int64)
    targets[target] = corpus.ids[source]
    places[target] = source
    ids[target] = np.where(source > 0, corpus.ids[source - 1], BOUNDARY)  # what precedes an item is a boundary
    skipped = source < np.repeat(pieces.begin + pieces.skip, pieces.size)
    targets[target[skipped]] = IGNORED
    return PackedRows(ids.reshape(rows, T), targets.reshape(rows, T), places.reshape(rows, T))
