"""A model that was made from others and not from data: an automaton, kept as it is.

The items of a model that meet a condition are an automaton, and so is the blend of two; either can be drawn from,
scored with, saved and asked like any trained model.

Letters: S states, E entries, V size of the alphabet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, final

import numpy as np
import numpy.typing as npt

from nextchar.alphabet import Alphabet
from nextchar.errors import ModelFileError, SettingsError
from nextchar.models.automaton import Automaton
from nextchar.models.automaton_model import AutomatonModel
from nextchar.provenance import Provenance

__all__ = ["Derived", "DerivedModel"]


@dataclass(frozen=True, kw_only=True)
class Derived:
    """How the model was made.

    Attributes:
        how: for people.
    """

    how: str


@final
@dataclass(frozen=True, kw_only=True, eq=False)
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
        a = self.automaton
        return {
            "start": np.array([a.start]),
            "first": a.first,
            "symbols": a.symbols,
            "log_prob": a.log_prob,
            "target": a.target,
            "link": a.link,
            "price": a.price,
        }

    @classmethod
    def from_arrays(
        cls,
        settings: Mapping[str, Any],
        arrays: Mapping[str, npt.NDArray[Any]],
        alphabet: Alphabet,
        provenance: Provenance,
        metrics: Mapping[str, Any],
    ) -> DerivedModel:
        """The model that `arrays` came from.

        Raises:
            ModelFileError: the arrays do not make an automaton.
        """
        names = ("first", "symbols", "log_prob", "target", "link", "price")
        automaton = Automaton(alphabet, int(arrays["start"][0]), *(arrays[name] for name in names))
        if not _is_whole(automaton):
            raise ModelFileError("its arrays do not make an automaton")
        return cls(settings=Derived(**settings), machine=automaton, provenance=provenance, metrics=metrics)


def _is_whole(a: Automaton) -> bool:
    """Whether every number leads somewhere, so that no step can go astray."""
    S, E, V = len(a.link), len(a.symbols), a.alphabet.size
    shapes = a.first.shape == (S + 1,) and a.log_prob.shape == a.target.shape == (E,) and a.price.shape == (S,)
    types = (
        a.first.dtype == np.int64
        and a.symbols.dtype == a.alphabet.dtype
        and a.log_prob.dtype == a.price.dtype == np.float64
        and a.target.dtype == a.link.dtype == np.int32
    )
    if not (shapes and types and S and 0 <= a.start < S):
        return False
    if a.first[0] != 0 or a.first[-1] != E or (np.diff(a.first) < 0).any():
        return False
    owner = np.repeat(np.arange(S), np.diff(a.first))
    keys = owner * V + a.symbols
    return bool(
        a.first[1] == V  # the root lists every symbol
        and (np.diff(keys) > 0).all()
        and (a.symbols < V).all()
        and ((a.target >= 0) & (a.target < S)).all()
        and a.link[0] == 0
        and (np.diff(a.link) >= 0).all()
        and (a.link[1:] < np.arange(1, S)).all()
        and (a.log_prob <= 1e-9).all()
        and (a.price <= 1e-9).all()
    )
