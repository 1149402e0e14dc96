"""How many items are at least as probable as this one: its rank, the guess number of password work.

Whoever guesses items in the order of their probabilities comes to this one after so many guesses. Where a model can
list its most probable items, they are counted. Beyond that the rank is estimated from items that the model has drawn:
an item b is drawn with probability q(b), so that 1 / q(b), summed over the drawn ones that are at least as probable
as an item and divided by how many were drawn, is on average the number of all that are.

Source: Dell'Amico and Filippone, "Monte Carlo strength evaluation" (2015).

Letters: n items drawn, k items to rank, K items counted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.data.display import line_of, shortened

__all__ = ["Rank", "Ranking", "Ranks"]

F64 = npt.NDArray[np.float64]
MostProbable = Callable[[float], F64 | None]
STEP: Final = 0.5  # nats
ERRORS: Final = 1.96  # standard errors to each side: 95% of a normal distribution
EQUAL: Final = 1e-9  # nats, relative: what differs by less is equally probable, but for rounding


@dataclass(frozen=True)
class Rank:
    """How many items are at least as probable as this one, itself counted.

    Attributes:
        item: the text.
        rank: how many; estimated where it is not exact, infinite where the model holds the item impossible.
        low: the lower end of a 95% interval; the rank itself where it is exact.
        high: its upper end, infinite where no item was drawn that is rarer.
        exact: whether they were counted.
    """

    item: str
    rank: float
    low: float
    high: float
    exact: bool

    def __repr__(self) -> str:
        between = "exact" if self.exact else f"{self.low:,.0f} to {self.high:,.0f}"
        return line_of(self, shortened(repr(self.item[:61])), f"{self.rank:,.0f}", between)


@dataclass(frozen=True)
class Ranks:
    """The ranks of k items.

    Attributes:
        rank: (k,)
        low: (k,)
        high: (k,)
        exact: (k,)
    """

    rank: F64
    low: F64
    high: F64
    exact: npt.NDArray[np.bool_]

    def take(self, chosen: npt.NDArray[np.intp]) -> Ranks:
        """Some of them."""
        return Ranks(self.rank[chosen], self.low[chosen], self.high[chosen], self.exact[chosen])

    @classmethod
    def concatenate(cls, parts: Sequence[Ranks]) -> Ranks:
        """All of them, at least one part."""
        names = ("rank", "low", "high", "exact")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


@dataclass(eq=False)
class Ranking:
    """What ranks of a model's items are read off.

    Args:
        draws: (n,) -log p of items that were drawn, nats.
        log_mass: log of the probability that an item is one that can be drawn: an item is drawn with p over this.
        most_probable: the -log p of all items that have at most so many nats, in any order; None where there are too
            many of them to be listed, or the model cannot list them.
    """

    draws: F64
    log_mass: float
    most_probable: MostProbable
    _counted: F64 = field(default_factory=lambda: np.empty(0))  # sorted
    _until: float = -np.inf  # all items up to here are counted
    _too_many: bool = False  # up to the next step

    def __post_init__(self) -> None:
        self.draws = np.sort(self.draws)

    def of(self, nats: F64) -> Ranks:
        """The ranks of items from their -log p, (k,) nats."""
        limits = nats + EQUAL * np.maximum(nats, 1.0)
        self._count(float(limits[np.isfinite(limits)].max(initial=-np.inf)))
        exact = limits <= self._until
        rank = np.searchsorted(self._counted, limits, side="right").astype(np.float64)
        estimate, error, beyond = self._estimate(limits)
        whole = np.maximum(len(self._counted) + estimate, 1.0)
        with np.errstate(invalid="ignore"):  # of ranks that no number holds the error is none either
            low = np.fmax(whole - ERRORS * error, len(self._counted) + 1.0)
        high = whole + ERRORS * error
        high = np.where(beyond, np.inf, high)  # how many items are rarer than all draws, draws do not tell
        never = np.isinf(nats)
        return Ranks(
            rank=np.where(never, np.inf, np.where(exact, rank, whole)),
            low=np.where(never, np.inf, np.where(exact, rank, np.minimum(low, whole))),
            high=np.where(never, np.inf, np.where(exact, rank, high)),
            exact=exact | never,
        )

    def _count(self, limit: float) -> None:
        """List the most probable items, a step of nats at a time, up to the limit or as far as that can be done.

        The steps do not depend on the items to rank, so that an item's rank does not depend on those beside it.
        """
        while self._until < limit and not self._too_many:
            begin = float(self.draws[0]) if len(self.draws) else 0.0
            step = (math.floor(begin / STEP) if self._until == -np.inf else round(self._until / STEP)) + 1
            found = self.most_probable(step * STEP)
            if found is None:
                self._too_many = True
            else:
                self._counted, self._until = np.sort(found), step * STEP

    def _estimate(self, limits: F64) -> tuple[F64, F64, npt.NDArray[np.bool_]]:
        """How many lie beyond those counted and up to each limit, its standard error, where no draw is rarer."""
        n = len(self.draws)
        beyond = self.draws[np.searchsorted(self.draws, self._until, side="right") :] if n else self.draws
        with np.errstate(over="ignore", invalid="ignore"):
            weights = np.exp(beyond + self.log_mass)  # 1 / q
            sums = np.concatenate([[0.0], np.cumsum(weights)])
            squares = np.concatenate([[0.0], np.cumsum(weights**2)])
            upto = np.searchsorted(beyond, limits, side="right")
            mean = sums[upto] / max(n, 1)
            error = np.sqrt(np.maximum(squares[upto] / max(n, 1) - mean**2, 0.0) / max(n, 1))
        return mean, np.nan_to_num(error, nan=np.inf), upto == len(beyond)
