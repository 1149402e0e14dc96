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
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from nextchar.core.model import Model
from nextchar.core.outlier_threshold import MOST_NATS, OutlierThreshold
from nextchar.core.settings import Setting
from nextchar.data.arguments import need
from nextchar.data.corpus import Corpus
from nextchar.data.display import line_of, thousands
from nextchar.errors import SettingsError

__all__ = ["OutlierDetector", "find_threshold", "length_buckets", "threshold_of", "usual_of"]

F64 = npt.NDArray[np.float64]
TAIL: Final = 10  # items beyond a range's quantile that make it worth something
SHARE: Final = Setting(name="the share of false alarms", argument="false_alarms", type=float, above=0, below=1)
LEAST: Final = 100  # good items, whatever the share of false alarms


class OutlierDetector:
    """Tells which items look wrong to a model; an estimator like scikit-learn's.

    It learns from good items what is usual for each length, and flags what only a given share of good items would
    exceed. The module's text has the method.

    Attributes:
        threshold_: what `fit` has found, or the model's file holds.

    Examples:
        >>> import nextchar
        >>> good = [a + b + c for a in "bdgkl" for b in "aeiou" for c in "mnrst"]  # 125 of three letters
        >>> model = nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items([item + "a" for item in good]))
        >>> detector = nextchar.OutlierDetector(model, false_alarms=0.05).fit(good)
        >>> detector.predict(["bam", "mmb"]).tolist()  # 1 for what is usual, -1 for what is not
        [1, -1]
    """

    threshold_: OutlierThreshold

    def __init__(self, model: Model, *, false_alarms: float = 0.01) -> None:
        """Only stores its arguments, as an estimator has to.

        Args:
            model: any; it says how probable an item is.
            false_alarms: the share of fresh good items that may be flagged, between 0 and 1.
        """
        self.model = model
        self.false_alarms = false_alarms

    @classmethod
    def of(cls, model: Model) -> OutlierDetector:
        """The detector with the threshold that the model's file holds.

        Raises:
            SettingsError: it has none.
        """
        found = cls(model, false_alarms=threshold_of(model).false_alarms)
        found.threshold_ = threshold_of(model)
        return found

    def __repr__(self) -> str:
        fitted = (
            "" if not self.__sklearn_is_fitted__() else f"threshold from {thousands(self.threshold_.items, 'item')}"
        )
        return line_of(self, self.model.kind, f"false alarms {self.false_alarms:g}", fitted or "not fitted")

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002 - scikit-learn's interface
        """The arguments that it was made with."""
        return {"model": self.model, "false_alarms": self.false_alarms}

    def set_params(self, **params: Any) -> Self:
        """Change arguments; they take effect at the next fit.

        Raises:
            SettingsError: there is no such argument.
        """
        for name, value in params.items():
            if name not in self.get_params():
                raise SettingsError(f"an outlier detector has no parameter {name!r}; it has model, false_alarms")
            setattr(self, name, value)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "threshold_")

    def fit(self, X: Iterable[str] | Corpus, y: object = None) -> Self:  # noqa: ARG002 - scikit-learn's interface
        """Find the threshold from good items; those of the model's training data are left out.

        Raises:
            SettingsError: the share of false alarms is out of its range, or there are too few items for it.
            CorpusError: there are no items.
            UnknownSymbolError: an item has a character that the model does not know.
        """
        self.threshold_ = find_threshold(self.model, self._corpus(X), self.false_alarms)[0]
        return self

    def score_samples(self, X: Iterable[str] | Corpus) -> F64:
        """How usual each item is, (n,): minus the standard deviations above what good ones of its length cost."""
        return self._compared(X)[0]

    def decision_function(self, X: Iterable[str] | Corpus) -> F64:
        """How far each item is on the good side of the threshold for its length, (n,); below 0 it is flagged."""
        usual, limit = self._compared(X)
        return limit + usual

    def predict(self, X: Iterable[str] | Corpus) -> npt.NDArray[np.int64]:
        """1 for an item that looks right and -1 for an outlier, (n,)."""
        return np.where(self.decision_function(X) < 0, -1, 1).astype(np.int64)

    def save(self, path: str | Path) -> None:
        """Write the model with the threshold in its file, whole or not at all.

        Raises:
            SettingsError: it is not fitted.
            ModelFileError: the file cannot be written there.
        """
        self.model.with_metrics(replace(self.model.metrics, outliers=self._threshold)).save(path)

    @property
    def _threshold(self) -> OutlierThreshold:
        if not self.__sklearn_is_fitted__():
            raise SettingsError("the outlier detector is not fitted; call fit with good items first")
        return self.threshold_

    def _compared(self, X: Iterable[str] | Corpus) -> tuple[F64, F64]:
        """Minus the oddness of each item, and the limit for its length."""
        threshold, items = self._threshold, self._corpus(X)
        symbols = items.lengths + 1
        return -threshold.oddness(self.model.nats(items), symbols), threshold.limit(symbols)

    def _corpus(self, X: Iterable[str] | Corpus) -> Corpus:
        need(self.model, Model, "model", "a model (Ngram().fit(...), load(...))")
        return Corpus.of(X, options=self.model.provenance.options, alphabet=self.model.alphabet, whole=True)


def find_threshold(model: Model, good: Corpus, false_alarms: float = 0.01) -> tuple[OutlierThreshold, Corpus]:
    """Find the threshold that flags a share of good items.

    Args:
        model: any.
        good: items that are in order, in the model's alphabet; those of its training data are left out.
        false_alarms: the share of fresh good items that may be flagged.

    Returns:
        The threshold, and the items that it was found by.

    Raises:
        SettingsError: the share is out of its range, or there are too few items for it.
    """
    false_alarms = SHARE.check(false_alarms)
    known = model.provenance.known
    if known is not None:
        good = good.take(np.flatnonzero(~np.isin(good.fingerprints(), known)))
    need = max(LEAST, math.ceil(1 / max(false_alarms, 1e-18)))
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
    base = replace(usual_of(nats[usual], symbols[usual]), false_alarms=false_alarms, items=len(good))
    odd = base.oddness(nats, symbols)
    base = replace(base, threshold=_knots(odd, symbols, false_alarms))
    rest = np.sort(odd - base.limit(symbols))
    rank = min(math.ceil((len(rest) + 1) * (1 - false_alarms)), len(rest))
    moved = tuple((at, limit + float(rest[rank - 1])) for at, limit in base.threshold)
    return replace(base, threshold=moved), good


def usual_of(nats: F64, symbols: npt.NDArray[np.int64]) -> OutlierThreshold:
    """What good items cost by their number of symbols, (n,) and (n,): mean and variance, with no threshold yet."""
    line = _line(symbols, nats)
    squares = (nats - line[0] - line[1] * symbols) ** 2
    least = max(float(squares.mean()) / 4, 1e-6)
    return OutlierThreshold(
        false_alarms=0.0, mean=line, variance=(*_line(symbols, squares), least), threshold=((1.0, 0.0),),
        items=len(nats),
    )  # fmt: skip


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


def threshold_of(model: Model) -> OutlierThreshold:
    """The threshold that a model's file has.

    Raises:
        SettingsError: it has none.
    """
    if model.metrics.outliers is None:
        raise SettingsError("the model has no threshold yet; it is found from good items (calibrate)")
    return model.metrics.outliers


def length_buckets(lengths: npt.NDArray[np.int64], most: int = 5) -> list[tuple[int, int]]:
    """Up to `most` ranges of lengths (first, last) that hold about as many items each."""
    cuts = np.unique(np.quantile(lengths, np.linspace(0, 1, most + 1), method="lower"))
    firsts = [int(cuts[0]), *(int(cut) + 1 for cut in cuts[1:-1])]
    return [(first, int(last)) for first, last in zip(firsts, cuts[1:] if len(cuts) > 1 else cuts, strict=False)]
