r"""Sources cut into spans that can be read apart, by other processes too: the one place that cuts.

A span is a range of bytes, and holds the lines that begin in it: its reader passes over the rest of a line that began
before, and goes on to the end of the last. So spans are made without a look into the file, and each line is in one.

An item ends with its line, and no n-gram reaches from one item into the next; so nothing is lost at a line end. A text
with line ends in it is cut inside, and the lines before the cut are read with it, as context that is not counted (see
`text_before`).

What has to be read from its beginning is one span: compressed files, tables (a quoted field may hold line ends), files
with several texts and lines between them, and text in encodings where a byte 10 is not always a line end, or what comes
before a line says how to read it (UTF-16, ISO-2022).
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final

from nextchar.data.blocks import line_blocks, name_of, raw_blocks
from nextchar.data.datasets import meant_by
from nextchar.data.decoding import BLOCK_BYTES, MARK, Decoder, line_ends, reason_of
from nextchar.data.documents import whole_blocks
from nextchar.data.files import COMPRESSIONS, open_binary
from nextchar.data.format import Block, Format, Tally
from nextchar.data.text_options import TextOptions
from nextchar.errors import CorpusError

__all__ = ["Span", "glance", "lines_before", "read_span", "read_text_span", "size_if_cut", "text_before"]

BLOCK: Final = 2 * BLOCK_BYTES  # bytes that are read at a time; they are in memory together
_LINES: Final = TextOptions()
_HEAD_BYTES: Final = 1 << 10
_MULTIBYTE: Final = frozenset(  # beside those of one byte a character: a line end is no part of another character
    ("utf-8", "utf-8-sig", "gb2312", "gbk", "gb18030", "big5", "cp932", "cp949", "euc_jp", "shift_jis")
)


@dataclass(frozen=True)
class Span:
    """Part of a source that is read by itself.

    Attributes:
        source: as for `open_binary`.
        begin: the lines that begin from this byte on; bytes are numbered from 0.
        end: and before this one. None for a source that is read from its beginning to its end.
        skip: parts of it, as whoever reads it divides it, that have been read before.
    """

    source: str
    begin: int = 0
    end: int | None = None
    skip: int = 0

    @property
    def inner(self) -> bool:
        """Whether it begins inside its source, so that nobody knows the numbers of its lines."""
        return self.begin > 0

    def pieces(self, size: int) -> Iterator[Span]:
        """The span as spans of so many bytes, or itself where it cannot be cut."""
        if self.end is None:
            yield self
            return
        for begin in range(self.begin, self.end, size):
            yield Span(self.source, begin, min(begin + size, self.end), self.skip if begin == self.begin else 0)

    def since(self, piece: Span, skip: int) -> Span:
        """What is left of it from a place in one of its pieces on."""
        return replace(self, begin=piece.begin, skip=skip)


def size_if_cut(source: str, format_: Format, options: TextOptions = _LINES) -> int | None:
    """How many bytes a source has, if it can be cut into spans; None if it cannot.

    Of what can be cut the beginning is looked at, and what may be wrong with it said, as when it is read as a whole.

    Raises:
        CorpusError: it cannot be opened, or is no text.
    """
    data_set = meant_by(source)
    if format_.column is not None or (data_set is not None and data_set.column is not None):
        return None
    if options.separator is not None:
        return None
    if Path(source).suffix.lower() in COMPRESSIONS or not _one_line_end(codecs.lookup(format_.encoding).name):
        return None
    with open_binary(source) as handle:
        try:
            size = handle.seek(0, io.SEEK_END)
            handle.seek(0)
            seen = size <= BLOCK or b"\n" in _read(handle, _HEAD_BYTES << 6)
            handle.seek(0)
        except (OSError, ValueError):  # a pipe, or a server that sends no parts
            return None
        decoder = Decoder(name_of(source), handle, format_.encoding)
        next(iter(decoder))
        return size if seen and _one_line_end(decoder.codec) else None


def _one_line_end(codec: str) -> bool:
    """Whether bytes can be cut after each byte 10, and decoded apart."""
    if codec in _MULTIBYTE:
        return True
    if codec.startswith(("iso2022", "hz")):  # an escape sequence says how to read what follows, in other lines too
        return False
    text = bytes(range(256)).decode(codec, "replace")
    return len(text) == 256 and text[10] == "\n" and text[13] == "\r" and text.count("\n") == text.count("\r") == 1


def read_span(
    span: Span, format_: Format, first_line: int = 1, *, sound_before: bool = True, options: TextOptions = _LINES
) -> Iterator[Block]:
    """All lines of a span, as `raw_blocks` gives them.

    Args:
        span: which; one that can be cut is read as a whole before the first block is given.
        format_: how to read it.
        first_line: the number of its first line.
        sound_before: whether all before it could be decoded: only of the first line that cannot is the place told.
        options: what will be done to the text; of texts a span is a whole source.

    Raises:
        CorpusError: as there.
    """
    if span.end is None:
        yield from raw_blocks(span.source, format_, options=options)
    elif (decoder := _decoder(span, format_, sound_before)) is not None:
        yield from line_blocks(decoder, first_line)


def read_text_span(
    span: Span, format_: Format, options: TextOptions, tally: Tally, first_line: int = 1
) -> Iterator[Block]:
    """The lines of a span of a text that is a whole file; the text is closed where the file ends.

    Args:
        span: which; of one that cannot be cut, all.
        format_: how to read it.
        options: what will be done to the text.
        tally: counts what is replaced.
        first_line: the number of its first line.

    Raises:
        CorpusError: as for `raw_blocks`.
    """
    if span.end is None:
        yield from raw_blocks(span.source, format_, tally=tally, options=options)
    elif (decoder := _decoder(span, format_)) is not None:
        with _opened(span.source) as handle:
            closes = decoder.end >= handle.seek(0, io.SEEK_END)
        yield from whole_blocks(decoder, format_.errors, tally, options, line=first_line, closes=closes)


def text_before(span: Span, format_: Format, size: int) -> tuple[str, bool]:
    """Whole lines before those of a span, about so many bytes of them, and whether they are all that there are."""
    with _opened(span.source) as handle:
        end = _begin(handle, span.begin)
        begin = _begin(handle, max(end - size, 0))
        handle.seek(0)
        head = handle.read(_HEAD_BYTES)
        handle.seek(begin)
        content = _read(handle, end - begin)
    tally = Tally("replace")
    decoder = Decoder(name_of(span.source), io.BytesIO(content), format_.encoding, start=begin, head=head)
    blocks = whole_blocks(decoder, "replace", tally, _LINES, closes=False)
    return "".join(block.text for block in blocks), begin == 0


def glance(span: Span, format_: Format) -> tuple[int, bool]:
    """How many lines a span has, and whether all of it can be decoded."""
    lines, sound, last = 0, True, ""
    for text in _decoder(span, format_) or ():
        lines += line_ends(text)
        sound = sound and MARK not in text
        last = text[-1:] or last
    return lines + (last not in ("", "\n")), sound


def _decoder(span: Span, format_: Format, sound_before: bool = True) -> Decoder | None:
    """The text of a span that can be cut, which has been read; None where there is none."""
    assert span.end is not None, "what cannot be cut is read from its beginning"
    name = name_of(span.source)
    with _opened(span.source) as handle:
        head = handle.read(_HEAD_BYTES) if span.inner else b""
        start, content = _lines_in(handle, span.begin, span.end)
    if start + len(content) < span.end:
        raise CorpusError(f"{name}: has become shorter while it was read")
    if not content:
        return None
    text = io.BytesIO(content)
    return Decoder(
        name, text, format_.encoding, start=start, head=head, sound_before=sound_before, end=start + len(content)
    )


def lines_before(span: Span) -> int:
    r"""How many lines there are in a source before those of a span; \n, \r\n and \r end one."""
    found, last = 0, b""
    with _opened(span.source) as handle:
        left = _begin(handle, span.begin)
        handle.seek(0)
        while left and (chunk := handle.read(min(left, BLOCK_BYTES))):
            found += chunk.count(b"\n") + chunk.count(b"\r") - chunk.count(b"\r\n")
            found -= last == b"\r" and chunk.startswith(b"\n")
            left, last = left - len(chunk), chunk[-1:]
    return found


@contextmanager
def _opened(source: str) -> Iterator[BinaryIO]:
    with open_binary(source) as handle:
        try:
            yield handle
        except (OSError, ValueError) as error:
            if isinstance(error, CorpusError):
                raise
            raise CorpusError(f"{name_of(source)}: cannot be read: {reason_of(error)}") from error


def _lines_in(handle: BinaryIO, begin: int, end: int) -> tuple[int, bytes]:
    """The lines that begin from `begin` on and before `end`, and where they begin."""
    start = _begin(handle, begin)
    if start >= end:
        return start, b""
    handle.seek(start)
    found = [_read(handle, end - start)]
    if not found[0].endswith(b"\n"):  # the last line goes on
        while chunk := handle.read(_HEAD_BYTES << 6):
            cut = chunk.find(b"\n") + 1
            found.append(chunk[:cut] if cut else chunk)
            if cut:
                break
    return start, b"".join(found)


def _begin(handle: BinaryIO, at: int) -> int:
    """Where the first line begins from a place on."""
    if not at:
        return 0
    at -= 1  # a line begins there if one ends before
    handle.seek(at)
    while chunk := handle.read(_HEAD_BYTES << 2):
        cut = chunk.find(b"\n") + 1
        if cut:
            return at + cut
        at += len(chunk)
    return at


def _read(handle: BinaryIO, size: int) -> bytes:
    """So many bytes, or all that there are."""
    chunks = []
    while size and (chunk := handle.read(size)):
        chunks.append(chunk)
        size -= len(chunk)
    return b"".join(chunks)
