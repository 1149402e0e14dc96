r"""N-grams as text, and back, many at once: each is the characters that it stands for, the boundary a line feed.

A line feed is never a character of an item, and it is what ends the items in their file; so "\nem" are the first two
characters of an item as they lie there. Where items are texts with line feeds in them, the boundary is a NUL.

Letters: M n-grams, n order, V size of the alphabet.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from nextchar.data.alphabet import BOUNDARY, Alphabet, Ids, codepoints_of
from nextchar.errors import CorpusError, UnknownSymbolError

__all__ = ["ngram_texts", "ngrams_of"]

I32 = npt.NDArray[np.int32]
_LF = "\n"


def ngram_texts(ngrams: Ids, alphabet: Alphabet) -> tuple[bytes, I32]:
    """The texts of n-grams (M, n): all of them in UTF-8, and where each begins, (M + 1,)."""
    codepoints = alphabet.codepoints.copy()
    codepoints[BOUNDARY] = ord(_boundary(alphabet))
    offsets = np.zeros(len(ngrams) + 1, dtype=np.int32)
    if codepoints.max() < 128:
        offsets[:] = np.arange(len(ngrams) + 1) * ngrams.shape[1]
        return codepoints.astype(np.uint8)[ngrams].tobytes(), offsets
    offsets[1:] = np.cumsum(_sizes(alphabet)[ngrams].sum(axis=1))
    return alphabet.read(codepoints[ngrams].tobytes().decode("utf-32-le")).encode(), offsets


def ngrams_of(content: bytes, offsets: npt.NDArray[np.integer], order: int, alphabet: Alphabet) -> Ids:
    """The n-grams that `ngram_texts` made so, (M, n).

    Raises:
        CorpusError: a text is no n-gram of this order over this alphabet.
    """
    M = len(offsets) - 1
    try:
        if alphabet.clusters is None:
            codepoints = codepoints_of(content.decode())
        else:  # each closed by a boundary of its own, so that no cluster reaches into the next one
            ends, boundary = offsets.tolist(), _boundary(alphabet)
            lines = boundary.encode().join(content[begin:end] for begin, end in pairwise(ends))
            codepoints = codepoints_of(alphabet.written(lines.decode() + boundary))
            codepoints = codepoints.reshape(M, order + 1)[:, :order]
        texts = _boundary(alphabet) != _LF
        ngrams = (alphabet.encode_texts(codepoints) if texts else alphabet.encode_lines(codepoints)).reshape(M, order)
    except (UnicodeDecodeError, ValueError, UnknownSymbolError):
        raise CorpusError(f"its n-grams are not all {order} symbols of its alphabet") from None
    if (_sizes(alphabet)[ngrams].sum(axis=1) != np.diff(offsets)).any():
        raise CorpusError(f"its n-grams are not all {order} symbols of its alphabet")
    return ngrams


def _boundary(alphabet: Alphabet) -> str:
    return "\0" if _LF in alphabet.characters else _LF


def _sizes(alphabet: Alphabet) -> npt.NDArray[np.int32]:
    """How many bytes of UTF-8 each symbol has, (V,)."""
    return np.array([1, *(len(name.encode()) for name in alphabet.symbols[1:])], dtype=np.int32)
