"""A model that was made from others and not from data: an automaton, kept as it is.

The items of a model that meet a condition are an automaton, and so is the interpolation of two models; either can be
drawn from, scored with, saved and asked like any trained model.

Letters: S states, E entries, V size of the alphabet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, final

import numpy.typing as npt

from nextchar.automata.automaton import Automaton
from nextchar.automata.automaton_model import AutomatonModel
from nextchar.core.model import Kept
from nextchar.data.alphabet import Alphabet
from nextchar.data.provenance import Provenance
from nextchar.errors import SettingsError

__all__ = ["Derived", "DerivedModel"]


@dataclass(frozen=True, kw_only=True)
class Derived:
    """How the model was made.

    Attributes:
        how: for people.
    """

    how: str

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
    metrics: Mapping[str, Any] = field(default_factory=dict)

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

    def training_nats(self) -> float:
        """There is no training data.

        Raises:
            SettingsError: always.
        """
        raise SettingsError("a model that was made from others has no training data of its own")

    def with_metrics(self, metrics: Mapping[str, Any]) -> DerivedModel:
        """The same model with other metrics."""
        return replace(self, metrics=metrics)

    def arrays(self) -> Mapping[str, npt.NDArray[Any]]:
        """The automaton's."""
        return self.machine.arrays()

    @classmethod
    def from_kept(cls, kept: Kept) -> DerivedModel:
        """The model that `arrays` came from.

        Raises:
            ModelFileError: the arrays do not make an automaton.
        """
        return cls(
            settings=Derived(**kept.settings),
            machine=Automaton.from_arrays(kept.alphabet, kept.arrays),
            provenance=kept.provenance,
            metrics=kept.metrics,
        )
