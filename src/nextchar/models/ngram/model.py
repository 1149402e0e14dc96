"""The n-gram model: predict the next symbol from the n - 1 before it, by how often each has followed them.

Counting alone holds what was never seen impossible. Smoothing mends that: it takes a little from what was seen, and
asks the context without its oldest symbol about the rest. `smoothing` has the methods. The plainest adds k to every
count (Lidstone; k = 1 is Laplace's rule; k = 0 the maximum likelihood estimate, under which an unseen n-gram costs
infinitely many nats) and ignores shorter contexts: one that was never seen predicts all symbols alike.

Source: Jurafsky and Martin, Speech and Language Processing, 3rd edition, chapter 3; for n = 2, Karpathy's lecture
"The spelled-out intro to language modeling: building makemore"; for the other methods, Chen and Goodman, "An empirical
study of smoothing techniques for language modeling", 1999.

Letters: n order, V size of the alphabet, S states, E entries (see `trie`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Final, Literal, final

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton import ROOT, Automaton
from nextchar.automata.automaton_model import AutomatonModel
from nextchar.core.metrics import Metrics, SmoothingParameters
from nextchar.core.model import SavedModel
from nextchar.core.progress import Progress
from nextchar.core.settings import LARGEST_SEED, check, setting
from nextchar.data.alphabet import Alphabet
from nextchar.data.arguments import need
from nextchar.data.corpus import Corpus, training_pair
from nextchar.data.display import one_line
from nextchar.data.item_weights import MOST_WEIGHT
from nextchar.data.provenance import Provenance
from nextchar.data.splits import hold_out
from nextchar.errors import ModelFileError, SettingsError, TooLargeError
from nextchar.models.ngram.count_settings import CountSpec
from nextchar.models.ngram.counts import MAX_ORDER, Counts, count
from nextchar.models.ngram.discount_tuning import Chains, tuned_add, tuned_discounts
from nextchar.models.ngram.pitman_yor import pitman_yor
from nextchar.models.ngram.pruning import check_thresholds, kept_entries, passed_on, without
from nextchar.models.ngram.small_counts import SmallCounts
from nextchar.models.ngram.smoothing import (
    METHODS,
    Method,
    Smoothed,
    SmoothingMethod,
    discounts_from,
    discounts_of,
    interpolated,
)
from nextchar.models.ngram.trie import NgramTrie

__all__ = ["Ngram", "NgramModel"]

Tune = Literal["none", "held-out", "leave-one-out"]
ADD: Final = 0.1
NOT_MEASURED: Final = "the loss on the training data was not computed: the counts are larger than the memory allowed"
SHARES_OFF: Final = 1e-6  # by how much what pitman-yor inferred of a state may differ from 1
_SAMPLED: Final = ("smoothing", ("pitman-yor",))
_USUAL: Final = SmoothingMethod().order
_ORDERS: Final = ", ".join(f"{row.order} for {name}" for name, row in METHODS.items() if row.order != _USUAL)


@dataclass(frozen=True, kw_only=True)
class Ngram(CountSpec):
    """The settings of an n-gram model: how far it looks back, and how it smooths.

    Attributes:
        order: n; 2 is the bigram model. By default what suits the smoothing: 4 for add, 8 for pitman-yor, else 6.
        smoothing: add, witten-bell, absolute, kneser-ney, modified-kneser-ney or pitman-yor.
        add: k, added to every count by the smoothing add; at least 0.
        tune: what to choose the discounts (or k) by: none (their formulas; k as given), held-out (the validation
            items, or a tenth of the data where there are none), or leave-one-out.
        sweeps: of pitman-yor: how often every symbol is seated anew.
        seed: of pitman-yor.
        min_count: leave out n-grams that occurred less often than this: a number for orders 2 and up, or one for each
            order from 1 (which is all kept), the last for all higher ones; see `pruning`. None are left out by default.
        weights: what items' weights say: as repeats an item counts as often as it weighs, as it would on so many lines;
            ignored, each item counts once, which predicts new items better where weights differ much.

    Raises:
        SettingsError: a setting is out of its range, or does not go with the smoothing.

    Examples:
        >>> import nextchar
        >>> corpus = nextchar.Corpus.from_items(["ab", "ab", "b"])
        >>> nextchar.Ngram(order=2, add=0).fit(corpus)  # of 8 symbols 2 cost -log 2/3 and 1 costs -log 1/3
        NgramModel(ngram, order 2, add 0, alphabet of 3, 3 items, nats/symbol: train 0.2387)
    """

    order: int = setting(  # a number in every object: `__post_init__` replaces the None
        None,
        help="Predict from the N - 1 symbols before.",
        at_least=1,
        at_most=MAX_ORDER,
        default_text=f"{_ORDERS}, else {_USUAL}",
        option="order",
        metavar="N",
    )
    smoothing: Method = setting("add", help="How to treat what was not seen.", option="smoothing")
    add: float = setting(
        ADD,
        help="Added to every count by add.",
        at_least=0,
        option="add",
        metavar="K",
        goes_with=("smoothing", ("add",)),
    )
    tune: Tune = setting(
        "none", help="What to fit the discounts, or k, to; with none they are as their formulas say.", option="tune"
    )
    sweeps: int = setting(
        30,
        help="Of the sampler of pitman-yor.",
        at_least=2,
        at_most=10**9,
        option="sweeps",
        metavar="N",
        goes_with=_SAMPLED,
    )
    min_count: tuple[int, ...] = setting(
        (),
        help="Leave out n-grams that occurred less often: N for orders 2 and up, or one for each order, as 1,1,2.",
        at_least=1,
        at_most=MOST_WEIGHT,
        option="min-count",
        metavar="N[,N...]",
    )
    weights: Literal["repeats", "ignored"] = setting(
        "repeats", help="What items' weights say: how often each is there, or nothing."
    )
    seed: int = setting(0, help="Of the sampler of pitman-yor.", at_least=0, at_most=LARGEST_SEED, goes_with=_SAMPLED)

    __repr__ = one_line

    def __post_init__(self) -> None:
        if self.order is None:
            known = isinstance(self.smoothing, str) and self.smoothing in METHODS
            object.__setattr__(self, "order", (METHODS[self.smoothing] if known else SmoothingMethod()).order)
        check(self)
        check_thresholds(self.min_count)
        untunable = METHODS[self.smoothing].untunable
        if self.smoothing != "add" and self.add != ADD:
            raise SettingsError(f"k is a setting of the smoothing add; {self.smoothing} has none")
        if self.tune != "none" and untunable:
            raise SettingsError(f"{self.smoothing} cannot be tuned: {untunable}")

    @property
    def summary(self) -> str:
        """The settings that matter, for people."""
        method = f"add {self.add:g}" if self.smoothing == "add" and self.tune == "none" else self.smoothing
        tuned = "" if self.tune == "none" else f", tuned by {self.tune}"
        pruned = f", counts from {' '.join(map(str, self.min_count))}" if self.min_count else ""
        return f"order {self.order}, {method}{tuned}{pruned}" + (
            ", each item once" if self.weights == "ignored" else ""
        )

    @property
    def counts_suffice(self) -> bool:
        """Whether the model comes from counts alone."""
        return self.tune != "held-out"

    def counted(self, data: Corpus) -> Corpus:
        """The data without weights where these are ignored."""
        if self.weights == "repeats" or data.weights is None:
            return data
        there = np.flatnonzero(data.weights)
        return replace(data if len(there) == len(data) else data.take(there), weights=None)

    def fit(
        self,
        data: Corpus | Iterable[str],
        *,
        validation: Corpus | Iterable[str] | None = None,
        progress: Progress | None = None,
    ) -> NgramModel:
        """Count a corpus, or items from memory, tune on the validation items if asked to, and return the model.

        Raises:
            SettingsError: too few items to hold some out.
        """
        data, validation = training_pair(data, validation)
        counts = count(self.counted(data), self.order)
        if self.counts_suffice:
            return self.from_counts(counts, Provenance.of(data), progress=progress)
        if validation is None:
            rest, validation = hold_out(data)
            trie = NgramTrie(count(self.counted(rest), self.order))
        else:
            trie = NgramTrie(counts)
        fitted = self._tuned(trie, Chains.held_out(trie, METHODS[self.smoothing].counts(trie), validation))
        return self._model(counts, Provenance.of(data), fitted, NgramTrie(counts), ())

    def from_counts(
        self, counts: Counts, provenance: Provenance | None = None, *, progress: Progress | None = None
    ) -> NgramModel:
        """The model of counts that are there already.

        Args:
            counts: of this order.
            provenance: what to remember of the data.
            progress: is told every sweep of pitman-yor.

        Raises:
            SettingsError: the counts are of another order; tuning on held-out items is asked for; too many symbols
                for pitman-yor.
        """
        need(counts, Counts, "counts", "counts (count, count_files)")
        if counts.order != self.order:
            raise SettingsError(f"a model of order {self.order} cannot be made from counts of order {counts.order}")
        if not self.counts_suffice:
            raise SettingsError("tuning on held-out items needs the items, not counts alone; use fit")
        if provenance is None:
            provenance = Provenance(items=counts.items, symbols=counts.total)
        trie = NgramTrie(counts)
        fitted, notes, parameters = self._estimated(trie, progress)
        return self._model(counts, provenance, fitted, trie, notes, parameters)

    def from_large_counts(self, counts: Counts, small: SmallCounts, provenance: Provenance) -> NgramModel:
        """As `from_counts`, where the counts lie in a file and only what smoothing needs of them has been found.

        Nothing of all n-grams is made in memory until the model is used.

        Args:
            counts: of this order.
            small: how many of their n-grams have which small count.
            provenance: what to remember of the data.

        Raises:
            SettingsError: the smoothing needs all counts in memory.
        """
        if self.tune != "none" or self.smoothing == "pitman-yor":
            why = f"tuning by {self.tune}" if self.tune != "none" else "pitman-yor"
            raise TooLargeError(
                f"{why} needs all counts in memory, and these {len(counts.counts):,} n-grams are too many for it; "
                "allow more, or take the smoothing modified-kneser-ney without tuning",
                argument="memory",
            )
        fitted: dict[str, npt.NDArray[Any]] = {}
        notes: tuple[str, ...] = ()
        if METHODS[self.smoothing].discounts:
            found = small.adjusted if METHODS[self.smoothing].adjusted else small.raw
            fitted["discounts"], notes = discounts_from(found, self.smoothing)
        return self._model(counts, provenance, fitted, None, (*notes, NOT_MEASURED))

    def smoothed(self, trie: NgramTrie) -> Smoothed:
        """What the model would make of counts, and nothing else of it: for those who need no model of its own.

        Raises:
            SettingsError: the trie is of another order; tuning on held-out items is asked for; too many symbols for
                pitman-yor.
        """
        if trie.order != self.order:
            raise SettingsError(f"a model of order {self.order} cannot be made from counts of order {trie.order}")
        if not self.counts_suffice:
            raise SettingsError("tuning on held-out items needs the items, not counts alone; use fit")
        return _smoothed(self, self._estimated(trie, None)[0], trie)

    def _estimated(
        self, trie: NgramTrie, progress: Progress | None
    ) -> tuple[Mapping[str, npt.NDArray[Any]], tuple[str, ...], SmoothingParameters | None]:
        """What smoothing estimates beside the counts, with notes for people, and for pitman-yor its parameters."""
        if self.tune == "leave-one-out":
            return self._tuned(trie, Chains.left_out(trie, METHODS[self.smoothing].counts(trie))), (), None
        if self.smoothing == "pitman-yor":
            seated = pitman_yor(trie, sweeps=self.sweeps, seed=self.seed, progress=progress)
            return {"own": seated.own, "rest": seated.rest}, seated.notes, seated.parameters
        if METHODS[self.smoothing].discounts:
            discounts, notes = discounts_of(trie, self.smoothing)
            return {"discounts": discounts}, notes, None
        return {}, (), None

    def _tuned(self, trie: NgramTrie, chains: Chains) -> dict[str, npt.NDArray[Any]]:
        if self.smoothing == "add":
            return {"k": np.array([tuned_add(chains)])}
        return {"discounts": tuned_discounts(chains, self.smoothing, discounts_of(trie, self.smoothing)[0])}

    def _model(
        self,
        counts: Counts,
        provenance: Provenance,
        fitted: Mapping[str, npt.NDArray[Any]],
        trie: NgramTrie | None,
        notes: tuple[str, ...],
        parameters: SmoothingParameters | None = None,
    ) -> NgramModel:
        if parameters is None and fitted:
            parameters = SmoothingParameters(
                discounts=tuple(tuple(row) for row in fitted["discounts"].tolist()) if "discounts" in fitted else (),
                k=float(fitted["k"][0]) if "k" in fitted else None,
            )
        metrics = Metrics(smoothing=parameters, notes=notes)
        return NgramModel(
            settings=self, counts=counts, provenance=provenance, metrics=metrics, fitted=fitted, built=trie
        )


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NgramModel(AutomatonModel):
    """An n-gram model: counts, and the automaton that they make.

    Attributes:
        settings: order and smoothing.
        counts: of the training data.
        provenance: what it remembers of the training data.
        metrics: what was measured when it was trained.
        fitted: what smoothing estimated beside the counts: `discounts` (n, 3), `k` (1,), or `own` (E,) and `rest` (S,).
        built: the counts of all orders, where they have been made already.

    Examples:
        >>> import nextchar
        >>> model = nextchar.Ngram(order=2, add=0).fit(nextchar.Corpus.from_items(["ab", "ab", "b"]))
        >>> model.counts.total
        8
        >>> symbol, nats = model.surprisal("ab")[0]  # two of three items begin with an a
        >>> symbol, round(nats, 4)
        ('a', 0.4055)
    """

    kind: ClassVar[str] = "ngram"
    settings: Ngram
    counts: Counts
    provenance: Provenance
    metrics: Metrics = Metrics()  # noqa: RUF009 - frozen
    fitted: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    built: NgramTrie | None = None

    @property
    def alphabet(self) -> Alphabet:  # type: ignore[override]
        """What the ids mean."""
        return self.counts.alphabet

    @property
    def context_length(self) -> int:
        """N - 1."""
        return self.settings.order - 1

    @property
    def N(self) -> npt.NDArray[np.int64]:  # noqa: N802 - the lecture's name
        """The table of a bigram, as the lecture calls it: how often the second symbol follows the first, (V, V).

        Raises:
            SettingsError: the model has another order.
        """
        self._check_bigram("N")
        return self.counts.table()

    @property
    def P(self) -> npt.NDArray[np.float64]:  # noqa: N802 - the lecture's name
        """The probabilities of a bigram, (V, V): smoothed, each row of a symbol that something follows sums to 1.

        Raises:
            SettingsError: the model has another order.
        """
        self._check_bigram("P")
        V = self.alphabet.size
        _, after = self.automaton.step(np.full(V, ROOT, dtype=np.int32), np.arange(V))
        return np.exp(self.automaton.rows(after))

    def _check_bigram(self, name: str) -> None:
        if self.settings.order != 2:
            raise SettingsError(
                f"{name} is the table of a bigram, and this model has order {self.settings.order}; counts.table() has "
                "the counts of any order"
            )

    @cached_property
    def trie(self) -> NgramTrie:
        """The counts of all orders."""
        return NgramTrie(self.counts) if self.built is None else self.built

    @cached_property
    def smoothed(self) -> Smoothed:
        """What smoothing makes of the counts."""
        return _smoothed(self.settings, self.fitted, self.trie)

    @cached_property
    def automaton(self) -> Automaton:
        """The model as a finite automaton: one state a context."""
        trie, probabilities, rest = self.trie, self._probabilities, self.smoothed.rest
        if self.settings.min_count:
            kept = kept_entries(trie, self.settings.min_count)
            trie, states = without(trie, kept)
            probabilities, rest = probabilities[kept], rest[states]
        with np.errstate(divide="ignore"):
            log_prob = np.log(probabilities)
            price = np.log(rest)
        return Automaton(
            alphabet=self.alphabet,
            start=int(trie.start),
            first=trie.first,
            symbols=trie.symbols,
            log_prob=log_prob,
            target=trie.targets(),
            link=trie.link.astype(np.int32),
            price=price,
        )

    @cached_property
    def _probabilities(self) -> npt.NDArray[np.float64]:
        return self.smoothed.probabilities(self.trie)

    def training_nats(self) -> float | None:
        """-log p of the training data, weights counted, from the counts alone; None where weights were ignored."""
        ignored = self.settings.weights == "ignored" and self.provenance.weight is not None
        return None if ignored else self.nats_of_counts()

    def nats_of_counts(self) -> float:
        """-log p of all that was counted, each n-gram once."""
        leaves = self.trie.spread(self.trie.whole) & (self.trie.raw > 0)
        return -float(self.trie.raw[leaves] @ np.log(self._probabilities[leaves]))

    def with_metrics(self, metrics: Metrics) -> NgramModel:
        """The same model with other metrics."""
        return replace(self, metrics=metrics)

    def arrays(self) -> Mapping[str, npt.NDArray[Any]]:
        """The counts, and what was estimated beside them; the automaton is made anew from both."""
        return {"ngrams": self.counts.ngrams, "counts": self.counts.counts, **self.fitted}

    @classmethod
    def from_saved(cls, saved: SavedModel) -> NgramModel:
        """The model that `arrays` came from.

        Raises:
            ModelFileError: the arrays do not make counts, or do not go with them.
            SettingsError: a setting is out of its range.
        """
        spec, arrays = Ngram(**saved.settings), saved.arrays
        counts = Counts.from_arrays(saved.alphabet, spec.order, arrays["ngrams"], arrays["counts"])
        trie = NgramTrie(counts)
        shapes = {"discounts": (spec.order, 3), "k": (1,), "own": trie.symbols.shape, "rest": trie.link.shape}
        fitted = {name: arrays[name] for name in shapes if name in arrays}
        for name, array in fitted.items():
            if array.shape != shapes[name] or array.dtype != np.float64 or not ((array >= 0) & (array < np.inf)).all():
                raise ModelFileError(f"its {name} do not fit its counts")
        if spec.smoothing == "pitman-yor" and not {"own", "rest"} <= set(fitted):
            raise ModelFileError("what pitman-yor inferred is missing")
        if "own" in fitted and "rest" in fitted:
            shares = np.diff(np.concatenate([[0.0], np.cumsum(fitted["own"])])[trie.first]) + fitted["rest"]
            if not np.allclose(shares, 1.0, rtol=0, atol=SHARES_OFF):
                raise ModelFileError("what pitman-yor inferred are no shares of 1")
        return cls(
            settings=spec,
            counts=counts,
            provenance=saved.provenance,
            metrics=saved.metrics,
            fitted=fitted,
            built=trie,
        )


def _smoothed(settings: Ngram, fitted: Mapping[str, npt.NDArray[Any]], trie: NgramTrie) -> Smoothed:
    if "own" in fitted:
        made = Smoothed(fitted["own"], fitted["rest"])
    else:
        k = float(fitted["k"][0]) if "k" in fitted else settings.add
        made = interpolated(trie, settings.smoothing, k=k, discounts=fitted.get("discounts"))
    return passed_on(made, trie, kept_entries(trie, settings.min_count)) if settings.min_count else made
