"""Machine code that no longer fits its source.

numba keeps what it has compiled beside the source, and compiles a file again when that file has changed. It does not
see that a function or a constant has changed which the file takes from another one; the old machine code would go on
giving the old numbers. So where a source is newer than what was compiled, that is compiled again.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

__all__ = ["forget_stale"]


def forget_stale(folder: Path, since: int = 0) -> None:
    """Remove the indexes of machine code that are older than a source in their folder, or in one above it.

    Args:
        folder: of sources; those in it are looked through too.
        since: when the newest source above it was written, ns.
    """
    with suppress(OSError):  # where nothing can be removed, nothing has been compiled either
        newest = max(since, *(path.stat().st_mtime_ns for path in folder.glob("*.py")), 0)
        for index in folder.glob("__pycache__/*.nbi"):
            if index.stat().st_mtime_ns < newest:
                index.unlink()
        for inner in folder.glob("*/__init__.py"):
            forget_stale(inner.parent, newest)
