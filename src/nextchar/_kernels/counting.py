"""The compiled loops of counting where V^n cells would be too many: an open hash table, and sorting what it holds.

A table is a flat array of 2 * a power of 2 numbers, one pair a slot: the key plus 1, so that 0 says free, and the
count. A key has a few bits for each symbol of its n-gram, most for the last one; so keys in their order are n-grams
in colexicographic order.

Letters: S symbols, V size of the alphabet, n order, M distinct n-grams.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from nextchar._kernels.constants import GOLDEN

__all__ = [
    "add_byte_triples",
    "add_to_hash",
    "add_to_table",
    "filled_slots",
    "move_to_hash",
    "sum_sorted",
    "unpack_ngrams",
    "window_keys",
]

U64 = np.uint64


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
    """Count the n-grams of ids (S,), from `begin` on, until all are counted or the table is two thirds full.

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
        slot = (mark * U64(GOLDEN)) >> shift
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
        if 3 * used > table.size:
            return i + 1, gram, used
    return ids.size, gram, used


@njit(cache=True, nogil=True)
def move_to_hash(keys, counts, table):  # type: ignore[no-untyped-def]
    """Put distinct keys and their counts into an empty table."""
    shift = _shift_of(table)
    last = U64(table.size // 2 - 1)
    for i in range(keys.size):
        mark = keys[i] + U64(1)
        slot = (mark * U64(GOLDEN)) >> shift
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
def unpack_ngrams(keys, bits, ngrams):  # type: ignore[no-untyped-def]
    """The symbols of packed keys (M,) into ngrams (M, n)."""
    width = U64(bits)
    mask = (U64(1) << width) - U64(1)
    for i in range(keys.size):
        key = keys[i]
        for place in range(ngrams.shape[1]):
            ngrams[i, place] = key & mask
            key >>= width


@njit(cache=True, nogil=True)
def add_byte_triples(
    text: npt.NDArray[np.uint8], previous: int, triples: npt.NDArray[np.uint32], pairs: npt.NDArray[np.int64]
) -> bool:
    """Count byte triples at every second byte, so that each holds two byte pairs that no other one holds.

    A word of eight bytes makes four triples; one counter access for two pairs is what makes this twice as fast as
    counting pairs. The bytes after the last whole word are counted as pairs.

    Args:
        text: bytes.
        previous: the byte before the first.
        triples: (128^3,) at third << 14 | second << 7 | first.
        pairs: (128, 128) for the rest.

    Returns:
        False, with counters that are of no use, if any byte is not ASCII.
    """
    low = U64(0x007F007F007F007F)
    high = U64(0x7F007F007F007F00)
    lane = U64(0x3FFF)
    words = text[: text.size // 8 * 8].view(np.uint64)
    seen = U64(0)
    before = U64(previous)
    for i in range(words.size):
        word = words[i]
        seen |= word
        # four lanes of 16 bits, each with two bytes squeezed to 14 bits: first | second << 7
        two = (word & low) | ((word & high) >> U64(1))
        a = two & lane
        b = (two >> U64(16)) & lane
        c = (two >> U64(32)) & lane
        d = two >> U64(48)
        triples[before | (a << U64(7))] += np.uint32(1)
        triples[(a >> U64(7)) | (b << U64(7))] += np.uint32(1)
        triples[(b >> U64(7)) | (c << U64(7))] += np.uint32(1)
        triples[(c >> U64(7)) | (d << U64(7))] += np.uint32(1)
        before = d >> U64(7)
    last = np.int64(before)
    for i in range(words.size * 8, text.size):
        byte = np.int64(text[i])
        if byte > 127:
            return False
        pairs[last, byte] += 1
        last = byte
    return bool((seen & U64(0x8080808080808080)) == U64(0))


@njit(cache=True, nogil=True)
def add_to_table(ids: npt.NDArray[Any], n: int, V: int, table: npt.NDArray[np.int64], context: int) -> None:
    """Count the n-grams of ids (S,), which follow a context, 0 for a boundary, into table (V^n,)."""
    contexts = V ** (n - 1)
    for i in range(ids.size):
        symbol = np.int64(ids[i])
        key = context * V + symbol
        table[key] += 1
        context = 0 if symbol == 0 else key % contexts


@njit(cache=True, nogil=True)
def window_keys(ids, n, bits, keys):  # type: ignore[no-untyped-def]
    """The key of the n-gram that ends at each symbol of ids (S,), which follow a boundary, into keys (S, W).

    Keys are those of `merging`: a word holds as many whole symbols as fit, the last one highest.
    """
    fit = 64 // bits
    width = U64(bits)
    for i in range(ids.size):
        back = 0
        begun = True  # the item has, as far back as this
        for word in range(keys.shape[1]):
            key = U64(0)
            for _ in range(min(fit, n - back)):
                key <<= width
                if begun:
                    place = i - back
                    if place < 0 or (back and ids[place] == 0):
                        begun = False
                    else:
                        key |= U64(ids[place])
                back += 1
            keys[i, word] = key


@njit(cache=True, nogil=True)
def sum_sorted(keys, order, weights, distinct, counts):  # type: ignore[no-untyped-def]
    """Keys (S, W) in the order that sorts them, each once, into distinct (S, W), and how often it is there.

    Args:
        keys: in any order.
        order: (S,) which sorts them.
        weights: (S,) how often each counts; empty for once.
        distinct: result.
        counts: (S,) result.

    Returns:
        How many there are.
    """
    filled = 0
    for i in order:
        same = filled > 0
        if same:
            for word in range(keys.shape[1]):
                if keys[i, word] != distinct[filled - 1, word]:
                    same = False
                    break
        if not same:
            for word in range(keys.shape[1]):
                distinct[filled, word] = keys[i, word]
            counts[filled] = 0
            filled += 1
        counts[filled - 1] += weights[i] if weights.size else 1
    return filled
