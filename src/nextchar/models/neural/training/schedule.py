"""How much of the budget is used, and the stretches that training goes in.

In each stretch the learning rates rise over the first 2% and then fall in a straight line to zero at its end; twenty
points along the way are for looking at the validation items. Each further stretch has lower rates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["LOWER", "POINTS", "Schedule"]

POINTS: Final = 20  # of a stretch: times that the validation items are looked at
WARM_UP: Final = 0.02
FIRST: Final = 1e-3  # how far into the warm-up the first step is
LOWER: Final = 0.3  # the learning rates of a stretch, of those of the one before
SHORTEST: Final = 0.02  # of the budget, for another stretch


@dataclass(kw_only=True)
class Schedule:
    """Where training is.

    Attributes:
        budget: in steps, or in seconds.
        in_seconds: which of them.
        step: updates so far.
        seconds: of training so far.
        begin: of the stretch, in the budget's unit.
        length: of the stretch.
        points: of the stretch that have been passed.
        stretches: before this one.
        rates: the learning rates of the stretch, as a share of those of the settings.
    """

    budget: float
    in_seconds: bool
    step: int = 0
    seconds: float = 0.0
    begin: float = 0.0
    length: float = 0.0
    points: int = 0
    stretches: int = 0
    rates: float = 1.0

    @property
    def at(self) -> float:
        """How much of the budget is used, in its unit."""
        return self.seconds if self.in_seconds else float(self.step)

    @property
    def share(self) -> float:
        """Of the budget, from 0 to 1."""
        return min(self.at / self.budget, 1.0)

    @property
    def left(self) -> float:
        """Of the budget, in its unit."""
        return self.budget - self.at

    @property
    def into(self) -> float:
        """How far into the stretch training is; from 1 on it is over."""
        return (self.at - self.begin) / self.length if self.length > 0 else 1.0

    @property
    def pace(self) -> float:
        """The share of the settings' learning rates for the next step."""
        into = min(self.into, 1.0)
        return self.rates * min(1.0, (into + FIRST) / WARM_UP) * (1 - into)

    @property
    def point_is_due(self) -> bool:
        """Whether it is time to look at the validation items."""
        return self.into * POINTS >= self.points + 1

    @property
    def has_room(self) -> bool:
        """Whether enough is left for another stretch."""
        return self.left >= SHORTEST * self.budget

    def start(self, length: float) -> None:
        """Begin the first stretch; infinite for all of the budget. Where that is used up, it has room for one step."""
        self.begin = self.at
        self.length = max(min(length, self.left), 1e-9)

    def pass_point(self) -> None:
        """The point that was due is done, with any that were jumped over."""
        self.points = int(self.into * POINTS)

    def go_on(self) -> None:
        """Begin another stretch, as long as the one before if there is room."""
        self.stretches += 1
        self.rates *= LOWER
        self.begin, self.points = self.at, 0
        self.length = min(self.length, self.left)
