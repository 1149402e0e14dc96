"""What can be asked about the neural net: one example in numbers, the optimum, and the net beside the counts."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any, Final

from nextchar.extras import need_torch
from nextchar.lesson.equivalence import MAP_GRID, map_entries, side_by_side
from nextchar.lesson.forward_pass import forward_pass
from nextchar.lesson.tables import excerpt, items_with_pair, shown_in_row, with_ids
from nextchar.models.neural.bigram.model import LECTURE_SEED, one_hot
from nextchar.models.neural.bigram.solvers import steady_rate
from nextchar.web.dataset import Dataset
from nextchar.web.dispatcher import ApiCall, Endpoint
from nextchar.web.endpoints.parameters import add_of, seed_of, typed_word
from nextchar.web.json_views import symbols_view

__all__ = ["ENDPOINTS", "equivalence", "equivalence_map", "forward", "l2_of", "onehot", "optimum", "ready"]

LARGEST_L2: Final = 1e9
LARGEST_TORCH_SEED: Final = 2**63 - 1
ONE_HOT_WORD: Final = 40
MAP_ALPHABET: Final = 200  # symbols up to which the map is drawn
MAP_SECONDS: Final = 20.0
SIDE_BY_SIDE: Final = 10


def l2_of(call: ApiCall) -> float:
    """The visitor's weight of mean(W^2)."""
    return call.fields.number("l2", 0.01, low=0, high=LARGEST_L2)


def onehot(call: ApiCall) -> Any:
    """A word as the net reads it: for each symbol a row with a single 1."""
    alphabet = call.data.corpus.alphabet
    text = typed_word(call, default="emma", longest=ONE_HOT_WORD)
    ids = with_ids(call.cache.shown_ids(call.data), alphabet.encode(text))
    return {
        **symbols_view(alphabet, ids),
        "symbols": [alphabet.boundary_sign, *text],
        "rows": one_hot(alphabet, text)[:, ids].astype(int).tolist(),
    }


def forward(call: ApiCall) -> Any:
    """One symbol's way through a net that has learned nothing yet."""
    corpus, symbols = call.data.corpus, call.data.corpus.alphabet.symbols
    first = call.fields.whole("first", 0, low=0, high=len(symbols) - 1)
    seed = seed_of(call, LECTURE_SEED, largest=LARGEST_TORCH_SEED)
    seen = forward_pass(call.cache.counts(call.data), first, seed)
    ids = shown_in_row(seen.probabilities, first, *(target.id for target in seen.targets))
    return {
        **symbols_view(corpus.alphabet, ids),
        "symbol": symbols[first],
        "first": first,
        "one_hot": [int(i == first) for i in ids],
        "logits": seen.logits[ids].tolist(),
        "counts": seen.counts[ids].tolist(),
        "total": seen.total,
        "probabilities": seen.probabilities[ids].tolist(),
        "target_examples": [
            {
                **asdict(target),
                "symbol": symbols[target.id],
                "examples": items_with_pair(corpus, first, target.id, 1),
            }
            for target in seen.targets
        ],
    }


def optimum(call: ApiCall) -> Any:
    """The best that the net can reach."""
    l2 = l2_of(call)
    model = call.cache.optimum(call.data, l2)
    end = model.metrics.curve[-1]
    return {
        "l2": l2,
        "loss": end.objective,
        "data_loss": end.train_nats,
        "iterations": end.step,
        "seconds": model.metrics.training_seconds,
        "stopped": model.metrics.stopped,
        "steady_rate": steady_rate(call.cache.counts(call.data), l2),
    }


def ready(call: ApiCall) -> Any:  # noqa: ARG001 - an endpoint
    """PyTorch is loaded: asked for a chapter ahead, since loading it takes seconds."""
    need_torch()
    return {}


def equivalence(call: ApiCall) -> Any:
    """The count model and the net's optimum side by side."""
    data, l2, add = call.data, l2_of(call), add_of(call)
    seed = seed_of(call, LECTURE_SEED)
    net, counted = call.cache.optimum(data, l2), call.cache.ngram(data, 2, add)
    both = side_by_side(counted, net, call.cache.counts(data), samples=SIDE_BY_SIDE, seed=seed)
    ids = call.cache.shown_ids(data)
    return {
        **symbols_view(data.corpus.alphabet, ids),
        "l2": l2,
        "add": add,
        "counts_probabilities": excerpt(both.counted, ids).values.tolist(),
        "net_probabilities": excerpt(both.net, ids).values.tolist(),
        "largest_difference": both.largest_difference,
        "kl": both.divergence,
        "loss_counts": call.cache.loss(data, 2, add),
        "loss_net": both.net_loss,
        "samples": [{"counts": a, "net": b} for a, b in both.samples],
    }


def equivalence_map(call: ApiCall) -> Any:
    """For each k the l2 whose optimum lies closest; none where the alphabet is so large that it would take minutes."""
    need_torch()
    V = call.data.corpus.alphabet.size
    about = {"alphabet_size": V, "largest_alphabet": MAP_ALPHABET}
    if V > MAP_ALPHABET:
        return {**about, "entries": [], "truncated": True}
    return {**about, **call.cache.keep(call.data, "map", lambda: _map(call, call.data))}


def _map(call: ApiCall, data: Dataset) -> dict[str, Any]:
    entries, deadline = [], time.monotonic() + MAP_SECONDS
    for entry in map_entries(call.cache.counts(data)):
        entries.append({"add": entry.add, "l2": entry.l2, "divergence": entry.divergence})
        if time.monotonic() > deadline:
            break
    return {"entries": entries, "truncated": len(entries) < len(MAP_GRID)}


ENDPOINTS: Final = (
    Endpoint(method="GET", path="/api/net/onehot", answer=onehot),
    Endpoint(method="POST", path="/api/net/forward", answer=forward),
    Endpoint(method="GET", path="/api/net/ready", answer=ready, work="slow"),
    Endpoint(method="GET", path="/api/net/optimum", answer=optimum, work="slow"),
    Endpoint(method="GET", path="/api/equivalence", answer=equivalence, work="slow"),
    Endpoint(method="GET", path="/api/equivalence/map", answer=equivalence_map, work="slow"),
)
