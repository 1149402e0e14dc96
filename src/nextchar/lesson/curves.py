"""The curves of the lesson: the loss over the amount of smoothing, and over the order.

Letters: V size of the alphabet, k what add-k smoothing adds to every count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.data.corpus import Corpus
from nextchar.data.splits import Split
from nextchar.models.ngram.counts import count
from nextchar.models.ngram.model import Ngram

__all__ = ["OrderPoint", "SmoothingCurve", "order_curve", "smoothing_curve", "smoothing_grid"]


@dataclass(frozen=True, kw_only=True)
class SmoothingCurve:
    """The loss of the bigram model over k, nats per symbol.

    Attributes:
        add: the values of k.
        loss: on the data themselves, trained on all of them.
        held_out: on the validation items, trained on the training items; None where none are held out.
    """

    add: tuple[float, ...]
    loss: tuple[float, ...]
    held_out: tuple[float, ...] | None


def smoothing_grid(points: int) -> tuple[float, ...]:
    """The values of k: 0, and so many from a thousandth to a thousand, evenly spaced in the logarithm."""
    return (0.0, *np.geomspace(0.001, 1000, points).tolist())


def smoothing_curve(corpus: Corpus, parts: Split | None, add: Sequence[float]) -> SmoothingCurve:
    """Measure the curve.

    Args:
        corpus: all data.
        parts: the same data in parts; None where there are too few items to hold some out.
        add: the values of k.
    """
    held_out = None if parts is None else _losses(parts.train, parts.validation, add)
    return SmoothingCurve(add=tuple(add), loss=_losses(corpus, corpus, add), held_out=held_out)


def _losses(train: Corpus, measured: Corpus, add: Sequence[float]) -> tuple[float, ...]:
    counts = count(train, 2)
    return tuple(Ngram(order=2, add=k).from_counts(counts).evaluate(measured).nats_per_symbol for k in add)


@dataclass(frozen=True, kw_only=True)
class OrderPoint:
    """A count model of one order.

    Attributes:
        order: symbols that it looks at, the predicted one included.
        train: loss on the training items, nats per symbol.
        held_out: on the validation items.
        contexts: different beginnings of an n-gram that occur.
        ngrams: different n-grams that occur.
        samples: a few items.
    """

    order: int
    train: float
    held_out: float
    contexts: int
    ngrams: int
    samples: tuple[str, ...]


def order_curve(
    parts: Split, orders: Sequence[int], *, add: float, samples: int, max_length: int
) -> tuple[OrderPoint, ...]:
    """Train and measure a model of each order.

    Args:
        parts: training and validation items.
        orders: the orders.
        add: k of all of them.
        samples: how many items to draw from each, with seed 1.
        max_length: of these items, characters.
    """
    return tuple(_order_point(parts, order, add, samples, max_length) for order in orders)


def _order_point(parts: Split, order: int, add: float, samples: int, max_length: int) -> OrderPoint:
    model = Ngram(order=order, add=add).fit(parts.train)
    return OrderPoint(
        order=order,
        train=model.evaluate(parts.train).nats_per_symbol,
        held_out=model.evaluate(parts.validation).nats_per_symbol,
        contexts=len(np.unique(model.counts.ngrams[:, :-1], axis=0)),
        ngrams=len(model.counts.counts),
        samples=tuple(model.draw_left_to_right(samples, Plan(seed=1), Constraint(max_length=max_length)).corpus),
    )
