"""The pairs of a sparse product by number: a cell for each, and for what narrow pairs have from wide rows.

What is still to come from every cell is an array over cells, and every number that is asked for the solution of one
kind of equation: of a cell it is a constant, and the sum over the symbols of p times the number of the cell that the
symbol leads to. Cells are sorted into blocks of equal rank, so that blocks lead to themselves and later ones only.

Letters: S states of the model, E its entries, N narrow pairs, X what they list, W wide rows, B queries, C cells: one
for each pair, N + S x W, twice where a wide row is both a state and a rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.automata.sparse_product import NONE, Narrow, SparseProduct, Wide
from nextchar.data.alphabet import BOUNDARY

__all__ = ["RankBlock", "SparseCells"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
KEPT_ROWS: Final = 8  # of whose entries all cells are at hand


@dataclass(frozen=True, eq=False)
class RankBlock:
    """Cells of equal rank: rows, and a slice of the narrow pairs.

    Attributes:
        rows: the wide ones.
        begin: of the narrow ones.
        end: of these.
        loops: whether it leads into itself.
    """

    rows: list[Wide]
    begin: int
    end: int
    loops: bool


class SparseCells:
    """The cells of a product, and what they lead to.

    Attributes:
        product: the pairs.
        rows: the model's automaton.
        narrow: the product's narrow pairs, the first N cells.
        none: C, the number of cells, which stands for no cell.
        child: (X,) the cells that narrow pairs lead to with what they list.
        shadow: (X,) those that their wide rows lead to instead.
        rest: (N,) the cells that narrow pairs have from what they do not list.
        ends: (S,) log p of the end.
        owner: (X,) the narrow pair of what is listed.
    """

    def __init__(self, product: SparseProduct) -> None:
        self.product, self.rows = product, product.rows
        self.narrow: Narrow = product.narrow
        N, S = len(self.narrow.key), self.rows.size
        wide = list(product.wide.values())
        self._state_keys = np.array(sorted(row.key for row in wide if row.is_state), dtype=np.int64)
        self._rest_keys = np.array(sorted(row.key for row in wide if row.is_rest), dtype=np.int64)
        begins = {key: N + i * S for i, key in enumerate(self._state_keys.tolist())}
        self._state_begins = np.array(list(begins.values()), dtype=np.int64)
        C = N + len(begins) * S
        self._rest_begins = C + np.arange(len(self._rest_keys)) * S
        C += len(self._rest_keys) * S
        self.none = C
        pair = self.narrow.key * S + self.narrow.state
        self._order = np.argsort(pair, kind="stable")
        self._pairs = pair[self._order]
        self.child = self.cells(self.narrow.child, self.narrow.target)
        self.shadow = self.cells(self.narrow.shadow, self.narrow.target)
        self.rest = self._begins(self._rest_keys, self._rest_begins, self.narrow.rest)
        self.rest = np.where(self.rest == NONE, C, self.rest + self.narrow.state)
        self._wide_child = {row.key: self.cells(row.child, self.rows.target[row.entries]) for row in wide}
        self._wide_default = {row.key: int(self._begins_of_state(row.default)) for row in wide}
        self._all_children: dict[int, I32] = {}
        self.ends = self.rows.ends()
        self._end_entries = np.flatnonzero(self.rows.symbols == BOUNDARY)
        self.owner = np.repeat(np.arange(N), np.diff(self.narrow.first))

    def _begins(self, keys: I64, begins: I64, wanted: I64) -> I64:
        """Where the cells of wide keys begin; NONE for other keys."""
        if not len(keys):
            return np.full(len(wanted), NONE)
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[at] == wanted, begins[at], NONE)

    def _begins_of_state(self, key: int) -> int:
        return int(self._begins(self._state_keys, self._state_begins, np.array([key]))[0])

    def cells(self, keys: I64, states: npt.NDArray[np.integer]) -> I64:
        """The cells of pairs (B,); that of no pair where the key is NONE."""
        begins = self._begins(self._state_keys, self._state_begins, keys)
        cell = begins + states
        other = np.flatnonzero(begins == NONE)
        cell[other] = self.none
        other = other[keys[other] != NONE]
        if len(other):
            wanted = keys[other] * self.rows.size + states[other]
            at = np.minimum(np.searchsorted(self._pairs, wanted), len(self._pairs) - 1)
            cell[other] = self._order[at]
        return cell

    @property
    def start(self) -> int:
        """The cell that has read nothing."""
        return int(self.cells(np.array([0]), np.array([self.product.start]))[0])

    def row_keys(self, cells: I64) -> I64:
        """The key of the wide row that each cell has what it does not list from, or NONE."""
        S, N = self.rows.size, len(self.narrow.key)
        keys = np.full(len(cells), NONE)
        narrow = cells < N
        keys[narrow] = self.narrow.rest[cells[narrow]]
        wide = ~narrow & (cells < N + len(self._state_keys) * S)
        keys[wide] = self._state_keys[(cells[wide] - N) // S]
        return keys

    @cached_property
    def listed_keys(self) -> I64:
        """The number of each narrow pair x V and a symbol that it lists, increasing."""
        return self.owner * self.rows.V + self.narrow.symbol

    def may_end(self, cells: I64) -> npt.NDArray[np.bool_]:
        """Whether an item may end in some cells."""
        S, N = self.rows.size, len(self.narrow.key)
        accepted = np.zeros(len(cells), dtype=np.bool_)
        narrow = cells < N
        accepted[narrow] = self._accepting_narrow[cells[narrow]]
        wide = ~narrow & (cells < N + len(self._state_keys) * S)
        accepted[wide] = self._accepting_wide[(cells[wide] - N) // S]
        return accepted

    def model_states(self, cells: I64) -> I64:
        """The model's state of each cell."""
        N = len(self.narrow.key)
        states = (cells - N) % self.rows.size
        narrow = cells < N
        states[narrow] = self.narrow.state[cells[narrow]]
        return states

    @cached_property
    def _accepting_narrow(self) -> npt.NDArray[np.bool_]:
        return self.product.accepting(self.narrow.key)

    @cached_property
    def _accepting_wide(self) -> npt.NDArray[np.bool_]:
        return self.product.accepting(self._state_keys)

    def end_nats(self, cells: I64) -> F64:
        """Log p of the end, where an item may end."""
        return np.where(self.may_end(cells), self.ends[self.model_states(cells)], -np.inf)

    @cached_property
    def blocks(self) -> list[RankBlock]:
        """The last rank first."""
        product, narrow = self.product, self.narrow
        wide = list(product.wide.values())
        of_wide = product.ranks(np.array([row.key for row in wide], dtype=np.int64)) if wide else np.empty(0, dtype=int)
        of_narrow = product.ranks(narrow.key)
        of_child = np.where(narrow.child == NONE, NONE, product.ranks(np.maximum(narrow.child, 0)))
        inside = of_child == of_narrow[self.owner]
        blocks = []
        for rank in np.unique(np.concatenate([of_wide, of_narrow]))[::-1].tolist():
            begin, end = np.searchsorted(-of_narrow, [-rank, -rank + 1])
            rows = [wide[i] for i in np.flatnonzero(of_wide == rank)]
            loops = bool(inside[narrow.first[begin] : narrow.first[end]].any())
            for row in rows:
                to = np.append(row.child, row.default)
                loops = loops or bool((product.ranks(to[to != NONE]) == rank).any())
            # A rest is summed before the pairs that take from it, in the same block too.
            blocks.append(RankBlock(rows, int(begin), int(end), loops))
        return blocks

    def of_block(self, block: RankBlock) -> I64:
        """The cells of a block that symbols lead to."""
        parts = [np.arange(block.begin, block.end)]
        parts += [np.arange(part.start, part.stop) for part, _ in (self.cells_of[row.key] for row in block.rows)]
        return np.concatenate(parts)

    def contributions(self, row: Wide, entries: I64 | None, value: F64) -> F64:
        """Log p and the value of the pair that follows, of some entries of the model, or of all (E,), in a wide row."""
        if entries is None:
            return self.rows.log_prob + value[self.all_children(row)]
        return self.rows.log_prob[entries] + value[self.children(row, entries)]

    def children(self, row: Wide, entries: I64) -> I64:
        """The cells that some entries of the model lead to in a wide row; no cell for the end."""
        begin, child = self._wide_default[row.key], self._wide_child[row.key]
        cell: I64 = np.full(len(entries), self.none)
        if begin != NONE:
            cell = begin + self.rows.target[entries].astype(np.int64)
        if len(row.entries):
            at = np.minimum(np.searchsorted(row.entries, entries), len(row.entries) - 1)
            cell = np.where(row.entries[at] == entries, child[at], cell)
        cell[self.rows.symbols[entries] == BOUNDARY] = self.none
        return cell

    def all_children(self, row: Wide) -> I32:
        """As `children`, of all entries (E,)."""
        if row.key not in self._all_children:
            while len(self._all_children) >= KEPT_ROWS:
                del self._all_children[next(iter(self._all_children))]
            begin = self._wide_default[row.key]
            cell = np.full(len(self.rows.keys), self.none, dtype=np.int32)
            if begin != NONE:
                np.add(self.rows.target, begin, out=cell)
            cell[row.entries] = self._wide_child[row.key]
            cell[self._end_entries] = self.none
            self._all_children[row.key] = cell
        return self._all_children[row.key]

    @cached_property
    def cells_of(self) -> dict[int, tuple[slice, slice]]:
        """Of each wide row by its key, as a state and as a rest: one or both."""
        S = self.rows.size
        states = dict(zip(self._state_keys.tolist(), self._state_begins.tolist(), strict=True))
        rests = dict(zip(self._rest_keys.tolist(), self._rest_begins.tolist(), strict=True))
        return {
            key: (slice(states.get(key, 0), states.get(key, -S) + S), slice(rests.get(key, 0), rests.get(key, -S) + S))
            for key in self.product.wide
        }
