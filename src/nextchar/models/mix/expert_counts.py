"""What the experts count, and what they say of all training data.

Smoothing: a context of n symbols (in units of a usual item's weight) gives away a little of every count to what the
shorter suffix predicts (modified Kneser-Ney discounts, from the counts of counts). The Kneser-Ney family counts in how
many longer contexts a symbol occurred; where the context reaches back to the item's beginning there are none longer,
and the counts stay as they are.

Source: Chen and Goodman (1999), "An empirical study of smoothing techniques for language modeling".

Letters: S symbols of the corpus, R positions to fit to, K kinds of context, E experts, C contexts, M cells, V alphabet.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar._kernels.mix.sizes import state_words
from nextchar.data.alphabet import Ids
from nextchar.data.corpus import Corpus
from nextchar.models.mix.experts import Context, Expert, context_table
from nextchar.models.mix.room import SHORT, Room
from nextchar.models.ngram.smoothing import FALLBACK, closed_form_discounts

__all__ = ["Tables", "count_experts", "positions_of", "sampled_items", "unigram"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Tables:
    """All counts, and what the experts say; the letters and names are those of `Frozen`.

    Attributes:
        experts: in the order of the arrays.
        contexts: (K, 5)
        classes: (V,)
        unigram: (V,) probabilities.
        unit: the weight that counts as once.
        keys: (C,) hashes; those of a kind stand together.
        kind_contexts: (K + 1,) where each kind's contexts begin.
        row_first: (C + 1,) the first cell of each context.
        symbols: (M,)
        counts: (M,) int64 weights.
        continuations: (M,) int64.
        shorter: (M,) int64, the same symbol's cell after the suffix one shorter, or -1.
        whole: (C,) whether continuations do not apply.
        kept: (C,) whether the finished model has it; see `room`.
        kind: (E,)
        discounts: (E, 4)
        totals: for each expert a bucket for each of its kind's contexts, one expert after the other.
        gains: for each expert a number for each of its kind's cells.
        buckets: as gains.
        items: which items' positions follow.
        position_context: (R, K) int32, -1 for none.
        position_cell: (R, K) int32.
    """

    experts: tuple[Expert, ...]
    contexts: I64
    classes: I64
    unigram: F64
    unit: float
    keys: npt.NDArray[np.uint64]
    kind_contexts: I64
    row_first: I64
    symbols: Ids
    counts: I64
    continuations: I64
    shorter: I64
    whole: npt.NDArray[np.bool_]
    kept: npt.NDArray[np.bool_]
    kind: I64
    discounts: F64
    totals: npt.NDArray[np.uint8]
    gains: npt.NDArray[np.float32]
    buckets: npt.NDArray[np.uint8]
    items: I64
    position_context: npt.NDArray[np.int32]
    position_cell: npt.NDArray[np.int32]


@dataclass(eq=False)
class _Kind:
    """One kind of context: its counts, and the cell of each position."""

    keys: npt.NDArray[np.uint64]
    row_first: I64
    symbols: Ids
    counts: I64
    whole: npt.NDArray[np.bool_]
    kept: npt.NDArray[np.bool_]
    cell: npt.NDArray[np.int32]  # (S,)
    continuations: I64
    shorter: npt.NDArray[np.int64]

    def met(self) -> I64:
        """At how many positions each context was met, (C,)."""
        times = np.bincount(self.cell[self.cell >= 0], minlength=len(self.counts))
        sums: I64 = np.diff(np.concatenate([[0], np.cumsum(times)])[self.row_first])
        return sums

    def without(self, kept: npt.NDArray[np.bool_]) -> _Kind:
        """Some of the contexts, of a kind that is no suffix; the others' positions are in no cell."""
        widths = np.diff(self.row_first)
        cells = np.repeat(kept, widths)
        number = np.append(np.where(cells, np.cumsum(cells, dtype=np.int32) - 1, -1), -1).astype(np.int32)
        return _Kind(
            keys=self.keys[kept],
            row_first=np.concatenate([[0], np.cumsum(widths[kept])]),
            symbols=self.symbols[cells],
            counts=self.counts[cells],
            whole=self.whole[kept],
            kept=self.kept[kept],
            cell=number[self.cell],
            continuations=self.continuations[cells],
            shorter=self.shorter[cells],
        )


def unigram(corpus: Corpus) -> F64:
    """The probability of each symbol, (V,), half an item's weight added to each count."""
    unit = _unit(corpus)
    weights = np.repeat(corpus.weights_or_ones, corpus.lengths + 1) / unit
    counts = np.bincount(corpus.ids, weights, minlength=corpus.alphabet.size) + 0.5
    p: F64 = counts / counts.sum()
    return p


def _unit(corpus: Corpus) -> float:
    weights = corpus.weights_or_ones
    return float(max(np.median(weights[weights > 0]), 1.0)) if (weights > 0).any() else 1.0


def sampled_items(corpus: Corpus, positions: int, seed: int) -> I64:
    """Items, in a random order, of so many positions together; all if there are no more."""
    order = np.random.default_rng(seed).permutation(len(corpus)).astype(np.int64)
    ends = np.cumsum(corpus.lengths[order] + 1)
    return order[: max(int(np.searchsorted(ends, positions, side="right")), 1)]


def count_experts(
    corpus: Corpus,
    experts: Sequence[Expert],
    classes: I64,
    items: I64,
    go_on: Callable[[float], bool],
) -> Tables:
    """Count what follows in every kind of context.

    Args:
        corpus: the training data.
        experts: as in `experts.EXPERTS`; the suffixes must come first.
        classes: (V,) of the symbols.
        items: whose positions to keep for the fit.
        go_on: is told the share of the work done after each kind; False leaves the remaining kinds out, suffixes
            excepted.
    """
    counter = _Counter(corpus, classes)
    room = Room(corpus, experts)
    wanted = list(dict.fromkeys(expert.context for expert in experts))
    chain = [context for context in wanted if context.chain]
    kinds: list[_Kind] = []
    for context in chain:
        kinds.append(counter.count(context))
        go_on(len(kinds) / len(wanted))
    _continue(kinds)
    _forget(room, chain, kinds)
    places = positions_of(corpus, items)
    saying = _Saying(corpus, experts, counter.unit)
    for context, kind in zip(chain, kinds, strict=True):
        saying.add(context, kind)
    saying.forget_raw_suffixes()
    kept = [kind.cell[places] for kind in kinds]
    for kind in kinds:
        kind.cell = kind.cell[:0]
    counted = list(chain)
    for done, context in enumerate(wanted[len(chain) :], len(chain) + 1):
        if not room.hopeless(context):
            kind = counter.count(context)
            often = kind.met() > room.scarce
            if room.takes(context, kind.row_first, kind.cell, often):
                if not often.all():
                    kind = kind.without(often)
                saying.add(context, kind)
                kept.append(kind.cell[places])
                kind.cell = kind.cell[:0]
                kinds.append(kind)
                counted.append(context)
        if not go_on(done / len(wanted)):
            break
    return _joined(counted, kinds, kept, saying, items, classes, counter.unit)


def _forget(room: Room, chain: Sequence[Context], kinds: Sequence[_Kind]) -> None:
    """Mark the long suffixes that the finished model does not have."""
    met = [kind.met() for kind in kinds] if room.scarce else []
    least = room.remembered([(c, k.row_first, m) for c, k, m in zip(chain, kinds, met, strict=False)])
    for context, kind, times in zip(chain, kinds, met, strict=False):
        if context.chain >= SHORT:
            kind.kept = times >= least


class _Counter:
    """Counts one kind of context after the other, in the same working memory."""

    def __init__(self, corpus: Corpus, classes: I64) -> None:
        self.corpus, self.classes, self.unit = corpus, classes, _unit(corpus)
        S = corpus.symbols
        slots = 1 << max(2 * S - 1, 2).bit_length()
        self._slots = np.empty(slots, dtype=np.uint64), np.empty(slots, dtype=np.int32)
        self._keys, self._at_start = np.empty(S, dtype=np.uint64), np.empty(S, dtype=np.bool_)
        self._cells = np.empty(S, dtype=np.int32), np.empty(S, dtype=corpus.alphabet.dtype)
        self._weights = np.repeat(corpus.weights_or_ones, corpus.lengths + 1)

    def count(self, context: Context) -> _Kind:
        from nextchar._kernels.mix.contexts import count_contexts

        cell = np.empty(self.corpus.symbols, dtype=np.int32)
        V = self.corpus.alphabet.size
        table = context_table([context], V)
        C, M = count_contexts(
            self.corpus.ids, table[0], self.classes, V, state_words(table, V), *self._slots, self._keys,
            self._at_start, cell, *self._cells,
        )  # fmt: skip
        cell_context, cell_symbol = (array[:M] for array in self._cells)
        order = np.argsort(cell_context, kind="stable")
        rank = np.empty(M + 1, dtype=np.int32)
        rank[order], rank[M] = np.arange(M, dtype=np.int32), -1  # cell -1, of no context, stays -1
        cell = rank[cell]
        inside = cell >= 0
        counts = np.bincount(cell[inside], self._weights[inside].astype(np.float64), minlength=M)
        row_first = np.zeros(C + 1, dtype=np.int64)
        np.cumsum(np.bincount(cell_context, minlength=C), out=row_first[1:])
        return _Kind(
            keys=self._keys[:C].copy(),
            row_first=row_first,
            symbols=cell_symbol[order],
            counts=counts.astype(np.int64),
            whole=self._at_start[:C].copy(),
            kept=np.ones(C, dtype=np.bool_),
            cell=cell,
            continuations=np.zeros(M, dtype=np.int64),
            shorter=np.full(M, -1, dtype=np.int64),
        )


def _continue(kinds: Sequence[_Kind]) -> None:
    """Count the continuations of suffixes 1, 2, ...: each cell of a suffix is one for the suffix one shorter."""
    kinds[-1].whole[:] = True
    for short, long in itertools.pairwise(kinds):
        both = (long.cell >= 0) & (short.cell >= 0)
        long.shorter[long.cell[both]] = short.cell[both]
        known = long.shorter[long.shorter >= 0]
        short.continuations = np.bincount(known, minlength=len(short.counts)).astype(np.int64)


def positions_of(corpus: Corpus, items: I64) -> I64:
    """The positions of these items, one item after the other."""
    sizes = corpus.lengths[items] + 1
    ends = np.cumsum(sizes)
    places: I64 = np.arange(ends[-1]) + np.repeat(corpus.offsets[items] - (ends - sizes), sizes)
    return places


class _Said(NamedTuple):
    """What one expert says; see `Tables`."""

    expert: Expert
    discounts: F64
    totals: npt.NDArray[np.uint8]
    gains: npt.NDArray[np.float32]
    buckets: npt.NDArray[np.uint8]


class _Saying:
    """What the experts say of every cell, suffix by suffix."""

    def __init__(self, corpus: Corpus, experts: Sequence[Expert], unit: float) -> None:
        self.experts, self.unit, self.unigram = experts, unit, unigram(corpus)
        base = self.unigram[corpus.ids]
        # p of each position's symbol after the suffix of 0, 1, ... symbols; of raw ones only after the last of them
        self.low = {"kn": [base], "raw": [base]}
        self.said: list[_Said] = []

    def add(self, context: Context, kind: _Kind) -> None:
        from nextchar._kernels.mix.leave_one_out import freeze

        for expert in self.experts:
            if expert.context != context:
                continue
            raw = context.chain and expert.family == "raw"
            lows = self.low["raw" if raw else "kn"]
            counts = kind.counts / self.unit
            if expert.family == "kn":
                whole = np.repeat(kind.whole, np.diff(kind.row_first))
                counts = np.where(whole, counts, kind.continuations)
            inside = kind.cell >= 0
            low = np.empty(len(counts))
            low[kind.cell[inside]] = lows[-1 if raw else expert.backoff][inside]
            totals = np.empty(len(kind.keys), dtype=np.uint8)
            gains = np.empty(len(counts), dtype=np.float32)
            buckets = np.empty(len(counts), dtype=np.uint8)
            discounts = _discounts(counts)
            freeze(counts, kind.row_first, low, discounts, totals, gains, buckets)
            if context.chain:
                longer = lows[-1].copy()
                longer[inside] = low[kind.cell[inside]]
                if raw:
                    lows.clear()
                lows.append(longer)
            self.said.append(_Said(expert, discounts, totals, gains, buckets))

    def forget_raw_suffixes(self) -> None:
        """After the suffixes; the others fall back on the Kneser-Ney ones."""
        self.low["raw"].clear()


def _discounts(counts: F64) -> F64:
    """What counts of 0, 1, 2, 3 and more units give away, (4,); parts of a unit count as the unit that they are of.

    Each gives something away: an expert's gain is a ratio to what is left for the shorter suffix.
    """
    n = np.array([0, *(np.sum((counts > r - 1) & (counts <= r)) for r in range(1, 5))])
    found = closed_form_discounts(n, n4_needed=True)
    return np.concatenate([[0.0], FALLBACK if found is None or not found.all() else found])


def _joined(
    contexts: Sequence[Context],
    kinds: Sequence[_Kind],
    kept: Sequence[npt.NDArray[np.int32]],
    saying: _Saying,
    items: I64,
    classes: I64,
    unit: float,
) -> Tables:
    kind_contexts = np.cumsum([0, *(len(kind.keys) for kind in kinds)])
    kind_cells = np.cumsum([0, *(len(kind.counts) for kind in kinds)])
    # whatever falls back on a suffix comes after it and before the next longer one, the suffix itself first
    said = sorted(saying.said, key=lambda entry: (entry.expert.backoff, entry.expert.context.chain))
    experts = tuple(entry.expert for entry in said)
    cells = np.stack(kept, axis=1)
    row_first = np.concatenate([[0], *(kind.row_first[1:] + at for kind, at in zip(kinds, kind_cells, strict=False))])
    position_context = np.full(cells.shape, -1, dtype=np.int32)
    for k, kind in enumerate(kinds):
        inside = cells[:, k] >= 0
        local = np.searchsorted(kind.row_first, cells[inside, k], side="right") - 1
        position_context[inside, k] = local + kind_contexts[k]
        cells[inside, k] += kind_cells[k]
    return Tables(
        experts=experts,
        contexts=context_table(list(contexts), len(saying.unigram)),
        classes=classes,
        unigram=saying.unigram,
        unit=unit,
        keys=np.concatenate([kind.keys for kind in kinds]),
        kind_contexts=kind_contexts,
        row_first=row_first,
        symbols=np.concatenate([kind.symbols for kind in kinds]),
        counts=np.concatenate([kind.counts for kind in kinds]),
        continuations=np.concatenate([kind.continuations for kind in kinds]),
        shorter=np.concatenate(
            [np.where(kind.shorter >= 0, kind.shorter + kind_cells[max(k - 1, 0)], -1) for k, kind in enumerate(kinds)]
        ),
        whole=np.concatenate([kind.whole for kind in kinds]),
        kept=np.concatenate([kind.kept for kind in kinds]),
        kind=np.array([contexts.index(expert.context) for expert in experts]),
        discounts=np.stack([entry.discounts for entry in said]),
        totals=np.concatenate([entry.totals for entry in said]),
        gains=np.concatenate([entry.gains for entry in said]),
        buckets=np.concatenate([entry.buckets for entry in said]),
        items=items,
        position_context=position_context,
        position_cell=cells,
    )
