"""Settings whose model can come from n-gram counts alone."""

from __future__ import annotations

from abc import ABC, abstractmethod

from nextchar.core.model import Model
from nextchar.core.progress import Progress
from nextchar.data.corpus import Corpus
from nextchar.data.provenance import Provenance
from nextchar.models.ngram.counts import Counts

__all__ = ["CountSpec"]


class CountSpec(ABC):
    """A spec whose model can come from n-gram counts alone; what a class of settings inherits to declare that."""

    @property
    @abstractmethod
    def counts_suffice(self) -> bool:
        """Whether it does, with these settings."""

    @property
    @abstractmethod
    def order(self) -> int:
        """The order of the counts."""

    def counted(self, data: Corpus) -> Corpus:
        """The data as its n-grams are counted: with these settings perhaps each item once, whatever its weight."""
        return data

    @property
    def budget_seconds(self) -> float | None:
        """None: it takes as long as it takes."""
        return None

    @abstractmethod
    def from_counts(
        self, counts: Counts, provenance: Provenance | None = None, *, progress: Progress | None = None
    ) -> Model:
        """Train on counts of this order."""
