"""The landing page's picture: how a name walks through the table of pairs, and names with the surprise of each letter.

Letters: V size of the alphabet, K symbols shown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from nextchar.core.model import Model
from nextchar.lesson.tables import Ids, Rows, Table

__all__ = ["ShadedItem", "ShadedLetter", "chance", "count_shades", "shade_items"]

DARKEST: Final = 2.0  # times log V nats: the surprise that is drawn as dark as can be
MOST_TIMES: Final = 1e15  # "1 in so many" is told up to here


@dataclass(frozen=True)
class ShadedLetter:
    """A symbol, its probability given the ones before it, and how dark it is drawn, from 0 to 1."""

    symbol: str
    probability: float
    shade: float


@dataclass(frozen=True)
class ShadedItem:
    """An item and its letters, the closing boundary included; nats of the whole."""

    item: str
    nats: float
    letters: tuple[ShadedLetter, ...]


def shade_items(model: Model, items: Sequence[str]) -> list[ShadedItem]:
    """Items with the surprise of each letter: the shade grows in proportion to -log p.

    Raises:
        UnknownSymbolError: the model does not know a character.
    """
    darkest = DARKEST * math.log(model.alphabet.size)
    return [
        ShadedItem(
            scored.item,
            scored.nats,
            tuple(
                ShadedLetter(symbol, math.exp(-nats), round(min(1.0, nats / darkest), 3))
                for symbol, nats in zip(
                    [*model.alphabet.split(scored.item), model.alphabet.boundary_sign], scored.surprisal, strict=True
                )
            ),
        )
        for scored in (model.score(list(items)) if items else ())
    ]


def count_shades(N: Table, ids: Ids) -> Rows:
    """How dark each shown cell of the counts is drawn, (K, K) from 0 to 1: the root, so that rare pairs are seen."""
    shown = np.sqrt(N[np.ix_(ids, ids)].astype(np.float64))
    return shown / max(1.0, float(shown.max()))


def chance(nats: float) -> float | None:
    """The N of "1 in N" for an item; None where it is impossible or too rare to be told as a number."""
    times = math.exp(min(nats, 700.0))
    return times if times < MOST_TIMES else None
