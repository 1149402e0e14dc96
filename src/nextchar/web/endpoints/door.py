"""What the landing page asks for: the table with some invented names, and a typed name's walk through the table."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.lesson.door import DOOR_ORDER, chance, count_shades, shade_items, writer_of
from nextchar.lesson.tables import word_pairs
from nextchar.lesson.writing import write
from nextchar.web.dispatcher import ApiCall, Endpoint
from nextchar.web.endpoints.parameters import LONGEST_ITEM, order_of, seed_of, typed_word
from nextchar.web.json_views import symbols_view

__all__ = ["ENDPOINTS", "door", "walk"]

NAMES: Final = 10
TRIES: Final = 200  # items that are drawn to find so many new ones


def door(call: ApiCall) -> Any:
    """The table of counts as shades, and names that are not in the list."""
    data = call.data
    ids = call.cache.shown_ids(data)
    writer = writer_of(order_of(call, DOOR_ORDER))
    model = call.cache.fitted(data, writer.spec)
    plan = Plan(seed=seed_of(call), temperature=writer.temperature, distinct=True)
    written = write(model, NAMES, plan, Constraint(max_length=LONGEST_ITEM), tries=TRIES)
    return {
        **symbols_view(data.corpus.alphabet, ids),
        "data_name": call.data_name,
        "fingerprint": data.fingerprint,
        "example": data.corpus[0],
        "shades": call.cache.keep(data, "shades", lambda: count_shades(call.cache.table(data), ids).round(3).tolist()),
        "temperature": writer.temperature,
        "names": [asdict(item) for item in shade_items(model, list(written.items))],
    }


def walk(call: ApiCall) -> Any:
    """A name's cells in the table, and how surprising each of its letters is."""
    data = call.data
    alphabet, text = data.corpus.alphabet, typed_word(call)
    pairs = word_pairs(alphabet, text)
    seen = call.cache.table(data)
    cells = [{"pair": pair, "first": first, "second": second} for pair, first, second in pairs.pairs]
    answer: dict[str, Any] = {"item": text, "cells": cells, "unknown": list(pairs.unknown), "never": [], "one_in": None}
    if pairs.unknown:
        unscored = {"probability": None, "shade": 1.0}
        return {**answer, "letters": [{"symbol": symbol, **unscored} for symbol in pairs.symbols[1:]]}
    [shaded] = shade_items(call.cache.ngram(data), [text])
    return {
        **answer,
        "letters": [asdict(letter) for letter in shaded.letters],
        "never": [pair for pair, first, second in pairs.pairs if not seen[first, second]],
        "one_in": chance(shaded.nats),
    }


ENDPOINTS: Final = (
    Endpoint(method="GET", path="/api/door", answer=door, work="sampling"),  # keystrokes do not queue behind it
    Endpoint(method="POST", path="/api/door", answer=walk),
)
