"""A Dask cluster that work is spread over: reaching it, seeing that it fits, results as they come, and what can fail.

Dask decides which worker does what, and does again what is lost with a worker. What is here says what happened in words
that name the worker, and ends where nothing more will come.
"""

from __future__ import annotations

import asyncio
import logging
import platform
import pydoc
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from nextchar._version import __version__
from nextchar.data.remarks import remark
from nextchar.errors import BadValueError, ClusterError, MissingExtraError, NextcharError

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["SPLIT_EVERY", "Work", "check_client", "connected", "need_dask", "on_this_worker", "same_version", "threads"]

SPLIT_EVERY: Final = 8  # results that become one at a time, in Dask's tree
CONNECT_SECONDS: Final = 5
LONELY_SECONDS: Final = 60  # without a worker, after which none is expected any more
LOOK_SECONDS: Final = 3  # between two looks at which workers there are
PAUSE_SECONDS: Final = 0.02


def need_dask() -> None:
    """Say that Dask is missing, before anything is computed.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import distributed  # noqa: F401 - and with it dask
    except ImportError:
        raise MissingExtraError("work on a cluster", "cluster") from None


@contextmanager
def connected(address: str) -> Iterator[Client]:
    """A client of the scheduler at an address such as tcp://host:8786; what it has asked for is dropped at the end.

    Raises:
        ClusterError: there is no scheduler.
        BadValueError: it is no address.
        MissingExtraError: Dask is not installed.
    """
    need_dask()
    from distributed import Client

    quiet = [logging.getLogger(name) for name in logging.root.manager.loggerDict if name.startswith("distributed")]
    levels = [logger.level for logger in quiet]
    for logger in quiet:
        logger.setLevel(logging.CRITICAL)  # what matters of it is told as errors
    try:
        _find_scheduler(address)
        try:
            client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, RuntimeError) as error:
            raise _unreachable(address) from error
        try:
            yield client
        finally:
            client.close(timeout=CONNECT_SECONDS)
    finally:
        for logger, level in zip(quiet, levels, strict=True):
            logger.setLevel(level)


def _find_scheduler(address: str) -> None:
    """See that a scheduler answers there; a client that cannot reach one takes longer to say so, and more words."""
    from distributed.core import rpc

    async def identity() -> Any:
        async with rpc(address, timeout=CONNECT_SECONDS) as scheduler:
            return await scheduler.identity()

    try:
        found = asyncio.run(asyncio.wait_for(identity(), CONNECT_SECONDS))
    except OSError as error:
        raise _unreachable(address) from error
    except ValueError as error:
        raise BadValueError(
            f"{address!r} is no address of a scheduler, such as tcp://host:8786: {error}", argument="cluster"
        ) from None
    except Exception as error:
        raise _unreachable(address) from error
    if not isinstance(found, dict) or found.get("type") != "Scheduler":
        raise _unreachable(address)


def _unreachable(address: str) -> ClusterError:
    return ClusterError(
        f"{address}: no Dask scheduler answers there within {CONNECT_SECONDS} s; is it running (dask scheduler), and "
        "is the address the one that it shows?"
    )


def check_client(client: Client) -> None:
    """See that a client can be used, and that those workers which are there have this version.

    Raises:
        ClusterError: a worker has another version of nextchar or Python, or no nextchar.
        BadValueError: it is no client, or one for asynchronous programs.
        MissingExtraError: Dask is not installed.
    """
    need_dask()
    from distributed import Client

    if not isinstance(client, Client) or client.asynchronous:
        kind = "an asynchronous one" if isinstance(client, Client) else repr(client)
        raise BadValueError(f"the client is a dask.distributed.Client, not {kind}", argument="client")
    with _told():
        found = client.run(pydoc.locate, "nextchar._version.__version__", on_error="ignore")
        pythons = client.run(platform.python_version, on_error="ignore")
    for worker, version in found.items():
        _compare(worker, version, pythons.get(worker, platform.python_version()))


def _compare(worker: str, version: Any, python: str) -> None:
    if version is None:
        raise ClusterError(f"worker {worker}: nextchar is not installed there; install version {__version__}")
    if version != __version__:
        raise ClusterError(f"worker {worker}: has nextchar {version}, and this is {__version__}; install the same")
    own = platform.python_version()
    if python.split(".")[:2] != own.split(".")[:2]:
        raise ClusterError(f"worker {worker}: has Python {python}, and this is {own}; use the same")


def same_version(version: str) -> None:
    """In a worker: see that it has the version of the program that asks, whenever it came.

    Raises:
        ClusterError: it has another one.
    """
    if version != __version__:
        raise ClusterError(
            f"worker {_worker()}: has nextchar {__version__}, and the program that asks {version}; install the same"
        )


@contextmanager
def on_this_worker(*, whatever: bool = False) -> Iterator[None]:
    """In a worker: what the system says of a file is told with the worker's name; or, if so wanted, whatever is wrong.

    What is wrong with a text is so for every worker.
    """
    try:
        yield
    except NextcharError as error:
        if "(on worker " in str(error) or not (whatever or error.__cause__ is not None):
            raise
        named = type(error).__new__(type(error), f"{error} (on worker {_worker()})")
        named.__dict__.update(error.__dict__)
        raise named from None


def _worker() -> str:
    from distributed import get_worker

    try:
        return str(get_worker().address)
    except ValueError:  # outside of one
        return platform.node()


def threads(client: Client) -> int:
    """How many tasks the workers that are there can do at a time."""
    with _told():
        return sum(client.nthreads().values())


class Work:
    """Tasks under way; the results of those that end are given, while others may be added.

    Args:
        client: of the cluster.
        tick: is called between looks at what has come.
    """

    def __init__(self, client: Client, tick: Callable[[], None] | None = None) -> None:
        from distributed import as_completed

        self._client, self._tick = client, tick
        self._coming = as_completed([], loop=client.loop)
        self._lonely_since: float | None = None
        self._looked = 0.0
        self._said = False

    def add(self, futures: Iterable[Future]) -> None:
        """Wait for these too."""
        self._coming.update(list(futures))

    def __iter__(self) -> Iterator[tuple[Future, Any]]:
        """Each future that is done, with its result.

        Raises:
            ClusterError: the cluster is gone, or what is wanted cannot be computed there.
            NextcharError: what a task raised.
        """
        while not self._coming.is_empty():
            with _told():
                batch = self._coming.next_batch(block=False)
                results = [(future, future.result()) for future in batch]
                if not batch:
                    self._look()
                    time.sleep(PAUSE_SECONDS)
            if self._tick is not None:
                self._tick()
            yield from results

    def _look(self) -> None:
        """See whether there are workers."""
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        if self._client.nthreads():
            self._lonely_since = None
            return
        self._lonely_since = self._lonely_since or now
        if now - self._lonely_since > LONELY_SECONDS:
            raise ClusterError(
                f"the cluster has had no worker for {LONELY_SECONDS} s; start some (dask worker ADDRESS)"
            )
        if not self._said:
            remark("the cluster has no worker; waiting for one")
            self._said = True


@contextmanager
def _told() -> Iterator[None]:
    """What Dask raises, in our words."""
    from distributed import CancelledError, KilledWorker
    from distributed.comm import CommClosedError

    try:
        yield
    except NextcharError:
        raise
    except KilledWorker as error:
        raise ClusterError(
            f"workers died over and over at the same work, the last at {error.last_worker.address}; have they enough "
            "memory?",
            argument="memory",
        ) from error
    except (CancelledError, CommClosedError, asyncio.CancelledError, TimeoutError) as error:
        raise ClusterError(
            "the cluster was lost: the connection to its scheduler broke off, or the work was cancelled there"
        ) from error
    except (ImportError, AttributeError, ModuleNotFoundError) as error:
        raise ClusterError(
            f"a worker cannot run this: {error}; install nextchar {__version__} with Python "
            f"{sys.version_info.major}.{sys.version_info.minor} there"
        ) from error
    except MemoryError as error:
        raise ClusterError("a worker has not enough memory; ask for less", argument="memory") from error
    except OSError as error:
        raise ClusterError(f"the cluster was lost: {error}") from error
