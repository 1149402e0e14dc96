"""The compiled loops over a trie of n-grams: building it (see `models.trie`), and discounting (`models.smoothing`).

Letters: n order, V size of the alphabet, S states, E entries, M distinct n-grams of order n.
"""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["list_entries", "settle_entries", "take_discounts"]


@njit(cache=True, nogil=True)
def list_entries(ngrams, counts, following, oldest, symbol, parent, raw, adjusted):  # type: ignore[no-untyped-def]
    """`trie._listed`: the n-grams of all orders.

    Called twice: with empty `raw` it only counts the entries of each depth.

    Args:
        ngrams: (M, n) in colexicographic order.
        counts: (M,).
        following: (n,) the number that the next entry of each depth gets; moves on. At depth 0 there are all V, and
            symbols are their numbers.
        oldest: (E,) result.
        symbol: (E,) result.
        parent: (E,) result.
        raw: (E,) result; zeros at first.
        adjusted: (E,) result; zeros at first.
    """
    n = ngrams.shape[1]
    current = np.zeros(n, dtype=np.int64)  # the entry of each depth in this row
    for row in range(ngrams.shape[0]):
        shared = 0  # symbols at the end of this row and of the one before
        if row:
            while ngrams[row, n - 1 - shared] == ngrams[row - 1, n - 1 - shared]:
                shared += 1
        depth = shared
        while depth < n and (depth < 2 or ngrams[row, n - depth] != 0):
            entry = following[depth]
            following[depth] = entry + 1
            if raw.size:
                if depth:
                    parent[entry] = current[depth - 1]
                    adjusted[current[depth - 1]] += 1
                else:
                    entry = np.int64(ngrams[row, n - 1])
                current[depth] = entry
                oldest[entry] = ngrams[row, n - 1 - depth]
                symbol[entry] = ngrams[row, n - 1]
            depth += 1
        if raw.size:
            for shorter in range(depth):
                raw[current[shorter]] += counts[row]
            adjusted[current[depth - 1]] = counts[row]


@njit(cache=True, nogil=True)
def settle_entries(  # type: ignore[no-untyped-def]
    V, children, oldest_of_state, oldest, symbol, parent, raw, adjusted, place,
    first, symbols, below, settled_raw, settled_adjusted,
):  # fmt: skip
    """`trie._settled`: find the state of every entry, and sort the entries by it.

    Args:
        V: the size of the alphabet; so many entries are the root's.
        children: (S + 1,) the first state whose link is this one.
        oldest_of_state: (S,).
        oldest: (E,) of `list_entries`.
        symbol: (E,) the same.
        parent: (E,) the same.
        raw: (E,) the same.
        adjusted: (E,) the same.
        place: (E,) working space, zeros.
        first: (S + 1,) zeros; becomes where each state's entries begin.
        symbols: (E,) result.
        below: (E,) result.
        settled_raw: (E,) result.
        settled_adjusted: (E,) result.

    Returns:
        Whether every entry has a state and every state an entry.
    """
    first[1] = V
    for entry in range(V, symbol.size):
        shorter = place[parent[entry]]
        low = children[shorter]
        end = children[shorter + 1]
        high = end
        while low < high:
            middle = (low + high) >> 1
            if oldest_of_state[middle] < oldest[entry]:
                low = middle + 1
            else:
                high = middle
        if low == end or oldest_of_state[low] != oldest[entry]:
            return False
        place[entry] = low
        first[low + 1] += 1
    for state in range(1, first.size):
        if first[state] == 0:
            return False
        first[state] += first[state - 1]
    for entry in range(symbol.size):
        state = place[entry]
        at = first[state]
        first[state] = at + 1
        place[entry] = at
        symbols[at] = symbol[entry]
        settled_raw[at] = raw[entry]
        settled_adjusted[at] = adjusted[entry]
        below[at] = place[parent[entry]] if entry >= V else -1
    for state in range(first.size - 1, 0, -1):
        first[state] = first[state - 1]
    first[0] = 0
    return True


@njit(cache=True, nogil=True)
def take_discounts(depths, first, counts, taken, own, rest):  # type: ignore[no-untyped-def]
    """`smoothing.discounted`: take a discount off every count and share the rest out.

    Args:
        depths: (n + 1,) of the trie.
        first: (S + 1,) of the trie.
        counts: (E,).
        taken: (n, 4) the discounts of each depth for counts of 0, 1, 2, and more.
        own: (E,) result.
        rest: (S,) result.
    """
    for depth in range(depths.size - 1):
        for state in range(depths[depth], depths[depth + 1]):
            total = 0.0
            off = 0.0
            for entry in range(first[state], first[state + 1]):
                count = np.float64(counts[entry])
                discount = min(taken[depth, min(counts[entry], 3)], count)
                total += count
                off += discount
                own[entry] = count - discount
            for entry in range(first[state], first[state + 1]):
                own[entry] /= total
            rest[state] = off / total
