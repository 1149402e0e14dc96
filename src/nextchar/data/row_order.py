"""Sorting many rows of small numbers."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nextchar._kernels.loading import kernels_loaded

__all__ = ["argsort", "sorted_rows"]

U64 = npt.NDArray[np.uint64]
COMPILED_FROM: Final = 4_000_000  # keys from which loading numba to sort them repays itself


def sorted_rows(columns: list[npt.NDArray[Any]], V: int) -> npt.NDArray[np.intp]:
    """The order in which rows of ids are sorted, the first column weighing most; equal rows stay as they were."""
    keys = np.zeros(len(columns[0]), dtype=np.uint64)
    largest = 0  # of the keys, as an exact integer
    for column in columns:
        if (largest + 1) * V >= 1 << 64:  # too wide for one word: number the distinct keys so far, in their order
            keys = np.unique(keys, return_inverse=True)[1].astype(np.uint64)
            largest = len(keys)
        keys = keys * np.uint64(V) + column.astype(np.uint64)
        largest = largest * V + V - 1
    return argsort(keys, largest)


def argsort(keys: U64, largest: int) -> npt.NDArray[np.intp]:
    """The stable order of keys of which none exceeds `largest`, compiled where that is loaded or pays."""
    if len(keys) >= COMPILED_FROM or kernels_loaded():
        from nextchar._kernels.corpus import radix_sort

        order: npt.NDArray[np.intp] = radix_sort(keys.copy(), np.arange(len(keys)), np.uint64(largest))[1]
        return order
    return np.argsort(keys, kind="stable")
