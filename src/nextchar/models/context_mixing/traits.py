"""What symbols are like, as far as Unicode and the text itself say: nothing is written in for one language."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from nextchar.data.alphabet import Alphabet

if TYPE_CHECKING:
    from nextchar._kernels.context_mixing.layout import Traits

__all__ = ["traits_of"]

_APOSTROPHES: Final = "'’"  # within words
_BOUNDARY, _END, _BLANK, _CAPITAL, _LETTER, _DIGIT, _MARK, _OTHER = range(8)


def traits_of(alphabet: Alphabet, vowel: npt.NDArray[np.bool_]) -> Traits:
    """The traits of an alphabet's symbols.

    Args:
        alphabet: whose symbols, V.
        vowel: (V,) which of them are of the class that comes out as vowels.
    """
    from nextchar._kernels.context_mixing.layout import Traits

    names = alphabet.names
    number = {name: i for i, name in enumerate(names, start=1)}
    V = alphabet.size
    fold = np.arange(V, dtype=np.int64)
    shape = np.full(V, _OTHER, dtype=np.int64)
    word = np.zeros(V, dtype=np.int64)
    shape[0] = _BOUNDARY
    for i, name in enumerate(names, start=1):
        fold[i] = number.get(name.lower(), i)
        category = unicodedata.category(name[0])
        shape[i] = _shape(name, category)
        word[i] = category[0] in "LMN" or category == "Pc" or name in _APOSTROPHES
    return Traits(fold, shape, word, vowel.astype(np.int64), (shape == _END).astype(np.int64))


def _shape(name: str, category: str) -> int:
    if name == "\n":
        return _END
    if category in ("Lu", "Lt"):
        return _CAPITAL
    return {"Z": _BLANK, "C": _BLANK, "L": _LETTER, "M": _LETTER, "N": _DIGIT, "P": _MARK}.get(category[0], _OTHER)
