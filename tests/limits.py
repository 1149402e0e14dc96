"""How much more memory a test may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psutil

__all__ = ["memory_left"]


@contextmanager
def memory_left(size: int) -> Iterator[None]:
    """No more than so many bytes beside those that the process has: what asks for a billion cells fails at once.

    They are counted as addresses, of which a library may take several GB as it is loaded.
    """
    import resource  # POSIX

    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (psutil.Process().memory_info().vms + size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
