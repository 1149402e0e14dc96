"""New models from old ones: two blended, or one brought up to date, without training anew.

Letters: S states of each, P pairs of states, V size of the alphabet.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton import Automaton, States
from nextchar.automata.conditional import automaton_model
from nextchar.automata.stored_model import Derived, DerivedModel
from nextchar.core.model import Model
from nextchar.data.provenance import together
from nextchar.errors import SettingsError

__all__ = ["blend"]

CELLS: Final = 1 << 25


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
    P, V = log_prob.shape
    blended = Automaton(
        alphabet=a.alphabet,
        start=0,
        first=np.arange(P + 1) * V,
        symbols=np.tile(np.arange(V).astype(a.alphabet.dtype), P),
        log_prob=log_prob.reshape(-1),
        target=child.reshape(-1).astype(np.int32),
        link=np.zeros(P, dtype=np.int32),
        price=np.zeros(P),
    )
    return DerivedModel(
        settings=Derived(how=f"{1 - weight:g} of a model ({first.kind}) and {weight:g} of another ({second.kind})"),
        machine=blended,
        provenance=together(first.provenance, second.provenance),
    )


def _pairs(a: Automaton, b: Automaton, weight: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """All pairs of states that can be reached, the start first: their rows (P, V) and next pairs (P, V)."""
    V = a.alphabet.size
    keys = np.array([a.start * b.size + b.start], dtype=np.int64)
    front, rows, nexts = keys, [], []
    known = np.sort(keys)
    step = max((1 << 22) // V, 1)
    while len(front):
        reached = []
        for part in (front[i : i + step] for i in range(0, len(front), step)):
            states = (part // b.size).astype(np.int32), (part % b.size).astype(np.int32)
            with np.errstate(divide="ignore"):
                rows.append(np.log((1 - weight) * np.exp(a.rows(states[0])) + weight * np.exp(b.rows(states[1]))))
            to = _all_steps(a, states[0]).astype(np.int64) * b.size + _all_steps(b, states[1])
            nexts.append(to)
            reached.append(np.unique(to))
        front = np.setdiff1d(np.unique(np.concatenate(reached)), known, assume_unique=True)
        known = np.union1d(known, front)
        keys = np.concatenate([keys, front])
        if len(keys) * V > CELLS:
            raise SettingsError("the two models together have too many states to blend; take lower orders")
    order = np.argsort(keys)
    child = order[np.searchsorted(keys[order], np.concatenate(nexts))]
    return np.concatenate(rows), child


def _all_steps(automaton: Automaton, states: States) -> States:
    V = automaton.alphabet.size
    return automaton.step(np.repeat(states, V), np.tile(np.arange(V), len(states)))[1].reshape(-1, V)
