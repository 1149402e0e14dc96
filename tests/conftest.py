from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from nextchar.data.corpus import Corpus
from nextchar.data.download import find

# The nets of the tests are tiny: more threads than one only wait for each other. Set before torch is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("nextchar", deadline=None)  # a first call may compile
settings.load_profile("nextchar")


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: millions of objects that the collector need not look at all the time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def names_path() -> Path:
    """makemore's names.txt, which is not part of the project."""
    path = find("makemore-names")
    if path is None:
        pytest.skip("needs makemore's names.txt: set NEXTCHAR_NAMES, or run nextchar data fetch makemore-names")
    return path


@pytest.fixture(scope="session")
def names(names_path: Path) -> Corpus:
    return Corpus.from_file(names_path)


@pytest.fixture(scope="session")
def shakespeare_path() -> Path:
    """Tiny Shakespeare, which is not part of the project."""
    path = find("tiny-shakespeare")
    if path is None:
        path = Path(__file__).parents[2] / "shared" / "data" / "shakespeare.txt"
    if not path.is_file():
        pytest.skip("needs tiny Shakespeare: set NEXTCHAR_SHAKESPEARE, or run nextchar data fetch tiny-shakespeare")
    return path


@pytest.fixture(scope="session")
def shakespeare(shakespeare_path: Path) -> str:
    return shakespeare_path.read_text(encoding="utf-8")


class Cluster:
    """A Dask scheduler and workers, each a process that is reached over TCP."""

    client: Any

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / "scheduler.json"
        self._scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", self._file)
        self.workers: list[subprocess.Popen[bytes]] = []
        deadline = time.monotonic() + 120
        while not self._file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)

    def _start(self, what: str, *arguments: Any) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", what, *map(str, arguments), "--no-dashboard"]
        log = (self.folder / f"{what}{time.monotonic_ns()}.log").open("wb")
        with log:
            return subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)

    @property
    def address(self) -> str:
        return str(json.loads(self._file.read_text())["address"])

    def add(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a worker."""
        more = ("--nthreads", "1", "--no-nanny", "--local-directory", self.folder / "local", *arguments)
        self.workers.append(self._start("worker", "--scheduler-file", self._file, *more))
        return self.workers[-1]

    def close(self) -> None:
        for process in (*self.workers, self._scheduler):
            process.kill()
            process.wait()


@contextmanager
def cluster_of(workers: int, folder: Path) -> Iterator[Cluster]:
    from distributed import Client

    cluster = Cluster(folder)
    try:
        for _ in range(workers):
            cluster.add()
        cluster.client = Client(cluster.address, set_as_default=False)
        cluster.client.wait_for_workers(workers, timeout=120)
        yield cluster
        cluster.client.close()
    finally:
        cluster.close()


@pytest.fixture(scope="session")
def start_cluster() -> Callable[[int, Path], AbstractContextManager[Cluster]]:
    """Starts a Dask cluster with so many workers, whose processes write into a folder."""
    pytest.importorskip("distributed")
    return cluster_of


@pytest.fixture(scope="session")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of two processes that tests share, and leave as it is."""
    pytest.importorskip("distributed")
    with cluster_of(2, tmp_path_factory.mktemp("cluster")) as found:
        yield found
