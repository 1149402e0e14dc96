"""An automaton whose rows temperature, top_k and top_p reshape, from the first symbol on that is drawn.

What no item may have there is out of a row before it is reshaped, and takes no place among the k most probable: the
unknown symbol anywhere, the end of an empty item, and what goes on with none of the prefixes. So a prefix is given, and
not drawn, however improbable it is.

Letters: V size of the alphabet, S states.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton import Automaton, States
from nextchar.core.plan import Plan
from nextchar.core.sampling import allowed
from nextchar.data.alphabet import Ids

__all__ = ["begun", "reshaping"]

F64 = npt.NDArray[np.float64]


def reshaping(automaton: Automaton, plan: Plan) -> Callable[[F64], F64]:
    """What a plan does to rows, (B, V) -> (B, V)."""

    def reshape(rows: F64) -> F64:
        return allowed(rows, automaton.alphabet, plan, 0, 0)

    return reshape


def begun(automaton: Automaton, prefixes: Sequence[Ids], shortest: int) -> Automaton:
    """The same with states of its own for how items begin, so that rows have only what an item may have there.

    Args:
        automaton: of a model.
        prefixes: what items begin with, one of them: a state for each of their beginnings, which lists the symbols
            that go on with one. They are possible.
        shortest: the least number of characters; without a prefix and above 0, a state for the first symbol, whose row
            is that of the start without the end.
    """
    V = automaton.alphabet.size
    beginnings: dict[tuple[int, ...], dict[int, None]] = {}
    whole = {tuple(map(int, prefix)) for prefix in prefixes}
    for prefix in sorted(whole):
        if not any(prefix[:t] in whole for t in range(len(prefix))):  # a shorter one takes it in
            for t, symbol in enumerate(prefix):
                beginnings.setdefault(prefix[:t], {})[symbol] = None
    if not beginnings:
        if not shortest:
            return automaton
        beginnings[()] = dict.fromkeys(range(1, V))
    number = {begun: automaton.size + i for i, begun in enumerate(beginnings)}
    origin: dict[tuple[int, ...], States] = {(): np.array([automaton.start], dtype=np.int32)}
    sizes, symbols, nats, target = [], [], [], []
    for beginning, onward in beginnings.items():
        steps = automaton.successors(origin[beginning])[0]
        row = automaton.rows(origin[beginning])[0]
        for symbol in sorted(onward):
            longer = (*beginning, symbol)
            origin[longer] = steps[symbol : symbol + 1]
            target.append(number.get(longer, int(steps[symbol])))
        sizes.append(len(onward))
        symbols += sorted(onward)
        nats += row[sorted(onward)].tolist()
    return replace(
        automaton,
        start=automaton.size,
        first=np.append(automaton.first, automaton.first[-1] + np.cumsum(sizes)),
        symbols=np.append(automaton.symbols, np.array(symbols, dtype=automaton.symbols.dtype)),
        log_prob=np.append(automaton.log_prob, nats),
        target=np.append(automaton.target, np.array(target, dtype=np.int32)),
        link=np.append(automaton.link, np.full(len(sizes), automaton.link[-1])),  # at no price: what is not listed
        price=np.append(automaton.price, np.full(len(sizes), -np.inf)),
    )
