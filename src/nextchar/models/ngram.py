"""The n-gram model: predict the next symbol from the n - 1 before it, by how often each has followed them.

    p(w | context) = (count(context w) + k) / (count(context) + k V)

Adding k to every count (Lidstone; k = 1 is Laplace's rule) keeps unseen n-grams possible; k = 0 is the maximum
likelihood estimate, under which they are impossible and cost infinitely many nats. A context that was never seen
predicts all symbols alike; for k = 0 too, as the limit of small k.

Source: Jurafsky and Martin, Speech and Language Processing, 3rd edition, chapter 3; for n = 2, Karpathy's lecture
"The spelled-out intro to language modeling: building makemore".

Letters: n order, V size of the alphabet, S states, M distinct n-grams.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, final

import numpy as np
import numpy.typing as npt

from nextchar.alphabet import BOUNDARY, Alphabet
from nextchar.corpus import Corpus
from nextchar.counting import Counts, checked_order, count
from nextchar.errors import SettingsError
from nextchar.models.automaton import Automaton, ContextTrie, States
from nextchar.models.automaton_model import AutomatonModel
from nextchar.models.spec import Progress
from nextchar.provenance import Provenance

__all__ = ["Ngram", "NgramModel"]


@dataclass(frozen=True, kw_only=True)
class Ngram:
    """The settings of an n-gram model.

    Attributes:
        order: n; 2 is the bigram model.
        add: k, added to every count; at least 0.

    Raises:
        SettingsError: a setting is out of its range.
    """

    order: int = 4
    add: float = 0.1

    def __post_init__(self) -> None:
        checked_order(self.order)
        if not (math.isfinite(self.add) and self.add >= 0):
            raise SettingsError(f"add-k takes a number of at least 0, not {self.add}")

    def fit(
        self,
        data: Corpus,
        *,
        validation: Corpus | None = None,  # noqa: ARG002 - a spec's interface
        progress: Progress | None = None,
    ) -> NgramModel:
        """Count a corpus and return the model."""
        return self.from_counts(count(data, self.order), Provenance.of(data), progress=progress)

    def from_counts(
        self,
        counts: Counts,
        provenance: Provenance | None = None,
        *,
        progress: Progress | None = None,  # noqa: ARG002 - a spec's interface
    ) -> NgramModel:
        """The model of counts that are there already.

        Raises:
            SettingsError: the counts are of another order.
        """
        if counts.order != self.order:
            raise SettingsError(f"a model of order {self.order} cannot be made from counts of order {counts.order}")
        if provenance is None:
            provenance = Provenance(items=counts.items, symbols=counts.total)
        return NgramModel(settings=self, counts=counts, provenance=provenance)


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class NgramModel(AutomatonModel):
    """An n-gram model: counts, and the automaton that they make.

    Attributes:
        settings: order and k.
        counts: of the training data.
        provenance: what it remembers of the training data.
        metrics: what was measured when it was trained.
    """

    kind: ClassVar[str] = "ngram"
    settings: Ngram
    counts: Counts
    provenance: Provenance
    metrics: Mapping[str, Any] = field(default_factory=dict)

    @property
    def alphabet(self) -> Alphabet:  # type: ignore[override]
        """What the ids mean."""
        return self.counts.alphabet

    @property
    def context_length(self) -> int:
        """N - 1."""
        return self.settings.order - 1

    @cached_property
    def automaton(self) -> Automaton:
        """The model as a finite automaton: one state a context."""
        return _add_k_automaton(self.counts, self.settings.add)

    def training_nats(self) -> float:
        """-log p of the training data, weights counted, from the counts alone: each n-gram once."""
        rows = self.automaton.rows(self._contexts)
        chosen = rows[np.arange(len(rows)), self.counts.ngrams[:, -1]]
        return float(-(self.counts.counts @ chosen))

    @cached_property
    def _contexts(self) -> States:
        """The state of each n-gram's context, shape (M,)."""
        return ContextTrie(self.counts).ngram_context.astype(np.int32)

    def with_metrics(self, metrics: Mapping[str, Any]) -> NgramModel:
        """The same model with other metrics."""
        return replace(self, metrics=metrics)

    def arrays(self) -> Mapping[str, npt.NDArray[Any]]:
        """The counts; the automaton is made anew from them."""
        return {"ngrams": self.counts.ngrams, "counts": self.counts.counts}

    @classmethod
    def from_arrays(
        cls,
        settings: Mapping[str, Any],
        arrays: Mapping[str, npt.NDArray[Any]],
        alphabet: Alphabet,
        provenance: Provenance,
        metrics: Mapping[str, Any],
    ) -> NgramModel:
        """The model that `arrays` came from.

        Raises:
            ModelFileError: the arrays do not make counts.
            SettingsError: a setting is out of its range.
        """
        spec = Ngram(**settings)
        return cls(
            settings=spec,
            counts=Counts.from_arrays(alphabet, spec.order, arrays["ngrams"], arrays["counts"]),
            provenance=provenance,
            metrics=metrics,
        )


def _add_k_automaton(counts: Counts, k: float) -> Automaton:
    """The contexts of n - 1 symbols with their smoothed rows; shorter contexts, never seen whole, are uniform."""
    trie = ContextTrie(counts)
    V, depth = counts.alphabet.size, counts.order - 1
    full = trie.depth_starts[depth]  # the first state with a context of n - 1 symbols
    contexts = trie.ngram_context
    totals = np.bincount(contexts, counts.counts, minlength=trie.size)
    seen = np.log((counts.counts + k) / (totals[contexts] + k * V))
    price = np.zeros(trie.size)
    with np.errstate(divide="ignore"):
        price[full:] = np.log(k * V / (totals[full:] + k * V))
    history = counts.ngrams[:, :0:-1]  # the newest n - 1 symbols of each n-gram, newest first

    if not depth:  # one state, which lists every symbol, seen or not
        row = np.full(V, k)
        row[counts.ngrams[:, -1]] += counts.counts
        with np.errstate(divide="ignore"):
            parts = [
                (
                    np.zeros(V, dtype=np.int64),
                    np.arange(V),
                    np.log(row / row.sum()),
                    np.zeros(V, dtype=np.int32),
                )
            ]
    else:
        parts = [(contexts, counts.ngrams[:, -1].astype(np.int64), seen, trie.longest(history))]
        # The root lists all symbols; a shorter context lists the symbols that lengthen it to a known one.
        symbols = np.arange(V)
        parts.append((np.zeros(V, dtype=np.int64), symbols, np.full(V, -math.log(V)), trie.longest(symbols[:, None])))
        parent, symbol, child = trie.extensions()
        parts.append((parent, symbol, np.full(len(parent), -math.log(V)), child))
    state, symbol, log_prob, target = (np.concatenate(column) for column in zip(*parts, strict=True))
    start = int(trie.longest(np.zeros((1, depth), dtype=np.int64))[0])
    target = np.where(symbol == BOUNDARY, start, target)
    order = np.lexsort([symbol, state])
    return Automaton(
        alphabet=counts.alphabet,
        start=start,
        first=np.searchsorted(state[order], np.arange(trie.size + 1)),
        symbols=symbol[order].astype(counts.alphabet.dtype),
        log_prob=log_prob[order],
        target=target[order].astype(np.int32),
        link=trie.link,
        price=price,
    )
