"""Discounts, or the k of add-k, that predict best: items held out, or every symbol left out in turn.

For a symbol and its context only a short chain of numbers matters: the counts in the context, in the one without its
oldest symbol, and so on down to the empty one. The chains are collected once; then any discounts are judged by a few
operations on arrays, and each is moved along its own axis (golden section) until the loss falls no further.

Leaving a symbol out takes 1 off its count in the longest context. For adjusted counts it matters below only if that
was the last occurrence: then the shorter n-gram has one context less.

Letters: n order, V size of the alphabet, M symbols to predict, the equal ones taken together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from nextchar.core.numerics import least
from nextchar.data.alphabet import BOUNDARY
from nextchar.data.corpus import Corpus
from nextchar.models.ngram.smoothing import METHODS, Method
from nextchar.models.ngram.trie import ROOT, Integers, NgramTrie

__all__ = ["Chains", "tuned_add", "tuned_discounts"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

ROUNDS: Final = 3
FINENESS: Final = 400  # parts of the interval that a discount, or the log of k, is searched in
MOST_CHAINS: Final = 40_000  # beyond that a sample of them, evenly spaced, decides


@dataclass(frozen=True, eq=False)
class Chains:
    """What the trie says of M symbols, by depth of context, 0 to n - 1.

    Attributes:
        weight: (M,) how often each occurs.
        count: (n, M) of the symbol in the context of that depth.
        total: (n, M) of all symbols there; 0 where the context is not known.
        classes: (n, M, 3) how many symbols there have a count of 1, of 2, of 3 and more.
        whole: (n, M) whether the context is whole (see `trie`).
        V: the size of the alphabet.
    """

    weight: F64
    count: F64
    total: F64
    classes: F64
    whole: npt.NDArray[np.bool_]
    V: int

    @classmethod
    def held_out(cls, trie: NgramTrie, counts: Integers, items: Corpus) -> Self:
        """The chains of items that are not in the counts."""
        state, symbol, weight = _read(trie, items.encoded_in(trie.alphabet))
        return cls._of(trie, counts, state, symbol, weight, np.zeros(len(state), dtype=np.bool_))

    @classmethod
    def left_out(cls, trie: NgramTrie, counts: Integers) -> Self:
        """The chains of the counted symbols themselves, each seen from the counts without it."""
        entries = np.flatnonzero(trie.spread(trie.whole))
        entries = entries[:: -(-len(entries) // MOST_CHAINS)]
        everywhere = np.ones(len(entries), dtype=np.bool_)
        weight = trie.raw[entries].astype(np.float64)
        return cls._of(trie, counts, trie.owner[entries], trie.symbols[entries], weight, everywhere)

    @classmethod
    def _of(
        cls, trie: NgramTrie, counts: Integers, state: I64, symbol: I64, weight: F64, leave: npt.NDArray[np.bool_]
    ) -> Self:
        n, M = trie.order, len(state)
        count, total = np.zeros((n, M)), np.zeros((n, M))
        classes, whole = np.zeros((n, M, 3)), np.zeros((n, M), dtype=np.bool_)
        total_of = np.add.reduceat(counts, trie.first[:-1])
        kinds_of = np.stack([np.add.reduceat(counts == 1, trie.first[:-1], dtype=np.int64),
                             np.add.reduceat(counts == 2, trie.first[:-1], dtype=np.int64),
                             np.add.reduceat(counts > 2, trie.first[:-1], dtype=np.int64)], axis=1)  # fmt: skip
        keys = trie.owner * trie.alphabet.size + trie.symbols
        continued = counts is trie.adjusted
        going = np.ones(M, dtype=np.bool_)
        while going.any():
            depth = trie.depth[state]
            at = np.flatnonzero(going)
            key = state[at] * trie.alphabet.size + symbol[at]
            entry = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
            mine = np.where(keys[entry] == key, counts[entry], 0)
            kinds = kinds_of[state[at]].copy()
            off = leave[at] & (mine > 0)
            removed = np.flatnonzero(off)
            kinds[removed, np.minimum(mine[removed], 3) - 1] -= 1
            still = removed[mine[removed] > 1]
            kinds[still, np.minimum(mine[still] - 1, 3) - 1] += 1
            count[depth[at], at] = mine - off
            total[depth[at], at] = total_of[state[at]] - off
            classes[depth[at], at] = kinds
            whole[depth[at], at] = trie.whole[state[at]]
            if continued:
                leave = leave.copy()
                leave[at] &= mine == 1
            going = going & (state != ROOT)
            state = np.where(going, trie.link[state], state)
        return cls(weight=weight, count=count, total=total, classes=classes, whole=whole, V=trie.alphabet.size)

    def nats_discounted(self, discounts: F64) -> float:
        """-log p of all symbols under discounts (n, 3), nats per symbol."""
        p = np.full(len(self.weight), 1.0 / self.V)
        for depth in range(len(self.count)):
            known = self.total[depth] > 0
            off = np.concatenate([[0.0], discounts[depth]])[np.minimum(self.count[depth], 3).astype(np.int64)]
            rest = self.classes[depth] @ discounts[depth]
            with np.errstate(divide="ignore", invalid="ignore"):
                mixed = (self.count[depth] - np.minimum(off, self.count[depth]) + rest * p) / self.total[depth]
            p = np.where(known, mixed, p)
        return self._mean(p)

    def nats_added(self, k: float) -> float:
        """-log p of all symbols under add-k, nats per symbol."""
        p = np.full(len(self.weight), 1.0 / self.V)
        for depth in range(len(self.count)):
            known = self.whole[depth] & (self.total[depth] > 0)
            p = np.where(known, (self.count[depth] + k) / (self.total[depth] + k * self.V), p)
        return self._mean(p)

    def _mean(self, p: F64) -> float:
        with np.errstate(divide="ignore"):  # a discount of 0 may leave nothing for what was left out: infinitely bad
            return -float(self.weight @ np.log(p)) / float(self.weight.sum())


def _read(trie: NgramTrie, items: Corpus) -> tuple[I64, I64, F64]:
    """The distinct pairs of state and symbol that reading the items meets, and how often."""
    V = trie.alphabet.size
    targets, keys = trie.targets(), trie.owner * V + trie.symbols
    order = np.argsort(-items.lengths, kind="stable")
    begins = items.offsets[:-1][order]
    sizes = items.lengths[order] + 1
    weights = items.weights_or_ones[order].astype(np.float64)
    state = np.full(len(order), trie.start, dtype=np.int64)
    met, weight = [], []
    for t in range(int(sizes[0])):
        longer = int(np.searchsorted(-sizes, -t))
        state = state[:longer]
        symbol = items.ids[begins[:longer] + t].astype(np.int64)
        met.append(state * V + symbol)
        weight.append(weights[:longer])
        at = state.copy()
        entry = np.minimum(np.searchsorted(keys, at * V + symbol), len(keys) - 1)
        while (missing := keys[entry] != at * V + symbol).any():
            at[missing] = trie.link[at[missing]]
            entry[missing] = np.minimum(np.searchsorted(keys, at[missing] * V + symbol[missing]), len(keys) - 1)
        state = np.where(symbol == BOUNDARY, trie.start, targets[entry]).astype(np.int64)
    distinct, inverse = np.unique(np.concatenate(met), return_inverse=True)
    state, symbol = np.divmod(distinct, V)
    return state, symbol, np.bincount(inverse, np.concatenate(weight)).astype(np.float64)


def tuned_discounts(chains: Chains, method: Method, begin: F64) -> F64:
    """The discounts (n, 3) with the least loss, found from those given."""
    discounts = begin.copy()
    single = METHODS[method].discounts == 1
    for _ in range(ROUNDS):
        for depth in range(len(discounts)):
            for j in [slice(None)] if single else [slice(0, 1), slice(1, 2), slice(2, 3)]:
                highest = 1.0 if single else float(j.stop or 3)

                def loss(value: float, depth: int = depth, j: slice = j) -> float:
                    trial = discounts.copy()
                    trial[depth, j] = value
                    return chains.nats_discounted(trial)

                found = least(loss, 1e-3, highest - 1e-3, within=(highest - 2e-3) / FINENESS)
                if loss(found) < loss(float(discounts[depth, j][0])):
                    discounts[depth, j] = found
    return discounts


def tuned_add(chains: Chains) -> float:
    """The k with the least loss."""
    low, high = math.log(1e-6), math.log(1e3)
    return math.exp(least(lambda log_k: chains.nats_added(math.exp(log_k)), low, high, within=(high - low) / FINENESS))
