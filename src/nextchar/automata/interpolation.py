"""Linear interpolation: one model of two, without training anew.

Letters: S states of each, P pairs of states, V size of the alphabet.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton import ROOT, Automaton
from nextchar.automata.conditional import automaton_model
from nextchar.automata.reachable import CELLS, reachable
from nextchar.automata.stored_model import Derived, DerivedModel
from nextchar.core.model import Model
from nextchar.core.settings import Setting
from nextchar.data.alphabet import Alphabet
from nextchar.data.arguments import need
from nextchar.data.provenance import together
from nextchar.errors import SettingsError

__all__ = ["interpolate"]

F64 = npt.NDArray[np.float64]
I32 = npt.NDArray[np.int32]


WEIGHT: Final = Setting(name="the weight of the second model", argument="weight", type=float, at_least=0, at_most=1)


def interpolate(first: Model, second: Model, weight: float) -> DerivedModel:
    """The linear interpolation of two models: p = (1 - weight) p_first + weight p_second, symbol by symbol.

    Both have to be finite automata, and so is what comes out: its states are pairs of theirs. Source: Jelinek and
    Mercer, "Interpolated estimation of Markov source parameters from sparse data", 1980.

    Args:
        first: a model that is a finite automaton, such as an n-gram model.
        second: another one. Where the alphabets differ, the result has the characters of both: those that a model
            lacks have the probability 0 in it, so in the result that of the other, times its weight; and where one has
            been read, that model goes on from the empty context (with a symbol for unknown characters, from this).
        weight: of the second, from 0 to 1.

    Raises:
        SettingsError: a model is no finite automaton, the weight is out of its range, the two treat text in different
            ways, or there are too many pairs.

    Examples:
        >>> import nextchar
        >>> one = nextchar.Ngram(order=2, add=0).fit(nextchar.Corpus.from_items(["ab", "ab"]))
        >>> other = nextchar.Ngram(order=2, add=0).fit(nextchar.Corpus.from_items(["ab", "ba"]))
        >>> model = nextchar.interpolate(one, other, 0.5)
        >>> symbol, nats = model.surprisal("ab")[0]  # p(a) = (1 + 1/2) / 2
        >>> symbol, round(nats, 4)
        ('a', 0.2877)
    """
    weight = WEIGHT.check(weight)
    need(first, Model, "first", "a model (Ngram().fit(...), load(...))")
    need(second, Model, "second", "a model (Ngram().fit(...), load(...))")
    if (ours := first.provenance.options) != (theirs := second.provenance.options):
        raise SettingsError(
            f"the two models treat text in different ways ({ours} and {theirs}), so that what is one item for one of "
            "them is another for the other"
        )
    a, b = automaton_model(first).automaton, automaton_model(second).automaton
    alphabet = a.alphabet.union(b.alphabet)
    log_prob, child = _pairs(_Widened.of(a, alphabet), _Widened.of(b, alphabet), weight)
    machine = Automaton.from_rows(alphabet, 0, log_prob, child)
    return DerivedModel(
        settings=Derived(how=f"{1 - weight:g} of a model ({first.kind}) and {weight:g} of another ({second.kind})"),
        machine=machine,
        provenance=together(first.provenance, second.provenance),
    )


class _Widened(NamedTuple):
    """An automaton read as one over a larger alphabet.

    Attributes:
        machine: the automaton.
        V: the size of the larger alphabet.
        place: (own V,) of each of its symbols in the larger alphabet.
        missing: (V - own V,) the symbols that it lacks.
    """

    machine: Automaton
    V: int
    place: npt.NDArray[np.intp]
    missing: npt.NDArray[np.intp]

    @classmethod
    def of(cls, machine: Automaton, alphabet: Alphabet) -> _Widened:
        """The automaton with all symbols of the alphabet."""
        place = machine.alphabet.ids_in(alphabet).astype(np.intp)
        return cls(machine, alphabet.size, place, np.setdiff1d(np.arange(alphabet.size), place))

    def rows(self, states: I32) -> F64:
        """Log p of all symbols, (B, V); none of those that it lacks."""
        rows = np.full((len(states), self.V), -np.inf)
        rows[:, self.place] = self.machine.rows(states)
        return rows

    def successors(self, states: I32) -> I32:
        """Where all symbols lead, (B, V): those that it lacks to where its unknown symbol does, or the first state."""
        own = self.machine.successors(states)
        unknown = self.machine.alphabet.unknown
        successors = np.full((len(states), self.V), ROOT, dtype=np.int32)
        successors[:, self.place] = own
        if unknown is not None:
            successors[:, self.missing] = own[:, [unknown]]
        return successors


def _pairs(a: _Widened, b: _Widened, weight: float) -> tuple[F64, I32]:
    """All pairs of states that can be reached, the start first: their rows (P, V) and next pairs (P, V)."""
    size = b.machine.size

    def expand(pairs: npt.NDArray[np.int64]) -> tuple[F64, npt.NDArray[np.int64]]:
        of_a, of_b = (pairs // size).astype(np.int32), (pairs % size).astype(np.int32)
        with np.errstate(divide="ignore"):
            rows = np.log((1 - weight) * np.exp(a.rows(of_a)) + weight * np.exp(b.rows(of_b)))
        return rows, a.successors(of_a).astype(np.int64) * size + b.successors(of_b)

    def too_large() -> SettingsError:
        return SettingsError("the two models together have too many states to interpolate; take lower orders")

    reached = reachable(a.machine.start * size + b.machine.start, a.V, expand, CELLS, too_large)
    P = len(reached.keys)
    return reached.laid_out(np.arange(P, dtype=np.int32), P)
