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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, cast

from nextchar.errors import CorpusError

__all__ = ["Block", "Digest", "Format", "is_plain_local_file", "open_binary", "read_blocks"]

BLOCK_BYTES: Final = 1 << 22
_CSV_BLOCK_ROWS: Final = 1 << 16
_COMPRESSED: Final = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zst": "zstd"}


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
            codecs.lookup(self.encoding)
        except LookupError:
            raise CorpusError(f"no such encoding: {self.encoding!r}; try utf-8, latin-1 or utf-16") from None
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
    """Whether the source is a file on this machine that needs no decompression."""
    return source != "-" and "://" not in source and Path(source).suffix.lower() not in _COMPRESSED


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
    try:
        if is_plain_local_file(source):
            handle: BinaryIO = Path(source).open("rb", buffering=0)  # noqa: SIM115 - closed below
        else:
            handle = _open_with_fsspec(source)
    except (OSError, ValueError, ImportError) as error:
        raise CorpusError(f"{source}: cannot be opened: {_reason(error)}") from error
    with handle:
        yield handle


def _open_with_fsspec(source: str) -> BinaryIO:
    import fsspec  # 0.1 s that plain files need not pay

    compression = _COMPRESSED.get(Path(source).suffix.lower())
    return cast(BinaryIO, fsspec.open(source, "rb", compression=compression).open())


def _reason(error: BaseException) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def read_blocks(source: str, format: Format, digest: Digest | None = None) -> Iterator[Block]:  # noqa: A002
    """The lines of a source, in order, in blocks of a few megabytes.

    Raises:
        CorpusError: it cannot be read or decoded (with line and byte), holds a NUL byte, or lacks a column.
    """
    with open_binary(source) as handle:
        texts = _decoded(source, handle, format.encoding, digest)
        if format.column is None:
            yield from _line_blocks(texts)
        else:
            yield from _csv_blocks(source, texts, format)


def _decoded(source: str, handle: BinaryIO, encoding: str, digest: Digest | None) -> Iterator[str]:
    """The text of a binary stream in pieces; a byte order mark at its start is dropped."""
    utf8 = codecs.lookup(encoding).name == "utf-8"
    decoder = codecs.getincrementaldecoder("utf-8-sig" if utf8 else encoding)()
    bytes_before = lines_before = 0
    at_end = False
    while not at_end:
        try:
            chunk = handle.read(BLOCK_BYTES)
        except _read_errors() as error:
            raise CorpusError(f"{source}: cannot be read to its end: {_reason(error)}") from error
        at_end = not chunk
        if digest is not None:
            digest.update(chunk)
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk, final=at_end)
        except UnicodeDecodeError as error:
            line = lines_before + error.object.count(b"\n", 0, error.start) + 1
            byte = bytes_before - pending + error.start + 1
            raise CorpusError(
                f"{source}: line {line}, byte {byte} of the file: not {encoding} "
                f"(0x{error.object[error.start]:02x}: {error.reason}); give its encoding, for example latin-1"
            ) from None
        if "\0" in text:
            line = lines_before + text.count("\n", 0, text.index("\0")) + 1
            raise CorpusError(f"{source}: line {line}: holds a NUL character; this is not a text file")
        bytes_before += len(chunk)
        lines_before += text.count("\n")
        yield text


def _read_errors() -> tuple[type[Exception], ...]:
    """What reading a damaged file raises: from the system, and from those decompressors that have been loaded."""
    modules = {"zstandard": "ZstdError", "lzma": "LZMAError", "zlib": "error"}
    loaded = [getattr(sys.modules[module], name) for module, name in modules.items() if module in sys.modules]
    return (OSError, EOFError, ValueError, *loaded)


def _line_blocks(texts: Iterator[str]) -> Iterator[Block]:
    r"""Cut pieces of text at line ends; \r\n and lone \r count as line ends, as Python's own text mode has it."""
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    held: list[str] = []
    first_line = 1
    for piece in texts:
        text = newlines.decode(piece, final=not piece)
        cut = text.rfind("\n") + 1
        if not cut:
            held.append(text)
            continue
        block = "".join([*held, text[:cut]])
        held = [text[cut:]]
        yield Block(block, first_line)
        first_line += block.count("\n")
    if rest := "".join(held):
        yield Block(rest + "\n", first_line)


def _csv_blocks(source: str, texts: Iterator[str], format: Format) -> Iterator[Block]:  # noqa: A002
    """One column of a CSV file (or TSV, by the file's ending), and its weights."""
    reader = csv.reader(_physical_lines(texts), delimiter=_delimiter(source), strict=True)
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
            if not row:
                continue
            if len(row) <= max(item_at, weight_at or 0):
                raise CorpusError(f"{source}: line {reader.line_num}: {len(row)} fields, the header has {len(header)}")
            if "\n" in row[item_at] or "\r" in row[item_at]:
                raise CorpusError(f"{source}: line {reader.line_num}: the item {row[item_at]!r} holds a line end")
            items.append(row[item_at])
            if weight_at is not None:
                weights.append(_weight(source, reader.line_num, row[weight_at]))
            if len(items) == _CSV_BLOCK_ROWS:
                yield _csv_block(items, weights, first_line)
                items, weights, first_line = [], [], reader.line_num + 1
        if items:
            yield _csv_block(items, weights, first_line)
    except csv.Error as error:
        raise CorpusError(f"{source}: line {reader.line_num}: not well-formed CSV: {error}") from None


def _delimiter(source: str) -> str:
    path = Path(source)
    inner = path.with_suffix("") if path.suffix.lower() in _COMPRESSED else path
    return "\t" if inner.suffix.lower() in {".tsv", ".tab"} else ","


def _csv_block(items: list[str], weights: list[int], first_line: int) -> Block:
    return Block("\n".join(items) + "\n", first_line, tuple(weights) if weights else None)


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
    raise CorpusError(f"{source}: no column {name!r}; there are: {', '.join(map(repr, header))}")


def _weight(source: str, line: int, field: str) -> int:
    try:
        value = float(field)
    except ValueError:
        raise CorpusError(f"{source}: line {line}: the weight {field!r} is not a number") from None
    if not (0 <= value <= 2**53 and value.is_integer()):
        raise CorpusError(f"{source}: line {line}: the weight {field!r} is not a whole number from 0 up to 2^53")
    return int(value)
