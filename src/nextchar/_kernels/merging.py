"""The compiled loops over sorted n-grams: packed into words that compare as the n-grams do, merged, and unpacked.

A key is one word of 64 bits or several, the first weighing most. A word holds as many whole symbols as fit, the last
symbol of the n-gram highest; so keys in their order are n-grams in colexicographic order.

Letters: M n-grams, n order, W words of a key.
"""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["add_small_counts", "close_all", "count_up_to", "merge_two", "pack_ngrams", "unpack_keys"]

U64 = np.uint64


@njit(cache=True, nogil=True)
def pack_ngrams(ngrams, numbers, bits, keys):  # type: ignore[no-untyped-def]
    """The keys of n-grams (M, n), each symbol renumbered by `numbers`, `bits` bits each, into keys (M, W)."""
    n = ngrams.shape[1]
    fit = 64 // bits
    width = U64(bits)
    for row in range(ngrams.shape[0]):
        place = n - 1
        for word in range(keys.shape[1]):
            key = U64(0)
            for _ in range(min(fit, place + 1)):
                key = (key << width) | U64(numbers[ngrams[row, place]])
                place -= 1
            keys[row, word] = key


@njit(cache=True, nogil=True)
def unpack_keys(keys, bits, ngrams):  # type: ignore[no-untyped-def]
    """The symbols of keys (M, W) into ngrams (M, n)."""
    n = ngrams.shape[1]
    fit = 64 // bits
    width = U64(bits)
    mask = (U64(1) << width) - U64(1)
    for row in range(keys.shape[0]):
        end = n
        for word in range(keys.shape[1]):
            key = keys[row, word]
            begin = max(end - fit, 0)
            for place in range(begin, end):
                ngrams[row, place] = key & mask
                key >>= width
            end = begin


@njit(cache=True, nogil=True)
def count_up_to(keys, bound):  # type: ignore[no-untyped-def]
    """How many of the sorted keys (M, W) are no larger than `bound` (W,)."""
    low, high = 0, keys.shape[0]
    while low < high:
        middle = (low + high) >> 1
        larger = False
        for word in range(keys.shape[1]):
            if keys[middle, word] != bound[word]:
                larger = keys[middle, word] > bound[word]
                break
        if larger:
            high = middle
        else:
            low = middle + 1
    return low


@njit(cache=True, nogil=True)
def merge_two(left, left_counts, right, right_counts, keys, counts):  # type: ignore[no-untyped-def]
    """Two lists of distinct sorted keys as one; the counts of a key that both have are added.

    Args:
        left: (L, W).
        left_counts: (L,).
        right: (R, W).
        right_counts: (R,).
        keys: (L + R, W) result.
        counts: (L + R,) result.

    Returns:
        How many there are in the result.
    """
    W = keys.shape[1]
    i = j = filled = 0
    while i < left.shape[0] and j < right.shape[0]:
        side = 0
        for word in range(W):
            if left[i, word] != right[j, word]:
                side = -1 if left[i, word] < right[j, word] else 1
                break
        if side <= 0:
            for word in range(W):
                keys[filled, word] = left[i, word]
            counts[filled] = left_counts[i]
            i += 1
            if side == 0:
                counts[filled] += right_counts[j]
                j += 1
        else:
            for word in range(W):
                keys[filled, word] = right[j, word]
            counts[filled] = right_counts[j]
            j += 1
        filled += 1
    while i < left.shape[0]:
        for word in range(W):
            keys[filled, word] = left[i, word]
        counts[filled] = left_counts[i]
        i += 1
        filled += 1
    while j < right.shape[0]:
        for word in range(W):
            keys[filled, word] = right[j, word]
        counts[filled] = right_counts[j]
        j += 1
        filled += 1
    return filled


@njit(cache=True, nogil=True)
def add_small_counts(ngrams, counts, before, open_raw, open_kinds, raw, adjusted):  # type: ignore[no-untyped-def]
    """`small_counts.SmallCounts`: go on counting how many n-grams of each order have a count below 5.

    An n-gram of a lower order ends where the n-gram of the highest order before it and the one after it differ in
    their last symbols; until then its counts are open.

    Args:
        ngrams: (M, n) in colexicographic order, following those of the last call.
        counts: (M,).
        before: (n,) the last n-gram of the last call; becomes the last of this one.
        open_raw: (n,) how often the n-gram of each order that is open has occurred; 0 where none is.
        open_kinds: (n,) how many n-grams longer by one it ends; for the highest order and whole ones -1.
        raw: (n, 5) how many n-grams of each order have each small count; moves on.
        adjusted: (n, 5) the same of adjusted counts.
    """
    n = ngrams.shape[1]
    for row in range(ngrams.shape[0]):
        shared = 0
        while shared < n and ngrams[row, n - 1 - shared] == before[n - 1 - shared]:
            shared += 1
        for depth in range(shared, n):
            _close_entry(depth, open_raw, open_kinds, raw, adjusted)
        depth = shared
        while depth < n and (depth < 2 or ngrams[row, n - depth] != 0):
            open_raw[depth] = 0
            open_kinds[depth] = 0
            if depth:
                open_kinds[depth - 1] += 1
            depth += 1
        last = depth - 1
        if shared <= last:
            open_kinds[last] = -1
        for shorter in range(last + 1):
            open_raw[shorter] += counts[row]
        for place in range(n):
            before[place] = ngrams[row, place]


@njit(cache=True, nogil=True)
def close_all(open_raw, open_kinds, raw, adjusted):  # type: ignore[no-untyped-def]
    """After the last call of `add_small_counts`: note what is open."""
    for depth in range(open_raw.size):
        _close_entry(depth, open_raw, open_kinds, raw, adjusted)


@njit(cache=True, nogil=True)
def _close_entry(depth, open_raw, open_kinds, raw, adjusted):  # type: ignore[no-untyped-def]
    """Note the counts of the n-gram of this depth that is open, and close it."""
    if open_raw[depth]:
        if open_raw[depth] < 5:
            raw[depth, open_raw[depth]] += 1
        seen = open_raw[depth] if open_kinds[depth] < 0 else open_kinds[depth]
        if seen < 5:
            adjusted[depth, seen] += 1
        open_raw[depth] = 0
