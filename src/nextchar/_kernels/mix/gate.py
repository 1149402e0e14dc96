"""The gate's gradient, and its steps.

A row gives scores to all V symbols or, where it has candidates, to these alone (see `Rows`): to n symbols.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from nextchar._kernels.mix.exponents import row_exponents, spread_slopes

__all__ = ["Descent", "add_gradient", "fit_steps", "room_for", "silence", "whole_rows"]

F64 = npt.NDArray[np.float64]


class Descent(NamedTuple):
    """What Adam needs to know of each weight, in the order of `Gate.flat`; all are (N,).

    Attributes:
        start: what L2 pulls to.
        decay: how strongly, against the mean loss of a row.
        mean: of the gradients so far.
        square: of their squares.
    """

    start: F64
    decay: F64
    mean: F64
    square: F64


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


@njit(cache=True, nogil=True)
def room_for(gate, V):  # type: ignore[no-untyped-def]
    """Room to work on a row in: exponents and their slopes (E + 1,), hidden units (H,), scores and slots (V,)."""
    E = gate.exponents.shape[1]
    return np.empty(E), np.empty(E), np.empty(gate.hidden.shape[0]), np.empty(V), np.empty(V, dtype=np.int64)


@njit(cache=True, nogil=True, fastmath=True)
def _probabilities(at, rows, gate, log_unigram, room):  # type: ignore[no-untyped-def]
    """What the mix gives at one row, (n,), in the room for scores; the exponents are in theirs.

    Returns:
        The probabilities, and the slot of each of their symbols.
    """
    exponents, _, hidden, scores, slot_room = room
    E = rows.totals.shape[1]
    row_exponents(rows.places[at], gate, hidden, exponents)
    power = exponents[E]
    first, end = rows.candidate_first[at], rows.candidate_first[at + 1]
    if first == end:
        probs, slots = scores, gate.slot_of_symbol
        for w in range(probs.size):
            probs[w] = power * log_unigram[w] + gate.bias[w]
    else:
        probs, slots = scores[: end - first], slot_room[: end - first]
        for j in range(probs.size):
            w = rows.candidates[first + j]
            slots[j] = gate.slot_of_symbol[w]
            probs[j] = power * log_unigram[w] + gate.bias[w] + rows.offsets[first + j]
    cell = rows.first[at]
    for e in range(E):
        length = rows.lengths[at, e]
        if length > 0:
            power = exponents[e] + gate.exponents[rows.totals[at, e], e]
            exponents[e] = power
            table, extra = gate.tables[e], gate.by_symbol[e]
            for i in range(cell, cell + length):
                symbol = rows.symbols[i]
                own = power + extra[slots[symbol]]
                probs[symbol] += own * rows.gains[i] + table[rows.buckets[i]]
            cell += length
    _softmax(probs)
    return probs, slots


@njit(cache=True, nogil=True, fastmath=True)
def add_gradient(at, rows, gate, log_unigram, gradient, room):  # type: ignore[no-untyped-def]
    """Add the gradient of one row's -log p, times its weight, to a `Gate` of gradients; returns that -log p."""
    E = rows.totals.shape[1]
    probs, slots = _probabilities(at, rows, gate, log_unigram, room)
    slopes = room[1]
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
    slopes[E] = slope
    cell = rows.first[at]
    for e in range(E):
        length = rows.lengths[at, e]
        slope = 0.0
        if length > 0:
            table, extra = gradient.tables[e], gradient.by_symbol[e]
            for i in range(cell, cell + length):
                symbol = rows.symbols[i]
                error = probs[symbol]
                pull = error * rows.gains[i]
                slope += pull
                extra[slots[symbol]] += pull
                table[rows.buckets[i]] += error
            cell += length
            gradient.exponents[rows.totals[at, e], e] += slope
        slopes[e] = slope
    spread_slopes(slopes, rows.places[at], gate, room[2], gradient)
    return nats


@njit(cache=True, nogil=True, fastmath=True)
def _adam(weights, gradient, descent, factor, rate, step):  # type: ignore[no-untyped-def]
    """One update (Kingma and Ba 2015) of weights (N,) that are pulled towards their start."""
    start, decay, mean, square = descent
    correct_mean, correct_square = 1.0 - 0.9**step, 1.0 - 0.999**step
    for k in range(weights.size):
        g = gradient[k] * factor + decay[k] * (weights[k] - start[k])
        mean[k] += 0.1 * (g - mean[k])
        square[k] += 0.001 * (g * g - square[k])
        weights[k] -= rate * (mean[k] / correct_mean) / (math.sqrt(square[k] / correct_square) + 1e-8)


@njit(cache=True, nogil=True)
def fit_steps(order, batch, rows, gate, gradient, descent, log_unigram, rate, step):  # type: ignore[no-untyped-def]
    """Adam over the rows of `order`, in batches; gate and descent change in place.

    Args:
        order: which rows, in which order.
        batch: rows an update.
        rows: `Rows`.
        gate: `Gate`.
        gradient: `Gate` to work in.
        descent: `Descent`.
        log_unigram: (V,)
        rate: learning rate.
        step: updates made before.

    Returns:
        The nats of the rows, each before its update.
    """
    room = room_for(gate, log_unigram.size)
    total = 0.0
    for begin in range(0, order.size, batch):
        gradient.flat[:] = 0.0
        weight = 0.0
        for i in range(begin, min(begin + batch, order.size)):
            total += add_gradient(order[i], rows, gate, log_unigram, gradient, room)
            weight += rows.weight[order[i]]
        step += 1
        _adam(gate.flat, gradient.flat, descent, 1.0 / max(weight, 1e-300), rate, step)
    return total


@njit(cache=True, nogil=True)
def whole_rows(rows, gate, log_unigram, out):  # type: ignore[no-untyped-def]
    """What the mix says at every row, (R, V) nats, of rows that have all symbols."""
    room = room_for(gate, log_unigram.size)
    for at in range(rows.target.size):
        probs, _ = _probabilities(at, rows, gate, log_unigram, room)
        for w in range(probs.size):
            out[at, w] = math.log(max(probs[w], 1e-300))


@njit(cache=True, nogil=True)
def silence(chosen, rows, gate, log_unigram, without, active):  # type: ignore[no-untyped-def]
    """How many nats more the chosen rows cost when one expert says nothing, (E,), and how often it spoke, (E,)."""
    E, V = rows.totals.shape[1], log_unigram.size
    room, others = room_for(gate, V), np.empty(V)
    exponents = room[0]
    for at in chosen:
        probs, slots = _probabilities(at, rows, gate, log_unigram, room)
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
