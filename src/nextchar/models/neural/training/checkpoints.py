"""A training that may be interrupted: checkpoints, Ctrl-C, and the training log.

A checkpoint holds everything that training carries from one step to the next, and to which settings and data it
belongs. It is a file like a model's: arrays and JSON with a checksum, no pickle, written beside its target and renamed
over it, so that a crash in the middle of writing leaves the one before.
"""

from __future__ import annotations

import hashlib
import signal
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final, NamedTuple, NoReturn

import numpy.typing as npt

from nextchar.core.metrics import CurvePoint
from nextchar.core.model_file import ModelFile, read_model_file, write_model_file
from nextchar.data.corpus import Corpus
from nextchar.data.display import LONGEST, shortened
from nextchar.errors import ModelFileError, SettingsError
from nextchar.models.neural.training.log import Recorder
from nextchar.models.neural.training.processes import Processes
from nextchar.models.neural.training.settings import Run
from nextchar.models.neural.training.trainer import Snapshot, Trainer

__all__ = ["CHECKPOINT", "Checkpointer", "TrainingIdentity", "data_fingerprint"]

CHECKPOINT: Final = "checkpoint"  # the kind of file


class TrainingIdentity(NamedTuple):
    """What a checkpoint belongs to: a family of nets, its settings, and the SHA-256 of the data."""

    net: str
    settings: Mapping[str, Any]
    data: str


class Checkpointer:
    """Writes the checkpoints and the log of a training, and resumes it.

    Args:
        run: what to keep, and where.
        identity: what the checkpoint belongs to.
        processes: those that train; the first one reads and writes.

    Raises:
        MissingExtraError: TensorBoard is wanted and not installed.
        SettingsError: there is a checkpoint, and it is not to be resumed: a new training would replace it.
    """

    def __init__(self, run: Run, identity: TrainingIdentity, processes: Processes | None = None) -> None:
        self._run = run
        self._identity = identity
        self._processes = processes or Processes()
        self._recorder = Recorder(None, None)
        self._processes.from_first(self._prepare)
        self._saved = time.monotonic()
        self._failure = ""  # of the last checkpoint

    def _prepare(self) -> None:
        """See that what is to be written can be, and replaces nothing."""
        path = self._run.checkpoint
        if path is not None and path.is_file() and not self._run.resume:
            raise SettingsError(
                f"{path}: the checkpoint of a training that was not finished is there, and a new one would replace it; "
                "resume it, or delete the file to begin anew",
                argument="resume",
            )
        self._recorder = Recorder(self._run.log, self._run.tensorboard)

    def resume(self, trainer: Trainer) -> None:
        """Bring a new trainer to where the checkpoint is, if that is wanted and there is one.

        Raises:
            ModelFileError: the checkpoint is damaged or something else.
            SettingsError: it belongs to other settings or other data; or a log cannot be written.
        """
        snapshot = self._processes.from_first(self._read)
        if snapshot is not None:
            with self._usable():
                trainer.restore(snapshot)
        self._processes.from_first(lambda: self._recorder.begin(trainer.curve))

    def _read(self) -> Snapshot | None:
        path = self._run.checkpoint
        if not self._run.resume or path is None or not path.exists():
            return None
        content = read_model_file(path)
        if content.kind != CHECKPOINT:
            raise ModelFileError(f"{path}: is a model of kind {content.kind!r}, not a checkpoint")
        with self._usable():
            self._check(path, TrainingIdentity(*(content.document[name] for name in TrainingIdentity._fields)))
            return Snapshot(content.arrays, content.document["training"])

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """Whatever is wrong with what a checkpoint has in it is said as such."""
        try:
            yield
        except SettingsError:
            raise
        except (KeyError, TypeError, AttributeError, RuntimeError, ValueError) as error:
            raise ModelFileError(
                f"{self._run.checkpoint}: is not a usable checkpoint: {shortened(str(error), LONGEST)}"
            ) from None

    def _check(self, path: Path, identity: TrainingIdentity) -> None:
        mine = self._identity
        if identity.net != mine.net:
            kind = shortened(str(identity.net))
            raise SettingsError(f"{path}: is the checkpoint of a {kind}, not of a {mine.net}")
        for name, value in mine.settings.items():
            if identity.settings[name] != value:
                its = shortened(str(identity.settings[name]))
                raise SettingsError(
                    f"{path}: belongs to a training with {name} {its}, not {value}; give the same "
                    "settings to go on, or train without resuming to begin anew",
                    argument="resume",
                )
        if identity.data != mine.data:
            raise SettingsError(
                f"{path}: belongs to a training on other data, or of another net that was there before; train without "
                "resuming to begin anew",
                argument="resume",
            )

    def steps(self, trainer: Trainer) -> Iterator[CurvePoint | None]:
        """The steps of a training; each point goes into the log, and a checkpoint is written periodically.

        Ctrl-C, or SIGTERM and SIGHUP where they have a handler, waits for the end of the step. With a checkpoint, that
        is written and the interruption goes on; without one, training ends with the best weights so far, if there are
        any. Where several processes train, one that was asked to end is enough.

        Raises:
            KeyboardInterrupt: Ctrl-C.
            ModelFileError: the checkpoint could not be written then.
        """
        kept = self._run.checkpoint is not None
        alone, first = self._processes.size == 1, self._processes.first
        with _held_interrupt() as held, closing(self._recorder):
            for point in trainer.run(lambda: held.pressed):
                if point is not None:
                    self._recorder.add(point)
                yield point
                if trainer.asked_to_end or (alone and held.pressed):
                    if kept:
                        self._processes.from_first(lambda: self._write(trainer))
                    if kept or not trainer.curve:
                        self._processes.part()
                        held.act()
                    trainer.interrupt()
                elif first and time.monotonic() - self._saved > self._run.every_seconds:
                    self._save(trainer)
        if first:
            self._save(trainer)  # whatever comes after, the training is not lost
        if held.pressed and kept:  # after the last step
            held.act()

    def _save(self, trainer: Trainer) -> None:
        """Write a checkpoint on the way; if that fails, training is not lost for it, and it is said once."""
        self._saved = time.monotonic()
        try:
            self._write(trainer)
            self._failure = ""
        except ModelFileError as error:
            if str(error) != self._failure:
                warnings.warn(f"{error}; training goes on without this checkpoint", stacklevel=3)
            self._failure = str(error)

    def _write(self, trainer: Trainer) -> None:
        if self._run.checkpoint is not None:
            snapshot = trainer.snapshot()
            document = {**self._identity._asdict(), "training": snapshot.document}
            write_model_file(self._run.checkpoint, ModelFile(CHECKPOINT, snapshot.arrays, document))


class _Held:
    """Signals that are to end a training, noted instead of acted upon; a second one acts."""

    def __init__(self) -> None:
        self._number: int | None = None
        self._before: dict[int, Any] = {}

    @property
    def pressed(self) -> bool:
        """Whether one has come."""
        return self._number is not None

    def hold(self) -> None:
        """From here on: Ctrl-C, and others where there is a handler that does more than end the program."""
        for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
            handler = signal.getsignal(number)
            if callable(handler) or (number == signal.SIGINT and handler is not None):
                self._before[number] = signal.signal(number, self._note)

    def release(self) -> None:
        """As it was before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the shape of a handler
        self._number = number
        self.release()

    def act(self) -> NoReturn:
        """What the handler would have done that was there before; in the end the training is interrupted."""
        before = None if self._number is None else self._before[self._number]
        if callable(before):
            before(self._number, None)
        raise KeyboardInterrupt


@contextmanager
def _held_interrupt() -> Iterator[_Held]:
    """Ctrl-C is noted instead of acted upon; a second one acts.

    Elsewhere than in the main thread it stays as it is: no handler can be set there. So it does where a program that
    Python is embedded in handles it: that handler could not be put back.
    """
    held = _Held()
    if threading.current_thread() is threading.main_thread():
        held.hold()
    try:
        yield held
    finally:
        held.release()


def data_fingerprint(*corpora: Corpus | None, initial: Mapping[str, npt.NDArray[Any]] | None = None) -> str:
    """The SHA-256 of what training sees of its data, and of the weights that it goes on from, if there are some."""
    digest = hashlib.sha256()
    for corpus in corpora:
        if corpus is not None:
            digest.update("".join(corpus.alphabet.names).encode() + b"\0" + bytes([corpus.alphabet.has_unknown]))
            for array in (corpus.ids, corpus.offsets, corpus.weights_or_ones):
                digest.update(array.tobytes())
    for name, array in (initial or {}).items():
        digest.update(name.encode() + b"\0" + array.tobytes())
    return digest.hexdigest()
