"""The bigram as a neural net: one linear layer that learns what counting knows.

    p(second | first) = softmax(W[first]),  loss = mean NLL + l2 x mean(W^2)

For the full batch the data enters the loss only through the bigram counts N, so a step of gradient descent needs V^2
numbers instead of V for every bigram of the data; the path is the same. And as the loss is convex, with one softmax
regression for each row, Newton's method finds the optimum itself in a few steps.

Solvers:
    lecture: the documents' literal steps (see `lecture`).
    gd: the same path from N alone, with W in float32 as torch has it.
    newton: the optimum, to 1e-9 nats. Without L2 it is known in closed form: the counts' own probabilities; where a
        bigram never occurs its weight would be minus infinity, and a large negative number stands for it.

Source: Karpathy, "The spelled-out intro to language modeling: building makemore"; for Newton's method with a
backtracking line search, Boyd and Vandenberghe, Convex Optimization, section 9.5.

Letters: V size of the alphabet, T bigrams in all.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Final, Literal, final

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton import Automaton
from nextchar.automata.automaton_model import AutomatonModel
from nextchar.core.metrics import INTERRUPTED, Metrics
from nextchar.core.model import SavedModel
from nextchar.core.numerics import normalised
from nextchar.core.settings import LARGEST_SEED, check, setting
from nextchar.data.alphabet import Alphabet
from nextchar.data.arguments import need_function
from nextchar.data.corpus import Corpus
from nextchar.data.display import one_line, thousands
from nextchar.data.provenance import Provenance
from nextchar.errors import ModelFileError, SettingsError
from nextchar.extras import need_torch
from nextchar.models.neural.bigram.solvers import (
    F64,
    NEWTON_STEPS,
    DivergenceCheck,
    Floats,
    TrainingStep,
    descent,
    newton,
)
from nextchar.models.ngram.count_settings import CountSpec
from nextchar.models.ngram.counts import Counts, count

__all__ = ["LECTURE_SEED", "BigramNet", "BigramNetModel", "one_hot"]

Solver = Literal["newton", "gd", "lecture"]
Init = Literal["randn", "zeros"]

_STEPWISE: Final = ("solver", ("gd", "lecture"))
LECTURE_SEED = 2147483647
LEAST_L2: Final = 1e-20  # above 0
LECTURE_CELLS = 500_000_000  # one-hot numbers of a step of the solver `lecture`: 2 GB
LOGGED_STEPS = 1000


@dataclass(frozen=True, kw_only=True)
class BigramNet(CountSpec):
    """The settings of a bigram net: one linear layer that learns what counting knows.

    Attributes:
        solver: newton (the optimum), gd, or lecture.
        l2: weight of mean(W^2) in the loss; at least 0.
        steps: updates of gd and lecture.
        learning_rate: of gd and lecture.
        init: where gd and lecture start: randn (torch's generator) or zeros.
        seed: of randn.

    Raises:
        SettingsError: a setting is out of its range.

    Examples:
        >>> import nextchar
        >>> corpus = nextchar.Corpus.from_items(["ab", "ab", "b"])
        >>> net = nextchar.BigramNet(l2=0).fit(corpus)  # without L2 its optimum is the counts' own probabilities
        >>> round(net.evaluate(corpus).nats_per_symbol, 4)
        0.2387
    """

    order: ClassVar[int] = 2
    counts_suffice: ClassVar[bool] = True
    solver: Solver = setting("newton", help="How to find the weights: the optimum, or step by step.", option="solver")
    l2: float = setting(
        0.01, help="Weight of mean(W^2) in the loss.", at_least=0, at_most=1e100, option="l2", metavar="X"
    )
    steps: int = setting(
        100, help="Updates of gd and lecture.", at_least=1, option="steps", metavar="N", goes_with=_STEPWISE
    )
    learning_rate: float = setting(
        50.0, help="Of gd and lecture.", above=0, option="learning-rate", metavar="X", goes_with=_STEPWISE
    )
    init: Init = setting("randn", help="Where gd and lecture start.", option="init", goes_with=_STEPWISE)
    seed: int = setting(
        LECTURE_SEED,
        help="Of randn.",
        at_least=0,
        at_most=LARGEST_SEED,
        option="init-seed",
        metavar="S",
        goes_with=_STEPWISE,
    )

    __repr__ = one_line

    def __post_init__(self) -> None:
        check(self)
        if 0 < self.l2 < LEAST_L2:
            raise SettingsError(
                f"l2 is 0 or at least {LEAST_L2:g}, not {self.l2:g}: less is lost in rounding, beside the loss"
            )

    @property
    def summary(self) -> str:
        """The settings that matter, for people."""
        rest = "" if self.solver == "newton" else f", {thousands(self.steps, 'step')} at rate {self.learning_rate:g}"
        return f"{self.solver}, l2 {self.l2:g}{rest}"

    def fit(
        self,
        data: Corpus | Iterable[str],
        *,
        validation: Corpus | Iterable[str] | None = None,  # noqa: ARG002 - a spec's interface
        progress: Callable[[TrainingStep], None] | None = None,
    ) -> BigramNetModel:
        """Train on a corpus, or on items from memory; see `from_counts`."""
        data = Corpus.of(data)
        return self.from_counts(count(data, 2), Provenance.of(data), progress=progress)

    def from_counts(
        self,
        counts: Counts,
        provenance: Provenance | None = None,
        *,
        progress: Callable[[TrainingStep], None] | None = None,
    ) -> BigramNetModel:
        """Train on bigram counts, which are all that a full batch needs.

        Training that diverges, or that Ctrl-C ends, stops with the best weights so far; metrics.stopped says so.

        Args:
            counts: of order 2.
            provenance: what to remember of the data.
            progress: is told every step.

        Raises:
            SettingsError: counts of another order, or too many bigrams for the solver lecture.
            MissingExtraError: torch is not installed.
        """
        need_function(progress, "progress")
        need_torch()  # whose import is no part of the training's time
        begun = time.perf_counter()
        log: list[TrainingStep] = []
        check = DivergenceCheck(self.learning_rate)
        stopped = None
        try:
            for record in itertools.islice(self.path(counts), self._length):
                log.append(record._replace(weights=np.empty(0)))
                if progress is not None:
                    progress(record)
                if divergence := check.add(record):
                    stopped = divergence.text
                    best = divergence.best
                    break
                best = record
        except KeyboardInterrupt:
            if check.best is None:
                raise
            best = check.best
            stopped = f"{INTERRUPTED} {thousands(log[-1].step, 'step')}; kept the weights of step {best.step}"
        if self.solver == "newton" and self.l2 == 0 and (counts.table() == 0).any():
            stopped = "without L2 the weights of unseen bigrams have no finite optimum: they go to minus infinity"
        every = -(-len(log) // LOGGED_STEPS)
        kept = [*log[:-1:every], log[-1]]
        return BigramNetModel(
            settings=self,
            alphabet=counts.alphabet,
            weights=best.weights,
            provenance=provenance or Provenance(items=counts.items, symbols=counts.total),
            counts=counts,
            metrics=Metrics(
                curve=tuple(entry.point for entry in kept),
                training_seconds=time.perf_counter() - begun,
                stopped=stopped,
            ),
        )

    @property
    def _length(self) -> int:
        """How many records of the path make up the training: one before the first update, one after each."""
        return NEWTON_STEPS if self.solver == "newton" else self.steps + 1

    def path(self, counts: Counts) -> Iterator[TrainingStep]:
        """The way of W through training, step by step: endless for gd and lecture, to the optimum for newton.

        Raises:
            SettingsError: counts of another order, or too many bigrams for the solver lecture.
            MissingExtraError: torch is not installed.
        """
        if counts.order != 2:
            raise SettingsError(f"a bigram net cannot be made from counts of order {counts.order}")
        need_torch()
        table = counts.table()
        begun = time.perf_counter()
        if self.solver == "newton":
            steps = newton(table, self.l2)
        elif self.solver == "gd":
            steps = descent(table, self._initial(len(table)), self.learning_rate, self.l2)
        else:
            steps = self._lecture(table)
        for number, (weights, loss, data_loss) in enumerate(steps):
            share = min(number / (self._length - 1), 1.0)
            yield TrainingStep(number, weights, loss, data_loss, time.perf_counter() - begun, share)

    def _initial(self, V: int) -> npt.NDArray[np.float32]:
        if self.init == "zeros":
            return np.zeros((V, V), dtype=np.float32)
        from nextchar.models.neural.bigram.lecture import initial_weights

        weights: npt.NDArray[np.float32] = initial_weights(V, self.seed).numpy()
        return weights

    def _lecture(self, table: npt.NDArray[np.int64]) -> Iterator[tuple[Floats, float, float]]:
        import torch

        from nextchar.models.neural.bigram.lecture import lecture_steps

        total = int(table.sum())
        if total * len(table) > LECTURE_CELLS:
            raise SettingsError(
                f"the solver lecture lays out {total:,} bigrams of {len(table):,} numbers each, which is too much; "
                "the solver gd goes the same way without that"
            )
        pairs = np.repeat(np.argwhere(table), table[table > 0], axis=0)
        xs, ys = torch.from_numpy(pairs.T.copy())
        weights = torch.from_numpy(self._initial(len(table)))
        for W, loss, data_loss in lecture_steps(weights, xs, ys, self.learning_rate, self.l2):
            yield W.numpy(), loss, data_loss


def one_hot(alphabet: Alphabet, word: str) -> npt.NDArray[np.float32]:
    """What the layer reads for a word: a row for the boundary and each character, with a single 1, (len + 1, V).

    Raises:
        UnknownSymbolError: the alphabet lacks a character of the word.
    """
    ids = np.concatenate([[0], alphabet.encode(word).astype(np.int64)])
    rows: npt.NDArray[np.float32] = np.eye(alphabet.size, dtype=np.float32)[ids]
    return rows


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class BigramNetModel(AutomatonModel):
    """A trained bigram net; sampling and scoring need no torch.

    Attributes:
        settings: how it was trained.
        alphabet: what its ids mean.
        weights: W (V, V), float32 or float64: log counts up to a constant a row.
        counts: of the training data.
        provenance: what it remembers of the training data.
        metrics: what was measured when it was trained, the training log included.

    Examples:
        >>> import nextchar
        >>> net = nextchar.BigramNet().fit(nextchar.Corpus.from_items(["ab", "ab", "b"]))
        >>> net.weights.shape  # a row for each first symbol: the boundary, a, b
        (3, 3)
    """

    kind: ClassVar[str] = "bigram-net"
    settings: BigramNet
    alphabet: Alphabet
    weights: Floats
    counts: Counts
    provenance: Provenance
    metrics: Metrics = Metrics()  # noqa: RUF009 - frozen

    @property
    def context_length(self) -> int:
        """One symbol."""
        return 1

    @property
    def N(self) -> npt.NDArray[np.int64]:  # noqa: N802 - the lecture's name
        """The counts that the net learned from, as the lecture calls them, (V, V)."""
        return self.counts.table()

    @property
    def P(self) -> F64:  # noqa: N802 - the lecture's name
        """The probabilities that the net has learned, (V, V): softmax of each row of W."""
        return np.exp(self.row_log_probs)

    @cached_property
    def row_log_probs(self) -> F64:
        """Log softmax of each row of W, (V, V), nats, in float64."""
        return normalised(self.weights.astype(np.float64))

    @cached_property
    def automaton(self) -> Automaton:
        """One state for each symbol that was read last; state 0 is the start."""
        target = np.broadcast_to(np.arange(self.alphabet.size), self.row_log_probs.shape)
        return Automaton.from_rows(self.alphabet, 0, self.row_log_probs, target)

    def training_nats(self) -> float:
        """-log p of the training data, weights counted, from the counts."""
        return self.nats_of_counts()

    def nats_of_counts(self) -> float:
        """-log p of all that was counted, each bigram once."""
        pairs = self.counts.ngrams.astype(np.intp)
        return float(-(self.counts.counts @ self.row_log_probs[pairs[:, 0], pairs[:, 1]]))

    def with_metrics(self, metrics: Metrics) -> BigramNetModel:
        """The same model with other metrics."""
        return replace(self, metrics=metrics)

    def arrays(self) -> Mapping[str, npt.NDArray[Any]]:
        """The weights, and the counts that the figures show beside them."""
        return {"weights": self.weights, "ngrams": self.counts.ngrams, "counts": self.counts.counts}

    @classmethod
    def from_saved(cls, saved: SavedModel) -> BigramNetModel:
        """The model that `arrays` came from.

        Raises:
            ModelFileError: the arrays do not make such a model.
            SettingsError: a setting is out of its range.
        """
        weights, alphabet = saved.arrays["weights"], saved.alphabet
        if weights.shape != (alphabet.size,) * 2 or weights.dtype.kind != "f" or not np.isfinite(weights).all():
            raise ModelFileError("its weights do not fit its alphabet")
        return cls(
            settings=BigramNet(**saved.settings),
            alphabet=alphabet,
            weights=weights,
            counts=Counts.from_arrays(alphabet, 2, saved.arrays["ngrams"], saved.arrays["counts"]),
            provenance=saved.provenance,
            metrics=saved.metrics,
        )
