"""A Dask cluster on one machine: four worker processes over TCP, one killed while it counts and one that comes late.

    python -m benchmarks.cluster [--size 50MB] [--workers 4] [--order 5] [--memory 1GB]

Prints seconds, processor time, memory and bytes moved, and says whether the folder is that of one process, byte for
byte.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.data import write_numbered
from benchmarks.processes import nextchar_command
from nextchar.data.sizes import checked_memory

__all__ = ["main"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--size", default="50MB", help="of the text: names, each with a running number")
    parser.add_argument("--workers", type=int, default=4, help="of which the last comes late and the first is killed")
    parser.add_argument("--order", type=int, default=5)
    parser.add_argument("--memory", default="1GB", help="of a task")
    parser.add_argument(
        "--undisturbed", action="store_true", help="all are there from the beginning, and none is killed"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), given)


def measure(folder: Path, given: argparse.Namespace) -> None:
    write_numbered(folder / "text.txt", checked_memory(given.size))
    print(f"load: {os.getloadavg()[0]:.1f}; text: {(folder / 'text.txt').stat().st_size / 1e6:,.0f} MB")
    count = nextchar_command("count", "text.txt", "--order", str(given.order), "--memory", given.memory, "-o")
    started = time.monotonic()
    subprocess.run([*count, "one"], cwd=folder, check=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"one process: {time.monotonic() - started:.1f} s, {used.ru_utime + used.ru_stime:.1f} s of processor time")
    on_cluster(folder, count, given)
    same = all((folder / "one" / path.name).read_bytes() == path.read_bytes() for path in (folder / "two").iterdir())
    same = same and len(list((folder / "one").iterdir())) == len(list((folder / "two").iterdir()))
    print("the folders are the same, byte for byte" if same else "THE FOLDERS DIFFER")
    sys.exit(0 if same else 1)


def on_cluster(folder: Path, count: list[str], given: argparse.Namespace) -> None:
    from distributed import Client

    started_at = folder / "scheduler.json"
    processes = [start(folder, "scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(started_at))]
    while not started_at.exists():
        time.sleep(0.1)

    def worker() -> None:
        local = ("--local-directory", str(folder / "local"), "--scheduler-file", str(started_at))
        processes.append(start(folder, "worker", "--nthreads", "1", "--no-nanny", *local))

    try:
        at_first = given.workers - (not given.undisturbed)
        for _ in range(at_first):
            worker()
        with Client(scheduler_file=str(started_at), set_as_default=False) as client:
            client.wait_for_workers(at_first)
            address = str(client.scheduler_info()["address"])
            started = time.monotonic()
            counting = subprocess.Popen([*count, "two", "--cluster", address], cwd=folder)
            if not given.undisturbed:
                while client.run_on_scheduler(done) < 8 and counting.poll() is None:
                    time.sleep(0.2)
                worker()
                while client.run_on_scheduler(done) < 16 and counting.poll() is None:
                    time.sleep(0.2)
                print(
                    f"killed a worker after {time.monotonic() - started:.1f} s" if counting.poll() is None else "LATE"
                )
                processes[1].send_signal(signal.SIGKILL)
            counting.wait()
            seconds = time.monotonic() - started
            found = client.run(facts)
        print(f"{given.workers} workers: {seconds:.1f} s; of those that are left:")
        print(f"  processor time {', '.join(f'{one[0]:.1f}' for one in found.values())} s")
        print(f"  most memory {', '.join(f'{one[1] / 1e6:,.0f}' for one in found.values())} MB")
        print(f"  sent {', '.join(f'{one[2] / 1e6:,.1f}' for one in found.values())} MB")
        if counting.returncode:
            sys.exit("counting failed")
    finally:
        for process in processes:
            process.kill()
            process.wait()


def start(folder: Path, what: str, *arguments: str) -> subprocess.Popen[bytes]:
    with (folder / "cluster.log").open("ab") as log:
        command = [sys.executable, "-m", "dask", what, *arguments, "--no-dashboard"]
        return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)


def done(dask_scheduler: Any) -> int:
    """How many stretches have been counted."""
    return sum(task.state == "memory" and str(key).endswith("-report") for key, task in dask_scheduler.tasks.items())


def facts(dask_worker: Any) -> tuple[float, int, int]:
    """Of a worker: processor time in seconds, the most memory, and bytes of results sent."""
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, dask_worker.transfer_outgoing_bytes_total


if __name__ == "__main__":
    main()
