"""The items that a model's text options leave as they are, as finite automata (see `data.stable_items`).

Outer blanks take three states: nothing read, the last symbol no blank, the last one a blank. Letters that change alone
are left out of every item. Normal form C takes more: a combining character changes a text if it has to go before the
one that precedes it (canonical order), or if it joins the last starter, the last character of combining class 0. What
stands between can block it: another character that did not join, of the same class, or of any class if its own is 0.
So a state is the last starter, as far as anything joins it, and the class of the last character. Where a line divides
items that are texts, none of their lines is such a one.

Source: Unicode Standard Annex 15; The Unicode Standard, section 3.11 (D115 to D117).

Letters: V size of the alphabet, J symbols that may join a starter, G groups of starters that the same ones join.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nextchar.automata.dfa import DEAD, Dfa
from nextchar.data.alphabet import Alphabet
from nextchar.data.graphemes import PROBES_AFTER, PROBES_BEFORE, one_cluster
from nextchar.data.stable_items import StableSymbols, separating_symbols, stable_symbols
from nextchar.data.text_options import TextOptions

__all__ = ["stable_automata"]

NOTHING: Final = -1  # the group where there is no last starter


@lru_cache(maxsize=16)
def stable_automata(alphabet: Alphabet, options: TextOptions) -> tuple[Dfa, ...]:
    """The conditions that an item of a model is one; none where the options leave every text as it is."""
    symbols = stable_symbols(alphabet, options)
    found = []
    if (between := separating_symbols(alphabet, options)) is not None:
        found.append(_undivided(alphabet, between))
    if symbols.blank.any() or symbols.banned.any():
        found.append(_without_outer_blanks(symbols))
    if symbols.joins.any():
        found.append(_composed(alphabet, symbols) if alphabet.clusters is None else _separate(alphabet))
    return tuple(found)


def _without_outer_blanks(symbols: StableSymbols) -> Dfa:
    """And without the symbols that change alone; classes: the others, the blanks, those."""
    class_of = np.where(symbols.banned, 2, np.where(symbols.blank, 1, 0))
    table = np.array([[1, DEAD, DEAD], [1, 2, DEAD], [1, 2, DEAD]])  # nothing, no blank last, a blank last
    return Dfa.of_classes(table, np.array([True, True, False]), class_of)


def _undivided(alphabet: Alphabet, between: tuple[int, ...]) -> Dfa:
    """No line that separates items; a state is how much of one the line has so far, or that it is another.

    Args:
        alphabet: of the items.
        between: the symbols of such a line; none for a line of blanks.
    """
    line_end = alphabet.names.index("\n") + 1 if "\n" in alphabet.names else None
    class_of = np.zeros(alphabet.size, dtype=np.int64)  # 0: symbols that are none of these
    kinds = sorted(set(between))
    class_of[kinds] = np.arange(1, 1 + len(kinds))
    END = 1 + len(kinds)
    if line_end is not None:
        class_of[line_end] = END
    if not between:
        blanks = [i for i, name in enumerate(alphabet.names, start=1) if name.isspace() and name != "\n"]
        class_of[blanks] = END + 1
        table = [[1, DEAD, 0], [1, 0, 1]]
        return Dfa.of_classes(np.array(table), np.array([False, True]), class_of)
    k, other = len(between), len(between) + 1
    table = [[other] * END + [0] for _ in range(k + 2)]
    for state, symbol in enumerate(between):
        table[state][1 + kinds.index(symbol)] = state + 1
    table[k][END] = DEAD
    accepting = np.ones(k + 2, dtype=np.bool_)
    accepting[k] = False
    return Dfa.of_classes(np.array(table), accepting, class_of)


def _composed(alphabet: Alphabet, symbols: StableSymbols) -> Dfa:
    """What is in normal form C already."""
    V = alphabet.size
    order = np.zeros(V, dtype=np.int64)  # the combining class of each symbol
    order[1 : 1 + len(alphabet.characters)] = [unicodedata.combining(c) for c in alphabet.characters]
    second = np.flatnonzero(symbols.joins & ~symbols.banned)
    joined = _joined(alphabet, symbols, order, second)
    # Starters that are joined alike are one; of a symbol the automaton sees its class, its group and what it joins.
    groups, group = np.unique(joined, axis=0, return_inverse=True)  # (G, J), (V,)
    group = np.where(order == 0, group.reshape(-1), NOTHING)
    joins = np.zeros((V, len(groups)), dtype=np.bool_)
    joins[second] = groups.T
    seen = np.column_stack([symbols.banned, order, group, joins])[1:]
    _, first, class_of = np.unique(seen, axis=0, return_index=True, return_inverse=True)
    members = (first + 1).tolist()

    numbers = {(NOTHING, 0): 0}  # the group of the last starter, and the class of the last symbol
    waiting = [(NOTHING, 0)]
    table = []
    for starter, last in waiting:
        row = []
        for symbol in members:
            own = int(order[symbol])
            blocked = last != 0 and own in (0, last)
            composes = starter != NOTHING and bool(joins[symbol, starter]) and not blocked
            if symbols.banned[symbol] or 0 < own < last or composes:
                row.append(DEAD)
                continue
            state = (starter, own) if own else (int(group[symbol]), 0)
            if state not in numbers:
                numbers[state] = len(numbers)
                waiting.append(state)
            row.append(numbers[state])
        table.append(row)
    accepting = np.ones(len(table), dtype=np.bool_)
    return Dfa.of_classes(np.array(table, dtype=np.int64), accepting, np.append(0, class_of.reshape(-1)))


def _separate(alphabet: Alphabet) -> Dfa:
    """No two symbols one after the other that are one grapheme cluster together, such as two halves of a flag.

    Whether they are depends on the kind of the one's end and of the other's begin; a state is the kind of the last.
    """
    names = alphabet.names + (("\ufffd",) if alphabet.has_unknown else ())
    ends, end_of = _kinds([tuple(one_cluster(name, after) for after in PROBES_AFTER) for name in names])
    begins, begin_of = _kinds([tuple(one_cluster(before, name) for before in PROBES_BEFORE) for name in names])
    both, class_of = _kinds(list(zip(end_of, begin_of, strict=True)))
    one = [[one_cluster(names[x], names[y]) for y in begins] for x in ends]
    nothing_read = [[False] * len(begins)]  # every symbol may come
    rows = [[DEAD if row[begin_of[s]] else end_of[s] + 1 for s in both] for row in nothing_read + one]
    return Dfa.of_classes(np.array(rows), np.ones(len(rows), dtype=np.bool_), np.array([0, *class_of]))


def _kinds(seen: list[tuple[Any, ...]]) -> tuple[list[int], list[int]]:
    """The first of each kind, and the kind of each."""
    numbers: dict[tuple[Any, ...], int] = {}
    kind_of = [numbers.setdefault(key, len(numbers)) for key in seen]
    return [kind_of.index(kind) for kind in range(len(numbers))], kind_of


def _joined(
    alphabet: Alphabet, symbols: StableSymbols, order: npt.NDArray[np.int64], second: npt.NDArray[np.intp]
) -> npt.NDArray[np.bool_]:
    """Which of the J second symbols change together with each symbol before them, where that is a starter, (V, J)."""
    joined = np.zeros((alphabet.size, len(second)), dtype=np.bool_)
    after = [alphabet.characters[j - 1] for j in second.tolist()]
    for i, starter in enumerate(alphabet.characters, start=1):
        if order[i] == 0 and not symbols.banned[i]:
            joined[i] = [not unicodedata.is_normalized("NFC", starter + character) for character in after]
    return joined
