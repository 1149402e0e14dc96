"""How far a command has come: a bar on a terminal; with --verbose and no terminal, a line every ten seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nextchar.cli._output import console, note
from nextchar.cli._talk import is_quiet, is_verbose

if TYPE_CHECKING:
    from nextchar.core.progress import Report

__all__ = ["reading_progress", "training_progress"]

PROGRESS_FROM_BYTES: Final = 20_000_000
_SECONDS_BETWEEN_LINES: Final = 10.0


@contextmanager
def reading_progress(files: tuple[str, ...]) -> Iterator[Callable[[int], None] | None]:
    """How much of the files has been read, where there is enough to read; it is told how many bytes."""
    sizes = [Path(name).stat().st_size if Path(name).is_file() else 0 for name in files]
    total = sum(sizes)
    if total < PROGRESS_FROM_BYTES or not _is_shown():
        yield None
        return
    if not console(stderr=True).is_terminal:
        line = _Lines()
        yield lambda done: line.say(f"reading: {done / total:.0%} of {total / 1e6:,.0f} MB")
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    columns = ("reading", BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=total)
        yield lambda done: bar.update(task, completed=done)


@contextmanager
def training_progress(doing: str = "learning") -> Iterator[Callable[[Report], None] | None]:
    """How training, or other long work, goes, once it tells of it."""
    if not _is_shown():
        yield None
        return
    if not console(stderr=True).is_terminal:
        line = _Lines()
        yield lambda at: line.say(f"{doing}: {at.share:.0%}{at.text and f', {at.text}'}")
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (doing, BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0, visible=False)
        yield lambda at: bar.update(task, completed=at.share, description=at.text, visible=True)


def _is_shown() -> bool:
    return is_verbose() or (console(stderr=True).is_terminal and not is_quiet())


class _Lines:
    """Lines for a log: the first at once, each other when some time has passed."""

    def __init__(self) -> None:
        self._next = 0.0

    def say(self, message: str) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _SECONDS_BETWEEN_LINES
            note(message)
