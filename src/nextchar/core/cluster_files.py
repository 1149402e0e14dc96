"""Files that workers read: which of them can be cut and where, found out by the workers themselves."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nextchar._version import __version__
from nextchar.core.cluster import Work, on_this_worker, same_version
from nextchar.data.blocks import raw_blocks
from nextchar.data.datasets import meant_by
from nextchar.data.files import open_binary
from nextchar.data.format import Format
from nextchar.data.remarks import listening, remark
from nextchar.data.spans import Span, size_if_cut
from nextchar.data.text_options import TextOptions
from nextchar.errors import ConflictError, InputWarning

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["for_workers", "see_there", "spans_of", "stretches"]

_LINES: Final = TextOptions()
_ONE_AT_A_TIME: Final = threading.Lock()  # Python's list of warnings is that of the process
Said = list[tuple[str, str | None, bool]]  # a text, the argument that mends it, and whether it is a warning


def for_workers(sources: Sequence[str]) -> list[str]:
    """The same files as workers find them, whatever folder they are in.

    Raises:
        ConflictError: one is standard input, which workers cannot read.
    """
    if "-" in sources:
        raise ConflictError("standard input cannot be read on a cluster; give files that all workers can read")
    return [source if "://" in source or meant_by(source) else str(Path(source).absolute()) for source in sources]


def spans_of(client: Client, sources: Sequence[str], format_: Format, options: TextOptions = _LINES) -> list[Span]:
    """Each source as one span; what workers see in its beginning is told here.

    Raises:
        NextcharError: a source cannot be opened by the worker that the message names, or is no text.
        ClusterError: the cluster is gone.
    """
    looks = [
        client.submit(
            *(_look, source, format_, options, __version__), key=f"nextchar-look-{i}-{os.urandom(8).hex()}", pure=False
        )
        for i, source in enumerate(sources)
    ]
    work = Work(client)
    work.add(looks)
    found = {future.key: result for future, result in work}
    spans = []
    for source, look in zip(sources, looks, strict=True):
        size, said = found[look.key]
        for text, argument, warned in said:
            if warned:
                warnings.warn(InputWarning(text, argument=argument), stacklevel=2)
            else:
                remark(text)
        spans.append(Span(source, 0, size))
    return spans


def _look(source: str, format_: Format, options: TextOptions, version: str) -> tuple[int | None, Said]:
    """In a worker: the size of a source that can be cut, and what there is to say of its beginning."""
    same_version(version)
    see_there(source)
    with on_this_worker(), _heard() as said:
        size = size_if_cut(source, format_, options)
        if size is None:
            said.clear()
            next(raw_blocks(source, format_, options=options), None)
    return size, said


def see_there(source: str) -> None:
    """In a worker: see that a source can be opened there.

    Raises:
        NextcharError: it cannot; with the worker's name.
    """
    with on_this_worker(whatever=True), open_binary(source):
        pass


@contextmanager
def _heard() -> Iterator[Said]:
    """What is warned of and remarked inside."""
    said: Said = []
    with _ONE_AT_A_TIME, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", InputWarning)
        with listening(lambda text: said.append((text, None, False))):
            yield said
        said += [(str(w.message), w.message.argument, True) for w in warned if isinstance(w.message, InputWarning)]


def stretches(spans: Sequence[Span], size: int) -> Iterator[tuple[Span, ...]]:
    """Spans that follow each other, about `size` bytes together; one that cannot be cut is alone.

    Args:
        spans: each a whole source.
        size: bytes.
    """
    held: list[Span] = []
    room = size
    for span in spans:
        if span.end is None:
            yield (span,)
            continue
        begin = span.begin
        while begin < span.end:
            end = min(begin + room, span.end)
            held.append(Span(span.source, begin, end))
            begin, room = end, room - (end - begin)
            if not room:
                yield tuple(held)
                held, room = [], size
    if held:
        yield tuple(held)
