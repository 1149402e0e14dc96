"""A model's automaton and conditions walked together, where the alphabet is too large for whole rows.

Rows are sparse on both sides. A model's state lists a few symbols and leaves the others to its link; a condition's
state has a default target and a few exceptions. So what is still to come from a pair of states is known in one of two
forms:

- **Wide**: a state of the conditions that defaults lead to can be met with nearly every state of the model. All of
  these are computed at once, from the entries that the model has (see `backoff_rows`).
- **Narrow**: a state of the conditions that only exceptions lead to, such as a prefix read so far or a place in a list
  of known items, is met with few of the model's states. Such a pair lists the exceptions and takes what is left from
  the wide row without them.

Of several conditions a narrow pair lists the exceptions of those that have few or are large themselves (lists of
items); the others, of patterns with classes of thousands of symbols, stay in the wide row.

Letters: S states of the model, E its entries, V size of the alphabet, D states of a condition, N narrow pairs, X listed
exceptions, W wide rows, B queries.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.automata.backoff_rows import BackoffRows, spread
from nextchar.automata.dfa import DEAD, Dfa, lengths_between
from nextchar.automata.reachable import KnownKeys
from nextchar.errors import TooLargeError

__all__ = ["NONE", "Condition", "Narrow", "SparseProduct", "Wide"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
NONE: Final = -1  # no state
FEW: Final = 64  # exceptions that a narrow pair lists
LARGE: Final = 100  # states of a condition, all of whose exceptions narrow pairs list
VALUES: Final = 1 << 26  # S x W, 8 bytes each
LISTED: Final = 1 << 23  # X, some 60 bytes each while they are found


class Condition:
    """A condition's automaton, with a state of its own for each default that has no exceptions beside it.

    Attributes:
        default: (D,) where a symbol leads that is no exception, or DEAD.
        first: (D + 1,) where the exceptions begin.
        symbols: of the exceptions.
        accepting: (D,)
        rank: (D,)
        plain: (D,) the state with the same default and no exceptions.
        large: whether all exceptions are listed, however many there are.
    """

    def __init__(self, dfa: Dfa, V: int) -> None:
        bare = np.flatnonzero(np.diff(dfa.first) == 0)
        bare = bare[np.argsort(dfa.default[bare] == bare, kind="stable")]  # those that lead to themselves count
        of_default = dict(zip(dfa.default[bare].tolist(), bare.tolist(), strict=True))
        new = np.setdiff1d(dfa.default, [*of_default, DEAD])
        of_default |= dict(zip(new.tolist(), range(dfa.size, dfa.size + len(new)), strict=True))
        known = np.array(sorted(of_default.items()), dtype=np.int64).reshape(-1, 2)
        self.default = np.concatenate([dfa.default, new])
        self.first = np.append(dfa.first, np.full(len(new), len(dfa.symbols)))
        self.symbols = dfa.symbols
        self.accepting = np.append(dfa.accepting, np.zeros(len(new), dtype=np.bool_))
        self.rank = np.append(dfa.rank, dfa.rank[new])
        self.plain = np.full(len(self.default), NONE)
        alive = self.default != DEAD
        self.plain[alive] = known[np.searchsorted(known[:, 0], self.default[alive]), 1]
        self.large = dfa.size > LARGE
        self._keys = np.append(np.repeat(np.arange(dfa.size), np.diff(dfa.first)) * V + dfa.symbols, 1 << 62)
        self._target = np.append(dfa.target, DEAD)
        self._V = V

    @property
    def size(self) -> int:
        """D."""
        return len(self.default)

    def step(self, states: I64, symbols: I64) -> I64:
        """Where symbols lead, or DEAD, (B,), (B,) -> (B,)."""
        wanted = states * self._V + symbols
        at = np.searchsorted(self._keys, wanted)
        return np.where(self._keys[at] == wanted, self._target[at], self.default[states])


@dataclass(eq=False)
class Wide:
    """A row of the conditions' states, for all states of the model.

    Attributes:
        key: of the states.
        default: the key that a symbol leads to which is no exception, or NONE.
        entries: (X,) the model's entries for exceptions, increasing.
        child: (X,) the keys that they lead to, or NONE.
        is_state: whether symbols lead here.
        is_rest: whether narrow pairs take from it what they do not list.
    """

    key: int
    default: int
    entries: I64
    child: I64
    is_state: bool = False
    is_rest: bool = False


@dataclass(frozen=True, eq=False)
class Narrow:
    """Pairs that list exceptions, sorted by rank, the last one first.

    Attributes:
        key: (N,) of the conditions' states.
        state: (N,) of the model.
        rest: (N,) the key of the wide row that the rest is taken from, or NONE.
        first: (N + 1,) where the exceptions begin.
        symbol: (X,) increasing within a pair.
        nats: (X,) log p of it.
        target: (X,) the model's next state.
        child: (X,) the key of the conditions' next states, or NONE.
        shadow: (X,) the key that the wide row leads to instead, or NONE.
    """

    key: I64
    state: I64
    rest: I64
    first: I64
    symbol: I64
    nats: F64
    target: I64
    child: I64
    shadow: I64


@dataclass(eq=False)
class SparseProduct:
    """Everything that can be reached from the start.

    Attributes:
        rows: the model's automaton.
        conditions: all to be met.
        units: what the state of each condition counts in a key.
        start: the model's state that has read nothing; the key of the conditions' is 0.
        wide: by key.
        narrow: the others.
    """

    rows: BackoffRows
    conditions: list[Condition]
    units: list[int]
    start: int
    wide: dict[int, Wide] = field(default_factory=dict)
    _parts: list[Narrow] = field(default_factory=list)
    _waiting: deque[int] = field(default_factory=deque)
    _fresh: list[I64] = field(default_factory=list)
    _listed: int = 0

    @classmethod
    def of(cls, rows: BackoffRows, start: int, dfas: Sequence[Dfa]) -> SparseProduct:
        """Find all of it.

        Raises:
            TooLargeError: it is too large.
        """
        conditions = [Condition(dfa, rows.V) for dfa in dfas or (lengths_between(0, None),)]
        units = [1]
        for condition in conditions:
            units.append(units[-1] * condition.size)
        if units[-1] * rows.size >= 1 << 62:
            raise _too_large()
        product = cls(rows, conditions, units, start)
        product._explore()
        return product

    def _explore(self) -> None:
        S = self.rows.size
        known = KnownKeys()
        self._fresh.append(np.array([self.start]))
        while self._waiting or self._fresh:
            while self._waiting:
                self._widen(self._waiting.popleft())
            if self._fresh:
                front = known.without(np.unique(np.concatenate(self._fresh)))
                self._fresh.clear()
                front = front[~np.isin(front // S, [key for key, row in self.wide.items() if row.is_state])]
                known.add(front)
                step = max(LISTED // 8, 1)
                for part in (front[i : i + step] for i in range(0, len(front), step)):
                    self._list(part)

    def states_of(self, keys: I64) -> list[I64]:
        """The state of each condition."""
        return [keys // unit % condition.size for condition, unit in zip(self.conditions, self.units[:-1], strict=True)]

    def ranks(self, keys: I64) -> I64:
        """The sum of the ranks."""
        rank = np.zeros(len(keys), dtype=np.int64)
        for condition, at in zip(self.conditions, self.states_of(keys), strict=True):
            rank += condition.rank[at]
        return rank

    def accepting(self, keys: I64) -> npt.NDArray[np.bool_]:
        """Whether an item may end here."""
        accepted = np.ones(len(keys), dtype=np.bool_)
        for condition, at in zip(self.conditions, self.states_of(keys), strict=True):
            accepted &= condition.accepting[at]
        return accepted

    def _joint(self, states: list[I64]) -> I64:
        """The keys of states, NONE where one is dead."""
        key = np.zeros(len(states[0]), dtype=np.int64)
        dead = np.zeros(len(states[0]), dtype=np.bool_)
        for at, unit in zip(states, self.units[:-1], strict=True):
            key += at * unit
            dead |= at == DEAD
        key[dead] = NONE
        return key

    def _row(self, key: int, *, is_state: bool = False, is_rest: bool = False) -> None:
        """Have a wide row."""
        if key not in self.wide:
            nothing = np.empty(0, dtype=np.int64)
            self.wide[key] = Wide(key, NONE, nothing, nothing)
            self._waiting.append(key)
        row = self.wide[key]
        row.is_state |= is_state
        row.is_rest |= is_rest
        if len(self.wide) * self.rows.size > VALUES:
            raise _too_large()

    @cached_property
    def _by_symbol(self) -> tuple[I64, I64]:
        """The model's entries sorted by symbol, and where each symbol's begin, (V + 1,)."""
        order = np.argsort(self.rows.symbols.astype(np.uint32), kind="stable")
        return order, np.searchsorted(self.rows.symbols[order], np.arange(self.rows.V + 1))

    def _widen(self, key: int) -> None:
        """Find where a wide row leads."""
        row, S = self.wide[key], self.rows.size
        at = [int(state[0]) for state in self.states_of(np.array([key]))]
        row.default = int(self._joint([c.default[[d]] for c, d in zip(self.conditions, at, strict=True)])[0])
        if row.default != NONE:
            self._row(row.default, is_state=True)
        symbols = np.unique(
            np.concatenate([c.symbols[c.first[d] : c.first[d + 1]] for c, d in zip(self.conditions, at, strict=True)])
        )
        child = self._joint(
            [c.step(np.full(len(symbols), d), symbols) for c, d in zip(self.conditions, at, strict=True)]
        )
        symbols, child = symbols[child != row.default], child[child != row.default]
        order, first = self._by_symbol
        which, place = spread(first, symbols)
        entries = order[place]
        sorted_ = np.argsort(entries)
        row.entries, row.child = entries[sorted_], child[which][sorted_]
        by_child = np.argsort(row.child, kind="stable")
        for to in np.unique(child[child != NONE]).tolist():
            begin, end = np.searchsorted(row.child[by_child], [to, to + 1])
            if to in self.wide:
                self.wide[to].is_state = True
            elif (end - begin) * max(self._exceptions(to), 1) > len(self.rows.keys) // 2:
                self._row(to, is_state=True)
            else:
                targets = self.rows.target[row.entries[by_child[begin:end]]].astype(np.int64)
                self._fresh.append(np.unique(to * S + targets))  # beyond 32 bits

    def _exceptions(self, key: int) -> int:
        return max(
            int(np.diff(c.first)[int(d[0])])
            for c, d in zip(self.conditions, self.states_of(np.array([key])), strict=True)
        )

    def _list(self, pairs: I64) -> None:
        """Find where narrow pairs lead."""
        S = self.rows.size
        keys, states = pairs // S, pairs % S
        at = self.states_of(keys)
        rest = self._lists(at)
        for condition, d, lists in zip(self.conditions, at, rest, strict=True):
            self._listed += int((condition.first[d + 1] - condition.first[d])[lists].sum())
        if self._listed > LISTED:
            raise _too_large()
        listing: list[I64] = []
        bare: list[I64] = []  # the states of the wide row
        for condition, d, lists in zip(self.conditions, at, rest, strict=True):
            which = np.flatnonzero(lists)
            row, place = spread(condition.first, d[which])
            listing.append(which[row] * self.rows.V + condition.symbols[place])
            bare.append(np.where(lists | (condition.first[d] == condition.first[d + 1]), condition.plain[d], d))
        listed = np.unique(np.concatenate(listing))
        row, symbol = listed // self.rows.V, listed % self.rows.V
        of_rest = self._joint(bare)
        steps = [c.step(d[row], symbol) for c, d in zip(self.conditions, at, strict=True)]
        child = self._joint(steps)
        shadow = self._joint(
            [
                np.where(lists[row], c.default[d[row]], step)
                for c, d, lists, step in zip(self.conditions, at, rest, steps, strict=True)
            ]
        )
        shadow[of_rest[row] == NONE] = NONE
        nats, target = self.rows.step(states[row], symbol)
        kept = (nats > -np.inf) & ((child != NONE) | (shadow != NONE))
        row, symbol, nats, target, child, shadow = (x[kept] for x in (row, symbol, nats, target, child, shadow))
        first = np.searchsorted(row, np.arange(len(pairs) + 1))
        self._parts.append(Narrow(keys, states, of_rest, first, symbol, nats, target, child, shadow))
        for key in np.unique(of_rest[of_rest != NONE]).tolist():
            self._row(key, is_rest=True)
        alive = child != NONE
        self._fresh.append(np.unique(child[alive] * S + target[alive]))

    def _lists(self, at: list[I64]) -> list[npt.NDArray[np.bool_]]:
        """Of which conditions pairs list the exceptions; where nothing but those is possible, of that one alone."""
        sizes = [c.first[d + 1] - c.first[d] for c, d in zip(self.conditions, at, strict=True)]
        lists = [(n > 0) & ((n <= FEW) | c.large) for c, n in zip(self.conditions, sizes, strict=True)]
        none = np.iinfo(np.int64).max
        alone = np.stack(
            [
                np.where(listed & (c.default[d] == DEAD), n, none)
                for c, d, n, listed in zip(self.conditions, at, sizes, lists, strict=True)
            ]
        )
        best, only = alone.argmin(axis=0), alone.min(axis=0) < none
        return [np.where(only, best == i, listed) for i, listed in enumerate(lists)]

    @cached_property
    def narrow(self) -> Narrow:
        """All narrow pairs, sorted by rank, the last one first; those whose key is wide are left out."""
        parts = self._parts
        key = np.concatenate([part.key for part in parts])
        kept = np.flatnonzero(~np.isin(key, [k for k, row in self.wide.items() if row.is_state]))
        kept = kept[np.argsort(-self.ranks(key[kept]), kind="stable")]
        ends = np.cumsum([0, *(part.first[-1] for part in parts)])
        first = np.concatenate([[0], *(part.first[1:] + begin for part, begin in zip(parts, ends, strict=False))])
        row, place = spread(first, kept)
        del row
        columns = (np.concatenate([getattr(part, name) for part in parts])[place] for name in _OF_EXCEPTIONS)
        return Narrow(
            key[kept],
            np.concatenate([part.state for part in parts])[kept],
            np.concatenate([part.rest for part in parts])[kept],
            np.concatenate([[0], np.cumsum(np.diff(first)[kept])]),
            *columns,
        )


_OF_EXCEPTIONS: Final = ("symbol", "nats", "target", "child", "shadow")


def _too_large() -> TooLargeError:
    return TooLargeError(
        "exact answers need too much memory here: there are too many states of the model together with those of the "
        "conditions; take a model of lower order, a smaller largest length, or simpler patterns",
        argument="max_length",
    )
