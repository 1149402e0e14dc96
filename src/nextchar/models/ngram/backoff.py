"""An n-gram model loaded from an ARPA file: the automaton alone, without counts.

It predicts, writes and scores like any other; what its training data was it does not know. The package `arpa` reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, final

import numpy.typing as npt

from nextchar.automata.automaton import Automaton
from nextchar.automata.automaton_model import AutomatonModel
from nextchar.core.metrics import Metrics
from nextchar.core.model import SavedModel
from nextchar.data.alphabet import Alphabet
from nextchar.data.provenance import Provenance
from nextchar.models.ngram.counts import checked_order

__all__ = ["Backoff", "BackoffModel"]


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """What is known of a model loaded from an ARPA file.

    Attributes:
        order: n: it predicts from the n - 1 symbols before.

    Raises:
        SettingsError: the order is out of its range.
    """

    order: int

    def __post_init__(self) -> None:
        checked_order(self.order)

    @property
    def summary(self) -> str:
        """The settings that matter, for people."""
        return f"order {self.order}"


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class BackoffModel(AutomatonModel):
    """An n-gram model in backoff form.

    Attributes:
        settings: the order.
        alphabet: what the ids mean.
        states: the automaton.
        provenance: how to treat text; of the training data it says nothing.
        metrics: where it came from.
    """

    kind: ClassVar[str] = "backoff"
    settings: Backoff
    alphabet: Alphabet
    states: Automaton
    provenance: Provenance = Provenance(items=0, symbols=0)  # noqa: RUF009 - frozen
    metrics: Metrics = Metrics()  # noqa: RUF009 - frozen

    @property
    def automaton(self) -> Automaton:
        """The model as a finite automaton."""
        return self.states

    @property
    def context_length(self) -> int:
        """N - 1."""
        return self.settings.order - 1

    def training_nats(self) -> float | None:
        """None: an ARPA file does not tell what the model was trained on."""
        return None

    def with_metrics(self, metrics: Metrics) -> BackoffModel:
        """The same model with other metrics."""
        return replace(self, metrics=metrics)

    def arrays(self) -> Mapping[str, npt.NDArray[Any]]:
        """The automaton."""
        return self.states.arrays()

    @classmethod
    def from_saved(cls, saved: SavedModel) -> BackoffModel:
        """The model that `arrays` came from.

        Raises:
            ModelFileError: the arrays do not make an automaton over this alphabet.
            SettingsError: the order is out of its range.
        """
        return cls(
            settings=Backoff(**saved.settings),
            alphabet=saved.alphabet,
            states=Automaton.from_arrays(saved.alphabet, saved.arrays),
            provenance=saved.provenance,
            metrics=saved.metrics,
        )
