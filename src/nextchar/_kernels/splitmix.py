"""SplitMix64's mixing of bits (see `data.hashing`) compiled, for the loops that need it."""

from __future__ import annotations

import numpy as np
from numba import njit

from nextchar._kernels.constants import FIRST_FACTOR, SECOND_FACTOR

__all__ = ["mix64"]

U64 = np.uint64


@njit(cache=True, nogil=True, inline="always")
def mix64(z: np.uint64) -> np.uint64:
    """`data.hashing.mix` for one number."""
    z = (z ^ (z >> U64(30))) * U64(FIRST_FACTOR)
    z = (z ^ (z >> U64(27))) * U64(SECOND_FACTOR)
    return z ^ (z >> U64(31))
