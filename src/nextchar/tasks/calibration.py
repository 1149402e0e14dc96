"""How good a classifier's probabilities are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nextchar.errors import SettingsError

__all__ = ["confusion", "log_loss", "reliability"]

F64 = npt.NDArray[np.float64]
Labels = npt.NDArray[Any]


def log_loss(log_proba: F64, classes: Labels, y: Sequence[Any]) -> float:
    """-log p of the true label, nats a text on average.

    Raises:
        SettingsError: a true label is none that the classifier has.
    """
    labels = np.asarray(y)
    at = np.searchsorted(classes, labels)
    if len(labels) == 0 or (classes[np.minimum(at, len(classes) - 1)] != labels).any():
        raise SettingsError("there are labels that the classifier has not learned, or no texts")
    return float(-log_proba[np.arange(len(labels)), at].mean())


def reliability(
    probabilities: F64, classes: Labels, y: Sequence[Any], bins: int = 10
) -> list[tuple[float, float, int]]:
    """The calibration curve: of the texts whose best label is about so probable, how many have it in truth.

    Returns:
        (mean probability of the best label, share of texts with that label, texts) of each bin that has any.
    """
    best = probabilities.argmax(axis=1)
    sure = probabilities[np.arange(len(best)), best]
    right = classes[best] == np.asarray(y)
    which = np.minimum((sure * bins).astype(int), bins - 1)
    rows: list[tuple[float, float, int]] = []
    for k in np.unique(which).tolist():
        at = which == k
        rows.append((float(sure[at].mean()), float(right[at].mean()), int(at.sum())))
    return rows


def confusion(predicted: Sequence[Any], y: Sequence[Any]) -> dict[tuple[Any, Any], int]:
    """How often each (true label, predicted label) occurs."""
    table: dict[tuple[Any, Any], int] = {}
    for pair in zip(y, predicted, strict=True):
        table[pair] = table.get(pair, 0) + 1
    return table
