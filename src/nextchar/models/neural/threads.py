"""How many of the processor's cores work on a net: as many as there is work for.

Torch shares each operation out among all cores, and those that have finished turn in a circle until the last one has.
The operations of a small net take a fraction of a millisecond; there one core is as fast as all while nothing else
runs, and on a machine that is busy, or in a container that may use two of its sixty cores, thirty times as fast.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import torch

__all__ = ["threads_for"]

PRODUCTS_A_THREAD: Final = 1e9  # of a step, some 20 ms of one core


@contextmanager
def threads_for(products: float) -> Iterator[None]:
    """Let torch use as many threads as the work of a step is worth, at most as many as it uses now.

    Args:
        products: multiplications of a step, about.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(max(min(int(products / PRODUCTS_A_THREAD), before), 1))
    try:
        yield
    finally:
        torch.set_num_threads(before)
