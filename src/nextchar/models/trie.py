"""All n-grams of a corpus up to order n, each hung below the one without its oldest symbol.

Every smoothing method asks the same of the counts: for a context, which symbols followed it and how often; and what
the context without its oldest symbol says of the same symbol. The trie holds the answers as flat arrays. Its states
are the contexts, shorter ones first; its entries are the n-grams, those of a state side by side.

A context that reaches back to an item's beginning is whole: there is nothing older to add. So `.e` stands for all
that the padded contexts `..e`, `...e` of higher orders would say.

Two counts come with each n-gram. `raw` is how often it occurred. `adjusted` is that too for contexts of n - 1 symbols
and whole ones; for shorter contexts it is how many different symbols stood before the n-gram (Kneser and Ney 1995).

Letters: n order, V size of the alphabet, S states, E entries, M distinct n-grams of order n.
"""

from __future__ import annotations

import sys
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nextchar.alphabet import BOUNDARY, Ids
from nextchar.counting import Counts, sorted_rows

__all__ = ["ROOT", "NgramTrie"]

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
ROOT: Final = 0
COMPILED_FROM: Final = 500_000  # n-grams from which loading numba repays itself


class NgramTrie:
    """Contexts and n-grams; see the module.

    Attributes:
        alphabet: what the symbols mean.
        order: n.
        depths: n + 1 numbers: the states of contexts of d symbols are depths[d] .. depths[d + 1] - 1.
        link: (S,) the context without its oldest symbol; the root's is the root.
        oldest: (S,) that symbol.
        first: (S + 1,) where each state's entries begin.
        symbols: (E,) the predicted symbols, increasing within a state; the root has all V.
        below: (E,) the entry of the same symbol in the state's link; -1 for the root's.
        raw: (E,) how often the n-gram occurred.
        adjusted: (E,) the same, or in how many contexts longer by one.
    """

    def __init__(self, counts: Counts) -> None:
        self.alphabet = counts.alphabet
        self.order = counts.order
        V, depth_limit = counts.alphabet.size, counts.order - 1
        compiled = len(counts.counts) >= COMPILED_FROM or "nextchar._kernels" in sys.modules
        rows = sorted_rows([*counts.ngrams.T[-2::-1][:depth_limit], counts.ngrams[:, -1]], V)
        gather, number = (_gathered_compiled, _numbered_compiled) if compiled else (_gathered, _numbered)
        contexts, symbols, tally = gather(counts, rows)
        self.depths, self.link, self.oldest, state, depth_of_row = number(contexts)

        # From the longest contexts to the root: the n-grams of each depth, and those of the next shorter contexts.
        layers: list[I64] = []  # of each depth (4, ...): state (within its depth), symbol, raw, adjusted
        places: list[I64] = []  # of each depth but the root's: the n-gram without its oldest symbol, in its layer
        for depth in range(depth_limit, -1, -1):
            begin, end = self.depths[depth], self.depths[depth + 1]
            leaves = np.flatnonzero(depth_of_row == depth)
            layer = np.stack([state[leaves] - begin, symbols[leaves], tally[leaves], tally[leaves]])
            if layers:
                longer, parent = layers[-1], self.link[end : self.depths[depth + 2]] - begin
                if compiled:
                    layer, place = _lifted_compiled(layer, parent, longer, end - begin, V)
                else:
                    layer, place = _lifted(layer, parent, longer, V)
                places.append(place)
            layers.append(layer)
        layers.reverse()
        places.reverse()
        missing = np.setdiff1d(np.arange(V), layers[0][1])
        if len(missing):  # the root lists all symbols
            absent = np.stack([np.zeros_like(missing), missing, np.zeros_like(missing), np.zeros_like(missing)])
            root = np.concatenate([layers[0], absent], axis=1)
            layers[0] = root[:, np.argsort(root[1])]
            if places:
                places[0] = layers[0][1].searchsorted(np.delete(layers[0][1], missing))[places[0]]
        starts = np.cumsum([0, *(layer.shape[1] for layer in layers)])
        for layer, begin in zip(layers, self.depths, strict=False):
            layer[0] += begin
        self.owner: I64
        self.symbols: I64
        self.raw: I64
        self.adjusted: I64
        self.owner, self.symbols, self.raw, self.adjusted = np.concatenate(layers, axis=1)
        below = [place + start for place, start in zip(places, starts, strict=False)]
        self.below = np.concatenate([np.full(V, -1), *below])
        self.first = _begins(self.owner, self.size)

    @property
    def size(self) -> int:
        """S, the number of states."""
        return len(self.link)

    @cached_property
    def layers(self) -> list[slice]:
        """The entries of each depth of context, 0 to n - 1."""
        return [
            slice(int(self.first[begin]), int(self.first[end]))
            for begin, end in zip(self.depths[:-1], self.depths[1:], strict=True)
        ]

    @cached_property
    def depth(self) -> I64:
        """The number of symbols of each context, (S,)."""
        return np.repeat(np.arange(len(self.depths) - 1), np.diff(self.depths))

    @cached_property
    def whole(self) -> Bools:
        """Which contexts are never lengthened, (S,): those of n - 1 symbols, and those from an item's beginning."""
        whole: Bools = (self.oldest == BOUNDARY) | (self.depth == self.order - 1)
        whole[ROOT] = self.order == 1
        return whole

    @cached_property
    def start(self) -> int:
        """The state that has read the boundary."""
        return self.child(np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64))[0] if self.order > 1 else ROOT

    def child(self, states: I64, symbols: npt.NDArray[Any]) -> I64:
        """The contexts longer by one older symbol; where there is none, the states themselves."""
        keys = states * self.alphabet.size + symbols
        at = np.minimum(np.searchsorted(self._child_keys, keys), len(self._child_keys) - 1)
        return np.where(self._child_keys[at] == keys, at + 1, states) if len(self._child_keys) else states

    @cached_property
    def _child_keys(self) -> I64:
        """(link, oldest) of every state but the root as one number; they increase."""
        return self.link[1:] * self.alphabet.size + self.oldest[1:]

    def targets(self) -> npt.NDArray[np.int32]:
        """The state that each entry leads to, (E,): the longest context that ends with its symbol."""
        target = np.zeros(len(self.symbols), dtype=np.int64)
        for depth, layer in enumerate(self.layers):
            if depth == self.order - 1 and depth:
                target[layer] = target[self.below[layer]]
            elif self.order > 1:
                shorter = target[self.below[layer]] if depth else np.zeros(self.alphabet.size, dtype=np.int64)
                older = self.oldest[self.owner[layer]] if depth else self.symbols[layer]
                target[layer] = self.child(shorter, older)
        target[self.symbols == BOUNDARY] = self.start
        return target.astype(np.int32)


def _begins(owner: I64, states: int) -> I64:
    """Where the entries of each state begin, and their number, (states + 1,)."""
    begins = np.zeros(states + 1, dtype=np.int64)
    np.cumsum(np.bincount(owner, minlength=states), out=begins[1:])
    return begins


def _gathered(counts: Counts, rows: I64) -> tuple[Ids, I64, I64]:
    """The rows of counts in an order: contexts (M, n - 1) with the newest symbol first, symbols (M,), counts (M,)."""
    ngrams = counts.ngrams[rows]
    return ngrams[:, -2::-1][:, : counts.order - 1], ngrams[:, -1].astype(np.int64), counts.counts[rows]


def _gathered_compiled(counts: Counts, rows: I64) -> tuple[Ids, I64, I64]:
    from nextchar import _kernels

    contexts, symbols, tally = _kernels.gather_ngrams(counts.ngrams, counts.counts, rows)
    return contexts, symbols, tally


def _lifted(own: I64, parent: I64, longer: I64, V: int) -> tuple[I64, I64]:
    """The n-grams of the contexts of one depth, (4, ...), and where those of the longer contexts find theirs.

    Args:
        own: those of contexts that are not lengthened.
        parent: the context that each longer one lengthens.
        longer: the n-grams of the longer contexts.
        V: the size of the alphabet.
    """
    keys, inverse = np.unique(parent[longer[0]] * V + longer[1], return_inverse=True)
    raw = np.zeros(len(keys), dtype=np.int64)
    np.add.at(raw, inverse, longer[2])
    lifted = np.stack([*np.divmod(keys, V), raw, np.bincount(inverse, minlength=len(keys))])
    together = np.concatenate([own, lifted], axis=1)
    order = np.argsort(together[0] * V + together[1])
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return together[:, order], rank[own.shape[1] + inverse]


def _lifted_compiled(own: I64, parent: I64, longer: I64, states: int, V: int) -> tuple[I64, I64]:
    from nextchar import _kernels

    first = _begins(longer[0], len(parent))
    lifted, place = _kernels.lift_ngrams(states, own, parent, first, longer[1:3], V)
    return lifted, place


Numbered = tuple[list[int], I64, I64, I64, npt.NDArray[np.int8]]


def _numbered(contexts: Ids) -> Numbered:
    """Number the contexts of sorted rows depth by depth: rows that share their newest d symbols lie side by side.

    Args:
        contexts: (M, n - 1) the newest symbol first.

    Returns:
        depths, link and oldest as `NgramTrie` has them; the state of each row's longest context, and its depth, (M,).
    """
    depths, links, oldest = [0, 1], [np.zeros(1, dtype=np.int64)], [np.zeros(1, dtype=np.int64)]
    state = np.zeros(len(contexts), dtype=np.int64)  # of each row's context, as far as it has been followed
    opens = np.zeros(len(contexts), dtype=np.bool_)  # rows whose context differs from that of the row before
    opens[:1] = True
    going = np.ones(len(contexts), dtype=np.bool_)  # rows whose context reaches further back
    depth_of_row = np.zeros(len(contexts), dtype=np.int8)
    for depth, column in enumerate(contexts.T, start=1):
        opens[1:] |= column[1:] != column[:-1]
        opening = np.flatnonzero(opens & going)
        links.append(state[opening])
        oldest.append(column[opening].astype(np.int64))
        state = np.where(going, np.cumsum(opens & going) - 1 + depths[-1], state)
        depth_of_row[going] = depth
        going &= column != BOUNDARY
        depths.append(depths[-1] + len(opening))
    return depths, np.concatenate(links), np.concatenate(oldest), state, depth_of_row


def _numbered_compiled(contexts: Ids) -> Numbered:
    from nextchar import _kernels

    depths = np.zeros(contexts.shape[1] + 2, dtype=np.int64)
    depths[1] = 1
    state = np.zeros(len(contexts), dtype=np.int64)
    depth_of_row = np.zeros(len(contexts), dtype=np.int8)
    _kernels.number_contexts(contexts, depths, state[:0], state[:0], state, depth_of_row)
    depths = np.cumsum(depths)
    link, oldest = np.zeros(depths[-1], dtype=np.int64), np.zeros(depths[-1], dtype=np.int64)
    _kernels.number_contexts(contexts, depths, link, oldest, state, depth_of_row)
    return depths.tolist(), link, oldest, state, depth_of_row
