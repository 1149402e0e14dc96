"""Blocks of lines as ids: blank lines left out, text options applied, and lines that an alphabet cannot write named.

Blocks of texts likewise, which have NULs where lines end (see `data.documents`).

Letters: n items, S symbols.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar._kernels.loading import kernels_loaded
from nextchar.data.alphabet import BOUNDARY, Alphabet, Ids, codepoints_of, unknown_symbol
from nextchar.data.documents import TEXT_END
from nextchar.data.format import Block
from nextchar.data.graphemes import Graphemes, clusters_of, split_graphemes
from nextchar.data.plain_files import encode_plain
from nextchar.data.text_options import BLANKS, TextOptions, has_outer_blanks
from nextchar.errors import CorpusError, UnknownSymbolError

__all__ = ["Encoded", "encode_block"]


class Encoded(NamedTuple):
    """The items of a block of lines.

    Attributes:
        alphabet: what the ids mean; None where there is no item.
        ids: (S,) each item's characters and then a boundary.
        weights: (n,) how often each counts; None for once.
        blank: how many blank lines were left out.
        places: (n,) where in the block each item of the corpus is, from 0, for those who asked for it.
        refused: which lines have a character that the alphabet lacks, by their places.
    """

    alphabet: Alphabet | None
    ids: Ids
    weights: npt.NDArray[np.int64] | None
    blank: int
    places: npt.NDArray[np.int64]
    refused: Mapping[int, UnknownSymbolError]


def encode_block(
    block: Block, where: str, options: TextOptions, alphabet: Alphabet | None, *, placed: bool = False
) -> Encoded:
    """The items of a block of lines, in the alphabet given or one of their own.

    Args:
        block: the lines, without refused ones; or texts, of which an open one's last piece has no boundary at its end.
        where: what stands before a line's number in an error.
        options: what is done to the text.
        alphabet: the characters that may occur; None for those that do.
        placed: whether to say where in the block the items are.
    """
    if (found := _plain(block, options, alphabet, placed=placed)) is not None:
        return found
    compiled = kernels_loaded()
    text = options.apply(block.text, strip=not compiled)
    clusters = None
    if alphabet is not None:
        text = alphabet.written(text)
    elif options.graphemes:
        clusters = clusters_of(text)
        text = Graphemes(clusters).written(text)
    codepoints: npt.NDArray[Any] = codepoints_of(text)
    if compiled and options.strip and has_outer_blanks(text):
        from nextchar._kernels.corpus import strip_lines

        codepoints = strip_lines(codepoints, BLANKS)
    closer = ord(block.closer)
    line_ends = np.flatnonzero(codepoints == closer)
    lengths = np.diff(line_ends, prepend=-1) - 1
    kept = lengths > 0
    if block.continues and len(kept):
        kept[0] = True
    blank = int((~kept).sum())
    weights = None if block.weights is None else np.array(block.weights, dtype=np.int64)
    if weights is not None:
        kept &= weights > 0
    places = np.flatnonzero(kept)
    open_end = len(codepoints) - (int(line_ends[-1]) + 1 if len(line_ends) else 0)  # of a text that goes on
    if not (len(places) or open_end):
        return Encoded(None, np.empty(0, dtype=np.uint8), None, blank, places, {})
    if len(places) < len(kept):
        codepoints = codepoints[np.concatenate([np.repeat(kept, lengths + 1), np.ones(open_end, dtype=np.bool_)])]
    own = alphabet or _alphabet_of(codepoints, where, clusters, closer)
    texts = block.closer == TEXT_END
    try:
        ids = own.encode_texts(codepoints) if texts else own.encode_lines(codepoints)
    except UnknownSymbolError:
        if block.open:
            raise _unknown_in_text(codepoints, block, own, where, options) from None
        refused = {}
        offsets = np.concatenate([[0], np.cumsum(lengths[places] + 1)])
        lines = block.lines()
        for item, position in _first_in_each(own.lacking(codepoints, texts=texts), offsets):
            place = int(places[item])
            symbol = chr(codepoints[offsets[item] + position])
            if own.clusters is not None:  # what stands there in the text, and not the sign for it
                symbol = split_graphemes(options.apply(lines[place]))[position]
            before = np.flatnonzero(codepoints[offsets[item] : offsets[item] + position] == ord("\n"))
            row, begin = len(before), int(before[-1]) + 1 if len(before) else 0
            in_line = _in_the_line(lines[place].split("\n")[row], position - begin, options)
            number = block.number(place)
            at = (
                f"{where} {number}, line {row + 1}"
                if texts and not where.endswith("line")
                else f"{where} {number + row}"
            )
            refused[place] = unknown_symbol(symbol, in_line, at=f"{at}, character {in_line + 1}")
        rest = np.setdiff1d(np.arange(len(kept)), list(refused))
        found = encode_block(block.without(refused), where, options, alphabet, placed=True)
        return found._replace(places=rest[found.places], refused=refused)
    return Encoded(own, ids, None if weights is None else weights[places], blank, places, {})


def _plain(block: Block, options: TextOptions, alphabet: Alphabet | None, *, placed: bool) -> Encoded | None:
    """The items of a block that has nothing unusual; None where there may be more to it."""
    if block.closer != "\n" or block.weights is not None or (placed and _has_empty_line(block.text)):
        return None
    plain = encode_plain(block.text, options, alphabet)
    if plain is None or (placed and plain.blank):
        return None
    places = np.arange(np.count_nonzero(plain.ids == BOUNDARY) if placed else 0)
    return Encoded(plain.alphabet, plain.ids, None, plain.blank, places, {})


def _has_empty_line(text: str) -> bool:
    return text.startswith("\n") or "\n\n" in text


def _unknown_in_text(
    codepoints: npt.NDArray[Any], block: Block, alphabet: Alphabet, where: str, options: TextOptions
) -> UnknownSymbolError:
    """What is said of the first character of a text, or of a piece of one, that the alphabet lacks."""
    at = int(alphabet.lacking(codepoints, texts=True)[0])
    ends = np.flatnonzero(codepoints[:at] == ord("\n"))
    row, begin = len(ends), int(ends[-1]) + 1 if len(ends) else 0
    line = block.text.split("\n")[row].split(TEXT_END)[0]
    in_line = _in_the_line(line, at - begin, options)
    symbol = split_graphemes(options.apply(line))[at - begin] if alphabet.clusters is not None else chr(codepoints[at])
    column = in_line + 1 + (0 if row else block.column)
    return unknown_symbol(symbol, column - 1, at=f"{where} {block.first_line + row}, character {column}")


def _in_the_line(line: str, position: int, options: TextOptions) -> int:
    """Where in a line, as it came in, the symbol at a position of what is made of it stands."""
    before = len(line) - len(line.lstrip()) if options.strip else 0
    if options.graphemes:
        return len(split_graphemes(line[:before])) + position
    # the first characters of the line that make more than what precedes the symbol
    size = before + position + 1
    return bisect_left(range(len(line)), size, key=lambda i: len(options.apply(line[: i + 1], strip=False)))


def _first_in_each(positions: npt.NDArray[np.int64], offsets: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """The items that have some of the positions of the text, each with the first in it."""
    items, first = np.unique(np.searchsorted(offsets, positions, side="right") - 1, return_index=True)
    return list(zip(items.tolist(), (positions[first] - offsets[items]).tolist(), strict=True))


def _alphabet_of(codepoints: npt.NDArray[Any], where: str, clusters: tuple[str, ...] | None, closer: int) -> Alphabet:
    seen = np.zeros(0x110000, dtype=np.bool_)
    if kernels_loaded():
        from nextchar._kernels.corpus import mark_seen

        mark_seen(codepoints, seen)
    else:
        seen[codepoints] = True
    seen[closer] = False
    present = np.flatnonzero(seen)
    surrogates = (present >= 0xD800) & (present <= 0xDFFF)
    if surrogates.any():
        half = f"U+{present[surrogates][0]:04X}"
        raise CorpusError(f"{where.removesuffix(': line')}: holds half a surrogate pair ({half}); not valid text")
    return Alphabet("".join(map(chr, present)), clusters=clusters)
