"""The compiled loop of `automata.sparse_reshaping`: the most probable symbols of backoff rows, without laying them out.

Letters: S states, E listed entries, K entries kept, L levels of links.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from nextchar._kernels.backoff_search import find_entry

__all__ = ["LEVELS", "kept_rows"]

LEVELS = 80  # of links, at most


@njit(cache=True, nogil=True)
def kept_rows(  # type: ignore[no-untyped-def]
    first, symbols, log_prob, target, link, price, by_size, unknown,
    temperature, level, most, mass, totals, number, queue, begins, kept_symbol, kept_nats, kept_target, done, found,
):  # fmt: skip
    """The rows of all states that can be reached from those in the queue, one after the other.

    The lists of a state and of those that it links to are merged, each sorted; what an earlier list has counts.

    Args:
        first: (S + 1,) where each state's entries begin; this and the next five as `Automaton` has them.
        symbols: (E,)
        log_prob: (E,) nats.
        target: (E,)
        link: (S,)
        price: (S,) nats.
        by_size: (E,) each state's entries, most probable first, among equals the smaller symbol.
        unknown: a symbol that is never kept.
        temperature: divides nats.
        level: whether only those are kept that are as probable as the first, all alike.
        most: how many are kept.
        mass: of the row, or of the `most`, that those before the last one kept do not reach.
        totals: (S,) logs of the sums of whole rows, divided by the temperature; empty where `most` bounds them.
        number: (S,) the number of each state, -1 for those not found yet.
        queue: (S,) the states by number.
        begins: (S + 1,) written: where each row begins, by number.
        kept_symbol: (K,) written, as are the next two.
        kept_nats: (K,) normalised.
        kept_target: (K,) by number.
        done: how many rows are written.
        found: how many states are in the queue.

    Returns:
        The new `done` and `found`; rows are missing where there was no room for them.
    """
    at_level, paid_at, head = (
        np.empty(LEVELS, dtype=np.int64),
        np.empty(LEVELS),
        np.empty(LEVELS, dtype=np.int64),
    )
    while done < found:
        state = queue[done]
        levels = 0
        paid = 0.0
        while True:
            at_level[levels], paid_at[levels], head[levels] = state, paid, first[state]
            levels += 1
            if state == 0 or price[state] == -np.inf:
                break
            paid += price[state]
            state = link[state]
        begin = begins[done]
        n = 0
        top = 0.0
        summed = 0.0  # over the first
        whole = totals[queue[done]] if len(totals) else np.inf
        while n < most:
            best, best_nats, best_symbol = -1, -np.inf, 0
            for j in range(levels):
                end = first[at_level[j] + 1]
                while head[j] < end:
                    e = by_size[head[j]]
                    if log_prob[e] == -np.inf:
                        head[j] = end
                        break
                    if symbols[e] != unknown and not _listed_before(first, symbols, at_level, j, symbols[e]):
                        nats = paid_at[j] + log_prob[e]
                        if best < 0 or nats > best_nats or (nats == best_nats and symbols[e] < best_symbol):
                            best, best_nats, best_symbol = j, nats, symbols[e]
                        break
                    head[j] += 1
            if best < 0 or (level and n > 0 and best_nats < top):
                break
            if begin + n == len(kept_symbol):
                return done, found
            if n == 0:
                top = best_nats
            e = by_size[head[best]]
            head[best] += 1
            kept_symbol[begin + n] = symbols[e]
            kept_nats[begin + n] = 0.0 if level else (best_nats - top) / temperature
            kept_target[begin + n] = target[e]
            summed += math.exp(kept_nats[begin + n])
            n += 1
            if whole < np.inf and summed >= mass * math.exp(whole - top / temperature):
                break
        if mass < 1.0 and not len(totals):
            wanted, summed = mass * summed, 0.0
            for i in range(n):
                summed += math.exp(kept_nats[begin + i])
                if summed >= wanted:
                    n = i + 1
                    break
        for i in range(begin, begin + n):
            kept_nats[i] -= math.log(summed)
            to = kept_target[i]
            if number[to] < 0:
                number[to] = found
                queue[found] = to
                found += 1
            kept_target[i] = number[to]
        done += 1
        begins[done] = begin + n
    return done, found


@njit(cache=True, nogil=True)
def _listed_before(first, symbols, at_level, j, symbol):  # type: ignore[no-untyped-def]
    """Whether a state before the j-th of some levels lists a symbol."""
    i = 0
    while i < j and find_entry(first, symbols, at_level[i], symbol) < 0:
        i += 1
    return i < j
