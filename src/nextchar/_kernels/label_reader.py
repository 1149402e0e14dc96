"""The compiled loop of classifying: what the pooled models of a label say of each text (see `tasks.label_reader`).

Letters: n texts, S states, E entries, V size of the alphabet.
"""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["pool_texts"]


@njit(cache=True, nogil=True)
def pool_texts(  # type: ignore[no-untyped-def]
    ids, offsets, backwards, known, start, table, first, symbols, target, link, values, prices, price,
    opening, scores, nats,
):  # fmt: skip
    """Add to `scores` (n,) the weighted log-probabilities of each text and its parts, and to `nats` (n,) its cost.

    Args:
        ids: of all texts, each closed by a boundary.
        offsets: (n + 1,) where they begin.
        backwards: whether each text is read from its end.
        known: (V,) whether some label knows the symbol; what others cost does not count.
        start: the state that has read the boundary.
        table: (s, V) the entry of each symbol, or -1, in the first s states.
        first: (S + 1,) where each state's entries begin.
        symbols: (E,) increasing within a state; the root has all V.
        target: (E,) the state that an entry leads to.
        link: (S,) the state without the oldest symbol.
        values: (E, 4) as `tasks.label_reader.Pooled` has them.
        prices: (P, 5) the same.
        price: (S,) the same.
        opening: (V,) the same.
        scores: (n,) is added to.
        nats: (n,) is added to.
    """
    tabled = table.shape[0]
    for item in range(offsets.size - 1):
        begin = offsets[item]
        end = offsets[item + 1] - 1
        state = np.int64(start)
        score = 0.0
        cost = 0.0
        for place in range(begin, end + 1):
            at = begin + end - 1 - place if backwards and place < end else place
            symbol = ids[at]
            role = 0
            if place == end:
                role = 4
            elif place == end - 1:
                role = 1
            elif place == end - 2:
                role = 2
            paid = 0.0
            paid_nats = 0.0
            low = np.int64(0)
            while state:
                if state < tabled:
                    low = np.int64(table[state, symbol])
                    if low >= 0:
                        break
                else:
                    low = first[state]
                    high = first[state + 1]
                    stop = high
                    while low < high:
                        middle = (low + high) >> 1
                        if symbols[middle] < symbol:
                            low = middle + 1
                        else:
                            high = middle
                    if low < stop and symbols[low] == symbol:
                        break
                row = price[state]
                paid += prices[row, 0]
                if role:
                    paid += prices[row, role]
                paid_nats += prices[row, 3]
                state = np.int64(link[state])
            entry = low if state else np.int64(symbol)  # the root has all symbols
            if known[symbol]:
                cost += paid_nats + values[entry, 3]
                score += paid + values[entry, 0]
                if role:
                    score += values[entry, 2 if role == 2 else 1]
                if place == begin:
                    score += opening[symbol]
            state = np.int64(target[entry])
        scores[item] += score
        nats[item] += cost
