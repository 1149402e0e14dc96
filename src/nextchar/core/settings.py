"""What can be trained: the settings of a model, and how a trained model comes from them.

A spec is a frozen dataclass that checks itself. `fit` takes a corpus; a model that needs no more than counts also
offers `from_counts`, and can then be trained on files that do not fit into memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from nextchar.core.model import Model
from nextchar.data.corpus import Corpus
from nextchar.data.provenance import Provenance
from nextchar.models.ngram.counts import Counts

__all__ = ["CountSpec", "Progress", "Report", "Spec"]


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


class Spec(Protocol):
    """The settings of a model, checked."""

    @property
    def summary(self) -> str:
        """The settings that matter, in a few words for people."""
        ...

    def fit(self, data: Corpus, *, validation: Corpus | None = None, progress: Progress | None = None) -> Model:
        """Train.

        Args:
            data: the training data.
            validation: items to tune on and to stop by, for models that do so; others take no notice of it.
            progress: is told now and then how far it has come.
        """
        ...


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
