"""Each beginning once: what items have in common is computed for all of them together.

What a net says after `mar` is the same in `maria`, `mark` and `martha`. In a batch of 1,000 symbols of names a third
stand at the end of a beginning that another name of the batch has, too, and in 10,000 more than half. So the places of
the rows are grouped by what was read from the beginning of the item up to there; layers that look at one place at a
time compute one place of each group, and the loss counts it as often as it stands in the rows. Loss and gradient are
those of the rows, but for rounding.

Letters: B rows, T places of a row, n different beginnings.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nextchar.data.alphabet import BOUNDARY
from nextchar.data.hashing import GOLDEN, mix

__all__ = ["Beginnings", "place_numbers"]

WORTH: Final = 0.9  # of the places, as many beginnings at most: else the rows are read as they are

MULTIPLE: Final = 32  # of how many beginnings there are: for products of few different shapes code is kept ready

I64 = npt.NDArray[np.int64]


class Beginnings(NamedTuple):
    """The different beginnings of the items in some rows, the shortest first, and that a few times more.

    Attributes:
        of: which beginning stands at each place, (B, T).
        at: a place of each, (n,), flat.
        sizes: how many there are of each length.
    """

    of: Tensor
    at: Tensor
    sizes: tuple[int, ...]

    @classmethod
    def worth(cls, ids: I64, numbers: I64) -> Beginnings | None:
        """Those of rows, or None where nearly every place has a beginning of its own.

        Args:
            ids: the rows, (B, T).
            numbers: those of their places, (B, T), see `place_numbers`.
        """
        _, at, of = np.unique(numbers, return_index=True, return_inverse=True)
        if len(at) > WORTH * ids.size:
            return None
        length = _within(ids)[1].ravel()[at]
        order = np.argsort(length, kind="stable")
        rank = np.empty_like(order)
        spare = -len(order) % MULTIPLE
        rank[order] = np.arange(spare, spare + len(order))
        order = np.pad(order, (spare, 0), mode="edge")
        sizes = np.bincount(length[order])
        return cls(torch.from_numpy(rank[of].reshape(ids.shape)), torch.from_numpy(at[order]), tuple(sizes.tolist()))

    def before(self, back: int = 1) -> Tensor:
        """Which beginning is so many symbols shorter, (n,); of those that are not so long it is any."""
        return self.of.flatten()[(self.at - back).clamp(min=0)]

    def collected(self, x: Tensor) -> Tensor:
        """What stands at the beginnings, (n, ...), of what stands at all places, (B, T, ...)."""
        return x.flatten(0, 1).index_select(0, self.at)

    def spread(self, x: Tensor) -> Tensor:
        """What stands at all places, (B, T, C), of what stands at the beginnings, (n, C)."""
        return x.index_select(0, self.of.flatten()).view(*self.of.shape, -1)


def place_numbers(ids: I64, first: int) -> I64:
    """A number for what was read of the item up to each place, (B, T), the same in any row.

    Where a row does not begin with a boundary, what came before it is not known, and its number stands for that.

    Args:
        ids: the rows, (B, T).
        first: the number of the first row in its batch.
    """
    begin, place = _within(ids)
    symbol = mix(place.astype(np.uint64) * np.uint64(GOLDEN)) + ids.astype(np.uint64)
    total = np.cumsum(mix(symbol * np.uint64(GOLDEN)), axis=1)
    earlier = np.take_along_axis(total, np.maximum(begin - 1, 0), axis=1)
    row = mix(np.arange(first + 1, first + 1 + len(ids), dtype=np.uint64))[:, None]
    return mix(total - np.where(begin > 0, earlier, np.uint64(0)) + np.where(begin < 0, row, np.uint64(0))).view(
        np.int64
    )


def _within(ids: I64) -> tuple[I64, I64]:
    """Where in its row the item of each place begins, -1 for before the row, and how far behind that the place is."""
    index = np.arange(ids.shape[1])
    begin = np.maximum.accumulate(np.where(ids == BOUNDARY, index, -1), axis=1)
    return begin, index - np.maximum(begin, 0)
