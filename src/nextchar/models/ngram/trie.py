"""All n-grams of a corpus up to order n, each hung below the one without its oldest symbol.

Every smoothing method asks the same of the counts: for a context, which symbols followed it and how often; and what
the context without its oldest symbol says of the same symbol. The trie holds the answers as flat arrays. Its states
are the contexts, shorter ones first; its entries are the n-grams, those of a state side by side.

A context that reaches back to an item's beginning is whole: there is nothing older to add. So `.e` stands for all
that the padded contexts `..e`, `...e` of higher orders would say.

Two counts come with each n-gram. `raw` is how often it occurred. `adjusted` is that too for contexts of n - 1 symbols
and whole ones; for shorter contexts it is how many different symbols stood before the n-gram (Kneser and Ney 1995).

Counts come in colexicographic order, in which n-grams that end alike lie side by side. So one pass lists the entries
of all depths. Then they are sorted by state; within a state they stay in the order of their symbols.

Letters: n order, V size of the alphabet, S states, E entries, M distinct n-grams of order n.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from functools import cached_property
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar._kernels.loading import kernels_loaded
from nextchar.data.alphabet import BOUNDARY, Ids
from nextchar.errors import SettingsError
from nextchar.models.ngram.counts import Counts

__all__ = ["ROOT", "Integers", "NgramTrie"]

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
Integers = npt.NDArray[np.signedinteger[Any]]  # 32 bits where they suffice: memory new to the process is slow
Bools = npt.NDArray[np.bool_]
ROOT: Final = 0
PIECE: Final = 1 << 18  # entries
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
        raw: (E,) how often the n-gram occurred; 32 bits where all counts together fit.
        adjusted: (E,) the same, or in how many contexts longer by one.

    Raises:
        SettingsError: the counts are not those of whole items.
    """

    def __init__(self, counts: Counts) -> None:
        self.alphabet = counts.alphabet
        self.order = counts.order
        V = counts.alphabet.size
        compiled = len(counts.counts) >= COMPILED_FROM or kernels_loaded()
        listed = (_listed_compiled if compiled else _listed)(counts)

        # What has been read goes on, unless it ends the item. So the contexts of d symbols are the n-grams of d
        # symbols, the entries of depth d - 1, but those that end in a boundary; and the boundary itself.
        is_context = listed.symbol[: listed.begins[self.order - 1]] != BOUNDARY
        is_context[:V] = listed.raw[: min(V, len(is_context))] > 0
        state = np.concatenate([[1], 1 + np.cumsum(is_context)])  # of each entry that is a context
        self.depths: list[int] = [0, *state[listed.begins[: self.order]].tolist()]
        entries = np.flatnonzero(is_context)
        self.oldest: I64 = np.concatenate([[0], listed.oldest[entries]]).astype(np.int64)
        self.link: I64 = np.zeros(self.size, dtype=np.int64)
        longer = entries[np.searchsorted(entries, V) :]  # contexts of two symbols and more
        self.link[self.size - len(longer) :] = state[listed.parent[longer]]

        settled = (_settled_compiled if compiled else _settled)(self, listed)
        if settled is None:
            raise SettingsError(
                "these are not the counts of whole items: some n-grams lead nowhere or come from nowhere"
            )
        self.first, self.symbols, self.below, self.raw, self.adjusted = settled

    def of_order(self, order: int) -> NgramTrie:
        """The trie of a lower order: the first depths of this one, in the same arrays.

        Only the adjusted counts differ, in the contexts that are now the longest ones.

        Raises:
            SettingsError: the order is higher, or below 1.
        """
        if not 1 <= order <= self.order:
            raise SettingsError(f"a trie of order {self.order} has those of orders 1 to {self.order}, not of {order}")
        shorter = copy(self)
        for name, attribute in vars(NgramTrie).items():
            if isinstance(attribute, cached_property):
                shorter.__dict__.pop(name, None)
        shorter.order, shorter.depths = order, self.depths[: order + 1]
        S = shorter.depths[-1]
        E = int(self.first[S])
        shorter.oldest, shorter.link, shorter.first = self.oldest[:S], self.link[:S], self.first[: S + 1]
        shorter.symbols, shorter.below, shorter.raw = self.symbols[:E], self.below[:E], self.raw[:E]
        shorter.adjusted = self.adjusted[:E].copy()
        longest = shorter.layers[-1]
        shorter.adjusted[longest] = self.raw[longest]
        return shorter

    @property
    def size(self) -> int:
        """S, the number of states."""
        return len(self.oldest)

    @cached_property
    def owner(self) -> I64:
        """The state of each entry, (E,)."""
        return self.spread(np.arange(self.size))

    @cached_property
    def layers(self) -> list[slice]:
        """The entries of each depth of context, 0 to n - 1."""
        return [
            slice(int(self.first[begin]), int(self.first[end]))
            for begin, end in zip(self.depths[:-1], self.depths[1:], strict=True)
        ]

    def pieces(self) -> Iterator[tuple[int, slice, slice]]:
        """All states and entries, some at a time: their depth, the states, and the entries of these.

        What is computed in pieces needs little memory, and less time where memory has to be got first.
        """
        for depth, (begin, end) in enumerate(pairwise(self.depths)):
            while begin < end:
                fits = int(np.searchsorted(self.first, self.first[begin] + PIECE, side="right")) - 1
                stop = min(max(fits, begin + 1), end)
                yield depth, slice(begin, stop), slice(int(self.first[begin]), int(self.first[stop]))
                begin = stop

    def spread(self, values: npt.NDArray[Any], states: slice = slice(None)) -> npt.NDArray[Any]:
        """What each entry's state has, (S,) -> (E,); or only the entries of some states."""
        sizes = np.diff(self.first[states.start : None if states.stop is None else states.stop + 1])
        return np.repeat(values[states], sizes)

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
                there = self.depth[shorter] == depth  # the shorter context, which pruning may have left out
                target[layer] = np.where(there, self.child(shorter, older), shorter)
        target[self.symbols == BOUNDARY] = self.start
        return target.astype(np.int32)


class _Listed(NamedTuple):
    """The entries of depth 0, those of depth 1, and so on, each depth in colexicographic order.

    Attributes:
        begins: (n + 1,) the first entry of each depth, and E.
        oldest: (E,) the first symbol of the n-gram.
        symbol: (E,) its last one.
        parent: (E,) the entry without the oldest symbol; 0 at depth 0.
        raw, adjusted: (E,) as `NgramTrie` has them.
    """

    begins: I64
    oldest: Ids
    symbol: Ids
    parent: I32
    raw: Integers
    adjusted: Integers


Settled = tuple[I64, Ids, I32, Integers, Integers]  # first, symbols, below, raw and adjusted, as `NgramTrie` has them


def _listed(counts: Counts) -> _Listed:
    """The n-grams of all orders, by depth."""
    V, ngrams, tally = counts.alphabet.size, counts.ngrams, counts.counts
    opens = np.ones(len(tally), dtype=np.bool_)  # rows that differ from the one before, as far back as we have come
    opens[1:] = ngrams[1:, -1] != ngrams[:-1, -1]
    going = np.ones(len(tally), dtype=np.bool_)  # rows that reach so far back
    entry = ngrams[:, -1].astype(np.int64)  # of each row
    begins, occurrences = [0, V], [(entry, tally)]
    oldest, symbol, parent = [np.arange(V)], [np.arange(V)], [np.zeros(V, dtype=np.int64)]
    for column in ngrams.T[-2::-1]:
        opens[1:] |= column[1:] != column[:-1]
        opening = opens & going
        oldest.append(column[opening])
        symbol.append(ngrams[opening, -1])
        parent.append(entry[opening])
        entry = np.where(going, begins[-1] + np.cumsum(opening) - 1, entry)
        begins.append(begins[-1] + len(parent[-1]))
        occurrences.append((entry[going], tally[going]))
        going &= column != BOUNDARY
    parents = np.concatenate(parent)
    raw = np.zeros(begins[-1], dtype=_width(counts))
    for at, times in occurrences:
        np.add.at(raw, at, times.astype(raw.dtype))
    adjusted = np.bincount(parents[V:], minlength=begins[-1]).astype(raw.dtype)
    adjusted[entry] = tally
    dtype = counts.alphabet.dtype
    firsts, lasts = np.concatenate(oldest).astype(dtype), np.concatenate(symbol).astype(dtype)
    return _Listed(np.array(begins), firsts, lasts, parents.astype(np.int32), raw, adjusted)


def _listed_compiled(counts: Counts) -> _Listed:
    from nextchar._kernels.trie import list_entries

    V = counts.alphabet.size

    def arrays(entries: int) -> tuple[Ids, Ids, I32, Integers, Integers]:
        oldest, symbol = (np.zeros(entries, dtype=counts.alphabet.dtype) for _ in range(2))
        raw, adjusted = (np.zeros(entries, dtype=_width(counts)) for _ in range(2))
        return oldest, symbol, np.zeros(entries, dtype=np.int32), raw, adjusted

    sizes = np.zeros(counts.order, dtype=np.int64)
    list_entries(counts.ngrams, counts.counts, sizes, *arrays(0))
    sizes[0] = V
    begins = np.concatenate([[0], np.cumsum(sizes)])
    listed = _Listed(begins, *arrays(begins[-1]))
    listed.oldest[:V] = listed.symbol[:V] = np.arange(V)
    list_entries(counts.ngrams, counts.counts, begins[:-1].copy(), *listed[1:])
    return listed


def _width(counts: Counts) -> type[np.int32] | type[np.int64]:
    return np.int32 if counts.total < 1 << 31 else np.int64


def _settled(trie: NgramTrie, listed: _Listed) -> Settled | None:
    """The entries sorted by state; None if some entry has no state, or some state no entry."""
    V = trie.alphabet.size
    state = np.zeros(len(listed.raw), dtype=np.int64)
    for begin, end in pairwise(listed.begins[1:]):
        shorter = state[listed.parent[begin:end]]
        state[begin:end] = trie.child(shorter, listed.oldest[begin:end])
        if (state[begin:end] == shorter).any():
            return None
    sizes = np.bincount(state, minlength=trie.size)
    if not sizes.all():
        return None
    order = np.argsort(state, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    below = np.where(order < V, -1, place[listed.parent[order]]).astype(np.int32)
    first = np.concatenate([[0], np.cumsum(sizes)])
    return first, listed.symbol[order], below, listed.raw[order], listed.adjusted[order]


def _settled_compiled(trie: NgramTrie, listed: _Listed) -> Settled | None:
    from nextchar._kernels.trie import settle_entries

    E = len(listed.raw)
    children = 1 + np.concatenate([[0], np.cumsum(np.bincount(trie.link[1:], minlength=trie.size))])
    first, place, below = np.zeros(trie.size + 1, dtype=np.int64), np.zeros(E, dtype=np.int32), np.empty(E, np.int32)
    settled = (first, np.empty_like(listed.symbol), below, np.empty_like(listed.raw), np.empty_like(listed.raw))
    whole = settle_entries(trie.alphabet.size, children, trie.oldest, *listed[1:], place, *settled)
    return settled if whole else None
