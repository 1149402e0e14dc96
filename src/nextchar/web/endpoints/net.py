"""What can be asked about the neural net: one example in numbers, the optimum, and the net beside the counts."""

from __future__ import annotations

import time
from typing import Any, Final

import numpy as np

from nextchar.automata.automaton_model import AutomatonModel, rows_of
from nextchar.core.plan import Plan
from nextchar.extras import need_torch
from nextchar.lesson.equivalence import MAP_GRID, closest_l2, divergence
from nextchar.models.neural.bigram.model import LECTURE_SEED, one_hot
from nextchar.models.neural.bigram.solvers import steady_rate
from nextchar.web.dataset import Dataset
from nextchar.web.dispatcher import ApiCall, Endpoint
from nextchar.web.endpoints.counts import add_of, rows
from nextchar.web.json_views import examples_of, row_ids, shown_ids, table_view

__all__ = ["ENDPOINTS", "equivalence", "equivalence_map", "forward", "l2_of", "onehot", "optimum"]

LARGEST_L2: Final = 1e9
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
    text = call.data.corpus.options.apply(call.fields.text("text", "emma", longest=ONE_HOT_WORD))
    table = one_hot(alphabet, text)
    ids = np.union1d(shown_ids(call.cache, call.data), table.argmax(axis=1))
    return {
        **table_view(alphabet, ids),
        "symbols": [alphabet.boundary_sign, *text],
        "rows": table[:, ids].astype(int).tolist(),
    }


def forward(call: ApiCall) -> Any:
    """One symbol's way through a net that has learned nothing yet."""
    need_torch()
    from nextchar.models.neural.bigram.lecture import initial_weights

    corpus = call.data.corpus
    V = corpus.alphabet.size
    first = call.fields.whole("first", 0, low=0, high=V - 1)
    seed = call.fields.whole("seed", LECTURE_SEED, low=0, high=2**63 - 1)
    weights = initial_weights(V, seed)
    logits = weights[first].double()
    counts = logits.exp()
    probabilities = (counts / counts.sum()).numpy()
    seen = call.cache.counts(call.data)
    follows = seen.ngrams[:, 0] == first
    best = np.argsort(-seen.counts[follows], kind="stable")[:5]
    targets = [(int(i), int(n)) for i, n in zip(seen.ngrams[follows][best, 1], seen.counts[follows][best], strict=True)]
    ids = row_ids(probabilities, first, *(i for i, _ in targets))
    return {
        **table_view(corpus.alphabet, ids),
        "symbol": corpus.alphabet.symbols[first],
        "first": first,
        "one_hot": (ids == first).astype(int).tolist(),
        "logits": logits.numpy()[ids].tolist(),
        "counts": counts.numpy()[ids].tolist(),
        "total": float(counts.sum()),
        "probabilities": probabilities[ids].tolist(),
        "target_examples": [
            {
                "symbol": corpus.alphabet.symbols[i],
                "id": i,
                "count": times,
                "probability": float(probabilities[i]),
                "nats": float(-np.log(probabilities[i])),
                "examples": examples_of(corpus, first, i, 1),
            }
            for i, times in targets
        ],
    }


def optimum(call: ApiCall) -> Any:
    """The best that the net can reach."""
    l2 = l2_of(call)
    model = call.cache.optimum(call.data, l2)
    log = model.metrics["training"]
    return {
        "l2": l2,
        "loss": log["loss"][-1],
        "data_loss": log["data_loss"][-1],
        "iterations": log["step"][-1],
        "seconds": model.metrics["training_seconds"],
        "stopped": model.metrics["stopped"],
        "steady_rate": steady_rate(call.cache.counts(call.data), l2),
    }


def equivalence(call: ApiCall) -> Any:
    """The count model and the net's optimum side by side."""
    data, l2, add = call.data, l2_of(call), add_of(call)
    seed = call.fields.whole("seed", LECTURE_SEED, low=0, high=2**64 - 1)
    net = call.cache.optimum(data, l2)
    counted = call.cache.ngram(data, 2, add)
    P, Q, ids = rows(call, data, add), rows_of(net), shown_ids(call.cache, data)
    shown = np.ix_(ids, ids)
    pairs = zip(_samples(counted, seed), _samples(net, seed), strict=False)
    return {
        **table_view(data.corpus.alphabet, ids),
        "l2": l2,
        "add": add,
        "counts_probabilities": P[shown].tolist(),
        "net_probabilities": Q[shown].tolist(),
        "largest_difference": float(np.abs(P - Q).max()),
        "kl": divergence(P, Q, call.cache.counts(data)),
        "loss_counts": call.cache.loss(data, 2, add),
        "loss_net": net.training_nats() / call.cache.counts(data).total,
        "samples": [{"counts": a, "net": b} for a, b in pairs],
    }


def _samples(model: AutomatonModel, seed: int) -> list[str]:
    plan = Plan(seed=seed, stream="torch1", max_length=100)
    return list(model.draw(SIDE_BY_SIDE, plan).corpus)


def equivalence_map(call: ApiCall) -> Any:
    """For each k the l2 whose optimum lies closest; none where the alphabet is so large that it would take minutes."""
    need_torch()
    V = call.data.corpus.alphabet.size
    about = {"alphabet_size": V, "largest_alphabet": MAP_ALPHABET}
    if V > MAP_ALPHABET:
        return {**about, "entries": [], "truncated": True}
    return {**about, **call.cache.keep(call.data, "map", lambda: _map(call, call.data))}


def _map(call: ApiCall, data: Dataset) -> dict[str, Any]:
    counts, entries, deadline = call.cache.counts(data), [], time.monotonic() + MAP_SECONDS
    for add in MAP_GRID:
        l2, net = closest_l2(counts, add)
        counted = call.cache.ngram(data, 2, add)
        entries.append({"add": add, "l2": l2, "divergence": divergence(rows_of(counted), rows_of(net), counts)})
        if time.monotonic() > deadline:
            break
    return {"entries": entries, "truncated": len(entries) < len(MAP_GRID)}


ENDPOINTS: Final = (
    Endpoint(method="GET", path="/api/net/onehot", answer=onehot),
    Endpoint(method="POST", path="/api/net/forward", answer=forward),
    Endpoint(method="GET", path="/api/net/optimum", answer=optimum, work="slow"),
    Endpoint(method="GET", path="/api/equivalence", answer=equivalence, work="slow"),
    Endpoint(method="GET", path="/api/equivalence/map", answer=equivalence_map, work="slow"),
)
