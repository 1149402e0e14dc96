"""Numbers that are defined by each other, such as messages in a loop of states: found by rounds of substitution.

Rounds converge from below, each number to its own relative precision where nothing is subtracted. After some rounds
the last CYCLE iterates are combined so that their residuals cancel best (reduced rank extrapolation, Eddy 1979). Long
chains of states gain nothing from that, so when it does not help, twice as many rounds follow until it is tried again.

Letters: F numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.errors import SettingsError

__all__ = ["EXACT", "EXACT_LOGS", "NEARLY_LOGS", "ROUNDS", "SMALL", "STALLED", "settled", "settled_logs", "unsettled"]

F64 = npt.NDArray[np.float64]
CYCLE: Final = 8  # rounds between extrapolations
ROUNDS: Final = 20_000
SMALL: Final = 1e-280  # numbers below are computed by their logarithms
EXACT: Final = 1e-15  # a relative change of a round that is rounding and no progress
NEARLY: Final = 1e-13  # one that may be, if it no longer falls
EXACT_LOGS: Final = 1e-14
NEARLY_LOGS: Final = 1e-12
STALLED: Final = 1e-11  # one that nothing makes smaller: answers on items of 10,000 symbols have some seven digits
STALLS: Final = 3  # pauses in which a change does not fall, until it counts as one that nothing makes smaller
ROUNDING: Final = 1e-9  # the largest change that may be rounding: of numbers that are thousands of times their terms


def settled(
    least: F64,
    advance: Callable[[F64], F64],
    *,
    exact: float = EXACT,
    nearly: float = NEARLY,
    stalled: float = 0.0,
    columns: int = 1,
) -> F64:
    """The least solution of x = advance(x), (F,), where `advance` is linear and no term of it is negative.

    Args:
        least: no more than the solution, such as advance(0); the first iterate.
        advance: one round.
        exact: a relative change that ends the search.
        nearly: one that does if it no longer falls.
        stalled: one that does if nothing makes it smaller.
        columns: as many kinds of numbers take turns, which do not depend on each other.

    Raises:
        SettingsError: it does not settle.
    """

    def corrected(iterates: list[F64]) -> F64 | None:
        # Where items hardly ever end, what is missing is in the direction that rounds change least: the iterates say
        # which, and rounds from nothing how far a round comes along it, without the numbers' own rounding.
        x, after = iterates[-2:]
        nothing, size = advance(np.zeros_like(x)), np.abs(after).max()
        direction = left = after - x
        for _ in range(CYCLE):
            if not (length := np.abs(left).max()):
                return None
            direction = left * (size / length)
            left = advance(direction) - nothing
        missing, gained = (part.reshape(-1, columns).sum(axis=0) for part in (advance(after) - after, direction - left))
        if not (gained != 0).all():
            return None
        better: F64 = after + (direction.reshape(-1, columns) * (missing / gained)).reshape(-1)
        return better

    def change(now: F64, before: F64) -> float:
        return float((np.abs(now - before) / np.maximum(now, SMALL)).max(initial=0.0))  # what is smaller is not settled

    def extrapolated(iterates: list[F64]) -> F64 | None:
        history = np.array(iterates)  # (CYCLE + 1, F)
        scale = np.maximum(history.max(axis=0), SMALL)
        history /= scale
        better: F64 = _combined(history) * scale
        return better if (better >= least).all() else None

    return _settled(least, advance, change, [extrapolated, corrected], exact, nearly, stalled)


def settled_logs(x: F64, advance: Callable[[F64], F64]) -> F64:
    """As `settled`, for the logarithms of the numbers, from any x on; slower, with a range that has no end.

    Raises:
        SettingsError: it does not settle.
    """

    def change(now: F64, before: F64) -> float:
        with np.errstate(invalid="ignore"):
            difference = np.abs(now - before)
        difference[np.isnan(difference)] = 0.0  # -inf - -inf
        size = np.maximum(np.abs(now, where=np.isfinite(now), out=np.ones_like(now)), 1.0)
        return float((difference / size).max(initial=0.0))

    def extrapolated(iterates: list[F64]) -> F64 | None:
        history = np.array(iterates)
        scale = history.max(axis=0)
        scale[~np.isfinite(scale)] = 0.0
        history = np.exp(history - scale)
        better = _combined(history)
        if not (better >= history[0] / 1000).all():
            return None
        with np.errstate(divide="ignore"):
            found: F64 = np.log(better) + scale
        return found

    return _settled(x, advance, change, [extrapolated], EXACT_LOGS, NEARLY_LOGS, STALLED)


def _settled(
    x: F64,
    advance: Callable[[F64], F64],
    change_of: Callable[[F64, F64], float],
    better_ones: Sequence[Callable[[list[F64]], F64 | None]],
    exact: float,
    nearly: float,
    stalled: float,
) -> F64:
    last, pause, done, stalls = np.inf, CYCLE, 0, 0
    while done < ROUNDS:
        iterates, begun = [x], x
        for _ in range(pause):
            x = advance(x)
            iterates = [*iterates[-CYCLE:], x]
            change = change_of(x, iterates[-2])
            if change <= exact:
                return x
        done += pause
        if change > last / 2:
            stalls += 1
            to_and_fro = change_of(x, begun) <= pause / 2 * change  # and no longer on: rounds only round
            if change <= nearly or (change <= ROUNDING and to_and_fro) or (change <= stalled and stalls >= STALLS):
                return x
            pause *= 2
        last = change
        for find in better_ones:
            better = find(iterates)
            if better is not None:
                after = advance(better)
                if (left := change_of(better, after)) < change:
                    x, change = after, left
                    iterates = [better, after]
                    break
    raise unsettled()


def _combined(history: F64) -> F64:
    """Iterates combined so that their residuals cancel best, (CYCLE + 1, F) -> (F,)."""
    steps = np.diff(history, axis=0)
    second = np.diff(steps, axis=0)
    weights = np.linalg.lstsq(second @ second.T, -second @ steps[0], rcond=1e-12)[0]
    combined: F64 = history[0] + weights @ steps[:-1]
    return combined


def unsettled() -> SettingsError:
    """What is said where numbers do not settle."""
    return SettingsError(
        "the answer does not settle: items of this model hardly ever end; give a largest length", argument="max_length"
    )
