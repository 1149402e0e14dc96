"""How probable it is that the next bit is a 1: inputs of all contexts, mixed by weights that the situation picks.

Each context that has been here says three numbers, and each match two. Eight sets of weights mix them in the logistic
domain, a second layer mixes the eight, and adaptive probability maps correct what comes out.

Sources: Mahoney (2005); Mattern (2012), "Mixing strategies in data compression", for logistic mixing as gradient
descent on code length; Knoll and de Freitas (2012), "A machine learning perspective on predictive coding with PAQ8".
"""

from __future__ import annotations

import numpy as np
from numba import njit

from nextchar._kernels.context_mixing.contexts import pair
from nextchar._kernels.context_mixing.layout import (
    APM_BINS,
    APM_TABLES,
    BINS,
    CELLS,
    COLUMN,
    LENGTHS,
    MATCH_LENGTH,
    MATCHES,
    MIXERS,
    PER_CONTEXT,
    SHAPES,
    SYLLABLES,
    WORD,
    WORD_LENGTH,
)

__all__ = ["LARGEST", "apm_place", "expect", "pick_weights", "predict", "squash", "stretch_of", "take_inputs"]

F32 = np.float32
U64 = np.uint64
LARGEST = 11.99  # of a stretched probability
LEAST_P = 1e-5
_A16 = 1.0 / 65536.0


@njit(cache=True, nogil=True)
def squash(curve, x):  # type: ignore[no-untyped-def]
    """1 / (1 + exp(-x)), from a table of 128 values a unit from -12 on."""
    y = (min(max(x, F32(-LARGEST)), F32(LARGEST)) + F32(12.0)) * F32(128.0)
    i = np.int64(y)
    f = y - F32(i)
    return curve[i] * (F32(1.0) - f) + curve[i + 1] * f


@njit(cache=True, nogil=True, inline="always")
def stretch_of(stretch, p):  # type: ignore[no-untyped-def]
    """ln(p / (1 - p)), from a table of 4096 values."""
    return stretch[np.int64(p * F32(4095.999))]


@njit(cache=True, nogil=True)
def take_inputs(words, slot, cell, inputs, p_of_cell, bin_of, stretch):  # type: ignore[no-untyped-def]
    """What each context says: how often such counts ended in a 1, its own probability stretched, and as it is.

    Returns:
        How many contexts have been here, how many of them always saw the same, which of orders 3 to 6 are known.
    """
    found = agreed = known = 0
    for k in range(slot.size):
        v = words[slot[k]] if slot[k] >= 0 else U64(0)
        n0, n1 = np.int64(v >> U64(32) & U64(255)), np.int64(v >> U64(40) & U64(255))
        j = PER_CONTEXT * k
        if n0 + n1 == 0:
            inputs[j] = inputs[j + 1] = inputs[j + 2] = F32(0.0)
            cell[k] = -1
            continue
        p = np.int64(v >> U64(16) & U64(0xFFFF))
        c = k * CELLS + (np.int64(bin_of[n0]) * BINS + np.int64(bin_of[n1])) * 4 + np.int64(v >> U64(48) & U64(3))
        cell[k] = c
        inputs[j] = stretch_of(stretch, p_of_cell[c])
        inputs[j + 1] = stretch[p >> 4]
        inputs[j + 2] = F32(p) * F32(_A16) - F32(0.5)
        found += 1
        if n0 == 0 or n1 == 0:
            agreed += 1
        if 3 <= k <= 6:
            known |= 1 << (k - 3)
    return found, agreed, known


@njit(cache=True, nogil=True)
def expect(state, text, tree, path, length):  # type: ignore[no-untyped-def]
    """Where the paths of the symbols begin that the matches expect, and the classes of their lengths."""
    for j in range(MATCHES):
        n = np.int64(state[MATCH_LENGTH + 2 * j])
        path[j] = tree.first[text.ids[np.int64(state[MATCH_LENGTH + 2 * j - 1])]] if n else -1
        length[j] = n if n < 16 else min(16 + (n - 16) // 8, LENGTHS - 1)


@njit(cache=True, nogil=True)
def pick_weights(state, shape, unit, found, agreed, known, work, first, rows):  # type: ignore[no-untyped-def]
    """Which row of each set of weights is used: by what is known, and where we are."""
    longest = matches = 0
    for j in range(MATCHES):
        if work.expected[j] >= 0:
            matches += 1
            longest = max(longest, work.length[j])
    K = work.context.size
    row = work.row
    row[0] = unit
    row[1] = (longest * 3 + matches) * SHAPES + shape
    row[2] = np.int64(state[0]) % rows[2]
    row[3] = found * 8 // (K + 1) * 9 + agreed * 8 // max(found, 1)
    row[4] = np.int64(min(state[COLUMN] >> U64(2), U64(15)) * U64(16) + min(state[WORD_LENGTH], U64(15)))
    row[5] = unit * 16 + known
    row[6] = unit * 16 + np.int64(min(state[SYLLABLES], U64(15)))
    row[7] = unit * LENGTHS + longest
    for j in range(MIXERS):
        row[j] += first[j]


@njit(cache=True, nogil=True)
def _dots(weights, row, inputs, dots):  # type: ignore[no-untyped-def]
    """What each row of weights makes of the inputs: eight sums side by side, each in one fixed order."""
    r0, r1, r2, r3, r4, r5, r6, r7 = row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7]
    a0 = a1 = a2 = a3 = a4 = a5 = a6 = a7 = F32(0.0)
    for i in range(inputs.size):
        x = inputs[i]
        a0 += weights[r0, i] * x
        a1 += weights[r1, i] * x
        a2 += weights[r2, i] * x
        a3 += weights[r3, i] * x
        a4 += weights[r4, i] * x
        a5 += weights[r5, i] * x
        a6 += weights[r6, i] * x
        a7 += weights[r7, i] * x
    dots[0], dots[1], dots[2], dots[3], dots[4], dots[5], dots[6], dots[7] = a0, a1, a2, a3, a4, a5, a6, a7


@njit(cache=True, nogil=True, inline="always")
def apm_place(x):  # type: ignore[no-untyped-def]
    """Between which two of the 33 values a stretched probability lies: the lower one, and how far beyond it."""
    y = min(max((x + F32(8.0)) * F32(2.0), F32(0.0)), F32(APM_BINS - 1 - 0.001))
    i = np.int64(y)
    return i, y - F32(i)


@njit(cache=True, nogil=True)
def predict(state, shape, node, tree, slots, maps, matches, mixers, apms, tables, work):  # type: ignore[no-untyped-def]
    """How probable a 1 is at a node, whose slots have been found.

    Args:
        state: what has been read.
        shape: the class of the last symbol.
        node: of the code tree.
        tree: the code of the symbols.
        slots: the counts.
        maps: what the counts mean.
        matches: what matches are worth.
        mixers: the weights.
        apms: the adaptive maps.
        tables: what does not change.
        work: room; afterwards the inputs and what came of them.

    Returns:
        The probability; that before the adaptive maps; and the latter stretched.
    """
    inputs, stretch = work.inputs, tables.stretch
    found, agreed, known = take_inputs(slots.words, work.slot, work.cell, inputs, maps.p, maps.bin, stretch)
    i = PER_CONTEXT * work.slot.size
    depth = min((tree.depth[node] + 1) // 2, 2)
    for j in range(MATCHES):
        a = b = F32(0.0)
        if work.expected[j] >= 0:
            p = matches.p[j, work.length[j], depth]
            a, b = stretch_of(stretch, p), F32(2.0) * p - F32(1.0)
            if work.expected[j] == 0:
                a, b = -a, -b
        inputs[i], inputs[i + 1] = a, b
        i += 2
    inputs[i] = F32(0.3)
    unit = tree.unit[node]
    pick_weights(state, shape, unit, found, agreed, known, work, mixers.first, tables.rows)
    _dots(mixers.weights, work.row, inputs, work.dots)
    x = F32(0.0)
    for j in range(MIXERS):
        work.dots[j] = min(max(work.dots[j], F32(-LARGEST)), F32(LARGEST))
        x += mixers.second[unit, j] * work.dots[j]
    x = min(max(x, F32(-LARGEST)), F32(LARGEST))
    mixed = squash(tables.squash, x)
    size = U64(apms.p.shape[1] - 1)
    after = pair(U64(node), state[0])
    work.apm[0] = np.int64(after & size)
    work.apm[1] = np.int64(pair(after, state[1]) & size)
    work.apm[2] = np.int64(pair(U64(node), state[WORD]) & size)
    i, f = apm_place(x)
    p = F32(0.0)
    for j in range(APM_TABLES):
        p += apms.p[j, work.apm[j], i] * (F32(1.0) - f) + apms.p[j, work.apm[j], i + 1] * f
    p = F32(0.5) * mixed + p * F32(0.5 / APM_TABLES)
    return min(max(p, F32(LEAST_P)), F32(1.0 - LEAST_P)), mixed, x
