"""New models from old ones: two blended, or one brought up to date, without training anew.

Letters: S states of each, P pairs of states, V size of the alphabet.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton import Automaton
from nextchar.automata.conditional import automaton_model
from nextchar.automata.reachable import CELLS, reachable
from nextchar.automata.stored_model import Derived, DerivedModel
from nextchar.core.model import Model
from nextchar.data.provenance import together
from nextchar.errors import SettingsError

__all__ = ["blend"]

F64 = npt.NDArray[np.float64]
I32 = npt.NDArray[np.int32]


def blend(first: Model, second: Model, weight: float) -> DerivedModel:
    """The linear interpolation of two models: p = (1 - weight) p_first + weight p_second, symbol by symbol.

    Both have to be finite automata; so is their blend, whose states are pairs of theirs. Jelinek and Mercer (1980).

    Raises:
        SettingsError: the weight is out of its range, the alphabets differ, or there are too many pairs.
    """
    if not 0 <= weight <= 1:
        raise SettingsError(f"the weight of the second model is between 0 and 1, not {weight}")
    a, b = automaton_model(first).automaton, automaton_model(second).automaton
    if a.alphabet != b.alphabet:
        raise SettingsError(
            "the two models have different alphabets; a blend of probabilities needs one, which counts do not "
            "(--counts)"
        )
    log_prob, child = _pairs(a, b, weight)
    blended = Automaton.from_rows(a.alphabet, 0, log_prob, child)
    return DerivedModel(
        settings=Derived(how=f"{1 - weight:g} of a model ({first.kind}) and {weight:g} of another ({second.kind})"),
        machine=blended,
        provenance=together(first.provenance, second.provenance),
    )


def _pairs(a: Automaton, b: Automaton, weight: float) -> tuple[F64, I32]:
    """All pairs of states that can be reached, the start first: their rows (P, V) and next pairs (P, V)."""

    def expand(pairs: npt.NDArray[np.int64]) -> tuple[F64, npt.NDArray[np.int64]]:
        of_a, of_b = (pairs // b.size).astype(np.int32), (pairs % b.size).astype(np.int32)
        with np.errstate(divide="ignore"):
            rows = np.log((1 - weight) * np.exp(a.rows(of_a)) + weight * np.exp(b.rows(of_b)))
        return rows, a.successors(of_a).astype(np.int64) * b.size + b.successors(of_b)

    def too_large() -> SettingsError:
        return SettingsError("the two models together have too many states to blend; take lower orders")

    reached = reachable(a.start * b.size + b.start, a.alphabet.size, expand, CELLS, too_large)
    P = len(reached.keys)
    return reached.laid_out(np.arange(P, dtype=np.int32), P)
