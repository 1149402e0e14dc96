"""Models brought up to date with more items: counts are added, nets are trained further."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from nextchar.core.model import Model
from nextchar.core.progress import Progress
from nextchar.data.corpus import Corpus
from nextchar.errors import SettingsError
from nextchar.models.ngram.updating import add_items
from nextchar.models.registry import nets

if TYPE_CHECKING:
    from nextchar.models.neural.families import NetSpec
    from nextchar.models.neural.model import NeuralModel

__all__ = ["update"]


def update(
    model: Model,
    items: Corpus | Iterable[str],
    *,
    steps: int | None = None,
    epochs: float | None = None,
    seconds: float | None = None,
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
        progress: of a net: is called periodically with how far training has come.

    Raises:
        SettingsError: it is no model of these kinds, or a count model is given a budget.

    Example:
        >>> import nextchar
        >>> model = nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(["emma"]))
        >>> nextchar.update(model, nextchar.Corpus.from_items(["ava"])).provenance.items
        2
    """
    items = Corpus.of(items, options=model.provenance.options)
    budget = {"steps": steps, "epochs": epochs, "seconds": seconds}
    given = [name for name, value in budget.items() if value is not None]
    if model.kind not in nets():
        if given:
            raise SettingsError(
                f"a model of kind {model.kind} is not trained step by step, and has no {given[0]}", argument=given[0]
            )
        return add_items(model, items)
    if items.options != model.provenance.options:
        raise SettingsError("the new items were not treated as the model treats text; read them with its options")
    from nextchar.models.neural.training.fit import fit_net
    from nextchar.models.neural.training.settings import Run

    # dropout and decay follow anew from the budget, as at first
    settings = replace(cast("NetSpec", model.settings), dropout=None, decay=None)
    if given:
        settings = replace(settings, steps=steps, epochs=epochs, seconds=seconds)
    return fit_net(settings, items, None, progress, Run(), initial=cast("NeuralModel", model))
