"""How many of the processor's cores work on a net: as many as there is work for.

Torch shares each operation out among all cores, and those that have finished turn in a circle until the last one has.
The operations of a small net take a fraction of a millisecond; there one core is as fast as all while nothing else
runs, and on a machine that is busy, or in a container that may use two of its sixty cores, thirty times as fast.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import torch

__all__ = ["threads_for"]

PRODUCTS_A_THREAD: Final = 1e9  # of a step, some 20 ms of one core


@contextmanager
def threads_for(products: float, processes: int = 1) -> Iterator[None]:
    """Let torch use as many threads as the work of a step is worth, at most as many as it uses now.

    Several processes share the cores of their machine. Each is started with one thread then, unless the user said how
    many (OMP_NUM_THREADS).

    Args:
        products: multiplications of a step, about, in this process.
        processes: on this machine, that work on the same net.
    """
    before = torch.get_num_threads()
    most = before
    if processes > 1:
        share = max(_cores() // processes, 1)
        most = share if before == 1 else min(before, share)
    torch.set_num_threads(max(min(int(products / PRODUCTS_A_THREAD), most), 1))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
