"""Which models the page compares, and how good they are on the data in use."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from nextchar.core.constraint import Constraint
from nextchar.core.model import Model
from nextchar.core.plan import Plan
from nextchar.core.scoring import evaluate
from nextchar.data.splits import Split
from nextchar.tasks.leaderboard import candidates
from nextchar.web.dispatcher import ApiCall, Endpoint
from nextchar.web.endpoints.parameters import LONGEST_ITEM

__all__ = ["ENDPOINTS", "models", "most_symbols"]

MOST_SEATED: Final = 60_000  # symbols that Pitman-Yor is trained on while a visitor waits: about two seconds
MOST_TUNED: Final = 300_000  # the same where discounts are tuned
BEST_SAMPLES: Final = 10
SHOWN: Final = Constraint(max_length=LONGEST_ITEM)


def models(call: ApiCall) -> Any:
    """All models of the leaderboard that need no time budget, measured on the test items, best first."""
    parts = call.cache.held_out_parts(call.data)
    if parts is None:
        return {"models": [], "left_out": [], "samples": []}
    return call.cache.keep(call.data, "models", lambda: _measured(parts))


def _measured(parts: Split) -> dict[str, Any]:
    results: list[dict[str, Any]] = []
    left_out: list[dict[str, Any]] = []
    best: Model | None = None
    least = math.inf
    for candidate in candidates():
        spec: Any = candidate.spec
        settings = asdict(spec)
        entry = {"model": candidate.kind, "summary": spec.summary, "settings": settings}
        if parts.train.symbols > most_symbols(settings):
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
        "samples": [] if best is None else list(best.draw_left_to_right(BEST_SAMPLES, Plan(seed=1), SHOWN).corpus),
    }


def most_symbols(settings: Mapping[str, Any]) -> float:
    """How many symbols a model may be trained on while a visitor waits."""
    if settings.get("smoothing") == "pitman-yor":
        return MOST_SEATED
    return MOST_TUNED if settings.get("tune", "none") != "none" else math.inf


ENDPOINTS: Final = (Endpoint(method="GET", path="/api/models", answer=models, work="slow"),)
