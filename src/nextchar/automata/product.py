"""A model's automaton and a condition's, walked together: what the model still gives to the items that are wanted.

A state of the product is a state of the model and one of each condition. Its message is the probability that an item
that has come so far will go on to meet the condition:

    message(s) = p(end | s) [if s is accepted] + sum over symbols w of p(w | s) message(next(s, w))

Where the condition bounds the length this is one pass from the ends backwards; where there are loops, a fixed point.
States are sorted by the ranks of their conditions (see `dfa`), in blocks: a block needs itself and later blocks only,
and only blocks that lead into themselves are iterated.

Dividing each step by the messages,

    p(w | s, condition) = p(w | s) message(next(s, w)) / message(s),

gives an automaton again, that of the items that meet the condition and no others. Everything else is read off it.

Source: the backward recursion of Baum et al. (1970); for automata, Mohri, "Weighted automata algorithms" (2009).

Letters: P product states, V size of the alphabet, D states of a condition, F states of the front.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton import Automaton, States
from nextchar.automata.automaton_reader import Reader
from nextchar.automata.best_first import RankedStep, best_first
from nextchar.automata.dfa import DEAD, Dfa
from nextchar.automata.fixed_points import EXACT, ROUNDS, SMALL, settled, unsettled
from nextchar.automata.reachable import CELLS, NOWHERE, Reached, reachable
from nextchar.core.numerics import log_sum_exp
from nextchar.core.protocol import LanguageModel
from nextchar.data.alphabet import BOUNDARY, Ids
from nextchar.data.display import one_line
from nextchar.errors import SettingsError, TooLargeError

__all__ = ["Adjust", "Chain", "Product", "fixed_point"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
Adjust = Callable[[F64], F64]  # rows of log-probabilities, reshaped


@dataclass(frozen=True, eq=False)
class Product:
    """The product, before its messages are known.

    Attributes:
        origin: (P,) the model's state of each.
        log_prob: (P, V) nats of each step of the model; column 0, the end, -inf where the item may not end.
        child: (P, V) where each step leads; P, which is no state, where it leads out of the condition or ends.
        start: the state that has read nothing.
        blocks: where the blocks begin, and P; a step leads to the same block or to a later one.
    """

    origin: States
    log_prob: F64
    child: I32
    start: int
    blocks: I64

    __repr__ = one_line

    @classmethod
    def of(cls, automaton: Automaton, conditions: Sequence[Dfa], adjust: Adjust | None = None) -> Product:
        """Everything that can be reached from the start.

        Args:
            automaton: of the model.
            conditions: all to be met.
            adjust: reshapes the model's rows.

        Raises:
            TooLargeError: there are too many states.
        """
        V = automaton.alphabet.size
        sizes = [automaton.size, *(d.size for d in conditions)]
        radix = np.array([*np.cumprod(sizes[:0:-1], dtype=object)[::-1], 1], dtype=object)
        if int(radix[0]) * sizes[0] >= 1 << 62:
            raise _too_large()
        radix = radix.astype(np.int64)
        rows = automaton.rows if adjust is None else lambda states: adjust(automaton.rows(states))
        expand = partial(_expand, automaton, conditions, rows, radix)
        return cls._sorted(reachable(automaton.start * int(radix[0]), V, expand, CELLS, _too_large), conditions, radix)

    @classmethod
    def _sorted(cls, reached: Reached, conditions: Sequence[Dfa], radix: I64) -> Product:
        """Number the states by rank."""
        keys = reached.keys
        P = len(keys)
        rank = np.zeros(P, dtype=np.int64)
        for dfa, unit, above in zip(conditions, radix[1:], radix[:-1], strict=True):
            rank += dfa.rank[keys % above // unit]
        order = np.argsort(rank, kind="stable")
        number = np.empty(P, dtype=np.int32)
        number[order] = np.arange(P, dtype=np.int32)
        log_prob, child = reached.laid_out(number, P)
        ranks = rank[order]
        blocks = np.concatenate([[0], np.flatnonzero(np.diff(ranks)) + 1, [P]])
        return cls((keys[order] // radix[0]).astype(np.int32), log_prob, child, int(number[0]), blocks)

    @property
    def size(self) -> int:
        """P, the number of states."""
        return len(self.origin)

    def messages(self) -> F64:
        """Log of the probability to meet the condition from each state, shape (P,); -inf where that is impossible.

        Raises:
            SettingsError: it does not settle, for items hardly ever end.
        """
        message = np.full(self.size + 1, -np.inf)  # the last one is for what is no state
        for begin, end in _backwards(self.blocks):
            log_prob, child = self.log_prob[begin:end], self.child[begin:end]
            nats = log_prob + message[child]
            nats[:, BOUNDARY] = log_prob[:, BOUNDARY]
            outside = log_sum_exp(nats)
            inside = (child >= begin) & (child < end)
            if inside.any() and np.isfinite(top := outside.max()):
                within = np.where(inside, child - begin, 0)
                x = fixed_point(np.where(inside, np.exp(log_prob), 0.0), within, np.exp(outside - top))
                if (x < SMALL).any():  # impossible, or too small for the range of numbers
                    outside = _log_fixed_point(np.where(inside, log_prob, -np.inf), within, outside)
                else:
                    outside = top + np.log(x)
            message[begin:end] = outside
        return message[:-1]

    def conditional(self) -> tuple[float, Chain]:
        """Log of the probability of the condition, and the items that meet it.

        Raises:
            SettingsError: no item of the model meets the condition.
        """
        message = self.messages()
        total = float(message[self.start])
        if total == -np.inf:
            raise SettingsError("no item of this model meets all the conditions")
        whole = np.append(message, -np.inf)
        with np.errstate(invalid="ignore"):
            log_prob = self.log_prob + whole[self.child]
            log_prob[:, BOUNDARY] = self.log_prob[:, BOUNDARY]
            log_prob -= message[:, None]
        live = np.isfinite(message)
        number = np.full(self.size + 1, live.sum(), dtype=np.int32)
        number[:-1][live] = np.arange(live.sum(), dtype=np.int32)
        log_prob, child = log_prob[live], number[self.child[live]]
        child[log_prob == -np.inf] = live.sum()
        blocks = np.unique(np.searchsorted(np.flatnonzero(live), self.blocks))
        return total, Chain(log_prob, child, int(number[self.start]), blocks)


@dataclass(frozen=True, eq=False)
class Chain:
    """The items that meet a condition, as a Markov chain: a state's steps and its end have probabilities that sum to 1.

    Attributes:
        log_prob: (P, V) nats of each step; column 0 is the end.
        child: (P, V) where each step leads; P where it is impossible, and for the end.
        start: the state that has read nothing.
        blocks: as of `Product`.
    """

    log_prob: F64
    child: I32
    start: int
    blocks: I64

    __repr__ = one_line

    @property
    def size(self) -> int:
        """P, the number of states."""
        return len(self.log_prob)

    def mean_length(self) -> float:
        """Characters of an item, on average."""
        return float(self.expected(np.ones(self.size))[self.start]) - 1

    def entropy(self) -> float:
        """Nats an item."""
        finite = np.where(np.isfinite(self.log_prob), self.log_prob, 0.0)
        of_steps = np.maximum(-(np.exp(self.log_prob) * finite).sum(axis=1), 0.0)  # -1e-16 comes of rounding
        return float(self.expected(of_steps)[self.start])

    def row_after(self, ids: Ids) -> F64 | None:
        """Log p of what may follow a beginning, (V,); None where no item begins so."""
        state = self.start
        for symbol in ids:
            state = int(self.child[state, symbol])
            if state == self.size:
                return None
        row: F64 = self.log_prob[state]
        return row

    def items(self, like: Automaton) -> LanguageModel:
        """The items as a language model."""
        return Reader(self.automaton(like))

    def best_items(self) -> Iterator[tuple[list[int], float]]:
        """Most probable first: the ids of each, and its -log p among them, in nats."""
        best = np.append(self.best(), -np.inf)
        successors: dict[int, list[RankedStep]] = {}

        def ranked(state: int) -> list[RankedStep]:
            if state not in successors:
                step = self.log_prob[state]
                whole = step + best[self.child[state]]
                whole[BOUNDARY] = step[BOUNDARY]
                order = np.argsort(-whole, kind="stable")[: int(np.isfinite(whole).sum())]
                columns = (-whole[order], -step[order], order, self.child[state][order])
                successors[state] = [RankedStep(*s) for s in zip(*(column.tolist() for column in columns), strict=True)]
            return successors[state]

        def step(state: int, which: int) -> RankedStep | None:
            steps = ranked(state)
            return steps[which] if which < len(steps) else None

        return best_first(self.start, step, exact=True)

    def expected(self, reward: F64) -> F64:
        """What is collected from each state to the end of the item, on average, (P,) rewards >= 0 -> (P,)."""
        total = np.zeros(self.size + 1)
        for begin, end in _backwards(self.blocks):
            child = self.child[begin:end]
            prob = np.exp(self.log_prob[begin:end])
            x = reward[begin:end] + (prob * total[child]).sum(axis=1)
            inside = (child >= begin) & (child < end)
            if inside.any() and x.any():
                x = fixed_point(np.where(inside, prob, 0.0), np.where(inside, child - begin, 0), x)
            total[begin:end] = x
        return total[:-1]

    def best(self) -> F64:
        """Log-probability of the most probable way to the end of the item from each state, (P,) nats."""
        best = np.full(self.size + 1, -np.inf)
        for begin, end in _backwards(self.blocks):
            log_prob, child = self.log_prob[begin:end], self.child[begin:end]
            loops = ((child >= begin) & (child < end)).any()
            while True:
                nats = log_prob + best[child]
                nats[:, BOUNDARY] = log_prob[:, BOUNDARY]
                now = nats.max(axis=1)
                done = not loops or np.array_equal(now, best[begin:end])
                best[begin:end] = now
                if done:
                    break
        return best[:-1]

    def lengths(self, most: int, least_mass: float) -> F64:
        """The probability of each length 0, 1, ..., until less than `least_mass` is left or `most` is reached."""
        mass: F64 = np.zeros(self.size)
        mass[self.start] = 1.0
        prob = np.exp(self.log_prob)
        shares: list[float] = []
        while len(shares) <= most and mass.sum() > least_mass:
            at = np.flatnonzero(mass)
            shares.append(float(mass[at] @ prob[at, BOUNDARY]))
            flow = mass[at, None] * prob[at]
            mass = np.zeros(self.size + 1)
            np.add.at(mass, self.child[at].reshape(-1), flow.reshape(-1))
            mass = mass[:-1]
        return np.array(shares)

    def automaton(self, like: Automaton) -> Automaton:
        """As a model's automaton: state p becomes p + 1, after a root that nothing leads to."""
        V = like.alphabet.size
        state, symbol = np.nonzero(np.isfinite(self.log_prob))
        counts = np.bincount(state, minlength=self.size)
        target = self.child[state, symbol] + 1
        target[symbol == BOUNDARY] = self.start + 1
        price = np.full(self.size + 1, -np.inf)
        price[0] = 0.0
        return Automaton(
            alphabet=like.alphabet,
            start=self.start + 1,
            first=np.concatenate([[0, V], V + np.cumsum(counts)]),
            symbols=np.concatenate([np.arange(V), symbol]).astype(like.alphabet.dtype),
            log_prob=np.concatenate([np.full(V, -np.log(V)), self.log_prob[state, symbol]]),
            target=np.concatenate([np.full(V, self.start + 1), target]).astype(np.int32),
            link=np.zeros(self.size + 1, dtype=np.int32),
            price=price,
        )


def _too_large() -> TooLargeError:
    return TooLargeError(
        f"exact answers need too much memory here: more than {CELLS:,} numbers for the states of the model together "
        "with those of the conditions; take a model of lower order, or a smaller largest length",
        argument="max_length",
    )


def _expand(
    automaton: Automaton, conditions: Sequence[Dfa], rows: Callable[[States], F64], radix: I64, keys: I64
) -> tuple[F64, I64]:
    """The steps of some states: log-probabilities (F, V), and the keys that they lead to, NOWHERE for none."""
    states = (keys // radix[0]).astype(np.int32)
    log_prob = rows(states).copy()
    child = automaton.successors(states).astype(np.int64) * radix[0]
    dead = log_prob == -np.inf
    dead[:, BOUNDARY] = True
    accepted = np.ones(len(keys), dtype=np.bool_)
    for dfa, unit, above in zip(conditions, radix[1:], radix[:-1], strict=True):
        at = keys % above // unit
        to = dfa.rows(at, automaton.alphabet.size)
        dead |= to == DEAD
        child += to * unit
        accepted &= dfa.accepting[at]
    child[dead] = NOWHERE
    log_prob[~accepted, BOUNDARY] = -np.inf
    return log_prob, child


def _backwards(blocks: I64) -> list[tuple[int, int]]:
    return [(int(begin), int(end)) for begin, end in zip(blocks[-2::-1], blocks[:0:-1], strict=True)]


def fixed_point(values: F64, child: I32, constant: F64) -> F64:
    """The least x >= 0 with x = constant + sum of values * x[child], (F, V), (F, V), (F,) -> (F,).

    Raises:
        SettingsError: it does not settle.
    """
    return settled(constant, lambda x: constant + np.einsum("fv,fv->f", values, x[child]))


def _log_fixed_point(log_values: F64, child: I32, log_constant: F64) -> F64:
    """`fixed_point` of the exponentials, by logarithms throughout: slower, with a range that has no end.

    Raises:
        SettingsError: it does not settle.
    """
    x = log_constant
    for _ in range(ROUNDS):
        now = np.logaddexp(log_constant, log_sum_exp(log_values + x[child]))
        with np.errstate(invalid="ignore"):
            change = np.nan_to_num(np.abs(now - x), nan=0.0)  # -inf - -inf
        x = now
        if float(change.max()) <= EXACT * max(1.0, float(np.abs(x[np.isfinite(x)]).max(initial=1.0))):
            return x
    raise unsettled()
