"""The compiled loops of Gibbs sampling for the Pitman-Yor model: customers leave their tables and are seated again.

Letters as in `models.pitman_yor`: E entries (restaurant and dish), S states (restaurants), n order.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from nextchar._kernels.constants import GOLDEN
from nextchar._kernels.splitmix import mix64

__all__ = ["seat_all"]

U64 = np.uint64


@njit(cache=True, nogil=True, inline="always")
def _uniform(random):  # type: ignore[no-untyped-def]
    """The next number of SplitMix64 in [0, 1); random (1,) is its state."""
    random[0] += U64(GOLDEN)
    return np.float64(mix64(random[0]) >> U64(11)) * 2.0**-53


@njit(cache=True, nogil=True)
def _seat(  # type: ignore[no-untyped-def]
    entry, owner, below, room, d, theta, base, customers, tables, all_customers, all_tables, sizes, random, chain, p
):  # fmt: skip
    """One customer enters: at a table of its dish, or at a new one, which sends a customer to the link's restaurant."""
    length = 0
    x = entry
    while x >= 0:
        chain[length] = x
        length += 1
        x = below[x]
    share = base
    for i in range(length - 1, -1, -1):
        x = chain[i]
        s = owner[x]
        p[i] = share  # of the dish, in the restaurant below
        share = (customers[x] - d[s] * tables[x] + (theta[s] + d[s] * all_tables[s]) * share) / (
            theta[s] + all_customers[s]
        )
    for i in range(length):
        x = chain[i]
        s = owner[x]
        sitting = customers[x] - d[s] * tables[x]
        u = _uniform(random) * (sitting + (theta[s] + d[s] * all_tables[s]) * p[i])
        customers[x] += 1
        all_customers[s] += 1
        if u < sitting:
            table = room[x]
            last = table + tables[x] - 1
            u -= sizes[table] - d[s]
            while u >= 0.0 and table < last:
                table += 1
                u -= sizes[table] - d[s]
            sizes[table] += 1
            return
        sizes[room[x] + tables[x]] = 1
        tables[x] += 1
        all_tables[s] += 1


@njit(cache=True, nogil=True)
def _leave(  # type: ignore[no-untyped-def]
    entry, owner, below, room, customers, tables, all_customers, all_tables, sizes, random
):  # fmt: skip
    """One customer leaves; a table that falls empty is taken away, and its customer in the link's restaurant leaves."""
    x = entry
    while x >= 0:
        u = np.int64(_uniform(random) * customers[x])
        table = room[x]
        while u >= sizes[table]:
            u -= sizes[table]
            table += 1
        s = owner[x]
        customers[x] -= 1
        all_customers[s] -= 1
        sizes[table] -= 1
        if sizes[table]:
            return
        tables[x] -= 1
        all_tables[s] -= 1
        last = room[x] + tables[x]
        sizes[table] = sizes[last]
        sizes[last] = 0
        x = below[x]


@njit(cache=True, nogil=True)
def seat_all(  # type: ignore[no-untyped-def]
    again, leaves, raw, owner, below, room, d, theta, base, customers, tables, all_customers, all_tables, sizes,
    random, order,
):  # fmt: skip
    """Seat the customers of all leaves (n-grams of whole contexts) one after the other; `again`: each leaves first."""
    chain = np.empty(order, dtype=np.int64)
    p = np.empty(order)
    for leaf in leaves:
        for _ in range(raw[leaf]):
            if again:
                _leave(leaf, owner, below, room, customers, tables, all_customers, all_tables, sizes, random)
            _seat(
                leaf, owner, below, room, d, theta, base, customers, tables, all_customers, all_tables, sizes, random,
                chain, p,
            )  # fmt: skip
