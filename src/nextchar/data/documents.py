r"""Items that are texts: their line ends are symbols like any other. A file is one text, or several with lines between.

Blocks of such items are as those of lines (see `data.format`), with NULs, which no text has, in the place of the line
ends that close items. A file that is one text comes in pieces that are open at their ends. They are cut where nothing
that is done to the text reaches across: behind a line end, or in a very long line behind a blank or between plain
letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final

from nextchar.data.decoding import MARK, REPLACEMENT, Decoder, line_ends, with_bytes, with_replacements
from nextchar.data.format import Block, ErrorPolicy, Refusal, Tally
from nextchar.data.text_options import CAPITAL_SIGMA, TextOptions

__all__ = ["TEXT_END", "divided", "separated_blocks", "text_block", "whole_blocks"]

TEXT_END: Final = "\0"
_LONG: Final = 1 << 12  # characters that are looked back for a place to cut a line
_PLAIN: Final = frozenset(("Lu", "Ll", "Lo", "Nd"))
_JAMO: Final = range(0x1100, 0x1200)
_KIRAT_RAI: Final = range(0x16D63, 0x16D6B)  # vowel signs that join as jamo do (since Unicode 16)


def text_block(texts: Sequence[str]) -> Block:
    """Texts from memory, with any line ends; their numbers are their places, from 1.

    Raises:
        ValueError: a text holds a NUL character; its place.
    """
    plain = [text.replace("\r\n", "\n").replace("\r", "\n") for text in texts]
    joined = "".join(text + TEXT_END for text in plain)
    if joined.count(TEXT_END) != len(texts):
        raise ValueError(next(i for i, text in enumerate(plain) if TEXT_END in text))
    return Block(joined, 1, numbers=range(1, len(texts) + 1), closer=TEXT_END)


def whole_blocks(
    decoder: Decoder, errors: ErrorPolicy, tally: Tally, options: TextOptions, *, line: int = 1, closes: bool = True
) -> Iterator[Block]:
    """A source that is one text, in pieces of a few megabytes; or lines of it.

    Args:
        decoder: gives its text.
        errors: what becomes of what cannot be decoded: a text is not left out in part, so that only `replace` goes on.
        tally: counts the lines in which something was replaced.
        options: what will be done to the text, which decides where it is cut.
        line: the number of its first line.
        closes: whether the text ends here.

    Raises:
        CorpusError: it cannot be read or decoded, or holds a NUL character, unless that is replaced; with line and
            byte.
    """
    column, continues, number = 0, False, line
    ready = held = ""  # the last piece has something before the end
    for piece in decoder:
        text = held + _mended(piece, decoder, number, errors, tally)
        number += line_ends(piece)
        cut = _place_to_cut(text, options)
        held = text[cut:]
        if cut and ready:
            yield Block(ready, line, closer=TEXT_END, continues=continues, column=column)
            line, column, continues = *_after(ready, line, column), True
        if cut:
            ready = text[:cut]
    rest = ready + held + (TEXT_END if closes else "")
    if rest:
        yield Block(rest, line, closer=TEXT_END, continues=continues, column=column)


def _after(text: str, line: int, column: int) -> tuple[int, int]:
    """The line after a text, and how many of its characters come before."""
    ends = line_ends(text)
    return line + ends, len(text) - (text.rfind("\n") + 1) + (0 if ends else column)


def _mended(text: str, decoder: Decoder, line: int, errors: ErrorPolicy, tally: Tally) -> str:
    """What cannot be decoded replaced, if that is asked for; its first line has this number."""
    if MARK not in text and "\0" not in text:
        return text
    for place, one in enumerate(text.split("\n")):
        if MARK in one or "\0" in one:
            refusal = decoder.refusal(one, line + place)
            if errors != "replace":
                raise refusal.error
            tally.replaced(line + place, refusal.error)
    return with_replacements(text).replace("\0", REPLACEMENT)


def _place_to_cut(text: str, options: TextOptions) -> int:
    """Up to where a text can be treated by itself; 0 for nowhere."""
    if not (options.lower or options.nfc or options.graphemes):
        return len(text)
    if cut := text.rfind("\n") + 1:
        return cut
    for at in range(len(text) - 1, max(len(text) - _LONG, 0), -1):
        before, after = text[at - 1], text[at]
        if _is_plain(after) and (before == " " or _is_plain(before)):
            return at
    return 0


@lru_cache(maxsize=1 << 12)
def _is_plain(character: str) -> bool:
    """Whether it is a letter or digit that stays by itself: no combining one, no jamo or its like, no capital sigma."""
    if character.isascii():
        return character.isalnum()
    code, category = ord(character), unicodedata.category(character)
    joins = code in _JAMO or code in _KIRAT_RAI or character == CAPITAL_SIGMA or unicodedata.combining(character)
    return category in _PLAIN and not joins


def divided(lines: str, separator: str) -> list[tuple[str, int]]:
    """The items of whole lines between separators, without their last line ends, and where each begins; no empty ones.

    Args:
        lines: each ended by a line feed.
        separator: the line between two items; an empty one stands for lines that have blanks alone.
    """
    text = "\n" + lines
    begin, found = 1, []
    for line in _between(separator).finditer(text):
        if begin < line.start():
            found.append((text[begin : line.start()], begin - 1))
        begin = line.end() + 1
    if begin < len(text):
        found.append((text[begin:-1], begin - 1))
    return [(item, at) for item, at in found if item]


@lru_cache(maxsize=16)
def _between(separator: str) -> re.Pattern[str]:
    """A line between two items with the line end before it; it begins with plain characters, which are found fast."""
    return re.compile(r"\n" + (re.escape(separator) if separator else r"[^\S\n]*") + r"(?=\n)")


def separated_blocks(decoder: Decoder, separator: str, first_line: int = 1) -> Iterator[Block]:
    """The items of a source between separators, in blocks; those that cannot be used are refused as a whole.

    Args:
        decoder: gives its text.
        separator: see `divided`.
        first_line: the number of its first line.
    """
    held: list[str] = []  # of the item that has begun
    pattern = _between(separator)
    for lines in _whole_lines(decoder):
        last = 0
        for line in pattern.finditer("\n" + lines):
            last = line.end()  # and so behind the separator's line end, as one came before the lines
        if not last:
            held.append(lines)
            continue
        text = "".join((*held, lines[:last]))
        yield _items_block(text, decoder, separator, first_line)
        first_line += line_ends(text)
        held = [lines[last:]]
    if rest := "".join(held):
        yield _items_block(rest, decoder, separator, first_line)


def _whole_lines(pieces: Iterable[str]) -> Iterator[str]:
    """The same text in pieces that end with lines."""
    held: list[str] = []
    for piece in pieces:
        cut = piece.rfind("\n") + 1
        if cut:
            yield "".join((*held, piece[:cut]))
            held = []
        if cut < len(piece):
            held.append(piece[cut:])
    if held:
        yield "".join(held) + "\n"


def _items_block(text: str, decoder: Decoder, separator: str, first_line: int) -> Block:
    """A block of the items in whole lines."""
    items: list[str] = []
    numbers: list[int] = []
    refused: dict[int, Refusal] = {}
    line, counted = first_line, 0
    for item, begin in divided(text, separator):
        line, counted = line + text.count("\n", counted, begin), begin
        if MARK in item or "\0" in item:
            lines = item.split("\n")
            faulty = next(i for i, one in enumerate(lines) if MARK in one or "\0" in one)
            refused[len(items)] = decoder.refusal(lines[faulty], line + faulty)._replace(given=with_bytes(item))
            item = with_replacements(item).replace("\0", REPLACEMENT)
        items.append(item)
        numbers.append(line)
    joined = "".join(item + TEXT_END for item in items)
    return Block(joined, first_line, numbers=numbers, refused=refused, closer=TEXT_END)
