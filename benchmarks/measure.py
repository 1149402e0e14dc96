"""Timing: sides that do the same work take turns, so that whatever else the machine does meets all of them alike.

The figure of a side is its best run: noise only ever adds time. The median is kept beside it, and the processor time
of the whole process over the wall time, which tells whether a side had one core or more.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["Side", "Timing", "take_turns"]

SLOW_SECONDS = 1.0  # a side that takes longer than this runs only so often:
SLOW_ROUNDS = 3


@dataclass(frozen=True, kw_only=True)
class Side:
    """One way to do the work.

    Attributes:
        name: for people.
        run: does it once.
        amount: how much work that is, in the section's unit.
        ours: whether it is nextchar's.
        rival: whether it does the same work as ours; otherwise it is there for comparison only.
    """

    name: str
    run: Callable[[], object]
    amount: float
    ours: bool = False
    rival: bool = True


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What was measured of a side; seconds of each run, and the processor seconds of all threads."""

    side: Side
    seconds: tuple[float, ...]
    cpu_seconds: tuple[float, ...]

    @property
    def best(self) -> float:
        """Seconds of the fastest run."""
        return min(self.seconds)

    @property
    def median(self) -> float:
        """Seconds of the run in the middle."""
        return statistics.median(self.seconds)

    @property
    def rate(self) -> float:
        """Work a second in the fastest run."""
        return self.side.amount / self.best

    @property
    def median_rate(self) -> float:
        """Work a second in the run in the middle."""
        return self.side.amount / self.median

    @property
    def cores(self) -> float:
        """Processor seconds a wall second, over all runs."""
        return sum(self.cpu_seconds) / sum(self.seconds)


def take_turns(sides: Sequence[Side], rounds: int) -> list[Timing]:
    """Run the sides one after the other, `rounds` times; slow ones less often."""
    seconds: list[list[float]] = [[] for _ in sides]
    cpu_seconds: list[list[float]] = [[] for _ in sides]
    for _ in range(rounds):
        for side, walls, cpus in zip(sides, seconds, cpu_seconds, strict=True):
            if len(walls) >= SLOW_ROUNDS and min(walls) > SLOW_SECONDS:
                continue
            wall, cpu = _once(side.run)
            walls.append(wall)
            cpus.append(cpu)
    return [
        Timing(side=side, seconds=tuple(walls), cpu_seconds=tuple(cpus))
        for side, walls, cpus in zip(sides, seconds, cpu_seconds, strict=True)
    ]


def _once(run: Callable[[], object]) -> tuple[float, float]:
    gc.collect()
    gc.disable()
    try:
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        return time.perf_counter() - wall, time.process_time() - cpu
    finally:
        gc.enable()
