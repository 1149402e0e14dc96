"""What each step from the table of pairs to the best mix bought: the rungs of the ladder, trained and measured alike.

Every rung learns from the training part of the lesson's names and is measured on their test part. Training them all
takes many minutes, so the figures ship with the package; `tools/race.py` makes them anew.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from nextchar.core.constraint import Constraint
from nextchar.core.model import Model
from nextchar.core.plan import Plan
from nextchar.core.spec import Spec
from nextchar.data.splits import Split
from nextchar.models.ensemble.model import EnsembleModel
from nextchar.models.ensemble.training import EnsembleOf, Member
from nextchar.models.registry import spec_of

__all__ = ["QUICK", "RUNGS", "Race", "Rung", "Runner", "race", "race_path", "race_text", "run_rung"]

NAMES: Final = 10
SHOWN: Final = Constraint(max_length=20)


@dataclass(frozen=True, kw_only=True)
class Runner:
    """A model that takes part.

    Attributes:
        kind: of the table of models.
        settings: of it.
        chapter: of the lesson that explains it.
        context: how many symbols it looks back; None for all.
        members: those of the others that are trained with it and made one; empty for a single model.
    """

    kind: str
    settings: Mapping[str, Any]
    chapter: int
    context: int | None
    members: tuple[str, ...] = ()

    @property
    def spec(self) -> Spec:
        """The settings, or those of all members together.

        Raises:
            MissingExtraError: it needs torch.
        """
        if not self.members:
            return spec_of(self.kind, self.settings)
        runners = [RUNGS[name] for name in self.members]
        share = 1 / len(runners)
        return EnsembleOf(members=tuple(Member(runner.kind, runner.spec, share) for runner in runners))


def _counts(order: int, **settings: Any) -> Runner:
    return Runner(kind="ngram", settings={"order": order, **settings}, chapter=9, context=order - 1)


_NET: Final = {"hold_out": 0.0}
RUNGS: Final[Mapping[str, Runner]] = {
    "pairs": Runner(kind="ngram", settings={"order": 2, "add": 0.1}, chapter=4, context=1),
    "order-3": _counts(3, add=0.1),
    "order-4": _counts(4, add=0.1),
    "kneser-ney": _counts(6, smoothing="modified-kneser-ney"),
    "mlp": Runner(kind="mlp", settings=_NET, chapter=12, context=10),
    "rnn": Runner(kind="rnn", settings=_NET, chapter=14, context=None),
    "gru": Runner(kind="gru", settings=_NET, chapter=15, context=None),
    "lstm": Runner(kind="lstm", settings=_NET, chapter=15, context=None),
    "wavenet": Runner(kind="wavenet", settings=_NET, chapter=16, context=16),
    "transformer": Runner(kind="transformer", settings=_NET, chapter=17, context=None),
    "mix": Runner(kind="mix", settings={"seconds": 60.0}, chapter=18, context=None),
    "mix-with-nets": Runner(
        kind="ensemble", settings={}, chapter=18, context=None, members=("lstm", "transformer", "mix")
    ),
}
"""Those that take part, by their name, in the order of the lesson."""

QUICK: Final = ("pairs", "order-3", "order-4", "kneser-ney")
"""Those that are trained within a second."""


@dataclass(frozen=True, kw_only=True)
class Rung:
    """What a model came to.

    Attributes:
        id: its name in the race.
        name: its settings, for people.
        kind: of the table of models.
        nats: on the test part, nats per symbol.
        parameters: how many numbers its file has beside which items it knows: weights, or n-grams and their counts.
        seconds: of a processor, for its training.
        context: how many symbols it looks back; None for all.
        names: ten that it writes.
        chapter: of the lesson that explains it.
    """

    id: str
    name: str
    kind: str
    nats: float
    parameters: int
    seconds: float
    context: int | None
    names: tuple[str, ...]
    chapter: int


@dataclass(frozen=True, kw_only=True)
class Race:
    """The whole race.

    Attributes:
        held_out_names: how many names it was measured on.
        uniform: what a guess without any knowledge comes to, nats per symbol.
        rungs: in the order of the lesson.
    """

    held_out_names: int
    uniform: float
    rungs: tuple[Rung, ...]


def run_rung(name: str, parts: Split) -> Rung:
    """Train one of them and measure it.

    Raises:
        MissingExtraError: it needs torch.
    """
    runner = RUNGS[name]
    spec: Any = runner.spec
    begun = time.process_time()
    model = spec.fit(parts.train, validation=parts.validation)
    seconds = time.process_time() - begun
    return Rung(
        id=name,
        name=spec.summary,
        kind=runner.kind,
        nats=model.evaluate(parts.test).nats_per_symbol,
        parameters=_numbers(model),
        seconds=round(seconds, 2),
        context=runner.context,
        names=tuple(model.draw_left_to_right(NAMES, Plan(seed=1), SHOWN).corpus),
        chapter=runner.chapter,
    )


def _numbers(model: Model) -> int:
    if isinstance(model, EnsembleModel):
        return len(model.members) + sum(map(_numbers, model.members))
    return sum(array.size for array in model.arrays().values())


def race_path() -> Path:
    """The file with the figures."""
    return Path(str(resources.files("nextchar.lesson").joinpath("race.json")))


@cache
def race() -> Race:
    """The figures that ship."""
    document = json.loads(race_path().read_text("utf-8"))
    rungs = tuple(Rung(**{**rung, "names": tuple(rung["names"])}) for rung in document["rungs"])
    return Race(held_out_names=document["held_out_names"], uniform=document["uniform"], rungs=rungs)


def race_text(rungs: Mapping[str, Rung], parts: Split) -> str:
    """The figures as their file has them."""
    document = Race(
        held_out_names=len(parts.test),
        uniform=math.log(parts.test.alphabet.size),
        rungs=tuple(rungs[name] for name in RUNGS if name in rungs),
    )
    return json.dumps(asdict(document), indent=1) + "\n"
