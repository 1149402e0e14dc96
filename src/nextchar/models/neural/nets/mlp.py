"""A multi-layer perceptron over the last symbols, with residual blocks.

Bengio, Ducharme, Vincent and Jauvin 2003, "A neural probabilistic language model", JMLR 3. Each of the last k symbols
is looked up in one table of E numbers a symbol; the k rows side by side go through a layer of width C, and then through
residual blocks. Before the item begins there are boundaries. With tanh after that layer, and no blocks, it is the net
of the lecture (Karpathy 2022, "Building makemore part 2: MLP").

Letters: B rows, T symbols of a row, N = B x T, V size of the alphabet, k context, E embedding, C width, L layers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nextchar.models.neural.nets.base import (
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

__all__ = ["MlpNet"]


@final
class MlpNet(Net):
    """Parameters: V E + C k E + C + L x 2 x 4 C^2 + V C + V."""

    def __init__(
        self, V: int, *, context: int, embedding: int, width: int, layers: int, tanh: bool, dropout: float
    ) -> None:
        super().__init__()
        self.context = context
        self.tanh = tanh
        self.embedding = embeddings(V, embedding)
        self.first = scaled(width, context * embedding)
        self.bias = nn.Parameter(torch.zeros(width))
        self.blocks = nn.ModuleList(Feedforward(width, 4 * width, dropout) for _ in range(layers))
        self.head = zero_head(width, V)

    @property
    def window(self) -> int:
        """The context."""
        return self.context

    def matrices(self) -> Mapping[str, int]:
        """The first layer, and both matrices of each block."""
        names = ["first"] + [f"blocks.{i}.{name}" for i in range(len(self.blocks)) for name in ("rise", "fall")]
        return dict.fromkeys(names, 1)

    def forward(self, ids: Tensor, beginnings: Beginnings | None = None, vectors: Tensor | None = None) -> Tensor:
        """(B, T) -> (B, T, V), or (n, V); with vectors (V, E) in the place of the symbols' own, if they are given."""
        position = positions(ids)
        context = torch.stack([shifted(ids, position, back) for back in range(self.context)], dim=-1)  # (B, T, k)
        if beginnings is not None:
            return self._logits(beginnings.collected(context), vectors)
        return self._logits(context.flatten(0, 1), vectors).view(*ids.shape, -1)

    def _logits(self, context: Tensor, vectors: Tensor | None = None) -> Tensor:
        """(N, k) -> (N, V); the last symbol comes first."""
        x = F.embedding(context, self.embedding.weight if vectors is None else vectors).flatten(1)  # (N, k E)
        x = F.linear(x, self.first, self.bias)
        if self.tanh:
            x = x.tanh()
        for block in self.blocks:
            x = block(x)
        logits: Tensor = self.head(norm(x) if len(self.blocks) or not self.tanh else x)
        return logits

    def initial(self, batch: int) -> State:
        """The last k symbols, (B, k): boundaries."""
        return (torch.zeros(batch, self.context, dtype=torch.long, device=self.bias.device),)

    def step(self, ids: Tensor, state: State, rows: Tensor | None = None) -> tuple[Tensor, State]:
        """(B,) -> (B, V)."""
        context = torch.cat([ids[:, None], picked(state, rows)[0][:, :-1]], dim=1)
        context = torch.where(ids[:, None] == 0, 0, context)
        return self._logits(context), (context,)
