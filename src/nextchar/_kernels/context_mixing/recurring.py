"""Counting the contexts of a text that occurred more than once: what `models.context_mixing.recurring` is made of.

Positions are sorted by the symbol that stands there, then by the one before it, and so on. So those after which the
same context has been read lie side by side, and how long it is follows from how far neighbours agree.

Letters: T symbols, n order, S states, E entries.
"""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["add_what_is_passed_on", "find_recurring", "list_recurring"]


@njit(cache=True, nogil=True)
def _agree(ids, p, q, n):  # type: ignore[no-untyped-def]
    """How many symbols before and at two positions are the same, up to n; n too where both items are alike."""
    for back in range(n):
        one = ids[p - back] if p >= back else 0
        other = ids[q - back] if q >= back else 0
        if one != other:
            return back
        if back and one == 0:
            return n
    return n


@njit(cache=True, nogil=True)
def find_recurring(ids, positions, n, agree, reach, known):  # type: ignore[no-untyped-def]
    """How long the contexts are.

    Args:
        ids: (T,) the text, which ends in a boundary, and begins after one.
        positions: (T,) sorted.
        n: at least 2.
        agree: (T + 1,) the result: on how many symbols each position and the one before it in their order agree; 0 for
            the first, and at the end.
        reach: (T,) the result: symbols of the longest context of each position; it does not go beyond a boundary.
        known: (T,) the result: the same of the longest one that occurred more than once.
    """
    agree[0] = agree[ids.size] = 0
    for i in range(1, ids.size):
        agree[i] = _agree(ids, positions[i - 1], positions[i], n)
    items = 0
    for p in range(ids.size):
        reach[p] = min(n - 1, reach[p - 1] + 1) if p and ids[p - 1] else 1
        items += ids[p] == 0
    several = 1 if items > 1 else 0
    known[0] = several
    for i in range(ids.size):
        p = positions[i]
        if ids[p] == 0 and p + 1 < ids.size:
            known[p + 1] = several
        elif ids[p]:
            known[p + 1] = min(reach[p + 1], max(agree[i], agree[i + 1]))


@njit(cache=True, nogil=True)
def list_recurring(  # type: ignore[no-untyped-def]
    ids, positions, agree, reach, known, following, once, oldest, symbol, parent, raw, adjusted, place, last,
):  # fmt: skip
    """The entries of contexts that occurred more than once: of each depth in the order of the positions.

    Called twice: with empty `raw` it only counts.

    Args:
        ids: (T,) the text.
        positions: (T,) sorted; this and the next three as `find_recurring` has them.
        agree: (T + 1,)
        reach: (T,)
        known: (T,)
        following: (n,) the number that the next entry of each depth gets; moves on. At depth 0 there are all V, and
            symbols are their numbers.
        once: (n,) moves on: how many entries of each depth there are in contexts that occurred once.
        oldest: (E,) the result, as are the others: the first symbol of the entry's n-gram.
        symbol: (E,) its last one.
        parent: (E,) the entry without the oldest symbol.
        raw: (E,) how often it occurred; zeros at first.
        adjusted: (E,) in how many contexts longer by one, or how often where there are none; zeros at first.
        place: (E,) a position where its last symbol stands.
        last: (T,) of each position, the entry that is the longest context that occurred more than once.
    """
    n = following.size
    current = np.zeros(n, dtype=np.int64)
    i = 0
    while i < positions.size:
        p, end = positions[i], i + 1
        while agree[end] == n:
            end += 1
        limit, longest = int(min(known[p], reach[p])), int(reach[p])
        for depth in range(int(agree[i]), limit + 1):
            entry = following[depth]
            following[depth] += 1
            if raw.size:
                if depth:
                    parent[entry] = current[depth - 1]
                    adjusted[current[depth - 1]] += 1
                else:
                    entry = np.int64(ids[p])
                current[depth] = entry
                oldest[entry] = ids[p - depth] if p >= depth else 0
                symbol[entry] = ids[p]
                place[entry] = p
        if not raw.size:
            for depth in range(limit + 1, longest + 1):
                once[depth] += 1
        else:
            if limit == longest:
                adjusted[current[limit]] = end - i
            else:
                adjusted[current[limit]] += 1
            for depth in range(limit + 1):
                raw[current[depth]] += end - i
            for j in range(i, end):
                after = positions[j] + 1
                if after < ids.size and known[after]:
                    last[after] = current[known[after] - 1]
        i = end


@njit(cache=True, nogil=True)
def add_what_is_passed_on(first, below, rest, p):  # type: ignore[no-untyped-def]
    """Let the shares (E,) that states give to their symbols be probabilities, in place: with what shorter contexts say.

    Args:
        first: (S + 1,) where each state's entries begin, shorter contexts first.
        below: (E,) the entry of the same symbol in the context without its oldest symbol.
        rest: (S,) what each state passes on.
        p: (E,)
    """
    V = first[1]
    for entry in range(V):
        p[entry] += rest[0] / V
    for state in range(1, rest.size):
        for entry in range(first[state], first[state + 1]):
            p[entry] += rest[state] * p[below[entry]]
