"""How probable it is that the next bit is a 1: inputs of all contexts, mixed by weights that the situation picks.

Each context that has been here says four numbers, and each match two. Twelve sets of weights mix them in the
logistic domain, a second layer mixes the twelve and what nets say, and adaptive probability maps correct the outcome.

Sources: Mahoney (2005); Mattern (2012), "Mixing strategies in data compression", for logistic mixing as gradient
descent on code length; Knoll and de Freitas (2012), "A machine learning perspective on predictive coding with PAQ8".
"""

from __future__ import annotations

import numpy as np

from nextchar._kernels.context_mixing.compiled import part
from nextchar._kernels.context_mixing.contexts import pair
from nextchar._kernels.context_mixing.eights import SEEN_BITS, say_slots
from nextchar._kernels.context_mixing.lanes import dots, prefetch
from nextchar._kernels.context_mixing.layout import (
    APM_BINS,
    APM_TABLES,
    COLUMN,
    HINT_SCALE,
    LENGTHS,
    MATCH_LENGTH,
    MATCHES,
    MIXERS,
    MOST_SYMBOLS,
    PER_CONTEXT,
    SHAPES,
    SYLLABLES,
    WORD,
    WORD_LENGTH,
)
from nextchar._kernels.context_mixing.vectors import LANES

__all__ = [
    "LARGEST",
    "apm_place",
    "expect",
    "pick_weights",
    "predict",
    "probability",
    "shapes_of",
    "squash",
    "stretch_of",
    "take_chunks",
    "take_inputs",
]

F32 = np.float32
U64 = np.uint64
LARGEST = 11.99  # of a stretched probability
LEAST_P = 1e-5
_SEEN = np.uint32(SEEN_BITS)


@part
def squash(curve, x):  # type: ignore[no-untyped-def]
    """1 / (1 + exp(-x)), from a table of 128 values a unit from -12 on."""
    y = (min(max(x, F32(-LARGEST)), F32(LARGEST)) + F32(12.0)) * F32(128.0)
    i = np.int64(y)
    f = y - F32(i)
    return curve[i] * (F32(1.0) - f) + curve[i + 1] * f


@part
def stretch_of(stretch, p):  # type: ignore[no-untyped-def]
    """ln(p / (1 - p)), from a table of 4096 values."""
    return stretch[np.int64(p * F32(4095.999))]


@part
def probability(cell):  # type: ignore[no-untyped-def]
    """Of a cell of 32 bits, whose upper 22 it is."""
    return (F32(cell >> _SEEN) + F32(0.5)) * F32(2.0**-22)


@part
def take_inputs(maps, stretch, on, work):  # type: ignore[no-untyped-def]
    """What the contexts that have been here say, eight at a time; see `eights.say_slots`. The others say zeros.

    Returns:
        How many always saw the same.
    """
    agreed, end = np.int64(0), work.present[-1]
    for i in range(PER_CONTEXT * work.slot.size):
        work.inputs[i] = F32(0.0)
    for i in range(0, end, LANES):
        agreed += say_slots(
            work.word, work.present, i, end, maps.cells, maps.quick, maps.bin, stretch, on,
            work.cell, work.quick, work.inputs, work.inputs.size - PER_CONTEXT,
        )  # fmt: skip
    return agreed


@part
def take_chunks(known, work):  # type: ignore[no-untyped-def]
    """Which eight inputs are not all zeros: of two contexts of which one has been here, and all that are not theirs."""
    n = 0
    theirs = PER_CONTEXT * work.slot.size // LANES
    both = np.int64((1 << LANES // PER_CONTEXT) - 1)
    for i in range(work.chunk.size - 1):
        work.chunk[n] = LANES * i
        n += i >= theirs or known & both != 0
        known >>= LANES // PER_CONTEXT
    work.chunk[-1] = n


@part
def shapes_of(state, traits):  # type: ignore[no-untyped-def]
    """The classes of the last three symbols in one number, that of the last one first."""
    shapes = traits.shape[np.int64(state[2])] * SHAPES + traits.shape[np.int64(state[1])]
    return shapes * SHAPES + traits.shape[np.int64(state[0])]


@part
def expect(state, text, tree, path, length):  # type: ignore[no-untyped-def]
    """Where the paths of the symbols begin that the matches expect, and the classes of their lengths."""
    for j in range(MATCHES):
        n = np.int64(state[MATCH_LENGTH + 2 * j])
        path[j] = tree.first[text.ids[np.int64(state[MATCH_LENGTH + 2 * j - 1])]] if n else -1
        length[j] = n if n < 16 else min(16 + (n - 16) // 8, LENGTHS - 1)


@part
def pick_weights(state, shapes, unit, found, agreed, known, work, mixers, shares):  # type: ignore[no-untyped-def]
    """Which row of each set of weights is used: by what is known, and where we are."""
    longest = matches = 0
    for j in range(MATCHES):
        if work.expected[j] >= 0:
            matches += 1
            longest = max(longest, work.length[j])
    order = 0
    for n in range(1, 9):
        order += known >> n & 1
    order += (known >> 23 & 1) + (known >> 24 & 1)  # orders 12 and 20
    K = work.slot.size
    row = work.row
    row[0] = unit
    row[1] = (longest * 3 + matches) * SHAPES + shapes % SHAPES
    row[2] = np.int64(state[0]) & (MOST_SYMBOLS - 1)
    row[3] = shares[found, K + 1] * 9 + shares[agreed, found]
    row[4] = np.int64(min(state[COLUMN] >> U64(2), U64(15)) * U64(16) + min(state[WORD_LENGTH], U64(15)))
    row[5] = unit * 16 + (known >> 3 & 15)  # orders 3 to 6
    row[6] = unit * 16 + np.int64(min(state[SYLLABLES], U64(15)))
    row[7] = unit * LENGTHS + longest
    row[8] = unit * 16 + (known >> 9 & 15)  # the word, and with those before it
    row[9] = np.int64(state[1]) & (MOST_SYMBOLS - 1)
    row[10] = unit * 11 + order
    row[11] = shapes
    work.last[0], work.last[1], work.last[2] = row[0], row[1], row[3]
    for j in range(mixers.begin.size):
        work.last[j] += mixers.begin[j]
    for j in range(MIXERS):
        row[j] += mixers.first[j]


@part
def apm_place(x):  # type: ignore[no-untyped-def]
    """Between which two of the 33 values a stretched probability lies: the lower one, and how far beyond it."""
    y = min(max((x + F32(8.0)) * F32(2.0), F32(0.0)), F32(APM_BINS - 1 - 0.001))
    i = np.int64(y)
    return i, y - F32(i)


@part
def predict(state, shapes, node, known, tree, maps, matches, mixers, apms, tables, work):  # type: ignore[no-untyped-def]
    """How probable a 1 is at a node, whose slots have been found.

    Args:
        state: what has been read.
        shapes: the classes of the last symbols; see `shapes_of`.
        node: of the code tree.
        known: which contexts have a slot, as bits.
        tree: the code of the symbols.
        maps: what the counts mean.
        matches: what matches are worth.
        mixers: the weights.
        apms: the adaptive maps.
        tables: what does not change.
        work: room; afterwards the inputs and what came of them.

    Returns:
        The probability.
    """
    inputs, stretch = work.inputs, tables.stretch
    size = U64(apms.cells.shape[1] - 1)
    after = pair(U64(node), state[0])
    work.apm[0] = after & size
    work.apm[1] = pair(after, state[1]) & size
    work.apm[2] = pair(U64(node), state[WORD]) & size
    for j in range(APM_TABLES):
        row = (U64(j) * (size + U64(1)) + work.apm[j]) * U64(APM_BINS)
        for i in range(0, APM_BINS, 16):
            prefetch(apms.cells, row + U64(i))
    agreed, found = take_inputs(maps, stretch, tables.quick[0], work), work.present[-1]
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
    for net in range(mixers.hints.shape[1]):
        p = mixers.hints[mixers.at[0], net, mixers.at[1]]
        said = stretch_of(stretch, p) if p > F32(0.0) else F32(0.0)
        inputs[i + 1 + 2 * net] = said
        inputs[i + 2 + 2 * net] = F32(2.0) * p - F32(1.0) if p > F32(0.0) else F32(0.0)
        work.dots[MIXERS + net] = F32(HINT_SCALE) * said
    unit = tree.unit[node]
    pick_weights(state, shapes, unit, found, agreed, known, work, mixers, tables.shares)
    take_chunks(known, work)
    dots(mixers.weights, work.row, inputs, work.chunk, work.chunk[-1], work.dots)
    for j in range(MIXERS):
        work.dots[j] = min(max(work.dots[j], F32(-LARGEST)), F32(LARGEST))
    x = F32(0.0)
    for i in range(mixers.begin.size):
        y = F32(0.0)
        for j in range(work.dots.size):
            y += mixers.second[work.last[i], j] * work.dots[j]
        work.said[i] = min(max(y, F32(-LARGEST)), F32(LARGEST))
        x += work.said[i]
    x /= F32(mixers.begin.size)
    mixed = squash(tables.squash, x)
    i, f = apm_place(x)
    p = F32(0.0)
    for j in range(APM_TABLES):
        low, high = apms.cells[j, work.apm[j], i], apms.cells[j, work.apm[j], i + 1]
        p += probability(low) * (F32(1.0) - f) + probability(high) * f
    p = F32(0.5) * mixed + p * F32(0.5 / APM_TABLES)
    work.mixed[0], work.mixed[1] = mixed, x
    return min(max(p, F32(LEAST_P)), F32(1.0 - LEAST_P))
