"""How far long work has come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

__all__ = ["Progress", "Report"]


class Report(Protocol):
    """How far training has come."""

    @property
    def share(self) -> float:
        """Of the work, from 0 to 1."""
        ...

    @property
    def text(self) -> str:
        """For a person, in a few words: the loss, say."""
        ...


Progress = Callable[[Report], None]
