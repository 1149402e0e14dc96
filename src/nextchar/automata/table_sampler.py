"""Millions of items from an automaton: the same draws as the plain path, from tables made once.

For every state there are its cumulative probabilities and a guide: where in the row to begin to look, given the first
few bits of u (the indexed search of Chen and Asau 1974). A draw then reads two or three numbers, whatever the size of
the alphabet. Small jobs run in numpy, which starts at once; large ones in a compiled loop.

Letters: S states, V size of the alphabet, G guide entries a state, B items in a batch, t characters already written.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar._kernels.loading import kernels_loaded
from nextchar.automata.automaton import Automaton
from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.core.protocol import Draws
from nextchar.core.random_streams import item_keys, uniforms
from nextchar.core.sampling import ENDLESS, allowed, assemble, check_endless, cumulate
from nextchar.data.alphabet import BOUNDARY, Ids

__all__ = ["SamplingTables", "TableDrawer"]

F64 = npt.NDArray[np.float64]

COMPILED_FROM: Final = 4_000_000  # items from which loading numba repays itself
GUIDE_CELLS: Final = 1 << 20
TABLE_CELLS: Final = 1 << 25
COLUMNS: Final = 100  # up to which comparing column by column is faster than searching row by row


@dataclass(frozen=True, eq=False)
class SamplingTables:
    """Tables to draw from, flat for fast look-up; R rows.

    Attributes:
        cumulative: (R * V,) cumulative probabilities.
        total: (R,) the last of each row; 0 at a dead end.
        below: (R,) the largest number below total, beyond which u x total may not go.
        guide: (R * G,) the first symbol that a u of each G-th part of [0, 1) can draw.
    """

    cumulative: F64
    total: F64
    below: F64
    guide: npt.NDArray[np.int32]

    @classmethod
    def of(cls, cumulative: F64, guides: int) -> SamplingTables:
        """The tables of cumulative rows (R, V), with G guide entries a row."""
        total = cumulative[:, -1].copy()
        marks = np.arange(guides) / guides * total[:, None]
        guide = np.zeros(marks.shape, dtype=np.int32)
        if cumulative.shape[1] <= COLUMNS:
            for column in cumulative.T[:-1]:
                guide += column[:, None] <= marks
        else:
            for row, mark, found in zip(cumulative, marks, guide, strict=True):
                found[:] = np.searchsorted(row[:-1], mark, side="right")
        return cls(cumulative.reshape(-1), total, np.nextafter(total, -1), guide.reshape(-1))


@dataclass(frozen=True, eq=False)
class TableDrawer:
    """Draws items by one plan; a `Drawer`.

    Attributes:
        automaton: what to draw from; with its table laid out.
        plan: how boldly.
        constraint: the lengths.
        rows: the tables: the rows of all states, and where the end is forbidden at first, before them the rows for
            that; G guide entries a row.
        guides: G.
        compiled_from: the first item of the seed that is drawn by the compiled loop, for which those before it need
            not wait; None for no item.
    """

    automaton: Automaton
    plan: Plan
    constraint: Constraint
    rows: SamplingTables
    guides: int
    compiled_from: int | None

    @classmethod
    def of(
        cls, automaton: Automaton, plan: Plan, constraint: Constraint, n: int, *, compiled: bool | None = None
    ) -> TableDrawer | None:
        """Prepare to draw about n items; None where the tables would cost more than they save."""
        S, V = automaton.size, automaton.alphabet.size
        if 16 * n < S or S * V > TABLE_CELLS or automaton.table is None:
            return None
        if compiled is None:
            compiled_from = 0 if kernels_loaded() else 1 if n >= COMPILED_FROM else None
        else:
            compiled_from = 0 if compiled else None
        stages = [0, constraint.shortest] if constraint.shortest else [0]
        log_prob = automaton.table[0]
        cumulative = [cumulate(allowed(log_prob, automaton.alphabet, plan, constraint.shortest, t)) for t in stages]
        guides = min(256, max(1, GUIDE_CELLS // S))
        return cls(
            automaton, plan, constraint, SamplingTables.of(np.concatenate(cumulative), guides), guides, compiled_from
        )

    @property
    def late(self) -> int:
        """The first row for items of at least the shortest length; shorter ones have theirs from 0 on."""
        return self.automaton.size if self.constraint.shortest else 0

    @cached_property
    def _target(self) -> npt.NDArray[np.int32]:
        assert self.automaton.table is not None
        return self.automaton.table[1].reshape(-1)

    def __call__(self, seed: int, prefix: Ids, first: int, count: int) -> Draws:
        """Items first .. first + count - 1 of the seed."""
        state = self.automaton.start
        for symbol in prefix:
            state = int(self._target[state * self.automaton.alphabet.size + int(symbol)])
        keys = item_keys(seed, first, count)
        if self.compiled_from is not None and first >= self.compiled_from:
            return self._draw_compiled(keys, prefix, state)
        return self._draw(keys, prefix, state)

    def _draw(self, keys: npt.NDArray[np.uint64], prefix: Ids, state: int) -> Draws:
        V, G, rows = self.automaton.alphabet.size, self.guides, self.rows
        count = len(keys)
        alive = np.arange(count)
        states = np.full(count, state, dtype=np.int64)
        written: list[tuple[npt.NDArray[np.intp], Ids]] = []
        dead: list[npt.NDArray[np.intp]] = []
        t = len(prefix)
        while len(alive) and t != self.constraint.max_length:
            check_endless(self.constraint.max_length, t)
            row = states if t < self.constraint.shortest else states + self.late
            total = rows.total[row]
            if not total.all():
                dead.append(alive[total == 0])
                going = np.flatnonzero(total)
                alive, keys, states, row, total = (
                    alive[going],
                    keys[going],
                    states[going],
                    row[going],
                    total[going],
                )
            u = uniforms(keys, t)
            mark = np.minimum(u * total, rows.below[row])
            begin = row * V
            cell = begin + rows.guide[row * G + (u * G).astype(np.int64)]
            behind = np.flatnonzero(rows.cumulative[cell] <= mark)
            while len(behind):
                cell[behind] += 1
                behind = behind[rows.cumulative[cell[behind]] <= mark[behind]]
            symbols = cell - begin
            going = np.flatnonzero(symbols != BOUNDARY)
            alive, keys, symbols = alive[going], keys[going], symbols[going]
            written.append((alive, symbols.astype(prefix.dtype)))
            states = self._target[states[going] * V + symbols].astype(np.int64)
            t += 1
        return assemble(prefix, written, count, np.concatenate([*dead, np.empty(0, dtype=np.intp)]))

    def _draw_compiled(self, keys: npt.NDArray[np.uint64], prefix: Ids, state: int) -> Draws:
        from nextchar._kernels.automaton import draw_batch

        rows, constraint = self.rows, self.constraint
        longest = ENDLESS if constraint.max_length is None else constraint.max_length
        offsets = np.zeros(len(keys) + 1, dtype=np.int64)
        pieces: list[Ids] = []
        drawn = kept = used = 0
        while drawn < len(keys):
            out = np.empty(16 * (len(keys) - drawn) + longest + len(prefix) + 1, dtype=prefix.dtype)
            drawn, kept, filled, endless = draw_batch(
                rows.cumulative, rows.total, rows.below, rows.guide, self._target,
                self.automaton.alphabet.size, self.guides, 0, self.late, constraint.shortest, longest,
                keys, drawn, prefix, state, out, offsets, kept, used,
            )  # fmt: skip
            if endless:
                check_endless(constraint.max_length, longest)
            pieces.append(out[:filled])
            used += filled
        return Draws(np.concatenate([prefix[:0], *pieces]), offsets[: kept + 1])
