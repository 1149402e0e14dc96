"""Slots as a model's file holds them: what follows from something else is left out.

Of each slot its check is kept, 12 bits, and its kind, 2 bits: it saw one bit, a 0 or a 1, and no more needs to be said;
or the same bit several times, and how often is kept; or both. Of the latter the counts are kept as their bins, which is
all that the maps look at, the last two bits, the quick counts of a model that uses them, and the probability as one of
256 steps of its logit. What the file gives up is thus the exact count within a bin, and the logit beyond a sixteenth.
"""

from __future__ import annotations

import numpy as np

from nextchar._kernels.context_mixing.compiled import loop, part
from nextchar._kernels.context_mixing.layout import BINS, CHECK, LINE_OF_SLOTS

__all__ = ["count_slots", "open_lines", "pack_slots", "round_slots", "unpack_slots"]

U64 = np.uint64
F32 = np.float32
I64 = np.int64
_RUN, _BOTH = 2, 3  # kinds
_MOST_RUN = 127
_MOST_QUICK = 15


@part
def _counts(v):  # type: ignore[no-untyped-def]
    return I64(v >> U64(32) & U64(255)), I64(v >> U64(40) & U64(255))


@part
def _kind(n0, n1):  # type: ignore[no-untyped-def]
    if n0 and n1:
        return _BOTH
    return n1 if n0 + n1 == 1 else _RUN


@part
def _fill_same(rate, same):  # type: ignore[no-untyped-def]
    for way in range(2):
        p = 32768
        for n in range(_MOST_RUN):
            p += int(F32(65535 - p) * rate[n]) if way else -int(F32(p) * rate[n])
            same[way, n + 1] = p


@part
def _run(bit, seen, same):  # type: ignore[no-untyped-def]
    """A slot, but for its check, that saw one bit so many times."""
    v = same[bit, seen] << U64(16) | U64(seen) << U64(40 if bit else 32)
    v |= U64(min(seen, I64(_MOST_QUICK))) << U64(56 if bit else 52)
    if bit:
        v |= U64(3 if seen > 1 else 1) << U64(48)
    return v


@part
def _both(pair, step, last, quick, middle, values):  # type: ignore[no-untyped-def]
    """A slot, but for its check, that saw both bits."""
    v = U64(values[step]) << U64(16) | last << U64(48) | quick << U64(52)
    return v | U64(middle[pair // BINS]) << U64(32) | U64(middle[pair % BINS]) << U64(40)


@loop
def count_slots(words, totals):  # type: ignore[no-untyped-def]
    """How many slots there are, how many saw one bit several times, and how many both: totals (3,)."""
    for v in words:
        n0, n1 = _counts(v)
        if n0 + n1:
            kind = _kind(n0, n1)
            totals[0] += 1
            totals[1] += kind == _RUN
            totals[2] += kind == _BOTH


@loop
def pack_slots(words, bins, steps, numbers, kinds, checks, runs, odds, pairs, quick):  # type: ignore[no-untyped-def]
    """Write what is kept of the slots.

    Args:
        words: (lines * 8,) the slots.
        bins: (256,) of a count.
        steps: (4096,) uint8, of a probability.
        numbers: uint8, zeros, the result: how many slots each line has, two to a number.
        kinds: uint8, zeros, the result: of the slots, four to a number.
        checks: uint8, zeros, the result: 12 bits a slot, two to three numbers.
        runs: uint8, the result: of those that saw the same bit, how often; + 128 for a 1.
        odds: uint8, the result: of those that saw both, the step of the probability.
        pairs: uint8 (n, 2), the result: of the same, the bins of both counts in one, and the last two bits.
        quick: uint8 (n,) or (0,), the result: of the same, the quick counts.
    """
    at = at_run = at_both = 0
    for i in range(words.size):
        v = words[i]
        n0, n1 = _counts(v)
        if n0 + n1 == 0:
            continue
        line = i // LINE_OF_SLOTS
        numbers[line >> 1] += 1 << ((line & 1) << 2)
        kind = _kind(n0, n1)
        kinds[at >> 2] |= kind << ((at & 3) << 1)
        check = I64(v & U64(CHECK))
        first = at * 3 >> 1
        if at & 1:
            checks[first] |= (check & 15) << 4
            checks[first + 1] = check >> 4
        else:
            checks[first] = check & 255
            checks[first + 1] = check >> 8
        at += 1
        if kind == _RUN:
            runs[at_run] = min(n0 + n1, _MOST_RUN) | (128 if n1 else 0)
            at_run += 1
        elif kind == _BOTH:
            odds[at_both] = steps[I64(v >> U64(20) & U64(4095))]
            pairs[at_both, 0] = bins[n0] * BINS + bins[n1]
            pairs[at_both, 1] = v >> U64(48) & U64(3)
            if quick.size:
                quick[at_both] = v >> U64(52) & U64(255)
            at_both += 1


@loop
def unpack_slots(numbers, kinds, checks, runs, odds, pairs, quick, middle, values, rate, same, words, begin):  # type: ignore[no-untyped-def]
    """The slots again, each line with its room, or where `begin` has any close together.

    Args:
        numbers: as `pack_slots` wrote it, like what follows, and checked to fit each other.
        kinds: of all slots.
        checks: of all slots.
        runs: of those that saw the same bit.
        odds: of those that saw both.
        pairs: of the same.
        quick: of the same.
        middle: (12,) the count that stands for each bin.
        values: (256,) the probability that stands for each step, in 65536ths.
        rate: of a slot's probability; see `Fixed`.
        same: (2, 128) uint64, room for the probability after so many of the same bit.
        words: (lines * 8,) or one for each slot, zeros, the result.
        begin: (lines + 1,) uint32, the result, or (0,); see `Slots`.
    """
    _fill_same(rate, same)
    at = at_run = at_both = 0
    close = begin.size > 0
    for line in range(begin.size - 1 if close else words.size // LINE_OF_SLOTS):
        place = at if close else line * LINE_OF_SLOTS
        if close:
            begin[line] = at
        for j in range(numbers[line >> 1] >> ((line & 1) << 2) & 15):
            first = at * 3 >> 1
            low, high = I64(checks[first]), I64(checks[first + 1])
            v = U64(low >> 4 | high << 4) if at & 1 else U64(low | (high & 15) << 8)
            kind = I64(kinds[at >> 2] >> ((at & 3) << 1) & 3)
            at += 1
            if kind == _BOTH:
                counts = U64(quick[at_both]) if quick.size else U64(0)
                pair, last = I64(pairs[at_both, 0]), U64(pairs[at_both, 1])
                v |= _both(pair, I64(odds[at_both]), last, counts, middle, values)
                at_both += 1
            elif kind == _RUN:
                v |= _run(I64(runs[at_run] >> 7), I64(runs[at_run] & 127), same)
                at_run += 1
            else:
                v |= _run(kind, I64(1), same)
            words[place + j] = v
    if close:
        begin[-1] = at


@loop
def open_lines(close, begin, words):  # type: ignore[no-untyped-def]
    """Slots whose lines lie close together, each line with its room: words (lines * 8,), zeros, the result."""
    for line in range(begin.size - 1):
        for at in range(begin[line], begin[line + 1]):
            words[line * LINE_OF_SLOTS + at - begin[line]] = close[at]


@loop
def round_slots(words, bins, steps, quick, middle, values, rate, same):  # type: ignore[no-untyped-def]
    """Make slots in place what they are when they come back from a file.

    Args:
        words: (lines * 8,) the slots; those of a line are the first ones.
        bins: as `pack_slots` takes it.
        steps: the same.
        quick: whether quick counts are kept.
        middle: as `unpack_slots` takes it.
        values: the same.
        rate: the same.
        same: the same.
    """
    _fill_same(rate, same)
    for i in range(words.size):
        v = words[i]
        n0, n1 = _counts(v)
        if n0 + n1:
            check = v & U64(CHECK)
            if _kind(n0, n1) == _BOTH:
                counts = v >> U64(52) & U64(255) if quick else U64(0)
                step = I64(steps[I64(v >> U64(20) & U64(4095))])
                v = _both(I64(bins[n0]) * BINS + I64(bins[n1]), step, v >> U64(48) & U64(3), counts, middle, values)
            else:
                v = _run(I64(n1 > 0), min(n0 + n1, I64(_MOST_RUN)), same)
            words[i] = check | v
