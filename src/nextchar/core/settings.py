"""What can be trained: the settings of a model, and how a trained model comes from them.

A spec is a frozen dataclass that checks itself. `fit` takes a corpus; a model that needs no more than counts also
offers `from_counts`, and can then be trained on files that do not fit into memory.
"""

from __future__ import annotations

from typing import Protocol

from nextchar.core.model import Model
from nextchar.core.progress import Progress
from nextchar.data.corpus import Corpus

__all__ = ["Spec"]


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
