"""The gate: how much each expert counts, and where.

    log p(w | prefix) = a_0 log p(w) + sum over experts e of (a_e(w) gain_e(w) + T_e[n_e, c_e(w)]) + b(w) - log Z

gain_e(w) is what expert e adds to the log-probability of a symbol that it has seen in its context, over what its
shorter suffix says; with all a_e = 1 along the Kneser-Ney suffixes, and nothing else, this is Kneser-Ney smoothing, and
there the fit begins. The exponent a_e(w) is a sum of five weights: by how often the context was seen, by the position,
by the longest suffix that is known, by the last symbol, and by w. The scores T_e correct a cell by how often its
context and it were seen.

The loss is convex in all weights. It is minimised by Adam with a little L2 on predictions for items that the experts
have not counted.

Source: stacking as in Wolpert (1992), "Stacked generalization"; log-linear pooling of experts as in Hinton (2002),
"Training products of experts by minimizing contrastive divergence", section 1.

Letters: E experts, V alphabet, R rows, L columns for last symbols.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar._kernels.mix.sizes import COUNT_BUCKETS, MATCHES, POSITIONS, TOTAL_BUCKETS
from nextchar.core.metrics import CurvePoint
from nextchar.core.progress import Progress, ProgressReport
from nextchar.models.mix.expert_counts import Tables

if TYPE_CHECKING:
    from nextchar._kernels.mix.layout import Gate
    from nextchar._kernels.mix.leave_one_out import Rows

__all__ = ["Fitted", "first_gate", "fit_gate", "zeros_like"]

BATCH: Final = 2048  # rows an update; fewer where there are few
CHUNK: Final = 4  # updates between two looks at the clock and at Ctrl-C
LEARNING_RATE: Final = 0.003
# L2: half of it times w^2 is added to the total nats; of exponents, exponents by symbol, scores and bias
PRIOR: Final = (60.0, 100.0, 1500.0, 21.0)
LAST_SYMBOLS: Final = 64  # the most frequent ones have weights of their own, the others share one


class Fitted(NamedTuple):
    """Weights, and how they came about.

    Attributes:
        gate: the weights.
        curve: a point an epoch; the nats are those of rows before their update.
        stopped: why it ended early, or None.
    """

    gate: Gate
    curve: tuple[CurvePoint, ...]
    stopped: str | None


def first_gate(tables: Tables) -> Gate:
    """The weights that make Kneser-Ney smoothing of the longest suffix."""
    from nextchar._kernels.mix.layout import Gate

    E, V = len(tables.experts), len(tables.unigram)
    slots = np.full(V, LAST_SYMBOLS - 1, dtype=np.int64)
    frequent = np.argsort(-tables.unigram, kind="stable")[: LAST_SYMBOLS - 1]
    slots[frequent] = np.arange(len(frequent))
    columns = TOTAL_BUCKETS + POSITIONS + MATCHES + int(slots.max()) + 1
    exponents = np.zeros((E + 1, columns))
    for e, expert in enumerate(tables.experts):
        if expert.family == "kn":
            exponents[e, :TOTAL_BUCKETS] = 1
    exponents[E, TOTAL_BUCKETS : TOTAL_BUCKETS + POSITIONS] = 1
    scores = np.zeros((E, TOTAL_BUCKETS * COUNT_BUCKETS))
    return Gate(exponents, np.zeros((E, int(slots.max()) + 1)), scores, np.zeros(V), slots)


def zeros_like(gate: Gate) -> Gate:
    """Zeros in the shape of a gate."""
    return gate._replace(
        exponents=np.zeros_like(gate.exponents),
        by_symbol=np.zeros_like(gate.by_symbol),
        tables=np.zeros_like(gate.tables),
        bias=np.zeros_like(gate.bias),
    )


def fit_gate(
    tables: Tables,
    rows: Rows,
    *,
    epochs: float,
    seed: int,
    deadline: float | None = None,
    progress: Progress | None = None,
) -> Fitted:
    """Fit the weights to rows of items that the experts have not counted.

    The learning rate falls linearly to 0 over the epochs, or over the time until the deadline where that comes first.
    Ctrl-C ends the fit with the weights so far.

    Args:
        tables: what the rows come from.
        rows: what the experts say of them.
        epochs: passes at most.
        seed: of the order of the rows.
        deadline: in the time of time.perf_counter; without one the result depends on nothing but the arguments.
        progress: is called periodically.
    """
    from nextchar._kernels.mix.gate import fit_steps

    begun = time.perf_counter()
    gate = first_gate(tables)
    start, gradient, mean, square = (zeros_like(gate) for _ in range(4))
    start.exponents[:] = gate.exponents
    log_unigram = np.log(tables.unigram)
    R = len(rows.target)
    rng = np.random.default_rng(seed)
    batch = min(max(R // 100, 64), BATCH)
    decay = tuple(strength / R for strength in PRIOR)
    steps_in_all = max(round(epochs * -(-R // batch)), 1)
    curve: list[CurvePoint] = []
    step, share, done = 0, 0.0, 0
    order: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)
    nats = weight = 0.0
    stopped = None
    try:
        while share < 1:
            if not len(order):
                order = rng.permutation(R)
            chunk, order = order[: CHUNK * batch], order[CHUNK * batch :]
            nats += fit_steps(
                chunk, batch, rows, gate, start, gradient, mean, square, log_unigram, decay,
                LEARNING_RATE * (1 - share), step,
            )  # fmt: skip
            now = time.perf_counter()
            weight += float(rows.weight[chunk].sum())
            step += -(-len(chunk) // batch)
            done += len(chunk)
            share = step / steps_in_all
            if deadline is not None:
                share = max(share, (now - begun) / max(deadline - begun, 1e-9))
            if not len(order) or share >= 1:
                curve.append(CurvePoint(step=step, epoch=done / R, seconds=now - begun, train_nats=nats / weight))
                nats = weight = 0.0
            if progress is not None and curve:
                told = f"epoch {done / R:.1f}, {curve[-1].train_nats:.4f} nats per symbol"
                progress(ProgressReport(min(share, 1.0), told))
    except KeyboardInterrupt:
        stopped = f"interrupted after {done / R:.1f} epochs; the weights are those reached then"
    return Fitted(gate, tuple(curve), stopped)
