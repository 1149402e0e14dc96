"""Finding the slots of all contexts at a node of the code tree.

A line of 8 slots is 64 bytes, which the memory moves at once. A line serves a context for three levels of the tree, so
a symbol of five bits costs two cache misses a context, and the misses of all contexts are waited for together.

Source: the hash tables of paq8 and lpaq (Mahoney 2005): a check beside each slot, and the least used one is replaced.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from nextchar._kernels.constants import FIRST_FACTOR, GOLDEN
from nextchar._kernels.context_mixing.layout import LINE_OF_SLOTS
from nextchar._kernels.splitmix import mix64

__all__ = ["LEVELS", "find_lines", "find_slots"]

U64 = np.uint64
LEVELS: Final = 3  # of the tree, that share a line
_NEW: Final = 0x80000000  # the probability one half, never seen


@njit(cache=True, nogil=True)
def find_lines(context, slots, node, line):  # type: ignore[no-untyped-def]
    """The line of each context for the levels that begin with a node; returns what makes the loads happen now."""
    tag = U64(node + 1) * U64(GOLDEN)
    for k in range(context.size):
        line[k] = (slots.first[k] + np.int64(mix64(context[k] + tag) & slots.mask[k])) * LINE_OF_SLOTS
    touched = U64(0)
    for k in range(context.size):
        touched ^= slots.words[line[k]]
    return touched


@njit(cache=True, nogil=True)
def find_slots(context, slots, line, node, learn, slot):  # type: ignore[no-untyped-def]
    """The slot of each context at a node; where it has none -1, or while learning a new one for the least used."""
    tag = U64(node + 1) * U64(FIRST_FACTOR)
    words = slots.words
    for k in range(context.size):
        check = ((context[k] + tag) * U64(GOLDEN) >> U64(48)) | U64(1)
        begin, at = line[k], -1
        for i in range(begin, begin + LINE_OF_SLOTS):
            if words[i] & U64(0xFFFF) == check:
                at = i
                break
        if at < 0 and learn:
            least = U64(1000)
            for i in range(begin, begin + LINE_OF_SLOTS):
                n = (words[i] >> U64(32) & U64(255)) + (words[i] >> U64(40) & U64(255))
                if n < least:
                    least, at = n, i
            words[at] = check | U64(_NEW)
        slot[k] = at
