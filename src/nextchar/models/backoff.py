"""An n-gram model that was made elsewhere: the automaton alone, without counts.

It comes from an ARPA file (see `arpa`). It predicts, writes and scores like any other; what its training data was it
does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, final

import numpy as np
import numpy.typing as npt

from nextchar.alphabet import Alphabet
from nextchar.counting import checked_order
from nextchar.errors import ModelFileError, SettingsError
from nextchar.models.automaton import ROOT, Automaton
from nextchar.models.automaton_model import AutomatonModel
from nextchar.provenance import Provenance

__all__ = ["Backoff", "BackoffModel"]


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """What is known of a model that was made elsewhere.

    Attributes:
        order: n: it predicts from the n - 1 symbols before.

    Raises:
        SettingsError: the order is out of its range.
    """

    order: int

    def __post_init__(self) -> None:
        checked_order(self.order)


@final
@dataclass(frozen=True, kw_only=True, eq=False)
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
    metrics: Mapping[str, Any] = field(default_factory=dict)

    @property
    def automaton(self) -> Automaton:
        """The model as a finite automaton."""
        return self.states

    @property
    def context_length(self) -> int:
        """N - 1."""
        return self.settings.order - 1

    def training_nats(self) -> float:
        """Not known.

        Raises:
            SettingsError: always.
        """
        raise SettingsError("a model from an ARPA file does not know its training data; evaluate it on a file")

    def with_metrics(self, metrics: Mapping[str, Any]) -> BackoffModel:
        """The same model with other metrics."""
        return replace(self, metrics=metrics)

    def arrays(self) -> Mapping[str, npt.NDArray[Any]]:
        """The automaton."""
        made = self.states
        return {
            "start": np.array([made.start]),
            "first": made.first,
            "symbols": made.symbols,
            "log_prob": made.log_prob,
            "target": made.target,
            "link": made.link,
            "price": made.price,
        }

    @classmethod
    def from_arrays(
        cls,
        settings: Mapping[str, Any],
        arrays: Mapping[str, npt.NDArray[Any]],
        alphabet: Alphabet,
        provenance: Provenance,
        metrics: Mapping[str, Any],
    ) -> BackoffModel:
        """The model that `arrays` came from.

        Raises:
            ModelFileError: the arrays do not make an automaton over this alphabet.
            SettingsError: the order is out of its range.
        """
        spec = Backoff(**settings)
        _check(arrays, alphabet)
        automaton = Automaton(
            alphabet=alphabet,
            start=int(arrays["start"][0]),
            **{name: arrays[name] for name in ("first", "symbols", "log_prob", "target", "link", "price")},
        )
        return cls(settings=spec, alphabet=alphabet, states=automaton, provenance=provenance, metrics=metrics)


def _check(arrays: Mapping[str, npt.NDArray[Any]], alphabet: Alphabet) -> None:
    """Whatever would let a walk leave the arrays, or never end."""
    S, E = len(arrays["link"]), len(arrays["symbols"])
    kinds = {
        "start": ((1,), np.int64),
        "first": ((S + 1,), np.int64),
        "symbols": ((E,), alphabet.dtype),
        "log_prob": ((E,), np.float64),
        "target": ((E,), np.int32),
        "link": ((S,), np.int32),
        "price": ((S,), np.float64),
    }
    for name, (shape, dtype) in kinds.items():
        if arrays[name].shape != shape or arrays[name].dtype != dtype:
            raise ModelFileError(f"its array {name} has a wrong size or type")
    first, symbols, link = arrays["first"], arrays["symbols"].astype(np.int64), arrays["link"]
    if not S or first[0] != 0 or first[-1] != E or (np.diff(first) < 0).any():
        raise ModelFileError("its states do not fit its entries")
    keys = np.repeat(np.arange(S), np.diff(first)) * alphabet.size + symbols
    rows_in_order = (np.diff(keys) > 0).all() and np.array_equal(symbols[: first[1]], np.arange(alphabet.size))
    links_lead_down = link[ROOT] == ROOT and (link[1:] < np.arange(1, S)).all() and (np.diff(link) >= 0).all()
    inside = all(((arrays[name] >= 0) & (arrays[name] < S)).all() for name in ("start", "target", "link"))
    numbers = (arrays["log_prob"] <= 0).all() and (arrays["price"] < np.inf).all()
    if not (rows_in_order and links_lead_down and inside and numbers):
        raise ModelFileError("its arrays do not make an automaton")
