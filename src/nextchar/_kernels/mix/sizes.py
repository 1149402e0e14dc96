"""How large the parts of a state, and of the gate's tables, are: what the compiled loops share with their callers."""

from __future__ import annotations

__all__ = [
    "CLASSES",
    "COUNT_BUCKETS",
    "FIRST",
    "MATCHES",
    "NEWEST",
    "OLDEST",
    "POSITIONS",
    "STATE",
    "TOTAL_BUCKETS",
    "USED",
    "WINDOW",
    "T",
]

WINDOW = 10  # the newest symbols that a context can see
FIRST = 3  # the oldest ones

# What a state holds, as 64-bit words: t, a hash of the classes of all symbols, the set of the symbols (as bits), the
# newest WINDOW symbols, newest first, and the first FIRST.
T, CLASSES, USED, NEWEST, OLDEST = 0, 1, 2, 3, 3 + WINDOW
STATE = 3 + WINDOW + FIRST

TOTAL_BUCKETS = 14  # of how often a context was seen: 0, 1, 2, 3-4, 5-8, ...
COUNT_BUCKETS = 8  # of how often a symbol followed: 1, 2, 3, 4-5, 6-9, 10-19, 20-63, more
POSITIONS = 16
MATCHES = 10  # the longest known suffix, 0 to 8; 9 where that is the whole prefix
