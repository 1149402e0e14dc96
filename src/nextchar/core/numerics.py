"""Mathematics that several parts of the library need, once."""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = ["least"]


def least(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a function with one valley is least, to 1e-3, by golden section search (Kiefer 1953)."""
    ratio = (math.sqrt(5) - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = function(left), function(right)
    while high - low > 1e-3:
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = function(right)
    return (low + high) / 2
