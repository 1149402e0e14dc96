"""Learning from a bit that came: weights by gradient descent, probabilities and counts towards what was seen.

Sources: as `prediction`; the discount of an opposite count is that of paq's nonstationary counters (Mahoney 2005).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from nextchar._kernels.context_mixing.layout import APM_TABLES, MATCHES, MIXERS
from nextchar._kernels.context_mixing.prediction import apm_place, squash

__all__ = ["learn_bit", "learn_slots"]

F32 = np.float32
U64 = np.uint64
MOST = 250  # of a count; where one would exceed it, the other one halves
KEPT = 6  # of an opposite count, when counts are discounted; half of what is beyond goes
MOST_SEEN = 1000  # of a cell of a state map
MOST_HITS = 400
MOST_APM = 250


@njit(cache=True, nogil=True)
def _learn_weights(weights, row, errors, inputs):  # type: ignore[no-untyped-def]
    for j in range(MIXERS):
        r, e = row[j], errors[j]
        for i in range(inputs.size):
            weights[r, i] += e * inputs[i]


@njit(cache=True, nogil=True)
def _learn_maps(p, n, cell, bit, rate):  # type: ignore[no-untyped-def]
    for k in range(cell.size):
        c = cell[k]
        if c >= 0:
            seen = n[c]
            p[c] += (bit - p[c]) * rate[seen]
            if seen < MOST_SEEN:
                n[c] = seen + 1


@njit(cache=True, nogil=True)
def learn_bit(bit, node, mixed, x, tree, maps, matches, mixers, apms, tables, work):  # type: ignore[no-untyped-def]
    """Let everything learn but the counts: what `predict` left in `work` was right or wrong about a bit."""
    b = F32(bit)
    rate = F32(tables.rate[0] + tables.rate[1] / (1.0 + tables.rate[2] * mixers.steps[0]))
    mixers.steps[0] += 1.0
    for j in range(MIXERS):
        work.errors[j] = rate * (b - squash(tables.squash, work.dots[j]))
    _learn_weights(mixers.weights, work.row, work.errors, work.inputs)
    unit = tree.unit[node]
    error = F32(tables.rate[3]) * (b - mixed)
    for j in range(MIXERS):
        mixers.second[unit, j] += error * work.dots[j]
    i, f = apm_place(x)
    if f >= F32(0.5):
        i += 1
    for j in range(APM_TABLES):
        a = work.apm[j]
        seen = apms.n[j, a, i]
        apms.p[j, a, i] += (b - apms.p[j, a, i]) / (F32(seen) + F32(6.0))
        if seen < MOST_APM:
            apms.n[j, a, i] = seen + 1
    _learn_maps(maps.p, maps.n, work.cell, b, tables.map_rate)
    depth = min((tree.depth[node] + 1) // 2, 2)
    for j in range(MATCHES):
        if work.expected[j] >= 0:
            hit = F32(1.0) if work.expected[j] == bit else F32(0.0)
            length = work.length[j]
            seen = matches.n[j, length, depth]
            matches.p[j, length, depth] += (hit - matches.p[j, length, depth]) / (F32(seen) + F32(10.0))
            if seen < MOST_HITS:
                matches.n[j, length, depth] = seen + 1


@njit(cache=True, nogil=True)
def learn_slots(words, slot, bit, discounted, rate):  # type: ignore[no-untyped-def]
    """Count a bit in the slots of all contexts."""
    for k in range(slot.size):
        v = words[slot[k]]
        n0, n1 = np.int64(v >> U64(32) & U64(255)), np.int64(v >> U64(40) & U64(255))
        p = np.int64(v >> U64(16) & U64(0xFFFF))
        if bit:
            p += np.int64(F32(65535 - p) * rate[n0 + n1])
            n0, n1 = _counted(n0, n1, discounted)
        else:
            p -= np.int64(F32(p) * rate[n0 + n1])
            n1, n0 = _counted(n1, n0, discounted)
        last = ((v >> U64(48)) << U64(1) | U64(bit)) & U64(3)
        words[slot[k]] = v & U64(0xFFFF) | U64(p) << U64(16) | U64(n0) << U64(32) | U64(n1) << U64(40) | last << U64(48)


@njit(cache=True, nogil=True, inline="always")
def _counted(other, own, discounted):  # type: ignore[no-untyped-def]
    own += 1
    if discounted and other > KEPT:
        other = KEPT + (other - KEPT) // 2
    if own > MOST:
        own = MOST
        other = (other + 1) // 2
    return other, own
