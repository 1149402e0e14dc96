"""What the lesson's texts say about the nets that ship, measured on these nets.

Letters: V size of the alphabet, E embedding.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar.data.alphabet import Alphabet
from nextchar.lesson.lesson_nets import lesson_net, lesson_parts

if TYPE_CHECKING:
    from nextchar.models.neural.units import Firing

__all__ = ["VOWELS", "Gathering", "firing_of", "gathering", "names_with", "nearest"]

F64 = npt.NDArray[np.float64]
VOWELS: Final = "aeiou"  # y is one at times


class Gathering(NamedTuple):
    """How near the letters' vectors are to each other.

    Attributes:
        vowels: the ids of a, e, i, o and u.
        among_vowels, among_consonants, between: the mean distance of two vowels, two consonants, one of each.
    """

    vowels: tuple[int, ...]
    among_vowels: float
    among_consonants: float
    between: float


def gathering(alphabet: Alphabet, vectors: F64) -> Gathering:
    """Whether the vowels gather among the vectors of the symbols, (V, E); the boundary is left out."""
    letters = range(1, alphabet.size)
    vowels = tuple(i for i in letters if alphabet.symbols[i] in VOWELS)
    others = [i for i in letters if i not in vowels]
    apart = np.linalg.norm(vectors[:, None] - vectors, axis=-1)  # (V, V)

    def mean(ones: tuple[int, ...] | list[int]) -> float:
        block = apart[np.ix_(ones, ones)]
        return float(block.sum() / max(len(ones) * (len(ones) - 1), 1))

    return Gathering(vowels, mean(vowels), mean(others), float(apart[np.ix_(vowels, others)].mean()))


def nearest(vectors: F64, number: int) -> list[list[int]]:
    """The symbols whose vectors are nearest to each one's, in all dimensions, nearest first, (V, number)."""
    apart = np.linalg.norm(vectors[:, None] - vectors, axis=-1)
    np.fill_diagonal(apart, np.inf)
    found: list[list[int]] = np.argsort(apart, axis=1, kind="stable")[:, :number].tolist()
    return found


@cache
def _held_out() -> tuple[str, ...]:
    return tuple(lesson_parts().test)


def names_with(symbol: str, number: int) -> list[str]:
    """The first names held out for tests that have a symbol."""
    return [name for name in _held_out() if symbol in name][:number]


@cache
def firing_of(name: str) -> Firing:
    """The hidden numbers of a recurrent net that ships, after each letter of the names that are held out for tests.

    Raises:
        MissingExtraError: torch is not installed.
    """
    from nextchar.models.neural.units import firing

    return firing(lesson_net(name), lesson_parts().test)
