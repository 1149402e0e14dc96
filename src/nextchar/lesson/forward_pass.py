"""One symbol's way through a bigram net that has learned nothing yet, number by number.

Letters: V size of the alphabet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nextchar.extras import need_torch
from nextchar.models.ngram.counts import Counts

__all__ = ["ForwardPass", "Target", "forward_pass"]

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Target:
    """A symbol that often follows in the data.

    Attributes:
        id: the symbol.
        count: how often it follows.
        probability: what the untrained net gives it.
        nats: the same as -log p.
    """

    id: int
    count: int
    probability: float
    nats: float


@dataclass(frozen=True, kw_only=True)
class ForwardPass:
    """The numbers on the way, all (V,).

    Attributes:
        logits: the row of W that the one-hot input picks.
        counts: exp of the logits, as if they were log counts.
        total: of the counts.
        probabilities: the counts divided by their total.
        targets: the symbols that follow most often in the data, most frequent first.
    """

    logits: F64
    counts: F64
    total: float
    probabilities: F64
    targets: tuple[Target, ...]


def forward_pass(seen: Counts, first: int, seed: int, *, targets: int = 5) -> ForwardPass:
    """From a symbol to the probabilities of the next one.

    Args:
        seen: the bigrams of the data.
        first: id of the symbol that is read.
        seed: of the net's random weights.
        targets: how many of the symbols that follow in the data to look at.

    Raises:
        MissingExtraError: torch is not installed.
    """
    need_torch()
    from nextchar.models.neural.bigram.lecture import initial_weights

    logits: F64 = initial_weights(seen.alphabet.size, seed)[first].double().numpy()
    counts = np.exp(logits)
    probabilities = counts / counts.sum()
    follows = seen.ngrams[:, 0] == first
    ids, times = seen.ngrams[follows, 1], seen.counts[follows]
    often = np.argsort(-times, kind="stable")[:targets]
    return ForwardPass(
        logits=logits,
        counts=counts,
        total=float(counts.sum()),
        probabilities=probabilities,
        targets=tuple(
            Target(
                id=int(ids[at]),
                count=int(times[at]),
                probability=float(probabilities[ids[at]]),
                nats=float(-np.log(probabilities[ids[at]])),
            )
            for at in often
        ),
    )
