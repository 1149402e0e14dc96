"""The training of a net to watch, in turns: the library's own steps, with a look at the net between them.

Letters: V size of the alphabet, E embedding.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar.core.constraint import Constraint
from nextchar.core.metrics import CurvePoint
from nextchar.core.plan import Plan
from nextchar.data.corpus import Corpus
from nextchar.data.provenance import Provenance
from nextchar.extras import need_torch
from nextchar.models.neural.families import NetSpec
from nextchar.models.ngram.model import Ngram

if TYPE_CHECKING:
    from nextchar.models.neural.model import NeuralModel

__all__ = ["LiveNet", "NetMoment", "turned"]

F64 = npt.NDArray[np.float64]
PAIRS_ADD: Final = 0.1  # of the smoothing, so that no pair is impossible


class NetMoment(NamedTuple):
    """Where the training of a net stands.

    Attributes:
        step: updates so far.
        share: of the whole training, from 0 to 1.
        point: what was measured last, or None.
        passed: the points of the training curve that the last turn came to.
    """

    step: int
    share: float
    point: CurvePoint | None
    passed: tuple[CurvePoint, ...]


class LiveNet:
    """A net that is trained in turns.

    Args:
        spec: its settings, with a budget in epochs or steps.
        corpus: what it learns from; a part of it is held out, as the settings say.

    Attributes:
        spec: as given, with what follows from the data.
        ended: whether there is nothing left to do.
        steps: how many there are, about.
        parameters: how many numbers are learned.

    Raises:
        MissingExtraError: torch is not installed.
        SettingsError: the net is too large for the machine.
    """

    def __init__(self, spec: NetSpec, corpus: Corpus) -> None:
        need_torch(f"the model {spec.kind}")
        import torch

        from nextchar.models.neural.training.fit import new_net
        from nextchar.models.neural.training.planning import set_aside
        from nextchar.models.neural.training.trainer import Trainer

        self.spec = spec.fitted_to(corpus)
        self._corpus = corpus
        parts = set_aside(corpus, None, spec.hold_out)
        self._parts = parts
        net = new_net(self.spec, parts.train)
        self._trainer = Trainer(net, parts.train, parts.validation, self.spec, torch.device("cpu"))
        self._steps: Iterator[CurvePoint | None] = self._trainer.run()
        self._places: F64 | None = None
        self.ended = False
        self.steps = max(int(self._trainer.schedule.budget), 1)
        self.parameters = self._trainer.learner.size

    @property
    def uniform_nats(self) -> float:
        """What a guess without any knowledge comes to, nats per symbol."""
        return math.log(self._corpus.alphabet.size)

    def pairs_nats(self) -> float:
        """What counting pairs comes to on the same items: the loss of a bigram model, nats per symbol."""
        held_out = self._parts.train if self._parts.validation is None else self._parts.validation
        return Ngram(order=2, add=PAIRS_ADD).fit(self._parts.train).evaluate(held_out).nats_per_symbol

    def advance(self, to_step: int, seconds: float) -> NetMoment:
        """Go on to a step, or as far as the time allows, but by at least one step; where training stands then."""
        deadline = time.perf_counter() + seconds
        at, begun = self._trainer.schedule, len(self._trainer.curve)
        while not self.ended:
            self.ended = next(self._steps, self) is self
            if at.step >= to_step or time.perf_counter() > deadline:
                break
        curve = self._trainer.curve
        return NetMoment(at.step, at.share, curve[-1] if curve else None, tuple(curve[begun:]))

    def model(self) -> NeuralModel:
        """The net as it is now, to be used."""
        from nextchar.models.neural.training.fit import in_use

        return in_use(self.spec, self._trainer, self._corpus.alphabet, Provenance(items=0, symbols=0))

    def samples(self, number: int, plan: Plan, constraint: Constraint) -> list[str]:
        """A few items, drawn with the same random numbers at every moment."""
        return list(self.model().draw_left_to_right(number, plan, constraint).corpus)

    def places(self) -> F64:
        """Where the symbols lie on the map of the net's vectors, (V, 2), turned to jump as little as can be."""
        from nextchar.models.neural.diagnostics import embedding_map

        places = embedding_map(self.model()).places
        if self._places is not None:
            places = turned(places, self._places)
        self._places = places
        return places


def turned(places: F64, before: F64) -> F64:
    """Points of a plane, (V, 2), turned or mirrored to lie as near as can be to where they were (Schoenemann 1966)."""
    left, _, right = np.linalg.svd(places.T @ before)
    found: F64 = places @ (left @ right)
    return found
