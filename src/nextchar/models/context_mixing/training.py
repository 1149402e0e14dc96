"""How context mixing learns from a text: in one pass, or in passes that predict with counts that lag behind.

A model that learns from what it reads (adaptive) is trained as it is used: each symbol is predicted, then learned. One
that is used as it stands (static) meets only texts that its counts have not seen. So its weights, maps and matches
learn from predictions that are made with counts of what came well before: a stretch of the text is predicted while the
counts stand still, and then entered into them. Further passes begin with empty counts, and with weights that know the
text.

Letters: S symbols of the text.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar.models.context_mixing.hints import F32, with_hints
from nextchar.models.context_mixing.loops import Loops
from nextchar.models.context_mixing.tables import Learned

__all__ = ["BLOCK", "LATE", "LATTER", "MeanWeights", "Passed", "learn", "samples"]

F64 = npt.NDArray[np.float64]

STRETCH: Final = 0.05  # of what was read before, is predicted before it is counted;
SHORTEST, LONGEST = 1_000, 30_000  # symbols of such a stretch
SEEN_BITS, SEEN = np.uint32(10), np.uint32(1023)  # of a cell; see `Maps`
LATTER: Final = 0.5  # of the text, its end: what weights learn from, beside the beginning, in passes but the last one
OFTEN: Final = 10_000  # symbols from one look at the weights to the next, for their mean
SAMPLED: Final = 0.6  # of the text has been counted when it is seen what samples of the rest cost:
SAMPLES, LONGEST_SAMPLE = 16, 4_000  # so many, evenly spread, and the symbols of each
LATE: Final = 8.0  # the power of how far a pass has come, by which its weights matter in their mean
BLOCK: Final = 20_000  # symbols read between two looks at the clock
LEARNED: Final = 20_000  # symbols are learned from in any case: weights that know nothing are worse than none
COUNTING: Final = 0.5  # of the time that learning takes, at most, where both are done at once


class Passed(NamedTuple):
    """How far learning has come.

    Attributes:
        share: of all passes, from 0 to 1.
        nats: per symbol, of the last stretch.
        total: nats of this pass so far; None where symbols were counted and not predicted.
    """

    share: float
    nats: float
    total: float | None


def learn(
    ids: npt.NDArray[np.integer],
    learned: Learned,
    *,
    passes: int,
    delayed: bool,
    tell: Callable[[Passed], None],
    hinted: Callable[[int, int], F32] | None = None,
    deadline: float = math.inf,
    costs: F64 | None = None,
) -> float | None:
    """Let everything learn from a text, in place; nats of the last pass, None where its time ran out.

    Where it is interrupted (the caller gets the KeyboardInterrupt), what was read so far is learned: counts of a later
    pass, which begin anew, are still entered to the end.

    Args:
        ids: (S,) the text, boundaries included.
        learned: new, with room for the text.
        passes: over the text, where counts are delayed.
        delayed: for static use; else in one pass.
        tell: is told how far it has come.
        hinted: what nets say of the symbols from one place to another, where the tables have room for it.
        deadline: by `time.perf_counter`; when only the counts of what is left can be made until then, these are made,
            and it ends.
        costs: room, where counts are delayed and no nets are inside: for nats of the symbols of all `samples`.
    """
    if delayed:
        steps = _delayed(ids, learned, passes, hinted, _Clock(deadline), costs)
    else:
        steps = _at_once(ids, learned, hinted, _Clock(deadline))
    total: float | None = 0.0
    for passed in steps:
        total = passed.total
        try:
            tell(passed)
        except KeyboardInterrupt as interrupted:
            steps.throw(interrupted)
    return total


def samples(symbols: int) -> tuple[int, list[slice]]:
    """Of a text of so many symbols: where counting stops for a while, and the samples of the rest that are read then.

    What they cost shows how far to trust what on text that nothing has learned from.
    """
    cut = int(SAMPLED * symbols)
    apart = (symbols - cut) // SAMPLES
    ends = cut + apart * np.arange(1, SAMPLES + 1)
    return cut, [slice(end - min(apart, LONGEST_SAMPLE), end) for end in ends.tolist()]


class _Clock:
    """Whether there is still time to learn, and not only to count.

    Args:
        deadline: by `time.perf_counter`.
    """

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.seconds = 0.0  # of counting
        self.symbols = 0
        self.late = False

    def counted(self, symbols: int, seconds: float) -> None:
        """So many symbols took so long to count."""
        self.symbols += symbols
        self.seconds += seconds

    def look(self, left: int) -> bool:
        """Whether it is late, with so many symbols to count; it stays so."""
        counting = left * self.seconds / max(self.symbols, 1)
        out = self.symbols >= LEARNED and time.perf_counter() + counting > self.deadline
        self.late = self.late or out
        return self.late


def _at_once(
    ids: npt.NDArray[np.integer], learned: Learned, hinted: Callable[[int, int], F32] | None, clock: _Clock
) -> Generator[Passed, None, None]:
    from nextchar._kernels.context_mixing.layout import STATE

    loops, state = Loops.of(learned), np.zeros(STATE, dtype=np.uint64)
    total, mean = 0.0, 0.0
    for begin in range(0, len(ids), BLOCK):
        part = ids[begin : begin + BLOCK]
        learns, begun = not clock.look(len(ids) - begin), time.perf_counter()
        if not learns:
            loops.enter(part, state, learned)
        else:
            nats = np.empty(len(part))
            tables = learned if hinted is None else with_hints(learned, hinted(begin, begin + len(part)))
            loops.learn(part, state, tables, nats)
            total, mean = total + float(nats.sum()), float(nats.mean())
            clock.counted(len(part), COUNTING * (time.perf_counter() - begun))
        yield Passed((begin + len(part)) / len(ids), mean, total if learns else None)


def _delayed(
    ids: npt.NDArray[np.integer],
    learned: Learned,
    passes: int,
    hinted: Callable[[int, int], F32] | None,
    clock: _Clock,
    costs: F64 | None,
) -> Generator[Passed, None, None]:
    from nextchar._kernels.context_mixing.layout import STATE

    loops, state, cut = (
        Loops.of(learned),
        np.zeros(STATE, dtype=np.uint64),
        0 if costs is None else samples(len(ids))[0],
    )
    for number in range(passes):
        if number and clock.look(2 * len(ids)):
            return  # not even a part of another pass could be learned from
        if number:
            for array in (learned.slots.words, learned.text.size, learned.text.heads, learned.text.followers, state):
                array[:] = 0
        mean_weights, last = MeanWeights(learned), number == passes - 1
        begin, total, mean = 0, 0.0, 0.0
        while begin < len(ids):
            end = begin + int(np.clip(STRETCH * begin, SHORTEST, LONGEST))
            part = ids[begin : min(end, cut) if begin < cut else end]
            nats, ahead = np.empty(len(part)), state.copy()
            try:
                learns = last or begin < LEARNED or begin + len(part) > (1 - LATTER) * len(ids)
                if not clock.look(len(ids) - begin) and learns:
                    if costs is not None and begin == cut and last:
                        with mean_weights.in_use():
                            _read_samples(ids, state.copy(), learned, loops, costs)
                    step = OFTEN if begin > len(ids) / 2 else LONGEST  # early weights hardly matter in their mean
                    for at in range(0, len(part), step):
                        some = slice(begin + at, min(begin + at + step, begin + len(part)))
                        tables = learned if hinted is None else with_hints(learned, hinted(some.start, some.stop))
                        loops.weigh(ids[some], ahead, tables, nats[at : at + step])
                        if hinted is None or tables.mixers.hints.any():
                            mean_weights.add(some.stop - some.start)
                    total, mean = total + float(nats.sum()), float(nats.mean())
                begun = time.perf_counter()
                loops.enter(part, state, learned)
                clock.counted(len(part), time.perf_counter() - begun)
                begin += len(part)
                yield Passed((number + begin / len(ids)) / passes, mean, None if clock.late or not last else total)
            except KeyboardInterrupt:
                entered = int(learned.text.size[0])  # also where it came between the two lines above
                loops.enter(ids[entered : len(ids) if number else entered], state, learned)
                mean_weights.take()
                raise
        mean_weights.take()


def _read_samples(
    ids: npt.NDArray[np.integer], state: npt.NDArray[np.uint64], learned: Learned, loops: Loops, costs: F64
) -> None:
    from nextchar._kernels.context_mixing.reading import pass_text

    at, parts = samples(len(ids))
    done = 0
    for part in parts:
        pass_text(ids[at : part.start].astype(np.int64), state, learned.text, learned.traits)
        sample = ids[part]
        loops.read(sample, state, learned, costs[done : done + len(sample)])
        at, done = part.stop, done + len(sample)


class MeanWeights:
    """The mean of the mixers' weights, and of what counts and matches mean, over the last part of a pass.

    A text changes: weights that followed it to its end know the last chapter best. Static use wants what is right on
    the whole, and a mean has less noise (Polyak and Juditsky 1992, "Acceleration of stochastic approximation by
    averaging"). Early weights, of counts that knew little, matter less and less. Where nets say something of the end
    of a pass alone, it is the mean over that end: before, the weights were those of a model without nets.

    Args:
        learned: whose weights, in place.
    """

    def __init__(self, learned: Learned) -> None:
        self._weights = learned.mixers.weights, learned.mixers.second, learned.matches.p
        self._means = [np.zeros_like(weights) for weights in self._weights]
        self._cells = learned.maps.cells
        self._of_cells = np.zeros(len(self._cells))
        self._symbols = 0
        self._total = 0.0

    def add(self, symbols: int) -> None:
        """The weights are such after so many more symbols."""
        self._symbols += symbols
        matter = symbols * self._symbols**LATE
        self._total += matter
        for mean, weights in zip(self._means, self._weights, strict=True):
            mean += np.float32(matter / self._total) * (weights - mean)
        self._of_cells += matter / self._total * ((self._cells >> SEEN_BITS) - self._of_cells)

    @contextmanager
    def in_use(self) -> Generator[None, None, None]:
        """The weights are their mean for a while."""
        kept = [array.copy() for array in (*self._weights, self._cells)]
        self.take()
        try:
            yield
        finally:
            for array, own in zip((*self._weights, self._cells), kept, strict=True):
                array[:] = own

    def take(self) -> None:
        """Let the weights be their mean."""
        if self._total:
            for mean, weights in zip(self._means, self._weights, strict=True):
                weights[:] = mean
            self._cells[:] = self._of_cells.astype(np.uint32) << SEEN_BITS | self._cells & SEEN
