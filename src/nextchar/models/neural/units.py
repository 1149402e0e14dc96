"""Which letters of a list fire a hidden unit of a recurrent net: its numbers over all items, put in order.

Letters: S characters of all items, H hidden numbers, V size of the alphabet, P places in an item.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from nextchar.data.alphabet import BOUNDARY
from nextchar.data.corpus import Corpus
from nextchar.errors import SettingsError
from nextchar.models.neural.model import NeuralModel
from nextchar.models.neural.nets.recurrent import RecurrentNet

__all__ = ["Firing", "Moment", "Unit", "firing", "unit"]

F64 = npt.NDArray[np.float64]
PLACES = 15  # of an item that are told apart; the last ones are taken together


class Moment(NamedTuple):
    """A place in an item of the list, and how strongly a unit fires there.

    Attributes:
        text: the item.
        at: the number of the character that was read last.
        value: of the unit.
    """

    text: str
    at: int
    value: float


class Firing(NamedTuple):
    """The hidden vectors after each character of a list.

    Attributes:
        hidden: (S, H).
        ids: of the characters, (S,).
        places: of each in its item, from 0, (S,).
        items: the number of its item, (S,).
        corpus: the items.
    """

    hidden: npt.NDArray[np.float32]
    ids: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]
    items: npt.NDArray[np.int64]
    corpus: Corpus


class Unit(NamedTuple):
    """When a unit fires.

    Attributes:
        by_symbol: its mean after each symbol, (V,); not a number where the list does not have it.
        times: how often the list has each, (V,).
        by_place: its mean at the first, second, ... character of an item, (P,); not a number where there are none.
        highest: where it was highest, highest first, each item once.
        lowest: where it was lowest, lowest first, each item once.
    """

    by_symbol: F64
    times: npt.NDArray[np.int64]
    by_place: F64
    highest: tuple[Moment, ...]
    lowest: tuple[Moment, ...]


def firing(model: NeuralModel, corpus: Corpus) -> Firing:
    """Read all items, side by side.

    Raises:
        SettingsError: the model is no recurrent net.
        UnknownSymbolError: the corpus has a character that the model does not know.
    """
    net = model.module
    if not isinstance(net, RecurrentNet):
        raise SettingsError(f"a {model.kind} carries no hidden vector; rnn, gru and lstm do")
    corpus = corpus.encoded_in(model.alphabet)
    lengths = np.asarray(corpus.lengths)
    rows = np.zeros((len(corpus), int(lengths.max())), dtype=np.int64)  # item by item, boundaries behind the end
    inside = np.arange(rows.shape[1]) < lengths[:, None]
    rows[inside] = corpus.ids[corpus.ids != BOUNDARY]
    hidden = np.empty((*rows.shape, net.layer.hidden_size), dtype=np.float32)
    with torch.inference_mode():
        state = net.opened(net.said_of(torch.zeros(len(rows), dtype=torch.int64)), net.initial(len(rows))).state
        for t, column in enumerate(torch.from_numpy(rows).unbind(1)):
            state = net.opened(net.said_of(column), state).state
            hidden[:, t] = state[0].float().numpy()
    items, places = np.nonzero(inside)
    return Firing(hidden[inside], rows[inside], places, items, corpus)


def unit(seen: Firing, number: int, *, moments: int = 12) -> Unit:
    """When one unit fires.

    Raises:
        SettingsError: there is no such unit.
    """
    if not 0 <= number < seen.hidden.shape[1]:
        raise SettingsError(f"there is no unit {number}; they go from 0 to {seen.hidden.shape[1] - 1}")
    values = seen.hidden[:, number].astype(np.float64)
    return Unit(
        *_means(values, seen.ids, seen.corpus.alphabet.size),
        _means(values, np.minimum(seen.places, PLACES - 1), PLACES)[0],
        _moments(seen, values, np.argsort(-values, kind="stable"), moments),
        _moments(seen, values, np.argsort(values, kind="stable"), moments),
    )


def _means(values: F64, group: npt.NDArray[np.int64], groups: int) -> tuple[F64, npt.NDArray[np.int64]]:
    times = np.bincount(group, minlength=groups)
    sums = np.bincount(group, values, minlength=groups)
    return np.where(times > 0, sums / np.maximum(times, 1), np.nan), times


def _moments(seen: Firing, values: F64, order: npt.NDArray[np.int64], number: int) -> tuple[Moment, ...]:
    found: dict[int, Moment] = {}
    for at in order:
        item = int(seen.items[at])
        if item not in found:
            text = next(iter(seen.corpus.take(np.array([item]))))
            found[item] = Moment(text, int(seen.places[at]), float(values[at]))
        if len(found) == number:
            break
    return tuple(found.values())
