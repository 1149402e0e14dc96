"""How well a model predicts a word, symbol by symbol, as probabilities and as nats."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nextchar.core.model import Model

__all__ = ["SymbolScore", "WordScore", "score_word"]


@dataclass(frozen=True)
class SymbolScore:
    """One symbol: its probability given the ones before it, and the same as -log p in nats."""

    symbol: str
    probability: float
    nats: float


@dataclass(frozen=True, kw_only=True)
class WordScore:
    """A word and its symbols, the closing boundary included.

    Attributes:
        item: the word as the model reads it.
        nats: -log p of the whole word.
        nats_per_symbol: the mean.
        uniform_nats: what each symbol costs a model that knows nothing.
        likelihood: the product of all probabilities; 0.0 where it is too small for a float.
        symbols: one for each symbol.
    """

    item: str
    nats: float
    nats_per_symbol: float
    uniform_nats: float
    likelihood: float
    symbols: tuple[SymbolScore, ...]


def score_word(model: Model, text: str) -> WordScore:
    """Score a word.

    Raises:
        UnknownSymbolError: the model does not know a character of it.
    """
    [scored] = model.score([text])
    symbols = zip([*model.alphabet.split(scored.item), model.alphabet.boundary_sign], scored.surprisal, strict=True)
    return WordScore(
        item=scored.item,
        nats=scored.nats,
        nats_per_symbol=scored.nats_per_symbol,
        uniform_nats=math.log(model.alphabet.size),
        likelihood=math.exp(-scored.nats),
        symbols=tuple(SymbolScore(symbol, math.exp(-nats), nats) for symbol, nats in symbols),
    )
