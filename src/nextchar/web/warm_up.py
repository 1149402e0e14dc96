"""Loading the library while nobody waits for an answer.

Importing numpy and the models takes most of a second of processor time, during which Python answers slowly. So it is
done in pieces, each after a moment without a request: a page that is opened meanwhile is there first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from typing import Final

import anyio
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Noted", "Requests", "warm_up"]

QUIET_SECONDS: Final = 0.15  # without a request, after which a piece is loaded
PATIENCE_SECONDS: Final = 1.5  # after which the next piece is loaded in any case
LOOK_SECONDS: Final = 0.03
PIECES: Final = (
    "nextchar.lesson.asking",
    "numpy",
    "nextchar.data.corpus",
    "nextchar.core.model",
    "nextchar.automata.automaton_model",
    "nextchar.models.ngram.model",
    "nextchar.web.model_cache",
    "nextchar.web.endpoints.counts",
    "nextchar.web.endpoints.models",
    "nextchar.web.endpoints.net",
    "nextchar.web.endpoints.names",
)


class Requests:
    """Whether anything is being asked for, and for how long nothing has been."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open = 0
        self._last = clock()

    @property
    def quiet_seconds(self) -> float:
        """Seconds since the last request was answered; 0 while one is being answered."""
        return 0.0 if self._open else self._clock() - self._last

    def begin(self) -> None:
        """Something is asked for."""
        self._open += 1

    def end(self) -> None:
        """It is answered."""
        self._open -= 1
        self._last = self._clock()


class Noted:
    """ASGI middleware that tells `Requests` of what is asked for."""

    def __init__(self, app: ASGIApp, requests: Requests) -> None:
        self.app = app
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self._requests.begin()
        try:
            await self.app(scope, receive, send)
        finally:
            self._requests.end()


async def warm_up(requests: Requests, prepare: Callable[[], object], load: Callable[[], object]) -> None:
    """Load everything, piece by piece.

    Args:
        requests: what is asked for meanwhile.
        prepare: done first; short.
        load: done last, when all modules are there.
    """
    await anyio.to_thread.run_sync(prepare)
    for piece in PIECES:
        await _quiet(requests)
        await anyio.to_thread.run_sync(import_module, piece)
    await _quiet(requests)
    await anyio.to_thread.run_sync(load)


async def _quiet(requests: Requests) -> None:
    with anyio.move_on_after(PATIENCE_SECONDS):
        while requests.quiet_seconds < QUIET_SECONDS:
            await anyio.sleep(LOOK_SECONDS)
