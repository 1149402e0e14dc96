"""How context mixing learns from a text: in one pass, or in passes that predict with counts that lag behind.

A model that learns from what it reads (adaptive) is trained as it is used: each symbol is predicted, then learned. One
that is used as it stands (static) meets only texts that its counts have not seen. So its weights, maps and matches
learn from predictions that are made with counts of what came well before: a stretch of the text is predicted while the
counts stand still, and then entered into them. Further passes begin with empty counts, and with weights that know the
text.

Letters: S symbols of the text.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar.models.context_mixing.hints import F32, with_hints
from nextchar.models.context_mixing.tables import Learned

__all__ = ["BLOCK", "Passed", "learn"]

STRETCH: Final = 0.05  # of what was read before, is predicted before it is counted;
SHORTEST, LONGEST = 1_000, 30_000  # symbols of such a stretch
BLOCK: Final = 20_000  # symbols read between two looks at the clock


class Passed(NamedTuple):
    """How far learning has come.

    Attributes:
        share: of all passes, from 0 to 1.
        nats: per symbol, of the last stretch.
        total: nats of this pass so far.
    """

    share: float
    nats: float
    total: float


def learn(
    ids: npt.NDArray[np.integer],
    learned: Learned,
    *,
    passes: int,
    delayed: bool,
    tell: Callable[[Passed], None],
    hinted: Callable[[int, int], F32] | None = None,
) -> float:
    """Let everything learn from a text, in place; nats of the last pass.

    Where it is interrupted (the caller gets the KeyboardInterrupt), what was read so far is learned: counts of a later
    pass, which begin anew, are still entered to the end.

    Args:
        ids: (S,) the text, boundaries included.
        learned: new, with room for the text.
        passes: over the text, where counts are delayed.
        delayed: for static use; else in one pass.
        tell: is told how far it has come.
        hinted: what nets say of the symbols from one place to another, where the tables have room for it.
    """
    steps = _delayed(ids, learned, passes, hinted) if delayed else _at_once(ids, learned, hinted)
    total = 0.0
    for passed in steps:
        total = passed.total
        try:
            tell(passed)
        except KeyboardInterrupt as interrupted:
            steps.throw(interrupted)
    return total


def _at_once(
    ids: npt.NDArray[np.integer], learned: Learned, hinted: Callable[[int, int], F32] | None
) -> Generator[Passed, None, None]:
    from nextchar._kernels.context_mixing.layout import STATE, Scratch
    from nextchar._kernels.context_mixing.reading import read_text

    work, state = Scratch.of(len(learned.slots.first), learned.tree, learned.nets), np.zeros(STATE, dtype=np.uint64)
    total = 0.0
    for begin in range(0, len(ids), BLOCK):
        part = ids[begin : begin + BLOCK].astype(np.int64)
        nats = np.empty(len(part))
        tables = learned if hinted is None else with_hints(learned, hinted(begin, begin + len(part)))
        read_text(part, state, *tables, work, True, True, True, True, nats)
        total += float(nats.sum())
        yield Passed((begin + len(part)) / len(ids), float(nats.mean()), total)


def _delayed(
    ids: npt.NDArray[np.integer], learned: Learned, passes: int, hinted: Callable[[int, int], F32] | None
) -> Generator[Passed, None, None]:
    from nextchar._kernels.context_mixing.layout import STATE, Scratch
    from nextchar._kernels.context_mixing.reading import read_text

    work, state = Scratch.of(len(learned.slots.first), learned.tree, learned.nets), np.zeros(STATE, dtype=np.uint64)
    nothing = np.empty(0)
    for number in range(passes):
        for array in (learned.slots.words, learned.text.size, learned.text.heads, learned.text.followers, state):
            array[:] = 0
        begin, total = 0, 0.0
        while begin < len(ids):
            part = ids[begin : begin + int(np.clip(STRETCH * begin, SHORTEST, LONGEST))].astype(np.int64)
            nats, ahead = np.empty(len(part)), state.copy()
            try:
                tables = learned if hinted is None else with_hints(learned, hinted(begin, begin + len(part)))
                read_text(part, ahead, *tables, work, True, True, False, False, nats)
                read_text(part, state, *learned, work, False, False, True, True, nothing)
                begin += len(part)
                total += float(nats.sum())
                yield Passed((number + begin / len(ids)) / passes, float(nats.mean()), total)
            except KeyboardInterrupt:
                entered = int(learned.text.size[0])  # also where it came between the two lines above
                rest = ids[entered : len(ids) if number else entered].astype(np.int64)
                read_text(rest, state, *learned, work, False, False, True, True, nothing)
                raise
