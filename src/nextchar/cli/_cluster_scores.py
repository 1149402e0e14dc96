"""`score --cluster`: files are cut into spans, each is scored by a worker, and the rows come back in their order.

The rows of a span are its lines alone, so those of all spans one after the other are what one process writes. Only the
numbers of lines have to be known: lines are counted first, which is little more than reading.

What is bounded: a span has a few megabytes of text, and of a file that cannot be cut a task gives so many bytes of rows
and leaves the rest to the next. A few spans for each thread are under way; no more is begun before theirs are written.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from nextchar._version import __version__
from nextchar.cli._judging import Form, Judge, Obstacles, tell_of
from nextchar.core.cluster import Work, check_client, on_this_worker, same_version, threads
from nextchar.core.cluster_files import for_workers, see_there, spans_of
from nextchar.data.format import Format, LeftOut, Tally
from nextchar.data.lines import lines_of_blocks, with_beginnings
from nextchar.data.new_folder import folder_being_written
from nextchar.data.spans import Span, glance, read_span
from nextchar.errors import ClusterError, ModelFileError, NextcharError

if TYPE_CHECKING:
    from distributed import Client, Future

    from nextchar.core.model import Model
    from nextchar.data.text_options import TextOptions

__all__ = ["Wanted", "score_on_cluster"]

SPAN: Final = 1 << 22  # bytes of text; their rows are up to some twenty times as many
MOST_ROWS: Final = 1 << 26  # bytes, after which a file that cannot be cut is gone on with in another task
AHEAD: Final = 2  # spans for each thread that are under way


@dataclass(frozen=True)
class Wanted:
    """What is to be said of each line, and how."""

    format: Format
    options: TextOptions
    flag: bool
    flagged_only: bool
    rank: bool
    as_json: bool
    as_tsv: bool
    surprisal: bool


class _Asked(NamedTuple):
    """What workers need beside the span: the model, its file's beginning as the program that asks sees it, and more."""

    model: str
    beginning: str
    wanted: Wanted
    version: str


class _Before(NamedTuple):
    """What comes in a file before a span: how many lines, and whether all of them can be decoded."""

    lines: int = 0
    sound: bool = True


@dataclass(frozen=True)
class _Rows:
    """What became of a span.

    Attributes:
        header: of a table, if there is a row.
        rows: as bytes.
        rest: what is left of a file that cannot be cut.
        left_out: lines that were; of a file that cannot be cut, from its beginning on.
        obstacles: of the items.
        flagged: whether an item was.
    """

    header: bytes
    rows: bytes
    rest: Span | None
    left_out: dict[str, LeftOut]
    obstacles: Obstacles
    flagged: bool

    def __sizeof__(self) -> int:
        """Bytes, for whoever decides what stays in memory."""
        return len(self.rows)


def score_on_cluster(
    client: Client,
    model: str,
    files: Sequence[str],
    folder: str,
    wanted: Wanted,
    reading: Callable[[int], None] | None,
) -> bool:
    """Score files, each into one of the same name in a new folder; whether something was flagged, if that was wanted.

    Raises:
        NextcharError: as `score` does; what a worker cannot read is told with the worker's name.
    """
    names = [PurePosixPath(file).name if "://" in file else Path(file).name for file in files]
    name, times = Counter(names).most_common(1)[0]
    if times > 1:
        raise click.UsageError(f"{times} of the files are called {name}, and there is one of that name in the folder.")
    paths = for_workers(files)
    asked = _Asked(str(Path(model).absolute()), _beginning(model), wanted, __version__)
    check_client(client)
    job = _Job(client, asked, reading)
    try:
        with folder_being_written(folder, NextcharError, "scores") as part:
            for name, found in zip(names, job.files(paths), strict=True):
                with (part / name).open("wb") as target:
                    for rows in found:
                        target.write(rows)
    finally:
        job.drop()
    for warning in job.warnings():
        warnings.warn(warning, stacklevel=2)
    tell_of(job.obstacles)
    return wanted.flagged_only and job.flagged


class _Job:
    def __init__(self, client: Client, asked: _Asked, reading: Callable[[int], None] | None) -> None:
        self._client, self._asked, self._reading = client, asked, reading
        self._name, self._begun = f"nextchar-score-{os.urandom(8).hex()}", 0
        self._under_way: deque[Future] = deque()
        self._left_out: dict[tuple[str, str], LeftOut] = {}
        self._bytes = 0
        self.obstacles, self.flagged = Obstacles(), False

    def drop(self) -> None:
        """Cancel what is not done."""
        if self._client.status == "running":
            self._client.cancel(list(self._under_way), force=True)
        self._under_way.clear()

    def files(self, paths: Sequence[str]) -> Iterator[Iterator[bytes]]:
        """The rows of each file, piece by piece; those of one are taken before the next."""
        wanted = self._asked.wanted
        spans = spans_of(self._client, paths, wanted.format, wanted.options)
        if wanted.options.documents:
            spans = [Span(span.source) for span in spans]  # each has one answer, or some that nobody can cut apart
        pieces = [list(span.pieces(SPAN)) for span in spans]
        to_see = [one for file in pieces for one in file if one.end is not None]
        seen = deque(self._all(_glance_at, [(one, wanted.format) for one in to_see]))
        waiting: deque[tuple[int, Span, _Before]] = deque()
        for file, parts in enumerate(pieces):
            before = _Before()
            for piece in parts:
                waiting.append((file, piece, before))
                if piece.end is not None:
                    lines, sound = seen.popleft()
                    before = _Before(before.lines + lines, before.sound and sound)
        ahead = AHEAD * max(threads(self._client), 1)
        coming: deque[tuple[int, Span]] = deque()

        def of_file(file: int) -> Iterator[bytes]:
            begun = False
            while (coming and coming[0][0] == file) or (waiting and waiting[0][0] == file):
                while waiting and len(coming) < ahead:
                    number, piece, before = waiting.popleft()
                    coming.append((number, piece))
                    self._under_way.append(self._submit(_score_span, piece, before, self._asked))
                _, piece = coming.popleft()
                found = self._taken()
                if found.rest is not None:
                    coming.appendleft((file, found.rest))
                    self._under_way.appendleft(self._submit(_score_span, found.rest, _Before(), self._asked))
                self._note(piece, found)
                if found.header and not begun:
                    yield found.header
                    begun = True
                yield found.rows

        for file in range(len(paths)):
            yield of_file(file)

    def _submit(self, of: Callable[..., Any], *arguments: Any) -> Future:
        self._begun += 1
        return self._client.submit(of, *arguments, key=f"{self._name}-{self._begun}", pure=False)

    def _all(self, of: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
        """The results of tasks, in their order."""
        futures = [self._submit(of, *one) for one in arguments]
        self._under_way.extend(futures)
        work = Work(self._client)
        work.add(futures)
        found = {future.key: result for future, result in work}
        self._under_way.clear()
        return [found[future.key] for future in futures]

    def _taken(self) -> _Rows:
        """The result of the task that was begun first."""
        work = Work(self._client)
        work.add([self._under_way[0]])
        [(_, rows)] = work
        self._under_way.popleft()
        assert isinstance(rows, _Rows)
        return rows

    def _note(self, piece: Span, rows: _Rows) -> None:
        self.obstacles += rows.obstacles
        self.flagged = self.flagged or rows.flagged
        for done, lines in rows.left_out.items():
            before = self._left_out.get((piece.source, done))
            if before is not None and piece.end is not None:
                lines = replace(before, lines=before.lines + lines.lines)
            self._left_out[piece.source, done] = lines
        self._bytes += 0 if piece.end is None else piece.end - piece.begin
        if self._reading is not None:
            self._reading(self._bytes)

    def warnings(self) -> Iterator[Warning]:
        """What is to be said of lines that were left out or had characters replaced."""
        for (_, done), lines in self._left_out.items():
            yield lines.warning(done)


# -- in a worker ----------------------------------------------------------------------------------------------------


def _glance_at(span: Span, format_: Format) -> tuple[int, bool]:
    """How many lines a span has, and whether all of it can be decoded."""
    see_there(span.source)
    with on_this_worker():
        return glance(span, format_)


def _score_span(span: Span, before: _Before, asked: _Asked) -> _Rows:
    """Score the lines of a span; the program that asks knows what comes before it."""
    import nextchar._kernels.rows  # noqa: F401

    same_version(asked.version)
    wanted = asked.wanted
    with on_this_worker(whatever=True):
        model = _model(asked)
    see_there(span.source)
    with on_this_worker():
        judge = Judge(model, wanted.flag, wanted.rank)
        form = Form(wanted.as_json, wanted.as_tsv, surprisal=wanted.surprisal, numbered=False, begun=True)
        tally = Tally(wanted.format.errors)
        found, size, header, flagged, rest = [], 0, b"", False, None
        options, alphabet = wanted.options, model.alphabet
        blocks = read_span(span, wanted.format, before.lines + 1, sound_before=before.sound, options=options)
        lines = lines_of_blocks(blocks, span.source, wanted.format, options, alphabet, tally)
        shortens = options.documents and not (wanted.as_json or wanted.as_tsv)
        for number, block in enumerate(map(with_beginnings, lines) if shortens else lines):
            if number < span.skip:
                continue
            if span.end is None and size > MOST_ROWS:
                rest = replace(span, skip=number)
                break
            scored = judge(block)
            if wanted.flagged_only and scored.flagged is not None:
                scored = scored.take(scored.flagged.nonzero()[0])
                flagged = flagged or len(scored) > 0
            header = header or (form.header(scored) if len(scored) else b"")
            for rows in form.rows(scored):
                found.append(bytes(rows))
                size += len(rows)
    return _Rows(header, b"".join(found), rest, tally.found(), judge.obstacles, flagged)


_held: dict[str, Model] = {}  # the model that was asked for last


def _model(asked: _Asked) -> Model:
    if asked.beginning not in _held:
        from nextchar.models.registry import load

        if _beginning(asked.model) != asked.beginning:
            raise ClusterError(f"{asked.model}: is another model than the one that the command has")
        loaded = load(asked.model)
        _held.clear()
        _held[asked.beginning] = loaded
    return _held[asked.beginning]


def _beginning(model: str) -> str:
    """A hash of the beginning of a model's file, where the checksum of all of it stands."""
    try:
        with Path(model).open("rb") as handle:
            return hashlib.sha256(handle.read(1 << 20)).hexdigest()
    except FileNotFoundError:
        raise ModelFileError(f"{model}: no such file") from None
    except OSError as error:
        raise ModelFileError(f"{model}: cannot be read: {error.strerror or error}") from error
