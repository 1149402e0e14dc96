"""SplitMix64's mixing of bits, which fingerprints, splits and random numbers share, and what a seed is."""

from __future__ import annotations

from numbers import Integral
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar._kernels.constants import FIRST_FACTOR, GOLDEN, SECOND_FACTOR
from nextchar.data.display import shortened
from nextchar.errors import BadValueError

__all__ = ["GOLDEN", "MASK", "checked_seed", "mix"]

U64 = npt.NDArray[np.uint64]
MASK: Final = (1 << 64) - 1


def checked_seed(seed: int) -> int:
    """The seed, if it is one, as Python's own number.

    Raises:
        SettingsError: no whole number, below 0 or above 2^64 - 1.
    """
    if not isinstance(seed, Integral) or isinstance(seed, bool) or not 0 <= int(seed) <= MASK:
        raise BadValueError(
            f"a seed is a whole number from 0 to 2^64 - 1, not {shortened(repr(seed))}", argument="seed"
        )
    return int(seed)


def mix(z: U64) -> U64:
    """SplitMix64's finaliser: scatters the 64 bits of each number so that neighbours look unrelated."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(FIRST_FACTOR)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(SECOND_FACTOR)
    return z ^ (z >> np.uint64(31))
