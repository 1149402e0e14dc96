"""A command in several processes, as torchrun starts them: the first one runs it, the others help it to train nets."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Final, NoReturn

from nextchar.cli._signals import ending_cleanly, exit_code
from nextchar.errors import NextcharError, ProcessError

if TYPE_CHECKING:
    from nextchar.models.neural.training.joining import Joined

__all__ = ["among_processes"]

_SET_BY_LAUNCHERS: Final = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


@contextmanager
def among_processes(note: Callable[[str], None]) -> Iterator[None]:
    """Where this process is one of several, the first runs what is inside; the others help, and end with it.

    Args:
        note: tells a person something.
    """
    if not all(name in os.environ for name in _SET_BY_LAUNCHERS) or os.environ["WORLD_SIZE"] == "1":
        yield
        return
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # torch's own account of lost connections
    from nextchar.models.neural.training.joining import joined_group

    if os.environ["RANK"] != "0":
        _help()
    with ExitStack() as stack:
        try:
            joined = stack.enter_context(joined_group())
        except NextcharError as error:
            note(f"Error: {error}")
            sys.exit(1)
        try:
            yield
        except SystemExit as end:
            _dismiss(joined, end.code if isinstance(end.code, int) else int(end.code is not None), note)
            raise
        _dismiss(joined, 0, note)


def _dismiss(joined: Joined, code: int, note: Callable[[str], None]) -> None:
    """Let the others end, too; where they wait for a step, they see that the connections close."""
    from nextchar.models.neural.training.processes import Processes

    if not joined.trained and code == 0:
        note(f"Note: of {joined.size} processes one did all the work: only the training of nets is shared.")
    if not joined.training:
        Processes.here().dismiss(code)


def _help() -> NoReturn:
    """Help until the first process ends, and say nothing: it says what there is to say."""
    from nextchar.models.neural.training.fit import follow
    from nextchar.models.neural.training.joining import joined_group

    warnings.simplefilter("ignore")
    code = 1
    with ending_cleanly():
        try:
            with joined_group() as joined:
                try:
                    code = follow()
                except ProcessError:
                    pass
                except BaseException as error:
                    joined.leave(error)
                    raise
        except KeyboardInterrupt as interrupt:
            code = exit_code(interrupt)
        except Exception:  # the first process tells of it
            code = 1
    with suppress(OSError):
        sys.stdout.flush()
    sys.exit(code)
