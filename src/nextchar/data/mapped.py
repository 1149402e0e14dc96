"""Arrays that lie in a file and are mapped into memory: read where they are, and let go of piece by piece."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

__all__ = ["mapped_array", "pieces_of"]

PIECE_BYTES: Final = 1 << 25


def mapped_array(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...], *, at: int = 0) -> npt.NDArray[Any]:
    """The array at this byte of a file, for reading.

    The file may be removed or replaced while it is mapped; it is gone once it is mapped no longer.
    """
    if 0 in shape:  # which cannot be mapped
        return np.empty(shape, dtype=dtype)
    return np.memmap(path, dtype=dtype, mode="r", offset=at, shape=shape)


def pieces_of(array: npt.NDArray[Any]) -> Iterator[memoryview]:
    """The bytes of a contiguous array in pieces; what has been read of a mapped one leaves the memory again."""
    flat = array.reshape(-1).view(np.uint8)
    for at in range(0, flat.size, PIECE_BYTES):
        yield flat[at : at + PIECE_BYTES].data
        _let_go(array)


def _let_go(array: Any) -> None:
    """Take a mapped array's pages out of the memory of this process; they are read again when they are needed."""
    while isinstance(array, np.ndarray):
        array = array.base
    if isinstance(array, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        array.madvise(mmap.MADV_DONTNEED)
