"""The numbers of SplitMix64 (Steele, Lea and Flood 2014), for numpy and for the compiled loops alike."""

from __future__ import annotations

from typing import Final

__all__ = ["FIRST_FACTOR", "GOLDEN", "SECOND_FACTOR"]

GOLDEN: Final = 0x9E3779B97F4A7C15  # 2^64 / golden ratio, odd: the step; also Knuth's Fibonacci hashing (vol. 3, 6.4)
FIRST_FACTOR: Final = 0xBF58476D1CE4E5B9  # of the finaliser that scatters the bits
SECOND_FACTOR: Final = 0x94D049BB133111EB
