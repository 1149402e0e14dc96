"""Long short-term memory.

Hochreiter and Schmidhuber 1997; with forget gates, Gers et al. 2000; for writing text, Graves 2013, "Generating
sequences with recurrent neural networks".

Letters: B batch, V size of the alphabet, E embedding, H hidden numbers.
"""

from __future__ import annotations

from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nextchar.models.neural.nets.base import State
from nextchar.models.neural.nets.recurrent import RecurrentNet

__all__ = ["LstmNet", "lstm_cell"]


def lstm_cell(
    x: Tensor, h: Tensor, memory: Tensor, W_ih: Tensor, W_hh: Tensor, b_ih: Tensor, b_hh: Tensor
) -> tuple[Tensor, Tensor]:
    """A memory that is only ever added to or scaled, and gates that decide what enters, stays and shows.

    i, f, o = sigmoid(..) are the gates for input, forgetting and output, g = tanh(..) what might enter.
    memory' = f * memory + i * g, and h' = o * tanh(memory').
    """
    i, f, g, o = (F.linear(x, W_ih, b_ih) + F.linear(h, W_hh, b_hh)).chunk(4, dim=-1)
    memory = torch.sigmoid(f) * memory + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(memory), memory


@final
class LstmNet(RecurrentNet):
    """Parameters: V E + 4 (H E + H^2 + 2 H) + V H + V."""

    parts = 4
    states = 2

    def __init__(self, V: int, *, embedding: int, width: int, dropout: float) -> None:
        super().__init__(V, nn.LSTM(embedding, width), dropout=dropout)

    def cell(self, x: Tensor, state: State) -> State:
        """One symbol more."""
        return lstm_cell(x, state[0], state[1], *self.weights)
