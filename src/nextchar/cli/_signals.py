"""Signals that end a command: Ctrl-C, SIGTERM and SIGHUP all let it clean up, and none leaves a traceback."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

__all__ = ["Ended", "ending_cleanly", "exit_code"]

_ENDING: Final = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)
)  # Windows has no SIGHUP


class Ended(KeyboardInterrupt):
    """The command was told to end, by a signal other than Ctrl-C's; whatever cleans up after that does so here too."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


@contextmanager
def ending_cleanly() -> Iterator[None]:
    """Ctrl-C is a KeyboardInterrupt inside, and SIGTERM and SIGHUP one of their own kind.

    Python ends at once at these two, and a file that is being written would leave its temporary one behind. What is
    ignored (nohup), or handled by a program that this one runs in, stays so.
    """
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        handlers = {signal.SIGINT: signal.default_int_handler, **dict.fromkeys(_ENDING, _end)}
        for number, handler in handlers.items():
            if signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the shape of a handler
    raise Ended(number)


def exit_code(interrupt: KeyboardInterrupt) -> int:
    """As shells have it: 128 and the number of the signal."""
    return 128 + (interrupt.number if isinstance(interrupt, Ended) else signal.SIGINT)
