"""What the chapters on nets tell of a name that a net reads: probabilities, costs, windows, the tree of merges.

Letters: T symbols of a name with the boundary before it, V size of the alphabet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar.data.alphabet import BOUNDARY, Alphabet

if TYPE_CHECKING:
    from nextchar.models.neural.model import NeuralModel

__all__ = ["MergeTree", "costs", "finite", "means", "merge_tree", "rows_of_name", "shown_probabilities", "windows_of"]

F64 = npt.NDArray[np.float64]


def rows_of_name(model: NeuralModel, text: str) -> F64:
    """What follows each symbol, (T, V) nats."""
    rows: F64 = model.log_probs(np.array([[BOUNDARY, *model.alphabet.encode(text).tolist()]]))[0]
    return rows


def shown_probabilities(rows: F64) -> list[list[float]]:
    """Rows of nats as probabilities, (T, V)."""
    found: list[list[float]] = np.exp(rows).tolist()
    return found


def costs(alphabet: Alphabet, text: str, rows: F64) -> list[float]:
    """What each letter of a name and its end cost under rows (T, V): (T,) nats."""
    targets = [*alphabet.encode(text).tolist(), BOUNDARY]
    found: list[float] = (-rows[np.arange(len(targets)), targets]).tolist()
    return found


def windows_of(alphabet: Alphabet, text: str, context: int) -> list[str]:
    """The symbols that a net of so much context looks at, for each place of a name, (T,)."""
    padded = alphabet.boundary_sign * context + text
    return [padded[t : t + context] for t in range(len(text) + 1)]


def finite(values: F64) -> list[float | None]:
    """Numbers that JSON can hold; None for those that are none."""
    return [float(value) if np.isfinite(value) else None for value in values]


def means(gates: Mapping[str, F64]) -> dict[str, list[float]]:
    """How far each gate is open at each symbol, (T,), in the mean of its numbers (T, H)."""
    return {name: gate.mean(axis=1).tolist() for name, gate in gates.items()}


class MergeTree(NamedTuple):
    """Convolutions of two taps over a name, one layer upon the other.

    Attributes:
        dilations: how far apart the two taps are, by layer.
        taps: for each layer and symbol, the symbols of the layer below that are merged.
        sees: for each layer and symbol, the symbols of the name that are seen from there.
        back: how many symbols back the top layer sees, ascending; 0 is the symbol itself.
    """

    dilations: tuple[int, ...]
    taps: tuple[tuple[tuple[int, ...], ...], ...]
    sees: tuple[tuple[tuple[int, ...], ...], ...]
    back: tuple[int, ...]


def merge_tree(symbols: int, layers: int, growth: int) -> MergeTree:
    """The tree over so many symbols, in which each layer's dilation is `growth` times that of the one below.

    Raises:
        MissingExtraError: torch is not installed.
    """
    from nextchar.models.neural.nets.wavenet import seen_back

    dilations = tuple(growth**i for i in range(layers))
    backs = [seen_back(dilations[: i + 1]) for i in range(layers)]
    places = range(symbols)
    return MergeTree(
        dilations,
        tuple(tuple((t - d, t) if t >= d else (t,) for t in places) for d in dilations),
        tuple(tuple(tuple(t - b for b in reversed(back) if b <= t) for t in places) for back in backs),
        backs[-1],
    )
