"""Count models brought up to date, or put together, by adding counts."""

from __future__ import annotations

from nextchar.core.model import Model
from nextchar.data.arguments import need
from nextchar.data.corpus import Corpus
from nextchar.data.provenance import Provenance, together
from nextchar.errors import SettingsError
from nextchar.models.ngram.counts import count
from nextchar.models.ngram.model import NgramModel

__all__ = ["add_items", "merge"]


def merge(first: Model, second: Model) -> NgramModel:
    """The model of the training data of both, from their counts; with the settings of the first.

    Args:
        first: a count model.
        second: another one, of the same order; their alphabets may differ.

    Raises:
        SettingsError: they are no count models of one order, or were made from text treated differently.

    Examples:
        >>> import nextchar
        >>> model = nextchar.Ngram(order=2)
        >>> one = model.fit(nextchar.Corpus.from_items(["emma"]))
        >>> two = model.fit(nextchar.Corpus.from_items(["ava"]))
        >>> both = model.fit(nextchar.Corpus.from_items(["emma", "ava"]))
        >>> nextchar.merge(one, two).counts == both.counts
        True
    """
    a, b = _counted(first), _counted(second)
    if a.settings.order != b.settings.order:
        raise SettingsError(f"counts of order {a.settings.order} and of order {b.settings.order} cannot be added")
    if a.provenance.options != b.provenance.options:
        raise SettingsError(
            "the two models treat text differently (to lower case, to normal form C, blanks at the ends); their "
            "counts do not add up"
        )
    return a.settings.from_counts(a.counts + b.counts, together(a.provenance, b.provenance))


def add_items(model: Model, items: Corpus) -> NgramModel:
    """A count model after more training data: the same as one trained on the old and the new data together.

    Args:
        model: stays as it is.
        items: the additional ones, as a corpus that was read with the options of the model's text, or from memory; new
            characters join its alphabet.

    Raises:
        SettingsError: it is no count model.
    """
    counted = _counted(model)
    if items.options != counted.provenance.options:
        raise SettingsError("the new items were not treated as the model treats text; read them with its options")
    counts = counted.counts + count(counted.settings.counted(items), counted.settings.order)
    return counted.settings.from_counts(counts, together(counted.provenance, Provenance.of(items)))


def _counted(model: Model) -> NgramModel:
    need(model, Model, "model", "a model (Ngram().fit(...), load(...))")
    if not isinstance(model, NgramModel):
        raise SettingsError(
            f"a model of kind {model.kind} does not hold counts, as one of kind ngram does; train an n-gram model"
        )
    return model
