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
        size = max(1, CELLS // (C * (F + C)))
        for begin in range(0, n, size):
            block = features[begin : begin + size].astype(np.float64)
            block -= block.mean(axis=1, keepdims=True)  # only differences between labels count
            yield block, targets[begin : begin + size], counted[begin : begin + size]

    def loss(theta: F64) -> float:
        total = 0.0
        for block, true, weight in blocks():
            log_p = normalised(block @ theta[:F] + theta[F:])
            total -= float(weight @ log_p[np.arange(len(true)), true])
        return total + float(0.5 * (ridge * (theta - towards) ** 2).sum())

    now = loss(theta)
    for _ in range(50):
        gradient, hessian = ridge * (theta - towards), np.diag(ridge)
        for block, true, weight in blocks():
            size = len(true)
            design = np.concatenate([block, np.broadcast_to(np.eye(C), (size, C, C))], axis=2)  # (b, C, F + C)
            p = softmax(design @ theta)
            mean = np.einsum("nc,ncf->nf", p, design)
            gradient = gradient + weight @ (mean - design[np.arange(size), true])
            curved = (design * (weight[:, None] * p)[:, :, None]).reshape(size * C, -1)
            hessian = hessian + curved.T @ design.reshape(size * C, -1) - (weight[:, None] * mean).T @ mean
        step = np.linalg.solve(hessian, gradient)
        length = 1.0
        while length > 1e-4 and loss(theta - length * step) > now:
            length /= 2
        if length <= 1e-4:
            break
        theta = theta - length * step
        before, now = now, loss(theta)
        if before - now < 1e-10:
            break
    return theta[:F], theta[F:]
