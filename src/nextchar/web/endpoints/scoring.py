"""What can be asked of the count models as judges: what a word costs, smoothing, and longer contexts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from nextchar.core.model import Model
from nextchar.core.plan import Plan
from nextchar.core.scoring import evaluate
from nextchar.tasks.leaderboard import contenders
from nextchar.web.dataset import Dataset
from nextchar.web.dispatcher import ApiCall, Endpoint
from nextchar.web.endpoints.counts import LARGEST_ORDER, LONGEST, add_of, counts_table, order_of, rows, word_of
from nextchar.web.json_views import shown_ids, table_view
from nextchar.web.request_errors import RequestError

__all__ = ["ENDPOINTS", "models", "orders", "score", "smoothing", "smoothing_curve"]

FEWEST: Final = 20  # different items, below which none are held out
MOST_SEATED: Final = 60_000  # symbols that Pitman-Yor is trained on while a visitor waits: about two seconds
MOST_TUNED: Final = 300_000  # the same where discounts are tuned
BEST_SAMPLES: Final = 10


def score(call: ApiCall) -> Any:
    """What a word costs, symbol by symbol."""
    data, add, order = call.data, add_of(call), order_of(call)
    text = word_of(call)
    if not text:
        raise RequestError(422, "empty", "no-character")
    model = call.cache.ngram(data, order, add)
    [scored] = model.score([text])
    symbols = zip([*scored.item, model.alphabet.boundary_sign], scored.surprisal, strict=True)
    return {
        "item": scored.item,
        "nats": scored.nats,
        "nats_per_symbol": scored.nats_per_symbol,
        "uniform": math.log(model.alphabet.size),
        "likelihood": math.exp(-scored.nats),
        "symbols": [{"symbol": s, "probability": math.exp(-nats), "nats": nats} for s, nats in symbols],
        "mean_of_data": call.cache.loss(data, order, add),
    }


def smoothing(call: ApiCall) -> Any:
    """The bigram model under add-k: its table, its loss, and a pair that needs it."""
    data, add = call.data, add_of(call)
    alphabet, N, P = data.corpus.alphabet, counts_table(call, data), rows(call, data, add)
    ids = shown_ids(call.cache, data)
    first, second = _rare_pair(call, data)
    probability = float(P[first, second])
    return {
        **table_view(alphabet, ids),
        "add": add,
        "loss": call.cache.loss(data, 2, add),
        "uniform": math.log(alphabet.size),
        "jz": {
            "pair": alphabet.show([first, second]),
            "first": first,
            "second": second,
            "count": int(N[first, second]),
            "row_total": int(N[first].sum()),
            "probability": probability,
            "nats": -math.log(probability) if probability else math.inf,
        },
        "table": P[np.ix_(ids, ids)].tolist(),
        "empty": int((N == 0).sum()),
    }


def _rare_pair(call: ApiCall, data: Dataset) -> tuple[int, int]:
    """The pair "jz", or where the data lack a letter of it the first that never occurs, or else the rarest."""
    alphabet = data.corpus.alphabet
    if {"j", "z"} <= set(alphabet.characters):
        first, second = alphabet.encode("jz").tolist()
        return first, second

    def rarest() -> tuple[int, int]:
        inside = counts_table(call, data)[1:, 1:]
        at = np.unravel_index(np.argmin(inside), inside.shape)
        return int(at[0]) + 1, int(at[1]) + 1

    return call.cache.keep(data, "rarest", rarest)


def smoothing_curve(call: ApiCall) -> Any:
    """The loss over k, on the data and on items held out."""
    return call.cache.keep(call.data, "curve", lambda: _smoothing_curve(call, call.data))


def _smoothing_curve(call: ApiCall, data: Dataset) -> dict[str, Any]:
    points = 25 if data.corpus.alphabet.size <= 300 else 7
    grid = [0.0, *np.geomspace(0.001, 1000, points).tolist()]
    held_out: list[float] | None = None
    if not _too_few(call, data):
        parts = call.cache.parts(data)
        train = Dataset("part", True, parts.train)
        held_out = [call.cache.ngram(train, 2, add).evaluate(parts.validation).nats_per_symbol for add in grid]
        call.cache.forget(train)
    return {"add": grid, "loss": [call.cache.loss(data, 2, add) for add in grid], "held_out": held_out}


def _too_few(call: ApiCall, data: Dataset) -> bool:
    """Whether there are too few different items to hold some out."""
    return len(call.cache.keep(data, "distinct", data.corpus.distinct, data.size_bytes)) < FEWEST


def orders(call: ApiCall) -> Any:
    """How the tables grow, and what longer contexts gain on items seen and unseen."""
    return call.cache.keep(call.data, "orders", lambda: _orders(call, call.data))


def _orders(call: ApiCall, data: Dataset) -> dict[str, Any]:
    V, add = data.corpus.alphabet.size, 0.1
    sizes = [{"order": n, "cells": str(V**n)} for n in range(1, 11)]
    if _too_few(call, data):
        return {"table_sizes": sizes, "orders": [], "add": add, "alphabet_size": V}
    parts = call.cache.parts(data)
    train = Dataset("part", True, parts.train)
    entries = []
    for order in range(1, LARGEST_ORDER + 1):
        model = call.cache.ngram(train, order, add)
        plan = Plan(seed=1, max_length=LONGEST)
        entries.append(
            {
                "order": order,
                "train": model.evaluate(parts.train).nats_per_symbol,
                "held_out": model.evaluate(parts.validation).nats_per_symbol,
                "contexts": len(np.unique(model.counts.ngrams[:, :-1], axis=0)),
                "ngrams": len(model.counts.counts),
                "samples": list(model.draw(5, plan).corpus),
            }
        )
        call.cache.forget(train)
    return {
        "table_sizes": sizes,
        "orders": entries,
        "add": add,
        "alphabet_size": V,
        "items": {"train": len(parts.train), "held_out": len(parts.validation)},
    }


def models(call: ApiCall) -> Any:
    """All models of the leaderboard that need no time budget, measured on the test items, best first."""
    return call.cache.keep(call.data, "models", lambda: _models(call, call.data))


def _models(call: ApiCall, data: Dataset) -> dict[str, Any]:
    if _too_few(call, data):
        return {"models": [], "left_out": [], "samples": []}
    parts = call.cache.parts(data)
    results: list[dict[str, Any]] = []
    left_out: list[dict[str, Any]] = []
    best: Model | None = None
    least = math.inf
    for contender in contenders():
        spec: Any = contender.spec
        settings = asdict(spec)
        entry = {"model": contender.kind, "summary": spec.summary, "settings": settings}
        if parts.train.symbols > _most_symbols(settings):
            left_out.append(entry)
            continue
        model = spec.fit(parts.train, validation=parts.validation)
        nats = evaluate(model, parts.test).nats_per_symbol
        results.append({**entry, "nats_per_symbol": nats})
        if best is None or nats < least:
            best, least = model, nats
    return {
        "models": sorted(results, key=lambda entry: entry["nats_per_symbol"]),
        "left_out": left_out,
        "samples": [] if best is None else list(best.draw(BEST_SAMPLES, Plan(seed=1, max_length=LONGEST)).corpus),
    }


def _most_symbols(settings: Mapping[str, Any]) -> float:
    """How many symbols a model may be trained on while a visitor waits."""
    if settings.get("smoothing") == "pitman-yor":
        return MOST_SEATED
    return MOST_TUNED if settings.get("tune", "none") != "none" else math.inf


ENDPOINTS: Final = (
    Endpoint(method="POST", path="/api/score", answer=score),
    Endpoint(method="GET", path="/api/smoothing", answer=smoothing),
    Endpoint(method="GET", path="/api/smoothing/curve", answer=smoothing_curve, work="slow"),
    Endpoint(method="GET", path="/api/orders", answer=orders, work="slow"),
    Endpoint(method="GET", path="/api/models", answer=models, work="slow"),
)
