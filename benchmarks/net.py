"""The bigram net: a step of gradient descent, and the optimum, beside the documents' loop.

The rival is the loop as the documents have it: a one-hot vector for every bigram, a matrix product, autograd.
Both sides start from the same W and go the same way; that is checked first.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F

from benchmarks.data import Settings
from benchmarks.measure import Side, take_turns
from benchmarks.report import Row, Section, Target, rows_of_speeds
from nextchar.data.corpus import Corpus
from nextchar.models.neural.bigram.lecture import initial_weights
from nextchar.models.neural.bigram.model import LECTURE_SEED, BigramNet
from nextchar.models.ngram.counts import Counts, count

__all__ = ["run"]

STEPS = 1000  # of ours
LOOP_STEPS = 5  # of the rival
RATE, L2 = 50.0, 0.01
NEAR = 0.01  # nats above the goal
PATIENCE = 20_000  # steps


def run(settings: Settings) -> Sequence[Section]:
    """A step, and the whole way."""
    counts = count(Corpus.from_items(settings.names), 2)
    gd = BigramNet(solver="gd", learning_rate=RATE, l2=L2, steps=STEPS)
    loop = _documents_loop(counts)
    ours = next(itertools.islice(gd.path(counts), LOOP_STEPS, None)).weights
    off = float(np.abs(ours - loop(LOOP_STEPS)).max())
    if off > 1e-5:
        raise AssertionError(f"the two ways part: W differs by {off}")
    return [_steps(counts, gd, loop, settings.rounds), _optimum(counts, settings.rounds)]


def _steps(counts: Counts, gd: BigramNet, loop: Callable[[int], object], rounds: int) -> Section:
    sides = [
        Side(
            name="nextchar, gd on the counts",
            run=lambda: next(itertools.islice(gd.path(counts), STEPS, None)),
            amount=STEPS,
            ours=True,
        ),
        Side(name="the documents' loop", run=lambda: loop(LOOP_STEPS), amount=LOOP_STEPS),
    ]
    first, second = take_turns(sides, rounds)
    ratio = first.rate / second.rate
    return Section(
        title="Bigram net: a step of gradient descent",
        about=f"Full batch, {counts.total:,} bigrams, the same W after every step to 1e-5.",
        rows=rows_of_speeds([first, second], "steps a second", 1, notes={}),
        targets=[
            Target(wanted="1,000 times the documents' loop", got=f"{ratio:,.0f} times", met=ratio >= 1000),
        ],
    )


def _optimum(counts: Counts, rounds: int) -> Section:
    newton = BigramNet(l2=L2)
    (timing,) = take_turns(
        [Side(name="nextchar, newton", run=lambda: newton.from_counts(counts), amount=1, ours=True)], rounds
    )
    best = newton.from_counts(counts).metrics.curve[-1].objective
    limit = BigramNet(l2=0).from_counts(counts).metrics.curve[-1].train_nats
    rows = [
        Row(
            name="nextchar, newton: to the optimum, from a cold model",
            value=timing.best,
            unit="s",
            ours=True,
            median=timing.median,
            note=f"loss {best:.10f}",
        )
    ]
    for rate in (50.0, 10.0, 1.0, 0.1):
        path = BigramNet(solver="gd", learning_rate=rate, l2=L2).path(counts)
        records = list(itertools.islice(path, PATIENCE + 1))
        for goal, reached in (
            ("that optimum", [record.loss < best + NEAR for record in records]),
            ("the loss of the unsmoothed counts", [record.data_loss < limit + NEAR for record in records]),
        ):
            steps = reached.index(True) if any(reached) else None
            note = "" if steps is not None else f"more than {PATIENCE:,}"
            rows.append(
                Row(name=f"descent at rate {rate:g}: to within {NEAR} of {goal}", value=steps, unit="steps", note=note)
            )
    return Section(
        title="Bigram net: the optimum",
        about=f"L2 {L2}; descent from the lecture's init, the way that the documents' loop goes too.",
        rows=rows,
        targets=[
            Target(wanted="the optimum in under 0.1 s", got=f"{timing.median:.4f} s", met=timing.median < 0.1),
        ],
    )


def _documents_loop(counts: Counts) -> Callable[[int], np.ndarray]:
    """So many steps from the lecture's init; gives W."""
    table = counts.table()
    pairs = np.repeat(np.argwhere(table), table[table > 0], axis=0)
    xs, ys = torch.from_numpy(pairs.T.copy())
    index = torch.arange(len(xs))
    V = len(table)

    def steps(number: int) -> np.ndarray:
        W = initial_weights(V, LECTURE_SEED).requires_grad_()
        for _ in range(number):
            encoded = F.one_hot(xs, num_classes=V).float()
            exponentials = (encoded @ W).exp()
            probs = exponentials / exponentials.sum(1, keepdim=True)
            loss = -probs[index, ys].log().mean() + L2 * (W**2).mean()
            W.grad = None
            loss.backward()  # type: ignore[no-untyped-call]
            assert W.grad is not None
            W.data -= RATE * W.grad
        return W.detach().numpy()

    return steps
