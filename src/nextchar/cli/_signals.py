"""Signals that end a command: Ctrl-C, SIGTERM and SIGHUP all let it clean up, and none leaves a traceback."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final, TypeVar

__all__ = ["Ended", "Interrupts", "ending_cleanly", "exit_code"]

Piece = TypeVar("Piece")

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


class Interrupts:
    """Holds the signals that end a command back while it answers; a second one counts at once.

    What is ignored, or handled by a program that this one runs in, stays so. Those inside another have their own say.
    """

    def __init__(self) -> None:
        self._waiting = True
        self._held: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, *_ENDING):
                handler = signal.getsignal(number)
                if handler in (signal.default_int_handler, _end) or _holds(handler):
                    self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        for number, handler in self._before.items():
            if _holds(signal.getsignal(number)):  # else one outside has ended: an error keeps generators for a while
                signal.signal(number, handler)
        if kind is None:
            self._raise_held()

    def between(self, pieces: Iterable[Piece]) -> Iterator[Piece]:
        """The pieces: an interrupt counts while one is made, and else when the next is asked for, or at the end."""
        for piece in pieces:
            self._waiting = False
            yield piece
            self._waiting = True
            self._raise_held()
        self._waiting = False

    def _heard(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the shape of a handler
        if self._waiting or self._held is not None:
            raise _interrupt(number)
        self._held = number

    def _raise_held(self) -> None:
        if self._held is not None:
            raise _interrupt(self._held)


def _holds(handler: object) -> bool:
    return isinstance(getattr(handler, "__self__", None), Interrupts)


def _interrupt(number: int) -> KeyboardInterrupt:
    return KeyboardInterrupt() if number == signal.SIGINT else Ended(number)


def _end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the shape of a handler
    raise Ended(number)


def exit_code(interrupt: KeyboardInterrupt) -> int:
    """As shells have it: 128 and the number of the signal."""
    return 128 + (interrupt.number if isinstance(interrupt, Ended) else signal.SIGINT)
