"""What runs in a process of its own: `python -m benchmarks.child JOB ...` does a job and prints JSON about it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

__all__ = ["main"]


def main(arguments: Sequence[str]) -> None:
    """Do the job and print what was measured."""
    job, *rest = arguments
    print("\n" + json.dumps(JOBS[job](rest)))


def _idle(arguments: list[str]) -> dict[str, Any]:
    """What there is before any work: numpy and nextchar's counts; and the kernels, used once, if a file is given."""
    from nextchar.models.ngram import file_counts

    if arguments:
        import numba  # noqa: F401

        for order in (1, 2):  # one kernel each
            file_counts.count_files(arguments[0], order=order, threads=1)
    return {"resident": _megabytes("VmRSS")}


def _count(arguments: list[str]) -> dict[str, Any]:
    path, order, threads = arguments
    import numba  # noqa: F401 - the compiled path is taken once it is loaded

    from nextchar import count_files

    return _watched(lambda: count_files(path, order=int(order), threads=int(threads)))


def _train(arguments: list[str]) -> dict[str, Any]:
    """The command as it is, but in this process."""
    from nextchar.cli import main as command

    return _watched(lambda: command(["train", *arguments], standalone_mode=False))


def _watched(work: Callable[[], object]) -> dict[str, Any]:
    seconds = _seconds(work)
    return {"seconds": seconds, "peak": _megabytes("VmHWM"), "kernels": "numba" in sys.modules}


def _megabytes(field: str) -> float:
    """VmRSS, the resident memory now, or VmHWM, the most there was, in MB.

    getrusage's ru_maxrss will not do: a child takes over that of the process that started it.
    """
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024 / 1e6


def _compile(arguments: list[str]) -> dict[str, Any]:
    begun = time.perf_counter()
    from nextchar._kernels import automaton, corpus, counting, trie

    loading = time.perf_counter() - begun
    import nextchar

    model = nextchar.load(arguments[0])
    items = nextchar.Corpus.from_items(["ada", "emma", "olivia"], alphabet=model.alphabet)
    names = Path(arguments[0]).with_suffix(".few.txt")
    names.write_text("ada\nemma\nolivia\n")
    jobs: dict[str, Callable[[], object]] = {
        "counting a corpus": lambda: nextchar.count(items, 2, compiled=True),
        "counting the bigrams of a file": lambda: nextchar.count_files(names, order=2, threads=1),
        "fingerprints of the items": items.fingerprints,
        "drawing": lambda: model.draw(3, nextchar.Plan(seed=1)),
        "scoring": lambda: model.nats(items),
    }
    first = {name: _seconds(job) for name, job in jobs.items()}
    second = {name: _seconds(job) for name, job in jobs.items()}
    exported = [getattr(file, name) for file in (automaton, corpus, counting, trie) for name in file.__all__]
    loops = [loop.stats for loop in exported if hasattr(loop, "stats")]  # some are numbers
    return {
        "import": loading,
        "first": first,
        "second": second,
        "compiled": sum(sum(stats.cache_misses.values()) for stats in loops),
        "found": sum(sum(stats.cache_hits.values()) for stats in loops),
    }


def _seconds(job: Callable[[], object]) -> float:
    begun = time.perf_counter()
    job()
    return time.perf_counter() - begun


JOBS: dict[str, Callable[[list[str]], dict[str, Any]]] = {
    "idle": _idle,
    "count": _count,
    "train": _train,
    "compile": _compile,
}

if __name__ == "__main__":
    main(sys.argv[1:])
