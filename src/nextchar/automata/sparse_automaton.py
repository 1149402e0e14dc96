"""The items that meet conditions as an automaton like any model's: to save, to score with, to export.

The product of a backoff automaton and conditions is one again. A cell of a wide row lists what the model's state lists
and links to the cell of the model's link; a narrow pair lists its exceptions and links to the wide row that it takes
the rest from. Divided by the messages, log-probabilities and prices are those of the items that meet the conditions.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton import ROOT, Automaton
from nextchar.automata.sparse_cells import SparseCells
from nextchar.data.alphabet import BOUNDARY
from nextchar.errors import TooLargeError

__all__ = ["automaton_of_cells"]

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
ENTRIES: Final = 1 << 24


def automaton_of_cells(cells: SparseCells, message: F64, like: Automaton) -> Automaton:
    """All cells from which an item can come, after a root that nothing leads to.

    Raises:
        TooLargeError: they have too many entries.
    """
    m, rows, narrow = cells, cells.rows, cells.narrow
    N, S, V = len(narrow.key), rows.size, rows.V
    if len(m.product.wide) * len(rows.keys) + len(narrow.symbol) > ENTRIES:
        raise TooLargeError("as a model of their own these items need too much memory; draw or list them instead")
    layer = np.zeros(S, dtype=np.int64)
    for depth, (begin, stop) in enumerate(rows.layers):
        layer[begin:stop] = depth + 1
    value = message
    link, depth_of = np.full(m.none + 1, m.none), np.ones(m.none + 1, dtype=np.int64)
    price = np.full(m.none + 1, -np.inf)
    of: list[I64] = []
    symbols: list[I64] = []
    nats: list[F64] = []
    targets: list[I64] = []
    for row in m.product.wide.values():
        state, rest = m.cells_of[row.key]
        for part, is_state in ((state, True), (rest, False)):
            if part.start == part.stop or (not is_state and rest == state):
                continue
            numbers = np.arange(part.start, part.stop)
            to = part.start + rows.link
            link[numbers], depth_of[numbers] = to, layer
            with np.errstate(invalid="ignore"):
                price[numbers] = np.nan_to_num(rows.price + value[to] - value[numbers], nan=-np.inf, neginf=-np.inf)
            price[part.start] = -np.inf
            found = m.contributions(row, None, value)
            ends = np.flatnonzero(rows.symbols == BOUNDARY)
            if is_state and m.may_end(numbers[:1])[0]:
                found[ends] = rows.log_prob[ends]
            of.append(part.start + rows.owner.astype(np.int64))
            symbols.append(rows.symbols)
            with np.errstate(invalid="ignore"):
                nats.append(found - value[of[-1]])
            targets.append(m.all_children(row).astype(np.int64))
    pairs = np.arange(N)
    last = m.end_nats(pairs)
    of += [m.owner, pairs]
    symbols += [narrow.symbol, np.full(N, BOUNDARY)]
    with np.errstate(invalid="ignore"):
        nats += [narrow.nats + value[m.child] - value[m.owner], last - value[:N]]
    targets += [m.child, np.full(N, m.none)]
    link[:N] = m.rest
    with np.errstate(invalid="ignore"):
        price[:N] = np.nan_to_num(value[m.rest] - value[:N], nan=-np.inf, neginf=-np.inf)
    depth_of[:N] = np.where(price[:N] > -np.inf, layer[narrow.state] + 1, 1)
    number = _numbers(value, link, price, depth_of)
    return _put_together(like, number, (link, price), (of, symbols, nats, targets), m.start, V)


def _numbers(value: F64, link: I64, price: F64, depth: I64) -> I64:
    """The states in an order in which links never fall; ROOT for cells from which no item comes."""
    number = np.full(len(value), ROOT)
    live = np.isfinite(value)
    link[price == -np.inf] = len(value) - 1
    for d in range(2, int(depth.max()) + 1):  # one more than that of the link, where there is one
        cells = np.flatnonzero(depth == d)
        depth[cells] = np.where(price[cells] > -np.inf, depth[link[cells]] + 1, 1)
    size = 1
    for d in range(1, int(depth.max()) + 1):
        cells = np.flatnonzero(live & (depth == d) & (price > -np.inf))
        cells = cells[np.argsort(number[link[cells]], kind="stable")]
        number[cells] = size + np.arange(len(cells))
        if d == 1:
            bare = np.flatnonzero(live & (price == -np.inf))
            number[bare] = size + np.arange(len(bare))
            size += len(bare)
        size += len(cells)
    return number


def _put_together(
    like: Automaton,
    number: I64,
    links: tuple[I64, F64],
    columns: tuple[list[I64], list[I64], list[F64], list[I64]],
    start: int,
    V: int,
) -> Automaton:
    of, symbols, nats, targets = (np.concatenate(column) for column in columns)
    kept = np.flatnonzero(number[of] != ROOT)
    kept = kept[np.argsort(number[of[kept]] * V + symbols[kept], kind="stable")]
    owner, nats = number[of[kept]], np.nan_to_num(nats[kept], nan=-np.inf, neginf=-np.inf)
    target = number[targets[kept]]
    target = np.where(target == ROOT, number[start], target)
    live = np.flatnonzero(number != ROOT)
    cell = live[np.argsort(number[live])]
    size = len(cell) + 1
    counts = np.bincount(owner, minlength=size)[1:]
    return Automaton(
        alphabet=like.alphabet,
        start=int(number[start]),
        first=np.concatenate([[0, V], V + np.cumsum(counts)]),
        symbols=np.concatenate([np.arange(V), symbols[kept]]).astype(like.alphabet.dtype),
        log_prob=np.concatenate([np.full(V, -np.log(V)), np.minimum(nats, 0.0)]),
        target=np.concatenate([np.full(V, number[start]), target]).astype(np.int32),
        link=np.append(ROOT, number[links[0][cell]]).astype(np.int32),
        price=np.append(0.0, links[1][cell]),
    )
