"""Causal convolutions whose reach doubles from layer to layer.

Van den Oord et al. 2016, "WaveNet: a generative model for raw audio". Layer i combines what stands at a symbol with
what stands 2^i symbols before it, so after L layers each symbol knows 2^L of them, at the cost of L. Of two maps of the
pair one says what (tanh), the other how much of it (a sigmoid, the gate). The residual stream takes the place of the
paper's skip connections; each convolution is followed by a residual block of two layers.

Letters: B rows, T symbols of a row, N = B x T, V size of the alphabet, C width, L layers, d dilation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast, final

import torch
import torch.nn.functional as F
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
    scaled,
    zero_head,
)
from nextchar.models.neural.nets.beginnings import Beginnings

__all__ = ["Convolution", "WavenetNet", "seen_back"]


def seen_back(dilations: Sequence[int]) -> tuple[int, ...]:
    """How many symbols back are those that a stack of convolutions of two taps sees, each d apart; itself is 0.

    Dilations 1, 2, 4 see 0 to 7. With 1, 1, 1 it is 0 to 3, again and again the same; with 1, 3, 9 some are missed.
    """
    seen = {0}
    for dilation in dilations:
        seen |= {back + dilation for back in seen}
    return tuple(sorted(seen))


class Convolution(nn.Module):
    """x + W_out (tanh(W_what [now; before]) * sigmoid(W_gate [now; before])), `before` being d symbols back."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.taps = scaled(2 * width, 2 * width)
        self.out = nn.Parameter(torch.zeros(width, width))

    def forward(self, x: Tensor, inside: Tensor, before: Tensor) -> Tensor:
        """Flat x (N, C); which row of it stands d symbols back, (N,), if that is inside the same item, (N, 1)."""
        now = norm(x)
        return self._combined(x, now, now.index_select(0, before) * inside)

    def step(self, x: Tensor, inside: Tensor, queue: Tensor) -> tuple[Tensor, Tensor]:
        """One symbol more: x (B, C); the last d normed vectors (B, d, C). Gives both anew."""
        now = norm(x)
        y = self._combined(x, now, queue[:, 0] * inside)
        return y, torch.cat([queue[:, 1:], now[:, None]], dim=1)

    def _combined(self, x: Tensor, now: Tensor, before: Tensor) -> Tensor:
        what, gate = F.linear(torch.cat([now, before], dim=-1), self.taps).chunk(2, dim=-1)
        return torch.addmm(x, what.tanh() * gate.sigmoid(), self.out.t())


@final
class WavenetNet(Net):
    """Parameters: V C + L x (4 C^2 + C^2 + 2 M C) + V C + V, with M the hidden width of the residual blocks."""

    def __init__(self, V: int, *, width: int, hidden: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.symbol = embeddings(V, width)
        self.convolutions = nn.ModuleList(Convolution(width, 2**i) for i in range(layers))
        self.blocks = nn.ModuleList(Feedforward(width, hidden, dropout) for _ in range(layers))
        self.head = zero_head(width, V)

    @property
    def window(self) -> int:
        """Itself and what the layers reach back to."""
        return int(2 ** len(self.convolutions))

    def matrices(self) -> Mapping[str, int]:
        """The taps, of which what and gate are two, the outputs, and both matrices of each block."""
        found: dict[str, int] = {}
        for i in range(len(self.blocks)):
            found |= {f"convolutions.{i}.taps": 2, f"convolutions.{i}.out": 1}
            found |= {f"blocks.{i}.rise": 1, f"blocks.{i}.fall": 1}
        return found

    def _layers(self) -> list[tuple[Convolution, Feedforward]]:
        return cast(list[tuple[Convolution, Feedforward]], list(zip(self.convolutions, self.blocks, strict=True)))

    def forward(self, ids: Tensor, beginnings: Beginnings | None = None) -> Tensor:
        """(B, T) -> (B, T, V), or (n, V)."""
        if beginnings is None:
            x = self.nodes(ids, self.symbol(ids))[-1]
        else:
            place = self._places(ids).flatten()[beginnings.at]
            x = self.symbol(ids.flatten()[beginnings.at])
            for convolution, block in self._layers():
                d = convolution.dilation
                x = block(convolution(x, (place >= d)[:, None], beginnings.before(d)))
        logits: Tensor = self.head(norm(x))
        return logits

    def nodes(self, ids: Tensor, x: Tensor) -> list[Tensor]:
        """The vectors of all symbols, (B, T, C), as they are first and after each layer.

        Args:
            ids: the symbols, (B, T), of which only the boundaries matter here.
            x: their own vectors, (B, T, C).
        """
        place = self._places(ids).view(-1, 1)
        index = torch.arange(ids.numel(), device=ids.device)
        found = [x]
        for convolution, block in self._layers():
            d = convolution.dilation
            x = block(convolution(x.flatten(0, 1), place >= d, (index - d).clamp(min=0))).view(x.shape)
            found.append(x)
        return found

    @staticmethod
    def _places(ids: Tensor) -> Tensor:
        """How many symbols of its item, as far as it is in the row, stand before each, (B, T)."""
        return positions(ids, torch.full((len(ids),), -1, device=ids.device))

    def initial(self, batch: int) -> State:
        """The place of the last symbol, (B,), and for each layer the last d vectors it has read, (B, d, C)."""
        place = torch.full((batch,), FAR, device=self.head.bias.device)
        zeros = self.head.weight.new_zeros
        return place, *(zeros(batch, c.dilation, self.head.in_features) for c, _ in self._layers())

    def step(self, ids: Tensor, state: State, rows: Tensor | None = None) -> tuple[Tensor, State]:
        """(B,) -> (B, V)."""
        position, *queues = picked(state, rows)
        position = torch.where(ids == 0, 0, position + 1)
        x = self.symbol(ids)
        for i, (convolution, block) in enumerate(self._layers()):
            x, queues[i] = convolution.step(x, (position >= convolution.dilation)[:, None], queues[i])
            x = block(x)
        return self.head(norm(x)), (position, *queues)
