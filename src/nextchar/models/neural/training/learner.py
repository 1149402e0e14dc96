"""A net that learns from batches and is measured on rows: the work that several processes share.

The loss is the mean surprisal of the symbols in a batch of rows (see `packing`), in nats. Each process has the
gradients of its own rows, of that mean over the symbols of all; added up they are the gradient of the batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nextchar.models.neural.nets.base import Net, State
from nextchar.models.neural.nets.beginnings import Beginnings, place_numbers
from nextchar.models.neural.nets.noise import Places
from nextchar.models.neural.training.beside import Beside
from nextchar.models.neural.training.devices import precision_on
from nextchar.models.neural.training.muon import Optimiser
from nextchar.models.neural.training.packing import I64, IGNORED, PackedRows
from nextchar.models.neural.training.processes import Processes
from nextchar.models.neural.training.settings import TrainSettings

__all__ = ["Learner"]

LARGEST_NORM: Final = 1.0  # of the gradient
MEASURED_ROWS: Final = 512  # rows of a batch when nothing is learned


class Learner:
    """A net with its optimiser, on its device.

    Attributes:
        net: its weights change with every batch.
        device: where it is.
        precision: of the matrix products: float32 or bf16.
        size: how many weights it has.
        symbols: of all batches so far; to be set to 0 where counting begins.
        norm: of the last gradient, before clipping.
        pace: of the last update.
        ratios: for each hidden matrix, the norm of an update over the norm of the matrix; where they are emptied, they
            are taken anew from the next update.

    Args:
        net: a new net.
        settings: rates, precision, seed.
        device: where.
        processes: those that share the rows.
        beside: what the net adds to.
    """

    def __init__(
        self,
        net: Net,
        settings: TrainSettings,
        device: torch.device,
        processes: Processes,
        beside: Beside | None = None,
    ) -> None:
        self.net = net.to(device)
        self.device = device
        self.precision = settings.precision
        if settings.precision == "auto":
            self.precision = processes.from_first(lambda: precision_on(device))
        self.size = sum(parameter.numel() for parameter in net.parameters())
        self.symbols = 0
        self.norm: Tensor | float = 0.0
        self.pace = 0.0
        self.ratios: dict[str, float] = {}
        self._settings = settings
        self._processes = processes
        self._optimiser = self._new_optimiser()
        self._carried: State = ()  # of all rows of the batch before, where they are read on
        self._said_of_training: Tensor | None = None
        self._said_of_held_out: Tensor | None = None
        if beside is not None:
            self._said_of_training, self._said_of_held_out = (torch.from_numpy(rows).to(device) for rows in beside)

    def _new_optimiser(self) -> Optimiser:
        rates = self._settings
        return Optimiser(
            self.net, self.net.matrices(), rate=rates.rate, adam_rate=rates.adam_rate, decay=rates.decay or 0.0
        )

    def regularise(self, dropout: float, decay: float) -> None:
        """From now on, with so much of both."""
        self.net.set_dropout(dropout)
        self._optimiser.decay = decay

    def learn(self, batch: PackedRows, step: int, pace: float, *, carried: bool = False) -> float:
        """One update; gives the nats of this process's rows.

        Args:
            batch: of all processes.
            step: its number, by which dropout goes.
            pace: share of the learning rates.
            carried: each row goes on where the same row of the batch before ended.
        """
        share = self._processes.rows(len(batch.ids))
        mine = PackedRows(*(part[share] for part in batch))
        if not len(mine.ids):  # none for this process: a row without targets adds zeros to the gradient
            mine = PackedRows(batch.ids[:1], np.full_like(batch.targets[:1], IGNORED), batch.places[:1])
        ids, targets, places = (torch.from_numpy(part).to(self.device) for part in mine)
        read = place_numbers(mine.ids, share.start)
        beginnings = None if carried else self._beginnings(mine.ids, read)
        rows = torch.from_numpy(read).to(self.device)
        computed = rows.flatten() if beginnings is None else rows.flatten()[beginnings.at]
        self.net.reads(Places(self._settings.seed, step, rows, computed))
        symbols = int((batch.targets != IGNORED).sum())  # of all processes
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            logits = self._read_on(ids, share, len(batch.ids)) if carried else self.net(ids, beginnings)
        nats = _nats(logits, targets, beginnings, self._said_of_training, places)
        self._optimiser.zero()
        (nats / symbols).backward()  # type: ignore[no-untyped-call]
        self._processes.add_up(self._optimiser.gradient)
        self.update(pace)
        self.symbols += symbols
        return nats.item()

    def _beginnings(self, ids: I64, read: I64) -> Beginnings | None:
        """Those of rows, where reading each once is less work: on a processor."""
        return Beginnings.worth(ids, read) if self.device.type == "cpu" else None

    def _read_on(self, ids: Tensor, share: slice, rows: int) -> Tensor:
        """The logits of rows that go on where the batch before ended; then every process has the state of all."""
        if not self._carried:
            self._carried = self.net.initial(rows)
        empty = share.stop == share.start
        logits, after = self.net.read(ids, tuple(part[:1] if empty else part[share] for part in self._carried))
        if self._processes.size == 1:
            self._carried = tuple(part.detach() for part in after)
            return logits
        self._carried = tuple(torch.zeros_like(part) for part in self._carried)
        for whole, part in zip(self._carried, after, strict=True):
            if not empty:
                whole[share] = part.detach()
            self._processes.add_up(whole)
        return logits

    def read_anew(self) -> None:
        """The next batch goes on from nothing."""
        self._carried = ()

    def update(self, pace: float) -> None:
        """Change the weights by the gradient that the optimiser has."""
        self.norm = self._optimiser.clip(LARGEST_NORM)
        watched = self._matrices() if not self.ratios else {}
        self.pace = pace
        self._optimiser.step(pace)
        for name, before in watched.items():
            after = self.net.get_parameter(name).detach()
            self.ratios[name] = float((after - before).norm() / before.norm().clamp(min=1e-12))

    def _matrices(self) -> dict[str, Tensor]:
        return {name: self.net.get_parameter(name).detach().clone() for name in self.net.matrices()}

    def measured(self, rows: PackedRows) -> float:
        """Nats per symbol of rows, which the processes share, too."""
        nats, symbols = 0.0, 0
        share = self._processes.rows(len(rows.ids))
        self.net.eval()
        with torch.no_grad():
            for first in range(share.start, share.stop, MEASURED_ROWS):
                block = slice(first, min(first + MEASURED_ROWS, share.stop))
                ids, targets, places = (torch.from_numpy(part[block]).to(self.device) for part in rows)
                beginnings = self._beginnings(rows.ids[block], place_numbers(rows.ids[block], first))
                nats += float(_nats(self.net(ids, beginnings), targets, beginnings, self._said_of_held_out, places))
                symbols += int((targets != IGNORED).sum())
        self.net.train()
        nats, number = self._processes.sums(nats, symbols)
        return nats / number

    # -- its weights, and what goes with them ----------------------------------------------------------------------

    def weights(self) -> dict[str, Tensor]:
        """A copy of them."""
        return {name: tensor.clone() for name, tensor in self.net.state_dict().items()}

    def finite(self) -> bool:
        """Whether all weights are numbers: the training loss, from before the last update, does not show it."""
        return all(bool(tensor.isfinite().all()) for tensor in self.net.state_dict().values())

    def go_back(self, weights: Mapping[str, Tensor]) -> None:
        """To these weights, from which nothing has been learned yet."""
        self.net.load_state_dict(weights)  # copied into the optimiser's stacks
        self._optimiser.forget()
        self.read_anew()
        self.symbols, self.ratios = 0, {}

    def state(self) -> dict[str, Tensor]:
        """The weights, what the optimiser carries on, and the net from row to row; not copied."""
        found = {f"weights.{name}": tensor for name, tensor in self.net.state_dict().items()}
        found |= {f"carried.{i}": tensor for i, tensor in enumerate(self._carried)}
        return found | {f"optimiser.{name}": tensor for name, tensor in self._optimiser.state().items()}

    def load_state(
        self, weights: Mapping[str, Tensor], optimiser: Mapping[str, Tensor], carried: Mapping[str, Tensor]
    ) -> None:
        """Take over those of another one.

        Raises:
            KeyError, ValueError: they are not of such a net.
        """
        try:
            self.net.load_state_dict(weights)
        except RuntimeError as error:
            raise ValueError(str(error)) from None
        self._optimiser.load_state(optimiser)
        found = tuple(carried[str(i)].to(self.device) for i in range(len(carried)))
        expected = self.net.initial(len(found[0])) if found else ()
        if [(part.shape, part.dtype) for part in found] != [(part.shape, part.dtype) for part in expected]:
            raise ValueError("what is carried from row to row does not fit the net")
        self._carried = found


def _nats(
    logits: Tensor, targets: Tensor, beginnings: Beginnings | None, said: Tensor | None, places: Tensor
) -> Tensor:
    """The surprisal of all targets (B, T): logits (B, T, V), or (n, V) after the beginnings.

    With what was said (S, V) of the symbols of a corpus, in which the targets are at those places, that is added.
    """
    flat = targets.flatten()
    if said is not None:
        there = (flat != IGNORED).nonzero()[:, 0]
        at = there if beginnings is None else beginnings.of.flatten()[there]
        rows = logits.reshape(-1, logits.shape[-1]).float().index_select(0, at)
        return F.cross_entropy(rows + said[places.flatten()[there]], flat[there], reduction="sum")
    if beginnings is None:
        return F.cross_entropy(logits.flatten(0, 1).float(), flat, ignore_index=IGNORED, reduction="sum")
    log_probs = logits.float().log_softmax(-1)
    there = (flat != IGNORED).nonzero()[:, 0]
    cells = beginnings.of.flatten()[there] * log_probs.shape[1] + flat[there]
    return -log_probs.flatten().index_select(0, cells).sum()
