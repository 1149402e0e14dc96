"""An automaton whose rows temperature, top_k and top_p reshape, where they are too many to be laid out.

What a temperature makes of a backoff automaton is one again: log-probabilities and prices are divided by it, and the
sums of the rows, which are known without laying them out (see `backoff_rows`), normalise them. What top_k and top_p
leave of a row is few symbols; they are listed, for the states that these lead to. The result is that of `reshaping`.

Letters: S states, E listed entries, K entries kept, V size of the alphabet.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton import ROOT, Automaton
from nextchar.automata.backoff_rows import BackoffRows
from nextchar.core.plan import Plan
from nextchar.core.sampling import TINY
from nextchar.errors import TooLargeError

__all__ = ["reshaped_automaton"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
_READ: Final = ("first", "symbols", "log_prob", "target", "link", "price")
MOST: Final = 1 << 22  # K
ROOM: Final = 1 << 16  # K at first, and twice as much each time that this is too little


def reshaped_automaton(automaton: Automaton, plan: Plan) -> Automaton:
    """The automaton with reshaped rows; states that are reached no longer are left out.

    Args:
        automaton: of a model, with states of its own for how items begin (see `reshaping.begun`).
        plan: its temperature, top_k and top_p.

    Raises:
        TooLargeError: too many symbols are left.
    """
    unknown = automaton.alphabet.unknown
    automaton = replace(automaton, **{name: np.require(getattr(automaton, name), requirements="W") for name in _READ})
    if unknown is not None:
        banned = np.where(automaton.symbols == unknown, -np.inf, automaton.log_prob)
        automaton = replace(automaton, log_prob=banned)
    if plan.top_p == 1:  # of a row nothing is left out
        plan = replace(plan, top_p=None)
    if plan.temperature < TINY or plan.top_k is not None or plan.top_p is not None:
        return _listed(automaton, plan)
    return _tempered(automaton, plan.temperature)[0]


def _tempered(automaton: Automaton, temperature: float) -> tuple[Automaton, F64]:
    """Rows p^(1 / temperature), normalised; and logs of their sums before that, (S,)."""
    rows = BackoffRows.of(
        replace(automaton, log_prob=automaton.log_prob / temperature, price=automaton.price / temperature)
    )
    total = rows.totals(np.zeros(len(rows.keys), dtype=np.int32), np.zeros(1))
    with np.errstate(invalid="ignore"):
        log_prob = np.nan_to_num(rows.log_prob - total[rows.owner], nan=-np.inf, neginf=-np.inf)
        price = np.nan_to_num(rows.price + total[rows.link] - total, nan=-np.inf, neginf=-np.inf)
    price[ROOT] = 0.0
    made = replace(
        automaton,
        first=rows.first,
        symbols=rows.symbols.astype(automaton.symbols.dtype),
        log_prob=np.minimum(log_prob, 0.0),
        target=rows.target,
        price=price,
    )
    return made, total


def _listed(automaton: Automaton, plan: Plan) -> Automaton:
    """Rows that list what is left, after a root that nothing leads to."""
    from nextchar._kernels.kept_rows import kept_rows

    S, V = automaton.size, automaton.alphabet.size
    temperature = plan.temperature if plan.temperature >= TINY else 1.0
    most = V if plan.top_k is None else plan.top_k
    if plan.temperature == 0:
        most = 1
    level = 0 < plan.temperature < TINY
    mass = 1.0 if plan.top_p is None else plan.top_p
    whole = np.empty(0)
    if mass < 1 and most >= V and not level:
        whole = _tempered(automaton, temperature)[1]
    owner = np.repeat(np.arange(S), np.diff(automaton.first))
    by_size = np.lexsort((-automaton.log_prob, owner))
    number, queue = np.full(S, -1, dtype=np.int32), np.zeros(S, dtype=np.int32)
    number[automaton.start], queue[0] = 0, automaton.start
    begins, done, found = np.zeros(S + 1, dtype=np.int64), 0, 1
    symbol, nats, target = np.empty(0, dtype=np.int32), np.empty(0), np.empty(0, dtype=np.int32)
    unknown = -1 if automaton.alphabet.unknown is None else automaton.alphabet.unknown
    while done < found:
        room = max(2 * len(symbol), ROOM)
        if room > MOST:
            raise TooLargeError("too many symbols are left of the rows to answer exactly", argument="top_p")
        symbol, nats, target = (np.append(x, np.empty(room - len(x), dtype=x.dtype)) for x in (symbol, nats, target))
        done, found = kept_rows(
            automaton.first, automaton.symbols, automaton.log_prob, automaton.target, automaton.link, automaton.price,
            by_size, unknown, temperature, level, most, mass, whole, number, queue, begins,
            symbol, nats, target, done, found,
        )  # fmt: skip
    K = int(begins[done])
    order = np.argsort(np.repeat(np.arange(done), np.diff(begins[: done + 1])) * V + symbol[:K], kind="stable")
    return Automaton(
        alphabet=automaton.alphabet,
        start=1,
        first=np.concatenate([[0], V + begins[: done + 1]]),
        symbols=np.concatenate([np.arange(V), symbol[order]]).astype(automaton.symbols.dtype),
        log_prob=np.concatenate([np.full(V, -np.log(V)), np.minimum(nats[order], 0.0)]),
        target=np.concatenate([np.ones(V), target[order] + 1]).astype(np.int32),
        link=np.zeros(done + 1, dtype=np.int32),
        price=np.append(0.0, np.full(done, -np.inf)),
    )
