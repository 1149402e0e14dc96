"""The compiled loops of classifying: what the pooled models of a label say of each text (see `tasks.label_reader`).

The contexts lie in one table, shifted over each other so that each cell belongs to one of them (a double array, Aoe
1989): the cell of a symbol in a context is the context's place plus the symbol, and it says whose it is. So one look
tells whether the context has the symbol, and the place of the next context stands in the same 64 bytes. What is left is
waiting for memory; so several texts are read in turns.

Letters: n texts, S states, E entries, V size of the alphabet, N cells.
"""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["place_states", "pool_texts", "reverse_texts"]

LANES = 32  # texts that are read in turns
TRIES = 64  # places that a state is tried at


@njit(cache=True, nogil=True)
def place_states(first, symbols, size):  # type: ignore[no-untyped-def]
    """Where each state is put, (S,), so that no two states need one cell; and whose each cell is, (N,).

    Args:
        first: (S + 1,) where each state's entries begin; every state has some, and the first one all V symbols.
        symbols: (E,) increasing within a state.
        size: V; so many cells at the end belong to no state, for a place plus a symbol is always a cell.
    """
    places = np.empty(first.size - 1, dtype=np.int32)
    room = np.int64(symbols.size + 2 * size)
    owner = np.full(room, -1, dtype=np.int32)
    taken = np.zeros(room, dtype=np.bool_)
    following = np.arange(1, room + 1)  # of a free cell, the next that is perhaps free
    free = np.int64(0)  # below, all cells belong to a state
    used = np.int64(0)  # from here on, none does
    for state in range(places.size):
        begin, end = first[state], first[state + 1]
        while owner[free] >= 0:
            free += 1
        cell = free
        place = np.int64(-1)
        for _ in range(TRIES):
            if cell >= used:
                break
            at = cell - np.int64(symbols[begin])
            if at >= 0 and not taken[at]:
                fits = True
                for entry in range(begin, end):
                    if owner[at + symbols[entry]] >= 0:
                        fits = False
                        break
                if fits:
                    place = at
                    break
            after = following[cell]
            while after < used and owner[after] >= 0:
                after = following[after]
            following[cell] = after
            cell = after
        if place < 0:
            place = max(used - np.int64(symbols[begin]), np.int64(0))
            while taken[place]:
                place += 1
            if place + 2 * size > room:
                owner = np.concatenate((owner, np.full(room, -1, dtype=np.int32)))
                taken = np.concatenate((taken, np.zeros(room, dtype=np.bool_)))
                following = np.concatenate((following, np.arange(room + 1, 2 * room + 1)))
                room *= 2
        places[state] = place
        taken[place] = True
        for entry in range(begin, end):
            owner[place + symbols[entry]] = place
        used = max(used, place + np.int64(symbols[end - 1]) + 1)
    return places, owner[: used + size].copy()


@njit(cache=True, nogil=True)
def reverse_texts(ids, offsets, out):  # type: ignore[no-untyped-def]
    """Each text from its end to its beginning, in `out` (T,); the boundaries, each at a text's end, stay."""
    for item in range(offsets.size - 1):
        end = offsets[item + 1] - 1
        source = end
        for place in range(offsets[item], end):
            source -= 1
            out[place] = ids[source]
        out[end] = ids[end]


@njit(cache=True, nogil=True)
def pool_texts(ids, offsets, known, start, places, numbers, opening, scores, nats):  # type: ignore[no-untyped-def]
    """Add to `scores` (n,) the weighted log-probabilities of each text and its parts, and to `nats` (n,) its cost.

    A row is a cell, or from N on a link, which is taken where the cell of the symbol is another state's. What to add is
    chosen by looking it up, for the processor would guess a condition wrongly half the time.

    Args:
        ids: of all texts, each closed by a boundary.
        offsets: (n + 1,) where they begin.
        known: (V,) 1 where some label knows the symbol, 0 where not: what such symbols cost does not count.
        start: the cell whose next state is the one that has read the boundary.
        places: (N + S, 16) of a cell the place of the state that it belongs to; the place of the next state; the row of
            that state's link. The rest is in `numbers`.
        numbers: (N + S, 8) the same memory: from 2 on what the row says of the whole text, the nats, then what else it
            says of the end, of the last symbol, and of the one before, and 0.
        opening: (V,) what each symbol adds where it comes first.
        scores: (n,) is added to.
        nats: (n,) is added to.
    """
    n = offsets.size - 1
    item, place, last = np.empty(LANES, np.int64), np.empty(LANES, np.int64), np.empty(LANES, np.int64)
    state, link, row = np.empty(LANES, np.int64), np.empty(LANES, np.int64), np.empty(LANES, np.int64)
    score, cost, whole = np.empty(LANES), np.empty(LANES), np.empty(LANES)
    lanes = upcoming = 0
    while lanes < min(n, LANES):
        item[lanes] = upcoming
        place[lanes] = offsets[upcoming]
        last[lanes] = offsets[upcoming + 1] - 1
        state[lanes] = places[start, 1]
        link[lanes] = places[start, 2]
        score[lanes] = known[ids[place[lanes]]] * opening[ids[place[lanes]]]
        cost[lanes] = 0.0
        upcoming += 1
        lanes += 1
    while lanes:
        for lane in range(lanes):  # three short loops, so that the processor waits for all texts at once
            cell = state[lane] + ids[place[lane]]
            row[lane] = cell if places[cell, 0] == state[lane] else link[lane]
        for lane in range(lanes):
            whole[lane] = numbers[row[lane], 2]
        lane = 0
        while lane < lanes:
            at = place[lane]
            entry = row[lane]
            left = last[lane] - at  # 0 at the end, 1 at the last character, 2 at the one before
            counts = known[ids[at]]
            score[lane] += counts * (whole[lane] + numbers[entry, 4 + min(left, 3)])
            cost[lane] += counts * numbers[entry, 3]
            at += entry != link[lane]
            state[lane] = places[entry, 1]
            link[lane] = places[entry, 2]
            place[lane] = at
            if at > last[lane]:
                scores[item[lane]] += score[lane]
                nats[item[lane]] += cost[lane]
                if upcoming < n:
                    item[lane] = upcoming
                    place[lane] = offsets[upcoming]
                    last[lane] = offsets[upcoming + 1] - 1
                    state[lane] = places[start, 1]
                    link[lane] = places[start, 2]
                    score[lane] = known[ids[place[lane]]] * opening[ids[place[lane]]]
                    cost[lane] = 0.0
                    upcoming += 1
                else:
                    lanes -= 1
                    item[lane] = item[lanes]
                    place[lane] = place[lanes]
                    last[lane] = last[lanes]
                    state[lane] = state[lanes]
                    link[lane] = link[lanes]
                    score[lane] = score[lanes]
                    cost[lane] = cost[lanes]
                    row[lane] = row[lanes]
                    whole[lane] = whole[lanes]
                    lane -= 1
            lane += 1
