"""Opening what there is to read: paths, standard input, compressed files and URLs, as bytes."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, cast

from nextchar.data.datasets import meant_by
from nextchar.data.decoding import reason_of
from nextchar.data.dialects import usual_delimiter
from nextchar.data.file_kinds import no_text
from nextchar.errors import CorpusError

__all__ = ["COMPRESSIONS", "Compression", "ending_of", "is_plain_local_file", "is_table", "open_binary"]

_ZSTD_READ_BYTES: Final = 1 << 13  # what they expand to is held in memory: 256 MB at the very most


def is_plain_local_file(source: str) -> bool:
    """Whether the source is a regular file on this machine that needs no decompression.

    A pipe or a device is none: it has no size, can be read once only, and from its beginning to its end.
    """
    if source == "-" or "://" in source or Path(source).suffix.lower() in COMPRESSIONS:
        return False
    return Path(source).is_file()


def is_table(source: str) -> bool:
    """Whether a file is a table by its name, so that someone may have meant a column of it."""
    return usual_delimiter(ending_of(source)) is not None


def ending_of(source: str) -> str:
    """The ending of a file's name, in lower case; of a compressed file, that of its content."""
    path = Path(source)
    inner = path.with_suffix("") if path.suffix.lower() in COMPRESSIONS else path
    return inner.suffix.lower()


@contextmanager
def open_binary(source: str) -> Iterator[BinaryIO]:
    """Open a path, `-` for standard input, a compressed file (by its ending) or any fsspec URL, to read bytes.

    Where there is no such file, the name of a data set (see `data.datasets`) stands for its file.

    Raises:
        CorpusError: it does not exist, is a directory, or cannot be opened.
        DataSetError: it is the name of a data set that is not on this machine.
    """
    if source == "-":
        yield sys.stdin.buffer
        return
    if "://" not in source:
        path = Path(source)
        if path.is_dir():
            raise CorpusError(f"{source}: is a directory; give a file")
        if meant_by(source):
            from nextchar.data.download import locate  # and with it the network, which few need

            source = str(locate(source))
        elif not path.exists():
            raise CorpusError(f"{source}: no such file")
    with ExitStack() as stack:
        try:
            handle = _open_raw(source)
            stack.callback(handle.close)
            if (compression := COMPRESSIONS.get(Path(source).suffix.lower())) is not None:
                buffered = io.BufferedReader(cast(io.RawIOBase, handle))
                stack.callback(buffered.close)
                handle = compression.of(source, buffered)
                stack.callback(handle.close)
        except FileNotFoundError:
            raise CorpusError(f"{source}: no such file") from None
        except CorpusError:
            raise
        except (OSError, ValueError, ImportError) as error:
            raise CorpusError(f"{source}: cannot be opened: {reason_of(error)}") from error
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


class Compression(NamedTuple):
    """A way to compress files.

    Attributes:
        name: what people call it.
        begins: how the data begins.
        decompressed: makes the content of the bytes.
    """

    name: str
    begins: re.Pattern[bytes]
    decompressed: Callable[[BinaryIO], BinaryIO]

    def of(self, source: str, handle: io.BufferedReader[io.RawIOBase]) -> BinaryIO:
        """The content of an open file.

        Raises:
            CorpusError: it is no such data, whatever its name says.
        """
        first = handle.peek(_BEGINNING)
        if first and not self.begins.match(first):
            kind = no_text(source, first, failed=True) or "if it is plain text, give it a name without that ending"
            raise CorpusError(
                f"{source}: is no {self.name} data, though its name ends in {Path(source).suffix}; {kind}"
            )
        return self.decompressed(cast(BinaryIO, handle))


_BEGINNING: Final = 1 << 10  # bytes that show what a file is

COMPRESSIONS: Final[Mapping[str, Compression]] = {
    ".gz": Compression("gzip", re.compile(rb"\x1f\x8b"), _gunzipped),
    ".bz2": Compression("bzip2", re.compile(b"BZh"), _bunzipped),
    ".xz": Compression("xz", re.compile(rb"\xfd7zXZ\0|\x5d\0\0"), _unxzed),  # or .lzma, its predecessor
    ".zst": Compression("zstandard", re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"), _unzstded),
}
"""The endings of compressed files, and what makes their content of their bytes."""
