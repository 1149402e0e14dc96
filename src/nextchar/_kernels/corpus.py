"""The compiled loops over text and over the ids of a corpus.

Letters: S symbols, V size of the alphabet, n order.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from nextchar._kernels.splitmix import mix64

__all__ = ["drop_recent", "fingerprints", "mark_seen", "radix_sort", "strip_lines"]

U64 = np.uint64


@njit(cache=True, nogil=True)
def fingerprints(ids, codepoints, mixed, prints):  # type: ignore[no-untyped-def]
    """`Corpus.fingerprints`: a number for each item of ids (S,), which end with a boundary.

    Args:
        ids: (S,) of the corpus.
        codepoints: (V,) of each id, in the upper half of the word.
        mixed: (P, V) what the first P places of an item give for each id, for to mix takes longer than to look up.
        prints: (n,) the result.
    """
    total = U64(0)
    place = item = 0
    for i in range(ids.size):
        if place < mixed.shape[0]:
            total += mixed[place, ids[i]]
        else:
            total += mix64(codepoints[ids[i]] + U64(place + 1))
        place += 1
        if ids[i] == 0:
            prints[item] = mix64(total)
            item += 1
            total = U64(0)
            place = 0


@njit(cache=True, nogil=True)
def drop_recent(prints, recent):  # type: ignore[no-untyped-def]
    """The fingerprints (n,) without those that stand in `recent`, (a power of 2,) by their last bits; notes them."""
    last = U64(recent.size - 1)
    kept = np.empty_like(prints)
    filled = 0
    for i in range(prints.size):
        slot = prints[i] & last
        if recent[slot] != prints[i]:
            recent[slot] = prints[i]
            kept[filled] = prints[i]
            filled += 1
    return kept[:filled]


@njit(cache=True, nogil=True)
def mark_seen(codepoints, seen):  # type: ignore[no-untyped-def]
    """Set seen[c] for every code point c."""
    for i in range(codepoints.size):
        seen[codepoints[i]] = True


@njit(cache=True, nogil=True)
def strip_lines(codepoints, blanks):  # type: ignore[no-untyped-def]
    """Text without the blanks at both ends of every line, as code points (T,); `blanks[c]` says which c are blank.

    Every line ends in a line feed.
    """
    kept = np.empty_like(codepoints)
    filled = 0
    begin = 0  # of the line
    for i in range(codepoints.size):
        if codepoints[i] == 10:
            end = i
            while begin < end and codepoints[begin] < blanks.size and blanks[codepoints[begin]]:
                begin += 1
            while begin < end and codepoints[end - 1] < blanks.size and blanks[codepoints[end - 1]]:
                end -= 1
            for j in range(end - begin):
                kept[filled + j] = codepoints[begin + j]
            filled += end - begin
            kept[filled] = 10
            filled += 1
            begin = i + 1
    return kept[:filled]


@njit(cache=True, nogil=True)
def radix_sort(keys, values, largest):  # type: ignore[no-untyped-def]
    """64-bit keys (M,) of which none exceeds `largest`, sorted, and values (M,) moved with them; stable.

    Eleven bits at a time. The arrays given serve as working space.
    """
    size = keys.size
    next_keys, next_values = np.empty_like(keys), np.empty_like(values)
    begins = np.empty(2048, dtype=np.int64)
    shift = U64(0)
    while shift < U64(64) and largest >> shift > U64(0):
        begins[:] = 0
        for i in range(size):
            begins[(keys[i] >> shift) & U64(2047)] += 1
        total = 0
        for digit in range(2048):
            here = begins[digit]
            begins[digit] = total
            total += here
        for i in range(size):
            key = keys[i]
            digit = (key >> shift) & U64(2047)
            place = begins[digit]
            begins[digit] = place + 1
            next_keys[place] = key
            next_values[place] = values[i]
        keys, next_keys = next_keys, keys
        values, next_values = next_values, values
        shift += U64(11)
    return keys, values
