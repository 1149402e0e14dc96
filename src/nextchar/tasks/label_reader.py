"""All n-gram models of one label read a text in one walk, in memory that goes with what the label's texts hold.

The models of orders 2 to n of the same texts look at the same contexts: what a model of order o knows stands in the
first o depths of the trie of order n (see `models.ngram.trie`), and in a longer context it says what it says in that
context's last o - 1 symbols. So one walk over the trie finds for every symbol the entry that has it, or the way along
links to a context that does, and each model has a number for every entry and a price for every link:

    log p(w | s) = value[s, w]                  if s lists w
                 = price[s] + log p(w | link(s))    if not.

A sum of such models with weights has the same form. So a fitted pool is one automaton a label and direction, with few
numbers an entry, however many models are in it; nothing is laid out for symbols that a context has not seen.

Letters: T symbols of a corpus, n its texts, S states, E entries, M models, C labels, F features, V alphabet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar._kernels.loading import kernels_loaded
from nextchar.data.alphabet import BOUNDARY
from nextchar.data.corpus import Corpus
from nextchar.models.ngram.counts import Counts
from nextchar.models.ngram.model import Ngram
from nextchar.models.ngram.trie import NgramTrie

__all__ = ["PARTS", "LabelReader", "Pooled", "Walk", "models_of", "parts_of_texts", "reversed_items", "worth_compiling"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
MOST_NATS: Final = 50.0  # of one symbol, or one link: what a model holds impossible is only very improbable to the pool
PARTS: Final = 5  # the whole text, its end, its last symbol, the one before, its first
WHOLE, END, LAST, BEFORE, FIRST = range(PARTS)
COMPILED_FROM: Final = 1_000_000  # symbols read, over all labels, from which loading numba repays itself
CELLS: Final = 1 << 23  # numbers of entries and links that are made at a time


def reversed_items(corpus: Corpus) -> Corpus:
    """Every item from its end to its beginning; the boundaries stay where they are."""
    if kernels_loaded():
        from nextchar._kernels.label_reader import reverse_texts

        ids = np.empty_like(corpus.ids)
        reverse_texts(corpus.ids, corpus.offsets, ids)
        return replace(corpus, ids=ids)
    sizes = np.diff(corpus.offsets)
    begin = np.repeat(corpus.offsets[:-1], sizes)
    position = np.arange(corpus.symbols) - begin
    last = np.repeat(corpus.lengths, sizes) - 1
    at = np.where(position <= last, begin + last - position, begin + position)
    return replace(corpus, ids=corpus.ids[at])


def models_of(specs: Sequence[Ngram]) -> list[Ngram]:
    """The models of each label and direction, (M,): each of the settings in all orders from 2 on."""
    return [replace(spec, order=order) for spec in specs for order in range(2, spec.order + 1)]


@dataclass(frozen=True, eq=False)
class Walk:
    """The contexts of one label in one direction, and where each symbol leads.

    Attributes:
        V: size of the alphabet.
        start: the state that has read the boundary.
        first: (S + 1,) where each state's entries begin.
        symbols: (E,) increasing within a state; the root has all V.
        target: (E,) the state that an entry leads to.
        link: (S,) the state without the oldest symbol.
    """

    V: int
    start: int
    first: I64
    symbols: npt.NDArray[Any]
    target: npt.NDArray[np.int32]
    link: npt.NDArray[np.int32]

    @classmethod
    def of(cls, trie: NgramTrie) -> Walk:
        """The walk over a trie."""
        link = trie.link.astype(np.int32)
        return cls(trie.alphabet.size, int(trie.start), trie.first, trie.symbols, trie.targets(), link)

    def read(self, corpus: Corpus, prices: F64, price: npt.NDArray[np.int32] | None = None) -> tuple[I64, F64]:
        """The entry that has each symbol of a corpus, (T,), and what is paid on the way to it, (T, K).

        Texts are read side by side, longest first: all first symbols, all second ones, and so on.

        Args:
            corpus: the texts.
            prices: (P, K) of links.
            price: (S,) the row of each link; by default P is S, and each has its own.
        """
        order = np.argsort(-corpus.lengths, kind="stable")
        begins, sizes = corpus.offsets[:-1][order], (corpus.lengths + 1)[order]
        found = np.empty(corpus.symbols, dtype=np.int64)
        paid = np.zeros((corpus.symbols, prices.shape[1]))
        states = np.full(len(corpus), self.start, dtype=np.int64)
        for t in range(int(sizes.max(initial=0))):
            at = begins[: np.searchsorted(-sizes, -t)] + t  # the texts longer than t
            wanted, states = corpus.ids[at].astype(np.int64), states[: len(at)]
            entry = self._find(states, wanted)
            while len(missing := np.flatnonzero(entry < 0)):
                left = states[missing]
                paid[at[missing]] += prices[left if price is None else price[left]]
                states[missing] = self.link[left]
                entry[missing] = self._find(states[missing], wanted[missing])
            found[at] = entry
            states = self.target[entry].astype(np.int64)
        return found, paid

    @cached_property
    def _keys(self) -> I64:
        keys: I64 = np.repeat(np.arange(len(self.link)) * self.V, np.diff(self.first)) + self.symbols
        return keys

    def _find(self, states: I64, ids: I64) -> npt.NDArray[np.intp]:
        """The entry of each state for each symbol, or -1."""
        keys = states * self.V + ids
        entry = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.where(self._keys[entry] == keys, entry, -1)


class LabelReader:
    """The n-grams of one label in one direction, and what models make of them."""

    def __init__(self, counts: Counts) -> None:
        self.trie = NgramTrie(counts)
        self.steps = Walk.of(self.trie)

    def log_probs(self, models: Sequence[Ngram], corpus: Corpus) -> F64:
        """What each model says of each symbol, (T, M) nats, negative."""
        E, S = len(self.trie.symbols), self.trie.size
        found = np.empty((corpus.symbols, len(models)))
        size = max(1, CELLS // (E + S))
        for begin in range(0, len(models), size):
            some = models[begin : begin + size]
            values, prices = np.empty((E, len(some))), np.empty((S, len(some)))
            for i, value, price in self._backed_off(some):
                values[:, i], prices[:, i] = value, price
            entry, paid = self.steps.read(corpus, prices)
            found[:, begin : begin + size] = values[entry] + paid
        return found

    def pooled(self, models: Sequence[Ngram], weights: F64, usual: F64, known: Bools) -> Pooled:
        """The sum of the models with weights, (M, PARTS), and their nats with others, (M,)."""
        E, S, V = len(self.trie.symbols), self.trie.size, self.trie.alphabet.size
        ends = self.trie.symbols == BOUNDARY
        values, prices = np.zeros((E, 4)), np.zeros((S, 5))
        opening, opening_prices = np.zeros(E), np.zeros((S, 1))
        for i, value, price in self._backed_off(models):
            whole, end, last, before, first = weights[i]
            values[:, 0] += whole * value
            values[:, 1] += np.where(ends, end, last) * value
            values[:, 2] += before * value
            values[:, 3] -= usual[i] * value
            prices += price[:, None] * [whole, last, before, -usual[i], end]
            opening += first * value
            opening_prices[:, 0] += first * price
        symbols = np.zeros(2 * V - 1, dtype=self.trie.alphabet.dtype)  # the empty item, and each of one character
        symbols[1::2] = np.arange(1, V)
        items = Corpus(self.trie.alphabet, symbols)
        entry, paid = self.steps.read(items, opening_prices)
        first = items.offsets[:-1]
        return Pooled(self.steps, values, *_distinct_rows(prices), opening[entry[first]] + paid[first, 0], known)

    def _backed_off(self, models: Sequence[Ngram]) -> Iterator[tuple[int, F64, F64]]:
        """Each model's number, its value of every entry (E,), and its price of every link (S,), nats."""
        trie = self.trie
        shorter = {order: trie.of_order(order) for order in {model.order for model in models}}
        for i, model in enumerate(models):
            own = shorter[model.order]
            smoothed = model.smoothed(own)
            value, price = np.empty(len(trie.symbols)), np.zeros(trie.size)
            with np.errstate(divide="ignore"):
                value[: len(own.symbols)] = np.log(smoothed.probabilities(own))
                price[: own.size] = np.log(smoothed.rest)
            for layer in trie.layers[model.order :]:  # longer contexts than the model has: what it says in its own
                value[layer] = value[trie.below[layer]]
            yield i, np.maximum(value, -MOST_NATS), np.maximum(price, -MOST_NATS)


def _distinct_rows(rows: F64) -> tuple[F64, npt.NDArray[np.int32]]:
    """Rows of which many are alike, each once, and which of them stands where: of contexts seen once, say."""
    mark = rows @ np.random.default_rng(0).random(rows.shape[1])
    _, first, which = np.unique(mark, return_index=True, return_inverse=True)
    table = rows[first]
    if not np.array_equal(table[which], rows):  # two that differ and have one mark: hardly ever
        return rows, np.arange(len(rows), dtype=np.int32)
    return table, which.astype(np.int32)


@dataclass(frozen=True, eq=False)
class Pooled:
    """A label's models in one direction, summed with weights.

    Attributes:
        steps: where each symbol leads.
        values: (E, 4) of each entry: of the whole text; of the last symbol, or where the entry's is the boundary of
            the end; of the symbol before the last; and the nats.
        prices: (P, 5) of links: of the whole text, the last symbol, the one before, the nats, the end.
        price: (S,) the row of each link in `prices`.
        opening: (V,) what each symbol adds where it comes first.
        known: (V,) the symbols that some label knows; what the others cost does not count.
    """

    steps: Walk
    values: F64
    prices: F64
    price: npt.NDArray[np.int32]
    opening: F64
    known: Bools

    def add_to(self, scores: F64, nats: F64, view: Corpus, *, compiled: bool) -> None:
        """Add the weighted log-probabilities of each text to `scores` (n,), and its nats to `nats` (n,).

        Args:
            scores: of the texts.
            nats: of the texts.
            view: the texts, each in the direction of the models.
            compiled: whether to read them by the compiled loop.
        """
        if compiled:
            from nextchar._kernels.label_reader import pool_texts

            pool_texts(view.ids, view.offsets, self.known.astype(np.float64), *self._table, self.opening, scores, nats)
            return
        entry, paid = self.steps.read(view, self.prices, self.price)
        value, told = self.values[entry], self.known[view.ids][:, None]
        begin, end = view.offsets[:-1], view.offsets[1:] - 1
        value, paid = value * told, paid * told
        nats += np.add.reduceat(value[:, 3] + paid[:, 3], begin)
        scores += np.add.reduceat(value[:, 0] + paid[:, 0], begin)
        scores += value[end, 1] + paid[end, 4] + value[end - 1, 1] + paid[end - 1, 1]
        scores += np.where(view.lengths > 1, value[end - 2, 2] + paid[end - 2, 2], 0.0)
        scores += self.opening[view.ids[begin]] * told[begin, 0]

    @cached_property
    def _table(self) -> _Table:
        return _Table.of(self)


class _Table(NamedTuple):
    """What the compiled loop reads: each entry and each link in 64 bytes, at its place (see `_kernels.label_reader`).

    Attributes:
        start: a row that leads to the state that has read the boundary.
        places: (N + S, 16) where rows lead.
        numbers: (N + S, 8) the same memory: what they say.
    """

    start: int
    places: npt.NDArray[np.int32]
    numbers: F64

    @classmethod
    def of(cls, pooled: Pooled) -> _Table:
        from nextchar._kernels.label_reader import place_states

        steps = pooled.steps
        put, owner = place_states(steps.first, steps.symbols, steps.V)
        N, S = len(owner), len(put)
        rows = _aligned(N + S + 1)
        places = rows.view(np.int32)
        places[:N, 0] = owner
        cells = np.repeat(put, np.diff(steps.first)) + steps.symbols.astype(np.int64)
        for at, state in ((cells, steps.target), (slice(N, N + S), steps.link), (N + S, steps.start)):
            places[at, 1], places[at, 2] = put[state], N + state
        rows[cells, 2:7] = pooled.values[:, [0, 3, 1, 1, 2]]
        rows[N : N + S, 2:7] = pooled.prices[pooled.price][:, [0, 3, 4, 1, 2]]
        return cls(N + S, places, rows)


def _aligned(n: int) -> F64:
    """Zeros, (n, 8), each row in one line of the processor's cache."""
    room = np.zeros(64 * n + 64, dtype=np.uint8)
    shift = -room.ctypes.data % 64
    return room[shift : shift + 64 * n].view(np.float64).reshape(n, 8)


def worth_compiling(symbols: int) -> bool:
    """Whether to read so many symbols, over all labels and directions, by the compiled loop."""
    return symbols >= COMPILED_FROM or kernels_loaded()


def parts_of_texts(log_prob: F64, corpus: Corpus) -> F64:
    """What each model says of each text and its parts, (T, M) -> (n, M, PARTS) nats, negative."""
    begin, end = corpus.offsets[:-1], corpus.offsets[1:] - 1
    parts: npt.NDArray[Any] = np.empty((len(corpus), log_prob.shape[1], PARTS))
    parts[..., WHOLE] = np.add.reduceat(log_prob, begin, axis=0)
    parts[..., END] = log_prob[end]
    parts[..., LAST] = log_prob[end - 1]
    parts[..., BEFORE] = np.where(corpus.lengths[:, None] > 1, log_prob[np.maximum(end - 2, 0)], 0.0)
    parts[..., FIRST] = log_prob[begin]
    return parts
