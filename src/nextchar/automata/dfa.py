"""A set of strings as a deterministic finite automaton: the form that every condition is brought into.

From a state each symbol leads to one other state; a string belongs to the set if it leads from the start to an
accepting state. Most states treat most symbols alike, so a state has one default target and a list of exceptions.
States from which nothing can be accepted any more are left out: what would lead there leads to DEAD.

Every state has a rank that never falls along a step, and stays the same only within a loop. It tells computations in
which order to go through the states: whatever a rank needs from others lies in higher ranks.

Letters: D states, V size of the alphabet, E exceptions, C classes of symbols that no state tells apart, F states at
once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nextchar.data.alphabet import BOUNDARY
from nextchar.data.corpus import Corpus
from nextchar.data.display import one_line
from nextchar.errors import SettingsError

__all__ = ["DEAD", "Dfa", "lengths_between", "nothing_of"]

I64 = npt.NDArray[np.int64]
DEAD: Final = -1
LONGEST: Final = 1 << 20  # characters that are counted, with a state for each
REFINEMENTS: Final = 300  # rounds of minimising, after which the automaton is taken as it is


@dataclass(frozen=True, eq=False)
class Dfa:
    """The automaton; state 0 is the start.

    Attributes:
        default: (D,) where a symbol leads that is no exception, or DEAD.
        first: (D + 1,) where each state's exceptions begin.
        symbols: (E,) ids, increasing within a state; never the boundary.
        target: (E,) where they lead, or DEAD.
        accepting: (D,) whether a string may end here.
        rank: (D,) never falls along a step.
    """

    default: I64
    first: I64
    symbols: I64
    target: I64
    accepting: npt.NDArray[np.bool_]
    rank: I64

    __repr__ = one_line

    @property
    def size(self) -> int:
        """D, the number of states; 0 for the empty set."""
        return len(self.default)

    def rows(self, states: npt.NDArray[Any], V: int) -> I64:
        """Where every symbol leads, (F,) states -> (F, V); the boundary's column is DEAD."""
        rows = np.repeat(self.default[states][:, None], V, axis=1)
        count = self.first[states + 1] - self.first[states]
        row = np.repeat(np.arange(len(states)), count)
        entry = np.arange(len(row)) + np.repeat(self.first[states] - np.cumsum(count) + count, count)
        rows[row, self.symbols[entry]] = self.target[entry]
        rows[:, BOUNDARY] = DEAD
        return rows

    def accepts(self, items: Corpus) -> npt.NDArray[np.bool_]:
        """Whether each item, encoded in the alphabet that the automaton is over, belongs to the set, (n,)."""
        V = items.alphabet.size
        owner = np.repeat(np.arange(self.size), np.diff(self.first))
        keys = np.append(owner * V + self.symbols, np.iinfo(np.int64).max)
        target = np.append(self.target, DEAD)
        state = np.full(len(items), 0 if self.size else DEAD)
        for t in range(int(items.lengths.max()) if len(items) else 0):
            at = np.flatnonzero((items.lengths > t) & (state != DEAD))
            wanted = state[at] * V + items.ids[items.offsets[at] + t]
            entry = np.searchsorted(keys, wanted)
            state[at] = np.where(keys[entry] == wanted, target[entry], self.default[state[at]])
        accepted: npt.NDArray[np.bool_] = (state != DEAD) & np.append(self.accepting, False)[state]
        return accepted

    @classmethod
    def of_classes(cls, table: I64, accepting: npt.NDArray[np.bool_], class_of: I64) -> Dfa:
        """The smallest automaton for the same strings as one that is given by classes of symbols.

        Args:
            table: (D, C) where each class leads, or DEAD; state 0 is the start.
            accepting: (D,).
            class_of: (V,) the class of each symbol; the boundary's is not looked at.
        """
        table, accepting = _minimal(*_trimmed(table, accepting))
        if not len(table):
            return _empty()
        members = [np.flatnonzero(class_of[1:] == c) + 1 for c in range(table.shape[1])]
        largest = int(np.argmax([len(m) for m in members]))
        default = table[:, largest]
        listed = table != default[:, None]
        state, chosen = np.nonzero(listed)
        sizes = np.array([len(m) for m in members])[chosen]
        owner = np.repeat(state, sizes)
        symbols = np.concatenate([members[c] for c in chosen] or [np.empty(0, dtype=np.int64)])
        target = np.repeat(table[state, chosen], sizes)
        order = np.lexsort([symbols, owner])
        return cls(
            default=default,
            first=np.searchsorted(owner[order], np.arange(len(table) + 1)),
            symbols=symbols[order],
            target=target[order],
            accepting=accepting,
            rank=_ranks(table),
        )


def lengths_between(least: int, most: int | None) -> Dfa:
    """All strings of `least` to `most` characters; most=None for no limit.

    Raises:
        SettingsError: there would be millions of states, one for each length.
    """
    last = least if most is None else most
    if last > LONGEST:
        which, name = ("largest", "max_length") if most is not None else ("least", "min_length")
        raise SettingsError(
            f"a {which} length of {last:,} characters is too large to be counted; give one of at most {LONGEST:,}",
            argument=name,
        )
    states = np.arange(last + 1)
    default = states + 1
    default[-1] = last if most is None else DEAD
    nothing = np.empty(0, dtype=np.int64)
    return Dfa(default, np.zeros(last + 2, dtype=np.int64), nothing, nothing, states >= least, states)


def nothing_of(items: Corpus, *, nor_empty: bool = False) -> Dfa:
    """All strings but the given items: their trie, which any other string leaves for a state that accepts all.

    The items' alphabet has to be the one that the ids of the result are of. A corpus holds no empty items; `nor_empty`
    leaves the empty string out too.
    """
    V = items.alphabet.size
    starts = items.offsets[:-1]
    lengths = items.lengths
    node = np.zeros(len(items), dtype=np.int64)  # the node that each item has come to
    parents, symbols, depths, size = [], [], [np.zeros(1, dtype=np.int64)], 1
    for t in range(int(lengths.max()) if len(items) else 0):
        going = np.flatnonzero(lengths > t)
        keys, which = np.unique(node[going] * V + items.ids[starts[going] + t], return_inverse=True)
        node[going] = size + which
        parents.append(keys // V)
        symbols.append(keys % V)
        depths.append(np.full(len(keys), t + 1))
        size += len(keys)
    taken = np.zeros(size + 1, dtype=np.bool_)
    taken[node] = True
    taken[0] = nor_empty
    free = size  # the state of all strings that are not the beginning of an item
    owner = np.concatenate([np.empty(0, dtype=np.int64), *parents])
    symbol = np.concatenate([np.empty(0, dtype=np.int64), *symbols])
    order = np.lexsort([symbol, owner])
    rank = np.concatenate(depths)
    return Dfa(
        default=np.full(size + 1, free),
        first=np.searchsorted(owner[order], np.arange(size + 2)),
        symbols=symbol[order],
        target=(np.arange(len(owner)) + 1)[order],
        accepting=~taken,
        rank=np.append(rank, rank.max() + 1),
    )


def _empty() -> Dfa:
    nothing = np.empty(0, dtype=np.int64)
    return Dfa(nothing, np.zeros(1, dtype=np.int64), nothing, nothing, np.empty(0, dtype=np.bool_), nothing)


def _trimmed(table: I64, accepting: npt.NDArray[np.bool_]) -> tuple[I64, npt.NDArray[np.bool_]]:
    """Without the states that cannot come to accept; none at all where the start is one of them."""
    live = _steps_to_accept(table, accepting) >= 0
    if not live[0]:
        return table[:0], accepting[:0]
    number = np.append(np.cumsum(live) - 1, DEAD)
    number[:-1][~live] = DEAD
    return number[table[live]], accepting[live]


def _steps_to_accept(table: I64, accepting: npt.NDArray[np.bool_]) -> I64:
    """The length of the shortest string that is accepted from each state, (D,); -1 where none is."""
    D, C = table.shape
    source = np.repeat(np.arange(D), C)[table.reshape(-1) != DEAD]
    target = table.reshape(-1)[table.reshape(-1) != DEAD]
    order = np.argsort(target, kind="stable")
    source, begin = source[order], np.searchsorted(target[order], np.arange(D + 1))
    steps = np.where(accepting, 0, -1)
    front, distance = np.flatnonzero(accepting).tolist(), 0
    while front:
        distance += 1
        reached = []
        for state in front:
            for before in source[begin[state] : begin[state + 1]].tolist():
                if steps[before] < 0:
                    steps[before] = distance
                    reached.append(before)
        front = reached
    return steps


def _minimal(table: I64, accepting: npt.NDArray[np.bool_]) -> tuple[I64, npt.NDArray[np.bool_]]:
    """States that accept the same strings merged (Moore 1956): groups are split until all members step alike.

    The groups to begin with are those of equal shortest strings, which takes the many rounds out of long chains.
    """
    if not len(table):
        return table, accepting
    group = np.unique(_steps_to_accept(table, accepting), return_inverse=True)[1].astype(np.int64)
    groups = int(group.max()) + 1
    for _ in range(REFINEMENTS):
        rows = np.column_stack([group, np.append(group, DEAD)[table]])
        group = np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
        if int(group.max()) + 1 == groups:
            break
        groups = int(group.max()) + 1
    else:
        return table, accepting
    first = np.unique(group, return_index=True)[1]
    order = np.argsort(np.where(first == 0, -1, first))  # the start stays state 0
    order = np.concatenate([[group[0]], order[order != group[0]]])
    number = np.empty(groups + 1, dtype=np.int64)
    number[order] = np.arange(groups)
    number[DEAD] = DEAD
    kept = first[order]
    return number[np.append(group, groups)[table[kept]]], accepting[kept]


def _ranks(table: I64) -> I64:
    """A number for each state that never falls along a step and is the same all over a loop.

    From the strongly connected components (Tarjan 1972), each numbered by the longest way to the last.
    """
    height = np.zeros(len(table), dtype=np.int64)
    for component in _components([sorted(set(row) - {DEAD}) for row in table.tolist()]):
        inside = set(component)
        below = [height[t] + 1 for s in component for t in set(table[s].tolist()) - {DEAD} if t not in inside]
        height[component] = max(below, default=0)
    ranks: I64 = height.max() - height
    return ranks


def _components(targets: Sequence[Sequence[int]]) -> list[list[int]]:
    """The strongly connected components of what the start reaches, each after all that it leads to."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    open_: list[int] = []
    is_open: set[int] = set()
    components: list[list[int]] = []
    stack = [(0, iter(targets[0]))]
    index[0] = low[0] = 0
    open_.append(0)
    is_open.add(0)
    while stack:
        state, rest = stack[-1]
        for target in rest:
            if target not in index:
                index[target] = low[target] = len(index)
                open_.append(target)
                is_open.add(target)
                stack.append((target, iter(targets[target])))
                break
            if target in is_open:
                low[state] = min(low[state], index[target])
        else:
            stack.pop()
            if stack:
                low[stack[-1][0]] = min(low[stack[-1][0]], low[state])
            if low[state] == index[state]:
                component: list[int] = []
                while not component or component[-1] != state:
                    component.append(open_.pop())
                    is_open.discard(component[-1])
                components.append(component)
    return components
