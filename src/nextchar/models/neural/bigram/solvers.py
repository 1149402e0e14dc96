"""How the bigram net learns from bigram counts: gradient descent, Newton's method, and when descent has failed."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar.core.metrics import CurvePoint
from nextchar.core.numerics import log_sum_exp, softmax
from nextchar.data.display import thousands
from nextchar.models.ngram.counts import Counts

__all__ = ["Divergence", "DivergenceCheck", "Floats", "TrainingStep", "descent", "newton", "steady_rate"]

Floats = npt.NDArray[np.floating[Any]]
F64 = npt.NDArray[np.float64]
NEWTON_STEPS = 200
TOLERANCE = 1e-11  # nats: what a Newton step may still promise at the end
UNSEEN = 1e-9  # the count that stands for none, as its logarithm is minus infinity
PATIENCE = 10  # steps with a clearly higher loss after which descent counts as diverging


class TrainingStep(NamedTuple):
    """Where training stands after a number of updates.

    Attributes:
        step: how many updates.
        weights: W (V, V).
        loss: with the L2 term.
        data_loss: nats per symbol of the training data.
        seconds: since the start.
        share: of the updates that were asked for, from 0 to 1.
    """

    step: int
    weights: Floats
    loss: float
    data_loss: float
    seconds: float
    share: float

    @property
    def point(self) -> CurvePoint:
        """As a point of the training curve; each step sees all data once."""
        return CurvePoint(
            step=self.step,
            epoch=float(self.step),
            seconds=self.seconds,
            train_nats=self.data_loss,
            penalty=self.loss - self.data_loss if math.isfinite(self.data_loss) else 0.0,
        )

    @property
    def text(self) -> str:
        """The step and the loss, for a person."""
        return f"step {self.step}, loss {self.loss:.4f}"


class Divergence(NamedTuple):
    """Why training should not go on.

    Attributes:
        last: where it stands.
        best: the step with the lowest loss so far, whose weights are worth keeping.
        learning_rate: that led there.
    """

    last: TrainingStep
    best: TrainingStep
    learning_rate: float

    @property
    def text(self) -> str:
        """The reason, what was kept and what to change, for a person."""
        if math.isfinite(self.last.loss):
            reason = f"the loss has risen from {self.best.loss:.4f} to {self.last.loss:.4f}"
        else:
            reason = "the loss is no longer a number"
        advice = f"kept the weights of step {self.best.step}; the learning rate {self.learning_rate:g} is too large"
        return f"{reason} after {thousands(self.last.step, 'step')}; {advice}"


class DivergenceCheck:
    """Follows training and sees when it diverges: the loss is no number, or clearly above the best for some steps.

    Attributes:
        best: the step with the lowest loss so far.
    """

    def __init__(self, learning_rate: float) -> None:
        self.best: TrainingStep | None = None
        self._learning_rate = learning_rate
        self._recent: deque[float] = deque(maxlen=PATIENCE)

    def add(self, record: TrainingStep) -> Divergence | None:
        """Take note of the next step; why training should end with it, or None."""
        if self.best is None or record.loss < self.best.loss:
            self.best = record
        self._recent.append(record.loss)
        lost = not math.isfinite(record.loss)
        if lost or (len(self._recent) == PATIENCE and min(self._recent) > self.best.loss + 0.01):
            return Divergence(record, self.best, self._learning_rate)
        return None


def steady_rate(counts: Counts, l2: float) -> float:
    """A learning rate up to which no step of full-batch descent on bigram counts can raise the loss.

    It is 2 / L, with L a bound of the loss's curvature: that of a row's softmax is at most 1/2, times the row's share
    of the data. Larger rates often do well too; this one is sure.

    Source: Böhning, "Multinomial logistic regression algorithm" (1992), for the bound; Nesterov, Introductory
    Lectures on Convex Optimization, section 1.2.3, for the step.
    """
    shares = counts.table().sum(axis=1) / counts.total
    return float(2 / (shares.max() / 2 + 2 * l2 / counts.alphabet.size**2))


def descent(
    table: npt.NDArray[np.int64], W: npt.NDArray[np.float32], learning_rate: float, l2: float
) -> Iterator[tuple[Floats, float, float]]:
    """Full-batch gradient descent from the counts alone; W is float32 as torch's is, the sums are float64.

    The gradient of the mean NLL is (softmax(W) x row sums - N) / T: what the model expects less what was seen.
    """
    seen = table / table.sum()  # (V, V), together 1
    first = seen.sum(axis=1, keepdims=True)  # (V, 1)
    shrink = 2 * l2 / W.size
    while True:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # divergence is the caller's to see
            top = W.max(axis=1, keepdims=True)
            counts = np.exp(W - top)
            sums = counts.sum(axis=1, keepdims=True, dtype=np.float64)
            data_loss = float((first * (np.log(sums) + top)).sum() - np.vdot(seen, W))
            loss = data_loss + l2 * float(np.vdot(W, W)) / W.size
        yield W, loss, data_loss
        with np.errstate(over="ignore", invalid="ignore"):
            W = (W - learning_rate * (counts * (first / sums) - seen + shrink * W)).astype(np.float32)


def newton(table: npt.NDArray[np.int64], l2: float) -> Iterator[tuple[Floats, float, float]]:
    """Newton's method on each row of W, in float64, until no row promises more than a share of TOLERANCE.

    The Hessian of a row is a diagonal less a rank-one matrix (a diag(p) + c - a p p'), so its inverse costs no more
    than the gradient (Sherman-Morrison), for any size of the alphabet.
    """
    V = len(table)
    seen = table / table.sum()
    first = seen.sum(axis=1, keepdims=True)
    if l2 == 0:
        W = np.log(np.maximum(table, UNSEEN))
        value = float(_row_losses(W, seen, first, 0.0).sum())
        yield W, value, value
        return
    c = 2 * l2 / V**2
    W = np.log(table + 0.1)
    W -= W.mean(axis=1, keepdims=True)  # the optimum's rows have mean 0: only L2 pulls along that direction
    losses = _row_losses(W, seen, first, l2)
    while True:
        total = float(losses.sum())
        yield W, total, total - l2 * float((W**2).mean())
        p = softmax(W)
        gradient = first * p - seen + c * W
        inverse = 1 / (first * p + c)
        scaled = inverse * p
        bend = (p * inverse * gradient).sum(axis=1, keepdims=True)
        # 1 - a p' D^-1 p, written so that nothing cancels: sum of p c / (a p + c)
        room = (c * p * inverse).sum(axis=1, keepdims=True)
        step = -(inverse * gradient + first * scaled * bend / room)
        slope = (gradient * step).sum(axis=1)
        if -slope.sum() / 2 < TOLERANCE:
            return
        size = np.ones(V)
        for _ in range(60):  # halve the step of every row that does not gain what its slope promises
            trial = _row_losses(W + size[:, None] * step, seen, first, l2)
            bad = trial > losses + 0.25 * size * slope + 1e-16
            if not bad.any():
                break
            size[bad] /= 2
        W = W + size[:, None] * step
        losses = _row_losses(W, seen, first, l2)


def _row_losses(W: F64, seen: F64, first: F64, l2: float) -> F64:
    """Each row's part of the loss, (V,)."""
    log_sums = log_sum_exp(W)[:, None]
    losses: F64 = (first * log_sums).sum(axis=1) - (seen * W).sum(axis=1) + l2 * (W**2).sum(axis=1) / W.size
    return losses
