"""Characters as words: what stands in an ARPA file for each symbol, and back."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Final

from nextchar.data.alphabet import Alphabet
from nextchar.data.graphemes import split_graphemes

__all__ = ["BEGIN", "END", "LOG_ZERO", "NATS", "UNKNOWN", "character_of", "cluster_of", "word_of", "words_of"]

BEGIN: Final = "<s>"
END: Final = "</s>"
UNKNOWN: Final = ("<unk>", "<UNK>")  # the first is written, both are read
LOG_ZERO: Final = -99.0  # stands for the log10 of 0
NATS: Final = math.log(10)  # in one unit of log10

_SPACE: Final = "<space>"  # how others write a blank, in either case; read, not written
_ESCAPE: Final = re.compile(r"<U\+([0-9A-F]{4,6})>")


def word_of(symbol: str) -> str:
    """The character itself, or `<U+0020>` where it cannot be seen: blanks, controls, what has no glyph.

    Of a symbol of several code points blanks and controls alone are written so, such as a blank that bears an accent.
    """
    if len(symbol) == 1:
        return _escaped(symbol) if unicodedata.category(symbol)[0] in "ZC" else symbol
    return "".join(_escaped(c) if c.isspace() or unicodedata.category(c) == "Cc" else c for c in symbol)


def _escaped(character: str) -> str:
    return f"<U+{ord(character):04X}>"


def character_of(word: str) -> str | None:
    """The character that a word stands for; None where it is more than one."""
    if len(word) == 1:
        return word
    if word.lower() == _SPACE:
        return " "
    escaped = _ESCAPE.fullmatch(word)
    return chr(code) if escaped and (code := int(escaped[1], 16)) <= 0x10FFFF else None


def cluster_of(word: str) -> str | None:
    """What a reader sees as one character, and a word stands for; None where it is more than one."""
    if word.lower() == _SPACE:
        return " "
    found = _ESCAPE.sub(lambda escape: character_of(escape[0]) or escape[0], word)
    return found if split_graphemes(found) == [found] else None


def words_of(alphabet: Alphabet) -> list[str]:
    """The word of each id as it is predicted, V strings; as a context the boundary is `BEGIN`."""
    return [END, *map(word_of, alphabet.names), *([UNKNOWN[0]] if alphabet.has_unknown else [])]
