"""How often items count: whole numbers that do not exceed 64 bits, and sums that may; and how much they matter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.data.display import thousands
from nextchar.data.sequences import entries_of, value_name
from nextchar.errors import CorpusError

__all__ = ["MOST_WEIGHT", "exact_sum", "importance", "whole_weights"]

MOST_WEIGHT: Final = (1 << 63) - 1  # of all symbols together, each as often as its item counts: 64 bits
EFFECTIVE_SHARE: Final = 0.9  # of the items, that suffice however few they are
HALVINGS: Final = 20  # until the exponent is known


def exact_sum(weights: npt.NDArray[np.int64], times: npt.NDArray[np.int64] | None = None) -> int:
    """The sum of weights >= 0, each so many times, also where it exceeds 64 bits and numpy's would wrap around."""
    high, low = weights >> 32, weights & 0xFFFFFFFF
    if times is None:
        return (int(high.sum()) << 32) + int(low.sum())
    return (int(high @ times) << 32) + int(low @ times)


def whole_weights(weights: Iterable[int], n: int) -> tuple[int, ...]:
    """How often each of n items counts."""
    given = entries_of(weights, "weights")
    if len(given) != n:
        raise CorpusError(f"{thousands(n, 'item')}, but {thousands(len(given), 'weight')}")
    for i, weight in enumerate(given, start=1):
        if isinstance(weight, bool | np.bool_) or not isinstance(weight, int | float | np.integer | np.floating):
            raise CorpusError(f"weight {i} is {value_name(weight)}, not a number")
        value = weight.item() if isinstance(weight, np.generic) else weight  # small types cannot hold the bound
        if not 0 <= value <= MOST_WEIGHT or value != int(value):
            raise CorpusError(f"weight {i} is {weight}; weights must be whole numbers from 0 to 2^63 - 1")
    return tuple(map(int, given))


def importance(weights: npt.NDArray[np.int64], effective: int) -> npt.NDArray[np.float64]:
    """How much each item matters where new items of such weights are to be predicted, (n,), 1 on average.

    What a few heavy items have in common is chance. So the weights are taken to the largest power, up to 1, with which
    a mean still rests on enough items: their effective number, (sum w)^2 / sum w^2 (Kish, "Survey Sampling", 1965).
    Where all weigh the same, that is all of them.

    Args:
        weights: (n,) at least 0; 0 is no item.
        effective: how many are enough.
    """
    there = weights > 0
    logs = np.log(weights, where=there, out=np.full(len(weights), -np.inf))
    logs -= logs.max(initial=0.0)
    needed = min(effective, EFFECTIVE_SHARE * there.sum())

    def powers(exponent: float) -> npt.NDArray[np.float64]:
        return np.where(there, np.exp(exponent * np.where(there, logs, 0.0)), 0.0)

    def suffices(exponent: float) -> bool:
        found = powers(exponent)
        return bool(found.sum() ** 2 >= needed * (found @ found))

    exponent = 1.0
    if not suffices(exponent):
        low, high = 0.0, 1.0
        for _ in range(HALVINGS):
            exponent = (low + high) / 2
            low, high = (exponent, high) if suffices(exponent) else (low, exponent)
        exponent = low
    found = powers(exponent)
    mean: npt.NDArray[np.float64] = found / (found.sum() / max(there.sum(), 1)) if there.any() else found
    return mean
