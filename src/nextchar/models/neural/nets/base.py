"""What all nets share: the interface, where items begin in a row, and the few layers that several of them use.

A net reads rows of ids in which several items may follow each other, each opened by a boundary (id 0), and gives the
logits of what follows each symbol. Nothing of an item reaches the next one. A row that does not begin with a boundary
is the middle of a long item.

For writing, symbol by symbol, a net carries a state: a tuple of tensors. `step` and `read` never change a state in
place.

Letters: B rows, T symbols of a row, N = B x T, V size of the alphabet, C width.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nextchar.models.neural.nets.beginnings import Beginnings
from nextchar.models.neural.nets.noise import Places, kept, layer_keys

__all__ = [
    "FAR",
    "STRETCH",
    "DropsOut",
    "Feedforward",
    "Net",
    "State",
    "embeddings",
    "norm",
    "picked",
    "positions",
    "scaled",
    "shifted",
    "zero_head",
]

State = tuple[Tensor, ...]
STRETCH: Final = 256  # symbols of a long text in a row
FAR: Final = 1 << 20  # the position of symbols whose item began before the row


class DropsOut(nn.Module):
    """A layer that leaves out some of its numbers in training.

    Attributes:
        dropout: which share of them.
        places: what it reads, once that is known.
        key: what the noise depends on beside the place, see `noise.layer_keys`.
    """

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.places: Places | None = None
        self.key = 0

    def dropped(self, x: Tensor) -> Tensor:
        """In training, with a share of the numbers zero and the others larger by as much: their mean stays; (n, C)."""
        if not self.dropout or not self.training:
            return x
        return x * kept(self.read_places.computed, x.shape[-1], self.key, self.dropout).to(x.dtype)

    @property
    def read_places(self) -> Places:
        """What it reads, which training says: `Net.reads`."""
        assert self.places is not None
        return self.places


class Net(nn.Module, ABC):
    """A net over an alphabet of V symbols.

    Attributes:
        head: the last layer, which gives the logits.
    """

    head: nn.Linear

    @abstractmethod
    def forward(self, ids: Tensor, beginnings: Beginnings | None = None) -> Tensor:
        """(B, T) -> (B, T, V) logits: those at t are for the symbol after ids[:, t].

        With the beginnings of those rows it is the logits after each of them, (n, V), for less work.
        """

    @abstractmethod
    def initial(self, batch: int) -> State:
        """The state before anything is read."""

    @abstractmethod
    def step(self, ids: Tensor, state: State, rows: Tensor | None = None) -> tuple[Tensor, State]:
        """Read one more symbol of each item, ids (B,): the logits (B, V), and the new state.

        With rows (B,), item i goes on from row rows[i] of the state.
        """

    def read(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """Read a block of symbols of each item, ids (B, T): the logits (B, T, V), and the new state."""
        logits = []
        for column in ids.unbind(1):
            said, state = self.step(column, state)
            logits.append(said)
        return torch.stack(logits, dim=1), state

    def picked(self, state: State, rows: Tensor) -> State:
        """Some rows of a state."""
        return picked(state, rows)

    @abstractmethod
    def matrices(self) -> Mapping[str, int]:
        """The names of the hidden matrices, and of how many blocks, one over the other, each is fused.

        They are what Muon is for; embeddings, norms, biases and the head are left to Adam.
        """

    def expect(self, log_frequencies: Tensor) -> None:
        """Let a new net predict each symbol as often as it occurs, (V,) nats, whatever came before.

        From there training only has to learn what depends on the context; and where the alphabet is large and the time
        short, the items at least end.
        """
        with torch.no_grad():
            self.head.bias.copy_(log_frequencies)

    def set_dropout(self, share: float) -> None:
        """From now on, leave out so much of the hidden numbers in training."""
        for module in self.modules():
            if isinstance(module, DropsOut):
                module.dropout = share

    def reads(self, places: Places) -> None:
        """What is read next in training is this: dropout goes by it."""
        layers = [module for module in self.modules() if isinstance(module, DropsOut)]
        for layer, key in zip(layers, layer_keys(places.seed, places.step, len(layers)), strict=True):
            layer.places, layer.key = places, key

    @property
    def largest_state(self) -> int:
        """How many numbers the state of one item can come to."""
        return sum(part.numel() for part in self.initial(1))

    @property
    def window(self) -> int | None:
        """How many symbols the net looks back; None for all."""
        return None

    @property
    def stretch(self) -> int:
        """How many symbols of a long text make a row in training."""
        return STRETCH

    @property
    def carries(self) -> bool:
        """Whether rows of a long text are read on from the state that the one before left, as a whole text is later.

        For that the parts of a state have the batch as their first dimension.
        """
        return False


def positions(ids: Tensor, place: Tensor | None = None) -> Tensor:
    """How many symbols each stands behind the boundary that opened its item, (B, T); from FAR on in a middle.

    With place (B,), that of the symbol before the row, the row goes on from there.
    """
    index = torch.arange(ids.shape[1], device=ids.device)
    start = torch.where(ids == 0, index, -FAR if place is None else -1 - place[:, None]).cummax(dim=1).values
    return index - start


def shifted(ids: Tensor, position: Tensor, back: int) -> Tensor:
    """The symbol `back` places before each, (B, T); the boundary where that would be before the item."""
    T = ids.shape[1]
    if back == 0:
        return ids
    moved = F.pad(ids, (back, 0))[:, :T]
    return torch.where(position >= back, moved, 0)


def norm(x: Tensor) -> Tensor:
    """Each row at mean 0 and variance 1, without weights of its own (Ba, Kiros and Hinton 2016, layer norm)."""
    return F.layer_norm(x, (x.shape[-1],))


def scaled(rows: int, columns: int) -> nn.Parameter:
    """A matrix (out, in) that keeps the size of what it maps: uniform with variance 1 / in."""
    bound = (3 / columns) ** 0.5
    return nn.Parameter(torch.empty(rows, columns).uniform_(-bound, bound))


def picked(state: State, rows: Tensor | None) -> State:
    """The rows of a state whose tensors all have the batch as their first dimension."""
    return state if rows is None else tuple(part.index_select(0, rows) for part in state)


def embeddings(number: int, width: int) -> nn.Embedding:
    """A vector for each of so many things, normally distributed.

    Where only shapes are wanted nothing is drawn: for that, torch would load its compiler, which takes seconds.
    """
    weight = torch.empty(number, width)
    if not weight.is_meta:
        weight.normal_()
    return nn.Embedding(number, width, _weight=weight)


def zero_head(width: int, V: int) -> nn.Linear:
    """The layer that gives the logits; all zero, so that training begins with every symbol equally likely."""
    head = nn.Linear(width, V)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    return head


class Feedforward(DropsOut):
    """A residual block of two layers: x + W2 relu(W1 norm(x))^2 (So et al. 2021, Primer: squared ReLU).

    W2 starts at zero, so that the block first does nothing.
    """

    def __init__(self, width: int, hidden: int, dropout: float) -> None:
        super().__init__(dropout)
        self.rise = scaled(hidden, width)
        self.fall = nn.Parameter(torch.zeros(width, hidden))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C) -> (N, C)."""
        h = self.dropped(F.linear(norm(x), self.rise).relu_().square())
        return torch.addmm(x, h, self.fall.t())
