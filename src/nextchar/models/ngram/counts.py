"""How often each n-gram occurs: the whole knowledge of a count model, as integers.

An n-gram is a symbol with the n - 1 symbols before it. Before an item's first character stand n - 1 boundaries, so
every symbol of the corpus ends exactly one n-gram: "emma" has the five bigrams `.e em mm ma a.`. Counts are exact,
and counts of two corpora add up to the counts of both.

The n-grams that occur are kept sorted, with their counts. While counting, a table of all V^n is used where that is
small, sorting where it is not; large inputs go through compiled loops, small ones through numpy, with equal results.

Letters: n order, V size of the alphabet, S symbols of the corpus, M distinct n-grams.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nextchar._kernels.loading import kernels_loaded
from nextchar.core.settings import Setting
from nextchar.data.alphabet import BOUNDARY, Alphabet, Ids
from nextchar.data.corpus import Corpus
from nextchar.data.display import thousands
from nextchar.data.item_weights import MOST_WEIGHT, exact_sum
from nextchar.data.row_order import sorted_rows
from nextchar.errors import CorpusError, ModelFileError, SettingsError
from nextchar.models.ngram.hash_counts import NgramTable

__all__ = [
    "COMPILED_FROM",
    "MAX_ORDER",
    "TABLE_CELLS",
    "Counts",
    "checked_order",
    "colexicographic",
    "count",
    "count_parts",
    "counts_from_table",
    "counts_of_table",
    "hashing_pays",
    "key_layout",
    "sum_counts",
]

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

TABLE_CELLS: Final = 1 << 22  # up to so many cells a table is counted into; 32 MB of int64
TABLE_SYMBOLS: Final = 1 << 18  # symbols counted into a table at a time, or as many as it has cells
SLICE_SYMBOLS: Final = 1 << 22  # and sorted at a time, which bounds the memory for keys
KEYED_SYMBOLS: Final = 1 << 21  # the same where keys are sorted that take 60 bytes and more of working space
COMPILED_FROM: Final = 20_000_000  # symbols from which loading numba (0.5 s) repays itself; for a table of cells
HASHED_FROM: Final = 1_000_000  # and where the alternative is sorting
MAX_ORDER: Final = 64
ORDER: Final = Setting(name="the order", argument="order", type=int, at_least=1, at_most=MAX_ORDER)


def checked_order(order: int) -> int:
    """The order, if it is one that can be counted, as Python's own number.

    Raises:
        SettingsError: no whole number, below 1 or above 64.
    """
    checked: int = ORDER.check(order)
    return int(checked)


@dataclass(frozen=True, eq=False)
class Counts:
    """The n-grams of a corpus and how often each occurs.

    Attributes:
        alphabet: what the ids mean.
        order: n.
        ngrams: (M, n) ids, distinct; the last column is the predicted symbol. They are in colexicographic order: by
            their last symbols, then by the ones before, and so on, so that those which end alike lie side by side.
        counts: (M,) int64, at least 1; together they fit into 64 bits too.

    Examples:
        >>> import nextchar
        >>> counts = nextchar.count(nextchar.Corpus.from_items(["emma"]), 2)
        >>> counts.most_frequent(2)
        [('.e', 1), ('a.', 1)]
        >>> (counts + counts).total
        10
    """

    alphabet: Alphabet
    order: int
    ngrams: Ids
    counts: I64

    @classmethod
    def from_arrays(cls, alphabet: Alphabet, order: int, ngrams: npt.NDArray[Any], counts: npt.NDArray[Any]) -> Counts:
        """Counts that come from elsewhere (a file), checked.

        Raises:
            ModelFileError: the arrays do not make counts of this order over this alphabet.
        """
        if (
            ngrams.shape != (len(counts), order)
            or ngrams.dtype != alphabet.dtype
            or counts.dtype != np.int64
            or not len(counts)
            or counts.min() < 1
            or exact_sum(counts) > MOST_WEIGHT
            or ngrams.max() >= alphabet.size
            or not colexicographic(ngrams)
        ):
            raise ModelFileError("its counts do not fit its settings")
        return cls(alphabet, order, ngrams, counts)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Counts)
            and self.alphabet == other.alphabet
            and self.order == other.order
            and np.array_equal(self.ngrams, other.ngrams)
            and np.array_equal(self.counts, other.counts)
        )

    __hash__ = None  # type: ignore[assignment]

    def __sizeof__(self) -> int:
        """Bytes, for whoever decides what stays in memory."""
        return self.ngrams.nbytes + self.counts.nbytes

    def __repr__(self) -> str:
        return f"Counts(order {self.order}, {thousands(len(self.counts), 'n-gram')}, {self.total:,} in all)"

    @cached_property
    def total(self) -> int:
        """All n-grams together: the symbols of the corpus, each as often as its item counts."""
        return int(self.counts.sum())

    @cached_property
    def items(self) -> int:
        """How many items there were, each as often as it counts: the n-grams that end one."""
        return int(self.counts[self.ngrams[:, -1] == BOUNDARY].sum())

    def table(self) -> I64:
        """All V^n counts, shape (V,) * n: for bigrams the 27 x 27 table, row = first symbol.

        Raises:
            SettingsError: more than 2^28 cells.
        """
        V = self.alphabet.size
        if V**self.order > 1 << 28:
            raise SettingsError(f"a table of {V}^{self.order} cells is too large; use ngrams and counts")
        table = np.zeros((V,) * self.order, dtype=np.int64)
        table[tuple(self.ngrams.T.astype(np.intp))] = self.counts
        return table

    def __add__(self, other: Counts) -> Counts:
        """The counts of both corpora together.

        Raises:
            SettingsError: they have different orders.
            CorpusError: together they do not fit into 64 bits.
        """
        if self.order != other.order:
            raise SettingsError(f"counts of order {self.order} and of order {other.order} cannot be added")
        if self.total + other.total > MOST_WEIGHT:
            raise CorpusError(
                f"the counts do not fit into 64 bits: together they are {self.total + other.total:,}, more than "
                "2^63 - 1; scale the weights of the items down"
            )
        alphabet = self.alphabet.union(other.alphabet)
        parts = [self.encoded_in(alphabet), other.encoded_in(alphabet)]
        return _merged(alphabet, np.concatenate([p.ngrams for p in parts]), np.concatenate([p.counts for p in parts]))

    def encoded_in(self, alphabet: Alphabet) -> Counts:
        """The same counts with the ids of another alphabet that has all these characters."""
        if alphabet == self.alphabet:
            return self
        moved = self.alphabet.ids_in(alphabet).astype(alphabet.dtype)[self.ngrams]
        return _merged(alphabet, moved, self.counts)

    def of_order(self, order: int) -> Counts:
        """The counts of an order that is not higher; every symbol ends one n-gram of each.

        Raises:
            SettingsError: the order is higher, or below 1.
        """
        if not 1 <= order <= self.order:
            raise SettingsError(f"counts of order {self.order} have those of orders 1 to {self.order}, not of {order}")
        return _summed(self.alphabet, self.ngrams[:, self.order - order :], self.counts)

    def most_frequent(self, k: int) -> list[tuple[str, int]]:
        """The k most frequent n-grams as shown to people, with their counts; ties in the order of the ids."""
        best = np.lexsort([*self.ngrams.T[::-1], -self.counts])[:k]
        return [(self.alphabet.show(self.ngrams[i]), int(self.counts[i])) for i in best]


def count(corpus: Corpus | Iterable[str], order: int, *, compiled: bool | None = None) -> Counts:
    """Count the n-grams of a corpus; weighted items count as often as their weight says.

    Args:
        corpus: what to count: a corpus, or items from memory.
        order: n, from 1 to 64.
        compiled: use the compiled loops; by default when the corpus is large enough to repay loading them.

    Raises:
        SettingsError: the order is out of range.
        CorpusError: the counts would not fit into 64 bits.

    Examples:
        >>> import nextchar
        >>> counts = nextchar.count(nextchar.Corpus.from_items(["ab", "ab", "b"]), 2)
        >>> counts.table().tolist()  # rows and columns: the boundary, a, b
        [[0, 2, 1], [0, 0, 2], [3, 0, 0]]
    """
    corpus = Corpus.of(corpus)
    V, n = corpus.alphabet.size, checked_order(order)
    corpus.checked()
    if compiled is None:
        compiled = _worth_compiling(corpus.symbols, V**n)
    if V**n > TABLE_CELLS:
        if compiled and corpus.weights is None and (hashed := NgramTable(n)).fits(corpus.alphabet):
            hashed.add(corpus)
            return counts_of_table(hashed).encoded_in(corpus.alphabet)
        if compiled:
            return sum_counts(_count_by_keys(part, n) for part in corpus.stretches(KEYED_SYMBOLS, n - 1))
        return sum_counts(_count_by_sorting(part, n) for part in corpus.stretches(SLICE_SYMBOLS, n - 1))
    table = np.zeros(V**n, dtype=np.int64)
    for part in corpus.stretches(max(TABLE_SYMBOLS, V**n), n - 1):
        if compiled and part.weights is None:
            from nextchar._kernels.counting import add_to_table

            context = 0
            for symbol in part.symbols_before(0, n - 1).tolist():
                context = context * V + symbol
            add_to_table(part.ids, n, V, table, context)
        else:
            keys = _keys(part, n)
            if part.weights is None:
                table += np.bincount(keys, minlength=len(table))
            else:
                np.add.at(table, keys, np.repeat(part.weights, part.lengths + 1))
    return counts_from_table(corpus.alphabet, table.reshape((V,) * n))


def _worth_compiling(symbols: int, cells: int) -> bool:
    from_symbols = COMPILED_FROM if cells <= TABLE_CELLS else HASHED_FROM
    return symbols >= from_symbols or kernels_loaded()


def hashing_pays(part: Corpus, order: int) -> bool:
    """Whether a hash table is the fastest way to count a large corpus of which this is a part."""
    cells = part.alphabet.size**order
    return cells > TABLE_CELLS and _worth_compiling(part.symbols, cells)


def count_parts(parts: Iterable[Corpus], order: int) -> Counts:
    """Count corpora as they come, in memory that does not grow with their number.

    Args:
        parts: each with an alphabet of its own.
        order: n, from 1 to 64.

    Raises:
        SettingsError: the order is out of range.
        CorpusError: there is no part.
    """
    table = NgramTable(checked_order(order))

    def counted() -> Iterator[Counts]:
        for part in parts:
            if part.weights is None and (table.used or hashing_pays(part, order)) and table.fits(part.alphabet):
                table.add(part)
            else:
                yield count(part, order)
        if table.used:
            yield counts_of_table(table)

    return sum_counts(counted())


def counts_of_table(table: NgramTable) -> Counts:
    """What a hash table has counted, sorted."""
    alphabet, ngrams, counts = table.result()
    return Counts(alphabet, table.order, ngrams, counts)


def sum_counts(parts: Iterable[Counts]) -> Counts:
    """Add counts up pairwise, like the digits of a binary number, so that no large sum is sorted again and again."""
    sums: list[tuple[int, Counts]] = []  # (how many parts, their sum), the larger first
    for part in parts:
        size = 1
        while sums and sums[-1][0] == size:
            size, part = 2 * size, sums.pop()[1] + part
        sums.append((size, part))
    if not sums:
        raise CorpusError("no items: the input is empty or has only blank lines")
    total = sums.pop()[1]
    while sums:
        total = sums.pop()[1] + total
    return total


def _windows(part: Corpus, n: int) -> Iterator[npt.NDArray[Any]]:
    """The n columns of all n-grams, oldest symbol first, each (S,); boundaries where the item has not begun."""
    before = part.symbols_before(0, n - 1)
    ids = np.concatenate([before, part.ids]) if len(before) else part.ids
    begins = np.concatenate([[0], np.flatnonzero(ids == BOUNDARY) + 1])
    position = np.arange(len(ids)) - np.repeat(begins, np.diff(begins, append=len(ids)))
    for back in range(n - 1, -1, -1):
        column = np.zeros_like(ids)
        column[back:] = ids[: max(len(ids) - back, 0)]
        column[position < back] = BOUNDARY
        yield column[len(before) :]


def _keys(part: Corpus, n: int) -> npt.NDArray[np.int64]:
    """Each n-gram as one number in base V, shape (S,); V^n must be below 2^63."""
    keys = np.zeros(part.symbols, dtype=np.int64)
    for column in _windows(part, n):
        keys = keys * part.alphabet.size + column
    return keys


def _count_by_sorting(part: Corpus, n: int) -> Counts:
    ngrams = np.stack(list(_windows(part, n)), axis=1)
    counts = np.ones(part.symbols, dtype=np.int64)
    if part.weights is not None:
        counts = np.repeat(part.weights, part.lengths + 1)
    return _merged(part.alphabet, ngrams, counts)


def key_layout(size: int, order: int) -> tuple[int, int]:
    """Of n-grams packed into words of 64 bits, as `_kernels.merging` does: bits of a symbol, and words of an n-gram."""
    bits = (size - 1).bit_length()
    return bits, -(-order // (64 // bits))


def _count_by_keys(part: Corpus, n: int) -> Counts:
    """As `_count_by_sorting`, compiled."""
    from nextchar._kernels.corpus import radix_sort
    from nextchar._kernels.counting import sum_sorted, window_keys
    from nextchar._kernels.merging import unpack_keys

    bits, words = key_layout(part.alphabet.size, n)
    before = part.symbols_before(0, n - 1)
    keys = np.empty((len(before) + part.symbols, words), dtype=np.uint64)
    window_keys(np.concatenate([before, part.ids]) if len(before) else part.ids, n, bits, keys)
    keys = keys[len(before) :]
    order = np.arange(part.symbols)
    for word in range(words - 1, -1, -1):  # the one that weighs least first; equal ones stay as they were
        column = keys[order, word]
        order = radix_sort(column, order, column.max())[1]
    weights = np.empty(0, dtype=np.int64) if part.weights is None else np.repeat(part.weights, part.lengths + 1)
    distinct, counts = np.empty_like(keys), np.empty(part.symbols, dtype=np.int64)
    filled = sum_sorted(keys, order, weights, distinct, counts)
    ngrams = np.empty((filled, n), dtype=part.alphabet.dtype)
    unpack_keys(distinct[:filled], bits, ngrams)
    return Counts(part.alphabet, n, ngrams, counts[:filled].copy())


def _merged(alphabet: Alphabet, ngrams: Ids, counts: I64) -> Counts:
    """Sort n-grams and add the counts of equal ones."""
    order = sorted_rows(list(ngrams.T[::-1]), alphabet.size)
    return _summed(alphabet, ngrams[order], counts[order])


def _summed(alphabet: Alphabet, ngrams: Ids, counts: I64) -> Counts:
    """Add the counts of equal n-grams, which lie side by side."""
    differs = np.concatenate([[True], (ngrams[1:] != ngrams[:-1]).any(axis=1)])
    return Counts(alphabet, ngrams.shape[1], ngrams[differs], np.add.reduceat(counts, np.flatnonzero(differs)))


def colexicographic(ngrams: Ids) -> bool:
    """Whether rows are distinct and in the order of `Counts`."""
    equal = np.ones(len(ngrams) - 1, dtype=np.bool_)  # to the row before, in the last symbols
    for column in ngrams.T[::-1]:
        if (equal & (column[1:] < column[:-1])).any():
            return False
        equal &= column[1:] == column[:-1]
    return not equal.any()


def counts_from_table(alphabet: Alphabet, table: I64) -> Counts:
    """The counts in a table of V^n cells, the first symbol of an n-gram along the first axis.

    Raises:
        CorpusError: together they do not fit into 64 bits.
    """
    if exact_sum(table.reshape(-1)) > MOST_WEIGHT:
        raise CorpusError("the counts of the table do not fit into 64 bits: together they are more than 2^63 - 1")
    backwards = table.T  # so that the last symbol weighs most
    ngrams = np.argwhere(backwards)[:, ::-1].astype(alphabet.dtype, order="C")
    return Counts(alphabet, table.ndim, ngrams, backwards[backwards > 0])


# -- bigrams of an ASCII file, on its bytes ---------------------------------------------------------------------
