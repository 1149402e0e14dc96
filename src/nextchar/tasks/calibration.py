"""How good a classifier's probabilities are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nextchar.data.display import thousands
from nextchar.errors import SettingsError
from nextchar.tasks.labels import Labels, label_places, labels_of, named_labels

__all__ = ["confusion", "log_loss", "reliability"]

F64 = npt.NDArray[np.float64]


def log_loss(log_proba: F64, classes: Labels, y: Iterable[Any]) -> float:
    """-log p of the true label, nats a text on average.

    Raises:
        SettingsError: a true label is none that the classifier has, or of another kind; not one label for each text.
    """
    labels = labels_of(y)
    at = _one_each(label_places(classes, labels), log_proba)
    if (at < 0).any():
        raise SettingsError(
            f"the labels {named_labels(labels[at < 0])} were not learned; those learned are {named_labels(classes)}"
        )
    return float(-log_proba[np.arange(len(at)), at].mean())


def reliability(
    probabilities: F64, classes: Labels, y: Iterable[Any], bins: int = 10
) -> list[tuple[float, float, int]]:
    """The calibration curve: of the texts whose best label is about so probable, how many have it in truth.

    Returns:
        (mean probability of the best label, share of texts with that label, texts) of each bin that has any.

    Raises:
        SettingsError: the labels are of another kind than the classifier's; not one label for each text.
    """
    at = _one_each(label_places(classes, y), probabilities)
    best = probabilities.argmax(axis=1)
    sure = probabilities[np.arange(len(best)), best]
    right = best == at
    which = np.minimum((sure * bins).astype(int), bins - 1)
    rows: list[tuple[float, float, int]] = []
    for k in np.unique(which).tolist():
        here = which == k
        rows.append((float(sure[here].mean()), float(right[here].mean()), int(here.sum())))
    return rows


def _one_each(places: npt.NDArray[np.intp], rows: F64) -> npt.NDArray[np.intp]:
    if len(places) != len(rows):
        raise SettingsError(f"{thousands(len(rows), 'text')}, but {thousands(len(places), 'label')}")
    if not len(places):
        raise SettingsError("there are no texts to measure on")
    return places


def confusion(predicted: Sequence[Any], y: Sequence[Any]) -> dict[tuple[Any, Any], int]:
    """How often each (true label, predicted label) occurs."""
    table: dict[tuple[Any, Any], int] = {}
    for pair in zip(y, predicted, strict=True):
        table[pair] = table.get(pair, 0) + 1
    return table
