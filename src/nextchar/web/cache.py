"""A cache for many threads: each thing is made once, even where several ask for it at the same time."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from nextchar.web.dataset import Dataset

__all__ = ["SingleFlightCache"]

Made = TypeVar("Made")

BUDGET_BYTES: Final = 768 << 20


class SingleFlightCache:
    """Keeps what was made, and makes each thing once even where several call for it at the same time.

    Beyond the budget the thing not used for longest goes.
    """

    def __init__(self, budget_bytes: int = BUDGET_BYTES) -> None:
        self._budget = budget_bytes
        self._made: OrderedDict[tuple[int, Hashable], tuple[Future[Any], int]] = OrderedDict()
        self._begun: dict[tuple[int, Hashable], float] = {}
        self._lock = threading.Lock()

    def get(self, data: Dataset, key: Hashable, size_bytes: int, make: Callable[[], Made]) -> Made:
        """The thing of these data with this key; made now if it is not there.

        Args:
            data: what it follows from.
            key: which thing.
            size_bytes: about how much memory it takes.
            make: makes it.
        """
        place = (data.number, key)
        with self._lock:
            entry = self._made.get(place)
            if entry is not None:
                self._made.move_to_end(place)
            else:
                promise: Future[Any] = Future()
                self._made[place] = (promise, size_bytes)
                self._begun[place] = time.monotonic()
                self._shrink()
        if entry is not None:
            kept: Made = entry[0].result()
            return kept
        try:
            made = make()
        except BaseException as error:
            with self._lock:
                self._made.pop(place, None)
            promise.set_exception(error)
            raise
        finally:
            with self._lock:
                self._begun.pop(place, None)
        promise.set_result(made)
        return made

    def doing(self, data: Dataset) -> list[tuple[Hashable, float]]:
        """What is being made of these data right now, and for how many seconds; what was begun last comes first."""
        with self._lock:
            begun = [(key, at) for (number, key), at in self._begun.items() if number == data.number]
        now = time.monotonic()
        return [(key, now - at) for key, at in reversed(begun)]

    def forget(self, data: Dataset) -> None:
        """Drop all that follows from these data."""
        with self._lock:
            for place in [place for place in self._made if place[0] == data.number]:
                del self._made[place]

    def _shrink(self) -> None:
        total = sum(size for _, size in self._made.values())
        for place, (promise, size) in list(self._made.items()):
            if total <= self._budget:
                break
            if promise.done():
                del self._made[place]
                total -= size
