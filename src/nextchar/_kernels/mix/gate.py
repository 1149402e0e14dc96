"""The gate's gradient, and its steps.

A row gives scores to all V symbols or, where it has candidates, to these alone (see `Rows`): to n symbols.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from nextchar._kernels.mix.sizes import MATCHES, POSITIONS, TOTAL_BUCKETS

__all__ = ["add_gradient", "fit_steps", "silence", "whole_rows"]


@njit(cache=True, nogil=True, inline="always", fastmath=True)
def _softmax(scores):  # type: ignore[no-untyped-def]
    """Scores (V,) to probabilities, in place."""
    top = scores[0]
    for w in range(scores.size):
        top = max(top, scores[w])
    total = 0.0
    for w in range(scores.size):
        scores[w] = math.exp(scores[w] - top)
        total += scores[w]
    for w in range(scores.size):
        scores[w] /= total


@njit(cache=True, nogil=True, fastmath=True)
def _probabilities(at, rows, gate, log_unigram, exponents, room, slot_room):  # type: ignore[no-untyped-def]
    """What the mix gives at one row, (n,) in the beginning of room, and the exponents (E + 1,) of it.

    What candidates need of slots is written to slot_room.

    Returns:
        The three columns of the exponents, the probabilities, and the slot of each of their symbols.
    """
    E = rows.totals.shape[1]
    a, b = TOTAL_BUCKETS + rows.position[at], TOTAL_BUCKETS + POSITIONS + rows.match[at]
    c = TOTAL_BUCKETS + POSITIONS + MATCHES + gate.slot_of_symbol[rows.last[at]]
    power = gate.exponents[E, a] + gate.exponents[E, b] + gate.exponents[E, c]
    first, end = rows.candidate_first[at], rows.candidate_first[at + 1]
    if first == end:
        probs, slots = room, gate.slot_of_symbol
        for w in range(probs.size):
            probs[w] = power * log_unigram[w] + gate.bias[w]
    else:
        probs, slots = room[: end - first], slot_room[: end - first]
        for j in range(probs.size):
            w = rows.candidates[first + j]
            slots[j] = gate.slot_of_symbol[w]
            probs[j] = power * log_unigram[w] + gate.bias[w] + rows.offsets[first + j]
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
                own = power + extra[slots[symbol]]
                probs[symbol] += own * rows.gains[i] + table[rows.buckets[i]]
            cell += length
    _softmax(probs)
    return a, b, c, probs, slots


@njit(cache=True, nogil=True, fastmath=True)
def add_gradient(at, rows, gate, log_unigram, gradient, exponents, room, slot_room):  # type: ignore[no-untyped-def]
    """Add the gradient of one row's -log p, times its weight, to a `Gate` of gradients; returns that -log p."""
    E = rows.totals.shape[1]
    a, b, c, probs, slots = _probabilities(at, rows, gate, log_unigram, exponents, room, slot_room)
    weight = rows.weight[at]
    nats = -math.log(max(probs[rows.target[at]], 1e-300)) * weight
    probs[rows.target[at]] -= 1.0
    slope = 0.0
    first, end = rows.candidate_first[at], rows.candidate_first[at + 1]
    if first == end:
        for w in range(probs.size):
            probs[w] *= weight
            gradient.bias[w] += probs[w]
            slope += probs[w] * log_unigram[w]
    else:
        for j in range(probs.size):
            w = rows.candidates[first + j]
            probs[j] *= weight
            gradient.bias[w] += probs[j]
            slope += probs[j] * log_unigram[w]
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
                extra[slots[symbol]] += pull
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
    slot_room = np.empty(log_unigram.size, dtype=np.int64)
    total = 0.0
    for begin in range(0, order.size, batch):
        gradient.exponents[:] = 0.0
        gradient.by_symbol[:] = 0.0
        gradient.tables[:] = 0.0
        gradient.bias[:] = 0.0
        weight = 0.0
        for i in range(begin, min(begin + batch, order.size)):
            total += add_gradient(order[i], rows, gate, log_unigram, gradient, exponents, probs, slot_room)
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
def whole_rows(rows, gate, log_unigram, out):  # type: ignore[no-untyped-def]
    """What the mix says at every row, (R, V) nats, of rows that have all symbols."""
    exponents, room = np.empty(gate.exponents.shape[0]), np.empty(log_unigram.size)
    slot_room = np.empty(log_unigram.size, dtype=np.int64)
    for at in range(rows.target.size):
        _, _, _, probs, _ = _probabilities(at, rows, gate, log_unigram, exponents, room, slot_room)
        for w in range(probs.size):
            out[at, w] = math.log(max(probs[w], 1e-300))


@njit(cache=True, nogil=True)
def silence(chosen, rows, gate, log_unigram, without, active):  # type: ignore[no-untyped-def]
    """How many nats more the chosen rows cost when one expert says nothing, (E,), and how often it spoke, (E,)."""
    E, V = rows.totals.shape[1], log_unigram.size
    exponents, room, others = np.empty(E + 1), np.empty(V), np.empty(V)
    slot_room = np.empty(V, dtype=np.int64)
    for at in chosen:
        _, _, _, probs, slots = _probabilities(at, rows, gate, log_unigram, exponents, room, slot_room)
        alone = others[: probs.size]
        target, weight = rows.target[at], rows.weight[at]
        nats = -math.log(max(probs[target], 1e-300))
        cell = rows.first[at]
        for e in range(E):
            length = rows.lengths[at, e]
            if length > 0:
                for j in range(probs.size):
                    alone[j] = probs[j]
                for i in range(cell, cell + length):
                    power = exponents[e] + gate.by_symbol[e, slots[rows.symbols[i]]]
                    own = power * rows.gains[i] + gate.tables[e, rows.buckets[i]]
                    alone[rows.symbols[i]] = probs[rows.symbols[i]] * math.exp(-own)
                total = 0.0
                for j in range(alone.size):
                    total += alone[j]
                without[e] += weight * (-math.log(max(alone[target] / total, 1e-300)) - nats)
                active[e] += weight
                cell += length
