"""Several models as one: the weighted geometric mean of what they say, with weights fitted to items held out.

Models that go wrong in different places, such as counts and a net, predict better together than the best of them
alone. p(w | prefix) is proportional to the product over m of p_m(w | prefix)^a_m, and is normalised row by row: a
logarithmic opinion pool (Genest and Zidek 1986, "Combining Probability Distributions", section 3; Hinton 2002 calls it
a product of experts). Minus its log-likelihood is convex in the weights a, of which there are as many as models, so
Newton's method finds the best ones in a few steps.

A weight is never below 0, for then what a model holds impossible would become certain. The weights need not sum to 1:
a sum above 1 makes the rows sharper than the models' own.

Letters: M models, B batch, T time, S symbols of a corpus, V size of the alphabet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial, reduce
from typing import Any, ClassVar, Final, NamedTuple, cast, final

import numpy as np
import numpy.typing as npt

from nextchar.automata.stepwise_model import StepwiseModel
from nextchar.core.constraint import Constraint
from nextchar.core.metrics import Metrics
from nextchar.core.model import Model
from nextchar.core.numerics import log_sum_exp
from nextchar.core.plan import Plan
from nextchar.core.protocol import CorpusScorer, Drawer, LogProbs, Step
from nextchar.core.scoring import read_batches
from nextchar.core.shared_prefixes import BranchingDrawer, batch_limit_of, branching_nats
from nextchar.data.alphabet import Alphabet, Ids
from nextchar.data.arguments import need_all, need_ids, need_whole
from nextchar.data.corpus import Corpus
from nextchar.data.display import one_line
from nextchar.data.provenance import Provenance, together
from nextchar.data.splits import beginning
from nextchar.errors import ModelFileError, SettingsError
from nextchar.models.ensemble.seat import Seat, shared_alphabet

__all__ = ["Ensemble", "EnsembleModel", "PoolLoss", "combine", "pool_weights", "pooled", "symbol_rows"]

F64 = npt.NDArray[np.float64]
FIT_CELLS: Final = 1 << 22  # S x V of the validation items that the weights are fitted to, at most,
LEAST_FITTED: Final = 1000  # but so many symbols of a text in any case
STEPS: Final = 100
SETTLED: Final = 1e-10  # nats per symbol and unit of weight: the gradient that counts as none


@dataclass(frozen=True, kw_only=True)
class Ensemble:
    """The settings of an ensemble.

    Attributes:
        kinds: of the members, for people.
        weights: of each member's log-probabilities, above 0.

    Raises:
        SettingsError: not as many weights as kinds, a weight out of its range, or none above 0.
    """

    kinds: tuple[str, ...]
    weights: tuple[float, ...]

    __repr__ = one_line

    def __post_init__(self) -> None:
        if len(self.kinds) != len(self.weights):
            raise SettingsError(f"an ensemble has one weight a model, not {len(self.weights)} for {len(self.kinds)}")
        if wrong := [weight for weight in self.weights if not 0 < weight < np.inf]:
            raise SettingsError(f"the weights of an ensemble are numbers above 0, not {wrong[0]}")
        if not self.weights:
            raise SettingsError("an ensemble needs at least one model with a weight above 0")

    @property
    def summary(self) -> str:
        """The settings that matter, for people."""
        return ", ".join(f"{kind} {weight:.3f}" for kind, weight in zip(self.kinds, self.weights, strict=True))


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class EnsembleModel(StepwiseModel):
    """Several models as one, over the characters of all.

    A symbol that a member holds impossible, or lacks, is impossible. Where that would leave no symbol, those are
    left that members of the least total weight hold impossible.

    Attributes:
        settings: the weights.
        members: the models.
        metrics: what was measured on items held out.

    Examples:
        >>> import nextchar
        >>> corpus = nextchar.Corpus.from_items(["emma", "emily", "ella", "amelia"])
        >>> members = [nextchar.Ngram(order=2).fit(corpus), nextchar.Ngram(order=4).fit(corpus)]
        >>> model = nextchar.combine(members, nextchar.Corpus.from_items(["mia", "elle"]))
        >>> [member.kind for member in model.members], len(model.settings.weights)
        (['ngram', 'ngram'], 2)
    """

    kind: ClassVar[str] = "ensemble"
    settings: Ensemble
    members: tuple[Model, ...]
    metrics: Metrics = Metrics()  # noqa: RUF009 - frozen

    @cached_property
    def alphabet(self) -> Alphabet:  # type: ignore[override]
        """The characters of all members."""
        return shared_alphabet(self.members)

    @cached_property
    def _seats(self) -> tuple[Seat, ...]:
        return tuple(Seat.of(member, self.alphabet) for member in self.members)

    @cached_property
    def provenance(self) -> Provenance:  # type: ignore[override]
        """What the members remember of their training data; data that several were trained on counts once."""
        return reduce(_joined, (member.provenance for member in self.members))

    @property
    def context_length(self) -> int | None:
        """As far back as the member that looks back furthest."""
        lengths = [member.context_length for member in self.members]
        return None if None in lengths else max(cast(list[int], lengths))

    def start(self, batch: int) -> Step:
        """The state of `batch` items having read the boundary."""
        need_whole(batch, "batch")
        return self._step([seat.start(batch) for seat in self._seats])

    def advance(self, state: object, ids: Ids) -> Step:
        """The state after one more symbol of each item, ids (B,)."""
        states = cast(tuple[object, ...], state)
        return self._step([seat.advance(one, ids) for seat, one in zip(self._seats, states, strict=True)])

    def _step(self, steps: Sequence[Step]) -> Step:
        return Step(tuple(step.state for step in steps), self._pool([step.log_probs for step in steps]))

    def select(self, state: object, rows: npt.NDArray[np.intp]) -> object:
        """The state of some of the batch's items."""
        states = cast(tuple[object, ...], state)
        return tuple(member.select(one, rows) for member, one in zip(self.members, states, strict=True))

    def log_probs(self, ids: Ids) -> LogProbs:
        """(B, T) -> (B, T, V) nats; ids[:, 0] is the boundary."""
        ids = need_ids(ids, self.alphabet.size, dimensions=2)
        return self._pool([seat.log_probs(ids) for seat in self._seats])

    def _pool(self, rows: Sequence[LogProbs]) -> LogProbs:
        """The members' rows (..., V) as one."""
        total, excluded = np.zeros_like(rows[0]), np.zeros_like(rows[0])
        for weight, row in zip(self.settings.weights, rows, strict=True):
            possible = row > -np.inf
            total += weight * np.where(possible, row, 0)
            excluded += weight * ~possible
        total[excluded > excluded.min(axis=-1, keepdims=True)] = -np.inf
        pooled: LogProbs = total - log_sum_exp(total)[..., None]
        return pooled

    @property
    def batch_limit(self) -> int:
        """As many items as the member that takes the fewest."""
        return min(batch_limit_of(member) for member in self.members)

    @property
    def corpus_scorer(self) -> CorpusScorer:
        """Each distinct beginning of the items is read once."""
        return partial(branching_nats, self)

    def drawer(self, plan: Plan, constraint: Constraint, n: int) -> Drawer:  # noqa: ARG002 - a model's interface
        """A fast way to draw many items."""
        return BranchingDrawer(self, plan, constraint)

    def training_nats(self) -> float | None:
        """None: an ensemble has no training data of its own; its members have."""
        return None

    def with_metrics(self, metrics: Metrics) -> EnsembleModel:
        """The same model with other metrics."""
        return replace(self, metrics=metrics)

    def arrays(self) -> Mapping[str, npt.NDArray[Any]]:
        """None beside those of the members."""
        return {}

    @classmethod
    def from_members(
        cls, settings: Mapping[str, Any], members: Sequence[Callable[[], Model]], metrics: Metrics
    ) -> EnsembleModel:
        """The model of these settings, as a file has them, and these members.

        Files of version 0.1.0 hold members with the weight 0 too, which change nothing; these are not even made.

        Args:
            settings: kinds and weights.
            members: what makes each of them.
            metrics: what was measured.

        Raises:
            ModelFileError: the members are not those of the settings, or their symbols are of different kinds.
            SettingsError: a weight is out of its range.
        """
        listed = zip(settings["kinds"], map(float, settings["weights"]), members, strict=True)
        used = [(kind, weight, make()) for kind, weight, make in listed if weight]
        kinds, weights, made = zip(*used, strict=True) if used else ((), (), ())
        ensemble = Ensemble(kinds=kinds, weights=weights)
        if kinds != tuple(member.kind for member in made):
            raise ModelFileError("its members are not those that its settings name")
        if any((member.alphabet.clusters is None) != (made[0].alphabet.clusters is None) for member in made):
            raise ModelFileError("its members have symbols of different kinds")
        return cls(settings=ensemble, members=made, metrics=metrics)


def combine(models: Sequence[Model], validation: Corpus | Iterable[str]) -> EnsembleModel:
    """An ensemble of models, with the weights that predict the validation items best: see `pool_weights`.

    A model whose weight is 0 is left out: it would be computed at every step and change nothing.

    Args:
        models: trained, from text that was treated alike. What one of them lacks of the others' characters has the
            probability 0 in it, and so in the ensemble.
        validation: items of characters that the models know.

    Raises:
        SettingsError: no models or items, the models do not go together, or each lacks some symbol of the items or
            holds it impossible.
        UnknownSymbolError: the items have a character that no model knows.

    Examples:
        >>> import nextchar
        >>> corpus = nextchar.Corpus.from_items(["emma", "emily", "ella", "amelia"])
        >>> held_out = nextchar.Corpus.from_items(["mia", "elle"])
        >>> members = [nextchar.Ngram(order=2).fit(corpus), nextchar.Ngram(order=4).fit(corpus)]
        >>> both = nextchar.combine(members, held_out)
        >>> both.evaluate(held_out).nats <= min(member.evaluate(held_out).nats for member in members) + 1e-9
        True
    """
    return pooled(models, pool_weights(models, validation))


def pooled(models: Sequence[Model], weights: Sequence[float]) -> EnsembleModel:
    """The ensemble of models with these weights; those with the weight 0 are left out.

    Raises:
        SettingsError: not as many weights as models, a weight below 0, or none above 0.
    """
    if len(models) != len(weights):
        raise SettingsError(f"an ensemble has one weight a model, not {len(weights)} for {len(models)}")
    used = [m for m, weight in enumerate(weights) if weight]
    return EnsembleModel(
        settings=Ensemble(kinds=tuple(models[m].kind for m in used), weights=tuple(weights[m] for m in used)),
        members=tuple(models[m] for m in used),
    )


def pool_weights(models: Sequence[Model], validation: Corpus | Iterable[str]) -> tuple[float, ...]:
    """The weights, at least 0, with which models together predict the validation items best.

    None of the models may have been trained on these items, or the weights favour the one that remembers them best.
    A model that holds one of their symbols impossible, or lacks it, gets the weight 0: with any other the loss would be
    infinite.
    Of many items an evenly spaced part is taken, and of a long text its beginning, which for so few weights is plenty.

    Args:
        models: trained, from text that was treated alike.
        validation: items of characters that the models know.

    Raises:
        SettingsError: no models or items, the models do not go together, or each lacks some symbol of the items or
            holds it impossible.
        UnknownSymbolError: the items have a character that no model knows.
    """
    models = need_all(models, Model, "models", "a list of models")
    if not models:
        raise SettingsError("an ensemble needs at least one model")
    first = models[0]
    for model in models[1:]:
        if model.provenance.options != first.provenance.options:
            raise SettingsError(
                "the models treat text differently (case, normal form, blanks at the ends); train them alike"
            )
    alphabet = shared_alphabet(models)
    validation = Corpus.of(validation, options=first.provenance.options, alphabet=alphabet)
    if validation.weights is not None:
        validation = validation.take(np.flatnonzero(validation.weights))
    if not len(validation):
        raise SettingsError("the weights of an ensemble are fitted to items held out; there are none")
    validation = validation.take(np.arange(0, len(validation), -(-validation.symbols * alphabet.size // FIT_CELLS)))
    if validation.whole_texts:
        validation = beginning(validation, max(FIT_CELLS // alphabet.size, LEAST_FITTED))
    said = [symbol_rows(Seat.of(model, alphabet), validation) for model in models]
    at = np.arange(validation.symbols)
    usable = [m for m, rows in enumerate(said) if (rows[at, validation.ids] > -np.inf).all()]
    if not usable:
        raise SettingsError(
            "each of the models lacks some character of the validation items, or holds a symbol impossible that they "
            "have, and the mean is 0 where one is; smooth them, train them on the same characters, or interpolate them "
            "instead"
        )
    repeats = np.repeat(validation.weights_or_ones, validation.lengths + 1)
    loss = PoolLoss.of([said[m] for m in usable], validation.ids.astype(np.intp), repeats.astype(np.float64))
    weights = np.zeros(len(models))
    weights[usable] = loss.minimum()
    return tuple(weights.tolist())


def _joined(a: Provenance, b: Provenance) -> Provenance:
    same = a.known is not None and b.known is not None and np.array_equal(a.known, b.known)
    return a if same and (a.items, a.symbols, a.weight) == (b.items, b.symbols, b.weight) else together(a, b)


def symbol_rows(seat: Seat, corpus: Corpus) -> F64:
    """What a model says of each symbol of a corpus, (S, V) nats."""
    rows = np.empty((corpus.symbols, corpus.alphabet.size))
    for batch in read_batches(corpus):
        rows[batch.flat] = seat.log_probs(batch.ids)[batch.inside]
    return rows


class PoolLoss(NamedTuple):
    """The loss of an ensemble as a function of its weights.

    Attributes:
        rows: (M, S, V) nats, 0 where one of the models holds a symbol impossible.
        closed: (S, V) 0, and -inf there.
        said: (M, S) what the models say of the symbols that came.
        share: (S,) of each symbol in the mean; sums to 1.
    """

    rows: F64
    closed: F64
    said: F64
    share: F64

    @classmethod
    def of(cls, rows: Sequence[F64], symbols: npt.NDArray[np.intp], repeats: F64) -> PoolLoss:
        """From the models' rows (S, V) at the symbols (S,), which all of them hold possible, with their weights."""
        stacked = np.stack(rows)
        possible = (stacked > -np.inf).all(axis=0)
        return cls(
            rows=np.where(possible, stacked, 0),
            closed=np.where(possible, 0, -np.inf),
            said=stacked[:, np.arange(len(symbols)), symbols],
            share=repeats / repeats.sum(),
        )

    def nats(self, weights: F64) -> float:
        """Nats per symbol."""
        total = np.tensordot(weights, self.rows, axes=1) + self.closed
        return float((log_sum_exp(total) - weights @ self.said) @ self.share)

    def derivatives(self, weights: F64) -> tuple[F64, F64]:
        """The gradient (M,) and the Hessian (M, M): means of what the models expect less what came, and covariances."""
        total = np.tensordot(weights, self.rows, axes=1) + self.closed
        probs = np.exp(total - log_sum_exp(total)[:, None])
        mean = np.einsum("sv,msv->ms", probs, self.rows)
        off = (self.rows - mean[..., None]) * np.sqrt(probs * self.share[:, None])
        flat = off.reshape(len(off), -1)
        return (mean - self.said) @ self.share, flat @ flat.T

    def minimum(self) -> F64:
        """The best weights of at least 0, by Newton's method, projected (Bertsekas 1982)."""
        weights = np.full(len(self.rows), 1 / len(self.rows))
        nats = self.nats(weights)
        for _ in range(STEPS):
            gradient, hessian = self.derivatives(weights)
            free = (weights > 0) | (gradient < 0)
            if np.abs(gradient[free]).max(initial=0) <= SETTLED:
                break
            step = np.zeros_like(weights)
            step[free] = np.linalg.lstsq(hessian[np.ix_(free, free)], -gradient[free])[0]
            for length in 0.5 ** np.arange(40):
                tried = np.maximum(weights + length * step, 0)
                if (now := self.nats(tried)) < nats:
                    break
            else:
                break
            weights, nats = tried, now
        return weights
