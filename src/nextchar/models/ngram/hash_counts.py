"""Counting n-grams where V^n cells would be too many: one hash table for all parts of a stream.

An n-gram is packed into one 64-bit key, a few bits for each symbol, the last one in the highest. The table gives
symbols its own numbers, in the order in which they turn up, so that a character met late changes nothing that is
there; only when the numbers need one more bit are the keys packed anew.

Letters: n order, V size of the alphabet, M distinct n-grams.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.data.alphabet import Alphabet, Ids
from nextchar.data.corpus import Corpus

__all__ = ["SLOT_BYTES", "NgramTable"]

U64 = npt.NDArray[np.uint64]
SLOT_BYTES: Final = 16
FIRST_SLOTS: Final = 1 << 16  # a table that fits into the cache is three times as fast
LARGE_SLOTS: Final = 1 << 20  # from which on moving costs less than fresh memory that stays empty


class NgramTable:
    """Counts of unweighted corpora as they come.

    Attributes:
        order: n.
        used: M, how many distinct n-grams there are.
    """

    def __init__(self, order: int) -> None:
        self.order = order
        self._numbers: dict[str, int] = {}  # of each character, from 1
        self._by_clusters = False
        self._bits = 1
        self.used = 0
        self._table = _empty(FIRST_SLOTS)

    def fits(self, alphabet: Alphabet) -> bool:
        """Whether n-grams with these characters added can be packed."""
        more = sum(character not in self._numbers for character in alphabet.names)
        return not alphabet.has_unknown and self.order * (len(self._numbers) + more).bit_length() <= 63

    def add(self, part: Corpus) -> None:
        """Count the n-grams of a corpus that fits."""
        from nextchar._kernels.counting import add_to_hash

        self._by_clusters = part.alphabet.clusters is not None
        for character in part.alphabet.names:
            self._numbers.setdefault(character, len(self._numbers) + 1)
        if (bits := len(self._numbers).bit_length()) > self._bits:
            self._refill(bits, len(self._table) // 2)
        own = np.array([0, *(self._numbers[character] for character in part.alphabet.names)], dtype=np.uint64)
        at, key = 0, self._key_of(own[part.symbols_before(0, self.order - 1)])
        while at < part.symbols:
            slots = len(self._table) // 2
            if 3 * self.used > 2 * slots:  # two thirds full
                self._refill(self._bits, (4 if slots < LARGE_SLOTS else 2) * slots)
            at, key, self.used = add_to_hash(part.ids, own, self._bits, self.order, at, key, self._table, self.used)

    def _key_of(self, numbers: U64) -> np.uint64:
        """The key of the n-gram that ends before a piece of a text, from the numbers of its symbols."""
        key = 0
        for number in numbers.tolist():
            key = key >> self._bits | number << self._bits * (self.order - 1)
        return np.uint64(key)

    def result(self) -> tuple[Alphabet, Ids, npt.NDArray[np.int64]]:
        """The alphabet, the distinct n-grams (M, n) in colexicographic order, and their counts (M,)."""
        from nextchar._kernels.corpus import radix_sort
        from nextchar._kernels.counting import unpack_ngrams

        alphabet = Alphabet.of_names(self._numbers, by_clusters=self._by_clusters)
        numbers = [0, *(self._numbers[character] for character in alphabet.names)]
        ids = np.empty(len(numbers), dtype=np.uint64)
        ids[numbers] = np.arange(len(numbers), dtype=np.uint64)
        keys, counts = self._filled(ids)
        keys, counts = radix_sort(keys, counts, np.uint64((1 << self._bits * self.order) - 1))
        ngrams = np.empty((self.used, self.order), dtype=alphabet.dtype)
        unpack_ngrams(keys, self._bits, ngrams)
        return alphabet, ngrams, counts

    def _filled(self, ids: U64) -> tuple[U64, npt.NDArray[np.int64]]:
        """The keys and counts of the table, symbols renumbered by `ids`, in no order."""
        from nextchar._kernels.counting import filled_slots

        keys, counts = np.empty(self.used, dtype=np.uint64), np.empty(self.used, dtype=np.int64)
        filled_slots(self._table, ids, self._bits, self.order, keys, counts)
        return keys, counts

    def _refill(self, bits: int, slots: int) -> None:
        """Move everything into a new table, with so many bits a symbol."""
        from nextchar._kernels.counting import move_to_hash

        keys, counts = self._filled(np.arange(1 << self._bits, dtype=np.uint64))
        if bits != self._bits:
            packed = np.zeros(len(keys), dtype=np.uint64)
            for place in range(self.order):
                symbols = (keys >> np.uint64(place * self._bits)) & np.uint64((1 << self._bits) - 1)
                packed |= symbols << np.uint64(place * bits)
            keys, self._bits = packed, bits
        self._table = _empty(slots)
        move_to_hash(keys, counts, self._table)


def _empty(slots: int) -> U64:
    return np.zeros(2 * slots, dtype=np.uint64)
