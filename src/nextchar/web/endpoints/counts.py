"""What can be asked about the table of counts and of probabilities. Each endpoint: check the input, call, shape.

Letters: V size of the alphabet, N the table of counts (V, V), P the table of probabilities (V, V).
"""

from __future__ import annotations

from typing import Any, Final

from nextchar.lesson.tables import (
    add_to_counts,
    bigram_cell,
    broadcast_example,
    empty_cells,
    excerpt,
    items_with_pair,
    keepdim_mistake,
    shown_in_row,
    word_pairs,
)
from nextchar.web.dispatcher import ApiCall, Endpoint
from nextchar.web.endpoints.parameters import add_of, typed_word
from nextchar.web.json_views import cell_view, excerpt_view, symbols_view, word_view

__all__ = ["ENDPOINTS", "counts", "encode", "keepdim", "pair", "row", "word_cells"]


def _symbol(call: ApiCall, name: str) -> int:
    return call.fields.whole(name, low=0, high=call.data.corpus.alphabet.size - 1)


def encode(call: ApiCall) -> Any:
    """A word as symbols, ids and bigrams."""
    return word_view(word_pairs(call.data.corpus.alphabet, typed_word(call)))


def counts(call: ApiCall) -> Any:
    """The table of counts or of probabilities."""
    data, add = call.data, add_of(call)
    what = call.fields.choice("what", ("counts", "probs"), "counts")
    N, ids = call.cache.table(data), call.cache.shown_ids(data)
    table = add_to_counts(N, add) if what == "counts" else call.cache.rows(data, add)
    seen = call.cache.counts(data)
    return {
        **symbols_view(data.corpus.alphabet, ids),
        **excerpt_view(excerpt(table, ids)),
        "what": what,
        "add": add,
        "total": seen.total,
        "cells": N.size,
        "empty": empty_cells(N),
        "most_frequent": [{"pair": pair, "count": times} for pair, times in seen.most_frequent(20)],
    }


def pair(call: ApiCall) -> Any:
    """One cell of the table, with items that contain its pair."""
    data, first, second = call.data, _symbol(call, "first"), _symbol(call, "second")
    N, P = call.cache.table(data), call.cache.rows(data, add_of(call))
    return {
        **cell_view(bigram_cell(data.corpus.alphabet, N, P, first, second)),
        "examples": items_with_pair(data.corpus, first, second),
    }


def word_cells(call: ApiCall) -> Any:
    """The cells that a word walks through; those of a character that the data do not have are empty."""
    data, word = call.data, word_pairs(call.data.corpus.alphabet, typed_word(call))
    N, P = call.cache.table(data), call.cache.rows(data, add_of(call))
    cells: list[dict[str, Any]] = []
    for text, first, second in word.pairs:
        if first is None or second is None:
            cells.append({"pair": text, "first": first, "second": second, "count": 0, "probability": None})
        else:
            cells.append(cell_view(bigram_cell(data.corpus.alphabet, N, P, first, second)))
    return {"cells": cells, "unknown": list(word.unknown)}


def row(call: ApiCall) -> Any:
    """One row of the table."""
    data, first = call.data, _symbol(call, "first")
    probabilities = call.cache.rows(data, add_of(call))[first]
    ids = shown_in_row(probabilities)
    counted = call.cache.table(data)[first]
    return {
        **symbols_view(data.corpus.alphabet, ids),
        "symbol": data.corpus.alphabet.symbols[first],
        "counts": counted[ids].tolist(),
        "total": int(counted.sum()),
        "probabilities": probabilities[ids].tolist(),
    }


def keepdim(call: ApiCall) -> Any:
    """The table divided by its row sums, and, by mistake, each column by the sum of the row of its number."""
    data = call.data
    ids, tables = call.cache.shown_ids(data), keepdim_mistake(call.cache.table(data))
    right, wrong = excerpt(tables.right, ids), excerpt(tables.wrong, ids)
    small = broadcast_example()
    return {
        **symbols_view(data.corpus.alphabet, ids),
        "right": right.values.tolist(),
        "wrong": wrong.values.tolist(),
        "row_sums_right": right.row_sums.tolist(),
        "row_sums_wrong": wrong.row_sums.tolist(),
        "column_sums_right": right.column_sums.tolist(),
        "column_sums_wrong": wrong.column_sums.tolist(),
        "small": {
            "items": small.items,
            "labels": small.labels,
            "counts": small.counts.tolist(),
            "sums": small.sums.tolist(),
            "right": small.right.tolist(),
            "wrong": small.wrong.tolist(),
            "row_sums_right": small.right.sum(axis=1).tolist(),
            "row_sums_wrong": small.wrong.sum(axis=1).tolist(),
        },
    }


ENDPOINTS: Final = (
    Endpoint(method="POST", path="/api/encode", answer=encode),
    Endpoint(method="GET", path="/api/counts", answer=counts),
    Endpoint(method="GET", path="/api/pair", answer=pair),
    Endpoint(method="POST", path="/api/cells", answer=word_cells),
    Endpoint(method="GET", path="/api/row", answer=row),
    Endpoint(method="GET", path="/api/keepdim", answer=keepdim),
)
