"""Counting and the bigram net are the same model; this report shows what of that holds exactly and what nearly.

Exactly: without L2 the net's optimum is the count model; W = 0 is the uniform model, as is an infinite add-k; and two
models with the same rows draw the same items from the same stream. Nearly: gradient descent stops short of the
optimum, and L2 pulls towards the uniform model along another path than added counts do. How near, the smoothing map
measures: for each k, the l2 whose optimum lies closest to add-k, in Kullback-Leibler divergence.

Letters: V size of the alphabet, P rows of probabilities (V, V), T bigrams in all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton_model import AutomatonModel, rows_of
from nextchar.core.numerics import least
from nextchar.models.neural.bigram.model import LECTURE_SEED, BigramNet, BigramNetModel
from nextchar.models.ngram.counts import Counts
from nextchar.models.ngram.model import Ngram, NgramModel

__all__ = [
    "MAP_GRID",
    "ComparedModel",
    "Equivalence",
    "MapEntry",
    "SideBySide",
    "closest_l2",
    "divergence",
    "equivalence_report",
    "largest_difference",
    "map_entries",
    "side_by_side",
]

F64 = npt.NDArray[np.float64]

MAP_GRID: Final = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 10000.0)
LONGEST_SAMPLE: Final = 100  # characters
_LOG_L2_RANGE: Final = (-9.0, 4.0)  # powers of ten between which the closest l2 is looked for


@dataclass(frozen=True, kw_only=True)
class ComparedModel:
    """One of the models that are compared.

    Attributes:
        name: what it is, for people.
        loss: nats per symbol on the training data.
        largest_difference: the largest difference of a probability from the unsmoothed count model's.
        samples: drawn by the stream torch1 with the lecture's seed.
    """

    name: str
    loss: float
    largest_difference: float
    samples: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class MapEntry:
    """A point of the smoothing map.

    Attributes:
        add: k.
        l2: whose optimum lies closest to add-k.
        divergence: KL(add-k || net), nats per symbol.
        add_loss: of add-k on the training data, nats per symbol.
        net_loss: of the net.
    """

    add: float
    l2: float
    divergence: float
    add_loss: float
    net_loss: float


@dataclass(frozen=True, kw_only=True)
class Equivalence:
    """The whole report.

    Attributes:
        models: count models and nets side by side; the unsmoothed count model first.
        map: from add-k to l2.
        exact: what holds exactly, each with the figure that shows it.
        approximate: what holds nearly, each with the figure that shows how nearly.
    """

    models: tuple[ComparedModel, ...]
    map: tuple[MapEntry, ...]
    exact: tuple[str, ...]
    approximate: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """As the JSON of the command line has it."""
        return {
            "models": [dict(vars(entry)) for entry in self.models],
            "map": [dict(vars(entry)) for entry in self.map],
            "exact": list(self.exact),
            "approximate": list(self.approximate),
        }


def divergence(P: F64, Q: F64, counts: Counts) -> float:
    """KL(P || Q) of rows, each weighted by how often its first symbol occurs, nats per symbol."""
    share = counts.table().sum(axis=1) / counts.total
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(P > 0, P * (np.log(P) - np.log(Q)), 0.0)
    return float(share @ terms.sum(axis=1))


def closest_l2(counts: Counts, add: float) -> tuple[float, BigramNetModel]:
    """The l2 whose optimum lies closest to add-k, and the net of it."""
    P = rows_of(Ngram(order=2, add=add).from_counts(counts))

    def distance(log_l2: float) -> float:
        return divergence(P, rows_of(BigramNet(l2=10**log_l2).from_counts(counts)), counts)

    l2 = 10 ** least(distance, *_LOG_L2_RANGE)
    return l2, BigramNet(l2=l2).from_counts(counts)


def largest_difference(P: F64, Q: F64) -> float:
    """The largest difference of a probability between two tables (V, V)."""
    return float(np.abs(P - Q).max())


def map_entries(counts: Counts, grid: Sequence[float] = MAP_GRID) -> Iterator[MapEntry]:
    """For each k the l2 whose optimum lies closest to add-k, one after the other, as each takes its time.

    Raises:
        MissingExtraError: torch is not installed.
    """
    for add in grid:
        smoothed = Ngram(order=2, add=add).from_counts(counts)
        l2, net = closest_l2(counts, add)
        yield MapEntry(
            add=add,
            l2=l2,
            divergence=divergence(rows_of(smoothed), rows_of(net), counts),
            add_loss=smoothed.nats_of_counts() / counts.total,
            net_loss=net.training_nats() / counts.total,
        )


@dataclass(frozen=True, kw_only=True)
class SideBySide:
    """A count model beside a net.

    Attributes:
        counted: rows of the count model, (V, V).
        net: rows of the net, (V, V).
        largest_difference: of a probability.
        divergence: KL(counted || net), nats per symbol.
        net_loss: of the net on the training data, nats per symbol.
        samples: items of both from the same random numbers, (count model, net).
    """

    counted: F64
    net: F64
    largest_difference: float
    divergence: float
    net_loss: float
    samples: tuple[tuple[str, str], ...]


def side_by_side(
    counted: AutomatonModel, net: BigramNetModel, counts: Counts, *, samples: int, seed: int = LECTURE_SEED
) -> SideBySide:
    """Compare two models of the same bigrams.

    Args:
        counted: the count model.
        net: the net.
        counts: what both were trained on.
        samples: how many items to draw from each, by the stream torch1.
        seed: of both.
    """
    P, Q = rows_of(counted), rows_of(net)

    def items(model: AutomatonModel) -> list[str]:
        return model.sample(samples, seed=seed, stream="torch1", max_length=LONGEST_SAMPLE)

    return SideBySide(
        counted=P,
        net=Q,
        largest_difference=largest_difference(P, Q),
        divergence=divergence(P, Q, counts),
        net_loss=net.training_nats() / counts.total,
        samples=tuple(zip(items(counted), items(net), strict=False)),
    )


def equivalence_report(counts: Counts, *, samples: int = 5, grid: Sequence[float] = MAP_GRID) -> Equivalence:
    """Compare counting with the net on bigram counts.

    Args:
        counts: of order 2.
        samples: how many items to draw from each model.
        grid: the values of k in the smoothing map.

    Raises:
        SettingsError: counts of another order.
        MissingExtraError: torch is not installed.
    """
    counted = Ngram(order=2, add=0).from_counts(counts)
    lecture = BigramNet(solver="gd", l2=0.01, steps=100, learning_rate=50).from_counts(counts)
    optimum = BigramNet(l2=0).from_counts(counts)
    P = rows_of(counted)

    def compared(name: str, model: NgramModel | BigramNetModel) -> ComparedModel:
        return ComparedModel(
            name=name,
            loss=model.nats_of_counts() / counts.total,
            largest_difference=largest_difference(rows_of(model), P),
            samples=tuple(model.sample(samples, seed=LECTURE_SEED, stream="torch1", max_length=LONGEST_SAMPLE)),
        )

    models = (
        compared("counts", counted),
        compared("counts, add 1", Ngram(order=2, add=1).from_counts(counts)),
        compared("net, 100 steps at rate 50, l2 0.01", lecture),
        compared("net, optimum, l2 0.01", BigramNet(l2=0.01).from_counts(counts)),
        compared("net, optimum, l2 0", optimum),
    )
    entries = tuple(map_entries(counts, grid))
    return Equivalence(
        models=models,
        map=entries,
        exact=_exact(counts, models),
        approximate=_approximate(models, entries),
    )


def _exact(counts: Counts, models: Sequence[ComparedModel]) -> tuple[str, ...]:
    counted, optimum = models[0], models[-1]
    uniform = math.log(counts.alphabet.size)
    stiff = BigramNet(l2=1e9).from_counts(counts).training_nats() / counts.total
    flat = Ngram(order=2, add=1e12).from_counts(counts).nats_of_counts() / counts.total
    return (
        "Without L2 the net's optimum is the count model: the largest difference of a probability is "
        f"{optimum.largest_difference:.1e}, of the loss {abs(optimum.loss - counted.loss):.1e}.",
        f"The two ends meet in the uniform model, ln {counts.alphabet.size} = {uniform:.4f}: "
        f"with add 10^12 the loss is {flat:.4f}, with l2 10^9 {stiff:.4f}.",
        "The same rows draw the same items: the optimum without L2 repeats "
        f"{_agreement(optimum.samples, counted.samples)} of the count model's items.",
    )


def _approximate(models: Sequence[ComparedModel], entries: Sequence[MapEntry]) -> tuple[str, ...]:
    counted, descended = models[0], models[2]
    worst = max(entries, key=lambda entry: entry.divergence)
    return (
        f"100 steps of gradient descent end at {descended.loss:.4f}, not at {counted.loss:.4f}; a probability is "
        f"off by up to {descended.largest_difference:.4f}, and "
        f"{_agreement(descended.samples, counted.samples)} items are the same.",
        "L2 is no add-k: even the closest l2 differs, at most by "
        f"{worst.divergence:.4f} nats per symbol (k = {worst.add:g}, l2 = {worst.l2:.3g}).",
    )


def _agreement(a: Sequence[str], b: Sequence[str]) -> str:
    return f"{sum(x == y for x, y in zip(a, b, strict=False))} of {len(b)}"
