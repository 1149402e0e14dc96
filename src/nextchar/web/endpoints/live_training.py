"""Live training: the library's own steps of gradient descent, sent to the page as they are made.

The page gets about 20 frames a second, not every step. Between frames the training waits, so that others have their
turn; each turn is short, and shorter the more visitors train. It ends when it is done, when the visitor stops it, and
when the visitor goes away.

numpy keeps `errstate` per context, and the descent holds one open from step to step; so all steps of a training run in
one context of its own.
"""

from __future__ import annotations

import contextvars
import math
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Final

import anyio
import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from nextchar.automata.automaton_model import rows_of
from nextchar.core.plan import Plan
from nextchar.errors import NextcharError
from nextchar.extras import need_torch
from nextchar.lesson.languages import Language
from nextchar.lesson.messages import message
from nextchar.models.neural.bigram.model import BigramNet, BigramNetModel
from nextchar.models.neural.bigram.solvers import Divergence, TrainingStep, Watch
from nextchar.web.dataset import Dataset
from nextchar.web.dispatcher import ApiCall, Dispatcher, set_cookie
from nextchar.web.json_views import shown_ids, table_view
from nextchar.web.model_cache import ModelCache
from nextchar.web.request_errors import RequestError, error_document
from nextchar.web.responses import EventStream, encoded, event, json_response

__all__ = ["Training", "TrainingEndpoints"]

MOST_TRAININGS: Final = 32
AT_ONCE: Final = 1  # trainings that compute at the same moment; the others wait for their turn
FRAME_SECONDS: Final = 0.05
CROWD: Final = 12  # trainings beyond which all get fewer frames
TURN_SECONDS: Final = 0.02  # of computing for one frame, divided among the visitors who train
TABLE_EVERY: Final = 5  # frames
LARGEST: Final = 20_000
SAMPLES: Final = Plan(seed=1, max_length=30)
SMALL_ALPHABET: Final = 300  # up to which every frame has samples


class Training:
    """One visitor's training.

    Attributes:
        net: the settings.
        steps_per_second: the pace.
        stopped: whether it was told to end.
        divergence: why it ended before its time, where it did.
    """

    def __init__(self, cache: ModelCache, data: Dataset, net: BigramNet, steps_per_second: int) -> None:
        self.net = net
        self.steps_per_second = steps_per_second
        self.stopped = False
        self.divergence: Divergence | None = None
        self._stock = cache
        self._data = data
        self._context = contextvars.copy_context()
        self._path = net.path(cache.counts(data))
        self._watch = Watch(net.learning_rate)
        self._rows = rows_of(cache.ngram(data))
        self._ids = shown_ids(cache, data)
        self._frames = 0

    def stop(self) -> None:
        """End soon."""
        self.stopped = True

    def start(self) -> dict[str, Any]:
        """What is known before the first step."""
        optimum = self._stock.optimum(self._data, self.net.l2)
        log = optimum.metrics["training"]
        return {
            **table_view(self._data.corpus.alphabet, self._ids),
            "optimum": log["loss"][-1],
            "optimum_data_loss": log["data_loss"][-1],
            "counts": self._stock.loss(self._data),
            "uniform": math.log(self._data.corpus.alphabet.size),
            "steps": self.net.steps,
        }

    def advance(self, wanted: int, seconds: float) -> tuple[dict[str, Any], bool]:
        """Go on to the wanted step, or as far as the time allows; the frame to send, and whether this was the end."""
        return self._context.run(self._advance, wanted, seconds)

    def _advance(self, wanted: int, seconds: float) -> tuple[dict[str, Any], bool]:
        deadline = time.perf_counter() + seconds
        while True:
            record = next(self._path)
            self.divergence = self._watch.see(record)
            if self.divergence or record.step >= wanted or time.perf_counter() > deadline:
                break
        ended = self.divergence is not None or record.step >= self.net.steps
        return self._frame(record, ended), ended

    def _frame(self, record: TrainingStep, ended: bool) -> dict[str, Any]:
        frame: dict[str, Any] = {"step": record.step, "loss": record.loss, "data_loss": record.data_loss}
        if self.divergence:
            record = self.divergence.best  # the library keeps its weights, so they are shown
        frame["weights_of"] = record.step
        whole = ended or self._frames % TABLE_EVERY == 0
        self._frames += 1
        if not (whole or len(self._rows) <= SMALL_ALPHABET):
            return frame
        model = self._model(record)
        rows = rows_of(model)
        frame["samples"] = list(model.draw(3, SAMPLES).corpus)
        frame["largest_difference"] = float(np.abs(rows - self._rows).max())
        if whole:
            frame["probabilities"] = rows[np.ix_(self._ids, self._ids)].tolist()
        return frame

    def _model(self, record: TrainingStep) -> BigramNetModel:
        counts = self._stock.counts(self._data)
        return BigramNetModel(
            settings=self.net,
            alphabet=counts.alphabet,
            weights=record.weights,
            counts=counts,
            provenance=replace(self._stock.ngram(self._data).provenance, known=None),
        )

    def close(self) -> None:
        """Leave the path."""
        self._context.run(self._path.close)  # type: ignore[attr-defined]


class TrainingEndpoints:
    """All trainings that run.

    Attributes:
        running: how many.
    """

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._limiter: anyio.CapacityLimiter | None = None
        self.running = 0

    async def start(self, request: Request) -> Response:
        """POST /api/net/train: check what is asked for, then train and send."""
        try:
            call = await self._dispatcher.read(request)
        except RequestError as refused:
            return json_response(refused.document("en"), refused.status)
        if self.running >= MOST_TRAININGS:
            busy = RequestError(429, "busy", "too-many-trainings")
            return json_response(busy.document(call.language), busy.status)
        self.running += 1
        found: list[tuple[Training, dict[str, Any]]] = []

        def prepare() -> tuple[int, bytes]:
            try:
                training = _training(call)
                found.append((training, training.start()))
            except (RequestError, NextcharError) as error:
                status, document = error_document(error, call.language)
                return status, encoded(document)
            return 200, b""

        streaming = False
        try:
            before = call.session
            status, body = await self._dispatcher.work("slow", prepare, call.language)
            if not found:
                return Response(body, status, media_type="application/json")
            training, begin = found[0]
            session = call.need_session()
            self._dispatcher.sessions.start(session, training)
            response = EventStream(lambda: self._events(training, begin, call))
            if session is not before:
                set_cookie(response, session)
            streaming = True
            return response
        finally:
            if not streaming:
                self.running -= 1

    async def stop(self, request: Request) -> Response:
        """DELETE /api/net/train: end the visitor's training."""
        call = await self._dispatcher.read(request)
        training = call.session.training if call.session else None
        if training is not None:
            training.stop()
        return json_response({"stopped": training is not None})

    async def _events(self, training: Training, begin: dict[str, Any], call: ApiCall) -> AsyncIterator[bytes]:
        self._limiter = self._limiter or anyio.CapacityLimiter(AT_ONCE)
        frame: dict[str, Any] = {"step": 0, "loss": None}
        ended = False
        try:
            yield event("start", begin)
            started = time.monotonic()
            while not (ended or training.stopped):
                began = time.monotonic()
                wanted = min(int((began - started) * training.steps_per_second), training.net.steps)
                turn = TURN_SECONDS / max(1, self.running)
                frame, ended = await anyio.to_thread.run_sync(training.advance, wanted, turn, limiter=self._limiter)
                yield event("step", frame)
                if not ended:
                    due = started + (frame["step"] + 1) / training.steps_per_second
                    pause = max(began + FRAME_SECONDS * max(1.0, self.running / CROWD), due) - time.monotonic()
                    await _pause(pause, training)
            yield event(*_last(training, frame, ended, call.language))
        finally:
            self.running -= 1
            training.close()
            if call.session is not None and call.session.training is training:
                call.session.training = None


async def _pause(seconds: float, training: Training) -> None:
    """Wait, though not much longer than it takes to notice that the training is to end."""
    until = time.monotonic() + seconds
    while not training.stopped:
        left = until - time.monotonic()
        await anyio.sleep(min(max(left, 0.001), 0.1))
        if left <= 0.1:
            return


def _training(call: ApiCall) -> Training:
    """The training that a visitor wants."""
    need_torch()
    fields = call.fields
    net = BigramNet(
        solver="gd",
        learning_rate=fields.number("learning_rate", 50.0, low=1e-6, high=1e6),
        l2=fields.number("l2", 0.01, low=0, high=1e6),
        steps=fields.whole("steps", 100, low=1, high=LARGEST),
        init=fields.choice("init", ("randn", "zeros"), "randn"),
    )
    return Training(call.cache, call.data, net, fields.whole("steps_per_second", 100, low=1, high=LARGEST))


def _last(training: Training, frame: dict[str, Any], ended: bool, language: Language) -> tuple[str, dict[str, Any]]:
    step, divergence = frame["step"], training.divergence
    name = "done" if ended and not divergence else "stopped"
    if divergence:
        last, best = divergence.last, divergence.best
        text = message(
            "training.loss-rose" if math.isfinite(last.loss) else "training.loss-lost",
            language,
            step=last.step,
            loss=last.loss,
            best_step=best.step,
            best_loss=best.loss,
            learning_rate=divergence.learning_rate,
        )
    else:
        text = message(f"training.{name}", language, step=step)
    return name, {"step": step, "loss": frame["loss"], "diverged": divergence is not None, "message": text}
