"""The compiled loops of automata: reading a corpus, and drawing items.

Letters: S symbols, V size of the alphabet.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from nextchar._kernels.backoff_search import follow_links
from nextchar._kernels.constants import GOLDEN
from nextchar._kernels.splitmix import mix64

__all__ = ["draw_batch", "walk", "walk_links"]

U64 = np.uint64
LANES = 32  # items that are drawn side by side
WIDTH = 48  # symbols of one, up to which that is worth it
DEAD, LONG = -1, -2


@njit(cache=True, nogil=True)
def _draw_short(  # type: ignore[no-untyped-def]
    cumulative, total, below, guide, target, V, G, early, late, shortest, longest,
    keys, t, start, scratch, sizes,
):  # fmt: skip
    """Draw some items side by side: `sizes` of each, behind the t symbols of the prefix, and what they are.

    In each loop the processor waits for all items at once. An item that does not end in `scratch` (LANES, WIDTH), or
    comes to `longest`, has the size LONG, one that comes to a dead end DEAD.
    """
    lanes = keys.size
    lane, key = np.empty(LANES, dtype=np.int64), np.empty(LANES, dtype=np.uint64)
    state, first, cell = (
        np.empty(LANES, dtype=np.uint64),
        np.empty(LANES, dtype=np.uint64),
        np.empty(LANES, dtype=np.uint64),
    )
    mark, seen = np.empty(LANES), np.empty(LANES)
    for i in range(lanes):
        lane[i] = i
        key[i] = keys[i] + U64(t) * U64(GOLDEN)
        state[i] = U64(start)
        sizes[i] = LONG
    for place in range(min(WIDTH, longest - t)):
        shift = U64(early) if t + place < shortest else U64(late)
        for i in range(lanes):
            key[i] += U64(GOLDEN)
            u = np.float64(mix64(key[i]) >> U64(11)) * 2.0**-53
            row = state[i] + shift
            mark[i] = min(u * total[row], below[row])
            first[i] = row * U64(V)
            cell[i] = first[i] + U64(guide[row * U64(G) + U64(u * G)])
        for i in range(lanes):
            seen[i] = cumulative[cell[i]]
        going = 0
        for i in range(lanes):
            at = cell[i]
            if mark[i] < 0.0:  # total is 0, and below it lies a negative number
                sizes[lane[i]] = DEAD
                continue
            if seen[i] <= mark[i]:
                at += U64(1)
                while cumulative[at] <= mark[i]:
                    at += U64(1)
            symbol = at - first[i]
            if symbol == U64(0):
                sizes[lane[i]] = place
                continue
            scratch[lane[i], place] = symbol
            lane[going] = lane[i]
            key[going] = key[i]
            cell[going] = state[i] * U64(V) + symbol
            going += 1
        lanes = going
        if lanes == 0:
            break
        for i in range(lanes):
            state[i] = U64(target[cell[i]])


@njit(cache=True, nogil=True)
def draw_batch(  # type: ignore[no-untyped-def]
    cumulative, total, below, guide, target, V, G, early, late, shortest, longest,
    keys, begin, prefix, start, out, offsets, kept, used,
):  # fmt: skip
    """Draw items `begin`.. with these keys into `out` until all are drawn or the room does not suffice for one more.

    Indices are unsigned, which spares the test for negative ones.

    The tables are `automata.table_sampler.SamplingTables`; an item's states count from row `early` in them while it is
    shorter than `shortest`, and from row `late` after that.

    Returns:
        (items drawn in all, items kept in all, ids written to out, whether an item came to `longest`).
    """
    filled = 0
    endless = False
    scratch = np.empty((LANES, WIDTH), dtype=out.dtype)
    sizes = np.empty(LANES, dtype=np.int64)
    for group in range(begin, keys.size, LANES):
        some = keys[group : group + LANES]
        _draw_short(
            cumulative, total, below, guide, target, V, G, early, late, shortest, longest,
            some, prefix.size, start, scratch, sizes,
        )  # fmt: skip
        for lane in range(some.size):
            if filled + longest + 1 > out.size:
                return group + lane, kept, filled, endless
            if sizes[lane] == DEAD:
                continue
            item_begin = filled
            for i in range(prefix.size):
                out[filled] = prefix[i]
                filled += 1
            t = prefix.size
            if sizes[lane] != LONG:
                for i in range(sizes[lane]):
                    out[filled] = scratch[lane, i]
                    filled += 1
                out[filled] = 0
                filled += 1
                kept += 1
                offsets[kept] = used + filled
                continue
            key = some[lane] + U64(t) * U64(GOLDEN)
            state = U64(start)
            mark = 0.0
            while True:
                if t >= longest:
                    endless = True
                    break
                key += U64(GOLDEN)
                u = np.float64(mix64(key) >> U64(11)) * 2.0**-53
                row = state + (U64(early) if t < shortest else U64(late))
                mark = min(u * total[row], below[row])
                if mark < 0.0:  # a dead end: total is 0, and below it lies a negative number
                    break
                first_cell = row * U64(V)
                cell = first_cell + U64(guide[row * U64(G) + U64(u * G)])
                while cumulative[cell] <= mark:
                    cell += U64(1)
                symbol = cell - first_cell
                if symbol == U64(0):
                    break
                out[filled] = symbol
                filled += 1
                state = U64(target[state * U64(V) + symbol])
                t += 1
            if t < longest and mark < 0.0:
                filled = item_begin
            else:
                out[filled] = 0
                filled += 1
                kept += 1
                offsets[kept] = used + filled
    return keys.size, kept, filled, endless


@njit(cache=True, nogil=True)
def walk(ids, cuts, log_prob, target, start, V, nats):  # type: ignore[no-untyped-def]
    """-log p of every symbol of a stream, in nats (S,), for an automaton's tables laid out flat.

    The stream is cut after boundaries into four parts that are read in turn, for a step waits on the memory of the
    one before; four waits overlap. Indices are unsigned, which spares the test for negative ones.

    Args:
        ids: (S,) the stream, which follows a boundary.
        cuts: (5,) where the parts begin, and S.
        log_prob: (states * V,) nats.
        target: (states * V,) next states.
        start: the state that has read the boundary.
        V: size of the alphabet.
        nats: (S,) the result.
    """
    width = U64(V)
    a = b = c = d = U64(start)
    at_a, at_b, at_c, at_d = cuts[0], cuts[1], cuts[2], cuts[3]
    together = min(min(cuts[1] - cuts[0], cuts[2] - cuts[1]), min(cuts[3] - cuts[2], cuts[4] - cuts[3]))
    for i in range(together):
        j = U64(at_a + i)
        cell = a * width + U64(ids[j])
        nats[j] = -log_prob[cell]
        a = U64(target[cell])
        j = U64(at_b + i)
        cell = b * width + U64(ids[j])
        nats[j] = -log_prob[cell]
        b = U64(target[cell])
        j = U64(at_c + i)
        cell = c * width + U64(ids[j])
        nats[j] = -log_prob[cell]
        c = U64(target[cell])
        j = U64(at_d + i)
        cell = d * width + U64(ids[j])
        nats[j] = -log_prob[cell]
        d = U64(target[cell])
    states = (a, b, c, d)
    for part in range(4):
        state = states[part]
        for i in range(cuts[part] + together, cuts[part + 1]):
            cell = state * width + U64(ids[i])
            nats[i] = -log_prob[cell]
            state = U64(target[cell])


@njit(cache=True, nogil=True)
def walk_links(ids, start, first, symbols, log_prob, target, link, price, nats):  # type: ignore[no-untyped-def]
    """As `walk`, for an automaton whose rows are not laid out: entries are searched, links followed.

    The stream `ids` (S,) follows a boundary; the result goes to `nats` (S,); the rest is as `Automaton` has it.
    """
    state = np.int64(start)
    for i in range(ids.size):
        entry, paid = follow_links(first, symbols, link, price, state, np.int64(ids[i]))
        nats[i] = -(paid + log_prob[entry])
        state = np.int64(target[entry])
