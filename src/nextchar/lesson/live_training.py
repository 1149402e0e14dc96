"""Gradient descent to watch: the bigram net in turns, with a look at the model between them.

These are the library's own steps and its own check for divergence. Where training diverges, the model to look at is
the best one, as `BigramNet.fit` would return it.

numpy keeps `errstate` per context, and the descent holds one open from step to step; so all steps of a training run in
one context of its own.

Letters: V size of the alphabet.
"""

from __future__ import annotations

import contextvars
import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton_model import rows_of
from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.data.provenance import Provenance
from nextchar.lesson.equivalence import largest_difference
from nextchar.models.neural.bigram.model import BigramNet, BigramNetModel
from nextchar.models.neural.bigram.solvers import Divergence, DivergenceCheck, TrainingStep
from nextchar.models.ngram.counts import Counts

__all__ = ["LiveTraining", "ModelSnapshot"]

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ModelSnapshot:
    """The model of a moment of the training.

    Attributes:
        probabilities: its rows, (V, V).
        largest_difference: of a probability from the count model's.
        samples: a few items, drawn with the same random numbers at every moment.
    """

    probabilities: F64
    largest_difference: float
    samples: tuple[str, ...]


class LiveTraining:
    """Gradient descent on bigram counts, in turns.

    Args:
        net: the settings; the solver is gd or lecture.
        counts: of order 2.
        counted: the rows of the count model to compare with, (V, V).

    Attributes:
        net: the settings.
        divergence: why training ended before its time, where it did.
        step: what the last step came to; None before the first.
        losses: of every step that the last turn made: (step, loss in nats per symbol).

    Raises:
        MissingExtraError: torch is not installed.
    """

    def __init__(self, net: BigramNet, counts: Counts, counted: F64) -> None:
        self.net = net
        self.divergence: Divergence | None = None
        self.step: TrainingStep | None = None
        self.losses: list[tuple[int, float]] = []
        self._counts = counts
        self._counted = counted
        self._context = contextvars.copy_context()
        self._path = cast("Generator[TrainingStep, Any, Any]", net.path(counts))
        self._check = DivergenceCheck(net.learning_rate)

    @property
    def ended(self) -> bool:
        """Whether there is nothing left to do."""
        return self.divergence is not None or (self.step is not None and self.step.step >= self.net.steps)

    def advance(self, to_step: int, seconds: float) -> TrainingStep:
        """Go on to a step, or as far as the time allows, but by at least one step; where training stands then."""
        return self._context.run(self._advance, to_step, time.perf_counter() + seconds)

    def _advance(self, to_step: int, deadline: float) -> TrainingStep:
        self.losses = []
        while True:
            self.step = step = next(self._path)
            self.losses.append((step.step, step.loss))
            self.divergence = self._check.add(step)
            if self.ended or step.step >= to_step or time.perf_counter() > deadline:
                return step

    @property
    def kept(self) -> TrainingStep:
        """The step whose weights the training would return if it ended now: the best where it has diverged."""
        assert self.step is not None
        return self.divergence.best if self.divergence else self.step

    def snapshot(self, *, samples: int, plan: Plan, constraint: Constraint | None = None) -> ModelSnapshot:
        """Look at the model of the weights in `kept`."""
        model = BigramNetModel(
            settings=self.net,
            alphabet=self._counts.alphabet,
            weights=self.kept.weights,
            counts=self._counts,
            provenance=Provenance(items=self._counts.items, symbols=self._counts.total),
        )
        rows = rows_of(model)
        return ModelSnapshot(
            probabilities=rows,
            largest_difference=largest_difference(rows, self._counted),
            samples=tuple(model.draw_left_to_right(samples, plan, constraint).corpus),
        )

    def close(self) -> None:
        """Leave the path; to be called once, however the training ends."""
        self._context.run(self._path.close)
