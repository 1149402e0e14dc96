"""Changing one thing inside a net, and seeing what becomes of its predictions.

A letter's vector is moved, a gate is held, an arc of attention is cut: each is an argument of a function that reads a
text and gives the rows of the model that it would then be. With nothing changed they are the model's own.

Letters: T symbols of a text with the boundary before it, V size of the alphabet, E embedding, H hidden numbers or
heads, L layers, D numbers of a head.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nextchar.data.alphabet import BOUNDARY
from nextchar.errors import SettingsError
from nextchar.models.neural.diagnostics import EmbeddingMap
from nextchar.models.neural.model import NeuralModel
from nextchar.models.neural.nets.mlp import MlpNet
from nextchar.models.neural.nets.recurrent import Held, RecurrentNet
from nextchar.models.neural.nets.transformer import TransformerNet
from nextchar.models.neural.nets.wavenet import WavenetNet

__all__ = [
    "ArcNumbers", "Attended", "Cut", "Hold", "Recalled", "arc_numbers", "attended", "influence", "moved_rows",
    "recalled", "vectors_at",
]  # fmt: skip

F64 = npt.NDArray[np.float64]


def _ids(model: NeuralModel, text: str) -> Tensor:
    """The boundary and a text, (1, T)."""
    return torch.tensor([[BOUNDARY, *model.alphabet.encode(text).tolist()]])


def _rows(logits: Tensor) -> F64:
    rows: F64 = logits.log_softmax(-1).numpy()
    return rows


# -- a letter is moved ------------------------------------------------------------------------------------------------


def vectors_at(seen: EmbeddingMap, places: Mapping[int, tuple[float, float]]) -> F64:
    """The vectors of all symbols, (V, E), where some are moved to other places of the map.

    A symbol moves in the plane of the map alone; how far it stands before or behind it stays as it was.
    """
    vectors = seen.vectors.copy()
    for symbol, place in places.items():
        vectors[symbol] += (np.asarray(place) - seen.places[symbol]) @ seen.axes
    return vectors


def moved_rows(model: NeuralModel, text: str, vectors: F64 | None = None) -> F64:
    """What an MLP says after each symbol of a text, (T, V) nats, with vectors (V, E) in the place of its own.

    Raises:
        SettingsError: the model is no MLP, or the vectors are not of its shape.
        UnknownSymbolError: the model does not know a character of the text.
    """
    net = model.module
    if not isinstance(net, MlpNet):
        raise SettingsError(f"a {model.kind} has no vectors to move here; an mlp has")
    shape = tuple(net.embedding.weight.shape)
    if vectors is not None and vectors.shape != shape:
        raise SettingsError(f"vectors of shape {shape} wanted, not {vectors.shape}")
    with torch.inference_mode():
        logits: Tensor = net(_ids(model, text), vectors=None if vectors is None else torch.from_numpy(vectors))
        return _rows(logits[0])


# -- a gate is held ---------------------------------------------------------------------------------------------------


class Hold(NamedTuple):
    """A gate that is held by hand.

    Attributes:
        gate: its name.
        value: from 0 (closed) to 1 (open).
        unit: of which hidden number; of all where it is None.
        at: at which symbol of the text, the boundary being 0; at all where it is None.
    """

    gate: str
    value: float
    unit: int | None = None
    at: int | None = None


class Recalled(NamedTuple):
    """What a recurrent net remembers while it reads a text.

    Attributes:
        hidden: the vector after each symbol, (T, H).
        memory: that behind the gates of an LSTM, (T, H); of others None.
        gates: how far each was open, (T, H), by name.
        rows: what follows each symbol, (T, V) nats.
    """

    hidden: F64
    memory: F64 | None
    gates: Mapping[str, F64]
    rows: F64


def recalled(model: NeuralModel, text: str, holds: Sequence[Hold] = ()) -> Recalled:
    """Let a recurrent net read a text, with some of its gates held by hand.

    Raises:
        SettingsError: the model is no recurrent net, or it has no such gate, unit or symbol.
        UnknownSymbolError: the model does not know a character of the text.
    """
    net = model.module
    if not isinstance(net, RecurrentNet):
        raise SettingsError(f"a {model.kind} carries no hidden vector; rnn, gru and lstm do")
    [ids] = _ids(model, text)
    held = _held(net, model.kind, holds, len(ids))
    hidden, memory, logits = [], [], []
    gates: dict[str, list[Tensor]] = {name: [] for name in net.gates}
    state = net.initial(1)
    with torch.inference_mode():
        for t, symbol in enumerate(ids):
            said = net.said_of(symbol[None])
            state, opened = net.opened(said, state, {name: value[t : t + 1] for name, value in held.items()})
            hidden.append(state[0])
            memory.append(state[-1])
            logits.append(net.head(state[0]))
            for name, gate in opened.items():
                gates[name].append(gate)
        return Recalled(
            hidden=torch.cat(hidden).numpy(),
            memory=torch.cat(memory).numpy() if net.states > 1 else None,
            gates={name: torch.cat(gate).numpy() for name, gate in gates.items()},
            rows=_rows(torch.cat(logits)),
        )


def _held(net: RecurrentNet, kind: str, holds: Sequence[Hold], T: int) -> Held:
    """At what each gate is held, (T, H); where several holds meet the last one counts."""
    H = int(net.layer.hidden_size)
    held: dict[str, Tensor] = {}
    for hold in holds:
        if hold.gate not in net.gates:
            there = ", ".join(net.gates) or "none"
            raise SettingsError(f"a {kind} has no gate {hold.gate!r}; its gates: {there}")
        for name, value, end in (("unit", hold.unit, H), ("symbol", hold.at, T)):
            if value is not None and not 0 <= value < end:
                raise SettingsError(f"there is no {name} {value}; they go from 0 to {end - 1}")
        if not 0 <= hold.value <= 1:
            raise SettingsError(f"a gate can be held between 0 and 1, not at {hold.value:g}")
        of_gate = held.setdefault(hold.gate, torch.full((T, H), torch.nan, dtype=net.head.weight.dtype))
        units = slice(None) if hold.unit is None else slice(hold.unit, hold.unit + 1)
        places = slice(None) if hold.at is None else slice(hold.at, hold.at + 1)
        of_gate[places, units] = hold.value
    return held


# -- what a node of a WaveNet sees ------------------------------------------------------------------------------------


def influence(model: NeuralModel, text: str) -> F64:
    """How much each node of a WaveNet changes when a symbol's vector is taken away, (L, T, T).

    Cell [l, t, s] is the length by which the vector of symbol t changes, as it is after layer l + 1, where that of
    symbol s is all zeros. It is 0 wherever the node does not see the symbol.

    Raises:
        SettingsError: the model is no WaveNet.
        UnknownSymbolError: the model does not know a character of the text.
    """
    net = model.module
    if not isinstance(net, WavenetNet):
        raise SettingsError(f"a {model.kind} has no tree of convolutions; a wavenet has")
    ids = _ids(model, text)
    T = ids.shape[1]
    with torch.inference_mode():
        x = net.symbol(ids)  # (1, T, C)
        without = x.repeat(T, 1, 1) * (1 - torch.eye(T, dtype=x.dtype))[:, :, None]  # row s lacks symbol s
        rows = net.nodes(ids.repeat(T + 1, 1), torch.cat([x, without]))[1:]
        changes = [(nodes[1:] - nodes[:1]).norm(dim=-1).t() for nodes in rows]  # (T, T), [t, s]
        found: F64 = torch.stack(changes).numpy()
    return found


# -- an arc is cut ----------------------------------------------------------------------------------------------------


class Cut(NamedTuple):
    """An arc of attention that is cut.

    Attributes:
        layer, head: whose it is.
        reader: the symbol that looks, the boundary being 0.
        read: the one that it looks at.
    """

    layer: int
    head: int
    reader: int
    read: int


class Attended(NamedTuple):
    """What a Transformer's symbols take from each other, and what it says.

    Attributes:
        weights: how much of each, (L, H, T, T); rows sum to 1, or to 0 where all arcs of a symbol are cut.
        rows: what follows each symbol, (T, V) nats.
    """

    weights: F64
    rows: F64


class ArcNumbers(NamedTuple):
    """One arc of attention in numbers.

    Attributes:
        query: of the symbol that looks, (D,).
        key: of the one that it looks at, (D,).
        products: of the numbers of both, (D,).
        scale: 1 / sqrt(D), by which their product is multiplied.
        distance: what the head adds for how far back that is.
        scores: query times key, scaled, with the distance, for each symbol up to the one that looks, (t,); minus
            infinity where the arc is cut.
        weights: the softmax of the scores, (t,).
        values: what there is to take, (t, D).
        mixed: the values in the proportion of the weights, (D,).
    """

    query: F64
    key: F64
    products: F64
    scale: float
    distance: float
    scores: F64
    weights: F64
    values: F64
    mixed: F64


def attended(model: NeuralModel, text: str, cuts: Sequence[Cut] = ()) -> Attended:
    """Let a Transformer read a text, with some arcs cut: its symbols then take nothing there, and more elsewhere.

    Raises:
        SettingsError: the model is no Transformer, or it has no such arc.
        UnknownSymbolError: the model does not know a character of the text.
    """
    net, ids, cut = _cut(model, text, cuts)
    T = ids.shape[1]
    with torch.inference_mode():
        logits, layers = net.looked(ids, cut)
        weights: F64 = torch.stack([seen.weight.view(net.heads, T, T) for seen in layers]).numpy()
        return Attended(weights, _rows(logits[0]))


def arc_numbers(model: NeuralModel, text: str, arc: Cut, cuts: Sequence[Cut] = ()) -> ArcNumbers:
    """One arc of a Transformer that reads a text, with some arcs cut.

    Raises:
        SettingsError: the model is no Transformer, or it has no such arc.
        UnknownSymbolError: the model does not know a character of the text.
    """
    net, ids, cut = _cut(model, text, [*cuts, arc])
    if cut is not None and arc not in cuts:
        cut[arc.layer, arc.head, arc.reader, arc.read] = False
    with torch.inference_mode():
        seen = net.looked(ids, cut)[1][arc.layer]
        query, keys, values = (part[arc.head] for part in (seen.queries, seen.keys, seen.values))
        until = arc.reader + 1
        weights = seen.weight[arc.head, arc.reader, :until]
        back = min(arc.reader - arc.read, net.context - 1)
        return ArcNumbers(
            query=query[arc.reader].numpy(),
            key=keys[arc.read].numpy(),
            products=(query[arc.reader] * keys[arc.read]).numpy(),
            scale=query.shape[-1] ** -0.5,
            distance=float(net.distance[arc.head, back]),
            scores=seen.fit[arc.head, arc.reader, :until].numpy(),
            weights=weights.numpy(),
            values=values[:until].numpy(),
            mixed=(weights @ values[:until]).numpy(),
        )


def _cut(model: NeuralModel, text: str, cuts: Sequence[Cut]) -> tuple[TransformerNet, Tensor, Tensor | None]:
    """The net, what it reads, and which arcs are cut, (L, H, T, T); None for none."""
    net = model.module
    if not isinstance(net, TransformerNet):
        raise SettingsError(f"a {model.kind} has no attention to cut; a transformer has")
    ids = _ids(model, text)
    if not cuts:
        return net, ids, None
    L, H, T = len(net.attention), net.heads, ids.shape[1]
    cut = torch.zeros(L, H, T, T, dtype=torch.bool)
    for arc in cuts:
        for name, value, end in zip(Cut._fields, arc, (L, H, T, arc.reader + 1), strict=True):
            if not 0 <= value < end:
                raise SettingsError(f"there is no arc with {name} {value}; {name} goes from 0 to {end - 1}")
        cut[arc] = True
    return net, ids, cut
