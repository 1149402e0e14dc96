"""The server of the lesson page: one process on this machine, for the browsers of this machine.

The page itself needs nothing of the library, so it is served at once, and so is what it asks for as it opens
(`web/first_answers.py`). numpy and the models are loaded meanwhile, in a thread and piece by piece, while nothing else
is asked for; whoever needs them before they are there waits that long.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import socket
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from nextchar.data.datasets import NAMED
from nextchar.errors import SettingsError
from nextchar.web import pages
from nextchar.web.first_answers import FirstAnswers
from nextchar.web.lesson_documents import load_texts
from nextchar.web.security import Security
from nextchar.web.sessions import COOKIE, Sessions
from nextchar.web.warm_up import Noted, Requests, warm_up

if TYPE_CHECKING:
    from starlette.routing import Router

__all__ = ["Api", "api_routes", "create_app", "serve"]

MAKEMORE: Final = "makemore-names"
SWEEP_SECONDS: Final = 60.0
SWITCH_SECONDS: Final = 0.001  # so that a thread that computes does not keep the others waiting


class Api:
    """The part of the application that needs the library, loaded when it is first asked for."""

    def __init__(self, data: Path | None, first: FirstAnswers | None) -> None:
        self._data = data
        self._first = first
        self._router: Router | None = None
        self._lock = threading.Lock()
        self.sessions = Sessions()

    def load(self) -> Router:
        """The routes; loads numpy and the library at the first call."""
        with self._lock:
            router = self._router
            if router is None:
                router, fingerprint = _router(self._data, self.sessions)
                if self._first is not None and self._first.fingerprint != fingerprint:
                    self._first = None  # the list is another one than the answers are about
                self._router = router
            return router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        first = self.first(scope)
        if first is not None:
            known, receive = await first.respond(scope, receive)
            if known is not None:
                await known(scope, receive, send)
                return
        router = self._router
        if router is None:
            router = await anyio.to_thread.run_sync(self.load)
        await router(scope, receive, send)

    def first(self, scope: Scope) -> FirstAnswers | None:
        """What is known beforehand of the list and the text that this visitor uses."""
        session = self.sessions.find(Request(scope).cookies.get(COOKIE))
        return self._first if session is None or not session.own else None


def _router(data: Path | None, sessions: Sessions) -> tuple[Router, str | None]:
    from starlette.routing import Router

    from nextchar.web.model_cache import ModelCache

    cache = ModelCache(data)
    sessions.on_drop = cache.forget
    router = Router(api_routes(cache, sessions), redirect_slashes=False, default=_unknown)
    with contextlib.suppress(ValueError):  # a file at fault is reported to whoever asks for it
        cache.ngram(cache.default)
        return router, cache.default.fingerprint
    return router, None


def api_routes(cache: Any, sessions: Sessions) -> list[Route]:
    """All of /api."""
    from nextchar.web.dispatcher import Dispatcher, Endpoint
    from nextchar.web.endpoints import (
        counts,
        data,
        door,
        inside,
        lesson,
        models,
        names,
        net,
        running_text,
        sampling,
        scoring,
    )
    from nextchar.web.endpoints.live_training import Streamed, TrainingEndpoints, bigram_training
    from nextchar.web.endpoints.name_training import NameTrainings
    from nextchar.web.endpoints.net_training import net_training

    dispatcher = Dispatcher(cache, sessions)

    def route(endpoint: Endpoint) -> Route:
        async def answer(request: Request) -> Response:
            return await dispatcher.run(endpoint, request)

        return Route(endpoint.path, answer, methods=[endpoint.method])

    parts = (door, data, counts, sampling, scoring, models, net, lesson, names, inside, running_text)
    trainings = TrainingEndpoints(dispatcher)

    def starting(make: Callable[[Any], Streamed]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return await trainings.start(request, make)

        return answer

    return [
        *(route(endpoint) for part in parts for endpoint in part.ENDPOINTS),
        Route("/api/names/train", NameTrainings(dispatcher).start, methods=["POST"]),
        *(
            Route(path, answer, methods=[method])
            for path, make in (
                ("/api/net/train", bigram_training),
                ("/api/nets/train", net_training),
            )
            for method, answer in (("POST", starting(make)), ("DELETE", trainings.stop))
        ),
    ]


async def _unknown(scope: Scope, receive: Receive, send: Send) -> None:
    document = {"error": {"code": "not-found", "message": "There is nothing here."}}
    await JSONResponse(document, 404)(scope, receive, send)


def create_app(*, data: Path | None = None, first_answers: bool = True) -> Starlette:
    """The application.

    Args:
        data: a file of items, one a line, to use in place of the names.
        first_answers: whether what ships of the answers is used; without, everything is computed when asked for.
    """
    api = Api(data, FirstAnswers.of_default(data) if first_answers else None)
    asked = Requests()

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.api = api
        loading = asyncio.create_task(warm_up(asked, load_texts, api.load))
        sweeping = asyncio.create_task(_sweep(api.sessions))
        yield
        loading.cancel()
        sweeping.cancel()
        api.sessions.close()
        await asyncio.gather(loading, sweeping, return_exceptions=True)

    app = Starlette(
        routes=[
            Route("/", pages.door),
            Route("/names", pages.names),
            Route("/lesson/{number}", pages.lesson),
            Route("/glossary", pages.glossary),
            Route("/static/{name:path}", pages.static),
            Route("/source/{name:path}", pages.source),
            Route("/favicon.ico", pages.icon),
            Route("/api/{rest:path}", api),
        ],
        middleware=[Middleware(Noted, asked), Middleware(Security)],
        exception_handlers={404: pages.missing},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


async def _sweep(sessions: Sessions) -> None:
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        sessions.expire()


class _Server(uvicorn.Server):
    """Says when it is ready, and ends what streams when it is told to end."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], end: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready
        self._end = end

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    def handle_exit(self, sig: int, frame: Any) -> None:
        self._end()
        super().handle_exit(sig, frame)


def serve(host: str = "127.0.0.1", port: int = 8000, open_browser: bool = True, *, data: Path | None = None) -> None:
    """Serve the page until Ctrl-C.

    Args:
        host: a loopback address.
        port: where; 0 takes a free one.
        open_browser: show the page.
        data: as for `create_app`.

    Raises:
        SettingsError: the port cannot be used.
        CorpusError: the file cannot be read.
        DataSetError: NEXTCHAR_NAMES points to something else than makemore's names.
    """
    _check_data(data)
    listener = _listen(host, port)
    address = f"http://{'localhost' if host == '127.0.0.1' else host}:{listener.getsockname()[1]}/"
    app = create_app(data=data)

    def ready() -> None:
        print(f"The lesson is at {address} (Ctrl-C ends it).", file=sys.stderr, flush=True)  # noqa: T201
        if open_browser:
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    def end() -> None:
        app.state.api.sessions.close()

    logging.getLogger("nextchar.web").addHandler(logging.StreamHandler())
    sys.setswitchinterval(SWITCH_SECONDS)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        http="h11",
        ws="none",
        loop="asyncio",
        timeout_graceful_shutdown=3,
    )
    with contextlib.suppress(KeyboardInterrupt), listener:
        _Server(config, ready, end).run([listener])


def _check_data(path: Path | None) -> None:
    """Find out now, not at the first request, that there is nothing to show."""
    if path is not None:
        from nextchar.data.corpus import Corpus

        Corpus.from_file(path)
    elif os.environ.get(NAMED[MAKEMORE].variable or ""):
        from nextchar.data.download import find

        find(MAKEMORE)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio turns Nagle's delay (40 ms an answer) off only where it is.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform != "win32":  # where it would let a second server take the same port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        busy = error.errno == errno.EADDRINUSE
        reason = "is in use" if busy else f"cannot be used: {error.strerror or error}"
        raise SettingsError(
            f"port {port} {reason}; choose another port, or port 0 for a free one", argument="port"
        ) from None
    return listener
