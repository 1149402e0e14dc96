"""What can be asked of the count models as writers: one draw in slow motion, many items at once, the game."""

from __future__ import annotations

import random
import time
from typing import Any, Final, Literal

import numpy as np

from nextchar.core.plan import Plan
from nextchar.core.random_streams import item_keys, uniforms
from nextchar.core.sampling import allowed, cumulate
from nextchar.data.alphabet import BOUNDARY
from nextchar.models.ngram.model import NgramModel
from nextchar.web.dataset import Dataset
from nextchar.web.dispatcher import ApiCall, Endpoint
from nextchar.web.endpoints.counts import LONGEST, add_of, order_of, word_of
from nextchar.web.json_views import row_ids
from nextchar.web.request_errors import RequestError

__all__ = ["ENDPOINTS", "game", "sample", "step"]

MOST_ITEMS: Final = 20_000
MOST_ITEMS_TORCH1: Final = 1_000  # its one sequence of draws takes them one after the other
DRAWN_CELLS: Final = 4_000_000  # items x alphabet of one draw
LONGEST_TORCH1: Final = 100
LISTED: Final = 200
LARGEST_SEED: Final = 2**64 - 1


def step(call: ApiCall) -> Any:
    """One draw: the row, u, and the symbol that it chooses; what `model.sample` does for its first item."""
    model = call.cache.ngram(call.data, order_of(call), add_of(call))
    prefix = word_of(call, "prefix", "")
    seed = call.fields.whole("seed", 1, low=0, high=LARGEST_SEED)
    draw = call.fields.whole("draw", len(prefix), low=0, high=10_000)
    ids = model.alphabet.encode(prefix)
    state = model.start(1)
    for symbol in ids:
        state = model.advance(state.state, np.full(1, symbol))
    log_probs = allowed(state.log_probs, model.alphabet, Plan(seed=seed), len(prefix))
    cumulative, probabilities = cumulate(log_probs)[0], np.exp(log_probs)[0]
    u, total = float(uniforms(item_keys(seed, 0, 1), draw)[0]), float(cumulative[-1])
    if total == 0:
        raise RequestError(422, "dead-end")
    mark = min(u * total, np.nextafter(total, 0))
    chosen = int((cumulative <= mark).sum())
    shown = row_ids(probabilities, chosen)

    def entry(i: int) -> dict[str, Any]:
        return {"symbol": model.alphabet.symbols[i], "id": i, "probability": float(probabilities[i])}

    return {
        "prefix": prefix,
        "row": [entry(int(i)) for i in shown],
        "truncated": len(shown) < model.alphabet.size,
        "u": u,
        "mark": float(mark),
        "total": total,
        "chosen": entry(chosen),
        "cumulative": {"low": float(cumulative[chosen - 1]) if chosen else 0.0, "high": float(cumulative[chosen])},
        "ended": chosen == BOUNDARY,
    }


def sample(call: ApiCall) -> Any:
    """Many items at once."""
    fields, order = call.fields, order_of(call)
    stream: Literal["nextchar", "torch1"] = fields.choice("stream", ("nextchar", "torch1"), "nextchar")
    most = _most_items(call.data, order, stream)
    n = min(fields.whole("n", 20, low=1, high=MOST_ITEMS), most)
    longest = LONGEST if stream == "nextchar" else LONGEST_TORCH1
    plan = Plan(
        seed=fields.whole("seed", 1, low=0, high=LARGEST_SEED),
        stream=stream,
        temperature=fields.number("temperature", 1.0, low=0, high=100),
        prefix=fields.text("prefix", "", longest=longest),
        min_length=fields.optional_whole("min_length", low=0, high=longest),
        max_length=fields.optional_whole("max_length", low=1, high=longest) or longest,
    )
    new = fields.flag("new")
    model = call.cache.ngram(call.data, order, add_of(call))
    begun = time.perf_counter()
    drawn = model.draw(_tries(call.data, n, order, stream) if new else n, plan).corpus
    seconds = time.perf_counter() - begun
    is_new = ~np.isin(drawn.fingerprints(), _known(model)) if len(drawn) else np.zeros(0, dtype=np.bool_)
    kept, looked_at = drawn, len(drawn)
    if new:
        at = np.flatnonzero(is_new)[:n]
        looked_at = int(at[-1]) + 1 if len(at) == n else len(drawn)
        kept = drawn.take(at)
    return {
        "items": list(kept.take(np.arange(min(LISTED, len(kept))))),
        "got": len(kept),
        "drawn": looked_at,
        "seconds": seconds,
        "symbols": drawn.symbols,
        "symbols_per_second": drawn.symbols / max(seconds, 1e-9),
        "new_share": float(is_new[:looked_at].mean()) if looked_at else 0.0,
        "distinct": len(kept.distinct()) if len(kept) else 0,
        "mean_length": float(kept.lengths.mean()) if len(kept) else 0.0,
        "most": most,
    }


def _most_items(data: Dataset, order: int, stream: str) -> int:
    """How many items may be drawn at a time: as many as memory and patience bear."""
    if stream == "torch1":
        return MOST_ITEMS_TORCH1
    V = data.corpus.alphabet.size
    return MOST_ITEMS if V <= 60 else min(MOST_ITEMS, DRAWN_CELLS // V, MOST_ITEMS if order <= 2 else 2_000)


def _tries(data: Dataset, n: int, order: int, stream: str) -> int:
    """How many items to draw where only new ones are wanted; as each has its own draws, the new ones stay the same."""
    most = _most_items(data, order, stream)
    return min(50 * n, 5 * most if data.corpus.alphabet.size <= 60 and stream == "nextchar" else most)


def _known(model: NgramModel) -> Any:
    known = model.provenance.known
    assert known is not None  # kept for all lists of this size
    return known


def game(call: ApiCall) -> Any:
    """Real and generated items, mixed."""
    n = call.fields.whole("n", 10, low=2, high=50)
    seed = call.fields.whole("seed", 1, low=0, high=LARGEST_SEED)
    model, corpus = call.cache.ngram(call.data, order_of(call, 3), 0.0), call.data.corpus
    chance = random.Random(seed)
    once = call.cache.keep(call.data, "distinct", corpus.distinct, call.data.size_bytes)
    real = [once[i] for i in chance.sample(range(len(once)), min(n // 2, len(once)))]
    plan = Plan(seed=seed, max_length=min(LONGEST, int(corpus.lengths.max())))
    drawn = model.draw(20 * n, plan).corpus
    drawn = drawn.distinct() if len(drawn) else corpus  # of which nothing is new
    new = drawn.take(np.flatnonzero(~np.isin(drawn.fingerprints(), _known(model)))[: n - n // 2])
    rounds = [
        {"item": score.item, "real": i < len(real), "nats_per_symbol": score.nats_per_symbol}
        for i, score in enumerate(model.score([*real, *new]))
    ]
    chance.shuffle(rounds)
    return {"rounds": rounds, "order": model.settings.order}


ENDPOINTS: Final = (
    Endpoint(method="POST", path="/api/step", answer=step),
    Endpoint(method="POST", path="/api/sample", answer=sample, work="sampling"),
    Endpoint(method="POST", path="/api/game", answer=game, work="sampling"),
)
