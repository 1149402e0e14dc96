"""Texts that are judged line by line: each line of a source as it came in, and the items that were made of them.

One result belongs to each line, to those too that are blank or cannot be used. And where the input pauses, what has
come so far is given at once, so that a log that grows can be watched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.data.alphabet import Alphabet
from nextchar.data.blocks import name_of, raw_blocks
from nextchar.data.corpus import Corpus
from nextchar.data.decoding import REPLACEMENT, line_ends
from nextchar.data.display import shortened
from nextchar.data.documents import TEXT_END
from nextchar.data.encoded_lines import encode_block
from nextchar.data.format import Block, ErrorPolicy, Format, Refusal, Tally
from nextchar.data.text_options import TextOptions
from nextchar.errors import CorpusError, NextcharError

__all__ = ["LineBlock", "lines_of_blocks", "lines_of_items", "read_lines", "with_beginnings"]

PIECE: Final = 1 << 18  # characters
SHOWN: Final = 60  # characters of a text
_HALF_A_PAIR: Final = re.compile("[\ud800-\udfff]")  # so Python shows bytes of the command line that are no text


@dataclass(frozen=True)
class LineBlock:
    """Lines that follow each other, or rows of a table.

    A line is an item of the corpus, or blank (of the weight 0), or refused.

    Attributes:
        text: the lines as they came in, each ended by a line feed; of a table the column of the items. A sequence of
            bytes that cannot be decoded is shown as U+FFFD.
        numbers: of the lines in their file, from 1; of a table that of a row's first line, so that the first row under
            the header has 2.
        corpus: the items, with the text options applied; None where there is none.
        places: (n,) which of the lines each item of the corpus is, from 0; increasing.
        refused: why a line cannot be used, by its place; the message has the file and the line.
        given: the lines, by their places, that hold what text has replaced: NUL characters, line ends, and bytes that
            are not in the encoding (Python's surrogateescape); of items that are texts all, for in `text` their line
            ends are spaces.
    """

    text: str
    numbers: Sequence[int]
    corpus: Corpus | None
    places: npt.NDArray[np.int64]
    refused: Mapping[int, NextcharError]
    given: Mapping[int, str] = field(default_factory=dict)

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their ends."""
        return self.text.split("\n")[:-1]


def read_lines(
    source: str, format_: Format, options: TextOptions, alphabet: Alphabet | None = None
) -> Iterator[LineBlock]:
    """The lines of a source in blocks of a quarter of a megabyte, or of what there is when the input pauses.

    What `format_.errors` leaves out is refused in its block, and a warning at the end tells how many there were and
    the first. With `stop`, the lines before the first that cannot be used are given, and then its error is raised.
    A source without lines gives no block.

    Args:
        source: as for Corpus.from_file.
        format_: how to read it.
        options: what to do to the text.
        alphabet: the characters that may occur; None for all, and each block's corpus then has those of its own.

    Raises:
        CorpusError: it cannot be read, lacks a column, or has a line that cannot be used and the policy is to stop.
        UnknownSymbolError: a character is not in the given alphabet and the policy is to stop.
    """
    blocks = _in_one_block(raw_blocks(source, format_, at_once=True, options=options))
    return _lines(blocks, f"{name_of(source)}: line", format_.errors, options, alphabet)


def lines_of_items(
    items: Sequence[str], options: TextOptions, alphabet: Alphabet | None = None, errors: ErrorPolicy = "stop"
) -> Iterator[LineBlock]:
    """As `read_lines`, for items from elsewhere: the number of an item is its place, from 1, and errors call it so.

    Raises:
        CorpusError: an item holds a line end, a NUL character or half a surrogate pair and the policy is to stop.
        UnknownSymbolError: a character is not in the given alphabet and the policy is to stop.
    """
    refused = {}
    lines = []
    texts = options.documents
    closer = TEXT_END if texts else "\n"
    for place, item in enumerate(items):
        text = _HALF_A_PAIR.sub(REPLACEMENT, item)
        line = text.replace("\0", REPLACEMENT)
        line = line.replace("\r\n", "\n").replace("\r", "\n") if texts else line.replace("\n", " ").replace("\r", " ")
        if line != item and not (texts and line.count(REPLACEMENT) == item.count(REPLACEMENT)):
            what = "half a surrogate pair" if text != item else f"a {'' if texts else 'line end or a '}NUL character"
            error = CorpusError(f"item {place + 1}, {shortened(item)!r}: holds {what}")
            refused[place] = Refusal(error, True, item)
        lines.append(line + closer)
    numbers = range(1, len(items) + 1)
    block = Block("".join(lines), 1, refused=refused, closer=closer, numbers=numbers if texts else None)
    return _lines(iter([block]), "item", errors, options, alphabet)


def with_beginnings(block: LineBlock) -> LineBlock:
    """The block with the beginnings of its items in `given`, for people: a text may be long."""
    return replace(block, given={place: shortened(text, SHOWN) for place, text in block.given.items()})


def lines_of_blocks(
    blocks: Iterator[Block], source: str, format_: Format, options: TextOptions, alphabet: Alphabet | None, tally: Tally
) -> Iterator[LineBlock]:
    """As `read_lines`, for blocks of a source that have been read; what is left out is counted, and not told."""
    yield from _counted(_in_one_block(blocks), f"{name_of(source)}: line", format_.errors, options, alphabet, tally)


def _lines(
    blocks: Iterator[Block], where: str, errors: ErrorPolicy, options: TextOptions, alphabet: Alphabet | None
) -> Iterator[LineBlock]:
    """What is made of lines; before a number in messages stands `where`."""
    tally = Tally(errors)
    yield from _counted(blocks, where, errors, options, alphabet, tally)
    tally.tell()


def _counted(
    blocks: Iterator[Block],
    where: str,
    errors: ErrorPolicy,
    options: TextOptions,
    alphabet: Alphabet | None,
    tally: Tally,
) -> Iterator[LineBlock]:
    for block in (piece for large in blocks for piece in _pieces(large)):
        stops = errors == "stop"
        settled = block if stops else tally.settle(block)
        wrong: dict[int, NextcharError] = {place: why.error for place, why in settled.refused.items()}
        found = encode_block(settled.without(wrong), where, options, alphabet, placed=True)
        size = line_ends(settled.text) if settled.closer == "\n" else settled.text.count(settled.closer)
        places = found.places
        if wrong:  # and so not among the lines that were encoded
            rest = np.setdiff1d(np.arange(size), list(wrong))
            places = rest[places]
        for at, error in found.refused.items():
            place = int(rest[at]) if settled.refused else at
            wrong[place] = error
            tally.skip(settled.number(place), error)
        numbers = settled.numbers or range(settled.first_line, settled.first_line + size)
        given = {place: why.given for place, why in block.refused.items() if why.given is not None}
        if settled.closer != "\n":
            texts = settled.lines()
            given = dict(enumerate(texts)) | given
            settled = replace(settled, text="".join(text.replace("\n", " ") + "\n" for text in texts))
        lines = LineBlock(settled.text, numbers, Corpus.from_encoded(found, options), places, wrong, given)
        if stops and wrong:
            first = min(wrong)
            if first:
                yield _until(lines, first)
            raise wrong[first]
        yield lines


def _in_one_block(blocks: Iterator[Block]) -> Iterator[Block]:
    """Pieces of a text that is a whole source as one; other blocks as they come."""
    open_: list[Block] = []
    for block in blocks:
        open_.append(block)
        if block.closer == "\n" or block.text.endswith(block.closer):
            text = "".join(piece.text for piece in open_) if len(open_) > 1 else block.text
            yield block if len(open_) == 1 else replace(open_[0], text=text)
            open_ = []


def _pieces(block: Block) -> Iterator[Block]:
    """A large block of plain lines in pieces that stay in the processor's cache, with what is made of them."""
    begin, first_line = 0, block.first_line
    if block.closer == "\n" and block.numbers is None and block.weights is None and not block.refused:
        while len(block.text) - begin > PIECE:
            end = block.text.find("\n", begin + PIECE) + 1
            piece = Block(block.text[begin:end], first_line)
            yield piece
            begin, first_line = end, first_line + line_ends(piece.text)
    if begin < len(block.text):
        yield Block(block.text[begin:], first_line) if begin else block


def _until(lines: LineBlock, end: int) -> LineBlock:
    """The lines before this place."""
    items = int(np.searchsorted(lines.places, end))
    corpus = None if lines.corpus is None or not items else lines.corpus.take(range(items))
    text = "".join(f"{line}\n" for line in lines.lines[:end])
    given = {place: line for place, line in lines.given.items() if place < end}
    return LineBlock(text, lines.numbers[:end], corpus, lines.places[:items], {}, given)
