"""The curves of the lesson: the loss over the amount of smoothing, and over the order.

Letters: V size of the alphabet, k what add-k smoothing adds to every count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.data.corpus import Corpus
from nextchar.data.splits import Split
from nextchar.models.ngram.counts import count
from nextchar.models.ngram.model import Ngram

__all__ = ["OrderPoint", "SmoothingCurve", "order_curve", "smoothing_curve", "smoothing_curve_of_few", "smoothing_grid"]


@dataclass(frozen=True, kw_only=True)
class SmoothingCurve:
    """The loss of the bigram model over k, nats per symbol.

    Attributes:
        add: the values of k.
        loss: on the data themselves, trained on all of them.
        held_out: on the validation items, trained on the training items; None where none are held out.
        names: how many items the model of `held_out` has learned from.
    """

    add: tuple[float, ...]
    loss: tuple[float, ...]
    held_out: tuple[float, ...] | None
    names: int

    @property
    def best(self) -> int:
        """Where the curve of the items held out is lowest, else that of the data."""
        return int(np.argmin(self.loss if self.held_out is None else self.held_out))

    @property
    def range(self) -> tuple[float, float]:
        """A range of losses in which the minimum is seen: up to what k of many times more or less gives."""
        shown = np.array(self.loss if self.held_out is None else self.held_out)
        k = np.array(self.add)
        near = (k >= k[self.best] / NEAR) & (k <= max(k[self.best], MIDDLE) * NEAR) & np.isfinite(shown)
        least, most = float(shown[self.best]), float(shown[near].max())
        room = max(most - least, 1e-4)
        return least - 0.25 * room, most + 0.15 * room


NEAR: Final = 40.0  # how many times larger or smaller than the best k is still near it
MIDDLE: Final = 0.01  # k around which to look where the best one is 0


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
    names = len(corpus if parts is None else parts.train)
    return SmoothingCurve(add=tuple(add), loss=_losses(corpus, corpus, add), held_out=held_out, names=names)


def smoothing_curve_of_few(parts: Split, names: int, add: Sequence[float]) -> SmoothingCurve:
    """Measure what it would be with fewer items: the first of the training items, and the same ones held out.

    Args:
        parts: training and validation items.
        names: how many training items to learn from.
        add: the values of k.
    """
    few = parts.train.take(np.arange(min(names, len(parts.train))))
    return SmoothingCurve(
        add=tuple(add), loss=_losses(few, few, add), held_out=_losses(few, parts.validation, add), names=len(few)
    )


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
