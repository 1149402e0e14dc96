"""What the models of each label say of a text, weighed: a log-linear pool."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nextchar.core.numerics import normalised, softmax
from nextchar.tasks.label_reader import PARTS

__all__ = ["fitted_pool"]

F64 = npt.NDArray[np.float64]
RIDGE: Final = 3e-3
CELLS: Final = 1 << 22  # numbers of a block of texts, C x (F + C) each


def fitted_pool(
    features: npt.NDArray[Any], targets: npt.NDArray[np.intp], shares: F64, sample_weight: F64 | None = None
) -> tuple[F64, F64]:
    """The weights (F,) and biases (C,) under which the labels are most probable, by Newton's method.

    The loss is convex: the conditional logit of McFadden (1974), with a little ridge towards equal weights of the
    whole texts. Texts are looked at in blocks, so that only the features themselves need memory for all.

    Args:
        features: (n, C, F) nats; 32 bits or more.
        targets: (n,) the true labels.
        shares: (C,) the log of each label's share, which the biases are drawn to.
        sample_weight: (n,) how much each text counts.
    """
    n, C, F = features.shape
    counted = np.full(n, 1 / n) if sample_weight is None else sample_weight / sample_weight.sum()
    towards = np.zeros(F + C)
    towards[:F:PARTS] = 1 / (F // PARTS)
    towards[F:] = shares
    theta = towards.copy()
    ridge = np.full(F + C, RIDGE)

    def blocks() -> Iterator[tuple[F64, npt.NDArray[np.intp], F64]]:
        """Some texts at a time: features beside the labels themselves (b C, F + C), true labels, and weights (b,)."""
        size = max(1, CELLS // (C * (F + C)))
        for begin in range(0, n, size):
            block = features[begin : begin + size]
            design = np.empty((len(block), C, F + C))
            design[..., :F] = block
            design[..., :F] -= design[..., :F].mean(axis=1, keepdims=True)  # only differences between labels count
            design[..., F:] = np.eye(C)
            yield design.reshape(-1, F + C), targets[begin : begin + size], counted[begin : begin + size]

    def loss(theta: F64) -> float:
        total = 0.0
        for design, true, weight in blocks():
            log_p = normalised((design @ theta).reshape(-1, C))
            total -= float(weight @ log_p[np.arange(len(true)), true])
        return total + float(0.5 * (ridge * (theta - towards) ** 2).sum())

    now = loss(theta)
    for _ in range(50):
        gradient, hessian = ridge * (theta - towards), np.diag(ridge)
        for design, true, weight in blocks():
            size = len(true)
            p = softmax((design @ theta).reshape(-1, C))
            curved = design * (weight[:, None] * p).reshape(-1, 1)  # (b C, F + C), and summed over labels the mean
            mean = curved.reshape(size, C, -1).sum(axis=1)
            gradient = gradient + mean.sum(axis=0) - weight @ design[np.arange(size) * C + true]
            hessian = hessian + curved.T @ design - (mean / np.maximum(weight, 1e-300)[:, None]).T @ mean
        step = np.linalg.solve(hessian, gradient)
        length = 1.0
        while length > 1e-4 and (then := loss(theta - length * step)) > now:
            length /= 2
        if length <= 1e-4:
            break
        theta = theta - length * step
        before, now = now, then
        if before - now < 1e-10:
            break
    return theta[:F], theta[F:]
