"""The compiled loops of `automata.backoff_rows`: sums over the whole row of every state of a backoff automaton.

Letters: S states, E listed entries, C cells that they lead to.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

__all__ = ["row_means", "row_totals"]

TINY = 1e-100  # a number that is scaled anew, so that no chain of links takes it out of the range of numbers


@njit(cache=True, nogil=True)
def row_totals(  # type: ignore[no-untyped-def]
    first, log_prob, child, value, shadow, link, price, least_left, share, possible, of_states, total
):  # fmt: skip
    """Sums of exp(log_prob + value[child]) over the row of each state, as logs.

    Args:
        first: (S + 1,) where each state's entries begin.
        log_prob: (E,)
        child: (E,) cells.
        value: (C,) logs.
        shadow: (E,) the entry of the link for the same symbol, E where there is none.
        link: (S,) smaller than the state.
        price: (S,)
        least_left: the part of a link's own sum; where less is left, what is left is added up.
        share: (E + 1,) room to work in, as are the next two.
        possible: (E + S + 1,)
        of_states: (4, S)
        total: (S,) written.
    """
    S, E = link.size, log_prob.size
    share[E] = 0.0  # of each entry, scaled by its state's largest
    top, own, rest, scale = of_states  # what comes by the link is rest x exp(scale)
    begins = possible[E:]  # of the entries above 0, in order
    found = 0
    for s in range(S):
        most = -np.inf
        for e in range(first[s], first[s + 1]):
            share[e] = log_prob[e] + value[child[e]]
            most = max(most, share[e])
        begins[s] = found
        top[s] = most if most > -np.inf else 0.0
        own[s], rest[s], scale[s] = 0.0, 0.0, 0.0
        if most == -np.inf:
            share[first[s] : first[s + 1]] = 0.0
        for e in range(first[s], first[s + 1] if most > -np.inf else first[s]):
            share[e] = math.exp(share[e] - top[s]) if share[e] != most else 1.0
            own[s] += share[e]
            if share[e] > 0.0:
                possible[found] = e
                found += 1
        begins[s + 1] = found

        size, to = first[s + 1] - first[s], link[s]
        if s > 0 and price[s] > -np.inf:
            left = 0.0
            if size < first[to + 1] - first[to] and own[to] > 0.0:
                taken = 0.0
                for e in range(first[s], first[s + 1]):
                    taken += share[shadow[e]]
                left = own[to] - taken
                if left < least_left * own[to]:
                    left = 0.0
                    hidden = first[s]
                    for place in range(begins[to], begins[to + 1]):
                        e = possible[place]
                        while hidden < first[s + 1] and shadow[hidden] < e:
                            hidden += 1
                        if hidden == first[s + 1] or shadow[hidden] != e:
                            left += share[e]
            unit = max(top[to] if left > 0.0 else -np.inf, scale[to] if rest[to] > 0.0 else -np.inf)
            if unit > -np.inf:
                rest[s] = _scaled(left, top[to], unit) + _scaled(rest[to], scale[to], unit)
                scale[s] = unit + price[s]
                if rest[s] < TINY:
                    scale[s] += math.log(rest[s])
                    rest[s] = 1.0

        unit = max(top[s] if own[s] > 0.0 else -np.inf, scale[s] if rest[s] > 0.0 else -np.inf)
        if unit > -np.inf:
            total[s] = unit + math.log(_scaled(own[s], top[s], unit) + _scaled(rest[s], scale[s], unit))
        else:
            total[s] = -np.inf


@njit(cache=True, nogil=True)
def _scaled(number, scale, unit):  # type: ignore[no-untyped-def]
    """Number x exp(scale - unit), where the number is not 0."""
    if number == 0.0 or scale == unit:
        return number
    return number * math.exp(scale - unit)


@njit(cache=True, nogil=True)
def row_means(  # type: ignore[no-untyped-def]
    first, share, log_prob, child, value, shadow, link, passed, price, least_left, part, own, rest, means
):  # fmt: skip
    """How many symbols come over the row of each state and what follows, and how many nats they cost, on average.

    Args:
        first: (S + 1,) where each state's entries begin.
        share: (E,) of each entry, of the row of its state.
        log_prob: (E,) nats.
        child: (E,) cells.
        value: (C, 2) the symbols and nats that follow each cell.
        shadow: (E,) the entry of the link for the same symbol, E where there is none.
        link: (S,) smaller than the state.
        passed: (S,) what the link's row counts here, as if none of its symbols was listed here.
        price: (S,) nats.
        least_left: the part of a link's own shares; where less is left, what is left is added up.
        part: (E + 1, 3) room to work in, as are the next two: the row's share, symbols and nats of each entry,
        own: (S, 3) of what the states list,
        rest: (S, 3) and of what comes by the link.
        means: (S, 2) written.
    """
    S, E = link.size, log_prob.size
    part[E] = 0.0
    for s in range(S):
        own[s], rest[s] = 0.0, 0.0
        for e in range(first[s], first[s + 1]):
            if share[e] == 0.0:
                part[e] = 0.0
                continue
            part[e, 0] = share[e]
            part[e, 1] = share[e] * (1.0 + value[child[e], 0])
            part[e, 2] = share[e] * (value[child[e], 1] - log_prob[e])
            for k in range(3):
                own[s, k] += part[e, k]
        size, to = first[s + 1] - first[s], link[s]
        if s > 0 and passed[s] > 0.0:
            left, left_symbols, left_nats = 0.0, 0.0, 0.0
            if size < first[to + 1] - first[to] and own[to, 0] > 0.0:
                left, left_symbols, left_nats = own[to, 0], own[to, 1], own[to, 2]
                for e in range(first[s], first[s + 1]):
                    left -= part[shadow[e], 0]
                    left_symbols -= part[shadow[e], 1]
                    left_nats -= part[shadow[e], 2]
                if left < least_left * own[to, 0]:
                    left, left_symbols, left_nats = 0.0, 0.0, 0.0
                    hidden = first[s]
                    for e in range(first[to], first[to + 1]):
                        while hidden < first[s + 1] and shadow[hidden] < e:
                            hidden += 1
                        if hidden == first[s + 1] or shadow[hidden] != e:
                            left += part[e, 0]
                            left_symbols += part[e, 1]
                            left_nats += part[e, 2]
            rest[s, 0] = passed[s] * (left + rest[to, 0])
            rest[s, 1] = passed[s] * (left_symbols + rest[to, 1])
            rest[s, 2] = passed[s] * (left_nats + rest[to, 2]) - price[s] * rest[s, 0]
        means[s, 0] = own[s, 1] + rest[s, 1]
        means[s, 1] = own[s, 2] + rest[s, 2]
