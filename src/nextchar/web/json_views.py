"""From the library's objects to the JSON of the page: the small amount of shaping, and no mathematics of the models.

Large alphabets: a heat map of thousands of symbols cannot be read, so tables show the boundary and the most frequent
39; the list of ids that are shown goes with them.

Letters: V size of the alphabet, K symbols shown.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nextchar.data.alphabet import BOUNDARY, Alphabet
from nextchar.data.corpus import Corpus
from nextchar.web.dataset import Dataset
from nextchar.web.model_cache import ModelCache

__all__ = ["bigrams", "cells", "data_view", "examples_of", "facts", "labels", "row_ids", "shown_ids", "table_view"]

Ids = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]

WHOLE_UP_TO: Final = 60  # symbols that are all shown
SHOWN: Final = 40  # else


def shown_ids(cache: ModelCache, data: Dataset) -> Ids:
    """The ids that tables show, (K,), in order: all, or the boundary and the most frequent."""
    V = data.corpus.alphabet.size
    if V <= WHOLE_UP_TO:
        return np.arange(V)
    return cache.keep(data, "shown", lambda: _largest(np.bincount(data.corpus.ids, minlength=V)))


def row_ids(probabilities: F64, *always: int) -> Ids:
    """The ids that one row shows, in order: all, or the boundary, the most probable and those always shown."""
    if len(probabilities) <= WHOLE_UP_TO:
        return np.arange(len(probabilities))
    return np.union1d(_largest(probabilities), np.array(always, dtype=np.int64))


def _largest(values: npt.NDArray[Any]) -> Ids:
    values = values.astype(np.float64)
    values[BOUNDARY] = np.inf
    ids: Ids = np.sort(np.argsort(-values, kind="stable")[:SHOWN]).astype(np.int64)
    return ids


def labels(alphabet: Alphabet, ids: Ids) -> list[str]:
    """The symbols of some ids as shown to people."""
    return [alphabet.symbols[i] for i in ids]


def table_view(alphabet: Alphabet, ids: Ids) -> dict[str, Any]:
    """What goes with every table: labels, ids, and whether there are more symbols than shown."""
    return {
        "labels": labels(alphabet, ids),
        "ids": ids.tolist(),
        "truncated": len(ids) < alphabet.size,
        "alphabet_size": alphabet.size,
    }


def data_view(cache: ModelCache, data: Dataset, name: str) -> dict[str, Any]:
    """The data in use."""
    return {"name": name, "own": data.own, **cache.keep(data, "view", lambda: _data_view(data.corpus), 1 << 17)}


def _data_view(corpus: Corpus) -> dict[str, Any]:
    order = np.argsort(corpus.lengths, kind="stable")
    lengths, times = np.unique(corpus.lengths, return_counts=True)
    return {
        "items": len(corpus),
        "symbols": corpus.symbols,
        "characters": corpus.symbols - len(corpus),
        "distinct": len(corpus.distinct()),
        "alphabet": list(corpus.alphabet.symbols),
        "lengths": np.stack([lengths, times], axis=1).tolist(),
        "mean_length": float(corpus.lengths.mean()),
        "shortest": list(corpus.take(order[:5])),
        "longest": list(corpus.take(order[: -1 - min(5, len(order)) : -1])),
        "examples": list(corpus.take(np.arange(min(24, len(corpus))))),
    }


def facts(cache: ModelCache, data: Dataset, name: str) -> dict[str, Any]:
    """The numbers of the data that the lesson's texts name."""
    return {"data_name": name, **cache.keep(data, "facts", lambda: _facts(cache, data))}


def _facts(cache: ModelCache, data: Dataset) -> dict[str, Any]:
    corpus, counts = data.corpus, cache.counts(data)
    V = corpus.alphabet.size
    (top_pair, top_count), *_ = counts.most_frequent(1)
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
        "loss": cache.loss(data),
        "mean_length": float(corpus.lengths.mean()),
        "shortest": int(corpus.lengths.min()),
        "size_in_code": str(V),  # as Python writes it, without separators
        "symbols": corpus.symbols,
        "top_count": top_count,
        "top_pair": top_pair,
        "uniform_loss": float(np.log(V)),
    }


def bigrams(alphabet: Alphabet, text: str) -> dict[str, Any]:
    """A word as symbols, ids and pairs; the id of a character that the data do not have is None."""
    ids = [alphabet.symbols.index(c, 1) if c in alphabet.characters else None for c in text]
    symbols = [alphabet.boundary_sign, *text, alphabet.boundary_sign] if text else []
    wrapped = [BOUNDARY, *ids, BOUNDARY] if text else []
    pairs = zip(symbols, symbols[1:], wrapped, wrapped[1:], strict=False)
    return {
        "symbols": symbols,
        "ids": wrapped,
        "bigrams": [{"pair": a + b, "first": first, "second": second} for a, b, first, second in pairs],
        "naive": [a + b for a, b in pairwise(text)],
        "unknown": sorted({c for c in text if c not in alphabet.characters}),
    }


def cells(cache: ModelCache, data: Dataset, text: str, rows: F64) -> dict[str, Any]:
    """The cells of the table that a word walks through."""
    word = bigrams(data.corpus.alphabet, text)
    table = cache.keep(data, "table", lambda: cache.counts(data).table(), 8 * rows.size)
    for pair in word["bigrams"]:
        place = pair["first"], pair["second"]
        known = None not in place
        pair["count"] = int(table[place]) if known else 0
        pair["probability"] = float(rows[place]) if known else None
    return {"cells": word["bigrams"], "unknown": word["unknown"]}


def examples_of(corpus: Corpus, first: int, second: int, most: int = 8) -> list[str]:
    """Different items that contain a pair, in the order of the data."""
    before = np.concatenate([[BOUNDARY], corpus.ids[:-1]])  # each item ends with the boundary that the next begins with
    at = np.flatnonzero((before == first) & (corpus.ids == second))
    items = np.searchsorted(corpus.offsets, at, side="right") - 1
    return list(dict.fromkeys(corpus[int(item)] for item in items[: 20 * most]))[:most]
