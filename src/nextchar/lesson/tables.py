"""Tables of bigrams as the lesson shows them: the part that fits on a page, and single cells.

A heat map of thousands of symbols cannot be read, so a large table is cut to the boundary and the most frequent
symbols. Sums are always those of the whole table.

Letters: V size of the alphabet, K symbols shown, N the table of counts (V, V), P the table of probabilities (V, V).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nextchar.data.alphabet import BOUNDARY, Alphabet
from nextchar.data.corpus import Corpus

__all__ = [
    "BroadcastExample",
    "Cell",
    "Excerpt",
    "Ids",
    "KeepdimMistake",
    "Rows",
    "Table",
    "WordPairs",
    "add_to_counts",
    "bigram_cell",
    "broadcast_example",
    "empty_cells",
    "excerpt",
    "items_with_pair",
    "keepdim_mistake",
    "rarest_pair",
    "shown_ids",
    "shown_in_row",
    "with_ids",
    "word_pairs",
]

Ids = npt.NDArray[np.int64]
Rows = npt.NDArray[np.float64]
Table = npt.NDArray[Any]

WHOLE_UP_TO: Final = 60  # symbols that are all shown
SHOWN: Final = 40  # of a larger alphabet


def shown_ids(corpus: Corpus) -> Ids:
    """The ids that the tables of a corpus show, (K,), in order: all, or the boundary and the most frequent."""
    V = corpus.alphabet.size
    return np.arange(V) if V <= WHOLE_UP_TO else _largest(np.bincount(corpus.ids, minlength=V))


def shown_in_row(probabilities: Rows, *always: int) -> Ids:
    """The ids that one row (V,) shows, in order: all, or the boundary, the most probable and those always shown."""
    if len(probabilities) <= WHOLE_UP_TO:
        return np.arange(len(probabilities))
    return with_ids(_largest(probabilities), always)


def with_ids(ids: Ids, more: Any) -> Ids:
    """Ids with more of them, in order and each once."""
    together: Ids = np.union1d(ids, np.asarray(more, dtype=np.int64))
    return together


def _largest(values: npt.NDArray[Any]) -> Ids:
    values = values.astype(np.float64)
    values[BOUNDARY] = np.inf
    ids: Ids = np.sort(np.argsort(-values, kind="stable")[:SHOWN]).astype(np.int64)
    return ids


@dataclass(frozen=True)
class Excerpt:
    """The part of a table that is shown.

    Attributes:
        values: (K, K).
        row_sums: (K,) of the whole rows.
        column_sums: (K,) of the whole columns.
    """

    values: Table
    row_sums: Table
    column_sums: Table


def excerpt(table: Table, ids: Ids) -> Excerpt:
    """The rows and columns of some ids, from a table (V, V)."""
    return Excerpt(table[np.ix_(ids, ids)], table.sum(axis=1)[ids], table.sum(axis=0)[ids])


def add_to_counts(N: Table, add: float) -> Table:
    """N + k in every cell; whole numbers where k is whole."""
    return N + (int(add) if add == int(add) else add)


def empty_cells(N: Table) -> int:
    """How many pairs never occur."""
    return int((N == 0).sum())


@dataclass(frozen=True)
class KeepdimMistake:
    """N divided by its row sums, and what comes of it where `keepdim=True` is forgotten.

    Attributes:
        right: each row divided by its own sum, (V, V).
        wrong: each column divided by the sum of the row of its number, (V, V).
    """

    right: Rows
    wrong: Rows


def keepdim_mistake(N: Table) -> KeepdimMistake:
    """Both tables: broadcasting takes a vector (V,) for a row, so without keepdim it divides the columns."""
    return KeepdimMistake(N / N.sum(axis=1, keepdims=True), N / N.sum(axis=1))


@dataclass(frozen=True, kw_only=True)
class BroadcastExample:
    """The keepdim mistake in a table of 3 x 3, small enough to be drawn number by number.

    Attributes:
        items: the items that were counted.
        labels: the symbols, the boundary first.
        counts: N.
        sums: of its rows, and of its columns.
        right: each row divided by its own sum.
        wrong: each column divided.
    """

    items: tuple[str, ...]
    labels: tuple[str, ...]
    counts: Table
    sums: Table
    right: Rows
    wrong: Rows


def broadcast_example() -> BroadcastExample:
    """Four names over two letters, whose three sums differ: 4, 5 and 3."""
    items = ("a", "ab", "ba", "baa")
    N = np.zeros((3, 3), dtype=np.int64)
    for item in items:
        for first, second in pairwise(f".{item}."):
            N[".ab".index(first), ".ab".index(second)] += 1
    tables = keepdim_mistake(N)
    return BroadcastExample(
        items=items, labels=(".", "a", "b"), counts=N, sums=N.sum(axis=1), right=tables.right, wrong=tables.wrong
    )


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell of the bigram table.

    Attributes:
        pair: both symbols as people read them.
        first: id of the row.
        second: id of the column.
        count: how often the pair occurs.
        row_total: how often its first symbol does.
        probability: of the second symbol after the first, under the model in use.
        nats: the same as -log p; infinite where the pair cannot occur.
    """

    pair: str
    first: int
    second: int
    count: int
    row_total: int
    probability: float
    nats: float


def bigram_cell(alphabet: Alphabet, N: Table, P: Rows, first: int, second: int) -> Cell:
    """The cell of a pair."""
    probability = float(P[first, second])
    return Cell(
        pair=alphabet.show([first, second]),
        first=first,
        second=second,
        count=int(N[first, second]),
        row_total=int(N[first].sum()),
        probability=probability,
        nats=-math.log(probability) if probability else math.inf,
    )


def rarest_pair(alphabet: Alphabet, N: Table) -> tuple[int, int]:
    """A pair that needs smoothing: "jz" as in the lecture; without these letters the first of the rarest pairs."""
    if {"j", "z"} <= set(alphabet.characters):
        first, second = alphabet.encode("jz").tolist()
        return first, second
    inside = N[1:, 1:]
    row, column = np.unravel_index(np.argmin(inside), inside.shape)
    return int(row) + 1, int(column) + 1


@dataclass(frozen=True, kw_only=True)
class WordPairs:
    """A word as the bigram model reads it.

    Attributes:
        symbols: the characters between two boundaries; none for the empty word.
        ids: theirs; None for a character that the alphabet lacks.
        pairs: neighbours, with their ids.
        naive: the pairs without the boundaries, as a first try finds them.
        unknown: the characters that the alphabet lacks, in order and each once.
    """

    symbols: tuple[str, ...]
    ids: tuple[int | None, ...]
    pairs: tuple[tuple[str, int | None, int | None], ...]
    naive: tuple[str, ...]
    unknown: tuple[str, ...]


def word_pairs(alphabet: Alphabet, text: str) -> WordPairs:
    """Take a word apart."""
    inner = [alphabet.symbols.index(c, 1) if c in alphabet.characters else None for c in text]
    symbols = (alphabet.boundary_sign, *text, alphabet.boundary_sign) if text else ()
    ids = (BOUNDARY, *inner, BOUNDARY) if text else ()
    return WordPairs(
        symbols=symbols,
        ids=ids,
        pairs=tuple((a + b, i, j) for (a, b), (i, j) in zip(pairwise(symbols), pairwise(ids), strict=True)),
        naive=tuple(a + b for a, b in pairwise(text)),
        unknown=tuple(sorted({c for c in text if c not in alphabet.characters})),
    )


def items_with_pair(corpus: Corpus, first: int, second: int, most: int = 8) -> list[str]:
    """Different items that contain a pair, in the order of the data."""
    before = np.concatenate([[BOUNDARY], corpus.ids[:-1]])  # each item ends with the boundary that the next begins with
    at = np.flatnonzero((before == first) & (corpus.ids == second))
    items = np.searchsorted(corpus.offsets, at, side="right") - 1
    return list(dict.fromkeys(corpus[int(item)] for item in items[: 20 * most]))[:most]
