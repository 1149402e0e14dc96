"""The names that ship with nextchar as the lesson uses them: in lower case, and without entries that are no names."""

from __future__ import annotations

from nextchar.data.datasets import PLACEHOLDERS, shipped_names

__all__ = ["lesson_names"]


def lesson_names() -> list[str]:
    """The names of names-2018 in its order, in lower case, without placeholders.

    Raises:
        DataSetError: the file is missing, so the package is not whole.
    """
    return [name for name in map(str.lower, shipped_names()) if name not in PLACEHOLDERS]
