"""Finding the slots of all contexts at a node of the code tree.

A line of 8 slots is 64 bytes, which the memory moves at once. A line serves a context for three levels of the tree, so
a symbol of five bits costs two cache misses a context, and the misses of all contexts are waited for together. Tables
that were read from a file, and do not learn, have only the slots that are used: a third of the memory.

Where a line begins and how many slots it has are one number: the size from bit 48 on.

Source: the hash tables of paq8 and lpaq (Mahoney 2005): a check beside each slot, and the least used one is replaced.
"""

from __future__ import annotations

import numpy as np

from nextchar._kernels.constants import FIRST_FACTOR, GOLDEN
from nextchar._kernels.context_mixing.compiled import part
from nextchar._kernels.context_mixing.lanes import least_used, matching, prefetch
from nextchar._kernels.context_mixing.layout import LINE_OF_SLOTS

__all__ = ["find_lines", "find_slots", "line_begin", "place_slots", "slot_of"]

U64 = np.uint64
_SIZE = 48  # from which bit on a line has its size
_NEW = 0x80000000  # the probability one half, never seen


@part
def find_lines(context, slots, node, line):  # type: ignore[no-untyped-def]
    """Where the line of each context begins for the levels that begin with a node; the memory is asked for it."""
    tag = U64(node + 1) * U64(GOLDEN)
    for k in range(slots.first.size):
        hashed = (context[k] + tag) * U64(FIRST_FACTOR) >> U64(24)
        number = U64(slots.first[k]) + (hashed & slots.mask[k])
        if slots.begin.size:
            at = U64(slots.begin[number])
            line[k] = at | U64(slots.begin[number + U64(1)]) - at << U64(_SIZE)
            prefetch(slots.words, at + U64(LINE_OF_SLOTS - 1))
        else:
            at = number * U64(LINE_OF_SLOTS)
            line[k] = at | U64(LINE_OF_SLOTS) << U64(_SIZE)
        prefetch(slots.words, at)


@part
def line_begin(line):  # type: ignore[no-untyped-def]
    """The first slot of a line."""
    return line & ((U64(1) << U64(_SIZE)) - U64(1))


@part
def find_slots(context, slots, line, node, slot, word, present):  # type: ignore[no-untyped-def]
    """The slot of each context at a node, the last, empty one where it has none.

    Of those that have one it is said which they are, and what their slots hold.

    Returns:
        The same as bits.
    """
    tag = U64(node + 1) * U64(FIRST_FACTOR)
    none = U64(slots.words.size - 1)
    n = known = np.int64(0)
    for k in range(slots.first.size):
        begin = line_begin(line[k])
        at = matching(slots.words, begin, _check(context[k], tag))
        here = np.int64(at < line[k] >> U64(_SIZE))
        slot[k] = begin + at if here else none
        word[n] = slots.words[slot[k]]
        present[n] = k
        n += here
        known |= here << k
    present[-1] = n
    return known


@part
def slot_of(context, slots, line, node, k):  # type: ignore[no-untyped-def]
    """The slot of one context as it is now; where it has none, the last, empty one."""
    begin = line_begin(line[k])
    at = matching(slots.words, begin, _check(context[k], U64(node + 1) * U64(FIRST_FACTOR)))
    return begin + at if at < U64(LINE_OF_SLOTS) else U64(slots.words.size - 1)


@part
def place_slots(context, slots, line, node, slot, word):  # type: ignore[no-untyped-def]
    """Make slots where `find_slots` found none, or where another node has taken what it found: the least used goes.

    What they hold is given in `word`, new ones too, which are not yet written.
    """
    tag = U64(node + 1) * U64(FIRST_FACTOR)
    words = slots.words
    for k in range(slots.first.size):
        check = _check(context[k], tag)
        held = words[slot[k]]
        if held & U64(0xFFFF) != check:
            begin = line_begin(line[k])
            at = matching(words, begin, check)
            if at < U64(LINE_OF_SLOTS):
                slot[k] = begin + at
                held = words[slot[k]]
            else:
                slot[k] = begin + least_used(words, begin)
                held = check | U64(_NEW)
        word[k] = held


@part
def _check(hashed, tag):  # type: ignore[no-untyped-def]
    return ((hashed + tag) * U64(GOLDEN) >> U64(52)) | U64(1)
