"""How far a command has come with reading its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from nextchar.cli._output import console

__all__ = ["reading_progress"]

PROGRESS_FROM_BYTES: Final = 20_000_000


@contextmanager
def reading_progress(files: tuple[str, ...]) -> Iterator[Callable[[int], None] | None]:
    """A progress bar on a terminal, where there is enough to read; it is told how many bytes have been read."""
    sizes = [Path(name).stat().st_size if Path(name).is_file() else 0 for name in files]
    if sum(sizes) < PROGRESS_FROM_BYTES or not console(stderr=True).is_terminal:
        yield None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    columns = ("reading", BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=sum(sizes))
        yield lambda done: bar.update(task, completed=done)
