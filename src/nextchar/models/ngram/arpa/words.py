"""Characters as words: what stands in an ARPA file for each symbol, and back."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Final

from nextchar.data.alphabet import Alphabet

__all__ = ["BEGIN", "END", "LOG_ZERO", "NATS", "UNKNOWN", "character_of", "word_of", "words_of"]

BEGIN: Final = "<s>"
END: Final = "</s>"
UNKNOWN: Final = ("<unk>", "<UNK>")  # the first is written, both are read
LOG_ZERO: Final = -99.0  # stands for the log10 of 0
NATS: Final = math.log(10)  # in one unit of log10

_ESCAPE: Final = re.compile(r"<U\+([0-9A-F]{4,6})>")


def word_of(symbol: str) -> str:
    """The character itself, or `<U+0020>` where it cannot be seen: blanks, controls, what has no glyph.

    A symbol of several code points is a word as it is; none of them is a blank.
    """
    hidden = len(symbol) == 1 and unicodedata.category(symbol)[0] in "ZC"
    return f"<U+{ord(symbol):04X}>" if hidden else symbol


def character_of(word: str) -> str | None:
    """The character that a word stands for; None where it is more than one."""
    if len(word) == 1:
        return word
    escaped = _ESCAPE.fullmatch(word)
    return chr(code) if escaped and (code := int(escaped[1], 16)) <= 0x10FFFF else None


def words_of(alphabet: Alphabet) -> list[str]:
    """The word of each id as it is predicted, V strings; as a context the boundary is `BEGIN`."""
    return [END, *map(word_of, alphabet.names), *([UNKNOWN[0]] if alphabet.has_unknown else [])]
