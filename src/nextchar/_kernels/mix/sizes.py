"""How large the parts of a state, and of the gate's tables, are: what the compiled loops share with their callers."""

from __future__ import annotations

from typing import Any

__all__ = [
    "ALL_CLASSES",
    "BAG",
    "BEGINNING",
    "CLASSES",
    "COARSE",
    "COUNT_BUCKETS",
    "DRAWS",
    "EQUAL",
    "EXACT_BITS",
    "FINE",
    "FINE_CLASSES",
    "FIRST",
    "HIDDEN",
    "LENGTHS",
    "MATCHES",
    "NARROW",
    "NEWEST",
    "OLDEST",
    "OTHER_CLASS",
    "OWN_CLASS",
    "PLACES",
    "POSITION",
    "POSITIONS",
    "RECENT",
    "RUNS",
    "SET",
    "STATE",
    "TOTAL_BUCKETS",
    "USED",
    "USED_BITS",
    "USED_SET",
    "WHOLE_ROWS",
    "WINDOW",
    "T",
    "state_words",
]

WINDOW = 10  # the newest symbols that a context can see
FIRST = 4  # the oldest ones

# What a state holds, as 64-bit words: t, a hash of the classes of all symbols, the set of the symbols (as bits, modulo
# 63), the newest WINDOW symbols, newest first, and the first FIRST.
T, CLASSES, USED, NEWEST, OLDEST = 0, 1, 2, 3, 3 + WINDOW
STATE = 3 + WINDOW + FIRST
# Where a context asks for the exact set of symbols, it follows: a hash of the set, and a bit for each symbol.
SET = STATE
EXACT_BITS = 64  # up to so many symbols, the boundary included, the bits modulo 63 are the exact set

# What a context may ask for, as bits of one number. USED_BITS goes by the symbols modulo 63: it is for alphabets of up
# to EXACT_BITS symbols, and for files of version 0.1.0, whatever their alphabet.
POSITION, ALL_CLASSES, USED_BITS, EQUAL, USED_SET = 1, 2, 4, 8, 16
# Above these bits stand numbers of four bits, each at most WINDOW and each the length of what it asks for: where they
# begin (see `experts.Context`), and where the last of them ends.
BAG, RUNS, OWN_CLASS, OTHER_CLASS, FINE_CLASSES, LENGTHS = 8, 12, 16, 20, 24, 28

# A symbol's classes are one number: the coarse one in the lowest bits, the fine one above them.
COARSE, FINE = 3, 2


def state_words(contexts: Any, V: int) -> int:
    """How many words a state has, for kinds of contexts (K, 5) and an alphabet of V symbols."""
    return STATE + 1 + (V + 63) // 64 if (contexts[:, 3] & USED_SET).any() else STATE


TOTAL_BUCKETS = 14  # of how often a context was seen: 0, 1, 2, 3-4, 5-8, ...
COUNT_BUCKETS = 8  # of how often a symbol followed: 1, 2, 3, 4-5, 6-9, 10-19, 20-63, more
POSITIONS = 16
MATCHES = 10  # the longest known suffix, 0 to 8; 9 where that is the whole prefix
RECENT, BEGINNING = 5, 2  # how many of the newest and of the oldest symbols the gate sees
PLACES = 2 + RECENT + BEGINNING  # what it sees: the position, the longest known suffix, and these symbols
HIDDEN = 16  # units between that and the exponents

WHOLE_ROWS = 256  # up to so many symbols the gate is fitted to rows of all of them; beyond, rows have candidates:
NARROW = 128  # all symbols of a context with no more than these,
DRAWS = 256  # and so many that are drawn at random
