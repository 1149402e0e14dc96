"""The models of the workbench: those between wild and faithful, made when asked for, and those that are trained.

A count model of the list stands beside each: the model itself where that is a count model, else the one that guides it.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from nextchar.automata.conditional import Conditional, conditional, new_log_probability
from nextchar.core.constraint import Constraint
from nextchar.core.drawing import Samples
from nextchar.core.model import Model
from nextchar.core.plan import Plan
from nextchar.data.edit_distance import Surroundings
from nextchar.data.training_items import surroundings
from nextchar.errors import NextcharError, TooLargeError
from nextchar.tasks.naming import FAITHFULNESS, Surprise, surprise_of
from nextchar.web.dataset import Dataset
from nextchar.web.dispatcher import ApiCall
from nextchar.web.name_lists import NameModel
from nextchar.web.request_errors import RequestError

__all__ = [
    "GUIDE",
    "TRAINED",
    "NewNames",
    "count_model",
    "model_bytes",
    "model_of",
    "qualifying",
    "surprise",
    "write_names",
]

GUIDE: Final = "3"
TRAINED: Final = ("best", "mix", "gru", "transformer")
MODEL_BYTES: Final = 400  # for each symbol of the list, about
CONDITION_BYTES: Final = 600
LARGEST_NATS: Final = 700.0


@dataclass(frozen=True)
class NewNames:
    """Names, and how many qualify.

    Attributes:
        names: what was written.
        one_in: one in so many names of the model meets the conditions; None where the model is too large to say.
        far_share: of these, the share that was far enough from the list, about; None where no distance is asked for.
    """

    names: Sequence[str]
    one_in: float | None
    far_share: float | None


def count_model(call: ApiCall, data: Dataset, name: str) -> NameModel:
    """One of those between wild and faithful."""
    spec = FAITHFULNESS[int(name) - 1]

    def make() -> NameModel:
        model = spec.fit(data.corpus)
        return NameModel(name, "ngram", spec, model, model)

    return call.cache.keep(data, ("names", name), make, MODEL_BYTES * data.corpus.symbols)


def model_of(call: ApiCall, data: Dataset) -> NameModel:
    """The model that a request means.

    Raises:
        RequestError: there is none of that name, or it has not been trained here.
    """
    steps = tuple(str(number) for number in range(1, len(FAITHFULNESS) + 1))
    name = call.fields.choice("model", (*steps, *TRAINED), GUIDE)
    if name in steps:
        return count_model(call, data, name)
    found = call.cache.lists.trained(data, name)
    if found is None:
        raise RequestError(409, "not-trained")
    return found


def surprise(call: ApiCall, data: Dataset, found: NameModel) -> Surprise:
    """What is usual for the names that a model writes."""
    return call.cache.keep(data, ("surprise", found), lambda: surprise_of(found.model))


def qualifying(call: ApiCall, data: Dataset, found: NameModel, constraint: Constraint, *, new: bool) -> Conditional:
    """The names of a count model that meet the conditions, computed once.

    Raises:
        RequestError: there are none.
        TooLargeError: the model is too large for it.
    """

    def make() -> Conditional:
        return conditional(found.guide, constraint, new=new, data=data.corpus if new else None)

    key = ("qualifying", found, constraint, new)
    try:
        return call.cache.keep(data, key, make, CONDITION_BYTES * data.corpus.symbols)
    except TooLargeError:
        raise
    except NextcharError:
        raise RequestError(422, "no-name") from None


def write_names(call: ApiCall, data: Dataset, found: NameModel, n: int, plan: Plan, constraint: Constraint) -> NewNames:
    """The names that `Model.draw` writes, and how many qualify.

    Raises:
        RequestError: no name can meet the conditions.
    """
    constraint = constraint.of_at_least(plan.least)
    near = _near(call, data, found, plan.min_distance) if plan.min_distance else None
    new = plan.new and near is None  # what is near is measured from the items themselves, which are left out with it
    matched, log_probability = None, None
    try:
        matched = qualifying(call, data, found, constraint, new=False)
        log_probability = _log_probability(call, data, found, matched, constraint, new=new)
    except TooLargeError:
        pass
    try:
        drawn = _drawn(call, data, found, matched, n, plan, constraint, near, new=new)
    except NextcharError:
        raise RequestError(422, "none-far" if plan.min_distance else "no-name") from None
    return NewNames(
        list(drawn.corpus),
        None if log_probability is None else math.exp(min(-log_probability, LARGEST_NATS)),
        len(drawn.corpus) / max(drawn.drawn, 1) if plan.min_distance else None,
    )


def _log_probability(
    call: ApiCall, data: Dataset, found: NameModel, matched: Conditional, constraint: Constraint, *, new: bool
) -> float:
    """That a name of the model meets the conditions, and is new where that is wanted, nats."""
    if not new:
        return matched.log_probability

    def make() -> float:
        known = new_log_probability(matched, constraint, data.corpus)
        exact = qualifying(call, data, found, constraint, new=True) if math.isnan(known) else None
        return known if exact is None else exact.log_probability

    return call.cache.keep(data, ("new share", found, constraint), make)


def _drawn(
    call: ApiCall,
    data: Dataset,
    found: NameModel,
    matched: Conditional | None,
    n: int,
    plan: Plan,
    constraint: Constraint,
    near: Surroundings | None,
    *,
    new: bool,
) -> Samples:
    """As `Model.draw`, by what is there already where that is how it draws."""
    if found.exact and matched is not None and constraint.looks_ahead:
        items = replace(matched, known=found.model.provenance.known) if new else matched
        drawn = items.draw(n, seed=plan.seed, distinct=plan.distinct, near=near)
        if len(drawn.corpus) or not new:
            return drawn
        rare = qualifying(call, data, found, constraint, new=True)
        return rare.draw(n, seed=plan.seed, distinct=plan.distinct, near=near)
    known = data.corpus if plan.new or plan.min_distance else None
    return found.model.draw(n, plan, constraint, data=known, look_ahead=None if found.exact else found.guide)


def model_bytes(model: Model) -> bytes:
    """The file of a model."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        model.save(path)
        return path.read_bytes()


def _near(call: ApiCall, data: Dataset, found: NameModel, least: int) -> Surroundings:
    def make() -> Surroundings:
        return surroundings(found.model.provenance, found.model.alphabet, (), data.corpus, True, least)

    return call.cache.keep(data, ("near", least), make, 2 * data.size_bytes)
