"""Rows of log-probabilities from a finished mix."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from nextchar._kernels.log_sum import log_sum
from nextchar._kernels.mix.contexts import context_hash, read_symbol
from nextchar._kernels.mix.sizes import MATCHES, NEWEST, POSITIONS, TOTAL_BUCKETS, WHOLE_ROWS, T
from nextchar._kernels.splitmix import mix64

__all__ = ["advance", "row_log_probs", "stream_nats"]

U64 = np.uint64


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
            slot = mix64(h) & mask
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
def _room(frozen):  # type: ignore[no-untyped-def]
    """Room for what is computed on the way to a row: of K kinds of context, and of V symbols where they are many."""
    K, V = frozen.contexts.shape[0], frozen.log_unigram.size
    powers = np.empty(V if V > WHOLE_ROWS else 0)
    return (
        np.empty(K, dtype=np.uint64), np.empty(K, dtype=np.int64), np.empty_like(powers), powers, powers.view(np.int64)
    )  # fmt: skip


@njit(cache=True, nogil=True)
def row_log_probs(state, frozen, gate, room, out):  # type: ignore[no-untyped-def]
    """The row that follows a state, into out (V,), nats; room is what `_room` gives."""
    headers, records, parts, powers, bits = room
    E, K = gate.tables.shape[0], headers.size
    _find(state, frozen, headers, records)
    match, t = 0, state[T]
    for k in range(K):
        if records[k] >= 0:
            match = max(match, frozen.contexts[k, 4])
    match = MATCHES - 1 if match == t + 1 else match
    a, b = TOTAL_BUCKETS + min(t, POSITIONS - 1), TOTAL_BUCKETS + POSITIONS + match
    c = TOTAL_BUCKETS + POSITIONS + MATCHES + gate.slot_of_symbol[state[NEWEST]]
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
    if out.size > WHOLE_ROWS:
        total = log_sum(out, parts, powers, bits)
    else:
        top = out.max()
        total = 0.0
        for w in range(out.size):
            total += math.exp(out[w] - top)
        total = top + math.log(total)
    for w in range(out.size):
        out[w] -= total


@njit(cache=True, nogil=True)
def advance(states, ids, frozen, gate, out):  # type: ignore[no-untyped-def]
    """Let states (B, words) read ids (B,), in place, and write what follows to out (B, V), nats."""
    room = _room(frozen)
    for i in range(states.shape[0]):
        read_symbol(states[i], ids[i], frozen.classes)
        row_log_probs(states[i], frozen, gate, room, out[i])


@njit(cache=True, nogil=True)
def stream_nats(order, offsets, ids, frozen, gate, depth, words, nats):  # type: ignore[no-untyped-def]
    """-log p of every symbol of a corpus, in nats (S,).

    The items are taken in an order in which like beginnings stand together, so that the rows of a beginning shared
    with the item before, up to `depth` symbols, need not be computed again. A state has so many words (see `sizes`).
    """
    rows, room = np.empty((depth + 1, frozen.log_unigram.size)), _room(frozen)
    state = np.zeros(words, dtype=np.int64)
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
                row_log_probs(state, frozen, gate, room, rows[place])
                known = min(t + 1, depth)
            nats[begin + t] = -rows[place, ids[begin + t]]
            read_symbol(state, ids[begin + t], frozen.classes)
        before = item
