"""The compiled loops over text and over the ids of a corpus.

Letters: S symbols, V size of the alphabet, n order.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from nextchar._kernels.splitmix import mix64

__all__ = [
    "CLEAN",
    "NEW",
    "REFUSED",
    "drop_recent",
    "encode_ascii",
    "encode_ascii_pairs",
    "encode_utf8",
    "fingerprints",
    "mark_seen",
    "radix_sort",
    "renumber",
    "strip_lines",
]

U64 = np.uint64
CLEAN, NEW, REFUSED = 0, 1, 2  # how reading lines ended


@njit(cache=True, nogil=True)
def fingerprints(ids, codepoints, mixed, prints, total, place):  # type: ignore[no-untyped-def]
    """`Corpus.fingerprints`: a number for each item that ends in ids (S,), with a boundary.

    Args:
        ids: (S,) of the corpus.
        codepoints: (V,) of each id, in the upper half of the word.
        mixed: (P, V) what the first P places of an item give for each id, for to mix takes longer than to look up.
        prints: (n,) the result.
        total: of the first item, the sum over what came before.
        place: and how many symbols that is.

    Returns:
        (total, place) of what has come of the last item.
    """
    item = 0
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
    return total, place


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


@njit(cache=True, nogil=True)
def encode_ascii(raw, rules, ids, filled):  # type: ignore[no-untyped-def]
    """Whole lines of plain letters, bytes (B,), written as ids from ids[filled] on; whether that was right.

    It was not where a rule asks for a closer look, or where two bytes meet that make an empty line or a blank at an
    end; then what was written does not count.

    Args:
        raw: begins with a line, and ends with a line feed.
        rules: (256,) uint32 of each byte: 24 bits of its id; two bits, of which one is in common with the next two of
            the following byte where both must not meet; and one for a closer look.
        ids: of at least filled + B places.
        filled: how many are taken.
    """
    met = rule = rules[10]
    pairs = np.uint32(0)
    out = ids[filled : filled + raw.size]
    for i in range(raw.size):
        before = rule
        rule = rules[raw[i]]
        out[i] = rule & np.uint32(0xFFFFFF)
        met |= rule
        pairs |= (before << np.uint32(2)) & rule
    return met & np.uint32(1 << 28) == 0 and pairs & np.uint32(3 << 26) == 0


@njit(cache=True, nogil=True)
def encode_ascii_pairs(raw, pairs, rules, ids, filled):  # type: ignore[no-untyped-def]
    """As `encode_ascii`, two bytes at a time, for ids of one byte.

    Args:
        raw: as there.
        pairs: (65536,) uint32 of two bytes, as they lie in memory: 16 bits of both ids, as they do; then the bits of
            `rules`: those in common with what goes before from the first byte, those in common with what follows from
            the second, and a closer look where either asks for it, or both must not meet.
        rules: as there, of a byte that is left over.
        ids: as there, of one byte each.
        filled: as there.
    """
    half = raw.size // 2
    two = raw[: 2 * half].view(np.uint16)
    out = ids[filled : filled + 2 * half].view(np.uint16)
    met = rule = rules[10]
    common = np.uint32(0)
    for i in range(half):
        before = rule
        rule = pairs[two[i]]
        out[i] = rule & np.uint32(0xFFFF)
        met |= rule
        common |= (before << np.uint32(2)) & rule
    if raw.size % 2:
        last = rules[raw[raw.size - 1]]
        ids[filled + raw.size - 1] = last & np.uint32(0xFF)
        met |= last
        common |= (rule << np.uint32(2)) & last
    return met & np.uint32(1 << 28) == 0 and common & np.uint32(3 << 26) == 0


@njit(cache=True, nogil=True)
def encode_utf8(raw, table, blanks, ids, state):  # type: ignore[no-untyped-def]
    r"""Whole lines of UTF-8, bytes (B,), written as ids: stripped, without empty lines; \r and \r\n end lines too.

    Args:
        raw: begins with a line, and ends with a line feed.
        table: (0x110000,) the id of each code point; 0 where it has none yet.
        blanks: (K,) whether each of the first K code points is taken off the ends of lines.
        ids: of at least B places behind the last that is taken.
        state: (7,) int64, where to go on, and what has been met: next byte; next place in ids; where the line begins
            there; where it ends without blanks; first byte of a blank without an id that may stand inside the line, or
            -1; empty lines; whether there was more than plain letters.

    Returns:
        CLEAN at the end; NEW where the code point at the next byte has no id; REFUSED at NUL or what is no UTF-8.
    """
    i, filled, begin, solid, pending, empty, more = state
    status = CLEAN
    size = raw.size
    while i < size:
        at = i
        code = np.int64(raw[i])
        i += 1
        if code < 128:
            if code == 13:
                more = 1
                if i < size and raw[i] == 10:
                    i += 1
                code = np.int64(10)
            if code == 10:
                more |= filled > solid
                filled = solid
                if filled == begin:
                    more = 1
                    empty += 1
                else:
                    ids[filled] = 0
                    filled += 1
                begin = solid = filled
                pending = -1
                continue
            if code == 0:
                i, status = at, REFUSED
                break
        else:
            more = 1
            after = 0
            least = 0x80
            if code < 0xC2 or code > 0xF4:
                i, status = at, REFUSED
                break
            if code < 0xE0:
                code &= 0x1F
                after = 1
            elif code < 0xF0:
                code &= 0x0F
                after = 2
                least = 0x800
            else:
                code &= 0x07
                after = 3
                least = 0x10000
            for _ in range(after):
                byte = np.int64(raw[i]) if i < size else np.int64(0)
                if byte & 0xC0 != 0x80:
                    status = REFUSED
                    break
                code = code << 6 | byte & 0x3F
                i += 1
            if status == REFUSED or code < least or code > 0x10FFFF or 0xD800 <= code < 0xE000:
                i, status = at, REFUSED
                break
        symbol = table[code]
        if code < blanks.size and blanks[code]:
            if filled == begin:
                more = 1
                continue
            if symbol == 0 and pending < 0:
                pending = at
            ids[filled] = symbol
            filled += 1
            continue
        if pending >= 0 or symbol == 0:
            i, status = at, NEW
            break
        ids[filled] = symbol
        filled += 1
        solid = filled
    state[0], state[1], state[2], state[3], state[4], state[5], state[6] = i, filled, begin, solid, pending, empty, more
    return status


@njit(cache=True, nogil=True)
def renumber(ids, table):  # type: ignore[no-untyped-def]
    """Each id replaced by its place in the table, (S,) in place."""
    for i in range(ids.size):
        ids[i] = table[ids[i]]
