"""The nets that a visitor has trained on the page, kept to be looked into."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from nextchar.data.corpus import Corpus

if TYPE_CHECKING:
    from nextchar.models.neural.model import NeuralModel
    from nextchar.models.neural.units import Firing

__all__ = ["TrainedNet", "fingerprint_of"]

MOST_READ: Final = 1_000  # items of the list that a recurrent net reads to tell what its units fire at
LONGEST_READ: Final = 30  # characters of such an item


@dataclass(frozen=True, eq=False)
class TrainedNet:
    """A net that a visitor has trained.

    Attributes:
        model: it.
        corpus: the list that it was trained on.
        steps: of its training.
        held_out_nats: on the items held out of its training, nats per symbol; None where nothing was measured.
    """

    model: NeuralModel
    corpus: Corpus
    steps: int
    held_out_nats: float | None

    def firing(self) -> Firing:
        """The hidden numbers of a recurrent net after each letter of the first items that are not very long."""
        from nextchar.models.neural.units import firing

        short = np.flatnonzero(np.asarray(self.corpus.lengths) <= LONGEST_READ)[:MOST_READ]
        return firing(self.model, self.corpus.take(short if len(short) else [0]))


def fingerprint_of(model: NeuralModel) -> str:
    """The same for the same weights: 16 hexadecimal digits."""
    sum_ = hashlib.sha256()
    for name, array in sorted(model.arrays().items()):
        sum_.update(name.encode())
        sum_.update(array.tobytes())
    return sum_.hexdigest()[:16]
