"""Mathematics that several parts of the library need, once.

A distribution over V outcomes is kept as a row of V log-probabilities in nats; impossible is minus infinity. The sum
of exponentials is taken after the largest entry has been subtracted, so that no exponential overflows and the largest
one is 1.

Letters: V outcomes of a row.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

__all__ = ["least", "log_sum_exp", "normalised", "softmax"]

F64 = npt.NDArray[np.float64]


def log_sum_exp(rows: F64) -> F64:
    """The log of the sum of exponentials of each row, (..., V) -> (...); minus infinity for a row that is all that."""
    top = _finite_top(rows)
    with np.errstate(divide="ignore"):
        total: F64 = top[..., 0] + np.log(np.exp(rows - top).sum(axis=-1))
    return total


def normalised(rows: F64) -> F64:
    """Rows shifted so that their exponentials sum to 1, (..., V) -> (..., V): log softmax.

    A row of which nothing is possible has no such shift; it is the caller's to keep such rows out, and comes back as
    not-a-number.
    """
    shifted = rows - _finite_top(rows)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_probs: F64 = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return log_probs


def softmax(rows: F64) -> F64:
    """The exponentials of each row, divided by their sum, (..., V) -> (..., V)."""
    weights = np.exp(rows - _finite_top(rows))
    with np.errstate(invalid="ignore"):
        probabilities: F64 = weights / weights.sum(axis=-1, keepdims=True)
    return probabilities


def _finite_top(rows: F64) -> F64:
    """The largest entry of each row, (..., 1); 0 where that is infinite, so that subtracting it is defined."""
    top = rows.max(axis=-1, keepdims=True)
    finite: F64 = np.where(np.isfinite(top), top, 0.0)
    return finite


def least(function: Callable[[float], float], low: float, high: float, *, within: float = 1e-3) -> float:
    """Where a function with one valley is least, by golden section search (Kiefer 1953).

    Args:
        function: of one number.
        low: where the interval to search begins.
        high: where it ends.
        within: the answer is at most half of this away from the valley.
    """
    ratio = (math.sqrt(5) - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = function(left), function(right)
    while high - low > within:
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = function(right)
    return (low + high) / 2
