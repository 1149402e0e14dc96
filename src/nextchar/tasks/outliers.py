"""Which items look wrong: those that cost the model more than good items of their length do.

A threshold on the mean surprisal of a symbol raises false alarms on short items, whose means scatter most, and lets
long ones pass. So good items say what is usual for each length: their nats have a mean and a variance that are taken
to grow linearly with the number of symbols, and an item's oddness is by how many standard deviations it lies above
the mean for its length,

    oddness = (nats - mean(symbols)) / sqrt(variance(symbols)).

The threshold is the oddness that only the wanted share of good items exceeds. The tails differ with the length too,
so where there are enough good items each range of lengths has a threshold of its own, with straight lines in between;
all are moved together so that the good items as a whole exceed them as often as they may, with the correction for a
finite sample that makes the promise hold on average for fresh ones (split conformal prediction, Vovk et al. 2005).
Good items that the model was trained on say nothing of fresh ones and are left out.

Letters: n items.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.core.model import Model
from nextchar.core.outlier_detector import MOST_NATS, OutlierDetector
from nextchar.data.corpus import Corpus
from nextchar.errors import SettingsError

__all__ = ["calibrate", "detector_of", "length_buckets"]

F64 = npt.NDArray[np.float64]
TAIL: Final = 10  # items beyond a range's quantile that make it worth something
LEAST: Final = 100  # good items, whatever the share of false alarms


def calibrate(model: Model, good: Corpus, false_alarms: float = 0.01) -> tuple[OutlierDetector, Corpus]:
    """Find the threshold that flags a share of good items.

    Args:
        model: any.
        good: items that are in order, in the model's alphabet; those of its training data are left out.
        false_alarms: the share of fresh good items that may be flagged.

    Returns:
        The detector, and the items that it was found by.

    Raises:
        SettingsError: the share is out of its range, or there are too few items for it.
    """
    if not 0 < false_alarms < 1:
        raise SettingsError(f"the share of false alarms is between 0 and 1, not {false_alarms}")
    known = model.provenance.known
    if known is not None:
        good = good.take(np.flatnonzero(~np.isin(good.fingerprints(), known)))
    need = max(LEAST, math.ceil(1 / false_alarms))
    if len(good) < need:
        raise SettingsError(
            f"{len(good):,} good items that are not in the training data; a share of {false_alarms:g} needs at least "
            f"{need:,}"
        )
    nats = np.minimum(model.nats(good), MOST_NATS)
    symbols = good.lengths + 1
    usual = nats < MOST_NATS
    if not usual.any():
        raise SettingsError("the model holds all good items impossible; take one with smoothing")
    line = _line(symbols[usual], nats[usual])
    squares = (nats[usual] - line[0] - line[1] * symbols[usual]) ** 2
    spread = _line(symbols[usual], squares)
    least = max(float(squares.mean()) / 4, 1e-6)
    base = OutlierDetector(
        false_alarms=false_alarms, mean=line, variance=(*spread, least), threshold=((1.0, 0.0),), items=len(good)
    )  # fmt: skip
    odd = base.oddness(nats, symbols)
    base = replace(base, threshold=_knots(odd, symbols, false_alarms))
    rest = np.sort(odd - base.limit(symbols))
    rank = min(math.ceil((len(rest) + 1) * (1 - false_alarms)), len(rest))
    moved = tuple((at, limit + float(rest[rank - 1])) for at, limit in base.threshold)
    return replace(base, threshold=moved), good


def _knots(odd: F64, symbols: npt.NDArray[np.int64], false_alarms: float) -> tuple[tuple[float, float], ...]:
    """The quantile of each range of lengths that has enough items beyond it; of all together where none has."""
    knots = []
    for first, last in length_buckets(symbols, max(min(int(len(odd) * false_alarms / TAIL), 6), 1)):
        inside = (symbols >= first) & (symbols <= last)
        if inside.sum() * false_alarms >= TAIL / 2:
            knots.append((float(symbols[inside].mean()), float(np.quantile(odd[inside], 1 - false_alarms))))
    return tuple(knots) or ((1.0, float(np.quantile(odd, 1 - false_alarms))),)


def _line(x: npt.NDArray[np.int64], y: F64) -> tuple[float, float]:
    """The least-squares line; level where all x are alike."""
    centred = x - x.mean()
    scale = float(centred @ centred)
    slope = float(centred @ y) / scale if scale else 0.0
    return float(y.mean()) - slope * float(x.mean()), slope


def detector_of(model: Model) -> OutlierDetector:
    """The detector that a model's file has.

    Raises:
        SettingsError: it has none.
    """
    if model.metrics.outliers is None:
        raise SettingsError("the model has no threshold yet; find one with: nextchar calibrate MODEL GOOD")
    return model.metrics.outliers


def length_buckets(lengths: npt.NDArray[np.int64], most: int = 5) -> list[tuple[int, int]]:
    """Up to `most` ranges of lengths (first, last) that hold about as many items each."""
    cuts = np.unique(np.quantile(lengths, np.linspace(0, 1, most + 1), method="lower"))
    firsts = [int(cuts[0]), *(int(cut) + 1 for cut in cuts[1:-1])]
    return [(first, int(last)) for first, last in zip(firsts, cuts[1:] if len(cuts) > 1 else cuts, strict=False)]
