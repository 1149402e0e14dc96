"""What can be asked about the data and the table of counts. Each endpoint: check the input, call the library, shape.

Letters: V size of the alphabet, N the table of counts (V, V), P the table of probabilities (V, V).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from nextchar.automata.automaton_model import rows_of
from nextchar.data.corpus import Corpus
from nextchar.web.json_views import bigrams, cells, data_view, examples_of, row_ids, shown_ids, table_view
from nextchar.web.model_cache import Data
from nextchar.web.requests import RefusedError
from nextchar.web.runner import Ask, Endpoint

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


def add_of(ask: Ask, default: float = 0.0) -> float:
    """The visitor's k."""
    return ask.fields.number("add", default, low=0, high=LARGEST_ADD)


def order_of(ask: Ask, default: int = 2) -> int:
    """The visitor's order."""
    return ask.fields.whole("order", default, low=1, high=LARGEST_ORDER)


def rows(ask: Ask, data: Data, add: float) -> F64:
    """P of the bigram model, (V, V)."""
    return ask.stock.keep(
        data, ("rows", add), lambda: rows_of(ask.stock.ngram(data, 2, add)), 8 * data.corpus.alphabet.size**2
    )


def counts_table(ask: Ask, data: Data) -> Any:
    """N, (V, V)."""
    return ask.stock.keep(data, "table", lambda: ask.stock.counts(data).table(), 8 * data.corpus.alphabet.size**2)


def _symbol(ask: Ask, name: str) -> int:
    return ask.fields.whole(name, low=0, high=ask.data.corpus.alphabet.size - 1)


def word_of(ask: Ask, name: str = "text", default: str | None = None) -> str:
    """What the visitor typed, treated as the items of the data were."""
    text = ask.fields.text(name, default, longest=WORD)
    return ask.data.corpus.options.apply(text)


# -- the data -------------------------------------------------------------------------------------------------------


def get_data(ask: Ask) -> Any:
    """The data in use."""
    return data_view(ask.stock, ask.data, ask.data_name)


def put_data(ask: Ask) -> Any:
    """Use a list of the visitor's own."""
    session = ask.need_session()
    ask.sessions.note_upload(session)
    text = ask.fields.text("text", longest=OWN_BYTES, lines=True).removeprefix("\ufeff")
    ask.sessions.use(session, Data("own", True, _own_corpus(text)))
    return get_data(ask)


def _own_corpus(text: str) -> Corpus:
    """A visitor's list, within limits."""
    size = len(text.encode())
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    items = sum(not line.isspace() for line in lines if line)
    longest = max(map(len, lines))
    characters = len(set(text) - set("\r\n"))
    for have, most, code, en, zh in (
        (size, OWN_BYTES, "too-large", "bytes in all", "总字节数"),
        (items, OWN_ITEMS, "too-many-items", "items", "条目数"),
        (longest, OWN_ITEM_CHARACTERS, "item-too-long", "characters in one item", "单个条目的字符数"),
        (characters, OWN_ALPHABET, "too-many-characters", "different characters", "不同字符数"),
    ):
        if have > most:
            raise RefusedError(
                413 if code == "too-large" else 422,
                code,
                f"The list has {have:,} {en}; at most {most:,} are taken.",
                f"列表的{zh}为 {have:,}，最多 {most:,}。",
            )
    if not items:
        raise RefusedError(
            422, "empty", "The list is empty: one item a line, please.", "列表是空的：请每行写一个条目。"
        )
    return Corpus.from_lines(lines)


def drop_data(ask: Ask) -> Any:
    """Go back to the data that were there at first."""
    if ask.session is not None:
        ask.sessions.use(ask.session, None)
    return get_data(ask)


def items(ask: Ask) -> Any:
    """Items in the order of the data, or those that contain a text."""
    wanted = ask.fields.text("contains", "", longest=WORD)
    begin = ask.fields.whole("offset", 0, low=0, high=10**9)
    most = ask.fields.whole("limit", 24, low=1, high=LISTED)
    corpus = ask.data.corpus
    found = list(corpus) if not wanted else [item for item in corpus if wanted in item]
    return {"found": len(found), "items": found[begin : begin + most]}


def encode(ask: Ask) -> Any:
    """A word as symbols, ids and bigrams."""
    return bigrams(ask.data.corpus.alphabet, word_of(ask))


# -- counts and probabilities ---------------------------------------------------------------------------------------


def counts(ask: Ask) -> Any:
    """The table of counts or of probabilities."""
    data, add = ask.data, add_of(ask)
    what = ask.fields.choice("what", ("counts", "probs"), "counts")
    N, ids = counts_table(ask, data), shown_ids(ask.stock, data)
    table = N + (int(add) if add == int(add) else add) if what == "counts" else rows(ask, data, add)
    pairs = ask.stock.counts(data).most_frequent(20)
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


def pair(ask: Ask) -> Any:
    """One cell of the table, with items that contain its pair."""
    data, add = ask.data, add_of(ask)
    first, second = _symbol(ask, "first"), _symbol(ask, "second")
    N = counts_table(ask, data)
    return {
        "pair": data.corpus.alphabet.show([first, second]),
        "first": first,
        "second": second,
        "count": int(N[first, second]),
        "row_total": int(N[first].sum()),
        "probability": float(rows(ask, data, add)[first, second]),
        "examples": examples_of(data.corpus, first, second),
    }


def word_cells(ask: Ask) -> Any:
    """The cells that a word walks through."""
    return cells(ask.stock, ask.data, word_of(ask), rows(ask, ask.data, add_of(ask)))


def row(ask: Ask) -> Any:
    """One row of the table."""
    data, first = ask.data, _symbol(ask, "first")
    probabilities = rows(ask, data, add_of(ask))[first]
    ids = row_ids(probabilities)
    counted = counts_table(ask, data)[first]
    return {
        **table_view(data.corpus.alphabet, ids),
        "symbol": data.corpus.alphabet.symbols[first],
        "counts": counted[ids].tolist(),
        "total": int(counted.sum()),
        "probabilities": probabilities[ids].tolist(),
    }


def keepdim(ask: Ask) -> Any:
    """The table divided by its row sums, and, by mistake, each column by the sum of the row of its number."""
    data = ask.data
    N, ids = counts_table(ask, data), shown_ids(ask.stock, data)
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
