"""What the lesson says about the data in use: a summary, and the facts that its texts name."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from nextchar.data.corpus import Corpus
from nextchar.models.ngram.counts import Counts

__all__ = ["DataSummary", "data_summary", "facts"]

EXTREMES: Final = 5  # shortest and longest items that are listed
EXAMPLES: Final = 24


@dataclass(frozen=True, kw_only=True)
class DataSummary:
    """A list at a glance.

    Attributes:
        items: how many.
        symbols: characters and one boundary per item.
        characters: without the boundaries.
        distinct: different items.
        alphabet: the symbols as shown to people, the boundary first.
        lengths: (characters, how many items), by length.
        mean_length: characters.
        shortest: a few of the shortest items, shortest first.
        longest: a few of the longest, longest first.
        examples: the first items.
    """

    items: int
    symbols: int
    characters: int
    distinct: int
    alphabet: tuple[str, ...]
    lengths: tuple[tuple[int, int], ...]
    mean_length: float
    shortest: tuple[str, ...]
    longest: tuple[str, ...]
    examples: tuple[str, ...]


def data_summary(corpus: Corpus) -> DataSummary:
    """Look at a list."""
    order = np.argsort(corpus.lengths, kind="stable")
    lengths, times = np.unique(corpus.lengths, return_counts=True)
    few = min(EXTREMES, len(order))
    return DataSummary(
        items=len(corpus),
        symbols=corpus.symbols,
        characters=corpus.symbols - len(corpus),
        distinct=len(corpus.distinct()),
        alphabet=tuple(corpus.alphabet.symbols),
        lengths=tuple(zip(lengths.tolist(), times.tolist(), strict=True)),
        mean_length=float(corpus.lengths.mean()),
        shortest=tuple(corpus.take(order[:few])),
        longest=tuple(corpus.take(order[: -1 - few : -1])),
        examples=tuple(corpus.take(np.arange(min(EXAMPLES, len(corpus))))),
    )


def facts(corpus: Corpus, counts: Counts, loss_nats: float) -> dict[str, Any]:
    """The numbers of the data that the lesson's texts name; `data_name` is the caller's to add.

    Args:
        corpus: the data.
        counts: their bigrams.
        loss_nats: of the bigram model without smoothing on the data themselves, nats per symbol.
    """
    V = corpus.alphabet.size
    [(top_pair, top_count)] = counts.most_frequent(1)
    return {
        "alphabet_size": V,
        "boundary": corpus.alphabet.boundary_sign,
        "cells": V**2,
        "characters": corpus.symbols - len(corpus),
        "distinct": len(corpus.distinct()),
        "empty_cells": V**2 - len(counts.counts),
        "items": len(corpus),
        "letters": len(corpus.alphabet.characters),
        "longest": int(corpus.lengths.max()),
        "loss": loss_nats,
        "mean_length": float(corpus.lengths.mean()),
        "shortest": int(corpus.lengths.min()),
        "size_in_code": str(V),  # as Python writes it, without separators
        "symbols": corpus.symbols,
        "top_count": top_count,
        "top_pair": top_pair,
        "uniform_loss": math.log(V),
    }
