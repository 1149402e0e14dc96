"""Long short-term memory.

Hochreiter and Schmidhuber 1997; with forget gates, Gers et al. 2000; for writing text, Graves 2013, "Generating
sequences with recurrent neural networks".

Letters: B batch, V size of the alphabet, E embedding, H hidden numbers.
"""

from __future__ import annotations

from typing import ClassVar, final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nextchar.models.neural.nets.base import State
from nextchar.models.neural.nets.recurrent import Held, Opened, RecurrentNet, held_at

__all__ = ["LstmNet", "lstm_cell"]


def lstm_cell(said: Tensor, h: Tensor, memory: Tensor, W_hh: Tensor, b_hh: Tensor, held: Held | None = None) -> Opened:
    """A memory that is only ever added to or scaled, and gates that decide what enters, stays and shows.

    i, f, o = sigmoid(..) are the gates for input, forgetting and output, g = tanh(..) what might enter.
    memory' = f * memory + i * g, and h' = o * tanh(memory'). The gates are called enter (i), keep (f) and show (o).
    What the symbol says to all of them, W_ih x + b_ih, is given, (B, 4 H).
    """
    i, f, g, o = (said + F.linear(h, W_hh, b_hh)).chunk(4, dim=-1)
    held = held or {}
    enter = held_at(torch.sigmoid(i), held.get("enter"))
    keep = held_at(torch.sigmoid(f), held.get("keep"))
    show = held_at(torch.sigmoid(o), held.get("show"))
    memory = keep * memory + enter * torch.tanh(g)
    return Opened((show * torch.tanh(memory), memory), {"enter": enter, "keep": keep, "show": show})


@final
class LstmNet(RecurrentNet):
    """Parameters: V E + 4 (H E + H^2 + 2 H) + V H + V."""

    parts = 4
    states = 2
    gates: ClassVar[tuple[str, ...]] = ("enter", "keep", "show")

    def __init__(self, V: int, *, embedding: int, width: int, dropout: float) -> None:
        super().__init__(V, nn.LSTM(embedding, width), dropout=dropout)

    def opened(self, said: Tensor, state: State, held: Held | None = None) -> Opened:
        """One symbol more."""
        return lstm_cell(said, state[0], state[1], self.weights[1], self.weights[3], held)
