"""The compiled loops of the mix: reading prefixes, counting contexts, the gate's gradient, rows.

Importing this module loads numba, so callers import it inside the functions that need it.

Letters: S symbols of a corpus, V size of the alphabet, K kinds of context, E experts, C contexts, M cells (a cell is a
context and a symbol that followed it), B batch.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from nextchar.models.mix.experts import FIRST, WINDOW

__all__ = [
    "COUNT_BUCKETS",
    "MATCHES",
    "POSITIONS",
    "STATE",
    "TOTAL_BUCKETS",
    "Frozen",
    "Gate",
    "Rows",
    "add_gradient",
    "advance",
    "count_contexts",
    "fit_steps",
    "freeze",
    "lay_out",
    "leave_out_rows",
    "positions_and_last",
    "row_log_probs",
    "silence",
    "stream_nats",
]

U64 = np.uint64
GOLDEN = 0x9E3779B97F4A7C15

# What a state holds, as 64-bit words: t, a hash of the classes of all symbols, the set of the symbols (as bits), the
# newest WINDOW symbols, newest first, and the first FIRST.
_T, _CLASSES, _USED, _NEWEST, _OLDEST = 0, 1, 2, 3, 3 + WINDOW
STATE = 3 + WINDOW + FIRST

TOTAL_BUCKETS = 14  # of how often a context was seen: 0, 1, 2, 3-4, 5-8, ...
COUNT_BUCKETS = 8  # of how often a symbol followed: 1, 2, 3, 4-5, 6-9, 10-19, 20-63, more
POSITIONS = 16
MATCHES = 10  # the longest known suffix, 0 to 8; 9 where that is the whole prefix


class Frozen(NamedTuple):
    """What the experts know, laid out so that a context costs two waits for memory: its slot and its record.

    A record is a header, number of cells << 8 | bucket of the first expert's total << 4 | of the second one's, and for
    each cell the symbol, the gate's scores of all experts together, and each expert's gain.

    Attributes:
        contexts: (K, 5) from `experts.context_table`.
        classes: (V,) of each symbol.
        slots: (N, 2) uint64, hash tables of all kinds, one after the other: a context's hash (0 where there is none)
            and where its record begins.
        slot_first: (K + 1,) where each kind's table begins; the sizes are powers of 2.
        words: int32, the records.
        numbers: the same memory as float32.
        experts: (K, 2) the one or two experts of each kind; -1 for none.
        log_unigram: (V,) nats.
    """

    contexts: Any
    classes: Any
    slots: Any
    slot_first: Any
    words: Any
    numbers: Any
    experts: Any
    log_unigram: Any


class Gate(NamedTuple):
    """The fitted weights.

    Attributes:
        exponents: (E + 1, TOTAL_BUCKETS + POSITIONS + MATCHES + L): each expert's exponent is the sum of four of them;
            row E is the unigram's, which has no total.
        by_symbol: (E, L) what is added to an expert's exponent for the cells of a symbol.
        tables: (E, TOTAL_BUCKETS * COUNT_BUCKETS) scores of a cell by how often its context and itself were seen.
        bias: (V,)
        slot_of_symbol: (V,) which of the L columns belongs to a symbol.
    """

    exponents: Any
    by_symbol: Any
    tables: Any
    bias: Any
    slot_of_symbol: Any


class Rows(NamedTuple):
    """What the experts say at some positions of a corpus whose item they have not counted.

    Attributes:
        target: (S,) the symbol that follows.
        weight: (S,) how often the position counts.
        position: (S,) t.
        last: (S,) the symbol before.
        match: (S,) the longest known suffix.
        first: (S + 1,) where the cells begin.
        lengths: (S, E) how many cells each expert has.
        totals: (S, E) bucket of how often its context was seen.
        symbols: of each cell.
        gains: of each cell, nats.
        buckets: of each cell, the column of `Gate.tables`.
    """

    target: Any
    weight: Any
    position: Any
    last: Any
    match: Any
    first: Any
    lengths: Any
    totals: Any
    symbols: Any
    gains: Any
    buckets: Any


# -- prefixes and their contexts ----------------------------------------------------------------------------------


@njit(cache=True, nogil=True, inline="always")
def _mix(z: Any) -> Any:
    """`randomness.mix` for one number."""
    z = (z ^ (z >> U64(30))) * U64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> U64(27))) * U64(0x94D049BB133111EB)
    return z ^ (z >> U64(31))


@njit(cache=True, nogil=True)
def _read(state, symbol, classes):  # type: ignore[no-untyped-def]
    """Let a state (STATE,) read one more symbol, in place; the boundary leads back to the start."""
    if symbol == 0:
        state[:] = 0
        return
    t = state[_T]
    for j in range(_OLDEST - 1, _NEWEST, -1):
        state[j] = state[j - 1]
    state[_NEWEST] = symbol
    if t < FIRST:
        state[_OLDEST + t] = symbol
    state[_CLASSES] = np.int64(_mix(U64(state[_CLASSES]) * U64(31) + U64(classes[symbol]) + U64(7)))
    state[_USED] |= np.int64(1) << np.int64(symbol % 63)
    state[_T] = t + 1


@njit(cache=True, nogil=True, inline="always")
def _add(h: Any, value: Any, tag: int) -> Any:
    return _mix(h + U64(value) * U64(GOLDEN) + U64(tag))


@njit(cache=True, nogil=True)
def context_hash(state, context, classes):  # type: ignore[no-untyped-def]
    """The context of a kind (5,) that a state is in, as a 64-bit number; 0 for none."""
    t = state[_T]
    if context[4] > t + 1:
        return U64(0)
    h = U64(GOLDEN)
    mask, j = context[0], 0
    while mask:
        if mask & 1:
            h = _add(h, state[_NEWEST + j], j + 1)
        mask >>= 1
        j += 1
    mask, j = context[1], 0
    while mask:
        if mask & 1:
            h = _add(h, classes[state[_NEWEST + j]], j + 101)
        mask >>= 1
        j += 1
    for j in range(context[2]):
        h = _add(h, state[_OLDEST + j], j + 201)
    flags = context[3]
    if flags & 1:
        h = _add(h, min(t, 20), 301)
    if flags & 2:
        h = _add(h, state[_CLASSES], 302)
    if flags & 4:
        h = _add(h, state[_USED], 303)
    if flags & 8:
        code = U64(0)
        for a in range(6):
            same = a
            for b in range(a):
                if state[_NEWEST + b] == state[_NEWEST + a]:
                    same = b
                    break
            code = code * U64(8) + U64(same)
        h = _add(h, code, 304)
    return h if h != U64(0) else U64(1)


@njit(cache=True, nogil=True)
def positions_and_last(ids, position, last):  # type: ignore[no-untyped-def]
    """For every position t and the symbol before, (S,), of a stream."""
    t = before = 0
    for i in range(ids.size):
        position[i], last[i] = min(t, POSITIONS - 1), before
        before = ids[i]
        t = 0 if before == 0 else t + 1


# -- counting -----------------------------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def count_contexts(  # type: ignore[no-untyped-def]
    ids, context, classes, V, slot_keys, slot_values, keys, at_start, position_cell, cell_context, cell_symbol,
):  # fmt: skip
    """Number the contexts of one kind, and the cells, in the order in which they occur.

    Args:
        ids: (S,) which follow a boundary.
        context: (5,) the kind.
        classes: (V,)
        V: size of the alphabet.
        slot_keys: hash table of a power of 2 above S; room to work in.
        slot_values: of the same size.
        keys: (S,) the result: each context's hash.
        at_start: (S,) the result: whether the context begins with the item.
        position_cell: (S,) the result: the cell of each position, -1 where it is in no context.
        cell_context: (S,) the result: the context of each cell.
        cell_symbol: (S,) the result: the symbol of each cell.

    Returns:
        How many contexts, how many cells.
    """
    mask = U64(slot_keys.size - 1)
    state = np.zeros(STATE, dtype=np.int64)
    slot_keys[:] = U64(0)
    contexts = 0
    for i in range(ids.size):
        h = context_hash(state, context, classes)
        position_cell[i] = -1
        if h != U64(0):
            slot = _mix(h) & mask
            while slot_keys[slot] != U64(0) and slot_keys[slot] != h:
                slot = (slot + U64(1)) & mask
            if slot_keys[slot] == U64(0):
                slot_keys[slot] = h
                slot_values[slot] = contexts
                keys[contexts] = h
                at_start[contexts] = context[4] == state[_T] + 1
                contexts += 1
            position_cell[i] = slot_values[slot]
        _read(state, ids[i], classes)
    slot_keys[:] = U64(0)
    cells = 0
    for i in range(ids.size):
        number = position_cell[i]
        if number >= 0:
            pair = U64(number) * U64(V) + U64(ids[i]) + U64(1)
            slot = _mix(pair) & mask
            while slot_keys[slot] != U64(0) and slot_keys[slot] != pair:
                slot = (slot + U64(1)) & mask
            if slot_keys[slot] == U64(0):
                slot_keys[slot] = pair
                slot_values[slot] = cells
                cell_context[cells] = number
                cell_symbol[cells] = ids[i]
                cells += 1
            position_cell[i] = slot_values[slot]
    return contexts, cells


@njit(cache=True, nogil=True)
def lay_out(  # type: ignore[no-untyped-def]
    k, keys, first_context, row_first, symbols, context_shift, cell_shift, totals, gains, buckets, gate, at, frozen,
):  # fmt: skip
    """Write the records of one kind of context, and its hash table (which is empty).

    Args:
        k: the kind.
        keys: (C,) of its contexts.
        first_context: the number of the first.
        row_first: (C in all + 1,) first cell of each context.
        symbols: (M,) of each cell.
        context_shift: (E,) what to add to a context's number for the place in totals.
        cell_shift: (E,) what to add to a cell's number for the place in gains and buckets.
        totals: as `tables.Tables` has them.
        gains: likewise.
        buckets: likewise.
        gate: `Gate`.
        at: where in the words to begin.
        frozen: `Frozen` to be filled.

    Returns:
        Where the words end.
    """
    first, second = frozen.experts[k]
    slot_first = frozen.slot_first[k]
    mask = U64(frozen.slot_first[k + 1] - slot_first - 1)
    for i in range(keys.size):
        place = _mix(keys[i]) & mask
        while frozen.slots[U64(slot_first) + place, 0] != U64(0):
            place = (place + U64(1)) & mask
        frozen.slots[U64(slot_first) + place, 0] = keys[i]
        frozen.slots[U64(slot_first) + place, 1] = at
        c = first_context + i
        begin, end = row_first[c], row_first[c + 1]
        header = np.int64(end - begin) << 8 | np.int64(totals[c + context_shift[first]]) << 4
        if second >= 0:
            header |= np.int64(totals[c + context_shift[second]])
        frozen.words[at] = header
        at += 1
        for cell in range(begin, end):
            own = cell + cell_shift[first]
            slot = gate.slot_of_symbol[symbols[cell]]
            frozen.words[at] = symbols[cell]
            frozen.numbers[at + 2] = gains[own]
            score = gate.tables[first, buckets[own]] + gate.by_symbol[first, slot] * gains[own]
            if second >= 0:
                own = cell + cell_shift[second]
                frozen.numbers[at + 3] = gains[own]
                score += gate.tables[second, buckets[own]] + gate.by_symbol[second, slot] * gains[own]
            frozen.numbers[at + 1] = score
            at += 4 if second >= 0 else 3
    return at


@njit(cache=True, nogil=True)
def total_bucket(n):  # type: ignore[no-untyped-def]
    """The bucket of how often a context was seen, in units: 0, 1, 2, 3-4, 5-8, ..."""
    bucket, top = 0, 0.5
    while n > top and bucket < TOTAL_BUCKETS - 1:
        bucket += 1
        top = 1.0 if bucket == 1 else top * 2.0
    return bucket


@njit(cache=True, nogil=True)
def count_bucket(x):  # type: ignore[no-untyped-def]
    """The bucket of how often a symbol followed, in units."""
    if x <= 3.0:
        return max(math.ceil(x) - 1, 0)
    return 3 if x <= 5.0 else 4 if x <= 9.0 else 5 if x <= 19.0 else 6 if x <= 63.0 else 7


@njit(cache=True, nogil=True, inline="always")
def _discount(x, discounts):  # type: ignore[no-untyped-def]
    """What a count of x units gives away; below one unit in proportion."""
    if x < 1.0:
        return x * discounts[1]
    return discounts[1] if x < 2.0 else discounts[2] if x < 3.0 else discounts[3]


@njit(cache=True, nogil=True)
def freeze(counts, row_first, low, discounts, totals, gains, buckets):  # type: ignore[no-untyped-def]
    """What one expert says of the cells of one kind of context, from all that it counted.

    Args:
        counts: (M,) in units.
        row_first: (C + 1,)
        low: (M,) probability of each cell's symbol after the shorter suffix; replaced by that after this context.
        discounts: (4,) what a count of 1, 2, 3 and more gives away.
        totals: (C,) the result: `total_bucket` of each context.
        gains: (M,) the result, as in `Frozen`.
        buckets: (M,) the result, as in `Rows`.
    """
    for c in range(totals.size):
        n = given = 0.0
        for cell in range(row_first[c], row_first[c + 1]):
            n += counts[cell]
            given += _discount(counts[cell], discounts)
        totals[c] = total_bucket(n)
        for cell in range(row_first[c], row_first[c + 1]):
            kept = counts[cell] - _discount(counts[cell], discounts)
            gains[cell] = math.log1p(kept / (given * low[cell]))
            buckets[cell] = totals[c] * COUNT_BUCKETS + count_bucket(counts[cell])
            low[cell] = kept / n + given / n * low[cell]


# -- the experts on items that they have not counted --------------------------------------------------------------


@njit(cache=True, nogil=True)
def leave_out_rows(  # type: ignore[no-untyped-def]
    offsets, items, ids, weights, unit, position_context, position_cell, kind, kn, chain, raw_chain, discounts,
    unigram, row_first, symbols, counts, continuations, shorter, whole, rows,
):  # fmt: skip
    """Take each item out of the counts, note what the experts say of its symbols, and put it back.

    Args:
        offsets: (n + 1,) of the corpus.
        items: the items to do; rows are written one after the other.
        ids: (S,) of the corpus.
        weights: (n,) of the items.
        unit: what counts as once.
        position_context: (R, K) context of each of the rows' positions, or -1.
        position_cell: (R, K) its cell.
        kind: (E,) as in `Frozen`; the experts stand in an order in which whatever falls back on a suffix comes after
            that suffix and before the next longer one.
        kn: (E,) whether it counts continuations.
        chain: (E,) whether its context is a suffix.
        raw_chain: (E,) whether it falls back on raw suffixes.
        discounts: (E, 4) what counts of 1, 2, 3 and more give away.
        unigram: (V,) probabilities.
        row_first: as in `Frozen`.
        symbols: as in `Frozen`.
        counts: (M,) weights, as they are afterwards.
        continuations: (M,) in how many longer contexts the symbol followed.
        shorter: (M,) the cell of the same symbol after the suffix one shorter, -1 where there is none.
        whole: (C,) whether the context begins with the item, so that its continuations are its counts.
        rows: `Rows` to be filled; `first` must be room enough.
    """
    V, E, K = unigram.size, kind.size, position_cell.shape[1]
    low = np.empty((2, V))  # what suffixes predict, divided by scale, for both families
    scale, times, kept = np.empty(2), np.empty(V), np.empty(V)  # the latter two of the cells of a row
    fill = row = 0
    for item in items:
        begin, end = offsets[item], offsets[item + 1]
        weight = weights[item]
        for at in range(row, row + end - begin):
            for k in range(K):
                cell = position_cell[at, k]
                if cell >= 0:
                    counts[cell] -= weight
                    if counts[cell] == 0 and shorter[cell] >= 0:
                        continuations[shorter[cell]] -= 1
        for at in range(row, row + end - begin):
            rows.target[at] = ids[begin + at - row]
            rows.weight[at] = weight
            rows.first[at] = fill
            low[0] = unigram
            low[1] = unigram
            scale[:] = 1.0
            match = 0
            for e in range(E):
                context = position_context[at, kind[e]]
                if context < 0:
                    continue
                continued = kn[e] and not whole[context]
                per = 1.0 if continued else 1.0 / unit
                source = continuations if continued else counts
                n = given = 0.0
                seen = 0
                for cell in range(row_first[context], row_first[context + 1]):
                    if source[cell] > 0:
                        x = source[cell] * per
                        discount = _discount(x, discounts[e])
                        n += x
                        given += discount
                        times[seen] = x
                        kept[seen] = x - discount
                        rows.symbols[fill + seen] = symbols[cell]
                        seen += 1
                if seen == 0:
                    continue
                family = 1 if raw_chain[e] else 0
                total = total_bucket(n)
                rows.totals[at, e] = total
                rows.lengths[at, e] = seen
                if chain[e] and kn[e]:
                    match += 1
                gain = 1.0 / (given * scale[family])
                if chain[e]:  # p = kept / n + given / n x shorter; the factor of all symbols goes into scale
                    scale[family] *= given / n
                for i in range(seen):
                    symbol = rows.symbols[fill + i]
                    rows.gains[fill + i] = math.log(1.0 + kept[i] * gain / low[family, symbol])
                    rows.buckets[fill + i] = total * COUNT_BUCKETS + count_bucket(times[i])
                    if chain[e]:
                        low[family, symbol] += kept[i] / (n * scale[family])
                fill += seen
            rows.match[at] = MATCHES - 1 if match == rows.position[at] + 1 else match
        for at in range(row, row + end - begin):
            for k in range(K):
                cell = position_cell[at, k]
                if cell >= 0:
                    if counts[cell] == 0 and shorter[cell] >= 0:
                        continuations[shorter[cell]] += 1
                    counts[cell] += weight
        row += end - begin
    rows.first[row] = fill
    return fill


# -- the gate -----------------------------------------------------------------------------------------------------


@njit(cache=True, nogil=True, inline="always", fastmath=True)
def _softmax(scores):  # type: ignore[no-untyped-def]
    """Scores (V,) to probabilities, in place."""
    top = scores.max()
    total = 0.0
    for w in range(scores.size):
        scores[w] = math.exp(scores[w] - top)
        total += scores[w]
    for w in range(scores.size):
        scores[w] /= total


@njit(cache=True, nogil=True, fastmath=True)
def _probabilities(at, rows, gate, log_unigram, exponents, probs):  # type: ignore[no-untyped-def]
    """What the mix gives at one row, (V,), and the exponents (E + 1,) of it."""
    E = rows.totals.shape[1]
    a, b = TOTAL_BUCKETS + rows.position[at], TOTAL_BUCKETS + POSITIONS + rows.match[at]
    c = TOTAL_BUCKETS + POSITIONS + MATCHES + gate.slot_of_symbol[rows.last[at]]
    power = gate.exponents[E, a] + gate.exponents[E, b] + gate.exponents[E, c]
    for w in range(probs.size):
        probs[w] = power * log_unigram[w] + gate.bias[w]
    cell = rows.first[at]
    for e in range(E):
        length = rows.lengths[at, e]
        if length > 0:
            row = gate.exponents[e]
            power = row[rows.totals[at, e]] + row[a] + row[b] + row[c]
            exponents[e] = power
            table, extra = gate.tables[e], gate.by_symbol[e]
            for i in range(cell, cell + length):
                symbol = rows.symbols[i]
                own = power + extra[gate.slot_of_symbol[symbol]]
                probs[symbol] += own * rows.gains[i] + table[rows.buckets[i]]
            cell += length
    _softmax(probs)
    return a, b, c


@njit(cache=True, nogil=True, fastmath=True)
def add_gradient(at, rows, gate, log_unigram, gradient, exponents, probs):  # type: ignore[no-untyped-def]
    """Add the gradient of one row's -log p, times its weight, to a `Gate` of gradients; returns that -log p."""
    E = rows.totals.shape[1]
    a, b, c = _probabilities(at, rows, gate, log_unigram, exponents, probs)
    weight = rows.weight[at]
    nats = -math.log(max(probs[rows.target[at]], 1e-300)) * weight
    probs[rows.target[at]] -= 1.0
    slope = 0.0
    for w in range(probs.size):
        probs[w] *= weight
        gradient.bias[w] += probs[w]
        slope += probs[w] * log_unigram[w]
    row = gradient.exponents[E]
    row[a] += slope
    row[b] += slope
    row[c] += slope
    cell = rows.first[at]
    for e in range(E):
        length = rows.lengths[at, e]
        if length > 0:
            table, extra = gradient.tables[e], gradient.by_symbol[e]
            slope = 0.0
            for i in range(cell, cell + length):
                symbol = rows.symbols[i]
                error = probs[symbol]
                pull = error * rows.gains[i]
                slope += pull
                extra[gate.slot_of_symbol[symbol]] += pull
                table[rows.buckets[i]] += error
            cell += length
            row = gradient.exponents[e]
            row[rows.totals[at, e]] += slope
            row[a] += slope
            row[b] += slope
            row[c] += slope
    return nats


@njit(cache=True, nogil=True, fastmath=True)
def _adam(weights, gradient, mean, square, start, decay, factor, rate, step):  # type: ignore[no-untyped-def]
    """One update (Kingma and Ba 2015) of weights (N,) that are pulled towards start."""
    correct_mean, correct_square = 1.0 - 0.9**step, 1.0 - 0.999**step
    for k in range(weights.size):
        g = gradient[k] * factor + decay * (weights[k] - start[k])
        mean[k] += 0.1 * (g - mean[k])
        square[k] += 0.001 * (g * g - square[k])
        weights[k] -= rate * (mean[k] / correct_mean) / (math.sqrt(square[k] / correct_square) + 1e-8)


@njit(cache=True, nogil=True)
def fit_steps(order, batch, rows, gate, start, gradient, mean, square, log_unigram, decay, rate, step):  # type: ignore[no-untyped-def]
    """Adam over the rows of `order`, in batches; gate, mean and square change in place.

    Args:
        order: which rows, in which order.
        batch: rows an update.
        rows: `Rows`.
        gate: `Gate`.
        start: `Gate` that L2 pulls to.
        gradient: `Gate` to work in.
        mean: `Gate` of Adam's first moments.
        square: `Gate` of its second ones.
        log_unigram: (V,)
        decay: weight of L2 for exponents, by_symbol, tables and bias.
        rate: learning rate.
        step: updates made before.

    Returns:
        The nats of the rows, each before its update.
    """
    exponents, probs = np.empty(gate.exponents.shape[0]), np.empty(log_unigram.size)
    total = 0.0
    for begin in range(0, order.size, batch):
        gradient.exponents[:] = 0.0
        gradient.by_symbol[:] = 0.0
        gradient.tables[:] = 0.0
        gradient.bias[:] = 0.0
        weight = 0.0
        for i in range(begin, min(begin + batch, order.size)):
            total += add_gradient(order[i], rows, gate, log_unigram, gradient, exponents, probs)
            weight += rows.weight[order[i]]
        step += 1
        factor = 1.0 / max(weight, 1e-300)
        _adam(gate.exponents.reshape(-1), gradient.exponents.reshape(-1), mean.exponents.reshape(-1),
              square.exponents.reshape(-1), start.exponents.reshape(-1), decay[0], factor, rate, step)  # fmt: skip
        _adam(gate.by_symbol.reshape(-1), gradient.by_symbol.reshape(-1), mean.by_symbol.reshape(-1),
              square.by_symbol.reshape(-1), start.by_symbol.reshape(-1), decay[1], factor, rate, step)  # fmt: skip
        _adam(gate.tables.reshape(-1), gradient.tables.reshape(-1), mean.tables.reshape(-1),
              square.tables.reshape(-1), start.tables.reshape(-1), decay[2], factor, rate, step)  # fmt: skip
        _adam(gate.bias, gradient.bias, mean.bias, square.bias, start.bias, decay[3], factor, rate, step)
    return total


@njit(cache=True, nogil=True)
def silence(chosen, rows, gate, log_unigram, without, active):  # type: ignore[no-untyped-def]
    """How many nats more the chosen rows cost when one expert says nothing, (E,), and how often it spoke, (E,)."""
    E, V = rows.totals.shape[1], log_unigram.size
    exponents, probs, alone = np.empty(E + 1), np.empty(V), np.empty(V)
    for at in chosen:
        _probabilities(at, rows, gate, log_unigram, exponents, probs)
        target, weight = rows.target[at], rows.weight[at]
        nats = -math.log(max(probs[target], 1e-300))
        cell = rows.first[at]
        for e in range(E):
            length = rows.lengths[at, e]
            if length > 0:
                alone[:] = probs
                for i in range(cell, cell + length):
                    power = exponents[e] + gate.by_symbol[e, gate.slot_of_symbol[rows.symbols[i]]]
                    own = power * rows.gains[i] + gate.tables[e, rows.buckets[i]]
                    alone[rows.symbols[i]] = probs[rows.symbols[i]] * math.exp(-own)
                without[e] += weight * (-math.log(max(alone[target] / alone.sum(), 1e-300)) - nats)
                active[e] += weight
                cell += length


# -- the mix as a model -------------------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def _find(state, frozen, hashes, records):  # type: ignore[no-untyped-def]
    """The records (K,) of the contexts that a state is in, -1 where there is none, and their headers' hashes (K,).

    One loop after the other, so that the processor can wait for the memory of many contexts at once.
    """
    K = hashes.size
    for k in range(K):
        hashes[k] = context_hash(state, frozen.contexts[k], frozen.classes)
    for k in range(K):
        records[k] = -1
        h = hashes[k]
        if h != U64(0):
            first = U64(frozen.slot_first[k])
            mask = U64(frozen.slot_first[k + 1]) - first - U64(1)
            slot = _mix(h) & mask
            while True:
                found = frozen.slots[first + slot, 0]
                if found == h:
                    records[k] = frozen.slots[first + slot, 1]
                    break
                if found == U64(0):
                    break
                slot = (slot + U64(1)) & mask
    for k in range(K):
        hashes[k] = U64(frozen.words[records[k]]) if records[k] >= 0 else U64(0)


@njit(cache=True, nogil=True)
def row_log_probs(state, frozen, gate, headers, records, out):  # type: ignore[no-untyped-def]
    """The row that follows a state (STATE,), into out (V,), nats; headers and records (K,) are room to work in."""
    E, K = gate.tables.shape[0], headers.size
    _find(state, frozen, headers, records)
    match, t = 0, state[_T]
    for k in range(K):
        if records[k] >= 0:
            match = max(match, frozen.contexts[k, 4])
    match = MATCHES - 1 if match == t + 1 else match
    a, b = TOTAL_BUCKETS + min(t, POSITIONS - 1), TOTAL_BUCKETS + POSITIONS + match
    c = TOTAL_BUCKETS + POSITIONS + MATCHES + gate.slot_of_symbol[state[_NEWEST]]
    power = gate.exponents[E, a] + gate.exponents[E, b] + gate.exponents[E, c]
    for w in range(out.size):
        out[w] = power * frozen.log_unigram[w] + gate.bias[w]
    for k in range(K):
        if records[k] < 0:
            continue
        at, header = records[k] + 1, np.int64(headers[k])
        length, first, second = header >> 8, frozen.experts[k, 0], frozen.experts[k, 1]
        row = gate.exponents[first]
        power = row[header >> 4 & 15] + row[a] + row[b] + row[c]
        if second < 0:
            for cell in range(at, at + 3 * length, 3):
                out[frozen.words[cell]] += power * frozen.numbers[cell + 2] + frozen.numbers[cell + 1]
        else:
            row = gate.exponents[second]
            other = row[header & 15] + row[a] + row[b] + row[c]
            for cell in range(at, at + 4 * length, 4):
                gain = power * frozen.numbers[cell + 2] + other * frozen.numbers[cell + 3]
                out[frozen.words[cell]] += gain + frozen.numbers[cell + 1]
    top = out.max()
    total = 0.0
    for w in range(out.size):
        total += math.exp(out[w] - top)
    total = top + math.log(total)
    for w in range(out.size):
        out[w] -= total


@njit(cache=True, nogil=True)
def advance(states, ids, frozen, gate, out):  # type: ignore[no-untyped-def]
    """Let states (B, STATE) read ids (B,), in place, and write what follows to out (B, V), nats."""
    K = frozen.contexts.shape[0]
    headers, records = np.empty(K, dtype=np.uint64), np.empty(K, dtype=np.int64)
    for i in range(states.shape[0]):
        _read(states[i], ids[i], frozen.classes)
        row_log_probs(states[i], frozen, gate, headers, records, out[i])


@njit(cache=True, nogil=True)
def stream_nats(order, offsets, ids, frozen, gate, depth, nats):  # type: ignore[no-untyped-def]
    """-log p of every symbol of a corpus, in nats (S,).

    The items are taken in an order in which like beginnings stand together, so that the rows of a beginning shared
    with the item before, up to `depth` symbols, need not be computed again.
    """
    V, K = frozen.log_unigram.size, frozen.contexts.shape[0]
    rows, headers, records = np.empty((depth + 1, V)), np.empty(K, dtype=np.uint64), np.empty(K, dtype=np.int64)
    state = np.zeros(STATE, dtype=np.int64)
    known = 0  # rows that hold for the beginning of the item at hand
    before = -1
    for item in order:
        begin, end = offsets[item], offsets[item + 1]
        if before >= 0:
            other, last = offsets[before], offsets[before + 1]
            shared = 0
            while shared < min(end - begin, last - other) - 1 and ids[begin + shared] == ids[other + shared]:
                shared += 1
            known = min(known, shared + 1)
        state[:] = 0
        for t in range(end - begin):
            place = min(t, depth)
            if t >= known or t >= depth:
                row_log_probs(state, frozen, gate, headers, records, rows[place])
                known = min(t + 1, depth)
            nats[begin + t] = -rows[place, ids[begin + t]]
            _read(state, ids[begin + t], frozen.classes)
        before = item
