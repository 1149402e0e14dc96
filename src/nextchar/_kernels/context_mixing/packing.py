"""Slots as a model's file holds them: what follows from something else is left out.

A slot whose bits were all the same (most are) needs its check, the bit and how often it came: its probability follows.
One that saw a bit once needs the check and the bit. Of the others the counts are kept as their bins, which is all that
the maps look at; the probability is kept whole. A line is then three numbers: how many slots of each kind it has.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from nextchar._kernels.context_mixing.layout import BINS, LINE_OF_SLOTS

__all__ = ["count_kinds", "pack_slots", "unpack_slots"]

U64 = np.uint64
F32 = np.float32
KINDS = 9  # numbers of slots of a kind in a line, 0 to 8


@njit(cache=True, nogil=True)
def _kind(v):  # type: ignore[no-untyped-def]
    n0, n1 = np.int64(v >> U64(32) & U64(255)), np.int64(v >> U64(40) & U64(255))
    if n0 + n1 == 0:
        return -1
    if n0 + n1 == 1:
        return 0
    return 1 if n0 == 0 or n1 == 0 else 2


@njit(cache=True, nogil=True)
def count_kinds(words, totals):  # type: ignore[no-untyped-def]
    """How many slots of each kind there are, totals (3,)."""
    for v in words:
        kind = _kind(v)
        if kind >= 0:
            totals[kind] += 1


@njit(cache=True, nogil=True)
def pack_slots(words, bins, line, checks, bits, runs, odds, pairs):  # type: ignore[no-untyped-def]
    """Write what is kept of the slots.

    Args:
        words: (lines * 8,) the slots.
        bins: (256,) of a count.
        line: (lines,) uint16, the result: 81 a + 9 b + c for a, b and c slots of the three kinds.
        checks: uint16, the result: of all slots, a line's first kind first.
        bits: uint8, the result: of those seen once, 8 to a number.
        runs: uint8, the result: of those that saw the same bit, how often; + 128 for a 1.
        odds: uint16, the result: of the others, the probability.
        pairs: uint8 (n, 2), the result: of the others, the bins of both counts in one, and the last two bits.
    """
    at_check = at_once = at_run = at_odd = 0
    for i in range(line.size):
        a = b = c = 0
        for kind in range(3):
            for j in range(i * LINE_OF_SLOTS, (i + 1) * LINE_OF_SLOTS):
                v = words[j]
                if _kind(v) != kind:
                    continue
                checks[at_check] = v & U64(0xFFFF)
                at_check += 1
                n0, n1 = np.int64(v >> U64(32) & U64(255)), np.int64(v >> U64(40) & U64(255))
                if kind == 0:
                    bits[at_once >> 3] |= np.uint8(n1 << (at_once & 7))
                    at_once += 1
                    a += 1
                elif kind == 1:
                    runs[at_run] = np.uint8(min(n0 + n1, np.int64(127)) | (np.int64(128) if n1 else np.int64(0)))
                    at_run += 1
                    b += 1
                else:
                    odds[at_odd] = v >> U64(16) & U64(0xFFFF)
                    pairs[at_odd, 0] = bins[n0] * BINS + bins[n1]
                    pairs[at_odd, 1] = v >> U64(48) & U64(3)
                    at_odd += 1
                    c += 1
        line[i] = (a * KINDS + b) * KINDS + c


@njit(cache=True, nogil=True)
def unpack_slots(  # type: ignore[no-untyped-def]
    line, checks, bits, runs, odds, pairs, middle, rate, words
):
    """The slots again.

    Args:
        line: as `pack_slots` wrote it, like what follows, and checked to fit each other.
        checks: of all slots.
        bits: of those seen once.
        runs: of those that saw the same bit.
        odds: of the others.
        pairs: of the others.
        middle: (12,) the count that stands for each bin.
        rate: of a slot's probability; see `Fixed`.
        words: (lines * 8,) the result.
    """
    same = np.zeros((2, 128), dtype=np.uint64)  # the probability after so many of the same bit
    for way in range(2):
        p = 32768
        for n in range(127):
            p += int(F32(65535 - p) * rate[n]) if way else -int(F32(p) * rate[n])
            same[way, n + 1] = p
    at_check = at_once = at_run = at_odd = 0
    number = np.zeros(3, dtype=np.int64)
    for i in range(line.size):
        number[0], number[1] = line[i] // (KINDS * KINDS), line[i] // KINDS % KINDS
        number[2] = line[i] % KINDS
        j = i * LINE_OF_SLOTS
        for kind in range(3):
            for _ in range(number[kind]):
                v = U64(checks[at_check])
                at_check += 1
                if kind < 2:
                    seen = np.int64(1)
                    if kind == 0:
                        bit = np.int64(bits[at_once >> 3] >> (at_once & 7) & 1)
                        at_once += 1
                    else:
                        seen, bit = np.int64(runs[at_run] & 127), np.int64(runs[at_run] >> 7)
                        at_run += 1
                    v |= same[bit, seen] << U64(16) | U64(seen) << U64(40 if bit else 32)
                    if bit:
                        v |= U64(3 if seen > 1 else 1) << U64(48)
                else:
                    v |= U64(odds[at_odd]) << U64(16) | U64(pairs[at_odd, 1]) << U64(48)
                    v |= U64(middle[pairs[at_odd, 0] // BINS]) << U64(32)
                    v |= U64(middle[pairs[at_odd, 0] % BINS]) << U64(40)
                    at_odd += 1
                words[j] = v
                j += 1
