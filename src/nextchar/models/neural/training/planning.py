"""What follows from the budget and the data: the items held out, dropout and decay, and how long a stretch is.

A net that reads few items often learns them by heart, and predicts others worse with every time. So part of the items
is not trained on; the loss on it says which weights are the best, and when more training stops helping. And the more
often a net will read its data, and the more weights it has for each symbol, the stronger it is regularised: with
dropout (Srivastava et al. 2014) and decoupled weight decay (Loshchilov and Hutter 2019).

Letters: n different items.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np

from nextchar.data.corpus import Corpus
from nextchar.data.display import thousands, were
from nextchar.data.splits import hold_out
from nextchar.models.neural.training.settings import TrainSettings

__all__ = ["MEASURED_SYMBOLS", "Parts", "TrainingPlan", "planned", "set_aside", "stronger"]

MEASURED_SYMBOLS: Final = 200_000  # of the items held out, at most, while training; more are not held out either
LEAST_MEASURED: Final = 300  # symbols held out, of lists that are short; at most a quarter of the items
LEAST_ITEMS: Final = 20  # different ones: of fewer none are held out,
LEAST_SYMBOLS: Final = 2_000  # unless they have so many symbols
FREE_EPOCHS: Final = 5.0  # times through the data that need no dropout, with a weight for each symbol
DROPOUT_A_DOUBLING: Final = 0.12  # of the times through the data beyond that,
HARDER: Final = 0.2  # and so much of it more for each doubling of the weights for each symbol above one,
EASIER: Final = 0.4  # and less for each halving below: nets with few weights lack them before they know items by heart
MOST_DROPOUT: Final = 0.5
DECAY: Final = 1.0  # of the hidden matrices, at the most dropout,
DECAY_STEPS: Final = 20.0  # and at most this by the updates of an epoch: what weights remember is a number of epochs
LONGEST_STRETCH: Final = 24.0  # times through the data, before it is looked whether more helps, with a weight for each
# symbol; it goes with the square root of the symbols for each weight
MOST_EPOCHS: Final = 14.0  # of such a stretch: a longer one spends them at rates that learn nothing more
LEAST_STEPS: Final = 100  # of such a stretch


class Parts(NamedTuple):
    """The items to learn from, those to choose by, and what to say about it.

    Attributes:
        train: to learn from.
        validation: to choose the best weights by, or None.
        note: for people, or None.
    """

    train: Corpus
    validation: Corpus | None
    note: str | None


class TrainingPlan(NamedTuple):
    """How to train.

    Attributes:
        dropout: share of the hidden numbers.
        decay: of the hidden matrices.
        stretch: times through the data until the learning rate comes to zero for the first time.
    """

    dropout: float
    decay: float
    stretch: float


def set_aside(data: Corpus, validation: Corpus | None, share: float) -> Parts:
    """Hold out a share of the different items, with all their repeats, where no validation items are given.

    Short lists give more than the share, up to a quarter, so that there is something to measure; of large ones no more
    is held out than is measured. Of fewer than 20 short items none are.

    Args:
        data: all items.
        validation: those of the caller, which serve for this.
        share: 0 for none.
    """
    if validation is not None:
        return Parts(data, validation.encoded_in(data.alphabet), None)
    if not share:
        return Parts(data, None, None)
    if data.whole_texts:
        if data.symbols < LEAST_SYMBOLS:
            few = f"a text of {thousands(data.symbols, 'symbol')} is short"
            return Parts(data, None, f"{few}: none of it is held out, and nothing tells when the net knows it by heart")
        train, held = hold_out(data, max(min(share, MEASURED_SYMBOLS / data.symbols), LEAST_MEASURED / data.symbols))
        note = f"the last {thousands(held.symbols, 'symbol')} of the text were held out"
        return Parts(train, held, note + ": the weights that predict them best are kept")
    n = len(np.unique(data.fingerprints()))
    mean = data.symbols / len(data)
    if n < 2 or (n < LEAST_ITEMS and data.symbols < LEAST_SYMBOLS):
        few = "there is but one item" if n < 2 else f"{n} different items are few"
        return Parts(data, None, f"{few}: none is held out, and nothing tells when the net knows them by heart")
    wanted = math.ceil(min(share, MEASURED_SYMBOLS / data.symbols) * n)
    wanted = min(max(wanted, math.ceil(LEAST_MEASURED / mean)), max(n // 4, 1))
    train, held = hold_out(data, 0.0, least=wanted)
    note = f"{len(held):,} of the {thousands(len(data), 'item')} {were(len(held))} held out"
    note += ": the weights that predict them best are kept"
    return Parts(train, held, note)


def stronger(plan: TrainingPlan, settings: TrainSettings) -> TrainingPlan:
    """For going on after a stretch: as much more dropout and decay as twice the times through the data call for."""
    dropout = min(plan.dropout + DROPOUT_A_DOUBLING, MOST_DROPOUT)
    usual = DECAY * plan.dropout / MOST_DROPOUT
    more = DECAY * DROPOUT_A_DOUBLING * (min(plan.decay / usual, 1.0) if usual else 1.0)
    return plan._replace(
        dropout=plan.dropout if settings.dropout is not None else dropout,
        decay=plan.decay if settings.decay is not None else min(plan.decay + more, DECAY),
    )


def planned(settings: TrainSettings, *, epochs: float, steps_an_epoch: float, weights_a_symbol: float) -> TrainingPlan:
    """Dropout, decay and the length of the first stretch.

    Args:
        settings: those that are given stay.
        epochs: times through the data that the budget gives.
        steps_an_epoch: updates.
        weights_a_symbol: of the net, for each symbol of the data.
    """
    longest = min(LONGEST_STRETCH / math.sqrt(weights_a_symbol), MOST_EPOCHS)
    stretch = min(epochs, max(longest, LEAST_STEPS / steps_an_epoch))
    need = max(1 + (HARDER if weights_a_symbol > 1 else EASIER) * math.log2(weights_a_symbol), 0.0)
    dropout = min(DROPOUT_A_DOUBLING * max(math.log2(stretch / FREE_EPOCHS), 0.0) * need, MOST_DROPOUT)
    return TrainingPlan(
        dropout=dropout if settings.dropout is None else settings.dropout,
        decay=min(DECAY * dropout / MOST_DROPOUT, DECAY_STEPS / steps_an_epoch)
        if settings.decay is None
        else settings.decay,
        stretch=stretch,
    )
