"""What the lesson's texts say about the nets that ship, measured on these nets.

Letters: V size of the alphabet, E embedding, S letters of all names, H hidden numbers or heads, L layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar.data.alphabet import Alphabet
from nextchar.lesson.lesson_nets import lesson_net, lesson_parts
from nextchar.lesson.name_views import costs

if TYPE_CHECKING:
    from nextchar.models.neural.interventions import Hold
    from nextchar.models.neural.units import Firing

__all__ = [
    "VOWELS",
    "Gathering",
    "correlations",
    "firing_of",
    "gathering",
    "looking_back",
    "names_with",
    "nats_cut",
    "nats_held",
    "nearest_symbols",
    "open_at",
]

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


def nearest_symbols(vectors: F64, number: int) -> list[list[int]]:
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


def correlations(seen: Firing, values: npt.NDArray[np.generic]) -> F64:
    """How each unit goes with something that is known of each letter, values (S,): Pearson's r, (H,)."""
    hidden = seen.hidden - seen.hidden.mean(axis=0, dtype=np.float64)
    wanted = values.astype(np.float64) - values.mean(dtype=np.float64)
    found: F64 = wanted @ hidden / np.sqrt((wanted**2).sum() * (hidden**2).sum(axis=0))
    return found


def looking_back(names: Sequence[str], farthest: int) -> F64:
    """How much of its attention each head of the Transformer gives to the symbol so far back, (L, H, farthest + 1).

    The mean over all letters that have so many symbols before them.
    """
    from nextchar.models.neural.interventions import attended

    model = lesson_net("transformer")
    found = []
    for name in names:
        weights = attended(model, name).weights
        found += [
            np.stack([weights[:, :, t, t - back] for back in range(farthest + 1)], axis=-1)
            for t in range(farthest, weights.shape[-1])
        ]
    mean: F64 = np.mean(found, axis=0)
    return mean


def open_at(net: str, gate: str, names: Sequence[str], places: int) -> F64:
    """How far a gate is open at the boundary, the first letter, and so on, (places,): the mean of its numbers."""
    from nextchar.models.neural.interventions import recalled

    model = lesson_net(net)
    sums, times = np.zeros(places), np.zeros(places)
    for name in names:
        opened = recalled(model, name).gates[gate].mean(axis=1)[:places]
        sums[: len(opened)] += opened
        times[: len(opened)] += 1
    found: F64 = sums / np.maximum(times, 1)
    return found


def nats_held(net: str, names: Sequence[str], holds: Sequence[Hold] = ()) -> float:
    """What names cost a recurrent net with some of its gates held, nats per symbol."""
    from nextchar.models.neural.interventions import recalled

    model = lesson_net(net)
    found = [cost for name in names for cost in costs(model.alphabet, name, recalled(model, name, holds).rows)]
    return sum(found) / len(found)


def nats_cut(names: Sequence[str], layer: int, head: int) -> float:
    """What names cost the Transformer where one head may look at nothing but the symbol itself, nats per symbol."""
    from nextchar.models.neural.interventions import Cut, attended

    model = lesson_net("transformer")
    found: list[float] = []
    for name in names:
        cuts = [Cut(layer, head, t, s) for t in range(len(name) + 1) for s in range(t)]
        found += costs(model.alphabet, name, attended(model, name, cuts).rows)
    return sum(found) / len(found)
