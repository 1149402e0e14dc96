"""Settings whose model can come from n-gram counts alone."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from nextchar.core.model import Model
from nextchar.core.progress import Progress
from nextchar.data.provenance import Provenance
from nextchar.models.ngram.counts import Counts

__all__ = ["CountSpec"]


@runtime_checkable
class CountSpec(Protocol):
    """A spec whose model can come from n-gram counts alone."""

    @property
    def counts_suffice(self) -> bool:
        """Whether it does, with these settings."""
        ...

    @property
    def order(self) -> int:
        """The order of the counts."""
        ...

    def from_counts(
        self, counts: Counts, provenance: Provenance | None = None, *, progress: Progress | None = None
    ) -> Model:
        """Train on counts of this order."""
        ...
