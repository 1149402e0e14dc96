"""Live training of a small net of each family, sent to the page as it goes; see `live_training`.

The net is kept for its visitor when the training ends, to be looked into.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.data.corpus import Corpus
from nextchar.extras import need_torch
from nextchar.lesson.languages import Language
from nextchar.lesson.lesson_nets import CONTEXTS, LAYERS, NETS
from nextchar.lesson.live_nets import LiveNet
from nextchar.lesson.messages import message
from nextchar.lesson.trained_nets import TrainedNet, fingerprint_of
from nextchar.web.dispatcher import ApiCall
from nextchar.web.endpoints.live_training import Streamed
from nextchar.web.endpoints.parameters import seed_of
from nextchar.web.request_errors import RequestError
from nextchar.web.sessions import Session

__all__ = ["LARGEST_ALPHABET", "StreamedNet", "net_training"]

STEPS: Final = 500
MOST_STEPS: Final = 5_000
FAMILIES: Final = ("mlp", "rnn", "gru", "lstm", "wavenet", "transformer")
LOOK_EVERY: Final = 4  # frames
SAMPLES: Final = 5
SAMPLES_CONSTRAINT: Final = Constraint(max_length=30)
LARGEST_ALPHABET: Final = 300
LARGEST_TORCH_SEED: Final = 2**31


class StreamedNet:
    """A net of one of the families, trained on the list in use; a `Streamed`.

    Attributes:
        steps, steps_per_second, stopped: as in Streamed.
    """

    def __init__(self, net: LiveNet, corpus: Corpus, steps_per_second: int, session: Session) -> None:
        self.steps = net.steps
        self.steps_per_second = steps_per_second
        self.stopped = False
        self._net = net
        self._corpus = corpus
        self._session = session
        self._labels = list(corpus.alphabet.symbols)
        self._frames = 0

    @property
    def ended(self) -> bool:
        """Whether there is nothing left to do."""
        return self._net.ended

    def stop(self) -> None:
        """End soon."""
        self.stopped = True

    def begin(self) -> dict[str, Any]:
        """What is known before the first step."""
        return {
            "family": self._net.spec.kind,
            "parameters": self._net.parameters,
            "labels": self._labels,
            "steps": self.steps,
            "uniform": self._net.uniform_nats,
            "pairs": self._net.pairs_nats(),
            **self._look(),
        }

    def advance(self, to_step: int, seconds: float) -> dict[str, Any]:
        """Go on; the frame to send."""
        moment = self._net.advance(to_step, seconds)
        point = moment.point
        frame: dict[str, Any] = {
            "step": moment.step,
            "share": moment.share,
            "epoch": None if point is None else point.epoch,
            "loss": None if point is None else point.train_nats,
            "held_out": None if point is None else point.validation_nats,
            "curve": [[passed.step, passed.train_nats, passed.validation_nats] for passed in moment.passed],
        }
        if self._net.ended or self._frames % LOOK_EVERY == 0:
            frame |= self._look()
        self._frames += 1
        return frame

    def _look(self) -> dict[str, Any]:
        looked: dict[str, Any] = {"samples": self._net.samples(SAMPLES, Plan(seed=1), SAMPLES_CONSTRAINT)}
        if self._net.spec.kind == "mlp":
            looked["places"] = self._net.places().tolist()
        return looked

    def end(self, frame: dict[str, Any], language: Language) -> tuple[str, dict[str, Any]]:
        """The last event, with the fingerprint under which the net is kept."""
        name = "done" if self.ended else "stopped"
        model, held_out = self._net.model(), frame.get("held_out")
        fingerprint = fingerprint_of(model)
        self._session.keep_net(fingerprint, TrainedNet(model, self._corpus, frame["step"], held_out))
        return name, {**frame, "net": fingerprint, "message": message(f"training.{name}", language, step=frame["step"])}

    def close(self) -> None:
        """Nothing is held beyond the training itself."""


def net_training(call: ApiCall) -> Streamed:
    """The training of a net of one of the families that a visitor wants, on the list in use."""
    need_torch()
    fields, corpus = call.fields, call.data.corpus
    family = fields.choice("family", FAMILIES)
    context = fields.whole("context", 3, low=CONTEXTS[0], high=CONTEXTS[-1])
    layers = fields.whole("layers", 3, low=LAYERS[0], high=LAYERS[-1])
    steps = fields.whole("steps", STEPS, low=1, high=MOST_STEPS)
    pace = fields.whole("steps_per_second", 100, low=1, high=MOST_STEPS)
    seed = seed_of(call, 0, largest=LARGEST_TORCH_SEED)
    if corpus.alphabet.size > LARGEST_ALPHABET:
        raise RequestError(422, "too-many-characters", have=corpus.alphabet.size, most=LARGEST_ALPHABET)
    spec = NETS[{"mlp": f"mlp{context}", "wavenet": f"wavenet{layers}"}.get(family, family)]
    net = LiveNet(replace(spec, epochs=None, steps=steps, seed=seed, hold_out=0.1), corpus)
    return StreamedNet(net, corpus, pace, call.need_session())
