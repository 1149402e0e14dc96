"""The training log: each point of the training curve goes to a file of JSON lines, to TensorBoard, or to both.

TensorBoard gets the figures that make curves, under the names that they have in the file.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from nextchar.core.json_values import plain
from nextchar.core.metrics import CurvePoint
from nextchar.data.writing import holds_file, through, write_all, write_atomically
from nextchar.errors import SettingsError
from nextchar.extras import need_tensorboard

__all__ = ["JsonLines", "Recorder", "Sink", "TensorBoard"]

CURVES: Final = (
    *("train_nats", "validation_nats", "learning_rate", "symbols_per_second", "gradient_norm"),
    "update_ratios",
)


class Sink(Protocol):
    """Somewhere that points go to."""

    def add(self, points: Sequence[CurvePoint]) -> None:
        """Take more points, to be readable when this returns."""
        ...

    def close(self) -> None:
        """No more will come."""
        ...


class Recorder:
    """Writes every point to all logs that are wanted.

    Args:
        log: a file for JSON lines, or None.
        tensorboard: a folder for TensorBoard, or None.

    Raises:
        MissingExtraError: TensorBoard is wanted and not installed.
    """

    def __init__(self, log: Path | None, tensorboard: Path | None) -> None:
        if tensorboard is not None:
            need_tensorboard()
        self._makers: list[tuple[Path, Callable[[Path, Sequence[CurvePoint]], Sink]]] = []
        if log is not None:
            self._makers.append((log, JsonLines))
        if tensorboard is not None:
            self._makers.append((tensorboard, TensorBoard))
        self._sinks: dict[Path, Sink] = {}

    def begin(self, points: Sequence[CurvePoint]) -> None:
        """Begin with what is known already: of a training that goes on, the points so far.

        What was kept there of other steps, by a training before or by this one before it was cut off, gives way.

        Raises:
            SettingsError: a file or folder cannot be written.
        """
        for path, make in self._makers:
            try:
                self._sinks[path] = make(path, points)
            except OSError as error:
                raise SettingsError(f"{path}: the training log cannot be written there: {_reason(error)}") from None

    def add(self, point: CurvePoint) -> None:
        """One more; a sink that fails is given up with a warning, for training is worth more than its log."""
        for path, sink in list(self._sinks.items()):
            try:
                sink.add([point])
            except OSError as error:
                del self._sinks[path]
                with suppress(OSError):
                    sink.close()
                warnings.warn(f"{path}: {_reason(error)}; training goes on without this log", stacklevel=2)

    def close(self) -> None:
        """No more will come."""
        for sink in self._sinks.values():
            with suppress(OSError):
                sink.close()
        self._sinks.clear()


class JsonLines:
    """A file with one JSON object a line, opened for each point so that it can be followed and moved.

    What is no regular file (`-` for standard output, a pipe, a device) is opened once.
    """

    def __init__(self, path: Path, points: Sequence[CurvePoint]) -> None:
        self._path = path
        self._open = ExitStack()
        self._stream: BinaryIO | None = None
        if holds_file(path):
            write_atomically(path, _as_lines(points))
        else:
            self._stream = self._open.enter_context(through(path))
            self.add(points)

    def add(self, points: Sequence[CurvePoint]) -> None:
        """Lines at the end."""
        if self._stream is not None:
            write_all(self._stream, _as_lines(points))
            self._stream.flush()
            return
        with self._path.open("ab") as log:
            log.write(_as_lines(points))

    def close(self) -> None:
        """Close what is open."""
        self._open.close()


def _as_lines(points: Sequence[CurvePoint]) -> bytes:
    return "".join(json.dumps(plain(point.document())) + "\n" for point in points).encode()


class TensorBoard:
    """An event file in a folder.

    Event files are never rewritten. A new one begins by telling readers to forget what older ones hold (purge_step),
    and with the points so far, at the wall times that they would have had without the break.
    """

    def __init__(self, folder: Path, points: Sequence[CurvePoint]) -> None:
        from torch.utils.tensorboard.writer import SummaryWriter

        folder.mkdir(parents=True, exist_ok=True)
        self._writer = SummaryWriter(str(folder), purge_step=0)
        self._begun = time.time() - (points[-1].seconds if points else 0.0)
        self.add(points)

    def add(self, points: Sequence[CurvePoint]) -> None:
        """Their figures as scalars."""
        for point in points:
            for name, value in _curves(point):
                self._writer.add_scalar(name, value, point.step, walltime=self._begun + point.seconds)
        self._writer.flush()

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()


def _curves(point: CurvePoint) -> Iterator[tuple[str, float]]:
    """The figures to draw, by name; those of a group as group/name."""
    known = point.document()
    for name in CURVES:
        value = known.get(name)
        if isinstance(value, Mapping):
            yield from ((f"{name}/{part}", figure) for part, figure in value.items())
        elif value is not None:
            yield name, value


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
