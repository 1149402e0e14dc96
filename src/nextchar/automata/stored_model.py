"""A model that was made from others and not from data: an automaton, kept as it is.

The items of a model that meet a condition are an automaton, and so is the interpolation of two models; either can be
drawn from, scored with, saved and asked like any trained model.

Letters: S states, E entries, V size of the alphabet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, final

import numpy.typing as npt

from nextchar.automata.automaton import Automaton
from nextchar.automata.automaton_model import AutomatonModel
from nextchar.automata.automaton_reader import automaton_of
from nextchar.core.metrics import Metrics
from nextchar.core.model import Model, SavedModel
from nextchar.core.settings import check
from nextchar.data.alphabet import Alphabet
from nextchar.data.provenance import Provenance

__all__ = ["Derived", "DerivedModel", "stored"]


@dataclass(frozen=True, kw_only=True)
class Derived:
    """How the model was made.

    Attributes:
        how: for people.
    """

    how: str

    def __post_init__(self) -> None:
        check(self)

    @property
    def summary(self) -> str:
        """How it was made."""
        return self.how


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DerivedModel(AutomatonModel):
    """An automaton as a model.

    Attributes:
        settings: how it was made.
        machine: the automaton itself.
        provenance: what it was made from remembers of its data.
        metrics: none, or what was measured later.
    """

    kind: ClassVar[str] = "automaton"
    settings: Derived
    machine: Automaton
    provenance: Provenance
    metrics: Metrics = Metrics()  # noqa: RUF009 - frozen

    @property
    def alphabet(self) -> Alphabet:  # type: ignore[override]
        """What the ids mean."""
        return self.machine.alphabet

    @property
    def automaton(self) -> Automaton:
        """The automaton itself."""
        return self.machine

    @property
    def context_length(self) -> None:
        """All: a state may remember anything."""
        return

    def training_nats(self) -> float | None:
        """None: a model that was made from others has no training data of its own."""
        return None

    def with_metrics(self, metrics: Metrics) -> DerivedModel:
        """The same model with other metrics."""
        return replace(self, metrics=metrics)

    def arrays(self) -> Mapping[str, npt.NDArray[Any]]:
        """The automaton's."""
        return self.machine.arrays()

    @classmethod
    def from_saved(cls, saved: SavedModel) -> DerivedModel:
        """The model that `arrays` came from.

        Raises:
            ModelFileError: the arrays do not make an automaton.
        """
        return cls(
            settings=Derived(**saved.settings),
            machine=Automaton.from_arrays(saved.alphabet, saved.arrays),
            provenance=saved.provenance,
            metrics=saved.metrics,
        )


def stored(model: Model) -> DerivedModel:
    """A model that is a finite automaton, as this automaton alone: with nothing to be made of counts when it is opened.

    Its file is larger than that of the counts, but opens at once, and large ones are shared by the processes that use
    them (see `core.model_file`).

    Raises:
        SettingsError: it is no finite automaton.
    """
    machine = automaton_of(model)
    how = f"{model.kind}, {model.settings.summary}"
    return DerivedModel(settings=Derived(how=how), machine=machine, provenance=model.provenance, metrics=model.metrics)
