"""How far long work has come."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

__all__ = ["Progress", "ProgressReport", "Report"]


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


class ProgressReport(NamedTuple):
    """The plain `Report`: the share of the work that is done, and a word on it."""

    share: float
    text: str


Progress = Callable[[Report], None]
"""Is called periodically with a report."""
