"""How a model's items are ranked: the most probable ones listed where it is a finite automaton, others drawn.

The listing walks all beginnings of items side by side. What is still to come of an item is at best as probable as the
most probable way to its end, which is known for every state; a beginning whose best item is not probable enough is
dropped. So no beginning is looked at in vain, and the work goes with the number of items found.

Letters: F beginnings side by side, P states, V size of the alphabet.
"""

from __future__ import annotations

import itertools
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton_reader import AutomatonReader, Reader
from nextchar.automata.conditioned import Conditioned, conditioned
from nextchar.automata.product import Chain
from nextchar.automata.sparse_chain import SparseChain
from nextchar.core.constraint import Constraint
from nextchar.core.drawing import Samples, sample
from nextchar.core.model import Model
from nextchar.core.plan import Plan
from nextchar.core.ranking import Ranking
from nextchar.core.scoring import item_nats, symbol_nats
from nextchar.data.alphabet import BOUNDARY
from nextchar.errors import TooLargeError

__all__ = ["most_probable", "ranking_of"]

F64 = npt.NDArray[np.float64]
MOST: Final = 1 << 19  # items that are counted one by one
CELLS: Final = 1 << 21  # F x V looked at together
LISTED: Final = 1 << 12  # items that are listed where rows are not whole
FROM_AUTOMATON: Final = 1 << 16
FROM_OTHERS: Final = 1 << 13


def ranking_of(model: Model, draws: int | None, seed: int) -> Ranking:
    """What the ranks of a model's items are read off; the empty item is none of them.

    Args:
        model: any.
        draws: how many items to draw for what cannot be counted; by default 65,536 from a finite automaton, and 8,192
            from others.
        seed: of these.

    Raises:
        SettingsError: the number of draws is negative, or items do not end.
    """
    if isinstance(model, AutomatonReader):
        try:
            found = conditioned(model.automaton, model.provenance, Constraint())
        except TooLargeError:
            found = None
        if found is not None and isinstance(found.chain, SparseChain):
            drawn = sample(
                found.chain.items(model.automaton),
                FROM_OTHERS if draws is None else draws,
                Plan(seed=seed),
                Constraint(min_length=0),
            )
            return Ranking(_nats(model, drawn), found.log_probability, partial(_listed, found))
        if found is not None and isinstance(found.chain, Chain):
            items = Reader(found.chain.automaton(model.automaton))
            drawn = sample(items, FROM_AUTOMATON if draws is None else draws, Plan(seed=seed), Constraint(min_length=0))
            best = found.chain.best()
            return Ranking(_nats(model, drawn), found.log_probability, partial(most_probable, found, best))
    drawn = model.draw(FROM_OTHERS if draws is None else draws, Plan(seed=seed), Constraint())
    begun = np.log1p(-np.exp(model.start(1).log_probs[0, BOUNDARY]))  # that an item is not empty
    kept = np.log(max(len(drawn.corpus), 1) / max(drawn.drawn, 1))  # and as text options leave it
    return Ranking(_nats(model, drawn), float(begun + min(kept, 0.0)), lambda _: None)


def _nats(model: Model, drawn: Samples) -> F64:
    return item_nats(drawn.corpus, symbol_nats(model, drawn.corpus)) if len(drawn.corpus) else np.empty(0)


def _listed(found: Conditioned, limit: float) -> F64 | None:
    """-log p, in nats, of all items that have at most `limit`, one after the other; None for more than a few."""
    nats = [nats - found.log_probability for _, nats in itertools.islice(found.chain.best_items(), LISTED + 1)]
    if len(nats) > LISTED and nats[-1] <= limit:
        return None
    return np.array([x for x in nats if x <= limit])


def most_probable(found: Conditioned, best: F64, limit: float, most: int = MOST) -> F64 | None:
    """-log p, in nats, of all items that have at most `limit`, in no order; None for more than `most`.

    Args:
        found: the items.
        best: (P,) log-probability of the most probable way to the end from each state.
        limit: nats.
        most: how many there may be.
    """
    chain, mass = found.chain, found.log_probability
    assert isinstance(chain, Chain)
    best = np.append(best, -np.inf)
    states = np.array([chain.start])
    spent = np.array([-mass])  # nats so far
    if spent[0] - best[chain.start] > limit:
        return np.empty(0)
    V = chain.log_prob.shape[1]
    ended: list[F64] = []
    count = 0
    while len(states):
        nexts: list[tuple[npt.NDArray[np.int64], F64]] = []
        waiting = 0
        step = max(CELLS // V, 1)
        for part in (slice(i, i + step) for i in range(0, len(states), step)):
            nats = spent[part, None] - chain.log_prob[states[part]]  # (F, V)
            ends = nats[:, BOUNDARY]
            ended.append(ends[ends <= limit])
            count += len(ended[-1])
            child = chain.child[states[part]]
            bound = nats - best[child]
            bound[:, BOUNDARY] = np.inf
            row, symbol = np.nonzero(bound <= limit)
            nexts.append((child[row, symbol].astype(np.int64), nats[row, symbol]))
            waiting += len(row)
            if count + waiting > most:  # each of those that wait has an item at least
                return None
        states = np.concatenate([state for state, _ in nexts])
        spent = np.concatenate([nats for _, nats in nexts])
    return np.concatenate(ended)
