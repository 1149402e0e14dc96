"""How the loops of this package are compiled.

They work on tuples of many arrays. Left alone, numba counts a reference for each array that is taken out of a tuple,
which is a locked instruction, and passes some hundred numbers to each function that is called: together twice the time
of what the loops do. So the loops count no references (they make no arrays and keep none), and their parts are
compiled into them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit
from numba.extending import intrinsic

__all__ = ["loop", "machine", "part"]


def loop(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that Python calls."""
    return njit(function, cache=True, nogil=True, _nrt=False)  # type: ignore[call-overload,no-any-return]


def part(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function into the loops that call it."""
    return njit(function, cache=True, nogil=True, _nrt=False, forceinline=True)  # type: ignore[call-overload,no-any-return]


def machine(function: Callable[..., Any]) -> Callable[..., Any]:
    """Take a function that writes the compiler's own instructions; the loops call it without the first argument."""
    return intrinsic(function)
