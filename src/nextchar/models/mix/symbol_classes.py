"""Classes of symbols, learned from which follows which: coarse ones and fine ones.

The two coarse ones come out as vowels and consonants in most languages; the fine ones hold symbols that stand for each
other, as "i" and "y". Every symbol is tried in every class, again and again, until no move makes the bigrams of classes
more telling (their mutual information grows with each move, so it ends). The boundary is a class of its own.

Source: exchange clustering as in Kneser and Ney (1993), "Improved clustering techniques for class-based statistical
language modelling".

Letters: V size of the alphabet, P distinct bigrams, N classes.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar._kernels.mix.sizes import FINE
from nextchar.models.ngram.counts import Counts

__all__ = ["clusters", "symbol_classes"]

F64 = npt.NDArray[np.float64]
_SWEEPS: Final = 20
_COARSE_CLASSES: Final = 2
_FINE_CLASSES: Final = 12
_FINE_SYMBOLS: Final = 100  # the most frequent ones are tried in every fine class, the others stay in the first


def symbol_classes(bigrams: Counts) -> npt.NDArray[np.int64]:
    """Both classes of each symbol as one number, (V,): coarse + fine * 2^FINE."""
    coarse = clusters(bigrams, _COARSE_CLASSES, bigrams.alphabet.size)
    return coarse | clusters(bigrams, _FINE_CLASSES, _FINE_SYMBOLS) << FINE


def clusters(bigrams: Counts, N: int, most: int) -> npt.NDArray[np.int64]:
    """The class of each symbol, (V,): 0 for the boundary, 1 to N for the others.

    Args:
        bigrams: of the training data.
        N: how many classes beside the boundary's.
        most: so many symbols, the most frequent ones, are put into classes; the others are all in class 1.
    """
    V = bigrams.alphabet.size
    first, second = bigrams.ngrams.T.astype(np.intp)
    counts = bigrams.counts.astype(np.float64)
    often = np.bincount(first, counts, minlength=V)
    order = (np.argsort(-often[1:], kind="stable") + 1)[:most]
    classes = np.ones(V, dtype=np.int64)
    classes[0] = 0
    classes[order] = 1 + np.arange(len(order)) % N
    after = _grouped(first, second, counts, V)
    before = _grouped(second, first, counts, V)
    table = np.zeros((N + 1, N + 1))
    np.add.at(table, (classes[first], classes[second]), counts)
    best = _information(table)
    for _ in range(_SWEEPS):
        moved = False
        for v in order:
            for new in range(1, N + 1):
                if new == classes[v]:
                    continue
                trial = _moved(table, int(v), new, classes, after[v], before[v])
                value = _information(trial)
                if value > best + 1e-9 * abs(best):
                    table, best, moved = trial, value, True
                    classes[v] = new
        if not moved:
            break
    return classes


def _grouped(
    own: npt.NDArray[np.intp], other: npt.NDArray[np.intp], counts: F64, V: int
) -> list[tuple[npt.NDArray[np.intp], F64]]:
    """For each symbol its neighbours on one side and how often they are."""
    order = np.argsort(own, kind="stable")
    cuts = np.searchsorted(own[order], np.arange(1, V))
    return list(zip(np.split(other[order], cuts), np.split(counts[order], cuts), strict=True))


def _moved(
    table: F64,
    v: int,
    new: int,
    classes: npt.NDArray[np.int64],
    after: tuple[npt.NDArray[np.intp], F64],
    before: tuple[npt.NDArray[np.intp], F64],
) -> F64:
    """The counts of class bigrams if symbol v moved to a new class."""
    old = classes[v]
    trial = table.copy()
    for (others, counts), axis in ((after, 0), (before, 1)):
        keep = others != v
        share = np.bincount(classes[others[keep]], counts[keep], minlength=len(table))
        rows = trial if axis == 0 else trial.T
        rows[old] -= share
        rows[new] += share
    twice = float(after[1][after[0] == v].sum())
    trial[old, old] -= twice
    trial[new, new] += twice
    return trial


def _information(table: F64) -> float:
    """The mutual information of neighbours' classes, times the number of bigrams."""

    def xlogx(x: F64) -> float:
        return float((x * np.log(np.where(x > 0, x, 1))).sum())

    return xlogx(table) - xlogx(table.sum(axis=1)) - xlogx(table.sum(axis=0))
