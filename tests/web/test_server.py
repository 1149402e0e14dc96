"""The command `nextchar web`: it starts, answers while it works, and ends."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

Visit = Callable[[str], Any]


def ended(before: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`nextchar web` as a user runs it, where it ends by itself."""
    code = f"import sys; {before}; from nextchar.cli import main; main()"
    environment = {**os.environ, "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-c", code, "web", "--no-browser", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        check=False,
    )


@pytest.mark.parametrize("module", ["starlette", "uvicorn"])
def test_without_the_extra_the_command_says_what_to_install(module: str) -> None:
    done = ended(f"sys.modules[{module!r}] = None", "--port", "0")
    assert done.returncode == 1
    assert done.stderr == 'Error: the lesson page needs the extra "web": pip install "nextchar[web]"\n'


def test_a_port_in_use_ends_the_command() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = ended("pass", "--port", str(port))
    assert done.returncode == 1
    assert done.stderr == f"Error: port {port} is in use; choose another port, or port 0 for a free one (--port)\n"


@contextlib.contextmanager
def command(*arguments: str) -> Iterator[tuple[Any, int, float]]:
    """`nextchar web` as a process of its own: the process, its port, and when it was started."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code = "from nextchar.cli.web import web; web()"
    begun = time.perf_counter()
    arguments = (sys.executable, "-c", code, "--no-browser", "--port", str(port), *arguments)
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process, port, begun
        finally:
            if process.poll() is None:
                process.kill()


def first_page(port: int) -> None:
    until = time.monotonic() + 60
    while True:
        connection = http.client.HTTPConnection("localhost", port, timeout=10)
        try:
            connection.request("GET", "/favicon.ico")
            connection.getresponse().read()
            return
        except ConnectionRefusedError:
            assert time.monotonic() < until
            time.sleep(0.005)
        finally:
            connection.close()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_the_first_page_comes_and_ctrl_c_ends_it(record_property: Callable[[str, object], None]) -> None:
    with command() as (process, port, begun):
        first_page(port)
        record_property("seconds to the first page", time.perf_counter() - begun)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert f"http://localhost:{port}/" in err
    assert "Traceback" not in out + err


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_ends_a_training_too(visitor: Visit, torch: Any) -> None:
    with command() as (process, port, _):
        first_page(port)
        with visitor(f"http://localhost:{port}") as client:
            stream = client.train(steps=20_000, steps_per_second=10)
            next(stream)
            process.send_signal(signal.SIGINT)
            assert list(stream)[-1][0] == "stopped"
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in out + err


def test_a_port_in_use_and_a_missing_file_are_said_in_one_line(tmp_path: Path) -> None:
    from nextchar.cli.web import web

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ValueError, match=r"port \d+ is in use; choose another port"):
            web.callback(port=taken.getsockname()[1], no_browser=True, names=None)  # type: ignore[misc]
    with pytest.raises(ValueError, match="no such file"):
        web.callback(port=0, no_browser=True, names=str(tmp_path / "none"))  # type: ignore[misc]


def test_keystrokes_are_answered_while_a_training_streams(
    visitor: Visit, torch: Any, record_property: Callable[[str, object], None]
) -> None:
    with command() as (_, port, _):
        first_page(port)
        with visitor(f"http://localhost:{port}") as client, visitor(f"http://localhost:{port}") as other:
            client.submit("score", text="emma")
            frames: list[float] = []

            def train() -> None:
                for name, _ in other.train(steps=20_000, steps_per_second=20_000):
                    if name == "step":
                        frames.append(time.perf_counter())

            with ThreadPoolExecutor(1) as pool:
                training = pool.submit(train)
                times = []
                for i in range(30):
                    begun = time.perf_counter()
                    client.submit("encode", text="emma"[: 1 + i % 4])
                    client.submit("score", text="emma"[: 1 + i % 4])
                    times.append((time.perf_counter() - begun) / 2)
                    time.sleep(0.03)
                while len(frames) < 2 and not training.done():  # on a busy machine they come late
                    time.sleep(0.01)
                other.delete("/api/net/train")
                training.result()
    assert len(times) == 30
    assert len(frames) > 1
    record_property("seconds for a keystroke's answer, median", sorted(times)[len(times) // 2])
    record_property("frames a second of a training", (len(frames) - 1) / (frames[-1] - frames[0]))


WRITE = {"model": "2", "seed": "1", "n": 5, "new": True, "min_length": 2, "max_length": 9}


@pytest.mark.slow
def test_20_visitors_make_names_and_a_keystroke_is_answered(
    visitor: Visit, record_property: Callable[[str, object], None]
) -> None:
    """Each sends a list of their own, writes, scores and takes a page away; each gets what a visitor alone gets."""
    lists = ["\n".join(f"{first}{rest}" for first in "abcde" for rest in ("nna", "lla", f"mi{n}")) for n in "aeiou" * 4]

    def work(address: str, text: str) -> list[Any]:
        with visitor(address) as one:
            door = one.fetch("door", seed=2, order=3)["names"]
            walked = one.submit("door", text="emma")["letters"]
            name = one.submit("names/list", text=text)["list"]
            written = one.submit("names/write", list=name, **WRITE)["names"]
            scored = one.submit("names/score", list=name, model="2", text="anna\nellu")["names"]
            page = one.post("/api/names/file", json={"list": name, "model": "2", "what": "page"})
            example = one.submit("names/write", list="creatures", **WRITE)["names"]
            return [door, walked, name, written, scored, page.status_code, page.content, example]

    with command() as (_, port, _):
        first_page(port)
        address = f"http://localhost:{port}"
        with visitor(address) as typing, ThreadPoolExecutor(20) as pool:
            typing.submit("score", text="emma")
            together = [pool.submit(work, address, text) for text in lists]
            times: list[float] = []
            while not all(one.done() for one in together):
                begun = time.perf_counter()
                typing.submit("encode", text="emma"[: 1 + len(times) % 4])
                times.append(time.perf_counter() - begun)
                time.sleep(0.03)
            found = [one.result() for one in together]
        for place in (0, 1, 7, 19):
            assert found[place] == work(address, lists[place])
    assert len({one[2] for one in found}) == 5  # as many different lists as were sent
    record_property("seconds for a keystroke's answer, 95 of 100", sorted(times)[len(times) * 95 // 100])


@pytest.mark.slow
def test_20_visitors_in_the_chapters_on_nets_and_text(
    visitor: Visit, torch: Any, record_property: Callable[[str, object], None]
) -> None:
    """What each is answered beside the others, some with a text of their own, is what it is answered alone."""
    names = [f"{first}{rest}" for first in "aelmo" for rest in ("nna", "mma", "lla", "ria")]
    texts = ["the cat sat on the mat. " * 100, "she sells the sea shells. " * 100, None, None]

    def work(address: str, number: int) -> list[Any]:
        name, text = names[number], texts[number % len(texts)]
        with visitor(address) as one:
            answers = [
                one.submit("inside/moved", text=name, context=3, moves=[{"symbol": 5, "x": 0, "y": 0}])["after"],
                one.submit("inside/hidden", text=name)["rows"],
                one.submit("inside/gates", text=name, holds=[{"gate": "keep", "value": 1}])["after"],
                one.submit("inside/merges", text=name)["rows"],
                one.submit("inside/attention", text=name, arc=[{"layer": 0, "head": 0, "reader": 2}])["arc"],
            ]
            if text is not None:
                one.submit("text", text=text)
            models = ("order-2", "order-6", "mixing", *(() if text else ("transformer",)))
            answers += [one.submit(f"text/{model}/next", text="the ")["likely"] for model in models]
            answers += [one.submit(f"text/{model}/write", text="the ", seed=number)["written"] for model in models]
            return answers

    with command() as (_, port, _):
        first_page(port)
        address = f"http://localhost:{port}"
        with visitor(address) as typing, ThreadPoolExecutor(20) as pool:
            typing.submit("text/order-2/next", text="a")
            together = [pool.submit(work, address, number) for number in range(20)]
            times: list[float] = []
            while not all(one.done() for one in together):
                begun = time.perf_counter()
                typing.submit("text/order-2/next", text="and "[: 1 + len(times) % 4])
                times.append(time.perf_counter() - begun)
                time.sleep(0.03)
            found = [one.result() for one in together]
        for number in (0, 1, 2, 19):
            assert found[number] == work(address, number)
    record_property("seconds for a keystroke's answer, 95 of 100", sorted(times)[len(times) * 95 // 100])


def test_20_visitors_train_and_the_server_answers(
    visitor: Visit, torch: Any, record_property: Callable[[str, object], None]
) -> None:
    with command() as (_, port, _):
        first_page(port)
        address = f"http://localhost:{port}"
        with visitor(address) as client, ThreadPoolExecutor(20) as pool:
            client.fetch("net/optimum")  # torch is loaded

            begun, answered = threading.Barrier(21), threading.Event()

            def train(_: int) -> None:
                with visitor(address) as one:
                    stream = one.train(steps=20_000, steps_per_second=20_000)
                    for _ in range(3):
                        assert next(stream)[0] in ("start", "step")
                    begun.wait(60)
                    while not answered.is_set():  # some visitor is answered while all train
                        assert next(stream)[0] in ("step", "done")
                    stream.close()

            visitors = [pool.submit(train, i) for i in range(20)]
            begun.wait(60)
            times = []
            for _ in range(10):
                sent = time.perf_counter()
                client.fetch("data")
                times.append(time.perf_counter() - sent)
            answered.set()
            for training in visitors:
                training.result()
    record_property("seconds for another visitor's answer, median", sorted(times)[5])
