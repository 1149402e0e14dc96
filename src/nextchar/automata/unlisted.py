"""What narrow pairs have from their wide rows without what they list, where that is nearly nothing.

Taking nearly all from a sum would leave no digits, so what is left is added up.

Letters: V size of the alphabet, B pairs, C cells, S states of the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.automata.backoff_rows import log_sums, spread
from nextchar.automata.sparse_cells import SparseCells
from nextchar.automata.sparse_product import Wide

__all__ = ["LEAST_LEFT", "log_cost", "unlisted_sums"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
LEAST_LEFT: Final = 0.02  # of a wide row without what a narrow pair lists; where less is left, it is summed anew
PART: Final = 256  # pairs at a time


def unlisted_sums(
    cells: SparseCells, pairs: I64, value: F64, totals: F64, means: Mapping[int, F64] | None = None
) -> tuple[F64, F64]:
    """Logs of the sums of p x exp(value of what follows), and of the same with -log p as a factor, (B,) and (B,).

    Args:
        cells: of the product.
        pairs: (B,) narrow ones.
        value: (C + 1,) logs.
        totals: (C + 1,) of whole wide rows, in the cells that are rests.
        means: of -log p over wide rows by their keys, weighed by what is summed, (S,) each; without them the second
            sums are not computed.
    """
    found, costs = np.empty(len(pairs)), np.full(len(pairs), -np.inf)
    keys = cells.narrow.rest[pairs]
    for key in np.unique(keys).tolist():
        total = totals[cells.cells_of[key][1]]
        mean = None if means is None else means[key]
        of_row = np.flatnonzero(keys == key)
        for some in (of_row[i : i + PART] for i in range(0, len(of_row), PART)):
            found[some], costs[some] = _of_row(cells, cells.product.wide[key], pairs[some], value, total, mean)
    return found, costs


def log_cost(nats: F64) -> F64:
    """The log of -log p; for p = 0, with nothing to pay, minus infinity."""
    with np.errstate(divide="ignore"):
        cost: F64 = np.log(np.maximum(-nats, 0.0))
    cost[nats == -np.inf] = -np.inf
    return cost


def _among(wanted: I64, known: I64) -> npt.NDArray[np.bool_]:
    if not len(known):
        return np.zeros(len(wanted), dtype=np.bool_)
    found: npt.NDArray[np.bool_] = known[np.minimum(np.searchsorted(known, wanted), len(known) - 1)] == wanted
    return found


def _of_row(cells: SparseCells, wide: Wide, pairs: I64, value: F64, total: F64, mean: F64 | None) -> tuple[F64, F64]:
    """Of pairs with one wide row, level by level along the links, until what is left can be told by subtracting."""
    rows, V, narrow = cells.rows, cells.rows.V, cells.narrow
    sums, costs = np.full(len(pairs), -np.inf), np.full(len(pairs), -np.inf)
    owner, place = spread(narrow.first, pairs)
    hidden = owner * V + narrow.symbol[place]  # pairs' numbers and symbols, sorted
    at, paid = narrow.state[pairs], np.zeros(len(pairs))
    going = np.arange(len(pairs))
    while len(going):
        which, entry = rows.entries_of(at[going])
        seen = going[which] * V + rows.symbols[entry]
        fresh = ~_among(seen, hidden)
        nats = cells.contributions(wide, entry, value)
        nats[~fresh] = -np.inf
        first = np.searchsorted(which, np.arange(len(going) + 1))
        sums[going] = np.logaddexp(sums[going], paid[going] + log_sums(nats, first))
        if mean is not None:
            own = log_sums(nats + log_cost(paid[going][which] + rows.log_prob[entry]), first)
            costs[going] = np.logaddexp(costs[going], paid[going] + own)
        hidden = np.union1d(hidden, seen[fresh])
        paid[going] += rows.price[at[going]]
        going = going[(at[going] != 0) & (paid[going] > -np.inf)]
        at[going] = rows.link[at[going]]
        of_going = np.flatnonzero(np.isin(hidden // V, going))
        which = np.searchsorted(going, hidden[of_going] // V)
        entry, toll = rows.find(at[going][which], hidden[of_going] % V)
        nats = toll + cells.contributions(wide, entry, value)
        first = np.searchsorted(which, np.arange(len(going) + 1))
        with np.errstate(invalid="ignore"):
            left = np.nan_to_num(1 - np.exp(log_sums(nats, first) - total[at[going]]), nan=0.0)
        enough = left >= LEAST_LEFT
        done = going[enough]
        whole = paid[done] + total[at[done]]
        sums[done] = np.logaddexp(sums[done], whole + np.log(left[enough]))
        if mean is not None:
            nats += log_cost(paid[going][which] + toll + rows.log_prob[entry])
            with np.errstate(invalid="ignore", divide="ignore"):
                taken = np.exp(log_sums(nats, first) - total[at[going]])[enough]
                left_cost = np.log(np.maximum(mean[at[done]] - paid[done] - taken, 0.0))
            costs[done] = np.logaddexp(costs[done], whole + left_cost)
        going = going[~enough]
    return sums, costs
