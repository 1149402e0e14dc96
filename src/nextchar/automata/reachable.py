"""Which states several automata walked together can come to: only those, found front by front from the start.

Two automata of a thousand states have a million pairs, of which reading meets a few thousand. A joint state is a key,
one number for the states of all; `expand` says which rows and which next keys some of them have.

Letters: F states of a part of the front, P joint states in all, V size of the alphabet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["CELLS", "NOWHERE", "KnownKeys", "Reached", "reachable"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]

NOWHERE: Final = -1  # the key that a step has which leads to no state
CELLS: Final = 1 << 25  # P x V, 12 bytes each: the usual limit
FRONT_CELLS: Final = 1 << 22  # F x V


class Reached(NamedTuple):
    """All joint states in the order in which they were found, the start first, in parts.

    Attributes:
        keys: (P,)
        rows: (F, V) nats of each part.
        nexts: (F, V) keys of each part, NOWHERE for no state.
    """

    keys: I64
    rows: list[F64]
    nexts: list[I64]

    def laid_out(self, number: I32, none: int) -> tuple[F64, I32]:
        """Rows (P, V), and next states (P, V) as numbers, where state p of `keys` is number[p]; `none` for no state."""
        by_key = np.argsort(self.keys)
        sorted_keys, sorted_number = self.keys[by_key], number[by_key]
        child = np.full((len(self.keys), self.rows[0].shape[1]), none, dtype=np.int32)
        log_prob = np.empty(child.shape)
        begin = 0
        for part, rows in zip(self.nexts, self.rows, strict=True):
            at = number[begin : begin + len(part)]
            within = np.full(part.shape, none, dtype=np.int32)
            alive = part != NOWHERE
            within[alive] = sorted_number[np.searchsorted(sorted_keys, part[alive])]
            child[at] = within
            log_prob[at] = rows
            begin += len(part)
        return log_prob, child


def reachable(
    start: int, V: int, expand: Callable[[I64], tuple[F64, I64]], most_cells: int, too_large: Callable[[], Exception]
) -> Reached:
    """Follow every step from the start until nothing new turns up.

    Args:
        start: its key.
        V: size of the alphabet.
        expand: rows (F, V) and next keys (F, V) of some keys (F,).
        most_cells: how large P x V may become.
        too_large: makes the error to raise where it becomes larger.
    """
    front = np.array([start], dtype=np.int64)
    known = KnownKeys()
    known.add(front)
    found = Reached(front, [], [])
    keys: list[I64] = []
    step = max(FRONT_CELLS // V, 1)
    while len(front):
        fresh = []
        for part in (front[i : i + step] for i in range(0, len(front), step)):
            rows, nexts = expand(part)
            keys.append(part)
            found.rows.append(rows)
            found.nexts.append(nexts)
            fresh.append(np.unique(nexts[nexts != NOWHERE]))
        front = known.without(np.unique(np.concatenate(fresh)))
        known.add(front)
        if known.size * V > most_cells:
            raise too_large()
    return found._replace(keys=np.concatenate(keys))


class KnownKeys:
    """The keys of all states so far, in sorted parts, each at least twice as long as the one after it.

    So a key is merged a few times and not once a front: where lengths are counted there is a front for every length.
    """

    def __init__(self) -> None:
        self._parts: list[I64] = []
        self.size = 0

    def add(self, keys: I64) -> None:
        """Keys (F,), sorted, that are not there yet."""
        self.size += len(keys)
        parts = self._parts
        parts.append(keys)
        while len(parts) > 1 and len(parts[-2]) < 2 * len(parts[-1]):
            last = parts.pop()
            parts[-1] = np.sort(np.concatenate([parts[-1], last]), kind="stable")  # which merges what is sorted

    def without(self, keys: I64) -> I64:
        """Those of the keys that are not there yet."""
        for part in self._parts:
            if len(part):
                keys = keys[part[np.minimum(np.searchsorted(part, keys), len(part) - 1)] != keys]
        return keys
