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

Letters: S states, E listed entries, V size of the alphabet, B queries, C cells that entries lead to.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton import ROOT, Automaton
from nextchar.data.alphabet import BOUNDARY

__all__ = ["BackoffRows", "RowShares", "log_sums", "spread"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
LEAST_LEFT: Final = 0.1  # of a sum; where a difference leaves less, it is summed without subtracting
MOST_PASSED: Final = 1e300


class RowShares(NamedTuple):
    """Rows as probabilities of what may follow, from every state; what all states say of a sum.

    Attributes:
        share: (E,) of each entry, of the row of its state.
        passed: (S,) what the link's row counts, as if none of its symbols was listed.
    """

    share: F64
    passed: F64


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
    shadow: I32
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
        shadow = np.full(len(keys), len(keys), dtype=np.int32)
        shadow[asks] = at
        first = np.searchsorted(owner, np.arange(S + 1))
        log_prob, price = (np.require(x, requirements="W") for x in (log_prob, price))  # one kind for the compiled loop
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

    def totals(self, child: I32, value: F64) -> F64:
        """Sums of p x exp(value of where it leads) over the whole row of each state, (S,) logs.

        Args:
            child: (E,) the cell that each entry leads to.
            value: (C,) logs, of each cell.
        """
        from nextchar._kernels.backoff import row_totals

        total = np.empty(self.size)
        share, possible, of_states = self._room_of_totals
        row_totals(
            self.first, self.log_prob, child, value, self.shadow, self.link, self.price,
            LEAST_LEFT, share, possible, of_states, total,
        )  # fmt: skip
        return total

    def shares(self, nats: F64, total: F64) -> RowShares:
        """What is summed as parts of its sum.

        Args:
            nats: (E,) log p and the value of where it leads.
            total: (S,) their sums, from `totals`.
        """
        with np.errstate(invalid="ignore", over="ignore"):
            share = np.exp(nats - total[self.owner])
            passed = np.exp(self.price + total[self.link] - total)
        share[nats == -np.inf] = 0.0
        passed[~(total[self.link] > -np.inf)] = 0.0
        return RowShares(share, np.minimum(passed, MOST_PASSED))

    def means(self, shares: RowShares, child: I32, value: F64) -> F64:
        """How many symbols come over the row of each state and what follows, and how many nats they cost, (S, 2).

        Args:
            shares: of the rows.
            child: (E,) the cell that each entry leads to.
            value: (C, 2) the symbols and nats that follow each cell.
        """
        from nextchar._kernels.backoff import row_means

        means = np.empty((self.size, 2))
        row_means(
            self.first, shares.share, self.log_prob, child, value, self.shadow, self.link, shares.passed, self.price,
            LEAST_LEFT, *self._room_of_means, means,
        )  # fmt: skip
        return means

    # Memory that is had once and not anew for each round.

    @cached_property
    def _room_of_totals(self) -> tuple[F64, I64, F64]:
        S, E = self.size, len(self.keys)
        return np.empty(E + 1), np.empty(E + S + 1, dtype=np.int64), np.empty((4, S))

    @cached_property
    def _room_of_means(self) -> tuple[F64, F64, F64]:
        S, E = self.size, len(self.keys)
        return np.empty((E + 1, 3)), np.empty((S, 3)), np.empty((S, 3))

    def bounds(self, nats: F64) -> F64:
        """At least the largest of `nats` over the row of each state, (E,) -> (S,): a link may be counted in whole."""
        own = _segments(np.maximum, nats, self.first, -np.inf)
        most = own.copy()
        for begin, end in self.layers[1:]:
            part = slice(begin, end)
            most[part] = np.maximum(own[part], self.price[part] + most[self.link[part]])
        return most


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


def _layers(link: I64) -> list[tuple[int, int]]:
    layers, begin = [(0, 1)], 1
    while begin < len(link):
        end = begin + int(np.searchsorted(link[begin:], begin))
        layers.append((begin, end))
        begin = end
    return layers
