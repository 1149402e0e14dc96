"""What all models share that are no finite automata: they say what comes next, and not how an item may end."""

from __future__ import annotations

from nextchar.automata.constrained_sampling import draw_items
from nextchar.automata.most_probable import ranking_of
from nextchar.core.constraint import Constraint
from nextchar.core.drawing import Drawing, Samples
from nextchar.core.model import Model
from nextchar.core.plan import Plan
from nextchar.core.ranking import Ranking
from nextchar.data.corpus import Corpus

__all__ = ["StepwiseModel"]


class StepwiseModel(Model):
    """A model that is known step by step only, such as a net or a mixture."""

    def draw(
        self,
        n: int,
        plan: Plan,
        constraint: Constraint | None = None,
        *,
        data: Corpus | None = None,
        look_ahead: Model | None = None,
    ) -> Samples:
        """Items that all meet the constraint, in shares that are nearly the model's; see `Model.draw`."""
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
