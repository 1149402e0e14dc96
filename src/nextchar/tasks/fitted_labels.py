"""What a fitted classifier holds: of each label the counts of its texts, and how much its models' words weigh.

Letters: n texts, C labels, F features of a text and a label, V alphabet.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nextchar.core.numerics import normalised
from nextchar.data.alphabet import Alphabet
from nextchar.data.corpus import Corpus
from nextchar.data.display import one_line
from nextchar.models.ngram.counts import Counts, count
from nextchar.models.ngram.model import Ngram
from nextchar.tasks.label_reader import PARTS, LabelReader, Pooled, models_of, reversed_items, worth_compiling
from nextchar.tasks.labels import Labels
from nextchar.tasks.typicality import Typicality

__all__ = ["CountPairs", "FittedLabels", "highest_order", "label_counts", "strangers"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
CountPairs = list[tuple[Counts, Counts]]  # of each label: forwards and backwards
CHUNK: Final = 1 << 19  # symbols judged at a time


@dataclass(frozen=True, eq=False)
class FittedLabels:
    """The models of all labels, and the pool that weighs them.

    Attributes:
        specs: the settings that they were trained with.
        classes: (C,) the labels, sorted, of the type that they had.
        weights: (F,) of the pool.
        biases: (C,) constants of the labels, those of the prior among them.
        counts: of each label's texts, forwards and backwards.
        typicality: what is usual for each label; None where that was not learned (a file of version 0.1.0).
    """

    specs: tuple[Ngram, ...]
    classes: Labels
    weights: F64
    biases: F64
    counts: CountPairs
    typicality: Typicality | None

    __repr__ = one_line

    @property
    def alphabet(self) -> Alphabet:
        """The characters that the models know."""
        return self.counts[0][0].alphabet

    @property
    def known(self) -> Bools:
        """Which symbols some label knows, (V,)."""
        known = np.ones(self.alphabet.size, dtype=np.bool_)
        if (unknown := self.alphabet.unknown) is not None:
            known[unknown] = False
        return known

    @cached_property
    def pools(self) -> list[tuple[Pooled, Pooled]]:
        """The models of each label, forwards and backwards, weighed."""
        models = models_of(self.specs)
        usual = np.full(len(models), 1 / (2 * len(models)))
        weights = self.weights.reshape(len(models), 2, PARTS)
        pools = []
        for pair in self.counts:
            forwards, backwards = (
                LabelReader(counts).pooled(models, weights[:, way], usual, self.known)
                for way, counts in enumerate(pair)
            )
            pools.append((forwards, backwards))
        return pools

    def judge(self, corpus: Corpus, *, typicality: bool) -> tuple[F64, F64 | None]:
        """Log p(label | text), (n, C), nats, and how usual each text is, (n,), if that is asked for and known."""
        n, C = len(corpus), len(self.classes)
        scores, nats = np.empty((n, C)), np.empty((n, C))
        compiled = worth_compiling(2 * C * corpus.symbols)
        parts = [(part, reversed_items(part)) for part in corpus.slices(CHUNK)]
        pools = self.pools

        def read(label: int) -> None:
            begin = 0
            for views in parts:
                texts = len(views[0])
                score, cost = np.full(texts, self.biases[label]), np.zeros(texts)
                for view, pooled in zip(views, pools[label], strict=True):
                    pooled.add_to(score, cost, view, compiled=compiled)
                scores[begin : begin + texts, label], nats[begin : begin + texts, label] = score, cost
                begin += texts

        if compiled:  # the loop lets other threads run
            with ThreadPoolExecutor(min(C, os.cpu_count() or 1)) as threads:
                list(threads.map(read, range(C)))
        else:
            for label in range(C):
                read(label)
        usual = None
        if typicality and self.typicality is not None:
            usual = self.typicality.typicality(nats, strangers(corpus, self.known), corpus.lengths + 1)
        return normalised(scores), usual

    def __getstate__(self) -> dict[str, Any]:
        """What a file holds; the rest is made anew."""
        return {name: value for name, value in vars(self).items() if name != "pools"}


def highest_order(specs: Sequence[Ngram]) -> int:
    """The order that the counts of a label need."""
    return max(spec.order for spec in specs)


def label_counts(order: int, parts: Sequence[Corpus]) -> CountPairs:
    """The n-grams of each label's texts, as they are and reversed."""
    return [(count(part, order), count(reversed_items(part), order)) for part in parts]


def strangers(corpus: Corpus, known: Bools) -> I64:
    """How many characters of each text no label knows, (n,)."""
    strange = ~known[corpus.ids]
    if not strange.any():
        return np.zeros(len(corpus), dtype=np.int64)
    number: I64 = np.add.reduceat(strange, corpus.offsets[:-1], dtype=np.int64)
    return number
