"""What can be asked of the count models as writers: one draw in slow motion, many items at once, the game."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any, Final

from nextchar.core.constraint import Constraint
from nextchar.core.plan import STREAMS, Plan, Stream
from nextchar.lesson.slow_draw import slow_draw
from nextchar.lesson.tables import shown_in_row
from nextchar.lesson.writing import game_rounds, write
from nextchar.web.dataset import Dataset
from nextchar.web.dispatcher import ApiCall, Endpoint
from nextchar.web.endpoints.parameters import LONGEST_ITEM, LONGEST_WORD, add_of, order_of, seed_of, typed_word
from nextchar.web.request_errors import RequestError

__all__ = ["ENDPOINTS", "game", "sample", "step"]

MOST_ITEMS: Final = 20_000
MOST_ITEMS_TORCH1: Final = 1_000  # its one sequence of draws takes them one after the other
DRAWN_CELLS: Final = 4_000_000  # items x alphabet of one draw
LONGEST_TORCH1: Final = 100
LISTED: Final = 200


def step(call: ApiCall) -> Any:
    """One draw: the row, u, and the symbol that it chooses; what `model.sample` does for its first item."""
    model = call.cache.ngram(call.data, order_of(call), add_of(call))
    prefix = call.data.corpus.options.apply(call.fields.text("prefix", "", longest=LONGEST_WORD))  # the model's own
    number = call.fields.whole("draw", len(prefix), low=0, high=10_000)
    temperature = call.fields.number("temperature", 1.0, low=0, high=100)
    draw = slow_draw(model, prefix, seed=seed_of(call), number=number, temperature=temperature)
    if draw is None:
        raise RequestError(422, "dead-end")
    shown = shown_in_row(draw.probabilities, draw.chosen)

    def entry(i: int) -> dict[str, Any]:
        return {"symbol": model.alphabet.symbols[i], "id": i, "probability": float(draw.probabilities[i])}

    return {
        "prefix": prefix,
        "row": [entry(int(i)) for i in shown],
        "truncated": len(shown) < model.alphabet.size,
        "u": draw.u,
        "mark": draw.mark,
        "total": draw.total,
        "chosen": entry(draw.chosen),
        "cumulative": {"low": draw.low, "high": draw.high},
        "ended": draw.ended,
    }


def sample(call: ApiCall) -> Any:
    """Many items at once."""
    fields, order = call.fields, order_of(call)
    stream: Stream = fields.choice("stream", STREAMS, "nextchar")
    most = _most_items(call.data, order, stream)
    n = min(fields.whole("n", 20, low=1, high=MOST_ITEMS), most)
    longest = LONGEST_ITEM if stream == "nextchar" else LONGEST_TORCH1
    plan = Plan(
        seed=seed_of(call),
        stream=stream,
        temperature=fields.number("temperature", 1.0, low=0, high=100),
    )
    constraint = Constraint(
        prefix=typed_word(call, "prefix", "", longest=longest),
        min_length=fields.optional_whole("min_length", low=0, high=longest),
        max_length=fields.optional_whole("max_length", low=1, high=longest) or longest,
    )
    tries = _tries(call.data, n, order, stream) if fields.flag("new") else None
    model = call.cache.ngram(call.data, order, add_of(call))
    begun = time.perf_counter()
    written = write(model, n, plan, constraint, tries=tries)
    seconds = time.perf_counter() - begun
    return {
        "items": [written.items[i] for i in range(min(LISTED, len(written.items)))],
        "got": len(written.items),
        "drawn": written.drawn,
        "seconds": seconds,
        "symbols": written.symbols,
        "symbols_per_second": written.symbols / max(seconds, 1e-9),
        "new_share": written.new_share,
        "distinct": written.distinct,
        "mean_length": written.mean_length,
        "most": most,
    }


def _most_items(data: Dataset, order: int, stream: str) -> int:
    """How many items may be drawn at a time: as many as memory and patience bear."""
    if stream != "nextchar":
        return MOST_ITEMS_TORCH1
    V = data.corpus.alphabet.size
    return MOST_ITEMS if V <= 60 else min(MOST_ITEMS, DRAWN_CELLS // V, MOST_ITEMS if order <= 2 else 2_000)


def _tries(data: Dataset, n: int, order: int, stream: str) -> int:
    """How many items to draw where only new ones are wanted; as each has its own draws, the new ones stay the same."""
    most = _most_items(data, order, stream)
    return min(50 * n, 5 * most if data.corpus.alphabet.size <= 60 and stream == "nextchar" else most)


def game(call: ApiCall) -> Any:
    """Real and generated items, mixed."""
    n = call.fields.whole("n", 10, low=2, high=50)
    model = call.cache.ngram(call.data, order_of(call, 3), 0.0)
    rounds = game_rounds(model, call.cache.distinct(call.data), n, seed=seed_of(call), max_length=LONGEST_ITEM)
    return {"rounds": [asdict(entry) for entry in rounds], "order": model.settings.order}


ENDPOINTS: Final = (
    Endpoint(method="POST", path="/api/step", answer=step),
    Endpoint(method="POST", path="/api/sample", answer=sample, work="sampling"),
    Endpoint(method="POST", path="/api/game", answer=game, work="sampling"),
)
