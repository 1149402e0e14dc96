"""The compiled loops of counting where V^n cells would be too many: an open hash table, and sorting what it holds.

A table is a flat array of 2 * a power of 2 numbers, one pair a slot: the key plus 1, so that 0 says free, and the
count. A key has a few bits for each symbol of its n-gram, most for the last one; so keys in their order are n-grams
in colexicographic order.

Letters: S symbols, V size of the alphabet, n order, M distinct n-grams.
"""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["add_to_hash", "filled_slots", "move_to_hash", "radix_sort", "unpack_ngrams"]

U64 = np.uint64
GOLDEN = U64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: Fibonacci hashing (Knuth, volume 3, section 6.4)


@njit(cache=True, nogil=True, inline="always")
def _shift_of(table):  # type: ignore[no-untyped-def]
    """How far right a hash is shifted to be a slot of the table."""
    shift = U64(65)
    size = table.size
    while size > 1:
        size >>= 1
        shift -= U64(1)
    return shift


@njit(cache=True, nogil=True)
def add_to_hash(ids, own, bits, n, begin, key, table, used):  # type: ignore[no-untyped-def]
    """Count the n-grams of ids (S,), from `begin` on, until all are counted or the table is half full.

    Args:
        ids: (S,) of a corpus; before the first stands a boundary.
        own: (V,) the number that each id has in the table's keys; the boundary's is 0.
        bits: of one symbol in a key.
        n: the order; n * bits is at most 63.
        begin: where in ids to begin.
        key: of the n-gram before it; 0 after a boundary.
        table: see the module.
        used: how many slots are not free.

    Returns:
        (where it ended, the key there, used).
    """
    shift = _shift_of(table)
    last = U64(table.size // 2 - 1)
    width = U64(bits)
    top = U64(bits * (n - 1))
    gram = U64(key)
    for i in range(begin, ids.size):
        symbol = U64(own[ids[i]])
        gram = (gram >> width) | (symbol << top)
        mark = gram + U64(1)
        slot = (mark * GOLDEN) >> shift
        while True:
            there = table[U64(2) * slot]
            if there == mark:
                table[U64(2) * slot + U64(1)] += U64(1)
                break
            if there == U64(0):
                table[U64(2) * slot] = mark
                table[U64(2) * slot + U64(1)] = U64(1)
                used += 1
                break
            slot = (slot + U64(1)) & last
        if symbol == U64(0):
            gram = U64(0)
        if 4 * used > table.size:
            return i + 1, gram, used
    return ids.size, gram, used


@njit(cache=True, nogil=True)
def move_to_hash(keys, counts, table):  # type: ignore[no-untyped-def]
    """Put distinct keys and their counts into an empty table."""
    shift = _shift_of(table)
    last = U64(table.size // 2 - 1)
    for i in range(keys.size):
        mark = keys[i] + U64(1)
        slot = (mark * GOLDEN) >> shift
        while table[U64(2) * slot] != U64(0):
            slot = (slot + U64(1)) & last
        table[U64(2) * slot] = mark
        table[U64(2) * slot + U64(1)] = counts[i]


@njit(cache=True, nogil=True)
def filled_slots(table, numbers, bits, n, keys, counts):  # type: ignore[no-untyped-def]
    """The keys of a table, each symbol renumbered by `numbers`, and their counts, into keys (M,) and counts (M,)."""
    width = U64(bits)
    mask = (U64(1) << width) - U64(1)
    filled = 0
    for slot in range(0, table.size, 2):
        if table[slot]:
            key = table[slot] - U64(1)
            packed = U64(0)
            for place in range(n):
                shift = U64(place) * width
                packed |= numbers[(key >> shift) & mask] << shift
            keys[filled] = packed
            counts[filled] = np.int64(table[slot + 1])
            filled += 1


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


@njit(cache=True, nogil=True)
def unpack_ngrams(keys, bits, ngrams):  # type: ignore[no-untyped-def]
    """The symbols of packed keys (M,) into ngrams (M, n)."""
    width = U64(bits)
    mask = (U64(1) << width) - U64(1)
    for i in range(keys.size):
        key = keys[i]
        for place in range(ngrams.shape[1]):
            ngrams[i, place] = key & mask
            key >>= width
