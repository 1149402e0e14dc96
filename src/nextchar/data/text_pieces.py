"""Pieces of a text as ids: what is read on, or stands before what is to be written."""

from __future__ import annotations

from nextchar.data.alphabet import Alphabet, Ids, codepoints_of, unknown_symbol
from nextchar.data.text_options import TextOptions
from nextchar.errors import CorpusError, UnknownSymbolError

__all__ = ["encode_piece"]


def encode_piece(text: str, alphabet: Alphabet, options: TextOptions, name: str = "the text") -> Ids:
    """The ids of a piece, (T,), without a boundary. Line ends become line feeds; nothing is stripped.

    Args:
        text: the piece.
        alphabet: the model's.
        options: what is done to the text.
        name: what messages call it.

    Raises:
        CorpusError: it holds a NUL character.
        UnknownSymbolError: the alphabet lacks a character; with line and place.
    """
    text = options.apply(text.replace("\r\n", "\n").replace("\r", "\n"), strip=False)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise CorpusError(f"{name}, line {line}: holds a NUL character, which no text has")
    codepoints = codepoints_of(alphabet.written(text))
    if not alphabet.has_unknown and len(missing := alphabet.absent(codepoints)):
        symbols = alphabet.split(text)
        at = int(missing[0])
        before = "".join(symbols[:at])
        line, place = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        error = unknown_symbol(symbols[at], at, at=f"{name}, line {line}, character {place}")
        raise UnknownSymbolError(str(error), character=symbols[at], position=at)
    return alphabet.encode_codepoints(codepoints)
