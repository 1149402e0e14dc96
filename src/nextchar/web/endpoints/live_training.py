"""Live training: the library's own steps of gradient descent, sent to the page as they are made.

The page gets about 20 frames a second, not every step. Between frames the training waits, so that others have their
turn; each turn is short, and shorter the more visitors train. It ends when it is done, when the visitor stops it, and
when the visitor goes away.
"""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, Protocol

import anyio
from starlette.requests import Request
from starlette.responses import Response

from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.errors import NextcharError
from nextchar.extras import need_torch
from nextchar.lesson.languages import Language
from nextchar.lesson.live_training import LiveTraining
from nextchar.lesson.messages import message
from nextchar.lesson.tables import excerpt
from nextchar.models.neural.bigram.model import BigramNet
from nextchar.models.neural.bigram.solvers import Divergence
from nextchar.web.dataset import Dataset
from nextchar.web.dispatcher import ApiCall, Dispatcher, set_cookie
from nextchar.web.json_views import symbols_view
from nextchar.web.model_cache import ModelCache
from nextchar.web.request_errors import RequestError, error_document
from nextchar.web.responses import EventStream, encoded, event, json_response

__all__ = ["Streamed", "StreamedTraining", "TrainingEndpoints", "bigram_training"]

MOST_TRAININGS: Final = 32
AT_ONCE: Final = 1  # trainings that compute at the same moment; the others wait for their turn
FRAME_SECONDS: Final = 0.05
CROWD: Final = 12  # trainings beyond which all get fewer frames
TURN_SECONDS: Final = 0.02  # of computing for one frame, divided among the visitors who train
TABLE_EVERY: Final = 5  # frames
CURVE_POINTS: Final = 1_000  # of a whole training, about, and one a frame
LARGEST: Final = 20_000
SAMPLES: Final = 3
SAMPLES_PLAN: Final = Plan(seed=1)
SAMPLES_CONSTRAINT: Final = Constraint(max_length=30)
SMALL_ALPHABET: Final = 300  # up to which every frame has samples


class Streamed(Protocol):
    """One visitor's training, as the frames that the page draws.

    Attributes:
        steps: after which it is done.
        steps_per_second: the pace.
        stopped: whether it was told to end.
    """

    steps: int
    steps_per_second: int
    stopped: bool

    @property
    def ended(self) -> bool:
        """Whether there is nothing left to do."""
        ...

    def stop(self) -> None:
        """End soon."""
        ...

    def begin(self) -> dict[str, Any]:
        """What is known before the first step."""
        ...

    def advance(self, to_step: int, seconds: float) -> dict[str, Any]:
        """Go on to a step, or as far as the time allows; the frame to send."""
        ...

    def end(self, frame: dict[str, Any], language: Language) -> tuple[str, dict[str, Any]]:
        """The last event, after the last frame: its name and what it says."""
        ...

    def close(self) -> None:
        """Give back what the training holds."""
        ...


class StreamedTraining:
    """Gradient descent on the bigram net; a `Streamed`.

    Attributes:
        net: the settings.
        steps, steps_per_second, stopped: as in Streamed.
        training: the training itself.
    """

    def __init__(self, cache: ModelCache, data: Dataset, net: BigramNet, steps_per_second: int) -> None:
        self.net = net
        self.steps = net.steps
        self.steps_per_second = steps_per_second
        self.stopped = False
        self.training = LiveTraining(net, cache.counts(data), cache.rows(data))
        self._cache = cache
        self._data = data
        self._frames = 0

    @property
    def ended(self) -> bool:
        """Whether there is nothing left to do."""
        return self.training.ended

    def stop(self) -> None:
        """End soon."""
        self.stopped = True

    def begin(self) -> dict[str, Any]:
        """What is known before the first step."""
        end = self._cache.optimum(self._data, self.net.l2).metrics.curve[-1]
        return {
            **symbols_view(self._data.corpus.alphabet, self._cache.shown_ids(self._data)),
            "optimum": end.objective,
            "optimum_data_loss": end.train_nats,
            "counts": self._cache.loss(self._data),
            "uniform": self._cache.facts(self._data)["uniform_loss"],
            "steps": self.net.steps,
        }

    def advance(self, to_step: int, seconds: float) -> dict[str, Any]:
        """Go on to a step, or as far as the time allows; the frame to send."""
        step = self.training.advance(to_step, seconds)
        every = max(1, self.steps // CURVE_POINTS)
        frame: dict[str, Any] = {
            "step": step.step,
            "loss": step.loss,
            "losses": [point for point in self.training.losses if point[0] % every == 0 or point[0] == step.step],
            "data_loss": step.data_loss,
            "weights_of": self.training.kept.step,
        }
        whole = self.training.ended or self._frames % TABLE_EVERY == 0
        self._frames += 1
        if whole or self._data.corpus.alphabet.size <= SMALL_ALPHABET:
            snapshot = self.training.snapshot(samples=SAMPLES, plan=SAMPLES_PLAN, constraint=SAMPLES_CONSTRAINT)
            frame |= {"samples": list(snapshot.samples), "largest_difference": snapshot.largest_difference}
            if whole:
                ids = self._cache.shown_ids(self._data)
                frame["probabilities"] = excerpt(snapshot.probabilities, ids).values.tolist()
        return frame

    def end(self, frame: dict[str, Any], language: Language) -> tuple[str, dict[str, Any]]:
        """The last event, after the last frame: its name and what it says."""
        divergence = self.training.divergence
        name = "done" if self.training.ended and not divergence else "stopped"
        text = _why(divergence, language) if divergence else message(f"training.{name}", language, step=frame["step"])
        return name, {
            "step": frame["step"],
            "loss": frame["loss"],
            "diverged": divergence is not None,
            "message": text,
        }

    def close(self) -> None:
        """Give back what the training holds."""
        self.training.close()


def _why(divergence: Divergence, language: Language) -> str:
    """What `Divergence.text` says, in the visitor's language."""
    last, best = divergence.last, divergence.best
    return message(
        "training.loss-rose" if math.isfinite(last.loss) else "training.loss-lost",
        language,
        step=last.step,
        loss=last.loss,
        best_step=best.step,
        best_loss=best.loss,
        learning_rate=divergence.learning_rate,
    )


class TrainingEndpoints:
    """All trainings that run.

    Attributes:
        running: how many.
    """

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._limiter: anyio.CapacityLimiter | None = None
        self.running = 0

    async def start(self, request: Request, make: Callable[[ApiCall], Streamed]) -> Response:
        """POST: check what is asked for, make the training, then train and send."""
        try:
            call = await self._dispatcher.read(request)
        except RequestError as refused:
            return json_response(refused.document("en"), refused.status)
        if self.running >= MOST_TRAININGS:
            busy = RequestError(429, "busy", "too-many-trainings")
            return json_response(busy.document(call.language), busy.status)
        self.running += 1
        found: list[tuple[Streamed, dict[str, Any]]] = []

        def prepare() -> tuple[int, bytes]:
            try:
                call.check_list()
                training = make(call)
                found.append((training, training.begin()))
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
        """DELETE: end the visitor's training."""
        call = await self._dispatcher.read(request)
        training = call.session.training if call.session else None
        if training is not None:
            training.stop()
        return json_response({"stopped": training is not None})

    async def _events(self, training: Streamed, begin: dict[str, Any], call: ApiCall) -> AsyncIterator[bytes]:
        self._limiter = self._limiter or anyio.CapacityLimiter(AT_ONCE)
        frame: dict[str, Any] = {"step": 0, "loss": None}
        try:
            yield event("start", begin)
            started = time.monotonic()
            while not (training.ended or training.stopped):
                began = time.monotonic()
                wanted = min(int((began - started) * training.steps_per_second), training.steps)
                turn = TURN_SECONDS / max(1, self.running)
                frame = await anyio.to_thread.run_sync(training.advance, wanted, turn, limiter=self._limiter)
                yield event("step", frame)
                if not training.ended:
                    due = started + (frame["step"] + 1) / training.steps_per_second
                    pause = max(began + FRAME_SECONDS * max(1.0, self.running / CROWD), due) - time.monotonic()
                    await _pause(pause, training)
            yield event(*training.end(frame, call.language))
        finally:
            self.running -= 1
            training.close()
            if call.session is not None and call.session.training is training:
                call.session.training = None


async def _pause(seconds: float, training: Streamed) -> None:
    """Wait, though not much longer than it takes to notice that the training is to end."""
    until = time.monotonic() + seconds
    while not training.stopped:
        left = until - time.monotonic()
        await anyio.sleep(min(max(left, 0.001), 0.1))
        if left <= 0.1:
            return


def bigram_training(call: ApiCall) -> Streamed:
    """The training of the bigram net that a visitor wants."""
    need_torch()
    fields = call.fields
    net = BigramNet(
        solver="gd",
        learning_rate=fields.number("learning_rate", 50.0, low=1e-6, high=1e6),
        l2=fields.number("l2", 0.01, low=0, high=1e6),
        steps=fields.whole("steps", 100, low=1, high=LARGEST),
        init=fields.choice("init", ("randn", "zeros"), "randn"),
    )
    return StreamedTraining(call.cache, call.data, net, fields.whole("steps_per_second", 100, low=1, high=LARGEST))
