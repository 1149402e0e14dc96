"""What symbols are like, as far as Unicode and the text itself say: nothing is written in for one language."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from nextchar.data.alphabet import Alphabet

if TYPE_CHECKING:
    from nextchar._kernels.context_mixing.layout import Traits

__all__ = ["traits_of", "vowels_of"]

LETTERS: Final = 256  # the most frequent ones, that are told apart as vowels or not
BLOCK: Final = 1 << 20  # symbols counted at a time
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


def vowels_of(alphabet: Alphabet, ids: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Which symbols are vowels (V,), as far as a text tells: letters that stand beside the others.

    The letter that has the most neighbours is a vowel; what it is a neighbour of is then counted as next to a vowel,
    and so on while some letter has more neighbours that are consonants than such that are vowels (Sukhotin 1962).

    Args:
        alphabet: whose symbols, V.
        ids: (S,) the text.
    """
    traits = traits_of(alphabet, np.zeros(alphabet.size, dtype=np.bool_))
    letter = (traits.shape == _CAPITAL) | (traits.shape == _LETTER)
    often = np.bincount(traits.fold, np.bincount(ids, minlength=alphabet.size) * letter, minlength=alphabet.size)
    letters = np.argsort(-often, kind="stable")[:LETTERS]
    letters = letters[often[letters] > 0]
    G = len(letters)
    group = np.full(alphabet.size, G)
    group[letters] = np.arange(G)
    group = group[traits.fold]
    pairs = np.zeros((G + 1) ** 2, dtype=np.int64)
    for begin in range(0, len(ids), BLOCK):
        part = group[ids[begin : begin + BLOCK + 1]]
        pairs += np.bincount(part[:-1] * (G + 1) + part[1:], minlength=len(pairs))
    beside = pairs.reshape(G + 1, G + 1)[:G, :G]
    beside = beside + beside.T
    np.fill_diagonal(beside, 0)
    vowel, left = np.zeros(G + 1, dtype=np.bool_), beside.sum(axis=1)
    while G and left.max() > 0:
        found = int(left.argmax())
        vowel[found] = True
        left -= 2 * beside[found]
        left[found] = np.iinfo(np.int64).min // 2
    chosen: npt.NDArray[np.bool_] = vowel[group]
    return chosen


def _shape(name: str, category: str) -> int:
    if name == "\n":
        return _END
    if category in ("Lu", "Lt"):
        return _CAPITAL
    return {"Z": _BLANK, "C": _BLANK, "L": _LETTER, "M": _LETTER, "N": _DIGIT, "P": _MARK}.get(category[0], _OTHER)
