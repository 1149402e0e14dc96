"""What can be asked of the count models as judges: a word's score, smoothing, longer contexts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from nextchar.lesson.curves import order_curve, smoothing_curve, smoothing_grid
from nextchar.lesson.tables import bigram_cell, empty_cells, excerpt, rarest_pair
from nextchar.lesson.word_score import score_word
from nextchar.web.dispatcher import ApiCall, Endpoint
from nextchar.web.endpoints.parameters import LARGEST_ORDER, LONGEST_ITEM, add_of, order_of, typed_word
from nextchar.web.json_views import cell_view, symbols_view
from nextchar.web.request_errors import RequestError

__all__ = ["ENDPOINTS", "curve", "orders", "score", "smoothing"]

CURVE_POINTS: Final = 25
CURVE_POINTS_LARGE: Final = 7  # for an alphabet beyond
LARGE_ALPHABET: Final = 300
ORDERS_ADD: Final = 0.1
ORDERS_SAMPLES: Final = 5
TABLE_ORDERS: Final = range(1, 11)  # whose size of table is told


def score(call: ApiCall) -> Any:
    """How well the model predicts a word, symbol by symbol."""
    data, add, order = call.data, add_of(call), order_of(call)
    text = typed_word(call)
    if not text:
        raise RequestError(422, "empty", "no-character")
    scored = asdict(score_word(call.cache.ngram(data, order, add), text))
    uniform = scored.pop("uniform_nats")
    return {**scored, "uniform": uniform, "mean_of_data": call.cache.loss(data, order, add)}


def smoothing(call: ApiCall) -> Any:
    """The bigram model under add-k: its table, its loss, and a pair that needs it."""
    data, add = call.data, add_of(call)
    alphabet, N, P = data.corpus.alphabet, call.cache.table(data), call.cache.rows(data, add)
    ids = call.cache.shown_ids(data)
    rarest = call.cache.keep(data, "rarest", lambda: rarest_pair(alphabet, N))
    return {
        **symbols_view(alphabet, ids),
        "add": add,
        "loss": call.cache.loss(data, 2, add),
        "uniform": call.cache.facts(data)["uniform_loss"],
        "jz": cell_view(bigram_cell(alphabet, N, P, *rarest)),
        "table": excerpt(P, ids).values.tolist(),
        "empty": empty_cells(N),
    }


def curve(call: ApiCall) -> Any:
    """The loss over k, on the data and on items held out."""
    data = call.data
    points = CURVE_POINTS if data.corpus.alphabet.size <= LARGE_ALPHABET else CURVE_POINTS_LARGE
    parts = call.cache.held_out_parts(data)
    return call.cache.keep(data, "curve", lambda: asdict(smoothing_curve(data.corpus, parts, smoothing_grid(points))))


def orders(call: ApiCall) -> Any:
    """How the tables grow, and what longer contexts gain on items seen and unseen."""
    data, V = call.data, call.data.corpus.alphabet.size
    document = {
        "table_sizes": [{"order": n, "cells": str(V**n)} for n in TABLE_ORDERS],
        "orders": [],
        "add": ORDERS_ADD,
        "alphabet_size": V,
    }
    parts = call.cache.held_out_parts(data)
    if parts is None:
        return document
    points = call.cache.keep(
        data,
        "orders",
        lambda: order_curve(
            parts, range(1, LARGEST_ORDER + 1), add=ORDERS_ADD, samples=ORDERS_SAMPLES, max_length=LONGEST_ITEM
        ),
    )
    return {
        **document,
        "orders": [asdict(point) for point in points],
        "items": {"train": len(parts.train), "held_out": len(parts.validation)},
    }


ENDPOINTS: Final = (
    Endpoint(method="POST", path="/api/score", answer=score),
    Endpoint(method="GET", path="/api/smoothing", answer=smoothing),
    Endpoint(method="GET", path="/api/smoothing/curve", answer=curve, work="slow"),
    Endpoint(method="GET", path="/api/orders", answer=orders, work="slow"),
)
