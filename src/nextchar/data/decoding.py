r"""From bytes to text, piece by piece: line ends become \n, what cannot be decoded is marked.

A byte order mark says what the text is in, whichever of the encodings that have one was given, and goes.

A mark stands for a sequence of bytes that the encoding does not have. It is half a surrogate pair, which decoded text
never holds; so the line that holds one can be refused, or the mark replaced, later on. Behind it stand the bytes, as
Python's surrogateescape has them, where none of them could be a character of ASCII.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import re
import select
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import BinaryIO, Final

import numpy as np

from nextchar.data.encoding_guess import advice, doubt, guess, is_utf8, mark_of, may_open_a_mark
from nextchar.data.file_kinds import no_list, no_text
from nextchar.data.format import Format, Refusal
from nextchar.data.remarks import remark
from nextchar.errors import CorpusError, InputWarning

__all__ = [
    "BLOCK_BYTES",
    "MARK",
    "REPLACEMENT",
    "Decoder",
    "Digest",
    "format_as_read",
    "line_ends",
    "reason_of",
    "with_bytes",
    "with_replacements",
]

BLOCK_BYTES: Final = 1 << 22
MARK: Final = "\udfff"
REPLACEMENT: Final = "\ufffd"
_DROPPING_THE_MARK: Final = ("utf-8-sig", "utf-16", "utf-32")  # codecs that know the byte order mark
_MARKED: Final = frozenset(  # the encodings that texts with a mark are in; in others the mark's bytes are letters
    ("ascii", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
)
_FIRST_BYTES: Final = 1 << 10  # that tell what a file is
_MARKING: Final = "nextchar-mark"

_MARKED_BYTES: Final = re.compile(f"{MARK}([\udc80-\udcff]*)")


def _marking(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    wrong = error.object[error.start : error.end]
    return MARK + ("" if min(wrong) < 0x80 else wrong.decode("ascii", "surrogateescape")), error.end


codecs.register_error(_MARKING, _marking)


def with_replacements(text: str) -> str:
    """A text with U+FFFD for each mark."""
    return _MARKED_BYTES.sub(REPLACEMENT, text) if MARK in text else text


def with_bytes(text: str) -> str:
    """A text with the bytes behind each mark, halves of surrogate pairs; U+FFFD for a mark without any."""
    return _MARKED_BYTES.sub(lambda found: found[1] or REPLACEMENT, text) if MARK in text else text


@dataclass
class Digest:
    """SHA-256 and size of the bytes read so far, over all sources, and the encodings that they were in."""

    _sha256: hashlib._Hash = field(default_factory=hashlib.sha256)
    size: int = 0
    encodings: set[str] = field(default_factory=set)

    def update(self, chunk: bytes) -> None:
        """Take in the next bytes."""
        self._sha256.update(chunk)
        self.size += len(chunk)

    @property
    def hexdigest(self) -> str:
        """The SHA-256 so far, 64 hexadecimal digits."""
        return self._sha256.hexdigest()


def format_as_read(format_: Format, digest: Digest) -> Format:
    """How sources were read: in the encoding that their byte order marks told, where that is one for all."""
    return replace(format_, encoding=next(iter(digest.encodings))) if len(digest.encodings) == 1 else format_


class Decoder:
    """The text of a binary stream in pieces.

    Args:
        source: its name, for messages.
        handle: opened to read.
        encoding: a Python codec name. A byte order mark goes before a name of UTF-8, UTF-16, UTF-32 or ASCII.
        digest: takes in what is read.
        at_once: give what has come so far, instead of waiting for a few megabytes.
        start: how many bytes of the source come before those of the handle, which begins a line.
        head: the first bytes of the source, where it starts further on: they hold its byte order mark.
        sound_before: whether what comes before could be decoded.
        end: how many bytes of the source those of the handle end with, where only a part of it is read.
    """

    def __init__(
        self,
        source: str,
        handle: BinaryIO,
        encoding: str,
        digest: Digest | None = None,
        *,
        at_once: bool = False,
        start: int = 0,
        head: bytes = b"",
        sound_before: bool = True,
        end: int = 0,
    ) -> None:
        self.end = end
        self._source, self._handle, self._encoding, self._digest = source, handle, encoding, digest
        codec = codecs.lookup(encoding).name
        self._codec = "utf-8-sig" if codec == "utf-8" else codec
        # A terminal gives its end once only: to read on until there is enough would mean to wait for a second one.
        self._at_once = at_once or _is_terminal(handle)
        self._start, self._sound = start, sound_before
        self._first = head[:_FIRST_BYTES] if start else b""
        self._marked = False  # by a byte order mark
        self._newlines = io.IncrementalNewlineDecoder(None, translate=True)
        self._place: str | None = None  # of the first byte that cannot be decoded, and why
        self._sample = b""  # what the encoding can be guessed from, then

    def __iter__(self) -> Iterator[str]:
        chunk = self._opening()
        codec = self._codec
        if self._start and codec == "utf-8-sig":
            codec = "utf-8"  # the mark is where the source begins
        decoder = codecs.getincrementaldecoder(codec)()
        self._newlines = newlines = io.IncrementalNewlineDecoder(None, translate=True)
        if not self._sound:
            decoder = codecs.getincrementaldecoder(codec)(_MARKING)
        bytes_before, at_end, sound = self._start, False, self._sound
        waiting = bool(self._start)  # for more than the opening has read
        while not at_end:
            chunk, waiting = self._chunk() if waiting else chunk, True
            at_end = not chunk
            if not self._start and len(self._first) < _FIRST_BYTES:
                self._first += chunk[:_FIRST_BYTES]
                failed = self._codec == "utf-8-sig" and (b"\0" in self._first or not is_utf8(self._first))
                if what := no_text(self._source, self._first, failed=failed):
                    raise CorpusError(f"{self._source}: {what}")
            state = decoder.getstate() if sound else (b"", 0)
            try:
                try:
                    text = decoder.decode(chunk, final=at_end)
                except UnicodeDecodeError as error:
                    self._note(error, chunk, bytes_before)
                    decoder, sound = codecs.getincrementaldecoder(codec)(_MARKING), False
                    decoder.setstate(state)
                    text = decoder.decode(chunk, final=at_end)
            except UnicodeError as error:  # UTF-16 without a byte order mark
                raise CorpusError(
                    f"{self._source}: not {self._encoding}: {error}; give its encoding, {advice(chunk)}",
                    argument="encoding",
                ) from None
            if not bytes_before:
                self._check(chunk, text)
                if self._codec not in _DROPPING_THE_MARK:
                    text = text.removeprefix("\ufeff")
            bytes_before += len(chunk)
            yield newlines.decode(text, final=at_end)

    def _opening(self) -> bytes:
        """The first bytes, enough to tell whether a byte order mark is there; what that says is heeded."""
        chunk = more = b"" if self._start else self._chunk()
        while more and may_open_a_mark(chunk):
            more = self._chunk()
            chunk += more
        mark = mark_of(self._first if self._start else chunk)
        self._marked = mark is not None and self._codec in _MARKED
        if mark is not None and self._marked and self._codec not in mark.codecs:
            if not self._start:
                remark(f"{self._source}: read as {mark.encoding.upper()}, as its byte order mark says")
            self._encoding = mark.encoding
            self._codec = "utf-8-sig" if mark.encoding == "utf-8" else mark.encoding
        if self._digest is not None:
            self._digest.encodings.add(self._encoding)
        return chunk

    @property
    def codec(self) -> str:
        """What Python calls the encoding that the text is in, as far as that is known: see `encoding` and the mark."""
        return self._codec

    @property
    def other_line_ends(self) -> str | None:
        r"""Which line ends were there but \n, all of which are read as that; for people."""
        seen = self._newlines.newlines or ()
        others = {"\r\n": "CRLF", "\r": "CR"}
        found = [name for end, name in others.items() if end in ((seen,) if isinstance(seen, str) else seen)]
        return " and ".join(found) or None

    def _chunk(self) -> bytes:
        try:
            chunk = _what_has_come(self._handle) if self._at_once else self._handle.read(BLOCK_BYTES)
        except _read_errors() as error:
            raise CorpusError(f"{self._source}: cannot be read to its end: {reason_of(error)}; is it whole?") from error
        if self._digest is not None:
            self._digest.update(chunk)
        return chunk

    def _note(self, error: UnicodeDecodeError, chunk: bytes, bytes_before: int) -> None:
        # error.object ends where the chunk ends; it may begin earlier (a character cut in two) or later (a BOM).
        good = len(chunk) - len(error.object) + error.start
        byte = error.object[error.start]
        self._place = f"byte {bytes_before + good + 1} of the file: not {self._encoding} (0x{byte:02x}: {error.reason})"
        self._sample = chunk or self._first

    def _check(self, chunk: bytes, text: str) -> None:
        """Whether the text's first piece shows that another encoding, or another file, is meant."""
        if found := no_list(text):
            warnings.warn(InputWarning(f"{self._source}: {found}"), stacklevel=3)
        if found := doubt(chunk, text, self._encoding):
            warnings.warn(InputWarning(f"{self._source}: {found}", argument="encoding"), stacklevel=3)

    def refusal(self, line: str, number: int) -> Refusal:
        """Why a line with a mark or a NUL character cannot be used."""
        return Refusal(self._error(line, number), True, with_bytes(line))

    def _error(self, line: str, number: int) -> CorpusError:
        at = f"{self._source}: line {number}"
        if MARK not in line:
            if guess(self._first) == ("utf-8",) and self._codec == "utf-8-sig":
                message = "holds a NUL character, which no text has; it may be replaced, or its line skipped"
                return CorpusError(f"{at}: {message}", argument="errors")
            other = advice(self._first, otherwise="utf-16-le")
            message = f"holds a NUL character; this is not a text file, or has another encoding, {other}"
            return CorpusError(f"{at}: {message}", argument="encoding")
        if self._place is None:
            return CorpusError(f"{at}: not {self._encoding}")
        place, self._place = self._place, None
        if self._marked:
            return CorpusError(f"{at}, {place}, which its byte order mark says it is; is it whole?")
        message = f"{at}, {place}; give its encoding, {advice(self._sample)}"
        return CorpusError(message, argument="encoding")


def _what_has_come(handle: BinaryIO) -> bytes:
    """The next bytes: some megabytes, or as many as there are before the input pauses; none at its end."""
    read: Callable[[int], bytes] = getattr(handle, "read1", handle.read)
    chunk = read(BLOCK_BYTES)
    if not _may_pause(handle):
        return chunk
    chunks, size = [chunk], len(chunk)
    while chunk and size < BLOCK_BYTES and select.select([handle], [], [], 0)[0]:
        chunk = read(BLOCK_BYTES - size)
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks)


def _is_terminal(handle: BinaryIO) -> bool:
    raw = getattr(handle, "raw", handle)
    return isinstance(raw, io.FileIO) and raw.isatty()


def _may_pause(handle: BinaryIO) -> bool:
    """Whether it is a pipe as the system gives it, which can be asked whether there is more.

    A terminal gives its lines one by one, and its end once only: it must not be asked again.
    """
    raw = getattr(handle, "raw", handle)
    return sys.platform != "win32" and isinstance(raw, io.FileIO) and not raw.seekable() and not _is_terminal(handle)


def line_ends(text: str) -> int:
    """text.count of line feeds, which is slow where lines are short."""
    return int(np.count_nonzero(np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8) == ord("\n")))


def reason_of(error: BaseException) -> str:
    """What the system, or a decompressor, says of its error."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def _read_errors() -> tuple[type[Exception], ...]:
    """What reading a damaged file raises: from the system, and from those decompressors that have been loaded."""
    modules = {"zstandard": "ZstdError", "lzma": "LZMAError", "zlib": "error"}
    loaded = [getattr(sys.modules[module], name) for module, name in modules.items() if module in sys.modules]
    return (OSError, EOFError, ValueError, *loaded)
