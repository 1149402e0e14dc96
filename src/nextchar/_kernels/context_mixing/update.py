"""Learning from a bit that came: weights by gradient descent, probabilities and counts towards what was seen.

Sources: as `prediction`, and `eights` for counts.
"""

from __future__ import annotations

import numpy as np

from nextchar._kernels.context_mixing.compiled import part
from nextchar._kernels.context_mixing.eights import SEEN_BITS, count_bit, learn_cells
from nextchar._kernels.context_mixing.lanes import add_scaled
from nextchar._kernels.context_mixing.layout import APM_TABLES, MATCHES, MIXERS, PER_CONTEXT
from nextchar._kernels.context_mixing.prediction import apm_place, squash
from nextchar._kernels.context_mixing.vectors import LANES

__all__ = ["learn_bit", "learn_slots"]

F32 = np.float32
U64 = np.uint64
MOST_HITS = 400
MOST_APM = 250
_SEEN_BITS = np.uint32(SEEN_BITS)
_SEEN = np.uint32(1023)
_ONE = np.int32((1 << 22) - 1)


@part
def _learned(cell, bit, rate):  # type: ignore[no-untyped-def]
    """A cell of an adaptive map that has seen one more bit."""
    seen = cell & _SEEN
    p = np.int32(cell >> _SEEN_BITS)
    p += np.int32(F32((_ONE if bit else np.int32(0)) - p) * rate[seen])
    return np.uint32(p) << _SEEN_BITS | min(seen + np.uint32(1), np.uint32(MOST_APM))


@part
def _learn_maps(cells, cell, bit, rate, work):  # type: ignore[no-untyped-def]
    end = work.present[-1]
    for i in range(0, end, LANES):
        learn_cells(cells, cell, i, bit, rate, work.learned)
    for i in range(end):
        cells[cell[i]] = work.learned[i]


@part
def _rate(tables, steps):  # type: ignore[no-untyped-def]
    return F32(tables.rate[0] + tables.rate[1] / (1.0 + tables.rate[2] * steps))


@part
def _learn_hints(b, rate, mixers, tables, work):  # type: ignore[no-untyped-def]
    """Weights of nets, which begin to say something when all else has been learned, have a rate of their own.

    What they learned by the rate of the others is made up to it.
    """
    M = mixers.hints.shape[1]
    if mixers.hints[mixers.at[0], 0, mixers.at[1]] <= F32(0.0):
        return
    more = _rate(tables, mixers.steps[1]) - rate
    mixers.steps[1] += 1.0
    first = PER_CONTEXT * work.slot.size + 2 * MATCHES + 1
    for j in range(MIXERS):
        error = more * (b - squash(tables.squash, work.dots[j]))
        for i in range(first, first + 2 * M):
            mixers.weights[work.row[j], i] += error * work.inputs[i]


@part
def learn_bit(bit, node, tree, maps, matches, mixers, apms, tables, work):  # type: ignore[no-untyped-def]
    """Let everything learn but the counts: what `predict` left in `work` was right or wrong about a bit."""
    b = F32(bit)
    rate = _rate(tables, mixers.steps[0])
    mixers.steps[0] += 1.0
    for j in range(MIXERS):
        work.steps[j] = rate * (b - squash(tables.squash, work.dots[j]))
    add_scaled(mixers.weights, work.row, work.inputs, work.chunk, work.chunk[-1], work.steps)
    if mixers.hints.shape[1]:
        _learn_hints(b, rate, mixers, tables, work)
    for i in range(mixers.begin.size):
        error = F32(tables.rate[3]) * (b - squash(tables.squash, work.said[i]))
        for j in range(work.dots.size):
            mixers.second[work.last[i], j] += error * work.dots[j]
    i, f = apm_place(work.mixed[1])
    if f >= F32(0.5):
        i += 1
    for j in range(APM_TABLES):
        a = work.apm[j]
        apms.cells[j, a, i] = _learned(apms.cells[j, a, i], bit, tables.apm_rate)
    _learn_maps(maps.cells, work.cell, bit, tables.map_rate, work)
    if tables.quick[0]:
        _learn_maps(maps.quick, work.quick, bit, tables.map_rate, work)
    depth = min((tree.depth[node] + 1) // 2, 2)
    for j in range(MATCHES):
        if work.expected[j] >= 0:
            hit = F32(1.0) if work.expected[j] == bit else F32(0.0)
            length = work.length[j]
            seen = matches.n[j, length, depth]
            matches.p[j, length, depth] += (hit - matches.p[j, length, depth]) / (F32(seen) + F32(10.0))
            if seen < MOST_HITS:
                matches.n[j, length, depth] = seen + 1


@part
def learn_slots(words, slot, word, bit, rate):  # type: ignore[no-untyped-def]
    """Count a bit in the slots of all contexts, which hold `word` so far."""
    for k in range(0, word.size, LANES):
        count_bit(word, k, bit, rate)
    for k in range(slot.size):
        words[slot[k]] = word[k]
