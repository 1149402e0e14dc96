"""What the settings of every model have in common: they say what matters of themselves, and they train."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from nextchar.core.model import Model
    from nextchar.core.progress import Progress
    from nextchar.data.corpus import Corpus

__all__ = ["RunnableSpec", "Spec", "whole"]

M = TypeVar("M", bound="Model")


def whole(model: M) -> M:
    """A model that was trained as a part of something larger, a comparison say.

    Ctrl-C ends some trainings with what they have so far. A part that was cut short says nothing of the settings, and
    who pressed the keys meant the whole.

    Raises:
        KeyboardInterrupt: its training was interrupted.
    """
    if model.metrics.interrupted:
        raise KeyboardInterrupt
    return model


class Spec(Protocol):
    """The settings of a model, checked.

    A spec is a frozen dataclass that checks itself. `fit` takes a corpus; a model that needs no more than counts also
    offers `from_counts`, and can then be trained on files that do not fit into memory.
    """

    @property
    def summary(self) -> str:
        """The settings that matter, in a few words for people."""
        ...

    @property
    def budget_seconds(self) -> float | None:
        """For how long the model is trained and measured, all together; None for as long as it takes."""
        ...

    def fit(
        self,
        data: Corpus | Iterable[str],
        *,
        validation: Corpus | Iterable[str] | None = None,
        progress: Progress | None = None,
    ) -> Model:
        """Train.

        Args:
            data: the training data: a corpus, or items from memory.
            validation: items to tune on and to stop by, for models that do so; others ignore it.
            progress: is called periodically with how far it has come.
        """
        ...


class RunnableSpec(Spec, Protocol):
    """Settings whose training can also be told how to run, which is no part of the model: on which device, say."""

    @property
    def trainings(self) -> int:
        """How many nets are trained, each with a run of its own."""
        ...

    def running(self, runs: Sequence[Any]) -> Spec:
        """The same settings, bound to how each training runs."""
        ...
