"""How usual a text is for the labels that a classifier knows: for "none of these".

A classifier's probabilities only weigh its labels against each other: a text in a language that it never saw gets one
of those it knows, often a sure one. So for each label the nats of a text are compared with what texts of that label
and length cost models that had not seen them, in standard deviations; a text is as odd as it is to the label that it
suits best. Its typicality is the share of texts held out that are at least as odd (a conformal p-value, Vovk et al.
2005): whoever says "none of these" below 0.01 turns away 1 in 100 texts that have one of the labels, and as many more
of the others as the labels' models can tell.

Letters: n texts, C labels, R ranges of lengths, K points of a curve.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nextchar.core.outlier_threshold import MOST_NATS, OutlierThreshold
from nextchar.data.display import one_line
from nextchar.tasks.outliers import length_buckets, usual_of

__all__ = ["Typicality"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
POINTS: Final = 256  # of a curve
RANGE: Final = 2_000  # texts that a range of lengths has, at least; 1 in 1,000 of them is still told
MOST: Final = 1e12  # of a number in a file: what is more was not measured
LABEL: Final = 30  # texts below which a label's own mean and variance say little
_NAMES: Final = ("usual", "last", "odd", "share", "texts", "novel")


@dataclass(frozen=True, eq=False)
class Typicality:
    """What is usual for each label, and how odd texts held out were.

    Attributes:
        usual: (C, 5) nats of a label's texts by their symbols, as `core.outlier_threshold` has them: mean (2) and
            variance (3).
        last: (R,) the most symbols of each range of lengths; beyond the last the last one serves.
        odd: (R, K) points of the curve of each range: oddness, increasing.
        share: (R, K) the share of texts held out that are odder, falling.
        texts: (R,) how many texts each curve is from.
        novel: (1,) the nats of a character that no label knows, from how many there were in the texts held out.
    """

    usual: F64
    last: I64
    odd: F64
    share: F64
    texts: I64
    novel: F64

    __repr__ = one_line

    @classmethod
    def of(cls, nats: F64, strange: I64, symbols: I64, targets: npt.NDArray[np.intp]) -> Typicality:
        """From texts held out.

        Args:
            nats: (n, C) what each costs each label's models, without its characters that no label knows.
            strange: (n,) how many of these it has.
            symbols: (n,) its characters and one boundary.
            targets: (n,) its true label.
        """
        C = nats.shape[1]
        novel = np.log([(int(symbols.sum()) + 1) / (int(strange.sum()) + 0.5)])
        nats = nats + strange[:, None] * novel
        true = nats[np.arange(len(nats)), targets]
        every = _five(usual_of(true, symbols))
        usual = np.array(
            [
                _five(usual_of(true[targets == c], symbols[targets == c])) if (targets == c).sum() >= LABEL else every
                for c in range(C)
            ]
        )
        oddness = _oddness(usual, nats, symbols)
        ranges = length_buckets(symbols, max(1, min(len(symbols) // RANGE, 5)))
        odd, share = np.empty((len(ranges), POINTS)), np.empty((len(ranges), POINTS))
        texts = np.empty(len(ranges), dtype=np.int64)
        for r, (first, last) in enumerate(ranges):
            here = np.sort(oddness[(symbols >= first) & (symbols <= last)])
            n = texts[r] = len(here)
            rank = np.geomspace(n, 1, POINTS).round().astype(np.int64)  # 1 is the oddest
            odd[r], share[r] = here[n - rank], rank / (n + 1)
        return cls(usual, np.array([last for _, last in ranges]), odd, share, texts, novel)

    @property
    def least_rate(self) -> float:
        """Below this share of false alarms nothing can be told: there were too few texts."""
        return 1 / (int(self.texts.min()) + 1)

    def typicality(self, nats: F64, strange: I64, symbols: I64) -> F64:
        """The share of texts held out that are at least as odd, (n,), from what `of` has too."""
        oddness = _oddness(self.usual, nats + strange[:, None] * self.novel, symbols)
        which = np.minimum(np.searchsorted(self.last, symbols), len(self.last) - 1)
        found = np.empty(len(oddness))
        for r in range(len(self.last)):
            at = which == r
            found[at] = np.interp(oddness[at], self.odd[r], self.share[r])
        return found

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """As a file has it."""
        return {f"typicality/{name}": getattr(self, name) for name in _NAMES}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]], C: int) -> Typicality | None:
        """What `arrays` came from; None for a file that has none.

        Raises:
            ValueError: the arrays do not fit each other.
        """
        given = {name: arrays[f"typicality/{name}"] for name in _NAMES if f"typicality/{name}" in arrays}
        if not given:
            return None
        R = len(given.get("last", ()))
        shapes = {"usual": (C, 5), "last": (R,), "odd": (R, POINTS), "share": (R, POINTS), "texts": (R,), "novel": (1,)}
        for name, shape in shapes.items():
            dtype = np.int64 if name in ("last", "texts") else np.float64
            if not R or given[name].shape != shape or given[name].dtype != dtype or not (abs(given[name]) < MOST).all():
                raise ValueError(f"its {name} of typicality have a wrong size or type")
        rising = (np.diff(given["odd"], axis=1) >= 0).all() and (np.diff(given["last"]) > 0).all()
        within = (given["texts"] > 0).all() and ((given["share"] > 0) & (given["share"] < 1)).all()
        if not (rising and within and (given["usual"][:, 4] > 0).all()):
            raise ValueError("its typicality is none")
        return cls(**given)


def _five(usual: OutlierThreshold) -> list[float]:
    return [*usual.mean, *usual.variance]


def _oddness(usual: F64, nats: F64, symbols: I64) -> F64:
    """Standard deviations above what is usual for the label that a text suits best, (n,)."""
    mean = usual[:, 0] + usual[:, 1] * symbols[:, None]
    variance = np.maximum(usual[:, 2] + usual[:, 3] * symbols[:, None], usual[:, 4])
    odd: F64 = ((np.minimum(nats, MOST_NATS) - mean) / np.sqrt(variance)).min(axis=1)
    return odd
