"""The course of a training, kept: each record goes to a file of JSON lines, to TensorBoard, or to both.

A record is what is known at one point of a training: `step`, `seconds`, and figures by name. TensorBoard gets the
figures that make curves, under the same names.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol

from nextchar.core.json_values import plain
from nextchar.errors import SettingsError
from nextchar.extras import need_tensorboard

__all__ = ["JsonLines", "Recorder", "Sink", "TensorBoard"]

Record = Mapping[str, Any]
CURVES: Final = (
    *("train_nats", "validation_nats", "learning_rate", "symbols_per_second", "gradient_norm"),
    "update_ratios",
)


class Sink(Protocol):
    """Somewhere that records go to."""

    def add(self, records: Sequence[Record]) -> None:
        """Take more records, to be readable when this returns."""
        ...

    def close(self) -> None:
        """No more will come."""
        ...


class Recorder:
    """Hands every record to all who want it.

    Args:
        log: a file for JSON lines, or None.
        tensorboard: a folder for TensorBoard, or None.

    Raises:
        MissingExtraError: TensorBoard is wanted and not installed.
    """

    def __init__(self, log: Path | None, tensorboard: Path | None) -> None:
        if tensorboard is not None:
            need_tensorboard()
        self._makers: list[tuple[Path, Callable[[Path, Sequence[Record]], Sink]]] = []
        if log is not None:
            self._makers.append((log, JsonLines))
        if tensorboard is not None:
            self._makers.append((tensorboard, TensorBoard))
        self._sinks: dict[Path, Sink] = {}

    def begin(self, records: Sequence[Record]) -> None:
        """Begin with what is known already: of a training that goes on, the records so far.

        What was kept there of other steps, by a training before or by this one before it was cut off, gives way.

        Raises:
            SettingsError: a file or folder cannot be written.
        """
        for path, make in self._makers:
            try:
                self._sinks[path] = make(path, records)
            except OSError as error:
                raise SettingsError(f"{path}: the course cannot be written there: {_reason(error)}") from None

    def add(self, record: Record) -> None:
        """One more; a sink that fails is given up with a warning, for training is worth more than its log."""
        for path, sink in list(self._sinks.items()):
            try:
                sink.add([record])
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
    """A file with one JSON object a line, opened for each record so that it can be followed and moved."""

    def __init__(self, path: Path, records: Sequence[Record]) -> None:
        self._path = path
        path.write_text("", encoding="utf-8")
        self.add(records)

    def add(self, records: Sequence[Record]) -> None:
        """Lines at the end."""
        with self._path.open("a", encoding="utf-8") as log:
            log.write("".join(json.dumps(plain(record)) + "\n" for record in records))

    def close(self) -> None:
        """Nothing is open."""


class TensorBoard:
    """An event file in a folder.

    Event files are never rewritten. A new one begins by telling readers to forget what older ones hold (purge_step),
    and with the records so far, at the wall times that they would have had without the break.
    """

    def __init__(self, folder: Path, records: Sequence[Record]) -> None:
        from torch.utils.tensorboard.writer import SummaryWriter

        folder.mkdir(parents=True, exist_ok=True)
        self._writer = SummaryWriter(str(folder), purge_step=0)
        self._begun = time.time() - (records[-1]["seconds"] if records else 0.0)
        self.add(records)

    def add(self, records: Sequence[Record]) -> None:
        """Their figures as scalars."""
        for record in records:
            for name, value in _curves(record):
                self._writer.add_scalar(name, value, record["step"], walltime=self._begun + record["seconds"])
        self._writer.flush()

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()


def _curves(record: Record) -> Iterator[tuple[str, float]]:
    """The figures to draw, by name; those of a group as group/name."""
    for name in CURVES:
        value = record[name]
        if isinstance(value, Mapping):
            yield from ((f"{name}/{part}", figure) for part, figure in value.items())
        elif value is not None:
            yield name, value


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
