"""A bag of words, here of symbols: what came before as one mean, whatever its order.

The plainest way to look at everything: each symbol's vector, told its place, plus the mean of all such vectors of the
item so far. This is attention in which every symbol counts the same (compare `transformer`). Residual blocks follow.
The name is Harris's (1954, "Distributional structure"); the causal form is from Karpathy's makemore (CausalBoW).

Letters: B rows, T symbols of a row, N = B x T, V size of the alphabet, C width, L layers, K context.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import torch
from torch import Tensor, nn

from nextchar.models.neural.nets.base import (
    FAR,
    Feedforward,
    Net,
    State,
    embeddings,
    norm,
    picked,
    positions,
    zero_head,
)
from nextchar.models.neural.nets.beginnings import Beginnings

__all__ = ["BowNet"]


@final
class BowNet(Net):
    """Parameters: (V + K) C + L x 2 x 4 C^2 + V C + V."""

    def __init__(self, V: int, *, context: int, width: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.context = context
        self.symbol = embeddings(V, width)
        self.place = embeddings(context, width)
        self.blocks = nn.ModuleList(Feedforward(width, 4 * width, dropout) for _ in range(layers))
        self.head = zero_head(width, V)

    def matrices(self) -> Mapping[str, int]:
        """Both matrices of each block."""
        return {f"blocks.{i}.{name}": 1 for i in range(len(self.blocks)) for name in ("rise", "fall")}

    def forward(self, ids: Tensor, beginnings: Beginnings | None = None) -> Tensor:
        """(B, T) -> (B, T, V), or (n, V)."""
        position = positions(ids)
        x = self._embedded(ids, position)
        index = torch.arange(ids.shape[1], device=ids.device)
        back = index[:, None] - index
        allowed = ((back >= 0) & (back <= position[:, :, None])).to(x.dtype)  # (B, T, T)
        mean = torch.bmm(allowed / allowed.sum(-1, keepdim=True), x)
        if beginnings is not None:
            return self._logits(beginnings.collected(x + mean))
        return self._logits((x + mean).flatten(0, 1)).view(*ids.shape, -1)

    def _embedded(self, ids: Tensor, position: Tensor) -> Tensor:
        x: Tensor = self.symbol(ids) + self.place(position.clamp(max=self.context - 1))
        return x

    def _logits(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        logits: Tensor = self.head(norm(x))
        return logits

    @property
    def carries(self) -> bool:
        """The sum of all vectors so far."""
        return True

    def initial(self, batch: int) -> State:
        """The place of the last symbol and how many were read, (B,) each, and the sum of their vectors, (B, C)."""
        place = torch.full((batch,), FAR, device=self.head.bias.device)
        return place, torch.zeros_like(place), self.head.weight.new_zeros(batch, self.head.in_features)

    def step(self, ids: Tensor, state: State, rows: Tensor | None = None) -> tuple[Tensor, State]:
        """(B,) -> (B, V)."""
        position, number, total = picked(state, rows)
        begins = ids == 0
        position = torch.where(begins, 0, position + 1)
        number = torch.where(begins, 1, number + 1)
        x = self._embedded(ids, position)
        total = torch.where(begins[:, None], x, total + x)
        return self._logits(x + total / number[:, None]), (position, number, total)

    def read(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """(B, T) -> (B, T, V): sums of all symbols so far, without those of items that ended before."""
        place, number, total = state
        position = positions(ids, place)
        x = self._embedded(ids, position)
        index = torch.arange(ids.shape[1], device=ids.device)
        opened = torch.where(ids == 0, index, -1).cummax(dim=1).values  # where the item begins; -1: before the block
        sums = torch.cat([torch.zeros_like(total)[:, None], x.cumsum(1)], dim=1)  # (B, 1 + T, C)
        ended = sums.gather(1, opened.clamp(min=0)[..., None].expand_as(x))
        here = opened >= 0
        totals = sums[:, 1:] + torch.where(here[..., None], -ended, total[:, None])
        numbers = torch.where(here, index - opened, index + number[:, None]) + 1
        logits = self._logits((x + totals / numbers[..., None]).flatten(0, 1)).view(*ids.shape, -1)
        return logits, (position[:, -1], numbers[:, -1], totals[:, -1])
