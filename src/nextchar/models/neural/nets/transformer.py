"""A Transformer that reads from left to right (Vaswani et al. 2017, "Attention is all you need"), norms first.

Each symbol asks all earlier ones of its item (query), which answer by how well they fit (key) with what they know
(value). Where a symbol stands is told in two ways: a vector for its place in the item, and for each head a number for
how far back another symbol lies (Shaw et al. 2018; Raffel et al. 2020), which is added to the fit. The vector of the
symbol before is added to each symbol's own, so that the first layer already sees bigrams.

Only the last `context` symbols are looked at by a layer, and beyond the last place all places share its vector, so
that items of any length can be read.

Letters: B rows, T symbols of a row, N = B x T, V size of the alphabet, C width, H heads, D = C / H, L layers,
K context.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple, cast, final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nextchar.models.neural.nets.base import (
    FAR,
    DropsOut,
    Feedforward,
    Net,
    State,
    embeddings,
    norm,
    picked,
    positions,
    scaled,
    shifted,
    zero_head,
)
from nextchar.models.neural.nets.beginnings import Beginnings
from nextchar.models.neural.nets.noise import kept

__all__ = ["Attention", "Looked", "TransformerNet", "grown"]

LONG: Final = 64  # symbols of context
ARC: Final = 0x5851F42D4C957F2D  # odd; tells the end of an arc that looks from the one that is looked at


class Looked(NamedTuple):
    """One layer of attention in numbers.

    Attributes:
        queries, keys, values: (B x H, T, D).
        fit: how well each symbol's query and each other's key fit, with the bias, (B x H, T, T).
        weight: how much each takes from each other, the softmax of that, (B x H, T, T).
    """

    queries: Tensor
    keys: Tensor
    values: Tensor
    fit: Tensor
    weight: Tensor


class Attention(DropsOut):
    """x + W_out attention(W_qkv norm(x)), with H heads side by side."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__(dropout)
        self.heads = heads
        self.qkv = scaled(3 * width, width)
        self.out = nn.Parameter(torch.zeros(width, width))

    def forward(self, x: Tensor, bias: Tensor, beginnings: Beginnings | None = None) -> Tensor:
        """Flat x (N, C), or (n, C); bias (B x H, T, T), minus infinity where a symbol may not look."""
        seen = self.look(x, bias, beginnings)
        return self.taken(x, self._dropped_arcs(seen.weight), seen.values, beginnings)

    def taken(self, x: Tensor, weight: Tensor, v: Tensor, beginnings: Beginnings | None = None) -> Tensor:
        """Add what the symbols take: x (N, C), or (n, C); weight (B x H, T, T) of values v (B x H, T, D)."""
        T, D = v.shape[1:]
        mixed = torch.bmm(weight, v).view(-1, self.heads, T, D).transpose(1, 2).reshape(-1, T, x.shape[1])
        mixed = mixed.flatten(0, 1) if beginnings is None else beginnings.collected(mixed)
        return torch.addmm(x, mixed, self.out.t())

    def _dropped_arcs(self, weight: Tensor) -> Tensor:
        """In training, a share of the arcs cut, (B x H, T, T): which, goes by what both ends have read."""
        if not self.dropout or not self.training:
            return weight
        read = self.read_places.rows
        arcs = read[:, :, None] * ARC + read[:, None, :]
        factors = kept(arcs, self.heads, self.key, self.dropout)  # (B, T, T, H)
        return weight * factors.permute(0, 3, 1, 2).flatten(0, 1).to(weight.dtype)

    def look(self, x: Tensor, bias: Tensor, beginnings: Beginnings | None = None) -> Looked:
        """How much each symbol takes from each other, and what there is to take: x and bias as in forward."""
        C, H, T = x.shape[1], self.heads, bias.shape[-1]
        qkv = F.linear(norm(x), self.qkv)
        qkv = (qkv if beginnings is None else beginnings.spread(qkv)).view(-1, T, 3, H, C // H)
        q, k, v = (part.transpose(1, 2).reshape(-1, T, C // H) for part in qkv.unbind(2))  # (B H, T, D)
        fit = torch.baddbmm(bias, q, k.transpose(1, 2), alpha=(C // H) ** -0.5)
        return Looked(q, k, v, fit, fit.softmax(-1))

    def step(
        self, x: Tensor, keys: Tensor, values: Tensor, rows: Tensor | None, bias: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """One symbol more: x (B, C); keys and values so far (., B, C); bias (B, H, t). Gives all three anew."""
        B, H, t = bias.shape
        q, k, v = F.linear(norm(x), self.qkv).chunk(3, dim=1)
        keys, values = grown(keys, k, rows, t), grown(values, v, rows, t)
        D = x.shape[1] // H
        K, W = (cache.view(t, B * H, D).transpose(0, 1) for cache in (keys, values))  # (B H, t, D)
        fit = torch.baddbmm(bias.view(B * H, 1, t), q.reshape(B * H, 1, D), K.transpose(1, 2), alpha=D**-0.5)
        mixed = torch.bmm(fit.softmax(-1), W).view(B, -1)
        return torch.addmm(x, mixed, self.out.t()), keys, values

    def read(self, x: Tensor, keys: Tensor, values: Tensor, bias: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """A block of T symbols: x (B T, C); keys and values so far (t, B, C); bias (B H, T, t + T). All three anew."""
        B, T, H = keys.shape[1], bias.shape[1], self.heads
        C, D = x.shape[1], x.shape[1] // H
        q, k, v = F.linear(norm(x), self.qkv).view(B, T, 3 * C).transpose(0, 1).chunk(3, dim=-1)  # (T, B, C)
        keys, values = torch.cat([keys, k]), torch.cat([values, v])
        Q, K, W = (part.reshape(-1, B * H, D).transpose(0, 1) for part in (q, keys, values))  # (B H, ., D)
        fit = torch.baddbmm(bias, Q, K.transpose(1, 2), alpha=D**-0.5)
        mixed = torch.bmm(fit.softmax(-1), W).transpose(0, 1).reshape(T, B, C).transpose(0, 1).reshape(B * T, C)
        return torch.addmm(x, mixed, self.out.t()), keys, values


def grown(cache: Tensor, new: Tensor, rows: Tensor | None, t: int) -> Tensor:
    """Some rows of a cache (., B, C), and behind them what is new (B, C); of all times the last t."""
    fresh = cache.new_empty(t, *new.shape)
    old = cache[len(cache) + 1 - t :]
    if rows is None:
        fresh[:-1] = old
    else:
        torch.index_select(old, 1, rows, out=fresh[:-1])
    fresh[-1] = new
    return fresh


def _reaches(heads: int, context: int) -> Tensor:
    """What each head first adds to the fit of a symbol so far back, (H, K): the fall of a line, steep or flat.

    Where the context is long, heads that begin with reaches of their own learn faster than with none (Press, Smith and
    Lewis 2022, "Train short, test long", whose slopes these are; here they are learned further).
    """
    if context < LONG:
        return torch.zeros(heads, context)
    slope = 2.0 ** (-8.0 * torch.arange(1, heads + 1) / heads)
    return -slope[:, None] * torch.arange(context)


@final
class TransformerNet(Net):
    """Parameters: (2 V + K) C + H K + L x (4 C^2 + 2 x 4 C^2) + V C + V."""

    def __init__(self, V: int, *, context: int, width: int, heads: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.context, self.heads = context, heads
        self.symbol = embeddings(V, width)
        self.previous = embeddings(V, width)
        self.place = embeddings(context, width)
        for table in (self.symbol, self.previous, self.place):
            if not table.weight.is_meta:
                nn.init.normal_(table.weight, std=0.5)
        self.distance = nn.Parameter(_reaches(heads, context))
        self.attention = nn.ModuleList(Attention(width, heads, dropout) for _ in range(layers))
        self.feedforward = nn.ModuleList(Feedforward(width, 4 * width, dropout) for _ in range(layers))
        self.head = zero_head(width, V)

    def matrices(self) -> Mapping[str, int]:
        """The matrices of all blocks; queries, keys and values are three."""
        found: dict[str, int] = {}
        for i in range(len(self.attention)):
            found |= {f"attention.{i}.qkv": 3, f"attention.{i}.out": 1}
            found |= {f"feedforward.{i}.rise": 1, f"feedforward.{i}.fall": 1}
        return found

    def forward(self, ids: Tensor, beginnings: Beginnings | None = None) -> Tensor:
        """(B, T) -> (B, T, V), or (n, V); attention goes over the rows in any case."""
        x, bias = self._begun(ids)
        if beginnings is not None:
            x = x.index_select(0, beginnings.at)
        for attention, feedforward in self._layers():
            x = feedforward(attention(x, bias, beginnings))
        logits: Tensor = self.head(norm(x))
        return logits if beginnings is not None else logits.view(*ids.shape, -1)

    def looked(self, ids: Tensor, cut: Tensor | None = None) -> tuple[Tensor, list[Looked]]:
        """(B, T) -> (B, T, V), with the attention of each layer; as forward when it is not trained.

        Args:
            ids: what is read.
            cut: which arcs to cut, (L, B x H, T, T): a symbol then takes nothing of the other, and more of the rest.
                Where all arcs of a symbol are cut it takes nothing at all.
        """
        x, bias = self._begun(ids)
        found = []
        for i, (attention, feedforward) in enumerate(self._layers()):
            if cut is None:
                seen = attention.look(x, bias)
            else:
                seen = attention.look(x, bias.masked_fill(cut[i], -torch.inf))
                seen = seen._replace(weight=seen.weight.nan_to_num(0.0))  # the softmax of nothing
            found.append(seen)
            x = feedforward(attention.taken(x, seen.weight, seen.values))
        return self.head(norm(x)).view(*ids.shape, -1), found

    def maps(self, ids: Tensor) -> Tensor:
        """How much each symbol takes from each other, in each layer and head: (B, T) -> (L, B, H, T, T)."""
        B, T = ids.shape
        return torch.stack([seen.weight.view(B, self.heads, T, T) for seen in self.looked(ids)[1]])

    def _begun(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """What the first layer reads, (N, C), and the bias of all."""
        position = positions(ids)
        return self._embedded(ids, shifted(ids, position, 1), position).flatten(0, 1), self._bias(position)

    def _layers(self) -> list[tuple[Attention, Feedforward]]:
        return cast(list[tuple[Attention, Feedforward]], list(zip(self.attention, self.feedforward, strict=True)))

    def _embedded(self, ids: Tensor, previous: Tensor, position: Tensor) -> Tensor:
        x: Tensor = self.symbol(ids) + self.previous(previous) + self.place(position.clamp(max=self.context - 1))
        return x

    def _bias(self, position: Tensor, before: int = 0) -> Tensor:
        """What is added to the fit of symbol j for symbol i, (B H, T, t + T), after t symbols before the row."""
        index = torch.arange(before + position.shape[1], device=position.device)
        back = index[before:, None] - index  # (T, t + T)
        near = (back >= 0) & (back < self.context)
        allowed = near & (back <= position[:, :, None])  # (B, T, t + T)
        # windows over a line: the gradient of one indexed by `back` took a quarter of a step on a graphics card
        line = F.pad(self.distance[:, : len(index)].flip(1), (max(len(index) - self.context, 0), len(back) - 1))
        bias = line.unfold(1, len(index), 1).flip(1)  # (H, T, t + T)
        return torch.where(allowed[:, None], bias, -torch.inf).flatten(0, 1)

    @property
    def stretch(self) -> int:
        """Twice the context: half of the symbols have all of it before them, in each layer, as later in a whole text.

        A net that was trained on rows of its context says less where it looks back all that far: 0.03 nats worse.
        """
        return 2 * self.context

    @property
    def largest_state(self) -> int:
        """Keys and values of the whole context, in each layer."""
        return 2 * len(self.attention) * self.context * self.symbol.embedding_dim

    def initial(self, batch: int) -> State:
        """Place and id of the last symbol, (B,) each; and keys and values of each layer, (up to K, B, C) each."""
        place = torch.full((batch,), FAR, device=self.distance.device)
        nothing = self.distance.new_empty(0, batch, self.symbol.embedding_dim)
        return place, torch.zeros_like(place), *[nothing] * (2 * len(self.attention))

    def picked(self, state: State, rows: Tensor) -> State:
        """Some rows of a state: keys and values have them as their second dimension."""
        return *picked(state[:2], rows), *(cache.index_select(1, rows) for cache in state[2:])

    def step(self, ids: Tensor, state: State, rows: Tensor | None = None) -> tuple[Tensor, State]:
        """(B,) -> (B, V)."""
        position, last = picked(state[:2], rows)
        caches = list(state[2:])
        position = torch.where(ids == 0, 0, position + 1)
        x = self._embedded(ids, torch.where(position > 0, last, 0), position)
        back = torch.arange(min(len(caches[0]) + 1, self.context), device=ids.device).flip(0)  # (t,)
        known = back <= position[:, None, None]
        bias = torch.where(known, self.distance[:, back], -torch.inf).contiguous()  # (B, H, t)
        for i, (attention, feedforward) in enumerate(self._layers()):
            keys, values = caches[2 * i : 2 * i + 2]
            x, caches[2 * i], caches[2 * i + 1] = attention.step(x, keys, values, rows, bias)
            x = feedforward(x)
        return self.head(norm(x)), (position, ids, *caches)

    def read(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """(B, T) -> (B, T, V): all symbols at once, each layer looking back at the keys and values of those before."""
        position = positions(ids, state[0])
        before = torch.cat([state[1][:, None], ids[:, :-1]], dim=1)
        x = self._embedded(ids, torch.where(position > 0, before, 0), position).flatten(0, 1)
        caches = list(state[2:])
        bias = self._bias(position, len(caches[0]))
        for i, (attention, feedforward) in enumerate(self._layers()):
            x, keys, values = attention.read(x, caches[2 * i], caches[2 * i + 1], bias)
            caches[2 * i : 2 * i + 2] = keys[-self.context :], values[-self.context :]
            x = feedforward(x)
        return self.head(norm(x)).view(*ids.shape, -1), (position[:, -1], ids[:, -1], *caches)
