"""What the recurrent nets share: an embedding, torch's own layer over packed items, and a head.

A recurrent net reads an item symbol by symbol and keeps what it wants to know in a vector of H numbers. In training
the items of a batch go through torch's layer side by side, the longest first, as a packed sequence: at each time only
those that still go on. For single steps the cell is written out in each net's own file; by it, too, goes what reads
each beginning once (see `beginnings`): all beginnings of a length from the vectors of those one symbol shorter.

Letters: B rows, T symbols of a row, N = B x T, V size of the alphabet, E embedding, H hidden numbers, n items or
beginnings.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from itertools import accumulate
from typing import ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from nextchar.models.neural.nets.base import STRETCH, DropsOut, Net, State, embeddings, picked, positions, zero_head
from nextchar.models.neural.nets.beginnings import Beginnings

__all__ = ["Held", "Opened", "RecurrentNet", "held_at", "packed_order"]

Held = Mapping[str, Tensor]
"""Gates that are held by hand: the name of each and at what, (B, H); free where that is not a number."""


class Opened(NamedTuple):
    """A step with the numbers inside the cell.

    Attributes:
        state: the vectors after it, (B, H) each, the hidden one first.
        gates: how far each gate was open for each hidden number, (B, H), from 0 (closed) to 1.
    """

    state: State
    gates: Mapping[str, Tensor]


def held_at(gate: Tensor, value: Tensor | None) -> Tensor:
    """A gate, at the value that it is held at where there is one."""
    return gate if value is None else torch.where(value.isnan(), gate, value)


class RecurrentNet(Net):
    """embedding -> recurrent layer -> dropout -> head."""

    parts: int  # matrices fused into one: the number of gates
    states: int  # vectors that are carried on
    gates: ClassVar[tuple[str, ...]] = ()  # the names of those that can be held

    def __init__(self, V: int, layer: nn.RNNBase, *, dropout: float) -> None:
        super().__init__()
        self.embedding = embeddings(V, layer.input_size)
        self.layer = layer
        self.dropout = DropsOut(dropout)
        self.head = zero_head(layer.hidden_size, V)

    def matrices(self) -> Mapping[str, int]:
        """The maps from the input and from the hidden vector; each is one block for each gate."""
        return {"layer.weight_ih_l0": self.parts, "layer.weight_hh_l0": self.parts}

    def forward(self, ids: Tensor, beginnings: Beginnings | None = None) -> Tensor:
        """(B, T) -> (B, T, V), or (n, V)."""
        if beginnings is None:
            return self.read(ids, self.initial(len(ids)))[0]
        logits: Tensor = self.head(self.dropout.dropped(self._grown(ids.flatten()[beginnings.at], beginnings)))
        return logits

    def _grown(self, symbols: Tensor, beginnings: Beginnings) -> Tensor:
        """The hidden vectors after all beginnings, (n, H), length by length; symbols (n,) are their last ones."""
        sizes = list(beginnings.sizes)
        said = torch.split(self.said_of(symbols), sizes)
        shorter = torch.split(beginnings.before(), sizes)
        firsts = accumulate(sizes, initial=0)  # of each length, the number of the first
        state = self.opened(said[0], self.initial(sizes[0])).state
        hidden = [state[0]]
        for here, one_less, first in zip(said[1:], shorter[1:], firsts, strict=False):
            state = self.opened(here, picked(state, one_less - first)).state
            hidden.append(state[0])
        return torch.cat(hidden)

    def said_of(self, symbols: Tensor) -> Tensor:
        """What symbols say to the cell, W_ih x + b_ih, (n, parts x H): of the whole alphabet where that is less."""
        W_ih, _, b_ih, _ = self.weights
        if self.embedding.num_embeddings <= len(symbols):
            return F.linear(self.embedding.weight, W_ih, b_ih).index_select(0, symbols)
        return F.linear(self.embedding(symbols), W_ih, b_ih)

    def read(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """(B, T) -> (B, T, V): the part of a row before its first boundary goes on from the state."""
        B, T = ids.shape
        position = positions(ids)
        order, sizes = packed_order(position)
        begins = order[: int(sizes[0])]  # the flat index at which each part begins, the longest first
        going = ((ids.flatten()[begins] != 0) & (begins % T == 0))[:, None]
        before = tuple((vector[begins // T] * going)[None] for vector in state)  # (1, n, H) each
        packed = PackedSequence(self.embedding(ids.flatten()[order]), sizes)
        found, after = self.layer(packed, before if self.states > 1 else before[0])
        hidden = found.data  # (N, H), in that order
        hidden = torch.empty_like(hidden).index_copy(0, order, hidden)
        logits: Tensor = self.head(self.dropout.dropped(hidden))
        last = begins.sort().indices  # the parts as they lie in the rows; of each row the last one
        last = last[torch.bincount(begins // T, minlength=B).cumsum(0) - 1]
        left = after if self.states > 1 else (after,)
        return logits.view(B, T, -1), tuple(vector[0, last] for vector in left)

    @property
    def stretch(self) -> int:
        """As far as the gradient goes back."""
        return STRETCH // 2

    @property
    def carries(self) -> bool:
        """The hidden vectors."""
        return True

    @property
    def weights(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Of the layer: W_ih (parts x H, E), W_hh (parts x H, H), b_ih and b_hh (parts x H,)."""
        get = self.layer.get_parameter
        return get("weight_ih_l0"), get("weight_hh_l0"), get("bias_ih_l0"), get("bias_hh_l0")

    @abstractmethod
    def opened(self, said: Tensor, state: State, held: Held | None = None) -> Opened:
        """One symbol more: what it says (B, parts x H); vectors (B, H), the hidden one first; gates held by hand."""

    def initial(self, batch: int) -> State:
        """Zeros, (B, H) each."""
        return (self.head.weight.new_zeros(batch, self.layer.hidden_size),) * self.states

    def step(self, ids: Tensor, state: State, rows: Tensor | None = None) -> tuple[Tensor, State]:
        """(B,) -> (B, V)."""
        going = (ids != 0)[:, None]
        state = self.opened(self.said_of(ids), tuple(vector * going for vector in picked(state, rows))).state
        return self.head(state[0]), state


def packed_order(position: Tensor) -> tuple[Tensor, Tensor]:
    """How the symbols of rows lie in a packed sequence: flat indices (N,), time by time, and how many at each time."""
    begins = position == 0
    begins[:, 0] = True
    begin = begins.flatten().nonzero()[:, 0]  # (n,)
    length = torch.diff(begin, append=begin.new_tensor([position.numel()]))
    length, longest_first = length.sort(descending=True, stable=True)
    time = torch.arange(int(length[0]), device=position.device)
    going = time[:, None] < length  # (longest, n)
    return (begin[longest_first] + time[:, None])[going], going.sum(1).cpu()
