r"""From files to text: paths, standard input, compressed files, URLs and CSV columns, as blocks of whole lines.

Everything above this floor sees text with `\n` line ends only. A block is a few megabytes, so that a file of any
size is read in bounded memory (unless a single line is longer than that).
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import numpy as np

from nextchar.errors import CorpusError

__all__ = ["COMPRESSIONS", "Block", "Digest", "Format", "is_plain_local_file", "is_table", "open_binary", "read_blocks"]

BLOCK_BYTES: Final = 1 << 22
_SEPARATORS: Final = {".csv": ",", ".tsv": "\t", ".tab": "\t"}  # of the tables known by their ending
_CSV_BLOCK_ROWS: Final = 1 << 16
_ZSTD_READ_BYTES: Final = 1 << 13  # what they expand to is held in memory: 256 MB at the very most
_DROPPING_THE_MARK: Final = ("utf-8-sig", "utf-16", "utf-32")  # codecs that know the byte order mark
_OTHER_KINDS: Final = {  # how files begin that are often given by mistake, and what to do then
    b"\x1f\x8b": "it is gzip data; give its name the ending .gz",
    b"BZh": "it is bzip2 data; give its name the ending .bz2",
    b"\xfd7zXZ\0": "it is xz data; give its name the ending .xz",
    b"\x28\xb5\x2f\xfd": "it is zstandard data; give its name the ending .zst",
    b"PK\x03\x04": "it is a zip archive (or an office document); unpack it and give the text file inside",
    b"\x89PNG": "it is a PNG picture",
    b"%PDF": "it is a PDF document; save its text to a text file",
    b"\xff\xfe": "it begins as UTF-16 does; give the encoding utf-16",
    b"\xfe\xff": "it begins as UTF-16 does; give the encoding utf-16",
}


@dataclass(frozen=True, kw_only=True)
class Format:
    """How to read the text of a file.

    Attributes:
        encoding: a Python codec name.
        column: the CSV/TSV column that holds the items; None for one item a line.
        weight: the CSV/TSV column that holds whole-number weights.
    """

    encoding: str = "utf-8"
    column: str | None = None
    weight: str | None = None

    def __post_init__(self) -> None:
        try:
            codecs.getincrementaldecoder(self.encoding)
            with suppress(UnicodeError):  # one letter may be too short for it
                b"a".decode(self.encoding)  # unlike a look-up, this refuses codecs that give no text, such as base64
        except (LookupError, ValueError):
            raise CorpusError(
                f"there is no text encoding {self.encoding!r}; try utf-8, utf-16, latin-1 or gb18030"
            ) from None
        if self.weight is not None and self.column is None:
            raise CorpusError(f"a weight column ({self.weight!r}) needs the column of the items too")


@dataclass(frozen=True)
class Block:
    """Whole lines of a source.

    Attributes:
        text: lines, each ended by a line feed.
        first_line: the number of the first line in its file, from 1.
        weights: one whole number a line, or None.
    """

    text: str
    first_line: int
    weights: tuple[int, ...] | None = None


@dataclass
class Digest:
    """SHA-256 and size of the bytes read so far, over all sources."""

    _sha256: hashlib._Hash = field(default_factory=hashlib.sha256)
    size: int = 0

    def update(self, chunk: bytes) -> None:
        """Take in the next bytes."""
        self._sha256.update(chunk)
        self.size += len(chunk)

    @property
    def hexdigest(self) -> str:
        """The SHA-256 so far, 64 hexadecimal digits."""
        return self._sha256.hexdigest()


def is_plain_local_file(source: str) -> bool:
    """Whether the source is a regular file on this machine that needs no decompression.

    A pipe or a device is none: it has no size, can be read once only, and from its beginning to its end.
    """
    if source == "-" or "://" in source or Path(source).suffix.lower() in COMPRESSIONS:
        return False
    return Path(source).is_file()


def is_table(source: str) -> bool:
    """Whether a file is a table by its name, so that someone may have meant a column of it."""
    return _ending(source) in _SEPARATORS


def _ending(source: str) -> str:
    """The ending of a file's name, in lower case; of a compressed file, that of its content."""
    path = Path(source)
    inner = path.with_suffix("") if path.suffix.lower() in COMPRESSIONS else path
    return inner.suffix.lower()


@contextmanager
def open_binary(source: str) -> Iterator[BinaryIO]:
    """Open a path, `-` for standard input, a compressed file (by its ending) or any fsspec URL, to read bytes.

    Raises:
        CorpusError: it does not exist, is a directory, or cannot be opened.
    """
    if source == "-":
        yield sys.stdin.buffer
        return
    if "://" not in source:
        path = Path(source)
        if path.is_dir():
            raise CorpusError(f"{source}: is a directory; give a file")
        if not path.exists():
            raise CorpusError(f"{source}: no such file")
    with ExitStack() as stack:
        try:
            handle = _open_raw(source)
            stack.callback(handle.close)
            if (decompressed := COMPRESSIONS.get(Path(source).suffix.lower())) is not None:
                handle = decompressed(handle)
                stack.callback(handle.close)
        except FileNotFoundError:
            raise CorpusError(f"{source}: no such file") from None
        except (OSError, ValueError, ImportError) as error:
            raise CorpusError(f"{source}: cannot be opened: {_reason(error)}") from error
        yield handle


def _open_raw(source: str) -> BinaryIO:
    if "://" not in source:
        return Path(source).open("rb", buffering=0)
    import fsspec  # 0.1 s that plain files need not pay

    return cast(BinaryIO, fsspec.open(source, "rb").open())


def _gunzipped(handle: BinaryIO) -> BinaryIO:
    import gzip

    return cast(BinaryIO, gzip.GzipFile(fileobj=handle))


def _bunzipped(handle: BinaryIO) -> BinaryIO:
    import bz2

    return cast(BinaryIO, bz2.BZ2File(handle))


def _unxzed(handle: BinaryIO) -> BinaryIO:
    import lzma

    return cast(BinaryIO, lzma.LZMAFile(handle))


class _ZstdFile(io.RawIOBase):
    """The content of a .zst file of any number of frames.

    The reader of the zstandard package takes a file that was cut off for a whole one; this one raises EOFError.
    """

    def __init__(self, handle: BinaryIO) -> None:
        import zstandard

        self._handle = handle
        self._decompressor = zstandard.ZstdDecompressor()
        self._frame: Any = None  # None between frames
        self._compressed = b""
        self._content = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._content:
            if not self._compressed:
                self._compressed = self._handle.read(_ZSTD_READ_BYTES)
            if not self._compressed:
                if self._frame is not None:
                    raise EOFError("the compressed data ends too early")
                return 0
            self._frame = self._frame or self._decompressor.decompressobj()
            self._content = memoryview(self._frame.decompress(self._compressed))
            self._compressed = self._frame.unused_data
            if self._frame.eof:
                self._frame = None
        size = min(len(buffer), len(self._content))
        buffer[:size], self._content = self._content[:size], self._content[size:]
        return size


def _unzstded(handle: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(_ZstdFile(handle), 1 << 17))


COMPRESSIONS: Final[Mapping[str, Callable[[BinaryIO], BinaryIO]]] = {
    ".gz": _gunzipped,
    ".bz2": _bunzipped,
    ".xz": _unxzed,
    ".zst": _unzstded,
}
"""The endings of compressed files, and what makes their content of their bytes."""


def _reason(error: BaseException) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def read_blocks(source: str, format: Format, digest: Digest | None = None) -> Iterator[Block]:  # noqa: A002
    """The lines of a source, in order, in blocks of a few megabytes.

    Raises:
        CorpusError: it cannot be read or decoded (with line and byte), holds a NUL byte, or lacks a column.
    """
    name = "standard input" if source == "-" else source
    with open_binary(source) as handle:
        texts = _decoded(name, handle, format.encoding, digest)
        if format.column is None:
            yield from _line_blocks(texts)
        else:
            yield from _csv_blocks(name, texts, format)


def _decoded(source: str, handle: BinaryIO, encoding: str, digest: Digest | None) -> Iterator[str]:
    r"""The text of a binary stream in pieces, without a byte order mark at its start.

    \r\n and a lone \r count as line ends, as in Python's own text mode, and come out as \n.
    """
    codec = codecs.lookup(encoding).name
    codec = "utf-8-sig" if codec == "utf-8" else codec
    decoder = codecs.getincrementaldecoder(codec)()
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    bytes_before = lines_before = 0
    first, at_end = b"", False
    while not at_end:
        try:
            chunk = handle.read(BLOCK_BYTES)
        except _read_errors() as error:
            raise CorpusError(f"{source}: cannot be read to its end: {_reason(error)}; is it whole?") from error
        first = first or chunk[:8]
        at_end = not chunk
        if digest is not None:
            digest.update(chunk)
        state = decoder.getstate()
        try:
            text = decoder.decode(chunk, final=at_end)
        except UnicodeDecodeError as error:
            # error.object ends where the chunk ends; it may begin earlier (a character cut in two) or later (a BOM).
            good = len(chunk) - len(error.object) + error.start
            decoder.setstate(state)
            before = newlines.decode(decoder.decode(chunk[: max(good, 0)]), final=True)
            advice = _other_kind(first) or "give its encoding, for example latin-1"
            raise CorpusError(
                f"{source}: line {lines_before + before.count(chr(10)) + 1}, byte {bytes_before + good + 1} of the "
                f"file: not {encoding} (0x{error.object[error.start]:02x}: {error.reason}); {advice}",
                argument="encoding" if "encoding" in advice else None,
            ) from None
        except UnicodeError as error:  # UTF-16 without a byte order mark
            raise CorpusError(
                f"{source}: not {encoding}: {error}; give its encoding, for example utf-16-le",
                argument="encoding",
            ) from None
        if not bytes_before and codec not in _DROPPING_THE_MARK:
            text = text.removeprefix("\ufeff")
        text = newlines.decode(text, final=at_end)
        if "\0" in text:
            line = lines_before + text.count("\n", 0, text.index("\0")) + 1
            raise CorpusError(
                f"{source}: line {line}: holds a NUL character; "
                + (_other_kind(first) or "this is not a text file, or has another encoding, such as utf-16-le")
            )
        bytes_before += len(chunk)
        lines_before += _line_ends(text)
        yield text


def _line_ends(text: str) -> int:
    """text.count of line feeds, which is slow where lines are short."""
    return int(np.count_nonzero(np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8) == ord("\n")))


def _other_kind(first: bytes) -> str | None:
    """What a file that is no text is instead, by its first bytes."""
    return next((kind for begin, kind in _OTHER_KINDS.items() if first.startswith(begin)), None)


def _read_errors() -> tuple[type[Exception], ...]:
    """What reading a damaged file raises: from the system, and from those decompressors that have been loaded."""
    modules = {"zstandard": "ZstdError", "lzma": "LZMAError", "zlib": "error"}
    loaded = [getattr(sys.modules[module], name) for module, name in modules.items() if module in sys.modules]
    return (OSError, EOFError, ValueError, *loaded)


def _line_blocks(texts: Iterator[str]) -> Iterator[Block]:
    """Cut pieces of text at line ends."""
    held: list[str] = []
    first_line = 1
    for text in texts:
        cut = text.rfind("\n") + 1
        if not cut:
            held.append(text)
            continue
        block = "".join([*held, text[:cut]])
        held = [text[cut:]]
        yield Block(block, first_line)
        first_line += _line_ends(block)
    if rest := "".join(held):
        yield Block(rest + "\n", first_line)


def _csv_blocks(source: str, texts: Iterator[str], format: Format) -> Iterator[Block]:  # noqa: A002
    """One column of a CSV file (or TSV, by the file's ending), and its weights."""
    separator = _SEPARATORS.get(_ending(source), ",")
    reader = csv.reader(_physical_lines(texts), delimiter=separator, strict=True)
    try:
        header = next(reader, None)
        if header is None:
            raise CorpusError(f"{source}: is empty; a CSV file starts with a header line")
        item_at = _column(source, header, cast(str, format.column))
        weight_at = None if format.weight is None else _column(source, header, format.weight)
        items: list[str] = []
        weights: list[int] = []
        first_line = reader.line_num + 1
        for row in reader:
            if len(items) == _CSV_BLOCK_ROWS or reader.line_num != first_line + len(items):
                if items:
                    yield _csv_block(items, weights, first_line)
                items, weights, first_line = [], [], reader.line_num  # of its last line, where a field holds line ends
            if not row:  # a blank line, which keeps its place so that the lines below keep their numbers
                items.append("")
                weights += [] if weight_at is None else [0]
                continue
            if len(row) != len(header):
                raise CorpusError(
                    f"{source}: line {reader.line_num}: {len(row)} field{'s' * (len(row) != 1)} where the header has "
                    f"{len(header)}; "
                    "a field that holds the separator stands in double quotes"
                )
            if "\n" in row[item_at]:
                raise CorpusError(f"{source}: line {reader.line_num}: the item {row[item_at]!r} holds a line end")
            items.append(row[item_at])
            if weight_at is not None:
                weights.append(_weight(source, reader.line_num, row[weight_at]))
        if items:
            yield _csv_block(items, weights, first_line)
    except csv.Error as error:
        raise CorpusError(f"{source}: line {reader.line_num}: not well-formed CSV: {error}") from None


def _csv_block(items: list[str], weights: list[int], first_line: int) -> Block:
    return Block("\n".join(items) + "\n", first_line, tuple(weights) or None)


def _physical_lines(texts: Iterator[str]) -> Iterator[str]:
    held = ""
    for text in texts:
        lines = (held + text).split("\n")
        held = lines.pop()
        yield from (line + "\n" for line in lines)
    if held:
        yield held


def _column(source: str, header: list[str], name: str) -> int:
    if header.count(name) == 1:
        return header.index(name)
    if name in header:
        raise CorpusError(f"{source}: more than one column is named {name!r}")
    hint = "" if len(header) > 1 else " (fields are separated by commas; by tabs where the file's name ends in .tsv)"
    raise CorpusError(f"{source}: no column {name!r}; there are: {', '.join(map(repr, header))}{hint}")


def _weight(source: str, line: int, field: str) -> int:
    try:
        value = float(field)
    except ValueError:
        raise CorpusError(f"{source}: line {line}: the weight {field!r} is not a number") from None
    if not (0 <= value <= 2**53 and value.is_integer()):
        raise CorpusError(f"{source}: line {line}: the weight {field!r} is not a whole number from 0 up to 2^53")
    return int(value)
