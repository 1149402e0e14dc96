"""A kind of model that no file of the package knows: the end has a share, and all characters share the rest."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from nextchar.automata.stepwise_model import StepwiseModel
from nextchar.core.constraint import Constraint
from nextchar.core.metrics import Metrics
from nextchar.core.model import SavedModel
from nextchar.core.plan import Plan
from nextchar.core.progress import Progress, ProgressReport
from nextchar.core.protocol import LogProbs, Step
from nextchar.core.settings import check, setting
from nextchar.data.alphabet import Alphabet, Ids
from nextchar.data.corpus import Corpus
from nextchar.data.provenance import Provenance


@dataclass(frozen=True, kw_only=True)
class Toy:
    end: float = setting(0.25, help="Share of the end.", above=0, below=1, option="end", metavar="P")
    mood: Literal["calm", "merry"] = setting("calm", help="Changes nothing.")
    seed: int = setting(0, help="Of nothing.", at_least=0)

    def __post_init__(self) -> None:
        check(self)

    @property
    def budget_seconds(self) -> float | None:
        return None

    @property
    def summary(self) -> str:
        return f"end {self.end:g}, {self.mood}"

    def fit(self, data: Corpus, *, validation: Corpus | None = None, progress: Progress | None = None) -> ToyModel:
        if progress is not None:
            progress(ProgressReport(1.0, "done"))
        return ToyModel(settings=self, alphabet=data.alphabet, provenance=Provenance.of(data))


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ToyModel(StepwiseModel):
    kind: ClassVar[str] = "toy"
    context_length: ClassVar[int] = 0
    corpus_scorer: ClassVar[None] = None
    batch_limit: ClassVar[None] = None
    settings: Toy
    alphabet: Alphabet
    provenance: Provenance
    metrics: Metrics = Metrics()  # noqa: RUF009 - frozen

    def _row(self) -> LogProbs:
        V, end = self.alphabet.size, self.settings.end
        row: LogProbs = np.log(np.array([end] + [(1 - end) / (V - 1)] * (V - 1)))
        return row

    def start(self, batch: int) -> Step:
        return Step(np.zeros(batch), np.tile(self._row(), (batch, 1)))

    def advance(self, state: object, ids: Ids) -> Step:
        return self.start(len(ids))

    def select(self, state: object, rows: npt.NDArray[np.intp]) -> object:
        return np.zeros(len(rows))

    def log_probs(self, ids: Ids) -> LogProbs:
        return np.tile(self._row(), (*ids.shape, 1))

    def drawer(self, plan: Plan, constraint: Constraint, n: int) -> None:
        return None

    def arrays(self) -> Mapping[str, npt.NDArray[Any]]:
        return {"nothing": np.zeros(1)}

    def training_nats(self) -> float:
        seen, V, end = self.provenance, self.alphabet.size, self.settings.end
        return -seen.items * math.log(end) - (seen.symbols - seen.items) * math.log((1 - end) / (V - 1))

    def with_metrics(self, metrics: Metrics) -> ToyModel:
        return replace(self, metrics=metrics)

    @classmethod
    def from_saved(cls, saved: SavedModel) -> ToyModel:
        made = Toy(**saved.settings)
        return cls(settings=made, alphabet=saved.alphabet, provenance=saved.provenance, metrics=saved.metrics)
