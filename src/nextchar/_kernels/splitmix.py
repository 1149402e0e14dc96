"""`randomness.mix` compiled, for the loops that need it."""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["mix"]

U64 = np.uint64


@njit(cache=True, nogil=True, inline="always")
def mix(z: np.uint64) -> np.uint64:
    """`randomness.mix` for one number."""
    z = (z ^ (z >> U64(30))) * U64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> U64(27))) * U64(0x94D049BB133111EB)
    return z ^ (z >> U64(31))
