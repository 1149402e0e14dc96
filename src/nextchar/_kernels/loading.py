"""Whether the compiled loops are at hand.

Loading numba takes half a second, which small inputs do not repay. So a caller has a size from which on it loads
them, and below that takes them only where something else has loaded numba before.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

__all__ = ["compiled_before", "kernels_loaded"]


def kernels_loaded() -> bool:
    """Whether a call of a compiled loop costs no more than the call."""
    return "numba" in sys.modules


def compiled_before(loop: Any) -> bool:
    """Whether machine code of a loop lies on the disk, so that its first call does not wait for the compiler."""
    return any(Path(loop.stats.cache_path).glob(f"*.{loop.__name__}-*.nbi"))
