"""Reading a prefix symbol by symbol, and the contexts that it is in.

Letters: S symbols of a corpus, V size of the alphabet.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from nextchar._kernels.constants import GOLDEN
from nextchar._kernels.mix.sizes import (
    ALL_CLASSES,
    BAG,
    BEGINNING,
    CLASSES,
    COARSE,
    EQUAL,
    FINE,
    FINE_CLASSES,
    FIRST,
    NEWEST,
    OLDEST,
    OTHER_CLASS,
    OWN_CLASS,
    POSITION,
    POSITIONS,
    RECENT,
    RUNS,
    SET,
    STATE,
    USED,
    USED_BITS,
    USED_SET,
    WINDOW,
    T,
)
from nextchar._kernels.splitmix import mix64

__all__ = [
    "context_hash",
    "continued_hash",
    "count_contexts",
    "places_of_stream",
    "read_symbol",
    "suffix_hashes",
    "write_places",
]

U64 = np.uint64


@njit(cache=True, nogil=True)
def read_symbol(state, symbol, classes):  # type: ignore[no-untyped-def]
    """Let a state read one more symbol, in place; the boundary leads back to the start.

    The hash of the set of symbols is the exclusive or of a random number for each (Zobrist 1970): it does not depend
    on their order, and a symbol that is in the set already leaves it as it is.
    """
    if symbol == 0:
        state[:] = 0
        return
    t = state[T]
    for j in range(OLDEST - 1, NEWEST, -1):
        state[j] = state[j - 1]
    state[NEWEST] = symbol
    if t < FIRST:
        state[OLDEST + t] = symbol
    state[CLASSES] = np.int64(mix64(U64(state[CLASSES]) * U64(31) + U64(classes[symbol] & COARSE) + U64(7)))
    state[USED] |= np.int64(1) << np.int64(symbol % 63)
    if state.size > STATE:
        word, bit = SET + 1 + (symbol >> 6), np.int64(1) << np.int64(symbol & 63)
        if not state[word] & bit:
            state[word] |= bit
            state[SET] ^= np.int64(mix64(U64(symbol)))
    state[T] = t + 1


@njit(cache=True, nogil=True, inline="always")
def _add(h: Any, value: Any, tag: int) -> Any:
    return mix64(h + U64(value) * U64(GOLDEN) + U64(tag))


@njit(cache=True, nogil=True)
def _of_class(h, state, classes, same, most):  # type: ignore[no-untyped-def]
    """Add the newest symbols of the newest one's class, or of the other classes, to a hash, so many at most."""
    own = classes[state[NEWEST]] & COARSE
    h = _add(h, own, 401)
    for j in range(WINDOW):
        symbol = state[NEWEST + j]
        if symbol == 0 or most == 0:
            break
        if (classes[symbol] & COARSE == own) == same:
            h = _add(h, symbol, 402)
            most -= 1
    return h


@njit(cache=True, nogil=True)
def _with_lengths(h, state, flags, classes):  # type: ignore[no-untyped-def]
    """Add to a hash what the numbers above the flags ask for."""
    bag, runs, fine = flags >> BAG & 15, flags >> RUNS & 15, flags >> FINE_CLASSES & 15
    own, other = flags >> OWN_CLASS & 15, flags >> OTHER_CLASS & 15
    if bag:
        total = U64(0)
        for j in range(bag):
            total += mix64(U64(state[NEWEST + j] + 1))
        h = _add(h, total, 306)
    if runs:
        before = state[NEWEST]
        h = _add(_add(h, state[NEWEST + 1] == before, 307), before, 308)
        for j in range(1, WINDOW):
            if state[NEWEST + j] != before:
                runs -= 1
                if runs == 0:
                    break
                before = state[NEWEST + j]
                h = _add(h, before, 308)
    if own:
        h = _add(_of_class(h, state, classes, np.bool_(True), own), 0, 309)
    if other:
        h = _add(_of_class(h, state, classes, np.bool_(False), other), 0, 310)
    for j in range(fine):
        h = _add(h, classes[state[NEWEST + j]] >> FINE, 311)
    return h


@njit(cache=True, nogil=True)
def context_hash(state, context, classes):  # type: ignore[no-untyped-def]
    """The context of a kind (5,) that a state is in, as a 64-bit number; 0 for none."""
    return continued_hash(U64(GOLDEN), np.int64(0), state, context, classes)  # one type, one machine code


@njit(cache=True, nogil=True)
def suffix_hashes(state, hashes):  # type: ignore[no-untyped-def]
    """What the hashes of all contexts begin with that look at the newest 0, 1, ... symbols, (WINDOW + 1,)."""
    hashes[0] = U64(GOLDEN)
    for j in range(WINDOW):
        hashes[j + 1] = _add(hashes[j], state[NEWEST + j], j + 1)


@njit(cache=True, nogil=True)
def continued_hash(h, newest, state, context, classes):  # type: ignore[no-untyped-def]
    """`context_hash`, where so many of the newest symbols are in h already."""
    t = state[T]
    if context[4] > t + 1:
        return U64(0)
    mask, j = context[0] >> newest, newest
    while mask:
        if mask & 1:
            h = _add(h, state[NEWEST + j], j + 1)
        mask >>= 1
        j += 1
    mask, j = context[1], 0
    while mask:
        if mask & 1:
            h = _add(h, classes[state[NEWEST + j]] & COARSE, j + 101)
        mask >>= 1
        j += 1
    for j in range(context[2]):
        h = _add(h, state[OLDEST + j], j + 201)
    flags = context[3]
    if flags & POSITION:
        h = _add(h, min(t, 20), 301)
    if flags & ALL_CLASSES:
        h = _add(h, state[CLASSES], 302)
    if flags & USED_BITS:
        h = _add(h, state[USED], 303)
    if flags & EQUAL:
        code = U64(0)
        for a in range(6):
            same = a
            for b in range(a):
                if state[NEWEST + b] == state[NEWEST + a]:
                    same = b
                    break
            code = code * U64(8) + U64(same)
        h = _add(h, code, 304)
    if flags & USED_SET:
        h = _add(h, state[SET], 305)
    if flags >> BAG:
        h = _with_lengths(h, state, flags, classes)
    return h if h != U64(0) else U64(1)


@njit(cache=True, nogil=True)
def write_places(state, match, slot_of_symbol, places):  # type: ignore[no-untyped-def]
    """What the gate sees of a state, (PLACES,): numbers of columns; a symbol that is not there is the boundary."""
    places[0] = min(state[T], POSITIONS - 1)
    places[1] = match
    for j in range(RECENT):
        places[2 + j] = slot_of_symbol[state[NEWEST + j]]
    for j in range(BEGINNING):
        places[2 + RECENT + j] = slot_of_symbol[state[OLDEST + j]]


@njit(cache=True, nogil=True)
def places_of_stream(ids, classes, words, slot_of_symbol, places):  # type: ignore[no-untyped-def]
    """The places (S, PLACES) of all positions of a stream, but for the longest known suffix."""
    state = np.zeros(words, dtype=np.int64)
    for i in range(ids.size):
        write_places(state, 0, slot_of_symbol, places[i])
        read_symbol(state, np.int64(ids[i]), classes)


@njit(cache=True, nogil=True)
def count_contexts(  # type: ignore[no-untyped-def]
    ids, context, classes, V, words, slot_keys, slot_values, keys, at_start, position_cell, cell_context, cell_symbol,
):  # fmt: skip
    """Number the contexts of one kind, and the cells, in the order in which they occur.

    Args:
        ids: (S,) which follow a boundary.
        context: (5,) the kind.
        classes: (V,)
        V: size of the alphabet.
        words: of a state; see `sizes`.
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
    state = np.zeros(words, dtype=np.int64)
    slot_keys[:] = U64(0)
    contexts = 0
    for i in range(ids.size):
        h = context_hash(state, context, classes)
        position_cell[i] = -1
        if h != U64(0):
            slot = mix64(h) & mask
            while slot_keys[slot] != U64(0) and slot_keys[slot] != h:
                slot = (slot + U64(1)) & mask
            if slot_keys[slot] == U64(0):
                slot_keys[slot] = h
                slot_values[slot] = contexts
                keys[contexts] = h
                at_start[contexts] = context[4] == state[T] + 1
                contexts += 1
            position_cell[i] = slot_values[slot]
        read_symbol(state, np.int64(ids[i]), classes)
    slot_keys[:] = U64(0)
    cells = 0
    for i in range(ids.size):
        number = position_cell[i]
        if number >= 0:
            pair = U64(number) * U64(V) + U64(ids[i]) + U64(1)
            slot = mix64(pair) & mask
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
