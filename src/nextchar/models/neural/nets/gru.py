"""The gated recurrent unit, in the form that torch has.

Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder for statistical machine translation".

Letters: B batch, V size of the alphabet, E embedding, H hidden numbers.
"""

from __future__ import annotations

from typing import ClassVar, final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nextchar.models.neural.nets.base import State
from nextchar.models.neural.nets.recurrent import Held, Opened, RecurrentNet, held_at

__all__ = ["GruNet", "gru_cell"]


def gru_cell(said: Tensor, h: Tensor, W_hh: Tensor, b_hh: Tensor, held: Held | None = None) -> Opened:
    """Two gates decide, number by number, what of the old vector goes into the new.

    r = sigmoid(..): how much of the past the candidate may use. z = sigmoid(..): how much of the past stays.
    The candidate: c = tanh(W x + b + r * (U h + b')). Then h' = (1 - z) c + z h. The gates are called reset (r) and
    keep (z; in the paper, update). What the symbol says to all three, W_ih x + b_ih, is given, (B, 3 H).
    """
    read_r, read_z, read_c = said.chunk(3, dim=-1)
    kept_r, kept_z, kept_c = F.linear(h, W_hh, b_hh).chunk(3, dim=-1)
    held = held or {}
    r = held_at(torch.sigmoid(read_r + kept_r), held.get("reset"))
    z = held_at(torch.sigmoid(read_z + kept_z), held.get("keep"))
    c = torch.tanh(read_c + r * kept_c)
    return Opened(((1 - z) * c + z * h,), {"reset": r, "keep": z})


@final
class GruNet(RecurrentNet):
    """Parameters: V E + 3 (H E + H^2 + 2 H) + V H + V."""

    parts = 3
    states = 1
    gates: ClassVar[tuple[str, ...]] = ("reset", "keep")

    def __init__(self, V: int, *, embedding: int, width: int, dropout: float) -> None:
        super().__init__(V, nn.GRU(embedding, width), dropout=dropout)

    def opened(self, said: Tensor, state: State, held: Held | None = None) -> Opened:
        """One symbol more."""
        return gru_cell(said, state[0], self.weights[1], self.weights[3], held)
