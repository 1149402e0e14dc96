"""How an endpoint is run: input checked, work in a thread, every error an answer in the visitor's language.

An endpoint is a plain function from an `ApiCall` to a JSON document. It runs in a worker thread, so that other
visitors are answered meanwhile; slow kinds of work have few threads, quick ones more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import anyio
from starlette.requests import Request
from starlette.responses import Response

from nextchar.errors import NextcharError
from nextchar.lesson.languages import Language
from nextchar.lesson.messages import message
from nextchar.web.request_errors import RequestError, error_document
from nextchar.web.requests import Fields, chosen_language, read_json
from nextchar.web.responses import FileAnswer, encoded, json_response
from nextchar.web.sessions import COOKIE, Session, Sessions

if TYPE_CHECKING:
    from nextchar.web.dataset import Dataset
    from nextchar.web.model_cache import ModelCache

__all__ = ["ApiCall", "Dispatcher", "Endpoint", "set_cookie"]

Work = Literal["quick", "sampling", "slow", "pitfall", "snippet", "names", "texts", "asides"]
THREADS: Final[Mapping[Work, int]] = {
    "quick": 6,
    "sampling": 2,
    "slow": 2,
    "pitfall": 1,
    "snippet": 2,
    "names": 2,
    "texts": 2,
    "asides": 2,
}
WAITING: Final = 100  # requests for one kind of work, beyond which no more are taken
BODY_BYTES: Final = 64_000
LIST_HEADER: Final = "x-nextchar-list"


class ApiCall:
    """What a visitor asks for.

    Attributes:
        fields: the values of the query or the body.
        place: the values in the path.
        language: of messages.
        cache: what the server has computed.
        sessions: all visitors.
        session: the visitor's, if there is one.
        file: what is answered in place of JSON, if an endpoint answers a file.
        list: the fingerprint of the list that the page shows; None where it does not matter which one is in use.
        read_as: what a typed word became, where the list's own letters are others.
    """

    def __init__(self, dispatcher: Dispatcher, fields: Fields, place: Mapping[str, Any], language: Language) -> None:
        self.fields = fields
        self.place = place
        self.language = language
        self.cache = dispatcher.cache
        self.sessions = dispatcher.sessions
        self.session: Session | None = None
        self.file: FileAnswer | None = None
        self.list: str | None = None
        self.read_as: str | None = None

    @property
    def data(self) -> Dataset:
        """The data that the visitor uses."""
        own = self.session.data if self.session else None
        return own or self.cache.default

    @property
    def data_name(self) -> str:
        """Their name, as shown to the visitor."""
        if self.data.own:
            return message("data.own-list", self.language)
        return self.data.name

    def check_list(self) -> None:
        """See that the list in use is the one that the visitor's page shows.

        Raises:
            RequestError: it is another one by now.
        """
        if self.list is not None and self.list != self.data.fingerprint:
            raise RequestError(410, "list-gone", "list-changed")

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
    answer: Callable[[ApiCall], Any]
    work: Work = "quick"
    body_bytes: int = BODY_BYTES


class Dispatcher:
    """Runs endpoints.

    Attributes:
        cache: what the server has computed.
        sessions: all visitors.
    """

    def __init__(self, cache: ModelCache, sessions: Sessions) -> None:
        self.cache = cache
        self.sessions = sessions
        self._limiters: dict[Work, anyio.CapacityLimiter] = {}

    async def run(self, endpoint: Endpoint, request: Request) -> Response:
        """Answer a request."""
        try:
            call = await self.read(request, endpoint.body_bytes)
        except RequestError as refused:
            return json_response(refused.document(_language(request)), refused.status)
        before = call.session
        status, body = await self.work(endpoint.work, lambda: _answered(endpoint.answer, call), call.language)
        response = Response(body, status, media_type="application/json") if call.file is None else call.file.response()
        if call.session is not before and call.session is not None:
            set_cookie(response, call.session)
        return response

    async def read(self, request: Request, body_bytes: int = BODY_BYTES) -> ApiCall:
        """A request, read and taken apart.

        Raises:
            RequestError: it cannot be read.
        """
        values: Mapping[str, Any] = dict(request.query_params)
        if request.method == "POST":
            values = await read_json(request, body_bytes)
        call = ApiCall(self, Fields(values), request.path_params, _language(request, values.get("lang")))
        call.session = self.sessions.find(request.cookies.get(COOKIE))
        call.list = request.headers.get(LIST_HEADER)
        return call

    async def work(self, kind: Work, job: Callable[[], tuple[int, bytes]], language: Language) -> tuple[int, bytes]:
        """Do a job in a thread of its kind, once one is free."""
        limiter = self._limiters.get(kind)
        if limiter is None:
            limiter = self._limiters[kind] = anyio.CapacityLimiter(THREADS[kind])
        if limiter.statistics().tasks_waiting >= WAITING:
            busy = RequestError(429, "busy")
            return busy.status, encoded(busy.document(language))
        return await anyio.to_thread.run_sync(job, limiter=limiter)


def _answered(answer: Callable[[ApiCall], Any], call: ApiCall) -> tuple[int, bytes]:
    """Status and JSON of an answer, or of the reason why there is none."""
    try:
        call.check_list()
        answered = answer(call)
        if isinstance(answered, FileAnswer):
            call.file = answered
            return 200, b""
        return 200, encoded(answered if call.read_as is None else {**answered, "read_as": call.read_as})
    except (RequestError, NextcharError) as error:
        status, document = error_document(error, call.language)
        return status, encoded(document)


def set_cookie(response: Response, session: Session) -> None:
    """Let the visitor's browser remember its session until it is closed."""
    response.set_cookie(COOKIE, session.token, path="/", httponly=True, samesite="strict")


def _language(request: Request, wanted: object = None) -> Language:
    return chosen_language(wanted or request.query_params.get("lang"), request.headers.get("accept-language", ""))
