"""How an endpoint is run: input checked, work in a thread, every fault an answer in the visitor's language.

An endpoint is a plain function from a `Request` of ours to a JSON document. It runs in a worker thread, so that other
visitors are answered meanwhile; slow kinds of work have few threads, quick ones more.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import anyio
from starlette.requests import Request
from starlette.responses import Response

from nextchar.core.json_values import plain
from nextchar.errors import MissingExtraError, NextcharError, UnknownSymbolError
from nextchar.web.requests import Fields, Language, RefusedError, preferred_language, read_json
from nextchar.web.sessions import COOKIE, Session, Sessions

if TYPE_CHECKING:
    from nextchar.web.model_cache import Data, Stock

__all__ = ["Ask", "Endpoint", "Service", "encoded", "fault_document", "json_response", "set_cookie"]

Work = Literal["quick", "sampling", "slow", "pitfall"]
THREADS: Final[Mapping[Work, int]] = {"quick": 6, "sampling": 2, "slow": 2, "pitfall": 1}
WAITING: Final = 100  # requests for one kind of work, beyond which no more are taken
BODY_BYTES: Final = 64_000


class Ask:
    """What a visitor asks for.

    Attributes:
        fields: the values of the query or the body.
        place: the values in the path.
        language: of messages.
        stock: what the server has.
        sessions: all visitors.
        session: the visitor's, if there is one.
    """

    def __init__(self, service: Service, fields: Fields, place: Mapping[str, Any], language: Language) -> None:
        self.fields = fields
        self.place = place
        self.language = language
        self.stock = service.stock
        self.sessions = service.sessions
        self.session: Session | None = None

    @property
    def data(self) -> Data:
        """The data that the visitor uses."""
        own = self.session.data if self.session else None
        return own or self.stock.default

    @property
    def data_name(self) -> str:
        """Their name, as shown to the visitor."""
        if self.data.own:
            return "你的列表" if self.language == "zh" else "your list"
        return self.data.name

    def need_session(self) -> Session:
        """The visitor's session; made now if there is none."""
        if self.session is None:
            self.session = self.sessions.create()
        return self.session


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One thing that can be asked for.

    Attributes:
        method: of HTTP.
        path: as Starlette writes it.
        answer: does the work.
        work: which kind it is.
        body_bytes: how much may be sent.
    """

    method: Literal["GET", "POST", "DELETE"]
    path: str
    answer: Callable[[Ask], Any]
    work: Work = "quick"
    body_bytes: int = BODY_BYTES


class Service:
    """Runs endpoints.

    Attributes:
        stock: what the server has.
        sessions: all visitors.
    """

    def __init__(self, stock: Stock, sessions: Sessions) -> None:
        self.stock = stock
        self.sessions = sessions
        self._limiters: dict[Work, anyio.CapacityLimiter] = {}

    async def run(self, endpoint: Endpoint, request: Request) -> Response:
        """Answer a request."""
        try:
            ask = await self.ask(request, endpoint.body_bytes)
        except RefusedError as refused:
            return json_response(refused.document(_language(request)), refused.status)
        before = ask.session
        status, body = await self.work(endpoint.work, lambda: _answered(endpoint.answer, ask), ask.language)
        response = Response(body, status, media_type="application/json")
        if ask.session is not before and ask.session is not None:
            set_cookie(response, ask.session)
        return response

    async def ask(self, request: Request, body_bytes: int = BODY_BYTES) -> Ask:
        """A request, read and taken apart.

        Raises:
            RefusedError: it cannot be read.
        """
        values: Mapping[str, Any] = dict(request.query_params)
        if request.method == "POST":
            values = await read_json(request, body_bytes)
        ask = Ask(self, Fields(values), request.path_params, _language(request, values.get("lang")))
        ask.session = self.sessions.find(request.cookies.get(COOKIE))
        return ask

    async def work(self, kind: Work, job: Callable[[], tuple[int, bytes]], language: Language) -> tuple[int, bytes]:
        """Do a job in a thread of its kind, once one is free."""
        limiter = self._limiters.get(kind)
        if limiter is None:
            limiter = self._limiters[kind] = anyio.CapacityLimiter(THREADS[kind])
        if limiter.statistics().tasks_waiting >= WAITING:
            busy = RefusedError(429, "busy", "Too much is going on; try again in a moment.", "现在太忙，请稍后再试。")
            return busy.status, encoded(busy.document(language))
        return await anyio.to_thread.run_sync(job, limiter=limiter)


def _answered(answer: Callable[[Ask], Any], ask: Ask) -> tuple[int, bytes]:
    """Status and JSON of an answer, or of why there is none."""
    try:
        return 200, encoded(answer(ask))
    except (RefusedError, NextcharError) as error:
        status, document = fault_document(error, ask.language)
        return status, encoded(document)


def fault_document(error: RefusedError | NextcharError, language: Language) -> tuple[int, dict[str, Any]]:
    """Status and JSON of a fault of the input."""
    if isinstance(error, RefusedError):
        return error.status, error.document(language)
    if isinstance(error, MissingExtraError):
        zh = '这一部分需要 PyTorch，请安装：pip install "nextchar[neural]"'
        return 409, RefusedError(409, "needs-torch", str(error), zh).document(language)
    if isinstance(error, UnknownSymbolError):
        zh = f"数据里从未出现过 {error.character!r}，模型不认识它。"
        en = f"The data never uses {error.character!r}, so the model does not know it."
        more = {"character": error.character, "position": error.position}
        return 422, RefusedError(422, "unknown-symbol", en, zh, more).document(language)
    code = type(error).__name__.removesuffix("Error").lower()
    return 422, {"error": {"code": code, "message": str(error)}}


def encoded(document: Any) -> bytes:
    """A document as JSON; infinite numbers as "inf"."""
    return json.dumps(plain(document), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def json_response(document: Any, status: int = 200) -> Response:
    """A document as a response."""
    return Response(encoded(document), status, media_type="application/json")


def set_cookie(response: Response, session: Session) -> None:
    """Let the visitor's browser remember its session until it is closed."""
    response.set_cookie(COOKIE, session.token, path="/", httponly=True, samesite="strict")


def _language(request: Request, wanted: object = None) -> Language:
    wanted = wanted or request.query_params.get("lang")
    if wanted in ("en", "zh"):
        return "zh" if wanted == "zh" else "en"
    return preferred_language(request.headers.get("accept-language", ""))
