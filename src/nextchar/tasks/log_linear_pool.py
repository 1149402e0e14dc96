"""What the models of each label say of a text, weighed: a log-linear pool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.core.model import Model
from nextchar.core.numerics import normalised, softmax
from nextchar.core.scoring import symbol_nats
from nextchar.data.corpus import Corpus

__all__ = ["PARTS", "features_of", "fitted_pool", "reversed_items"]

F64 = npt.NDArray[np.float64]
MOST_NATS: Final = 50.0  # of one symbol: what a model holds impossible is only very improbable to the pool
PARTS: Final = 5  # the whole text, its end, its last symbol, the one before, its first
RIDGE: Final = 3e-3


def reversed_items(corpus: Corpus) -> Corpus:
    """Every item from its end to its beginning; the boundaries stay where they are."""
    sizes = np.diff(corpus.offsets)
    begin = np.repeat(corpus.offsets[:-1], sizes)
    position = np.arange(corpus.symbols) - begin
    last = np.repeat(corpus.lengths, sizes) - 1
    at = np.where(position <= last, begin + last - position, begin + position)
    return replace(corpus, ids=corpus.ids[at])


def features_of(models: Sequence[Sequence[Model]], corpus: Corpus) -> F64:
    """What the models say of each text and its parts, (n, C, F) nats, negative."""
    views = (corpus, reversed_items(corpus))
    begin, end = corpus.offsets[:-1], corpus.offsets[1:] - 1
    found = np.empty((len(corpus), len(models), len(models[0]) * PARTS))
    for label, of_label in enumerate(models):
        for i, model in enumerate(of_label):
            log_prob = -np.minimum(symbol_nats(model, views[i % 2]), MOST_NATS)
            parts = found[:, label, i * PARTS : (i + 1) * PARTS]
            parts[:, 0] = np.add.reduceat(log_prob, begin)
            parts[:, 1] = log_prob[end]
            parts[:, 2] = log_prob[end - 1]
            parts[:, 3] = np.where(corpus.lengths > 1, log_prob[np.maximum(end - 2, 0)], 0.0)
            parts[:, 4] = log_prob[begin]
    return found


def fitted_pool(features: F64, targets: npt.NDArray[np.intp], shares: F64) -> tuple[F64, F64]:
    """The weights (F,) and biases (C,) under which the labels are most probable, by Newton's method.

    The loss is convex: the conditional logit of McFadden (1974), with a little ridge towards equal weights of the
    whole texts.
    """
    n, C, F = features.shape
    centred = features - features.mean(axis=1, keepdims=True)  # only differences between labels count
    design = np.concatenate([centred, np.broadcast_to(np.eye(C), (n, C, C))], axis=2)  # (n, C, F + C)
    towards = np.zeros(F + C)
    towards[:F:PARTS] = 1 / (F // PARTS)
    towards[F:] = shares
    theta = towards.copy()
    ridge = np.full(F + C, RIDGE)

    def loss(theta: F64) -> float:
        log_p = normalised(design @ theta)
        return float(-log_p[np.arange(n), targets].mean() + 0.5 * (ridge * (theta - towards) ** 2).sum())

    now = loss(theta)
    for _ in range(50):
        p = softmax(design @ theta)
        mean = np.einsum("nc,ncf->nf", p, design)
        gradient = (mean - design[np.arange(n), targets]).mean(axis=0) + ridge * (theta - towards)
        curved = (design * p[:, :, None]).reshape(n * C, -1)
        hessian = (curved.T @ design.reshape(n * C, -1) - mean.T @ mean) / n + np.diag(ridge)
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while size > 1e-4 and loss(theta - size * step) > now:
            size /= 2
        if size <= 1e-4:
            break
        theta = theta - size * step
        before, now = now, loss(theta)
        if before - now < 1e-10:
            break
    return theta[:F], theta[F:]
