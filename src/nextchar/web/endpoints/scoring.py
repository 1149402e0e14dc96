"""What can be asked of the count models as judges: a word's score, smoothing, longer contexts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from nextchar.lesson.curves import SmoothingCurve, order_curve, smoothing_curve, smoothing_curve_of_few, smoothing_grid
from nextchar.lesson.tables import bigram_cell, empty_cells, rarest_pair
from nextchar.lesson.word_score import score_word
from nextchar.web.dispatcher import ApiCall, Endpoint
from nextchar.web.endpoints.parameters import LARGEST_ORDER, LONGEST_ITEM, add_of, order_of, typed_word
from nextchar.web.json_views import cell_view, symbols_view
from nextchar.web.request_errors import RequestError

__all__ = ["ENDPOINTS", "curve", "orders", "score", "smoothing"]

CURVE_POINTS: Final = 25
CURVE_POINTS_LARGE: Final = 7  # for an alphabet beyond
LARGE_ALPHABET: Final = 300
FEW: Final = (100, 1000)  # names to learn from, on request
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
    """The bigram model under add-k: its loss, a pair that needs it, and the row of that pair."""
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
        "jz_row": P[rarest[0]][ids].tolist(),
        "jz_row_total": float(N[rarest[0]].sum() + add * alphabet.size),
        "empty": empty_cells(N),
    }


def curve(call: ApiCall) -> Any:
    """The loss over k, on the data and on items held out; on request with few of the names to learn from."""
    data = call.data
    few = call.fields.optional_whole("names", low=1, high=1_000_000)
    points = CURVE_POINTS if data.corpus.alphabet.size <= LARGE_ALPHABET else CURVE_POINTS_LARGE
    parts = call.cache.held_out_parts(data)
    grid = smoothing_grid(points)
    if few is None or parts is None:
        return call.cache.keep(data, "curve", lambda: _curve_view(smoothing_curve(data.corpus, parts, grid)))
    few = next((names for names in FEW if names >= few), FEW[-1])  # these are remembered, and no others
    return call.cache.keep(data, ("curve", few), lambda: _curve_view(smoothing_curve_of_few(parts, few, grid)))


def _curve_view(curve: SmoothingCurve) -> dict[str, Any]:
    return {**asdict(curve), "best": curve.best, "range": curve.range}


def orders(call: ApiCall) -> Any:
    """How the tables grow, and what longer contexts gain on items seen and unseen."""
    data, V = call.data, call.data.corpus.alphabet.size
    document = {
        "table_sizes": [{"order": n, "cells": str(V**n), "seen": _seen(call, n)} for n in TABLE_ORDERS],
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


def _seen(call: ApiCall, order: int) -> int | None:
    """How many different n-grams of an order the data hold; None beyond the orders that are counted."""
    return len(call.cache.counts(call.data, order).counts) if order <= LARGEST_ORDER else None


ENDPOINTS: Final = (
    Endpoint(method="POST", path="/api/score", answer=score),
    Endpoint(method="GET", path="/api/smoothing", answer=smoothing),
    Endpoint(method="GET", path="/api/smoothing/curve", answer=curve, work="slow"),
    Endpoint(method="GET", path="/api/orders", answer=orders, work="slow"),
)
