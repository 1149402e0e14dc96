"""What a reader has found out by itself, for a person who wants to know: told to whoever listens, else to nobody.

A warning is for what may be wrong. That a file was read as its first bytes say is right, and a program that reads it
need not hear of it; the command line does, and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["listening", "remark"]

Listener = Callable[[str], None]

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


def remark(message: str) -> None:
    """Tell whoever listens."""
    if (listener := _listener.get()) is not None:
        listener(message)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Call the listener with each remark that is made inside."""
    before = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(before)
