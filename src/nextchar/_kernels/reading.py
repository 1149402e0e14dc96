"""The compiled loops over text and over the ids of a corpus.

Letters: S symbols, V size of the alphabet, n order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from nextchar._kernels.mixing import mix

__all__ = ["add_byte_triples", "add_to_table", "drop_recent", "fingerprints", "mark_seen", "strip_lines"]

U64 = np.uint64


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
def add_to_table(ids: npt.NDArray[Any], n: int, V: int, table: npt.NDArray[np.int64]) -> None:
    """Count the n-grams of ids (S,), which follow a boundary, into table (V^n,)."""
    contexts = V ** (n - 1)
    context = 0
    for i in range(ids.size):
        symbol = np.int64(ids[i])
        key = context * V + symbol
        table[key] += 1
        context = 0 if symbol == 0 else key % contexts


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
            total += mix(codepoints[ids[i]] + U64(place + 1))
        place += 1
        if ids[i] == 0:
            prints[item] = mix(total)
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
