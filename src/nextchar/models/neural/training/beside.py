"""What another model says of the items that a net learns from, for the net to add to.

A net whose logits are added to the log-probabilities of another model learns what that one lacks. They have to be
those of a model that has not learned the item at hand: of what it knows by heart, nothing is left to learn. A share of
them is added, for a net that adds to all of them learns little of its own (measured: see docs/design/mixing.md).

Letters: S symbols of a corpus, V size of the alphabet.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Beside"]

F32 = npt.NDArray[np.float32]


class Beside(NamedTuple):
    """Nats to be added to the logits.

    Attributes:
        train: (S, V) at each symbol of the training data.
        validation: (S, V) at each symbol of the validation items.
    """

    train: F32
    validation: F32
