"""What a notebook shows of a model beside its settings: of a bigram model the heat map, as the lecture draws it.

Letters: V size of the alphabet.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from nextchar.core.protocol import LanguageModel
from nextchar.data.alphabet import BOUNDARY
from nextchar.data.display import heat_map_html

__all__ = ["bigram_html"]

MOST_SYMBOLS: Final = 64  # beyond that a table of cells is no picture


def bigram_html(model: LanguageModel) -> str:
    """The heat map of a model that looks back one symbol, as HTML; nothing for others and for large alphabets."""
    V = model.alphabet.size
    if model.context_length != 1 or V > MOST_SYMBOLS:
        return ""
    ids = np.full((V, 2), BOUNDARY, dtype=model.alphabet.dtype)
    ids[:, 1] = np.arange(V)
    return heat_map_html(np.exp(model.log_probs(ids)[:, 1]), model.alphabet.symbols)
