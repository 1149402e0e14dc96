"""How often items count: whole numbers that do not exceed 64 bits, and sums that may."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.data.display import thousands
from nextchar.data.sequences import entries_of, value_name
from nextchar.errors import CorpusError

__all__ = ["MOST_WEIGHT", "exact_sum", "whole_weights"]

MOST_WEIGHT: Final = (1 << 63) - 1  # of all symbols together, each as often as its item counts: 64 bits


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
