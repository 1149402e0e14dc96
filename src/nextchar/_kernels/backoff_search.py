"""Looking a symbol up in an automaton in backoff form (see `automata.automaton`), for all loops that read one.

Letters: S states, E entries.
"""

from __future__ import annotations

from numba import njit

__all__ = ["find_entry", "follow_links"]


@njit(cache=True, nogil=True, forceinline=True)
def find_entry(first, symbols, state, symbol):  # type: ignore[no-untyped-def]
    """Where a state lists a symbol, -1 where it does not.

    Args:
        first: (S + 1,) where each state's entries begin.
        symbols: (E,) increasing within a state.
        state: which.
        symbol: the same.
    """
    low, end = first[state], first[state + 1]
    high = end
    while low < high:
        middle = (low + high) >> 1
        if symbols[middle] < symbol:
            low = middle + 1
        else:
            high = middle
    return low if low < end and symbols[low] == symbol else -1


@njit(cache=True, nogil=True, forceinline=True)
def follow_links(first, symbols, link, price, state, symbol):  # type: ignore[no-untyped-def]
    """The entry of a symbol in the first state that lists it, from one along the links, and the nats paid on the way.

    The root, state 0, lists all symbols: there an entry is its symbol.
    """
    paid = 0.0
    while state:
        entry = find_entry(first, symbols, state, symbol)
        if entry >= 0:
            return entry, paid
        paid += price[state]
        state = link[state]
    return symbol, paid
