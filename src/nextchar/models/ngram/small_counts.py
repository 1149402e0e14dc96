"""How many n-grams of each order have a small count: all that discounts need, found while counts pass by.

In colexicographic order n-grams that end alike lie side by side. So an n-gram of a lower order is complete once its
last symbols change, and only one of each order is open at a time.

Letters: n order, M n-grams of a piece.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from nextchar.data.alphabet import Ids

__all__ = ["SmallCounts"]

I64 = npt.NDArray[np.int64]


class SmallCounts:
    """Counts of counts, as `smoothing.counts_of_counts` has them of a trie, for counts of 1 to 4.

    Attributes:
        raw: (n, 5) how many n-grams of orders 1 to n occurred so often.
        adjusted: (n, 5) the same of adjusted counts (see `trie`).
    """

    def __init__(self, order: int) -> None:
        self.raw: I64 = np.zeros((order, 5), dtype=np.int64)
        self.adjusted: I64 = np.zeros((order, 5), dtype=np.int64)
        self._before = np.full(order, -1, dtype=np.int64)
        self._open_raw, self._open_kinds = np.zeros(order, dtype=np.int64), np.zeros(order, dtype=np.int64)

    def watch(self, pieces: Iterable[tuple[Ids, I64]]) -> Iterator[tuple[Ids, I64]]:
        """Pass all counts of one corpus on, from the first piece to the last."""
        from nextchar._kernels.merging import add_small_counts, close_all

        state = (self._before, self._open_raw, self._open_kinds, self.raw, self.adjusted)
        for ngrams, counts in pieces:
            add_small_counts(ngrams, counts, *state)
            yield ngrams, counts
        close_all(self._open_raw, self._open_kinds, self.raw, self.adjusted)
