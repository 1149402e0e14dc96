"""Items in the order of their probability, by best-first search (Hart, Nilsson and Raphael 1968).

A beginning of an item waits with the cost of the best item that it can become, or with less than that, and the one
with the least is looked at first. So items come as they are due, none twice, and where the bounds are exact nothing is
looked at in vain.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from nextchar.data.alphabet import BOUNDARY

__all__ = ["RankedStep", "best_first"]

ENDED: Final = -1


class RankedStep(NamedTuple):
    """A step from a state.

    Attributes:
        bound: nats to the end of the item, at least.
        nats: of the step.
        symbol: its id.
        state: the next one.
    """

    bound: float
    nats: float
    symbol: int
    state: int


def best_first(
    start: int, step: Callable[[int, int], RankedStep | None], *, exact: bool
) -> Iterator[tuple[list[int], float]]:
    """The items, most probable first: their ids, and -log p in nats.

    Args:
        start: the state that has read nothing.
        step: the steps from a state by number, least bound first; None when there are no more.
        exact: whether bounds are those of the best items; else they may be less.
    """
    tie = itertools.count()
    # A beginning: (bound, tie breaker, nats so far, symbols so far, state, which of its steps).
    heap: list[tuple[float, int, float, Any, int, int]] = []
    if (first := step(start, 0)) is not None:
        heap.append((first.bound, next(tie), 0.0, None, start, 0))
    while heap:
        _, _, nats, path, state, which = heapq.heappop(heap)
        while state != ENDED:
            taken, later = step(state, which), step(state, which + 1)
            assert taken is not None  # since it waited
            if later is not None:
                heapq.heappush(heap, (nats + later.bound, next(tie), nats, path, state, which + 1))
            nats += taken.nats
            if taken.symbol == BOUNDARY:
                bound, state, which = nats, ENDED, 0
            else:
                path, state, which = (path, taken.symbol), taken.state, 0
                following = step(state, 0)
                if following is None:
                    break  # a bound that promised too much
                bound = nats + following.bound
            if not exact and heap and heap[0][0] < bound:
                heapq.heappush(heap, (bound, next(tie), nats, path, state, which))
                break
        else:
            ids = []
            while path is not None:
                path, symbol = path
                ids.append(symbol)
            yield ids[::-1], nats
