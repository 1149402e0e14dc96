"""The lesson page as a visitor's browser meets it: the first page, a keystroke, a training, twenty visitors at once.

The server is the command itself in a process of its own; the client is plain HTTP over connections that stay open, as
a browser's do. What the browser needs for drawing is not in these figures.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import os
import socket
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

from benchmarks.data import Settings
from benchmarks.processes import nextchar_command
from benchmarks.report import Row, Section, Target

__all__ = ["run"]

STARTS = 10
KEYSTROKES = 200
TRAINING_SECONDS = 5.0
VISITORS = 20
PAUSE_SECONDS = 0.03  # between keystrokes
WORD = "elizabeth"
CHAPTERS = {1: "/api/encode", 5: "/api/score"}  # what a keystroke of a chapter asks for
ENDLESS = {"steps": 20_000, "steps_per_second": 100}  # a training at the pace that the page begins with


def run(settings: Settings) -> list[Section]:
    """All of it, on the list that the page opens with."""
    del settings  # the command has its own list
    starts, worked = zip(*[_first_page() for _ in range(STARTS + 1)][1:], strict=True)  # the first one fills caches
    with _serving() as (port, _):
        _wait(port)
        _ask(port, "GET", "/api/net/optimum")  # torch is loaded
        alone = {chapter: _keystrokes(port, address) for chapter, address in CHAPTERS.items()}
        one, beside_one = _trainings(port, 1)
        many, beside_many = _trainings(port, VISITORS)
    first = statistics.median(starts)
    slowest = max(statistics.median(times) for times in alone.values())
    frames = statistics.median(one)
    rows = [
        _row("first page after the start of the process", starts),
        _row("the process's own work until then, processor time", worked),
        *(_row(f"a keystroke in chapter {chapter}", times) for chapter, times in alone.items()),
        _row("a keystroke in chapter 5 while another visitor trains", beside_one),
        _row(f"a keystroke in chapter 5 while {VISITORS} visitors train", beside_many),
        Row(name="a training, frames", value=frames, unit="a second", ours=True),
        Row(
            name=f"{VISITORS} trainings, frames of each",
            value=statistics.median(many),
            unit="a second",
            ours=True,
            note=f"fewest {min(many):.1f}",
        ),
    ]
    return [
        Section(
            title="The lesson page",
            about=f"`nextchar web` in a process of its own, on one core together with its clients; medians of {STARTS} "
            f"starts and of {KEYSTROKES} keystrokes, each a request and its answer; trainings for "
            f"{TRAINING_SECONDS:g} s at 100 steps a second.",
            rows=rows,
            targets=[
                Target(wanted="the first page within 0.5 s of the start", got=f"{first:.2f} s", met=first < 0.5),
                Target(wanted="a keystroke answered within 50 ms", got=f"{1000 * slowest:.1f} ms", met=slowest < 0.05),
                Target(wanted="10 frames of a training a second", got=f"{frames:.1f}", met=frames >= 10),
                Target(
                    wanted=f"{VISITORS} visitors train, and a keystroke is still answered within 50 ms",
                    got=f"{1000 * statistics.median(beside_many):.1f} ms",
                    met=statistics.median(beside_many) < 0.05,
                ),
            ],
        )
    ]


def _row(name: str, seconds: Sequence[float]) -> Row:
    note = f"fastest {1000 * min(seconds):.1f}, slowest {1000 * max(seconds):.1f}"
    return Row(name=name, value=1000 * statistics.median(seconds), unit="ms", ours=True, note=note)


@contextlib.contextmanager
def _serving() -> Iterator[tuple[int, int]]:
    """The command's port and process; it ends with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = nextchar_command("web", "--no-browser", "--port", str(port))
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            yield port, process.pid
        finally:
            process.terminate()


def _first_page() -> tuple[float, float]:
    """Seconds from the start of the process to its first page, and how many of them a processor worked for it."""
    begun = time.perf_counter()
    with _serving() as (port, process):
        _wait(port)
        seconds = time.perf_counter() - begun
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return seconds, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _wait(port: int) -> None:
    """Until the first page is there."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            _ask(port, "GET", "/lesson/1?lang=en")
            return
        except ConnectionRefusedError:
            time.sleep(0.002)
    raise RuntimeError("nextchar web did not start")


def _ask(port: int, method: str, address: str) -> bytes:
    with contextlib.closing(http.client.HTTPConnection("localhost", port, timeout=60)) as connection:
        return _answer(connection, method, address)


def _answer(connection: http.client.HTTPConnection, method: str, address: str, **body: Any) -> bytes:
    """What the server answers.

    Raises:
        RuntimeError: it refuses.
    """
    sent = json.dumps(body) if body else None
    connection.request(method, address, sent, {"Content-Type": "application/json"} if body else {})
    response = connection.getresponse()
    answer = response.read()
    if response.status != http.HTTPStatus.OK:
        raise RuntimeError(f"{method} {address}: {response.status} {answer[:200]!r}")
    return answer


def _keystrokes(port: int, address: str, until: Event | None = None) -> list[float]:
    """Seconds of each answer while a word is typed again and again."""
    times: list[float] = []
    with contextlib.closing(http.client.HTTPConnection("localhost", port, timeout=60)) as connection:
        _answer(connection, "POST", address, text=WORD)
        for number in itertools.count():
            if (number == KEYSTROKES) if until is None else until.is_set():
                return times
            begun = time.perf_counter()
            _answer(connection, "POST", address, text=WORD[: 1 + number % len(WORD)])
            times.append(time.perf_counter() - begun)
            time.sleep(PAUSE_SECONDS if until else 0)
    return times


def _trainings(port: int, visitors: int) -> tuple[list[float], list[float]]:
    """Frames a second of each of some visitors' trainings, and seconds of the keystrokes beside them."""
    ended = Event()
    with ThreadPoolExecutor(visitors + 1) as pool:
        running = [pool.submit(_train, port) for _ in range(visitors)]
        typing = pool.submit(_keystrokes, port, CHAPTERS[5], ended)
        frames = [future.result() for future in running]
        ended.set()
        return frames, typing.result()


def _train(port: int) -> float:
    """Frames a second of one training; it ends when the connection is closed."""
    with contextlib.closing(http.client.HTTPConnection("localhost", port, timeout=60)) as connection:
        connection.request("POST", "/api/net/train", json.dumps(ENDLESS), {"Content-Type": "application/json"})
        response = connection.getresponse()
        frames, begun = 0, time.perf_counter()
        for line in response:
            frames += line.startswith(b"event: step")
            seconds = time.perf_counter() - begun
            if seconds >= TRAINING_SECONDS:
                return frames / seconds
    raise RuntimeError("a training ended before its time")
