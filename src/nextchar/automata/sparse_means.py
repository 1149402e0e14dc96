"""How long the items are that meet conditions, and how many nats they cost, on average: from every cell of a product.

Divided by the messages, all steps from a cell are probabilities, and a mean is what a symbol adds and the mean of where
it leads. Both means go through the rows together.

Letters: N narrow pairs, X what they list, C cells, E entries of the model.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar.automata.backoff_rows import RowShares
from nextchar.automata.fixed_points import EXACT_LOGS, NEARLY_LOGS, STALLED, settled
from nextchar.automata.sparse_cells import RankBlock, SparseCells
from nextchar.automata.sparse_product import Wide
from nextchar.automata.unlisted import LEAST_LEFT, unlisted_sums

__all__ = ["means_of"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
MOST_NATS: Final = 1e300  # 0 x inf is 0


class _Row(NamedTuple):
    """A wide row.

    Attributes:
        row: which.
        shares: of its entries.
        going: (S,) the probability that an item goes on, where the row is a state.
        at_end: (S, 2) the nats of the end, by its probability, there.
    """

    row: Wide
    shares: RowShares
    going: F64
    at_end: F64


class _Pairs(NamedTuple):
    """The narrow pairs of a block.

    Attributes:
        to_child: (X,) the probability of what is listed.
        to_shadow: (X,) that which the wide row gives to it, of that row.
        from_rest: (N,) what the whole wide row counts, 0 for those that take nearly all from it.
        at_end: (N, 2) the nats of the end, by its probability.
        again: (B,) those.
        cost: (B,) nats of the unlisted symbols of those.
        means: (C + 1,) mean nats of a symbol in the rests of those.
    """

    to_child: F64
    to_shadow: F64
    from_rest: F64
    at_end: F64
    again: I64
    cost: F64
    means: F64


def means_of(cells: SparseCells, message: F64) -> tuple[float, float]:
    """Characters, and nats of -log p under the model, of an item that meets the conditions, on average.

    Args:
        cells: of the product.
        message: (C + 1,) logs.

    Raises:
        SettingsError: it does not settle.
    """
    found = _Means(cells, message)
    for block in cells.blocks:
        found.solve(block)
    symbols, nats = found.value[cells.start].tolist()
    return symbols, nats


class _Means:
    """Means as far as they are known, (C + 1, 2) symbols and nats."""

    def __init__(self, cells: SparseCells, message: F64) -> None:
        self.cells, self.message = cells, message
        self.value = np.zeros((cells.none + 1, 2))
        self.ends = cells.end_nats(np.arange(cells.none))

    def solve(self, block: RankBlock) -> None:
        cells = self.cells
        rows = [self._row(row) for row in block.rows]
        pairs = self._pairs(block) if block.begin < block.end else None
        inside = cells.of_block(block)

        def advance(x: F64) -> F64:
            self.value[inside] = x.reshape(-1, 2)
            for row in rows:
                self._round(row)
            if pairs is not None:
                self._round_pairs(block, pairs)
            return self.value[inside].reshape(-1)

        x = advance(np.zeros(2 * len(inside)))
        if block.loops:
            self.value[inside] = settled(
                x, advance, exact=EXACT_LOGS, nearly=NEARLY_LOGS, stalled=STALLED, columns=2
            ).reshape(-1, 2)

    def _row(self, row: Wide) -> _Row:
        cells, message = self.cells, self.message
        total = cells.rows.totals(cells.all_children(row), message)
        shares = cells.rows.shares(cells.contributions(row, None, message), total)
        if not row.is_state:
            return _Row(row, shares, np.empty(0), np.empty((0, 2)))
        state, _ = cells.cells_of[row.key]
        return _Row(row, shares, _share(total, message[state]), self._at_end(state))

    def _round(self, of: _Row) -> None:
        cells = self.cells
        means = cells.rows.means(of.shares, cells.all_children(of.row), self.value)
        state, rest = cells.cells_of[of.row.key]
        if of.row.is_rest:
            self.value[rest] = means
        if of.row.is_state:
            self.value[state] = of.going[:, None] * means + of.at_end

    def _at_end(self, part: slice) -> F64:
        """The nats of the end, by its probability, (n, 2)."""
        found = np.zeros((part.stop - part.start, 2))
        end = self.ends[part]
        found[:, 1] = _share(end, self.message[part]) * -np.clip(end, -MOST_NATS, 0.0)
        return found

    def _pairs(self, block: RankBlock) -> _Pairs:
        cells, narrow, message = self.cells, self.cells.narrow, self.message
        pairs, part = slice(block.begin, block.end), slice(narrow.first[block.begin], narrow.first[block.end])
        owner = cells.owner[part]
        whole = message[cells.rest]
        to_shadow = _share(narrow.nats[part] + message[cells.shadow[part]], whole[owner])
        left = 1 - np.bincount(owner - block.begin, weights=to_shadow, minlength=block.end - block.begin)
        again = np.flatnonzero((left < LEAST_LEFT) & (whole[pairs] > -np.inf)) + block.begin
        from_rest = _share(whole[pairs], message[pairs])
        from_rest[again - block.begin] = 0.0
        cost, means = np.zeros(len(again)), np.zeros(cells.none + 1)
        if len(again):
            of_keys = {}
            for key in np.unique(narrow.rest[again]).tolist():
                row = cells.product.wide[key]
                of_keys[key] = cells.rows.means(
                    self._row(row).shares, cells.all_children(row), np.zeros((cells.none + 1, 2))
                )[:, 1]
                means[cells.cells_of[key][1]] = of_keys[key]
            costs = unlisted_sums(cells, again, message, message, of_keys)[1]
            cost = _share(costs, message[again])
        return _Pairs(
            _share(narrow.nats[part] + message[cells.child[part]], message[owner]),
            to_shadow,
            from_rest,
            self._at_end(pairs),
            again,
            cost,
            means,
        )

    def _round_pairs(self, block: RankBlock, pairs: _Pairs) -> None:
        cells, narrow, N = self.cells, self.cells.narrow, block.end - block.begin
        part = slice(narrow.first[block.begin], narrow.first[block.end])
        owner = cells.owner[part] - block.begin
        nats = np.maximum(narrow.nats[part], -MOST_NATS)
        added = np.stack([np.ones(len(owner)), -nats], axis=1)
        listed = pairs.to_child[:, None] * (added + self.value[cells.child[part]])
        taken = pairs.to_shadow[:, None] * (added + self.value[cells.shadow[part]])
        rest = self.value[cells.rest[block.begin : block.end]].copy()
        found = pairs.at_end.copy()
        for k in (0, 1):
            rest[:, k] -= np.bincount(owner, weights=taken[:, k], minlength=N)
            found[:, k] += np.bincount(owner, weights=listed[:, k], minlength=N)
        unlisted = pairs.from_rest[:, None] * rest
        if len(pairs.again):
            unlisted[pairs.again - block.begin] = self._again(pairs)
        self.value[block.begin : block.end] = found + unlisted

    def _again(self, pairs: _Pairs) -> F64:
        """What unlisted symbols add where nearly all of the wide row is listed, (B, 2)."""
        cells, message = self.cells, self.message
        found = np.empty((len(pairs.again), 2))
        for k, add in enumerate((1.0, 0.0)):
            onward = self.value[:, k] + add  # of a symbol and what follows; of a rest, what follows its symbols
            for row in cells.product.wide.values():
                if row.is_rest:
                    rest = cells.cells_of[row.key][1]
                    onward[rest] = self.value[rest, k] - (pairs.means[rest] if k else 0.0)
            with np.errstate(divide="ignore"):
                value = message + np.log(np.maximum(onward, 0.0))
            found[:, k] = _share(unlisted_sums(cells, pairs.again, value, value)[0], message[pairs.again])
        found[:, 1] += pairs.cost
        return found


def _share(nats: F64, of: F64) -> F64:
    """exp(nats - of), 0 where nothing is."""
    with np.errstate(invalid="ignore"):
        share = np.exp(nats - of)
    share[nats == -np.inf] = 0.0
    return share
