"""How the processes that a launcher such as torchrun has started come together, and how one that ends says why."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

import torch
import torch.distributed as dist

from nextchar.errors import NextcharError, ProcessError

__all__ = ["JOINED", "Joined", "Store", "joined_group"]

FAILURE: Final = "failure"  # in the store that the processes share: why one of them ended
ARRIVED: Final = "arrived"  # how many have come
GATHERING: Final = timedelta(minutes=5)  # for all to come
PATIENCE: Final = timedelta(days=30)  # later; a process that ends closes its connections, and nobody waits for it
TELLING: Final = 2.0  # seconds for a process that ended to have said why


class Store(Protocol):
    """A dictionary that all processes share, with what is used of it here."""

    def add(self, key: str, amount: int, /) -> int:
        """Add to a number; gives the sum."""
        ...

    def set(self, key: str, value: str, /) -> None:
        """Set a text."""
        ...

    def get(self, key: str, /) -> bytes:
        """What was set."""
        ...

    def check(self, keys: list[str], /) -> bool:
        """Whether they are set."""
        ...


@dataclass
class Joined:
    """What joins the processes that a launcher has started.

    Attributes:
        store: where one that ends leaves its reason.
        rank: this one's number, from 0.
        size: how many there are.
        training: whether the others wait for this process's next step.
        trained: whether they have ever trained together.
    """

    store: Store
    rank: int
    size: int
    training: bool = False
    trained: bool = False

    def leave(self, error: BaseException) -> None:
        """Let the others know why this process ends."""
        text = str(error) if isinstance(error, NextcharError) else f"{type(error).__name__}: {error}"
        if isinstance(error, KeyboardInterrupt):
            text = "it was interrupted"
        with suppress(RuntimeError):
            self.store.set(FAILURE, f"process {self.rank + 1} of {self.size} has ended: {text}")

    def reason(self) -> str | None:
        """Why one of them has ended, if it said so."""
        until = time.monotonic() + TELLING
        with suppress(RuntimeError):
            while not self.store.check([FAILURE]):
                if time.monotonic() > until:
                    return None
                time.sleep(0.02)
            return self.store.get(FAILURE).decode()
        return None


JOINED: Final[list[Joined]] = []  # the group that this process is in, if `joined_group` has made it


@contextmanager
def joined_group() -> Iterator[Joined]:
    """Join the processes that a launcher such as torchrun has started, by what it left in the environment.

    Raises:
        ProcessError: the others cannot be reached.
    """
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() and dist.is_nccl_available() else "gloo"
    try:
        found, rank, size = next(dist.rendezvous("env://", timeout=GATHERING))  # type: ignore[attr-defined]
        store = dist.PrefixStore("nextchar", found)  # type: ignore[attr-defined]
        _gather(store, size)
        dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=PATIENCE)
    except (RuntimeError, ValueError) as error:
        raise ProcessError(f"the other processes cannot be reached: {_first_line(error)}") from None
    joined = Joined(store, rank, size)
    JOINED.append(joined)
    try:
        yield joined
    finally:
        JOINED.clear()
        with suppress(RuntimeError):
            dist.destroy_process_group()


def _gather(store: Store, size: int) -> None:
    """Wait until all have come."""
    until = time.monotonic() + GATHERING.total_seconds()
    arrived = store.add(ARRIVED, 1)
    while arrived < size:
        if time.monotonic() > until:
            raise ProcessError(f"only {arrived} of {size} processes came within {GATHERING}")
        time.sleep(0.02)
        arrived = store.add(ARRIVED, 0)


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
