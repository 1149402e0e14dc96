"""What all models share that are finite automata: they read, score and draw by their tables, and draw exactly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton_reader import AutomatonReader
from nextchar.automata.constrained_sampling import draw_items
from nextchar.automata.most_probable import ranking_of
from nextchar.core.constraint import Constraint
from nextchar.core.drawing import Drawing, Samples
from nextchar.core.model import Model
from nextchar.core.plan import Plan
from nextchar.core.ranking import Ranking
from nextchar.data.corpus import Corpus

__all__ = ["AutomatonModel", "rows_of"]


class AutomatonModel(AutomatonReader, Model):
    """A model whose state is a row number of its automaton."""

    def draw(
        self,
        n: int,
        plan: Plan,
        constraint: Constraint | None = None,
        *,
        data: Corpus | None = None,
        look_ahead: Model | None = None,
    ) -> Samples:
        """Items each as often as among all items that meet the constraint; see `Model.draw`."""
        return draw_items(self, n, plan, constraint, data=data, look_ahead=look_ahead).all()

    def drawing(
        self,
        n: int,
        plan: Plan,
        constraint: Constraint | None = None,
        *,
        data: Corpus | None = None,
        look_ahead: Model | None = None,
    ) -> Drawing:
        """As `draw`, one part after the other; see `Model.drawing`."""
        return draw_items(self, n, plan, constraint, data=data, look_ahead=look_ahead)

    def ranking(self, *, draws: int | None = None, seed: int = 0) -> Ranking:
        """What ranks are read off; see `Model.rank`."""
        return ranking_of(self, draws, seed)


def rows_of(model: AutomatonModel) -> npt.NDArray[np.float64]:
    """p(second | first) of a model that looks back one symbol, (V, V)."""
    V = model.alphabet.size
    ids = np.stack([np.zeros(V, dtype=model.alphabet.dtype), np.arange(V, dtype=model.alphabet.dtype)], axis=1)
    rows: npt.NDArray[np.float64] = np.exp(model.log_probs(ids)[:, 1])
    return rows
