"""The hierarchical Pitman-Yor model: smoothing as Bayesian inference, with interpolated Kneser-Ney as a special case.

Picture each context as a restaurant and each occurrence of a symbol in it as a customer who takes a table; all at one
table eat the same dish, the symbol. A customer joins a table in proportion to those who sit there less a discount d,
or opens a new one in proportion to theta + d (tables); what is served there comes from the restaurant of the context
without its oldest symbol, where that counts as one more customer. With c customers at t tables for symbol w,

    p(w | s) = (c - d t) / (theta + C) + (theta + d T) / (theta + C) p(w | link(s))

C and T being the sums over all symbols. With theta = 0 and one table for each symbol this is Kneser and Ney's formula.
Who sits where is not known. Gibbs sampling seats every customer anew, sweep by sweep; d and theta of each depth are
drawn from their posterior after each sweep (slice sampling), under the priors d ~ Uniform(0, 1), theta ~ Exp(1). The
model is the mean over the sweeps of the second half.

Source: Teh, "A hierarchical Bayesian language model based on Pitman-Yor processes", ACL 2006; slice sampling: Neal,
"Slice sampling", Annals of Statistics 2003.

Letters: S states (restaurants), E entries (a dish in a restaurant), n order, V size of the alphabet (see `trie`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nextchar.core.metrics import INTERRUPTED, SmoothingParameters
from nextchar.core.progress import Progress, ProgressReport
from nextchar.errors import SettingsError
from nextchar.models.ngram.smoothing import Smoothed
from nextchar.models.ngram.trie import NgramTrie

__all__ = ["MOST_CUSTOMERS", "pitman_yor"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

MOST_CUSTOMERS: Final = 20_000_000  # a sweep moves each of them


def pitman_yor(trie: NgramTrie, *, sweeps: int, seed: int, progress: Progress | None = None) -> Smoothed:
    """Infer the seating and return the mean model.

    Ctrl-C ends the sampling early; the mean is then over the second half of the sweeps that were done.

    Args:
        trie: the counts; items of weight w count as w customers.
        sweeps: how often every customer is seated anew, at least 2.
        seed: of the sampling.
        progress: is told every sweep.

    Raises:
        SettingsError: more than 20 million symbols.
    """
    customers = int(trie.raw[trie.spread(trie.whole)].sum())
    if customers > MOST_CUSTOMERS:
        raise SettingsError(
            f"pitman-yor seats every symbol of the data again and again; {customers:,} are too many for it (limit "
            f"{MOST_CUSTOMERS:,}): take the smoothing modified-kneser-ney, or less data or smaller weights",
            argument="smoothing",
        )
    restaurants = _Restaurants.of(trie, seed)
    history: list[tuple[F64, F64]] = []
    means = _RunningMean(trie)
    notes: tuple[str, ...] = ()
    try:
        for number in range(1, sweeps + 1):
            restaurants.sweep()
            history.append((restaurants.discount.copy(), restaurants.concentration.copy()))
            if number == sweeps // 2:
                means = _RunningMean(trie)  # what came before was on the way to the posterior
            means.add(restaurants)
            if progress is not None:
                progress(ProgressReport(number / sweeps, f"sweep {number}"))
    except KeyboardInterrupt:
        if not means.count:
            raise
        notes = (f"{INTERRUPTED} {len(history)} of {sweeps} sweeps",)
    late = history[len(history) // 2 :]
    return Smoothed(
        means.own / means.count,
        means.rest / means.count,
        SmoothingParameters(
            discounts=tuple((float(d),) for d in np.mean([d for d, _ in late], axis=0)),
            concentrations=tuple(np.mean([theta for _, theta in late], axis=0).tolist()),
            sweeps=len(history),
        ),
        notes,
    )


class _RunningMean:
    """The sums of `own` and `rest` over seatings."""

    def __init__(self, trie: NgramTrie) -> None:
        self.own = np.zeros(len(trie.symbols))
        self.rest = np.zeros(trie.size)
        self.count = 0

    def add(self, restaurants: _Restaurants) -> None:
        own, rest = restaurants.shares()
        self.own += own
        self.rest += rest
        self.count += 1


@dataclass(eq=False)
class _Restaurants:
    """Who sits where.

    Attributes:
        trie: the counts.
        leaves: the entries that customers come to from the street: those of whole contexts.
        room: (E,) where the tables of each entry begin in `sizes`.
        customers: (E,) at all tables of the dish.
        tables: (E,) with the dish.
        all_customers: (S,).
        all_tables: (S,).
        sizes: customers at each table.
        discount: (n,) d by depth.
        concentration: (n,) theta by depth.
        random: (1,) the state of the compiled generator.
        rng: for d and theta.
    """

    trie: NgramTrie
    leaves: I64
    room: I64
    customers: I64
    tables: I64
    all_customers: I64
    all_tables: I64
    sizes: npt.NDArray[np.int32]
    discount: F64
    concentration: F64
    random: npt.NDArray[np.uint64]
    rng: np.random.Generator

    @classmethod
    def of(cls, trie: NgramTrie, seed: int) -> _Restaurants:
        """All customers come in for the first time."""
        rng = np.random.default_rng(seed)
        ends = np.cumsum(trie.raw, dtype=np.int64)
        self = cls(
            trie=trie,
            leaves=np.flatnonzero(trie.spread(trie.whole)),
            room=ends - trie.raw,
            customers=np.zeros(len(trie.raw), dtype=np.int64),
            tables=np.zeros(len(trie.raw), dtype=np.int64),
            all_customers=np.zeros(trie.size, dtype=np.int64),
            all_tables=np.zeros(trie.size, dtype=np.int64),
            sizes=np.zeros(int(ends[-1]), dtype=np.int32),
            discount=np.full(trie.order, 0.7),
            concentration=np.full(trie.order, 0.5),
            random=rng.integers(1 << 63, size=1, dtype=np.uint64),
            rng=rng,
        )
        self._seat(again=False)
        return self

    def sweep(self) -> None:
        """Seat every customer again, then draw d and theta."""
        self._seat(again=True)
        for depth, entries in enumerate(self.trie.layers):
            if entries.start < entries.stop:  # no context is so long where the order exceeds all items
                self._draw_parameters(depth)

    def _seat(self, *, again: bool) -> None:
        from nextchar._kernels import pitman_yor as seating

        depth = self.trie.depth
        seating.seat_all(
            again, self.leaves, self.trie.raw, self.trie.owner, self.trie.below, self.room,
            self.discount[depth], self.concentration[depth], 1.0 / self.trie.alphabet.size,
            self.customers, self.tables, self.all_customers, self.all_tables, self.sizes, self.random, self.trie.order,
        )  # fmt: skip

    def shares(self) -> tuple[F64, F64]:
        """`own` (E,) and `rest` (S,) of this seating."""
        trie = self.trie
        d, theta = self.discount[trie.depth], self.concentration[trie.depth]
        total = theta + self.all_customers
        own = (self.customers - d[trie.owner] * self.tables) / total[trie.owner]
        return own, (theta + d * self.all_tables) / total

    def _draw_parameters(self, depth: int) -> None:
        """Draw d and theta of one depth given the seating, each by slice sampling on a line without bounds."""
        trie = self.trie
        states = slice(trie.depths[depth], trie.depths[depth + 1])
        entries = trie.layers[depth]
        if entries.start == entries.stop:  # no item is so long
            return
        begin, end = (int(self.room[entries][0]), int(self.room[entries][-1] + trie.raw[entries][-1]))
        sizes = self.sizes[begin:end]
        # Of the log-likelihood's terms only the distinct ones are computed.
        tables = np.unique(self.all_tables[states], return_counts=True)
        customers = np.unique(self.all_customers[states], return_counts=True)
        seats = np.unique(sizes[sizes > 1], return_counts=True)
        many = int(np.count_nonzero(sizes > 1))

        def log_posterior(logit: float, log_theta: float) -> float:
            d, theta = 1.0 / (1.0 + math.exp(-logit)), math.exp(log_theta)
            return float(
                tables[1] @ ((tables[0] - 1) * math.log(d) + _lgamma(theta / d + tables[0]))
                - tables[1].sum() * math.lgamma(theta / d + 1)
                - customers[1] @ _lgamma(theta + customers[0])
                + customers[1].sum() * math.lgamma(theta + 1)
                + seats[1] @ _lgamma(seats[0] - d)
                - many * math.lgamma(1 - d)
                # the priors, and the derivatives of d by its logit and theta by its logarithm
                + math.log(d) + math.log1p(-d) - theta + log_theta
            )  # fmt: skip

        d, theta = float(self.discount[depth]), float(self.concentration[depth])
        logit, log_theta = math.log(d / (1 - d)), math.log(theta)
        logit = _slice(lambda x: log_posterior(x, log_theta), logit, self.rng)
        log_theta = _slice(lambda x: log_posterior(logit, x), log_theta, self.rng)
        self.discount[depth] = 1.0 / (1.0 + math.exp(-logit))
        self.concentration[depth] = math.exp(log_theta)


def _lgamma(values: npt.NDArray[Any]) -> F64:
    return np.array([math.lgamma(value) for value in values.tolist()])


def _slice(log_density: Callable[[float], float], x: float, rng: np.random.Generator) -> float:
    """A draw that leaves the density as it is, from a step of slice sampling; x stays within -10 to 10."""
    level = log_density(x) - rng.exponential()
    width = 0.5
    low = x - width * rng.random()
    high = low + width
    while low > -10 and log_density(low) > level:
        low -= width
    while high < 10 and log_density(high) > level:
        high += width
    low, high = max(low, -10.0), min(high, 10.0)
    while True:
        drawn = low + (high - low) * rng.random()
        if log_density(drawn) > level:
            return drawn
        if drawn < x:
            low = drawn
        else:
            high = drawn
