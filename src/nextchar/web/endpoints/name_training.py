"""Models of the workbench that take their time: all count models compared, and the mix and nets trained.

The page is sent how far it has come as server-sent events. A training ends when it is done or the visitor goes away;
what was trained stays with its list, for whoever asks for it next.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from importlib.util import find_spec
from typing import Any, Final

import anyio
from starlette.requests import Request
from starlette.responses import Response

from nextchar.core.progress import Report
from nextchar.data.splits import split
from nextchar.errors import NextcharError
from nextchar.models.registry import spec_of
from nextchar.tasks.leaderboard import Candidate, candidates, compare
from nextchar.web.dataset import Dataset
from nextchar.web.dispatcher import ApiCall, Dispatcher
from nextchar.web.endpoints.models import most_symbols
from nextchar.web.name_lists import NameModel
from nextchar.web.name_models import GUIDE, TRAINED, count_model
from nextchar.web.recipes import compare_recipe
from nextchar.web.request_errors import RequestError, error_document
from nextchar.web.responses import EventStream, event, json_response

__all__ = ["NameTrainings", "trainable"]

FEWEST: Final = 40  # names, below which nothing is held out to compare by
MOST_WAITING: Final = 16
LOOK_SECONDS: Final = 0.1
SECONDS: Final = (10, 30, 60, 180)
COMPARED: Final = ("ngram",)


def trainable() -> list[str]:
    """The models that can be trained here; nets need torch."""
    nets = ("gru", "transformer") if find_spec("torch") is not None else ()
    return [name for name in TRAINED if name in ("best", "mix", *nets)]


class _GoneError(Exception):
    """The visitor has gone."""


class _Training:
    """One training, told by its thread how far it has come.

    Attributes:
        events: what is to be sent, in order.
        ended: whether there will be no more.
        gone: whether nobody listens any more.
    """

    def __init__(self) -> None:
        self.events: list[bytes] = []
        self.ended = False
        self.gone = False
        self._lock = threading.Lock()

    def tell(self, name: str, document: dict[str, Any]) -> None:
        """Send an event; the training ends here where nobody listens."""
        if self.gone:
            raise _GoneError
        with self._lock:
            self.events.append(event(name, document))

    def taken(self) -> list[bytes]:
        """What has been told since the last call."""
        with self._lock:
            events, self.events = self.events, []
            return events


class NameTrainings:
    """POST /api/names/train.

    Attributes:
        running: how many wait or run.
    """

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._limiter: anyio.CapacityLimiter | None = None
        self.running = 0

    async def start(self, request: Request) -> Response:
        """Check what is asked for, then train and send."""
        try:
            call = await self._dispatcher.read(request)
            try:
                work = _work(call)
                if self.running >= MOST_WAITING:
                    raise RequestError(429, "busy", "too-many-trainings")
            except RequestError as refused:
                return json_response(refused.document(call.language), refused.status)
        except RequestError as refused:
            return json_response(refused.document("en"), refused.status)
        self.running += 1
        return EventStream(lambda: self._events(call, work))

    async def _events(self, call: ApiCall, work: Callable[[_Training], None]) -> AsyncIterator[bytes]:
        self._limiter = self._limiter or anyio.CapacityLimiter(1)
        training = _Training()

        def run() -> None:
            try:
                work(training)
            except _GoneError:
                pass
            except (RequestError, NextcharError) as error:
                training.tell("refused", error_document(error, call.language)[1]["error"])
            finally:
                training.ended = True

        async def in_thread() -> None:
            await anyio.to_thread.run_sync(run, limiter=self._limiter, abandon_on_cancel=True)

        try:
            yield event("start", {"waiting": self.running - 1})
            async with anyio.create_task_group() as group:
                group.start_soon(in_thread)
                while not training.ended:
                    await anyio.sleep(LOOK_SECONDS)
                    for sent in training.taken():
                        yield sent
            for sent in training.taken():
                yield sent
        finally:
            training.gone = True
            self.running -= 1


def _work(call: ApiCall) -> Callable[[_Training], None]:
    """What a request asks for.

    Raises:
        RequestError: there is no such list or model, or the list is too short.
    """
    data = call.cache.lists.find(call.fields.text("list", longest=60))
    name = call.fields.choice("model", TRAINED)
    seconds = call.fields.whole("seconds", SECONDS[1], low=SECONDS[0], high=SECONDS[-1])
    if name not in trainable():
        raise RequestError(409, "needs-torch")
    if len(data.corpus) < FEWEST:
        raise RequestError(422, "too-few-names", have=len(data.corpus), least=FEWEST)
    if name == "best":
        return lambda training: _compare(call, data, training)
    return lambda training: _train(call, data, name, seconds, training)


def _compare(call: ApiCall, data: Dataset, training: _Training) -> None:
    """Train all count models on most of the list, measure them on the rest, and train the best on all of it."""
    parts = split(data.corpus, "distinct")
    field = [one for one in candidates(models=COMPARED) if parts.train.symbols <= most_symbols(asdict(_settings(one)))]
    best: tuple[float, Candidate] | None = None
    for number, candidate in enumerate(field):
        training.tell("progress", {"share": number / len(field), "text": candidate.spec.summary})
        [entry] = compare([candidate], parts)
        training.tell(
            "row",
            {"model": entry.name, "nats_per_symbol": entry.nats_per_symbol, "bytes": entry.size_bytes},
        )
        if best is None or entry.nats_per_symbol < best[0]:
            best = entry.nats_per_symbol, candidate
    if best is None:
        raise RequestError(422, "too-few-names", have=len(data.corpus), least=FEWEST)
    spec = best[1].spec
    model = spec.fit(data.corpus)
    call.cache.lists.keep_trained(data, NameModel("best", best[1].kind, spec, model, model))
    training.tell("done", {"model": "best", "text": spec.summary, "recipe": compare_recipe(data, COMPARED)})


def _settings(candidate: Candidate) -> Any:
    return candidate.spec


def _train(call: ApiCall, data: Dataset, name: str, seconds: int, training: _Training) -> None:
    """Train a model for so many seconds, with a count model beside it that guides what it writes."""
    spec = spec_of(name, {"seconds": float(seconds)})

    def progress(report: Report) -> None:
        training.tell("progress", {"share": report.share, "text": report.text})

    guide = count_model(call, data, GUIDE).model
    model = spec.fit(data.corpus, progress=progress)
    call.cache.lists.keep_trained(data, NameModel(name, name, spec, model, guide))
    training.tell("done", {"model": name, "text": spec.summary})
