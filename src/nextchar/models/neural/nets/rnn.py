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


def rnn_cell(said: Tensor, h: Tensor, W_hh: Tensor, b_hh: Tensor) -> Tensor:
    """What is read and what is remembered, each through its map: h' = tanh(W_ih x + b_ih + W_hh h + b_hh).

    The first map's result is given: said (B, H).
    """
    return torch.tanh(said + F.linear(h, W_hh, b_hh))


@final
class RnnNet(RecurrentNet):
    """Parameters: V E + H E + H^2 + 2 H + V H + V."""

    parts = 1
    states = 1

    def __init__(self, V: int, *, embedding: int, width: int, dropout: float) -> None:
        super().__init__(V, nn.RNN(embedding, width), dropout=dropout)

    def opened(self, said: Tensor, state: State, held: Held | None = None) -> Opened:
        """One symbol more; there are no gates."""
        assert not held
        return Opened((rnn_cell(said, state[0], self.weights[1], self.weights[3]),), {})
