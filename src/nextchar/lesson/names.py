"""The names that ship with nextchar as the lesson uses them: in lower case, and without entries that are no names."""

from __future__ import annotations

from typing import Final

from nextchar.data.datasets import shipped_names

__all__ = ["PLACEHOLDERS", "lesson_names"]

PLACEHOLDERS: Final = frozenset({"baby", "babyboy", "babygirl", "boy", "girl", "infant", "unknown", "unnamed"})
"""What was written on a birth certificate where a child had no name yet; in names-2018 as if they were names."""


def lesson_names() -> list[str]:
    """The names of names-2018 in its order, in lower case, without `PLACEHOLDERS`.

    Raises:
        DataSetError: the file is missing, so the package is not whole.
    """
    return [name for name in map(str.lower, shipped_names()) if name not in PLACEHOLDERS]
