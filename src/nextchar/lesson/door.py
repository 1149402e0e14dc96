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
from nextchar.models.ngram.model import Ngram

__all__ = ["DOOR_ORDER", "ShadedItem", "ShadedLetter", "Writer", "chance", "count_shades", "shade_items", "writer_of"]

DARKEST: Final = 2.0  # times log V nats: the surprise that is drawn as dark as can be
MOST_TIMES: Final = 1e15  # "1 in so many" is told up to here
DOOR_ORDER: Final = 5  # of the model whose names are seen first
PLAIN_ORDERS: Final = 3  # up to here counts alone write; beyond, they are too few without smoothing
CALM: Final = 0.7  # the temperature of the smoothed model: fewer names that nobody would take for one


@dataclass(frozen=True)
class Writer:
    """What writes the landing page's names: the settings of a model, and the temperature."""

    spec: Ngram
    temperature: float


def writer_of(order: int) -> Writer:
    """Who writes with a memory of order - 1 letters: plain counts, or beyond these a smoothed model."""
    if order <= PLAIN_ORDERS:
        return Writer(Ngram(order=order, add=0.0), 1.0)
    return Writer(Ngram(order=order, smoothing="modified-kneser-ney"), CALM)


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
