"""What can be asked about the data and the table of counts. Each endpoint: check the input, call the library, shape.

Letters: V size of the alphabet, N the table of counts (V, V), P the table of probabilities (V, V).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from nextchar.automata.automaton_model import rows_of
from nextchar.data.corpus import Corpus
from nextchar.web.dataset import Dataset
from nextchar.web.dispatcher import ApiCall, Endpoint
from nextchar.web.json_views import bigrams, cells, data_view, examples_of, row_ids, shown_ids, table_view
from nextchar.web.request_errors import RequestError

__all__ = [
    "ENDPOINTS",
    "LARGEST_ORDER",
    "LONGEST",
    "add_of",
    "counts",
    "counts_table",
    "drop_data",
    "encode",
    "get_data",
    "items",
    "keepdim",
    "order_of",
    "pair",
    "put_data",
    "row",
    "rows",
    "word_cells",
    "word_of",
]

F64 = np.ndarray[Any, np.dtype[np.float64]]

OWN_BYTES: Final = 2_000_000
OWN_ITEMS: Final = 100_000
OWN_ITEM_CHARACTERS: Final = 1_000
OWN_ALPHABET: Final = 2_000
WORD: Final = 200  # characters of what is typed
LONGEST: Final = 200
LISTED: Final = 200
LARGEST_ORDER: Final = 6
LARGEST_ADD: Final = 1e9


def add_of(call: ApiCall, default: float = 0.0) -> float:
    """The visitor's k."""
    return call.fields.number("add", default, low=0, high=LARGEST_ADD)


def order_of(call: ApiCall, default: int = 2) -> int:
    """The visitor's order."""
    return call.fields.whole("order", default, low=1, high=LARGEST_ORDER)


def rows(call: ApiCall, data: Dataset, add: float) -> F64:
    """P of the bigram model, (V, V)."""
    return call.cache.keep(
        data, ("rows", add), lambda: rows_of(call.cache.ngram(data, 2, add)), 8 * data.corpus.alphabet.size**2
    )


def counts_table(call: ApiCall, data: Dataset) -> Any:
    """N, (V, V)."""
    return call.cache.keep(data, "table", lambda: call.cache.counts(data).table(), 8 * data.corpus.alphabet.size**2)


def _symbol(call: ApiCall, name: str) -> int:
    return call.fields.whole(name, low=0, high=call.data.corpus.alphabet.size - 1)


def word_of(call: ApiCall, name: str = "text", default: str | None = None) -> str:
    """What the visitor typed, treated as the items of the data were."""
    text = call.fields.text(name, default, longest=WORD)
    return call.data.corpus.options.apply(text)


# -- the data -------------------------------------------------------------------------------------------------------


def get_data(call: ApiCall) -> Any:
    """The data in use."""
    return data_view(call.cache, call.data, call.data_name)


def put_data(call: ApiCall) -> Any:
    """Use a list of the visitor's own."""
    session = call.need_session()
    call.sessions.note_upload(session)
    text = call.fields.text("text", longest=OWN_BYTES, lines=True).removeprefix("\ufeff")
    call.sessions.use(session, Dataset("own", True, _own_corpus(text)))
    return get_data(call)


def _own_corpus(text: str) -> Corpus:
    """A visitor's list, within limits."""
    size = len(text.encode())
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    items = sum(not line.isspace() for line in lines if line)
    longest = max(map(len, lines))
    characters = len(set(text) - set("\r\n"))
    for status, code, key, have, most in (
        (413, "too-large", "list-too-large", size, OWN_BYTES),
        (422, "too-many-items", "too-many-items", items, OWN_ITEMS),
        (422, "item-too-long", "item-too-long", longest, OWN_ITEM_CHARACTERS),
        (422, "too-many-characters", "too-many-characters", characters, OWN_ALPHABET),
    ):
        if have > most:
            raise RequestError(status, code, key, have=have, most=most)
    if not items:
        raise RequestError(422, "empty", "empty-list")
    return Corpus.from_lines(lines)


def drop_data(call: ApiCall) -> Any:
    """Go back to the data that were there at first."""
    if call.session is not None:
        call.sessions.use(call.session, None)
    return get_data(call)


def items(call: ApiCall) -> Any:
    """Items in the order of the data, or those that contain a text."""
    wanted = call.fields.text("contains", "", longest=WORD)
    begin = call.fields.whole("offset", 0, low=0, high=10**9)
    most = call.fields.whole("limit", 24, low=1, high=LISTED)
    corpus = call.data.corpus
    found = list(corpus) if not wanted else [item for item in corpus if wanted in item]
    return {"found": len(found), "items": found[begin : begin + most]}


def encode(call: ApiCall) -> Any:
    """A word as symbols, ids and bigrams."""
    return bigrams(call.data.corpus.alphabet, word_of(call))


# -- counts and probabilities ---------------------------------------------------------------------------------------


def counts(call: ApiCall) -> Any:
    """The table of counts or of probabilities."""
    data, add = call.data, add_of(call)
    what = call.fields.choice("what", ("counts", "probs"), "counts")
    N, ids = counts_table(call, data), shown_ids(call.cache, data)
    table = N + (int(add) if add == int(add) else add) if what == "counts" else rows(call, data, add)
    pairs = call.cache.counts(data).most_frequent(20)
    return {
        **table_view(data.corpus.alphabet, ids),
        "what": what,
        "add": add,
        "table": table[np.ix_(ids, ids)].tolist(),
        "total": int(N.sum()),
        "cells": N.size,
        "empty": int((N == 0).sum()),
        "most_frequent": [{"pair": pair, "count": times} for pair, times in pairs],
        "row_sums": table.sum(axis=1)[ids].tolist(),
        "column_sums": table.sum(axis=0)[ids].tolist(),
    }


def pair(call: ApiCall) -> Any:
    """One cell of the table, with items that contain its pair."""
    data, add = call.data, add_of(call)
    first, second = _symbol(call, "first"), _symbol(call, "second")
    N = counts_table(call, data)
    return {
        "pair": data.corpus.alphabet.show([first, second]),
        "first": first,
        "second": second,
        "count": int(N[first, second]),
        "row_total": int(N[first].sum()),
        "probability": float(rows(call, data, add)[first, second]),
        "examples": examples_of(data.corpus, first, second),
    }


def word_cells(call: ApiCall) -> Any:
    """The cells that a word walks through."""
    return cells(call.cache, call.data, word_of(call), rows(call, call.data, add_of(call)))


def row(call: ApiCall) -> Any:
    """One row of the table."""
    data, first = call.data, _symbol(call, "first")
    probabilities = rows(call, data, add_of(call))[first]
    ids = row_ids(probabilities)
    counted = counts_table(call, data)[first]
    return {
        **table_view(data.corpus.alphabet, ids),
        "symbol": data.corpus.alphabet.symbols[first],
        "counts": counted[ids].tolist(),
        "total": int(counted.sum()),
        "probabilities": probabilities[ids].tolist(),
    }


def keepdim(call: ApiCall) -> Any:
    """The table divided by its row sums, and, by mistake, each column by the sum of the row of its number."""
    data = call.data
    N, ids = counts_table(call, data), shown_ids(call.cache, data)
    right, wrong = N / N.sum(axis=1, keepdims=True), N / N.sum(axis=1)
    shown = np.ix_(ids, ids)
    return {
        **table_view(data.corpus.alphabet, ids),
        "right": right[shown].tolist(),
        "wrong": wrong[shown].tolist(),
        "row_sums_right": right.sum(axis=1)[ids].tolist(),
        "row_sums_wrong": wrong.sum(axis=1)[ids].tolist(),
        "column_sums_right": right.sum(axis=0)[ids].tolist(),
        "column_sums_wrong": wrong.sum(axis=0)[ids].tolist(),
    }


ENDPOINTS: Final = (
    Endpoint(method="GET", path="/api/data", answer=get_data),
    Endpoint(method="POST", path="/api/data", answer=put_data, work="sampling", body_bytes=2 * OWN_BYTES + 64_000),
    Endpoint(method="DELETE", path="/api/data", answer=drop_data),
    Endpoint(method="GET", path="/api/items", answer=items),
    Endpoint(method="POST", path="/api/encode", answer=encode),
    Endpoint(method="GET", path="/api/counts", answer=counts),
    Endpoint(method="GET", path="/api/pair", answer=pair),
    Endpoint(method="POST", path="/api/cells", answer=word_cells),
    Endpoint(method="GET", path="/api/row", answer=row),
    Endpoint(method="GET", path="/api/keepdim", answer=keepdim),
)
