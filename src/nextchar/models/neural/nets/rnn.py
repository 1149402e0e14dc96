"""The plain recurrent net (Elman 1990; Mikolov et al. 2010, "Recurrent neural network based language model").

Letters: B batch, V size of the alphabet, E embedding, H hidden numbers.
"""

from __future__ import annotations

from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nextchar.models.neural.nets.base import State
from nextchar.models.neural.nets.recurrent import Held, Opened, RecurrentNet

__all__ = ["RnnNet", "rnn_cell"]


def rnn_cell(x: Tensor, h: Tensor, W_ih: Tensor, W_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> Tensor:
    """What is read and what is remembered, each through its map: h' = tanh(W_ih x + b_ih + W_hh h + b_hh)."""
    return torch.tanh(F.linear(x, W_ih, b_ih) + F.linear(h, W_hh, b_hh))


@final
class RnnNet(RecurrentNet):
    """Parameters: V E + H E + H^2 + 2 H + V H + V."""

    parts = 1
    states = 1

    def __init__(self, V: int, *, embedding: int, width: int, dropout: float) -> None:
        super().__init__(V, nn.RNN(embedding, width), dropout=dropout)

    def opened(self, x: Tensor, state: State, held: Held | None = None) -> Opened:
        """One symbol more; there are no gates."""
        assert not held
        return Opened((rnn_cell(x, state[0], *self.weights),), {})
