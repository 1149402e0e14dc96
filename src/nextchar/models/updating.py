"""Models brought up to date with more items: counts are added, nets are trained further."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from nextchar.core.model import Model
from nextchar.core.progress import Progress
from nextchar.core.settings import settings_of
from nextchar.data.arguments import need, need_function
from nextchar.data.corpus import Corpus, training_pair
from nextchar.errors import SettingsError
from nextchar.models.ngram.updating import add_items
from nextchar.models.registry import nets

if TYPE_CHECKING:
    from nextchar.models.neural.families import NetSpec
    from nextchar.models.neural.model import NeuralModel
    from nextchar.models.neural.training.settings import Run

__all__ = ["update"]


def update(
    model: Model,
    items: Corpus | Iterable[str],
    *,
    steps: int | None = None,
    epochs: float | None = None,
    seconds: float | None = None,
    hold_out: float | None = None,
    validation: Corpus | Iterable[str] | None = None,
    run: Run | None = None,
    progress: Progress | None = None,
) -> Model:
    """A model after more training data; the old one stays as it is.

    A count model becomes the same as one trained on the old and the new data together. A net goes on from its weights
    and learns the new items, with lower rates than at first; what it is not given again it may in part forget. A part
    of the items is held out, as in its first training, and where nothing predicts them better, the weights stay.

    Args:
        model: a count model or a net.
        items: the additional ones, as a corpus that was read with the options of the model's text, or from memory; new
            characters join its alphabet.
        steps: of a net: so many updates; the budget is one of the three, and by default that of its first training.
        epochs: so many times through the items.
        seconds: so long.
        hold_out: of a net: share of the different items that is not trained on; a tenth, whatever its first training
            held out. A hash of the item decides: of items that are given again the same ones are held out as at first.
        validation: of a net: items to choose the best weights by instead.
        run: of a net: device, checkpoint and log.
        progress: of a net: is called periodically with how far training has come.

    Raises:
        SettingsError: it is no model of these kinds; a count model is given what only a net uses; or the checkpoint is
            of another training.

    Examples:
        >>> import nextchar
        >>> model = nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(["emma"]))
        >>> nextchar.update(model, nextchar.Corpus.from_items(["ava"])).provenance.items
        2
    """
    need(model, Model, "model", "a model (Ngram().fit(...), load(...))")
    need_function(progress, "progress")
    items, chosen = training_pair(Corpus.of(items, options=model.provenance.options), validation)
    budget = {"steps": steps, "epochs": epochs, "seconds": seconds}
    told = {**budget, "hold_out": hold_out, "validation": validation, "run": run}
    _check_numbers({**budget, "hold_out": hold_out})
    if model.kind not in nets():
        if given := [name for name, value in told.items() if value is not None]:
            raise SettingsError(
                f"a model of kind {model.kind} is not trained step by step, and has no {given[0]}", argument=given[0]
            )
        return add_items(model, items)
    if items.options != model.provenance.options:
        raise SettingsError("the new items were not treated as the model treats text; read them with its options")
    from nextchar.models.neural.training.fit import fit_net
    from nextchar.models.neural.training.settings import Run, TrainSettings

    # dropout and decay follow anew from the budget, as at first
    share = TrainSettings.hold_out if hold_out is None else hold_out
    settings = replace(cast("NetSpec", model.settings), dropout=None, decay=None, hold_out=share)
    if any(value is not None for value in budget.values()):
        settings = replace(settings, steps=steps, epochs=epochs, seconds=seconds)
    return fit_net(settings, items, chosen, progress, run or Run(), initial=cast("NeuralModel", model))


def _check_numbers(told: Mapping[str, float | None]) -> None:
    """See that the numbers are ones that a training can have, whatever the model."""
    given = {name: value for name, value in told.items() if value is not None}
    if given:
        from nextchar.models.neural.training.settings import TrainSettings

        for entry in settings_of(TrainSettings):
            if entry.name in given:
                entry.check(given[entry.name])
