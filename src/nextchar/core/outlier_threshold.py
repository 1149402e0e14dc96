"""A threshold above which an item counts as an outlier, as a model's file holds it.

Letters: n items.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nextchar.core.json_values import float_of, int_of, list_of, mapping_of
from nextchar.data.display import one_line

__all__ = ["MOST_NATS", "OutlierThreshold"]

F64 = npt.NDArray[np.float64]
MOST_NATS: Final = 1e6  # what is impossible counts as this much


@dataclass(frozen=True, kw_only=True)
class OutlierThreshold:
    """A calibrated threshold; see `tasks.outliers` for how it is found.

    Attributes:
        false_alarms: the share of good items that may be flagged.
        mean: nats of a good item with s symbols: mean[0] + mean[1] s.
        variance: of that: the larger of variance[0] + variance[1] s and variance[2].
        threshold: (symbols, oddness) of each range; in between on straight lines, level beyond.
        items: good items that it was calibrated on.
    """

    false_alarms: float
    mean: tuple[float, float]
    variance: tuple[float, float, float]
    threshold: tuple[tuple[float, float], ...]
    items: int

    __repr__ = one_line

    def oddness(self, nats: F64, symbols: npt.NDArray[np.int64]) -> F64:
        """Standard deviations above what good items of the same length cost, (n,), (n,) -> (n,)."""
        usual = self.mean[0] + self.mean[1] * symbols
        variance = np.maximum(self.variance[0] + self.variance[1] * symbols, self.variance[2])
        odd: F64 = (np.minimum(nats, MOST_NATS) - usual) / np.sqrt(variance)
        return odd

    def limit(self, symbols: npt.NDArray[np.int64]) -> F64:
        """The oddness above which items with so many symbols are flagged, (n,) -> (n,)."""
        knots = np.array(self.threshold).T
        limit: F64 = np.interp(symbols, knots[0], knots[1])
        return limit

    def flags(self, nats: F64, symbols: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Whether each item is flagged, (n,)."""
        flagged: npt.NDArray[np.bool_] = self.oddness(nats, symbols) > self.limit(symbols)
        return flagged

    def document(self) -> dict[str, Any]:
        """As the model's file has it."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: object) -> OutlierThreshold:
        """The threshold that `document` came from.

        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        known = mapping_of(document, lambda entry: entry)
        a, b = list_of(known["mean"], float_of)
        first, slope, least = list_of(known["variance"], float_of)
        threshold = list_of(known["threshold"], _knot)
        if not threshold:
            raise ValueError("a threshold without a number")
        return cls(
            false_alarms=float_of(known["false_alarms"]),
            mean=(a, b),
            variance=(first, slope, least),
            threshold=threshold,
            items=int_of(known["items"]),
        )


def _knot(document: object) -> tuple[float, float]:
    symbols, oddness = list_of(document, float_of)
    return symbols, oddness
