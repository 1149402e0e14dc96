"""What is still to come from every state of a sparse product: messages, and all else that is summed over items.

Every number that is asked for is the solution of one kind of equation: of a pair it is a constant, and the sum over the
symbols of p times the number of the pair that the symbol leads to. Messages have the end's probability as their
constant where an item may end, the expected length has the messages, and so on. Wide rows are summed for all states of
the model at once, narrow pairs over what they list, and both in blocks of equal rank, the last one first; a block that
leads into itself is iterated, and the iterates are extrapolated as in `product`. All numbers are logarithms.

Letters: S states of the model, E its entries, N narrow pairs, X what they list, W wide rows, B queries, C cells: one
for each pair, N + S x W, twice where a wide
row is both a state and a rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.automata.backoff_rows import log_sums, spread
from nextchar.automata.sparse_product import NONE, Narrow, SparseProduct, Wide
from nextchar.data.alphabet import BOUNDARY
from nextchar.errors import SettingsError

__all__ = ["RankBlock", "SparseMessages"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Constant = Callable[[I64], F64]  # cells to logs
CYCLE: Final = 8  # rounds between extrapolations
ROUNDS: Final = 20_000
LEAST_LEFT: Final = 0.02  # of a wide row without what a narrow pair lists; where less is left, it is summed anew
EXACT: Final = 1e-14  # a relative change of a round that is rounding and no progress
NEARLY: Final = 1e-12  # one that may be, if it no longer falls
BOUND_ROUNDS: Final = 8  # of the bounds in a loop
ROUNDING: Final = 1e-10  # of the length distribution
PART: Final = 256  # pairs that are summed without subtracting at a time


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


class SparseMessages:
    """A product with numbers for its pairs.

    Attributes:
        product: the pairs.
        narrow: its narrow pairs, the first N cells.
        message: (C + 1,) log of the probability to meet the conditions from each cell; the last is what is no pair.
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
        self.ends = self.rows.ends()
        self._end_entries = np.flatnonzero(self.rows.symbols == BOUNDARY)
        self.owner = np.repeat(np.arange(N), np.diff(self.narrow.first))
        self.message = self._solved(self.end_constant, start_high=True)

    # -- cells ----------------------------------------------------------------------------------------------------

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

    def end_constant(self, cells: I64) -> F64:
        """Log p of the end, where an item may end."""
        return np.where(self.may_end(cells), self.ends[self.model_states(cells)], -np.inf)

    # -- one round ------------------------------------------------------------------------------------------------

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
                to = np.unique(np.append(row.child, row.default))
                loops = loops or bool((product.ranks(to[to != NONE]) == rank).any())
            # A rest is summed before the pairs that take from it, in the same block too.
            blocks.append(RankBlock(rows, int(begin), int(end), loops))
        return blocks

    def contributions(self, row: Wide, entries: I64 | None, value: F64) -> F64:
        """Log p and the value of the pair that follows, of some entries of the model, or of all (E,), in a wide row."""
        begin, child = self._wide_default[row.key], self._wide_child[row.key]
        if entries is None:
            if begin == NONE:
                nats = np.full(len(self.rows.keys), -np.inf)
            else:
                nats = self.rows.log_prob + value[begin : begin + self.rows.size][self.rows.target]
            nats[row.entries] = self.rows.log_prob[row.entries] + value[child]
            nats[self._end_entries] = -np.inf
            return nats
        nats = self.rows.log_prob[entries] + value[self.children(row, entries)]
        nats[self.rows.symbols[entries] == BOUNDARY] = -np.inf
        return nats

    def children(self, row: Wide, entries: I64) -> I64:
        """The cells that some entries of the model lead to in a wide row."""
        begin, child = self._wide_default[row.key], self._wide_child[row.key]
        cell: I64 = np.full(len(entries), self.none)
        if begin != NONE:
            cell = begin + self.rows.target[entries].astype(np.int64)
        if len(row.entries):
            at = np.minimum(np.searchsorted(row.entries, entries), len(row.entries) - 1)
            cell = np.where(row.entries[at] == entries, child[at], cell)
        return cell

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

    def _constants(self, block: RankBlock, constant: Constant) -> list[F64]:
        """Of the wide states of a block, one after the other, and of its narrow pairs."""
        states = [self.cells_of[row.key][0] for row in block.rows]
        return [constant(np.arange(part.start, part.stop)) for part in [*states, slice(block.begin, block.end)]]

    def _round(self, block: RankBlock, value: F64, constants: list[F64], out: F64) -> None:
        """One substitution: from `value` to the block's cells of `out`, which may be the same array."""
        for row, constant in zip(block.rows, constants, strict=False):
            total = self.rows.totals(self.contributions(row, None, value)).total
            state, rest = self.cells_of[row.key]
            if row.is_rest:
                out[rest] = total
            if row.is_state:
                out[state] = np.logaddexp(constant, total)
        if block.begin < block.end:
            self._round_narrow(block, value, constants[-1], out)

    def _round_narrow(self, block: RankBlock, value: F64, constant: F64, out: F64) -> None:
        narrow, pairs = self.narrow, slice(block.begin, block.end)
        part = slice(narrow.first[block.begin], narrow.first[block.end])
        first = narrow.first[block.begin : block.end + 1] - part.start
        listed = log_sums(narrow.nats[part] + value[self.child[part]], first)
        rest = self._rest(block, value, out)
        out[pairs] = np.logaddexp(np.logaddexp(constant, listed), rest)

    def _rest(self, block: RankBlock, value: F64, totals: F64) -> F64:
        """What the narrow pairs of a block have from their wide rows without what they list."""
        narrow, pairs = self.narrow, slice(block.begin, block.end)
        part = slice(narrow.first[block.begin], narrow.first[block.end])
        first = narrow.first[block.begin : block.end + 1] - part.start
        whole = totals[self.rest[pairs]]
        taken = log_sums(narrow.nats[part] + value[self.shadow[part]], first)
        with np.errstate(invalid="ignore", divide="ignore"):
            left: F64 = np.nan_to_num(1 - np.exp(taken - whole), nan=0.0)
            rest: F64 = whole + np.log(np.maximum(left, 0.0))
        again = np.flatnonzero((left < LEAST_LEFT) & (whole > -np.inf))
        if len(again):
            rest[again] = self._summed(again + block.begin, value, totals)[0]
        return rest

    def _summed(self, pairs: I64, value: F64, totals: F64, means: dict[int, F64] | None = None) -> tuple[F64, F64]:
        """As `_rest` of some narrow pairs, without taking nearly all from a sum: level by level along the links.

        And the same with -log p of each symbol as a factor, where its means over wide rows are given.
        """
        found, costs = np.empty(len(pairs)), np.full(len(pairs), -np.inf)
        keys = self.narrow.rest[pairs]
        for key in np.unique(keys).tolist():
            row = self.product.wide[key]
            begin = int(self._begins(self._rest_keys, self._rest_begins, np.array([key]))[0])
            total = totals[begin : begin + self.rows.size]
            of_row = np.flatnonzero(keys == key)
            for some in (of_row[i : i + PART] for i in range(0, len(of_row), PART)):
                mean = None if means is None else means[key]
                found[some], costs[some] = self._summed_in(row, pairs[some], value, total, mean)
        return found, costs

    def _summed_in(self, wide: Wide, pairs: I64, value: F64, total: F64, mean: F64 | None) -> tuple[F64, F64]:
        rows, V, narrow = self.rows, self.rows.V, self.narrow
        sums, costs = np.full(len(pairs), -np.inf), np.full(len(pairs), -np.inf)
        owner, place = spread(narrow.first, pairs)
        hidden = owner * V + narrow.symbol[place]  # pairs' numbers and symbols, sorted
        at, paid = narrow.state[pairs], np.zeros(len(pairs))
        going = np.arange(len(pairs))
        while len(going):
            which, entry = rows.entries_of(at[going])
            seen = going[which] * V + rows.symbols[entry]
            fresh = ~_among(seen, hidden)
            nats = self.contributions(wide, entry, value)
            nats[~fresh] = -np.inf
            first = np.searchsorted(which, np.arange(len(going) + 1))
            sums[going] = np.logaddexp(sums[going], paid[going] + log_sums(nats, first))
            if mean is not None:
                own = log_sums(nats + _log_cost(paid[going][which] + rows.log_prob[entry]), first)
                costs[going] = np.logaddexp(costs[going], paid[going] + own)
            hidden = np.union1d(hidden, seen[fresh])
            paid[going] += rows.price[at[going]]
            going = going[(at[going] != 0) & (paid[going] > -np.inf)]
            at[going] = rows.link[at[going]]
            of_going = np.flatnonzero(np.isin(hidden // V, going))
            which = np.searchsorted(going, hidden[of_going] // V)
            entry, toll = rows.find(at[going][which], hidden[of_going] % V)
            nats = toll + self.contributions(wide, entry, value)
            first = np.searchsorted(which, np.arange(len(going) + 1))
            with np.errstate(invalid="ignore"):
                left = np.nan_to_num(1 - np.exp(log_sums(nats, first) - total[at[going]]), nan=0.0)
            enough = left >= LEAST_LEFT
            done = going[enough]
            whole = paid[done] + total[at[done]]
            sums[done] = np.logaddexp(sums[done], whole + np.log(left[enough]))
            if mean is not None:
                nats += _log_cost(paid[going][which] + toll + rows.log_prob[entry])
                with np.errstate(invalid="ignore", divide="ignore"):
                    taken = np.exp(log_sums(nats, first) - total[at[going]])[enough]
                    left_cost = np.log(np.maximum(mean[at[done]] - paid[done] - taken, 0.0))
                costs[done] = np.logaddexp(costs[done], whole + left_cost)
            going = going[~enough]
        return sums, costs

    # -- all rounds -----------------------------------------------------------------------------------------------

    def _solved(self, constant: Constant, *, start_high: bool = False) -> F64:
        """The solution of value = constant + sum of p x value of what follows, (C + 1,) logs.

        Args:
            constant: of cells.
            start_high: where it is messages, so that states that always go on to accept are hardly below 1.

        Raises:
            SettingsError: it does not settle.
        """
        value = np.full(self.none + 1, -np.inf)
        for block in self.blocks:
            constants = self._constants(block, constant)
            if not block.loops:
                self._round(block, value, constants, value)
                continue
            cells = self._cells(block)
            if start_high and np.isfinite(self.ends).all():
                for row in block.rows:
                    if row.is_state and row.default == row.key and self.product.accepting(np.array([row.key]))[0]:
                        value[self.cells_of[row.key][0]] = 0.0
            self._settle(block, cells, value, constants)
        return value

    def _cells(self, block: RankBlock) -> I64:
        parts = [np.arange(block.begin, block.end)]
        for row in block.rows:
            parts += [np.arange(part.start, part.stop) for part in self.cells_of[row.key]]
        return np.unique(np.concatenate(parts))

    def _settle(self, block: RankBlock, cells: I64, value: F64, constants: list[F64]) -> None:
        """Rounds until nothing changes; after some, the last iterates are combined (see `product`).

        Raises:
            SettingsError: it does not settle.
        """
        x = value[cells]
        last, pause, done = np.inf, CYCLE, 0
        while done < ROUNDS:
            iterates = [x]
            for _ in range(pause):
                self._round(block, value, constants, value)
                x = value[cells]
                iterates = [*iterates[-CYCLE:], x]
                change = _change(x, iterates[-2])
                if change <= EXACT:
                    return
            done += pause
            if change > last / 2:
                if change <= NEARLY:
                    return
                pause *= 2
            last = change
            better = _extrapolated(iterates)
            if better is not None:
                value[cells] = better
                self._round(block, value, constants, value)
                after = value[cells]
                if _change(after, better) < change:
                    x = after
                else:
                    value[cells] = x
        raise SettingsError(
            "the answer does not settle: items of this model hardly ever end; give a largest length",
            argument="max_length",
        )

    def expected(self, constant: Constant) -> float:
        """What an item that meets the conditions collects from the start to its end, on average.

        Args:
            constant: of cells: log of what is collected there times the message.
        """
        value = self._solved(constant)
        return float(np.exp(value[self.start] - self.message[self.start]))

    def mean_length(self) -> float:
        """Characters of an item, on average."""
        is_state = self._is_state

        def constant(cells: I64) -> F64:
            return np.where(is_state(cells), self.message[cells], -np.inf)

        return self.expected(constant) - 1

    def entropy(self) -> float:
        """Of the items that meet the conditions, nats an item: the mean of -log p, and log of all their p."""
        narrow, S = self.narrow, self.rows.size
        collected = np.full(self.none + 1, -np.inf)
        means: dict[int, F64] = {}
        for row in self.product.wide.values():
            sums = self.rows.totals(self.contributions(row, None, self.message), costs=True)
            assert sums.cost is not None
            state, _ = self.cells_of[row.key]
            if row.is_rest:
                means[row.key] = sums.cost
            if row.is_state:
                with np.errstate(divide="ignore"):
                    collected[state] = sums.total + np.log(np.maximum(sums.cost, 0.0))
        N = len(narrow.key)
        if N:
            cost = _log_cost(narrow.nats)
            collected[:N] = log_sums(narrow.nats + cost + self.message[self.child], narrow.first)
            taken = log_sums(narrow.nats + cost + self.message[self.shadow], narrow.first)
            whole = self.message[self.rest]
            mean = np.zeros(N)
            for key, values in means.items():
                of_row = np.flatnonzero(narrow.rest == key)
                mean[of_row] = values[narrow.state[of_row]]
            share = np.full(N, 1.0)
            with np.errstate(invalid="ignore", divide="ignore"):
                share -= np.nan_to_num(
                    np.exp(log_sums(narrow.nats + self.message[self.shadow], narrow.first) - whole), nan=0.0
                )
                rest = whole + np.log(np.maximum(mean - np.exp(taken - whole), 0.0))
            rest[whole == -np.inf] = -np.inf
            again = np.flatnonzero((share < LEAST_LEFT) & (whole > -np.inf))
            if len(again):
                rest[again] = self._summed(again, self.message, self.message, means)[1]
            collected[:N] = np.logaddexp(collected[:N], rest)
        every = np.arange(N + len(self._state_keys) * S)
        end = self.end_constant(every)
        collected[: len(every)] = np.logaddexp(collected[: len(every)], end + _log_cost(end))
        nats = self.expected(lambda cells: collected[cells])
        return max(nats + float(self.message[self.start]), 0.0)

    def _is_state(self, cells: I64) -> npt.NDArray[np.bool_]:
        return cells < len(self.narrow.key) + len(self._state_keys) * self.rows.size

    def lengths(self, most: int, least_mass: float) -> F64:
        """The probability of each length 0, 1, ..., until less than `least_mass` is left or `most` is reached."""
        value = np.full(self.none + 1, -np.inf)
        every = np.arange(self.none)
        value[:-1] = self.end_constant(every)
        shares: list[float] = []
        left = 1.0
        nothing = [self._constants(block, lambda cells: np.full(len(cells), -np.inf)) for block in self.blocks]
        while len(shares) <= most and left > least_mass:
            shares.append(float(np.exp(value[self.start] - self.message[self.start])))
            left -= shares[-1]
            if left < ROUNDING and shares[-1] < least_mass * least_mass:
                break
            out = np.full(self.none + 1, -np.inf)
            for block, constants in zip(self.blocks, nothing, strict=True):
                self._round(block, value, constants, out)
            value = out
        return np.array(shares)

    def bounds(self) -> F64:
        """At least the log-probability of the most probable way to the end from each cell, (C + 1,)."""
        value = self.message.copy()
        narrow = self.narrow
        for block in self.blocks:
            for _ in range(BOUND_ROUNDS if block.loops else 1):
                for row in block.rows:
                    most = self.rows.bounds(self.contributions(row, None, value))
                    state, rest = self.cells_of[row.key]
                    if row.is_rest:
                        value[rest] = np.minimum(value[rest], most)
                    if row.is_state:
                        end = self.end_constant(np.arange(state.start, state.stop))
                        value[state] = np.minimum(value[state], np.maximum(end, most))
                if block.begin < block.end:
                    pairs = slice(block.begin, block.end)
                    part = slice(narrow.first[block.begin], narrow.first[block.end])
                    most = np.maximum(self.end_constant(np.arange(block.begin, block.end)), value[self.rest[pairs]])
                    np.maximum.at(most, self.owner[part] - block.begin, narrow.nats[part] + value[self.child[part]])
                    value[pairs] = np.minimum(value[pairs], most)
        return value


def _among(wanted: I64, known: I64) -> npt.NDArray[np.bool_]:
    if not len(known):
        return np.zeros(len(wanted), dtype=np.bool_)
    found: npt.NDArray[np.bool_] = known[np.minimum(np.searchsorted(known, wanted), len(known) - 1)] == wanted
    return found


def _log_cost(nats: F64) -> F64:
    """The log of -log p; for p = 0, with nothing to pay, minus infinity."""
    with np.errstate(divide="ignore"):
        cost: F64 = np.log(np.maximum(-nats, 0.0))
    cost[nats == -np.inf] = -np.inf
    return cost


def _change(now: F64, before: F64) -> float:
    """The largest relative change, from logs."""
    with np.errstate(invalid="ignore"):
        change = np.abs(now - before)
    change[np.isnan(change)] = 0.0  # -inf - -inf
    return float(
        (change / np.maximum(np.abs(now, where=np.isfinite(now), out=np.ones_like(now)), 1.0)).max(initial=0.0)
    )


def _extrapolated(iterates: list[F64]) -> F64 | None:
    """Iterates combined so that their residuals cancel best (reduced rank extrapolation); None where nothing comes."""
    history = np.array(iterates)
    scale = history.max(axis=0)
    scale[~np.isfinite(scale)] = 0.0
    history = np.exp(history - scale)
    steps = np.diff(history, axis=0)
    second = np.diff(steps, axis=0)
    weights = np.linalg.lstsq(second @ second.T, -second @ steps[0], rcond=1e-12)[0]
    better = history[0] + weights @ steps[:-1]
    if not (better >= history[0] / 1000).all():
        return None
    with np.errstate(divide="ignore"):
        found: F64 = np.log(better) + scale
    return found
