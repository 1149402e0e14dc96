"""Sums over all symbols from every state of an automaton at once, without laying its rows out.

A state says something of its own about the symbols that it lists, and of the others what its link says, at a price. So
a sum over its whole row is that over its own list, and a price times what is left of its link's row without the symbols
on the list:

    total(s) = own(s) + exp(price(s)) (own(link) - what own(link) has for the symbols of s + rest(link))
    rest(s)  = the second term

which is exact where a link lists all that those list that link to it; an automaton that does not is completed. The work
goes with the entries that there are, whatever the size of the alphabet. All numbers are logarithms. Where nearly all of
own(link) is taken away, what is left is added up anew, so that every sum keeps its relative precision.

Source: failure transitions of backoff automata, Allauzen, Mohri and Roark, "Generalized algorithms for constructing
language models" (2003).

Letters: S states, E listed entries, V size of the alphabet, B queries, R states that are looked at again.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton import ROOT, Automaton
from nextchar.data.alphabet import BOUNDARY

__all__ = ["LEAST_LEFT", "BackoffRows", "Totals", "log_sums", "spread"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
LEAST_LEFT: Final = 0.1  # of a sum; where a difference leaves less, it is summed without subtracting
CELLS: Final = 1 << 22  # entries that are looked at again at a time


class Totals(NamedTuple):
    """Sums over rows, from every state.

    Attributes:
        total: (S,) logs.
        cost: (S,) the mean of -log p of a symbol, weighed by what is summed; None where that was not asked for.
    """

    total: F64
    cost: F64 | None


@dataclass(frozen=True, eq=False)
class BackoffRows:
    """An automaton in which a link lists whatever those list that link to it.

    Attributes:
        V: size of the alphabet.
        first: (S + 1,) where each state's entries begin.
        symbols: (E,)
        log_prob: (E,) nats.
        target: (E,)
        link: (S,)
        price: (S,) nats.
        owner: (E,) the state of each entry.
        keys: (E,) owner x V + symbol, increasing.
        shadow: (E,) the entry of the owner's link for the same symbol; E where nothing comes from the link.
        layers: runs of states that link to earlier runs only.
    """

    V: int
    first: I64
    symbols: I64
    log_prob: F64
    target: I32
    link: I64
    price: F64
    owner: I32
    keys: I64
    shadow: I64
    layers: list[tuple[int, int]]

    @classmethod
    def of(cls, automaton: Automaton) -> BackoffRows:
        """The rows of an automaton, completed."""
        V, S = automaton.alphabet.size, automaton.size
        link, price = automaton.link.astype(np.int64), automaton.price
        owner = np.repeat(np.arange(S, dtype=np.int32), np.diff(automaton.first))
        keys = owner * np.int64(V) + automaton.symbols
        log_prob, target = automaton.log_prob, automaton.target
        while True:
            asks = np.flatnonzero((owner != ROOT) & (price[owner] > -np.inf))
            wanted = link[owner[asks]] * V + keys[asks] % V
            at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            missing = np.unique(wanted[keys[at] != wanted])
            if not len(missing):
                break
            nats, to = automaton.step_by_links((missing // V).astype(np.int32), missing % V)
            order = np.argsort(np.concatenate([keys, missing]), kind="stable")
            keys = np.concatenate([keys, missing])[order]
            log_prob, target = np.concatenate([log_prob, nats])[order], np.concatenate([target, to])[order]
            owner = (keys // V).astype(np.int32)
        shadow = np.full(len(keys), len(keys))
        shadow[asks] = at
        first = np.searchsorted(owner, np.arange(S + 1))
        return cls(V, first, keys % V, log_prob, target, link, price, owner, keys, shadow, _layers(link))

    @property
    def size(self) -> int:
        """S, the number of states."""
        return len(self.link)

    def find(self, states: npt.NDArray[np.integer], symbols: npt.NDArray[np.integer]) -> tuple[I64, F64]:
        """The entry that says what each state gives to a symbol, and the price of the way to it, all (B,)."""
        at, toll = states.astype(np.int64), np.zeros(len(states))
        symbols = symbols.astype(np.int64)
        entry = np.full(len(states), -1)
        open_ = np.arange(len(states))
        while len(open_):
            wanted = at[open_] * self.V + symbols[open_]
            place = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
            found = self.keys[place] == wanted
            entry[open_[found]] = place[found]
            open_ = open_[~found]
            toll[open_] += self.price[at[open_]]
            at[open_] = self.link[at[open_]]
        return entry, toll

    def step(self, states: npt.NDArray[np.integer], symbols: npt.NDArray[np.integer]) -> tuple[F64, I64]:
        """Log p of a symbol, and the next state, (B,), (B,) -> (B,), (B,)."""
        entry, toll = self.find(states, symbols)
        return toll + self.log_prob[entry], self.target[entry].astype(np.int64)

    def ends(self) -> F64:
        """Log p of the end from each state, (S,)."""
        return self.step(np.arange(self.size), np.full(self.size, BOUNDARY))[0]

    def entries_of(self, states: npt.NDArray[np.integer]) -> tuple[I64, I64]:
        """The entries of some states: which of the states, and which entry."""
        return spread(self.first, states)

    def totals(self, nats: F64, *, costs: bool = False) -> Totals:
        """Sums of exp(nats) over the whole row of each state.

        Args:
            nats: (E,) log p and what else the summand has, of each entry.
            costs: the mean of -log p as well.
        """
        first, link, price = self.first, self.link, self.price
        top = _segments(np.maximum, nats, first, -np.inf)
        top = np.where(np.isfinite(top), top, 0.0)
        x = np.append(np.exp(nats - top[self.owner]), 0.0)
        own = _segments(np.add, x[:-1], first, 0.0)
        taken = _segments(np.add, x[self.shadow], first, 0.0)
        sizes = np.diff(first)
        below = own[link]
        left = np.maximum(below - taken, 0.0)
        asks = price > -np.inf
        asks[ROOT] = False
        left[~asks | (sizes == sizes[link])] = 0.0  # nothing is listed there that is not listed here
        again = np.flatnonzero(asks & (sizes < sizes[link]) & (below > 0) & (sizes > 0) & (left < LEAST_LEFT * below))
        spent = None
        if costs:
            y = x * np.append(-np.maximum(self.log_prob, -1e300), 0.0)  # 0 x inf is 0
            spent = _segments(np.add, y[:-1], first, 0.0)
            left_spent = spent[link] - _segments(np.add, y[self.shadow], first, 0.0)
            left_spent[left == 0] = 0.0
            left_spent[again] = self._left(again, y[:-1])
        left[again] = self._left(again, x[:-1])
        with np.errstate(divide="ignore", invalid="ignore"):
            log_left = np.log(left) + top[link]
            rest = np.full(self.size, -np.inf)
            cost_of_rest = np.zeros(self.size)
            for begin, end in self.layers[1:]:
                to, part = link[begin:end], slice(begin, end)
                rest[part] = price[part] + np.logaddexp(log_left[part], rest[to])
                if spent is not None:
                    given = np.exp(log_left[part] + price[part] - rest[part])
                    mean = np.where(left[part] > 0, left_spent[part] / left[part], 0.0)
                    mean = np.nan_to_num(given) * mean + np.nan_to_num(1 - given) * cost_of_rest[to]
                    cost_of_rest[part] = np.where(rest[part] > -np.inf, mean - price[part], 0.0)
            log_own = np.log(own) + top
            total = np.logaddexp(log_own, rest)
            if spent is None:
                return Totals(total, None)
            share = np.nan_to_num(np.exp(log_own - total))
            mean = np.where(own > 0, spent / own, 0.0)
        return Totals(total, share * mean + (1 - share) * cost_of_rest)

    def bounds(self, nats: F64) -> F64:
        """At least the largest of `nats` over the row of each state, (E,) -> (S,): a link may be counted in whole."""
        own = _segments(np.maximum, nats, self.first, -np.inf)
        most = own.copy()
        for begin, end in self.layers[1:]:
            part = slice(begin, end)
            most[part] = np.maximum(own[part], self.price[part] + most[self.link[part]])
        return most

    def _left(self, states: I64, x: F64) -> F64:
        """The sum of x over what the links of some states list and they do not, added up one by one, (R,) -> (R,)."""
        left = np.zeros(len(states))
        nonzero = np.flatnonzero(x)
        where = np.searchsorted(nonzero, self.first)
        sizes = (where[1:] - where[:-1])[self.link[states]]
        for part in _parts(sizes, CELLS):
            some = states[part]
            row, place = spread(where, self.link[some])
            owner, entry = spread(self.first, some)
            hidden = owner * len(self.keys) + self.shadow[entry]  # both sorted
            seen = row * len(self.keys) + nonzero[place]
            if len(hidden):
                at = np.minimum(np.searchsorted(hidden, seen), len(hidden) - 1)
                stays = hidden[at] != seen
                row, place = row[stays], place[stays]
            left[part] = np.bincount(row, weights=x[nonzero[place]], minlength=len(some))
        return left


def spread(first: I64, which: npt.NDArray[np.integer]) -> tuple[I64, I64]:
    """All members of some groups that follow each other in an array: which of the groups, and which member."""
    count = first[which + 1] - first[which]
    row = np.repeat(np.arange(len(which)), count)
    return row, np.arange(len(row)) + np.repeat(first[which] - np.cumsum(count) + count, count)


def log_sums(nats: F64, first: I64) -> F64:
    """The log of the sum of exponentials of each group, (n,) with borders (G + 1,) -> (G,)."""
    top = _segments(np.maximum, nats, first, -np.inf)
    top = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        sums: F64 = top + np.log(_segments(np.add, np.exp(nats - np.repeat(top, np.diff(first))), first, 0.0))
    return sums


def _segments(ufunc: np.ufunc, values: F64, first: I64, empty: float) -> F64:
    """`ufunc` over each group, `empty` where there is nothing."""
    if len(first) == 1:
        return np.empty(0)
    found: F64 = ufunc.reduceat(np.append(values, empty), first[:-1])
    found[first[:-1] == first[1:]] = empty
    return found


def _parts(sizes: I64, most: int) -> list[slice]:
    """Slices of an array whose members have sizes, of about `most` together."""
    ends = np.cumsum(sizes)
    cuts = [0]
    while cuts[-1] < len(sizes):
        spent = int(ends[cuts[-1] - 1]) if cuts[-1] else 0
        cuts.append(max(int(np.searchsorted(ends, spent + most, side="right")), cuts[-1] + 1))
    return [slice(begin, end) for begin, end in itertools.pairwise(cuts)]


def _layers(link: I64) -> list[tuple[int, int]]:
    layers, begin = [(0, 1)], 1
    while begin < len(link):
        end = begin + int(np.searchsorted(link[begin:], begin))
        layers.append((begin, end))
        begin = end
    return layers
