"""The gate: how much each expert counts, and where.

    log p(w | prefix) = a_0 log p(w) + sum over experts e of (a_e(w) gain_e(w) + T_e[n_e, c_e(w)]) + b(w) - log Z

gain_e(w) is what expert e adds to the log-probability of a symbol that it has seen in its context, over what its
shorter suffix says; with all a_e = 1 along the Kneser-Ney suffixes, and nothing else, this is Kneser-Ney smoothing, and
there the fit begins. The exponent a_e(w) is a sum of five weights (by how often the context was seen, by the position,
by the longest suffix that is known, by the last symbol, and by w) and of what some hidden units add, which see the
position, that suffix, the newest symbols and the first ones together. The scores T_e correct a cell by how often its
context and it were seen.

The loss is minimised by Adam with a little L2 on predictions for items that the experts have not counted. But for the
hidden units it is convex. Rows of items that are left out are a little too good to be true of new items: two items that
share a rare n-gram vouch for each other. The fewer items there are, the more that is; so L2 is stronger there.

Source: stacking as in Wolpert (1992), "Stacked generalization"; log-linear pooling of experts as in Hinton (2002),
"Training products of experts by minimizing contrastive divergence", section 1; exponents that depend on the input as in
Jacobs et al. (1991), "Adaptive mixtures of local experts".

Letters: E experts, V alphabet, R rows, L columns for symbols, H hidden units, N weights.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar._kernels.mix.sizes import BEGINNING, COUNT_BUCKETS, HIDDEN, MATCHES, POSITIONS, RECENT, TOTAL_BUCKETS
from nextchar.core.metrics import INTERRUPTED, CurvePoint
from nextchar.core.progress import Progress, ProgressReport
from nextchar.models.mix.expert_counts import Tables

if TYPE_CHECKING:
    from nextchar._kernels.mix.layout import Gate
    from nextchar._kernels.mix.leave_one_out import Rows

__all__ = ["Fitted", "decay_of", "first_gate", "fit_gate", "gate_of", "slots_of", "zeros_like"]

F64 = npt.NDArray[np.float64]

BATCH: Final = 2048  # rows an update; fewer where there are few
CHUNK: Final = 4  # updates between two looks at the clock and at Ctrl-C
LEARNING_RATE: Final = 0.003
# L2: half of it times w^2 is added to the total nats; of exponents, what leads to and from hidden units, exponents by
# symbol, scores and bias
PRIOR: Final = (60.0, 100.0, 100.0, 100.0, 1500.0, 21.0)
OF_HIDDEN: Final = (False, True, True, False, False, False)  # which of these belong to hidden units
ENOUGH: Final = 170_000  # rows; with fewer the others are stronger, in proportion, but
STRONGEST: Final = 8.0  # times as strong at most
SPREAD: Final = 1 / 6  # the standard deviation that weights of hidden units begin with
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


def slots_of(unigram: F64) -> npt.NDArray[np.int64]:
    """Which of the columns for symbols belongs to each symbol, (V,)."""
    slots = np.full(len(unigram), LAST_SYMBOLS - 1, dtype=np.int64)
    frequent = np.argsort(-unigram, kind="stable")[: LAST_SYMBOLS - 1]
    slots[frequent] = np.arange(len(frequent))
    return slots


def gate_of(E: int, slots: npt.NDArray[np.int64], H: int = HIDDEN, flat: F64 | None = None) -> Gate:
    """A gate over a vector of all its weights; of zeros by default."""
    from nextchar._kernels.mix.layout import Gate

    L, V = int(slots.max()) + 1, len(slots)
    shapes = (
        (TOTAL_BUCKETS + POSITIONS + MATCHES + L, E + 1),
        (POSITIONS + MATCHES + (RECENT + BEGINNING) * L, H),
        (H, E + 1),
        (E, L),
        (E, TOTAL_BUCKETS * COUNT_BUCKETS),
        (V,),
    )
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    flat = np.zeros(ends[-1]) if flat is None else flat
    parts = (part.reshape(shape) for part, shape in zip(np.split(flat, ends[:-1]), shapes, strict=True))
    exponents, places, hidden, by_symbol, scores, bias = parts
    return Gate(flat, exponents, places, hidden, by_symbol, scores, bias, slots)


def first_gate(tables: Tables, seed: int = 0) -> Gate:
    """The weights that make Kneser-Ney smoothing of the longest suffix; hidden units say nothing yet."""
    gate = gate_of(len(tables.experts), slots_of(tables.unigram))
    for e, expert in enumerate(tables.experts):
        if expert.family == "kn":
            gate.exponents[:TOTAL_BUCKETS, e] = 1
    gate.exponents[TOTAL_BUCKETS : TOTAL_BUCKETS + POSITIONS, -1] = 1
    gate.places[:] = np.random.default_rng(seed).normal(0, SPREAD, gate.places.shape)
    return gate


def zeros_like(gate: Gate) -> Gate:
    """Zeros in the shape of a gate."""
    return gate_of(len(gate.tables), gate.slot_of_symbol, len(gate.hidden))


def decay_of(gate: Gate, R: int) -> F64:
    """How strongly L2 pulls at each weight, against the mean loss of R rows, (N,)."""
    stronger = min(max(ENOUGH / R, 1.0), STRONGEST)
    strength = np.array(PRIOR) * np.where(OF_HIDDEN, 1.0, stronger)
    decay: F64 = np.repeat(strength / R, [part.size for part in gate[1 : 1 + len(PRIOR)]])
    return decay


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
    from nextchar._kernels.mix.gate import Descent, fit_steps

    begun = time.perf_counter()
    gate = first_gate(tables, seed)
    gradient, start = zeros_like(gate), zeros_like(gate)
    start.exponents[:] = gate.exponents
    descent = Descent(start.flat, decay_of(gate, len(rows.target)), np.zeros_like(gate.flat), np.zeros_like(gate.flat))
    log_unigram = np.log(tables.unigram)
    R = len(rows.target)
    rng = np.random.default_rng(seed)
    batch = min(max(R // 100, 64), BATCH)
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
            rate = LEARNING_RATE * (1 - share)
            nats += fit_steps(chunk, batch, rows, gate, gradient, descent, log_unigram, rate, step)
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
        stopped = f"{INTERRUPTED} {done / R:.1f} epochs; the weights are those reached then"
    return Fitted(gate, tuple(curve), stopped)
