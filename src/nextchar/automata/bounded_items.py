"""Items of an automaton with a least or a largest length: exact draws without the product of model and lengths.

How probable it is that an item ends well depends on the model's state and on how many characters there are so far, and
on nothing else: one pass from the longest items backwards finds it for all states. Without a largest length the pass
begins where the least one is reached, from how probable it is that an item ends at all. Draws then look at the rows of
the states that they come to, and at no others.

Letters: B items in a batch, S states, V size of the alphabet, L the largest length, or the least where there is no
largest, t characters already written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton import Automaton, States
from nextchar.automata.fixed_points import SMALL
from nextchar.automata.product import fixed_point
from nextchar.automata.reshaping import reshaping
from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.core.protocol import LogProbs, Step
from nextchar.data.alphabet import BOUNDARY, Alphabet, Ids
from nextchar.errors import SettingsError

__all__ = ["BoundedItems", "chances_to_end"]

F64 = npt.NDArray[np.float64]
CELLS: Final = 1 << 25  # of (L + 1) x S, 256 MB
ROUNDING: Final = 1e-9  # by which the sum of a row may differ from 1


@dataclass(frozen=True, eq=False)
class BoundedItems:
    """The items that meet lengths, as a language model; the state of an item is a row number and t.

    Attributes:
        machine: the automaton.
        log_prob: (S, V) nats of its rows, reshaped and without the unknown symbol.
        target: (S, V) next states.
        shortest: the least length.
        ahead: (L + 1, S) log of the probability that an item ends well from each state after t characters.
        endless: whether items may be longer than L; the last row of `ahead` then stands for all that follow.
    """

    machine: Automaton
    log_prob: F64
    target: States
    shortest: int
    ahead: F64
    endless: bool

    @classmethod
    def of(cls, automaton: Automaton, constraint: Constraint, plan: Plan) -> BoundedItems | None:
        """Prepare; None where the product has to answer, for there is too much, or numbers are too small.

        Args:
            automaton: of the model.
            constraint: its lengths alone.
            plan: its temperature, top_k and top_p reshape the rows first.
        """
        shortest, unknown, endless = constraint.shortest, automaton.alphabet.unknown, constraint.max_length is None
        L = shortest if constraint.max_length is None else constraint.max_length
        if automaton.table is None or (L + 1) * automaton.size > CELLS:
            return None
        log_prob, target = automaton.table
        if unknown is not None or plan.adjusts:
            log_prob = reshaping(automaton, plan)(log_prob)
        prob = np.exp(log_prob)
        ahead = np.full((L + 1, automaton.size), -np.inf)
        message, scale = np.zeros(automaton.size), 0.0  # of t + 1 characters: exp(ahead - scale)
        if endless:
            ends = _ends(prob, target)
            if ends is None:
                return None
            message = ends
        with np.errstate(divide="ignore"):
            for t in range(L, -1, -1):
                onward = np.einsum("sv,sv->s", prob[:, 1:], message[target[:, 1:]]) if t < L or endless else message
                total = onward + (prob[:, BOUNDARY] * np.exp(-scale) if t >= shortest else 0.0)
                top = float(total.max())
                if top == 0:
                    return None
                message = total / top
                scale += float(np.log(top))
                ahead[t] = np.log(message) + scale
        return cls(automaton, log_prob, target, shortest, ahead, endless)

    @property
    def alphabet(self) -> Alphabet:
        """What the ids mean."""
        return self.machine.alphabet

    @property
    def context_length(self) -> None:
        """All: how many characters there are so far counts."""
        return

    @property
    def corpus_scorer(self) -> None:
        """None: it draws, and the model scores."""
        return

    @property
    def batch_limit(self) -> None:
        """None: its states are small."""
        return

    def can_begin(self, prefix: Ids) -> bool:
        """Whether items can begin so."""
        step = self.start(1)
        for t, symbol in enumerate(prefix):
            if (t >= len(self.ahead) - 1 and not self.endless) or step.log_probs[0, int(symbol)] == -np.inf:
                return False
            step = self.advance(step.state, prefix[t : t + 1])
        return bool(np.isfinite(step.log_probs).any())

    def start(self, batch: int) -> Step:
        """The state of `batch` items having read the boundary."""
        return self._at(np.full(batch, self.machine.start, dtype=np.int32), 0)

    def advance(self, state: object, ids: Ids) -> Step:
        """The state after one more symbol of each item."""
        states, t = cast(tuple[States, int], state)
        return self._at(self.target[states, ids.astype(np.intp)], t + 1)

    def select(self, state: object, rows: npt.NDArray[np.intp]) -> object:
        """The state of some of the batch's items."""
        states, t = cast(tuple[States, int], state)
        return states[rows], t

    def _at(self, states: States, t: int) -> Step:
        rows = self.log_prob[states]
        L = len(self.ahead) - 1
        end = rows[:, BOUNDARY] if t >= self.shortest else np.full(len(states), -np.inf)
        last = t == L and not self.endless
        rows = np.full(rows.shape, -np.inf) if last else rows + self.ahead[min(t + 1, L)][self.target[states]]
        rows[:, BOUNDARY] = end
        with np.errstate(invalid="ignore"):
            rows -= self.ahead[min(t, L)][states][:, None]
        return Step((states, t), np.where(np.isnan(rows), -np.inf, rows))  # -inf - -inf: nothing can follow

    def log_probs(self, ids: Ids) -> LogProbs:
        """(B, T) -> (B, T, V) nats; ids[:, 0] is the boundary."""
        step = self.start(len(ids))
        rows = [step.log_probs]
        for column in ids[:, 1:].T:
            step = self.advance(step.state, column)
            rows.append(step.log_probs)
        return np.stack(rows, axis=1)

    def drawer(self, plan: Plan, constraint: Constraint, n: int) -> None:
        """None: the plain way is fast enough."""


def chances_to_end(automaton: Automaton) -> F64 | None:
    """How probable it is that an item ends at all from each state, (S,), unknown symbols taken for dead ends.

    None where that cannot be told here; the automaton's table is laid out.
    """
    assert automaton.table is not None
    log_prob, target = automaton.table
    prob = np.exp(log_prob)
    if automaton.alphabet.unknown is not None:
        prob[:, automaton.alphabet.unknown] = 0.0
    if (prob[:, BOUNDARY] > 0).all() and (np.abs(prob.sum(axis=1) - 1) < ROUNDING).all():
        return np.ones(automaton.size)  # every step may be the last: no item goes on forever
    return _ends(prob, target)


def _ends(prob: F64, target: States) -> F64 | None:
    """How probable it is that an item ends at all from each state, (S,); None where that cannot be told here."""
    try:
        message = fixed_point(prob[:, 1:], target[:, 1:], prob[:, BOUNDARY])
    except SettingsError:  # perhaps of states that nothing leads to
        return None
    return None if (message < SMALL).any() else message
