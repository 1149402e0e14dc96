"""--quiet and --verbose, the same in every command: how much is said on standard error beside the results."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Final

import click

__all__ = ["add_talk_options", "is_quiet", "is_verbose", "seconds_since_start", "summary"]

_TALK: Final = "nextchar.talk"  # in a command line's context: "quiet" or "verbose", where one is given
_START: Final = time.perf_counter()


def add_talk_options(command: click.Command) -> None:
    """Give a command --quiet and --verbose."""
    command.params += [
        click.Option(
            ["-q", "--quiet"],
            is_flag=True,
            expose_value=False,
            callback=_taking("quiet"),
            help="Say nothing on standard error but errors.",
        ),
        click.Option(
            ["-v", "--verbose"],
            is_flag=True,
            expose_value=False,
            callback=_taking("verbose"),
            help="Say more there: steps, progress, time and memory.",
        ),
    ]


def _taking(talk: str) -> Callable[[click.Context, click.Parameter, bool], None]:
    def take(ctx: click.Context, param: click.Parameter, value: bool) -> None:  # noqa: ARG001 - the shape of a callback
        if value and ctx.meta.setdefault(_TALK, talk) != talk:
            raise click.UsageError("--quiet and --verbose exclude each other.", ctx)

    return take


def _talk() -> str | None:
    context = click.get_current_context(silent=True)
    return None if context is None else context.meta.get(_TALK)


def is_quiet() -> bool:
    """Whether nothing but errors is to be said beside the results."""
    return _talk() == "quiet"


def is_verbose() -> bool:
    """Whether more is to be said than usual."""
    return _talk() == "verbose"


def seconds_since_start() -> float:
    """Seconds since the command was loaded."""
    return time.perf_counter() - _START


def summary() -> str:
    """The time that the command has taken so far and, where the system tells, the most memory that it had."""
    said = f"{seconds_since_start():.2f} seconds, {time.process_time():.2f} of them processor time"
    if sys.platform == "win32":
        return said
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # kilobytes, but on macOS bytes
    return f"{said}, at most {peak / (1 << 20 if sys.platform == 'darwin' else 1 << 10):,.0f} MiB of memory"
