"""Items from an automaton whose table would be too large: draws that look at what a state lists and not at all symbols.

A state says something of its own about a few symbols, and of the others what the root says, times one factor. So a
row's cumulative probabilities are known at the symbols that it lists, and between them they run as the root's do: a
draw finds its place among the listed symbols, and from there by binary search in the root's cumulative sums. What is
drawn is what the whole row would give, up to the rounding of sums that are taken in another order.

Letters: V size of the alphabet, B items in a batch, R different states of them, E symbols listed on the ways from these
to a root, t characters already written.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton import ROOT, Automaton, States
from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.core.protocol import Draws
from nextchar.core.random_streams import item_keys, uniforms
from nextchar.core.sampling import allowed, assemble, check_endless, cumulate, draw_symbols
from nextchar.data.alphabet import BOUNDARY, Ids

__all__ = ["Listed", "Root", "SparseDrawer", "choose_symbols"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
CELLS: Final = 1 << 25  # S x V from which on rows are not laid out for drawing
DENSE_CELLS: Final = 1 << 20  # B x V of rows that are looked at whole


class Listed(NamedTuple):
    """What some states say of their own, sorted by row and symbol.

    Attributes:
        row: (E,) which of the states.
        symbol: (E,)
        prob: (E,)
        factor: (R,) of the root's probabilities, for all other symbols.
        root: (R,) which of several roots.
    """

    row: I64
    symbol: I64
    prob: F64
    factor: F64
    root: I64


class Root(NamedTuple):
    """What there is where nothing more is listed.

    Attributes:
        prob: (V,) of each symbol.
        below: (V + 1,) the sums before each symbol, and in all.
    """

    prob: F64
    below: F64

    @classmethod
    def of(cls, prob: F64) -> Root:
        """With its sums."""
        return cls(prob, np.concatenate([[0.0], np.cumsum(prob)]))


def choose_symbols(listed: Listed, which: I64, u: F64, roots: list[Root]) -> tuple[I64, I64]:
    """The symbols that uniform numbers choose, (B,), and the items that whole rows have to decide.

    Args:
        listed: the different states' own symbols.
        which: (B,) the state of each.
        u: (B,) uniform numbers.
        roots: what all other symbols have.
    """
    row, symbol, prob, factor, root = listed
    V = len(roots[0].prob)
    first = np.searchsorted(row, np.arange(len(factor) + 1))
    own = _before(prob, first, row)
    of_symbol, below, whole = np.empty(len(row)), np.empty(len(row)), np.empty(len(factor))
    for number, (base, sums) in enumerate(roots):
        at = np.flatnonzero(root[row] == number)
        of_symbol[at], below[at] = base[symbol[at]], sums[symbol[at]]
        whole[root == number] = sums[-1]
    of_root = _before(of_symbol, first, row)
    begin = own[:-1] + factor[row] * (below - of_root[:-1])  # of each listed symbol's interval
    symbol, prob, begin, of_symbol = (
        np.append(values, 0)
        for values in (symbol, prob, begin, of_symbol)  # so that there is one
    )
    has, last = first[1:] > first[:-1], first[1:] - 1
    total = np.where(has, own[last] + prob[last], 0.0) + factor * np.maximum(
        whole - np.where(has, of_root[last] + of_symbol[last], 0.0), 0.0
    )
    first, end, factor, total, root = first[:-1][which], first[1:][which], factor[which], total[which], root[which]
    mark = u * total
    at = _last_up_to(begin, mark, first, end)  # the last listed symbol that begins before the mark
    inside = at >= first
    place = np.maximum(at, 0)
    left = np.where(inside, mark - begin[place], mark)
    hit = inside & (left < prob[place])
    after = np.where(inside, symbol[place] + 1, 0)  # the symbols from here to the next one listed are the root's
    until = np.where(at + 1 < end, symbol[at + 1], V)
    rest = np.where(inside, left - prob[place], left)
    found = np.empty(len(which), dtype=np.int64)
    for number, (_, sums) in enumerate(roots):
        of = np.flatnonzero(root == number)
        with np.errstate(divide="ignore", invalid="ignore"):
            wanted = np.nan_to_num(sums[after[of]] + rest[of] / factor[of], nan=np.inf)
        found[of] = np.searchsorted(sums, wanted, side="right") - 1
    ids = np.where(hit, symbol[place], found)
    # At the edges of intervals rounding may miss: there the whole row decides.
    unsure = np.flatnonzero((~hit & ((found < after) | (found >= until))) | ~(total > 0))
    return ids, unsure


@dataclass(frozen=True, eq=False)
class SparseDrawer:
    """Draws items from left to right; a `Drawer`.

    Attributes:
        automaton: what to draw from.
        plan: which reshapes nothing.
        constraint: the lengths.
    """

    automaton: Automaton
    plan: Plan
    constraint: Constraint

    @classmethod
    def of(cls, automaton: Automaton, plan: Plan, constraint: Constraint) -> SparseDrawer | None:
        """Prepare; None where rows can be laid out, or have to be whole to be reshaped."""
        if plan.adjusts or automaton.size * automaton.alphabet.size <= CELLS:
            return None
        return cls(automaton, plan, constraint)

    def __call__(self, seed: int, prefix: Ids, first: int, count: int) -> Draws:
        """Items first .. first + count - 1 of the seed."""
        keys = item_keys(seed, first, count)
        states = np.full(count, self.automaton.start, dtype=np.int32)
        for symbol in prefix:
            states = self.automaton.step_by_links(states, np.full(count, symbol))[1]
        alive = np.arange(count)
        written: list[tuple[npt.NDArray[np.intp], Ids]] = []
        dead: list[npt.NDArray[np.intp]] = []
        t = len(prefix)
        while len(alive) and t != self.constraint.max_length:
            check_endless(self.constraint.max_length, t)
            ids, possible = self._symbols(states, uniforms(keys[alive], t), t)
            dead.append(alive[~possible])
            going = (ids != BOUNDARY) & possible
            alive, ids = alive[going], ids[going].astype(prefix.dtype)
            states = self.automaton.step_by_links(states[going], ids)[1]
            written.append((alive, ids))
            t += 1
        return assemble(prefix, written, count, np.concatenate([*dead, np.empty(0, dtype=np.intp)]))

    @cached_property
    def _root(self) -> Root:
        return Root.of(np.exp(self.automaton.log_prob[: self.automaton.first[1]]))

    def _symbols(self, states: States, u: F64, t: int) -> tuple[I64, npt.NDArray[np.bool_]]:
        """The symbol drawn for each state, (B,), and whether anything is possible there."""
        V = self.automaton.alphabet.size
        different, which = np.unique(states, return_inverse=True)
        ids, unsure = choose_symbols(self._listed(different, t), which, u, [self._root])
        possible = np.ones(len(states), dtype=np.bool_)
        step = DENSE_CELLS // V + 1
        for part in (unsure[i : i + step] for i in range(0, len(unsure), step)):
            rows = self.automaton.rows_by_links(states[part])
            rows = allowed(rows, self.automaton.alphabet, self.plan, self.constraint.shortest, t)
            cumulative = cumulate(rows)
            ids[part] = draw_symbols(cumulative, u[part])[0]
            possible[part] = cumulative[:, -1] > 0
        return ids, possible

    def _listed(self, states: States, t: int) -> Listed:
        automaton, B, V = self.automaton, len(states), self.automaton.alphabet.size
        keys: list[I64] = []
        nats: list[F64] = []
        banned = [BOUNDARY] if t < self.constraint.shortest else []
        banned += [] if automaton.alphabet.unknown is None else [automaton.alphabet.unknown]
        for symbol in banned:
            keys.append(np.arange(B) * V + symbol)
            nats.append(np.full(B, -np.inf))
        at, paid = states.astype(np.int64), np.zeros(B)
        going = np.flatnonzero(at != ROOT)
        while len(going):
            here = at[going]
            count = automaton.first[here + 1] - automaton.first[here]
            row = np.repeat(going, count)
            entry = np.arange(len(row)) + np.repeat(automaton.first[here] - np.cumsum(count) + count, count)
            keys.append(row * V + automaton.symbols[entry])
            nats.append(paid[row] + automaton.log_prob[entry])
            paid[going] += automaton.price[here]
            at[going] = automaton.link[here]
            going = going[(at[going] != ROOT) & (paid[going] > -np.inf)]
        key = np.concatenate([*keys, np.empty(0, dtype=np.int64)])
        key, first = np.unique(key, return_index=True)  # of a symbol listed several times the first counts
        prob = np.exp(np.concatenate([*nats, np.empty(0)])[first])
        return Listed(key // V, key % V, prob, np.exp(paid), np.zeros(B, dtype=np.int64))


def _before(values: F64, first: I64, row: I64) -> F64:
    """For each value the sum of those before it in its row, (E,) and one 0."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    return np.append(sums[:-1] - sums[first[row]], 0.0)


def _last_up_to(values: F64, marks: F64, first: I64, end: I64) -> I64:
    """The last place of each part first .. end - 1 of `values`, which rise there, that is at most the mark, (B,).

    first - 1 where none is.
    """
    low, high = first.copy(), end.copy()
    while (open_ := low < high).any():
        middle = (low + high) >> 1
        up = open_ & (values[np.minimum(middle, len(values) - 1)] <= marks)
        low = np.where(up, middle + 1, low)
        high = np.where(open_ & ~up, middle, high)
    return low - 1
