"""Rows of log-probabilities from a finished mix.

A row asks dozens of hash tables, and each answer is somewhere else in memory. So the memory is asked for all of them at
once before any is looked at, for the slots and then for the records, and the hashes of contexts that begin with the
same newest symbols share that beginning.
"""

from __future__ import annotations

import numpy as np

from nextchar._kernels.context_mixing.compiled import loop, part
from nextchar._kernels.context_mixing.lanes import prefetch
from nextchar._kernels.log_sum import log_sum
from nextchar._kernels.mix.contexts import continued_hash, read_symbol, suffix_hashes, write_places
from nextchar._kernels.mix.exponents import row_exponents
from nextchar._kernels.mix.layout import is_dense
from nextchar._kernels.mix.sizes import MATCHES, T
from nextchar._kernels.splitmix import mix64

__all__ = ["advance", "row_log_probs", "stream_nats"]

U64 = np.uint64
LINES = 4  # of 64 bytes, of a record that the memory is asked for


@part
def _find(state, frozen, hashes, places, records):  # type: ignore[no-untyped-def]
    """The records (K,) of the contexts that a state is in, -1 where there is none.

    One loop after the other, so that the processor can wait for the memory of many contexts at once.
    """
    K = records.size
    suffix_hashes(state, hashes[K:])
    for k in range(K):
        newest = frozen.newest[k]
        h = continued_hash(hashes[K + newest], newest, state, frozen.contexts[k], frozen.classes)
        first = U64(frozen.slot_first[k])
        place = first + (mix64(h) & (U64(frozen.slot_first[k + 1]) - first - U64(1)))
        hashes[k], places[k] = h, place
        prefetch(frozen.slots, U64(2) * place)
    for k in range(K):
        records[k] = -1
        h = hashes[k]
        if h != U64(0):
            place = places[k]
            found = frozen.slots[place, 0]
            if found != h and found != U64(0):
                first = U64(frozen.slot_first[k])
                mask = U64(frozen.slot_first[k + 1]) - first - U64(1)
                while found != h and found != U64(0):
                    place = first + ((place - first + U64(1)) & mask)
                    found = frozen.slots[place, 0]
            if found == h:
                records[k] = frozen.slots[place, 1]
                for line in range(LINES):
                    prefetch(frozen.words, frozen.slots[place, 1] + U64(16 * line))


@part
def row_log_probs(state, frozen, gate, room, out):  # type: ignore[no-untyped-def]
    """The row that follows a state, into out (V,), nats; room is what `models.mix` makes."""
    hashes, slots, records, places, hidden, exponents, parts, powers, bits = room
    E, K, V = gate.tables.shape[0], records.size, out.size
    _find(state, frozen, hashes, slots, records)
    match, t = 0, state[T]
    for k in range(K):
        if records[k] >= 0:
            match = max(match, frozen.contexts[k, 4])
    match = MATCHES - 1 if match == t + 1 else match
    write_places(state, match, gate.slot_of_symbol, places)
    row_exponents(places, gate, hidden, exponents)
    power = exponents[E]
    for w in range(V):
        out[w] = power * frozen.log_unigram[w] + gate.bias[w]
    for k in range(K):
        if records[k] < 0:
            continue
        at, header = records[k] + 1, np.int64(frozen.words[records[k]])
        length, first, second = header >> 8, frozen.experts[k, 0], frozen.experts[k, 1]
        power, other = gate.exponents[header >> 4 & 15, first] + exponents[first], 0.0
        if second >= 0:
            other = gate.exponents[header & 15, second] + exponents[second]
        if is_dense(length, V):
            scores, gains = frozen.numbers[at : at + V], frozen.numbers[at + V : at + 2 * V]
            if second < 0:
                for w in range(V):
                    out[w] += power * gains[w] + scores[w]
            else:
                others = frozen.numbers[at + 2 * V : at + 3 * V]
                for w in range(V):
                    out[w] += power * gains[w] + other * others[w] + scores[w]
        elif second < 0:
            for cell in range(at, at + 3 * length, 3):
                out[frozen.words[cell]] += power * frozen.numbers[cell + 2] + frozen.numbers[cell + 1]
        else:
            for cell in range(at, at + 4 * length, 4):
                gain = power * frozen.numbers[cell + 2] + other * frozen.numbers[cell + 3]
                out[frozen.words[cell]] += gain + frozen.numbers[cell + 1]
    total = log_sum(out, parts, powers, bits)
    for w in range(V):
        out[w] -= total


@loop
def advance(states, ids, frozen, gate, room, out):  # type: ignore[no-untyped-def]
    """Let states (B, words) read ids (B,), in place, and write what follows to out (B, V), nats."""
    for i in range(states.shape[0]):
        read_symbol(states[i], ids[i], frozen.classes)
        row_log_probs(states[i], frozen, gate, room, out[i])


@loop
def stream_nats(order, offsets, ids, frozen, gate, room, rows, state, nats):  # type: ignore[no-untyped-def]
    """-log p of every symbol of a corpus, in nats (S,).

    The items are taken in an order in which like beginnings stand together, so that the rows of a beginning shared
    with the item before, up to `depth` symbols, need not be computed again.

    Args:
        order: (n,) of the items.
        offsets: (n + 1,) of the corpus.
        ids: (S,) of the corpus.
        frozen: `Frozen`.
        gate: `Gate`.
        room: to work in; see `row_log_probs`.
        rows: (depth + 1, V) room to work in.
        state: (words,) room to work in.
        nats: (S,) the result.
    """
    depth = rows.shape[0] - 1
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
            read_symbol(state, np.int64(ids[begin + t]), frozen.classes)
        before = item
