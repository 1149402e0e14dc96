"""The processes that train one net together, each on its rows of every batch.

Every process has the same weights and the same batches. It computes the gradients of its own rows; they are added up
over all processes, and each makes the same update of its own weights. What depends on a clock, a file or a signal is
decided by the first process, and the others are told. So training goes as in one process with the same batches, up to
the rounding of sums.

torch.distributed connects them: gloo where a net is on the processor, NCCL between graphics cards. Without an
initialised group a training is one process, for which all of this does nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from nextchar.errors import NextcharError, ProcessError
from nextchar.models.neural.training.joining import JOINED, Joined

__all__ = ["Processes", "StepSums"]

T = TypeVar("T")


class StepSums(NamedTuple):
    """What the processes tell each other after each step.

    Attributes:
        nats: of the batch, summed over its symbols.
        seconds: on the clock of the first process.
        interrupts: how many of them were asked to end.
    """

    nats: float
    seconds: float
    interrupts: float


@dataclass(frozen=True)
class Processes:
    """Those of a training, as one of them sees them.

    Attributes:
        rank: its own number, from 0.
        size: how many there are.
        local_rank: its number among those of this machine.
        local_size: how many are on this machine.
        joined: what they are joined by, where `joined_group` did that.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1
    joined: Joined | None = None

    @property
    def first(self) -> bool:
        """Whether it is the one that decides, reads and writes."""
        return self.rank == 0

    @classmethod
    def here(cls) -> Processes:
        """The initialised group of torch.distributed; without one, this process alone."""
        if not dist.is_available() or not dist.is_initialized() or dist.get_world_size() == 1:
            return cls()
        rank, size = dist.get_rank(), dist.get_world_size()
        local_rank, local_size = (int(os.environ.get(f"LOCAL_{name}", "-1")) for name in ("RANK", "WORLD_SIZE"))
        if local_rank < 0 or local_size < 1:  # not by torchrun: as if all were on this machine
            local_rank, local_size = rank, size
        return cls(rank, size, local_rank, local_size, JOINED[-1] if JOINED else None)

    def rows(self, number: int) -> slice:
        """This one's rows of so many; there may be none for it."""
        return slice(number * self.rank // self.size, number * (self.rank + 1) // self.size)

    def add_up(self, tensor: Tensor) -> None:
        """Replace a tensor by its sum over all processes."""
        if self.size > 1:
            with self._together():
                dist.all_reduce(tensor)

    def sums(self, *figures: float) -> tuple[float, ...]:
        """Each figure summed over all processes, in 64 bits."""
        if self.size == 1:
            return figures
        tensor = torch.tensor(figures, dtype=torch.float64, device=_device_of_figures())
        self.add_up(tensor)
        return tuple(tensor.tolist())

    def of_first(self, figure: float) -> float:
        """The first one's figure."""
        return self.sums(figure if self.first else 0.0)[0]

    def after_step(self, nats: float, seconds: float, *, interrupted: bool) -> StepSums:
        """What all know after a step, from what each has seen."""
        return StepSums(*self.sums(nats, seconds if self.first else 0.0, float(interrupted)))

    def from_first(self, make: Callable[[], T]) -> T:
        """What the first one makes or finds, for all; where that fails, it fails for all.

        Raises:
            ProcessError: in the others, that it failed.
        """
        if self.size == 1:
            return make()
        box: list[Any] = [None, None]
        failure: BaseException | None = None
        if self.first:
            try:
                box[0] = make()
            except BaseException as error:  # a KeyboardInterrupt, too
                failure = error
                box[1] = str(error) or type(error).__name__
        with self._together():
            dist.broadcast_object_list(box)
        if failure is not None:
            raise failure
        if box[1] is not None:
            raise ProcessError(f"the first process stopped: {box[1]}")
        made: T = box[0]
        return made

    def each(self, make: Callable[[], T]) -> T:
        """What each makes for itself; where one of them cannot, all fail.

        Raises:
            ProcessError: another one cannot.
        """
        if self.size == 1:
            return make()
        made, failure = None, None
        try:
            made = make()
        except NextcharError as error:
            failure = error
        reasons: list[str | None] = [None] * self.size
        with self._together():
            dist.all_gather_object(reasons, None if failure is None else str(failure))
        if failure is not None:
            raise failure
        for rank, reason in enumerate(reasons):
            if reason is not None:
                raise ProcessError(f"process {rank + 1} of {self.size} has stopped: {reason}")
        assert made is not None
        return made

    @contextmanager
    def _together(self) -> Iterator[None]:
        """Where another process has ended, its reason instead of an error of the network."""
        try:
            yield
        except RuntimeError as error:
            reason = self.joined.reason() if self.joined is not None and self.first else None  # the one that speaks
            unsaid = "another of the processes that train has ended and not said why; was it killed, or out of memory?"
            raise ProcessError(reason or unsaid, lost=True) from error

    @contextmanager
    def training(self) -> Iterator[None]:
        """In here the others wait for this process's next step. An error of the input meets all of them alike."""
        if self.joined is not None:
            self.joined.training = self.joined.trained = True
        try:
            yield
        except NextcharError as error:
            if not getattr(error, "lost", False):
                self.part()
            raise
        self.part()

    @property
    def in_training(self) -> bool:
        """Whether the others wait for this process's next step."""
        return self.joined is not None and self.joined.training

    def next_order(self) -> Any:
        """What the first one begins next, or its exit code when it has ended; for those that help it."""
        return self.from_first(lambda: None)

    def dismiss(self, code: int) -> None:
        """The first one has ended with this exit code, and the others need not wait for it."""
        self.from_first(lambda: code)

    def part(self) -> None:
        """All have ended the training, and know it of each other."""
        if self.joined is not None:
            self.joined.training = False


def _device_of_figures() -> torch.device:
    """Where the group can add up a few numbers: on the processor, unless it connects graphics cards alone."""
    backends = dist.get_backend_config()
    return torch.device("cuda") if "gloo" not in backends and "nccl" in backends else torch.device("cpu")
