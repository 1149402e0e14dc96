"""Context mixing within a time: how many contexts and passes, judged by how fast a text's first symbols are read."""

from __future__ import annotations

import time
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar.models.context_mixing.loops import Loops
from nextchar.models.context_mixing.tables import Learned
from nextchar.models.context_mixing.training import LATTER

__all__ = ["CONTEXTS", "LEAST_CONTEXTS", "MOST_CONTEXTS", "PASSES", "Speed", "affordable", "usual_passes", "warm_up"]

CONTEXTS, PASSES = 25, 2  # where nothing is said
LONG: Final = 1 << 23  # symbols: of so many, weights have learned enough in one pass
LEAST_CONTEXTS, MOST_CONTEXTS = 9, 37
STEPS: Final = ((9, 1), (12, 1), (16, 1), (20, 1), (31, 1), (37, 1), (37, 2))  # contexts and passes, ever better
MEASURED: Final = 10_000  # symbols that are read to see how fast it goes
APART: Final = 5  # the time that a symbol takes beside its contexts, in contexts
RESERVE: Final = 0.75  # of the time is planned with: tables that fill slow down, and packing comes last


class Speed(NamedTuple):
    """How long a symbol takes, in seconds.

    Attributes:
        learning: to predict it, and to learn what it tells.
        counting: to enter it into the counts.
        contexts: with so many.
    """

    learning: float
    counting: float
    contexts: int

    @classmethod
    def of(cls, ids: npt.NDArray[np.integer], learned: Learned, *, delayed: bool) -> Speed:
        """As the first symbols are read.

        Args:
            ids: (S,) the text.
            learned: new tables, which are of no use afterwards.
            delayed: whether predicting and counting are apart; else counting is a part of learning.
        """
        from nextchar._kernels.context_mixing.layout import STATE

        part = ids[:MEASURED]
        loops, state = Loops.of(learned), np.zeros(STATE, dtype=np.uint64)
        learned = learned._replace(mixers=learned.mixers._replace(hints=_no_hints(learned, len(part))))
        nats = np.empty(len(part))
        begun = time.perf_counter()
        (loops.weigh if delayed else loops.learn)(part, state.copy(), learned, nats)
        between = time.perf_counter()
        loops.enter(part, state, learned, remembers=False)
        end = time.perf_counter()
        symbols = max(len(part), 1)
        return cls((between - begun) / symbols, (end - between) / symbols, len(learned.slots.first))

    def of_passes(self, symbols: int, contexts: int, passes: int, *, delayed: bool) -> float:
        """The seconds that a training is judged to take."""
        learning = (1 + (passes - 1) * LATTER) * self.learning
        each = learning + passes * (self.counting if delayed else 0)
        return symbols * each * (APART + contexts) / (APART + self.contexts)


def usual_passes(symbols: int) -> int:
    """How many passes there are over a text of so many symbols, where neither they nor seconds are given."""
    return 1 if symbols >= LONG else PASSES


def affordable(
    seconds: float, symbols: int, speed: Speed, contexts: int | None, passes: int | None, *, delayed: bool
) -> tuple[int, int]:
    """How many contexts and passes there is time for; the fewest where there is none.

    Args:
        seconds: for everything that is still to be done.
        symbols: of the text.
        speed: as measured.
        contexts: so many, or None for as many as there is time for.
        passes: the same.
        delayed: whether there is more than one pass.
    """
    found = None
    for step in STEPS:
        K = step[0] if contexts is None else contexts
        P = (step[1] if passes is None else passes) if delayed else PASSES
        needed = speed.of_passes(symbols, K, P if delayed else 1, delayed=delayed)
        if found is None or needed <= RESERVE * seconds:
            found = K, P
    assert found is not None, "there are steps"
    return found


def warm_up(learned: Learned) -> None:
    """Have the loops loaded before the clock runs, by reading nothing."""
    Speed.of(np.empty(0, dtype=np.int64), learned, delayed=True)


def _no_hints(learned: Learned, symbols: int) -> npt.NDArray[np.float32]:
    shape = (max(symbols, 1), *learned.mixers.hints.shape[1:])
    return np.zeros(shape, dtype=np.float32)
