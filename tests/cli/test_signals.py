"""A command that is told to end cleans up: no traceback, no half-written file, and what was computed is there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest

import nextchar
from nextchar.cli._signals import Ended, ending_cleanly, exit_code
from nextchar.cli._streams import write_rows, written_whole
from nextchar.data.part_files import new_part
from nextchar.errors import NextcharError

if sys.platform == "win32":
    pytest.skip("POSIX signals", allow_module_level=True)

import fcntl
import termios

# Whatever runs these tests may have the signals ignored, as nohup and & do.
HEARD = """
import signal
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
from nextchar.__main__ import command_line
command_line()
"""
CODES = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]  # 128 and the signal's number


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "m"
    nextchar.Ngram(order=2, add=1).fit(nextchar.Corpus.from_items(["ab", "b"])).save(path)
    return path


def begun(*args: object) -> subprocess.Popen[bytes]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [sys.executable, "-c", HEARD, *map(str, args)]
    return subprocess.Popen(command, **pipes)  # type: ignore[call-overload,no-any-return]


def wait_for_idleness(child: subprocess.Popen[bytes]) -> None:
    """Until a process has read all that is in its pipe and sleeps, waiting for more; on any machine, however slow."""
    states = Path(f"/proc/{child.pid}/stat")
    if not states.exists():  # only Linux tells
        time.sleep(5)
        return
    assert child.stdin is not None
    times = 0
    while times < 10:
        assert child.poll() is None
        unread = array("i", [0])
        fcntl.ioctl(child.stdin, termios.FIONREAD, unread)
        asleep = states.read_text("utf-8").rpartition(")")[2].split()[0] == "S"
        times = times + 1 if asleep and not unread[0] else 0
        time.sleep(0.02)


@pytest.mark.parametrize(("number", "code"), CODES)
def test_what_was_computed_is_written_to_the_file(model: Path, tmp_path: Path, number: int, code: int) -> None:
    out = tmp_path / "out"
    with begun("score", model, "-", "--tsv", "-o", out) as child:
        watch = threading.Timer(60, child.kill)
        watch.start()
        assert child.stdin is not None
        child.stdin.write(b"ab\nb\n")
        child.stdin.flush()
        while not (parts := list(tmp_path.iterdir())) or not parts[0].exists():
            assert child.poll() is None
            time.sleep(0.01)
        wait_for_idleness(child)
        child.send_signal(number)
        assert child.stderr is not None
        errors = child.stderr.read()
        assert child.wait() == code
        watch.cancel()
    assert errors == (b"Interrupted.\n" if number == signal.SIGINT else b"Ended.\n")
    assert [line.split("\t")[:2] for line in out.read_text("utf-8").splitlines()] == [["1", "ab"], ["2", "b"]]
    assert list(tmp_path.iterdir()) == [out]  # and no part of one


@pytest.mark.parametrize("module", ["click", "nextchar.cli", "nextchar.cli.score", "nextchar.cli._signals"])
def test_an_interrupt_while_the_command_loads(module: str) -> None:
    pressed = f"""
import os, signal, sys
class Finder:
    def find_spec(self, name, *_):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
"""
    command = [sys.executable, "-c", pressed + HEARD, "--help"]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, b"", b"")


def test_handlers_are_as_before() -> None:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    kept = [signal.getsignal(number) for number in numbers]
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
        before = [signal.getsignal(number) for number in numbers]
        with ending_cleanly():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            with pytest.raises(Ended) as ended:
                signal.raise_signal(signal.SIGTERM)
        assert exit_code(ended.value) == 143
        assert [signal.getsignal(number) for number in numbers] == before
    finally:
        for number, handler in zip(numbers, kept, strict=True):
            signal.signal(number, handler)
    assert exit_code(KeyboardInterrupt()) == 130


@pytest.fixture
def heard() -> Iterator[None]:
    """The signals raise inside as in a command, also where whatever runs these tests ignores them."""
    kept = {number: signal.getsignal(number) for number, _ in CODES}
    for number, _ in CODES:
        signal.signal(number, signal.SIG_DFL)
    try:
        with ending_cleanly():
            before = [signal.getsignal(number) for number in kept]
            yield
            assert [signal.getsignal(number) for number in kept] == before
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("step", ["write", "flush", "fsync", "replace"])
@pytest.mark.parametrize("number", [number for number, _ in CODES])
def test_a_signal_at_any_step_of_writing_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, number: int
) -> None:
    class Disturbed:
        """A file whose steps a signal meets, as one meets a system call that takes long."""

        def __init__(self, handle: BinaryIO) -> None:
            self.handle = handle

        def writelines(self, pieces: Iterable[bytes]) -> None:
            for written, piece in enumerate(pieces):
                if step == "write" and written == 1:
                    signal.raise_signal(number)
                self.handle.write(piece)

        def flush(self) -> None:
            if step == "flush":
                signal.raise_signal(number)
            self.handle.flush()

        def fileno(self) -> int:
            return self.handle.fileno()

    @contextmanager
    def disturbed_part(target: Path) -> Iterator[tuple[Path, BinaryIO]]:
        with new_part(target) as (part, handle):
            yield part, cast("BinaryIO", Disturbed(handle))

    def disturbed(name: str) -> Callable[..., None]:
        real = getattr(os, name)

        def call(*args: Any) -> None:
            if step == name:
                signal.raise_signal(number)
            real(*args)

        return call

    monkeypatch.setattr("nextchar.data.writing.new_part", disturbed_part)
    for name in ("fsync", "replace"):
        monkeypatch.setattr(os, name, disturbed(name))
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt) as ended:
        write_rows(str(out), written_whole(iter([b"a\n", b"b\n", b"c\n"])), as_json=False)
    assert exit_code(ended.value) == 128 + number
    assert out.read_bytes() == (b"a\nb\n" if step == "write" else b"a\nb\nc\n")
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.usefixtures("heard")
def test_handlers_are_as_before_an_error(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"a"
        raise NextcharError("broken")

    with pytest.raises(NextcharError, match="broken"):
        write_rows(str(tmp_path / "out"), written_whole(pieces()), as_json=False)
    with pytest.raises(NextcharError, match="no/out: cannot be written"):
        write_rows(str(tmp_path / "no" / "out"), written_whole(pieces()), as_json=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("to_file", [False, True], ids=["standard output", "a file"])
def test_more_samples_than_anyone_can_hold(model: Path, tmp_path: Path, to_file: bool) -> None:
    out = tmp_path / "out"
    with begun("sample", model, "-n", 10**12, "--seed", 1, *(["-o", out] if to_file else [])) as child:
        watch = threading.Timer(60, child.kill)
        watch.start()
        assert child.stdout is not None
        assert child.stderr is not None
        if to_file:
            while not any(part.exists() and part.stat().st_size for part in tmp_path.iterdir()):
                assert child.poll() is None
            child.send_signal(signal.SIGTERM)
            assert (child.wait(), child.stderr.read()) == (143, b"Ended.\n")
            lines = out.read_bytes().splitlines(keepends=True)
            assert lines.pop().endswith(b"\n")
        else:
            lines = [child.stdout.readline() for _ in range(1000)]
            child.stdout.close()  # as head does
            assert (child.wait(), child.stderr.read()) == (0, b"")
        watch.cancel()
    assert [line.decode().rstrip("\n") for line in lines[:1000]] == nextchar.load(model).sample(1000, seed=1)
