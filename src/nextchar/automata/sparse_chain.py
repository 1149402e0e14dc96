"""The items that meet conditions, where the alphabet is too large for whole rows: what `product.Chain` is elsewhere.

The state of an item is a cell (see `sparse_cells`): a state of the model together with those of the conditions. What
may follow is found as it is asked for, from what the model's states list, what the conditions except, and one row for
all other symbols.

Letters: V size of the alphabet, B items in a batch, R different cells of them, N narrow pairs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, cast

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton import ROOT, Automaton
from nextchar.automata.backoff_rows import spread
from nextchar.automata.best_first import RankedStep, best_first
from nextchar.automata.sparse_automaton import automaton_of_cells
from nextchar.automata.sparse_cells import SparseCells
from nextchar.automata.sparse_drawer import Listed, Root, choose_symbols
from nextchar.automata.sparse_means import means_of
from nextchar.automata.sparse_messages import bounds_of, lengths_of
from nextchar.automata.sparse_product import NONE, Wide
from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.core.protocol import Drawer, Draws, LanguageModel, LogProbs, Step
from nextchar.core.random_streams import item_keys, uniforms
from nextchar.core.sampling import assemble, check_endless, cumulate, draw_symbols
from nextchar.data.alphabet import BOUNDARY, Alphabet, Ids
from nextchar.errors import SettingsError

__all__ = ["SparseChain", "SparseItems"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
DENSE_CELLS: Final = 1 << 20  # B x V of rows that are looked at whole


@dataclass(frozen=True, eq=False)
class SparseChain:
    """The items that meet conditions.

    Attributes:
        cells: of the model and the conditions.
        message: (C + 1,) log of the probability to meet the conditions from each cell; the last one is no cell.
        alphabet: of the model.
    """

    cells: SparseCells
    message: F64
    alphabet: Alphabet

    @property
    def size(self) -> int:
        """The number of cells."""
        return self.cells.none

    @property
    def log_probability(self) -> float:
        """Of the conditions, nats.

        Raises:
            SettingsError: no item of the model meets them.
        """
        total = float(self.message[self.cells.start])
        if total == -np.inf:
            raise SettingsError("no item of this model meets all the conditions")
        return total

    @cached_property
    def _means(self) -> tuple[float, float]:
        return means_of(self.cells, self.message)

    def mean_length(self) -> float:
        """Characters of an item, on average."""
        return self._means[0]

    def entropy(self) -> float:
        """Nats an item: the mean of -log p, and the log of all their p."""
        return max(self._means[1] + self.log_probability, 0.0)

    def lengths(self, most: int, least_mass: float) -> F64:
        """The probability of each length 0, 1, ..., until less than `least_mass` is left or `most` is reached."""
        return lengths_of(self.cells, self.message, most, least_mass)

    def row_after(self, ids: Ids) -> F64 | None:
        """Log p of what may follow a beginning, (V,); None where no item begins so."""
        cell = np.array([self.cells.start])
        for symbol in ids:
            cell = self._items.children(cell, np.array([symbol]))
            if self.message[cell[0]] == -np.inf:
                return None
        row: F64 = self._items.rows(cell)[0]
        return row

    def items(self, like: Automaton) -> LanguageModel:  # noqa: ARG002 - as of the other chain
        """The items as a language model."""
        return self._items

    @cached_property
    def _items(self) -> SparseItems:
        return SparseItems(self.cells, self.message, self.alphabet)

    def automaton(self, like: Automaton) -> Automaton:
        """As a model's automaton."""
        return automaton_of_cells(self.cells, self.message, like)

    def best_items(self) -> Iterator[tuple[list[int], float]]:
        """Most probable first: the ids of each, and its -log p among them, in nats."""
        of_all = self.log_probability
        ranked = _Ranked(self.cells, bounds_of(self.cells, self.message))
        for ids, nats in best_first(self.cells.start, ranked.step, exact=False):
            yield ids, nats + of_all


@dataclass(frozen=True, eq=False)
class SparseItems:
    """The items as a language model; the state of an item is a cell."""

    cells: SparseCells
    message: F64
    alphabet: Alphabet

    @property
    def context_length(self) -> None:
        """Unknown: cells may remember anything."""
        return

    @property
    def corpus_scorer(self) -> None:
        """None: step by step."""
        return

    @property
    def batch_limit(self) -> None:
        """None: a state is a number."""
        return

    def start(self, batch: int) -> Step:
        """The state of `batch` items having read the boundary."""
        return self._at(np.full(batch, self.cells.start))

    def advance(self, state: object, ids: Ids) -> Step:
        """The state after one more symbol of each item."""
        cells = self.children(cast(I64, state), ids)
        return self._at(np.where(ids == BOUNDARY, self.cells.start, cells))

    def select(self, state: object, rows: npt.NDArray[np.intp]) -> object:
        """The state of some of the batch's items."""
        return cast(I64, state)[rows]

    def log_probs(self, ids: Ids) -> LogProbs:
        """(B, T) -> (B, T, V) nats; ids[:, 0] is the boundary."""
        step = self.start(len(ids))
        rows = [step.log_probs]
        for column in ids[:, 1:].T:
            step = self.advance(step.state, column)
            rows.append(step.log_probs)
        return np.stack(rows, axis=1)

    def _at(self, cells: I64) -> Step:
        return Step(cells, self.rows(cells))

    def drawer(self, plan: Plan, constraint: Constraint, n: int) -> Drawer:  # noqa: ARG002 - a sampler's interface
        """The way to draw; lengths are among the conditions."""
        return self._draw

    def _draw(self, seed: int, prefix: Ids, first: int, count: int) -> Draws:
        """Items first .. first + count - 1 of the seed."""
        keys = item_keys(seed, first, count)
        alive = np.arange(count)
        cells = np.full(count, self.cells.start)
        written: list[tuple[npt.NDArray[np.intp], Ids]] = []
        t = 0
        while len(alive):
            check_endless(None, t)
            ids = self._symbols(cells, uniforms(keys[alive], t))
            going = ids != BOUNDARY
            alive, ids = alive[going], ids[going].astype(prefix.dtype)
            cells = self.children(cells[going], ids)
            written.append((alive, ids))
            t += 1
        return assemble(prefix, written, count, np.empty(0, dtype=np.intp))

    def _symbols(self, cells: I64, u: F64) -> I64:
        """The symbol drawn for each cell, (B,)."""
        different, which = np.unique(cells, return_inverse=True)
        listed, roots = self._listed(different)
        ids, unsure = choose_symbols(listed, which, u, roots)
        step = DENSE_CELLS // self.alphabet.size + 1
        for part in (unsure[i : i + step] for i in range(0, len(unsure), step)):
            ids[part] = draw_symbols(cumulate(self.rows(cells[part])), u[part])[0]
        return ids

    def rows(self, cells: I64) -> LogProbs:
        """Log p of every symbol, (B,) -> (B, V); all -inf where no item comes."""
        listed, roots = self._listed(cells)
        prob = np.stack([root.prob for root in roots])[listed.root] * listed.factor[:, None]
        prob[listed.row, listed.symbol] = listed.prob
        with np.errstate(divide="ignore"):
            found: LogProbs = np.log(prob)
        return found

    def _rests(self, cells: I64) -> tuple[list[Wide], I64, I64]:
        """The wide rows that cells have what they do not list from: which, the model's states, and those different."""
        wide: dict[int, int] = {}
        rows: list[Wide] = []
        which = np.full(len(cells), NONE)
        keys = self.cells.row_keys(cells)
        for key in np.unique(keys[keys != NONE]).tolist():
            wide[key] = len(rows)
            rows.append(self.cells.product.wide[key])
            which[keys == key] = wide[key]
        return rows, which, self.cells.model_states(cells)

    def _listed(self, cells: I64) -> tuple[Listed, list[Root]]:
        m, V = self.cells, self.alphabet.size
        rows, narrow = m.rows, m.narrow
        message = self.message[cells]
        dead = message == -np.inf
        of_narrow = np.flatnonzero((cells < len(narrow.key)) & ~dead)
        owner, place = spread(narrow.first, cells[of_narrow])
        keys = [of_narrow[owner] * V + narrow.symbol[place], np.arange(len(cells)) * V + BOUNDARY]
        ends = np.full(len(cells), -np.inf)
        ends[~dead] = m.end_nats(cells[~dead])
        nats = [narrow.nats[place] + self.message[m.child[place]], ends]
        wide, which, states = self._rests(cells)
        roots = []
        paid = np.full(len(cells), -np.inf)
        for number, row in enumerate(wide):
            going = np.flatnonzero((which == number) & ~dead)
            paid[going] = 0.0
            at = states.copy()
            while len(going := going[(at[going] != ROOT) & (paid[going] > -np.inf)]):
                on, entry = rows.entries_of(at[going])
                keys.append(going[on] * V + rows.symbols[entry])
                nats.append(paid[going[on]] + m.contributions(row, entry, self.message))
                paid[going] += rows.price[at[going]]
                at[going] = rows.link[at[going]]
            of_root = np.full(V, -np.inf)
            of_root[:] = m.contributions(row, np.arange(V), self.message)
            top = of_root.max()
            top = top if np.isfinite(top) else 0.0
            paid[which == number] += top
            roots.append(Root.of(np.exp(of_root - top)))
        key = np.concatenate(keys)
        key, first = np.unique(key, return_index=True)  # of a symbol listed several times the first counts
        row_ = key // V
        message = np.where(dead, 0.0, message)
        prob = np.exp(np.concatenate(nats)[first] - message[row_])
        if not roots:
            roots.append(Root.of(np.zeros(V)))
        factor = np.exp(paid - message)
        return Listed(row_, key % V, prob, factor, np.maximum(which, 0)), roots

    def children(self, cells: I64, ids: npt.NDArray[np.integer]) -> I64:
        """The cells that symbols lead to, (B,), (B,) -> (B,)."""
        m, V = self.cells, self.alphabet.size
        found = np.full(len(cells), m.none)
        asks = np.ones(len(cells), dtype=np.bool_)
        of_narrow = np.flatnonzero(cells < len(m.narrow.key))
        if len(of_narrow) and len(m.listed_keys):
            wanted = cells[of_narrow] * V + ids[of_narrow]
            at = np.minimum(np.searchsorted(m.listed_keys, wanted), len(m.listed_keys) - 1)
            hit = m.listed_keys[at] == wanted
            found[of_narrow[hit]] = m.child[at[hit]]
            asks[of_narrow[hit]] = False
        wide, which, states = self._rests(cells)
        for number, row in enumerate(wide):
            here = np.flatnonzero((which == number) & asks)
            entry, _ = m.rows.find(states[here], ids[here])
            found[here] = m.children(row, entry)
        return found


@dataclass(eq=False)
class _RankedRow:
    """Steps of a row, least bound first: its own, and those below that it does not hide, at a price."""

    own: list[RankedStep]
    hidden: set[int]
    below: _RankedRow | None
    price: float
    merged: list[RankedStep] = field(default_factory=list)
    taken: int = 0
    passed: int = 0

    def get(self, which: int) -> RankedStep | None:
        """The step with a number."""
        while len(self.merged) <= which:
            own = self.own[self.taken] if self.taken < len(self.own) else None
            other = None
            if self.below is not None:
                while (other := self.below.get(self.passed)) is not None and other.symbol in self.hidden:
                    self.passed += 1
                if other is not None:
                    other = other._replace(bound=other.bound + self.price, nats=other.nats + self.price)
            if own is not None and (other is None or own <= other):
                self.merged.append(own)
                self.taken += 1
            elif other is not None:
                self.merged.append(other)
                self.passed += 1
            else:
                return None
        return self.merged[which]


class _Ranked:
    """The steps from cells by their bounds, each made when it is asked for."""

    def __init__(self, cells: SparseCells, bounds: F64) -> None:
        self.cells, self.bounds = cells, bounds
        self.of_cells: dict[int, _RankedRow] = {}
        self.rests: dict[tuple[int, int], _RankedRow] = {}

    def step(self, cell: int, which: int) -> RankedStep | None:
        """A step from a cell by number, least bound first."""
        if cell not in self.of_cells:
            self.of_cells[cell] = self._of_cell(cell)
        return self.of_cells[cell].get(which)

    def _of_cell(self, cell: int) -> _RankedRow:
        m = self.cells
        at = np.array([cell])
        own: list[RankedStep] = []
        hidden = {BOUNDARY}
        if cell < len(m.narrow.key):
            listed = np.arange(m.narrow.first[cell], m.narrow.first[cell + 1])
            hidden.update(m.narrow.symbol[listed].tolist())
            own = self._sorted(m.narrow.nats[listed], m.narrow.symbol[listed], m.child[listed])
        end = float(m.end_nats(at)[0])
        if end > -np.inf:
            own = sorted([*own, RankedStep(-end, -end, BOUNDARY, m.none)])
        key = int(m.row_keys(at)[0])
        below = None if key == NONE else self._of_rest(m.product.wide[key], int(m.model_states(at)[0]))
        return _RankedRow(own, hidden, below, 0.0)

    def _of_rest(self, row: Wide, state: int) -> _RankedRow:
        found = self.rests.get((row.key, state))
        if found is None:
            rows = self.cells.rows
            entries = np.arange(rows.first[state], rows.first[state + 1])
            own = self._sorted(rows.log_prob[entries], rows.symbols[entries], self.cells.children(row, entries))
            price = float(rows.price[state])
            below = None if state == ROOT or price == -np.inf else self._of_rest(row, int(rows.link[state]))
            found = _RankedRow(own, set(rows.symbols[entries].tolist()) if below else set(), below, -price)
            self.rests[row.key, state] = found
        return found

    def _sorted(self, nats: F64, symbols: I64, cells: I64) -> list[RankedStep]:
        """Without those that lead nowhere."""
        bound = -nats - self.bounds[cells]
        order = np.argsort(bound, kind="stable")
        order = order[np.isfinite(bound[order]) & (symbols[order] != BOUNDARY)]
        columns = (bound[order], -nats[order], symbols[order], cells[order])
        return [RankedStep(*step) for step in zip(*(column.tolist() for column in columns), strict=True)]
