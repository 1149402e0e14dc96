"""The logarithm of a sum of exponentials over thousands of scores, as the processor's vector units take it.

exp(x) = 2^n exp(y) with n whole and y at most ln(2) / 2 in size, where twelve terms of the series give every digit; 2^n
is made by writing n into the exponent of a float64. No step of it is a call or a branch.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

__all__ = ["log_sum"]

LOG2_E = 1.4426950408889634
LN_2 = 0.6931471805599453
LEAST = -1000.0  # powers of 2 below add nothing
WHOLE = 6755399441055744.0  # 1.5 x 2^52: added to a whole number, that number is in the last bits


@njit(cache=True, nogil=True, fastmath=True)
def log_sum(scores, parts, powers, bits):  # type: ignore[no-untyped-def]
    """The log of the sum of exp(scores), which are finite, (V,); parts and powers (V,) are room to work in.

    `bits` is the memory of powers as int64.
    """
    top = scores[0]
    for w in range(scores.size):
        top = max(top, scores[w])
    for w in range(scores.size):
        x = max((scores[w] - top) * LOG2_E, LEAST)
        n = np.floor(x + 0.5)
        y = (x - n) * LN_2
        p = 1 / 479001600.0  # 1 / 12!
        p = p * y + 1 / 39916800.0
        p = p * y + 1 / 3628800.0
        p = p * y + 1 / 362880.0
        p = p * y + 1 / 40320.0
        p = p * y + 1 / 5040.0
        p = p * y + 1 / 720.0
        p = p * y + 1 / 120.0
        p = p * y + 1 / 24.0
        p = p * y + 1 / 6.0
        p = p * y + 0.5
        p = p * y + 1.0
        parts[w] = p * y + 1.0
        powers[w] = n + WHOLE
    for w in range(scores.size):
        bits[w] = (bits[w] << 52) + (1023 << 52)  # the exponent of 2^n
    total = 0.0
    for w in range(scores.size):
        total += parts[w] * powers[w]
    return top + math.log(total)
