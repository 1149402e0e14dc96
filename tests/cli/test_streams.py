"""Lines that come one after the other: each is answered when it comes, and nothing that was answered gets lost."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import nextchar
from nextchar.cli import _streams, main
from nextchar.cli._streams import line_blocks
from nextchar.data.lines import LineBlock, read_lines

if sys.platform == "win32":
    pytest.skip("POSIX signals and pipes", allow_module_level=True)

# A shell that starts a command with & makes it ignore SIGINT, and so may whatever runs these tests.
HEARD = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from nextchar.cli import main; main()"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A model for `score` and one for `classify`."""
    folder = tmp_path_factory.mktemp("models")
    words = ["gehen", "sehen", "stehen", "ziehen", "going", "seeing", "standing", "drawing"]
    nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(words)).save(folder / "score")
    nextchar.Classifier(folds=2).fit(words, ["de"] * 4 + ["en"] * 4).save(folder / "classify")
    return {"score": folder / "score", "classify": folder / "classify"}


@contextmanager
def running(*args: object, stdin: int = subprocess.PIPE) -> Iterator[subprocess.Popen[bytes]]:
    """The command as a process that reads a pipe; ended after a minute, so that no test waits for ever."""
    command = [sys.executable, "-c", HEARD, *map(str, args)]
    pipes = {"stdin": stdin, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as child:  # type: ignore[call-overload]
        watch = threading.Timer(60, child.kill)
        watch.start()
        try:
            yield child
        finally:
            watch.cancel()
            child.kill()


def tell(child: subprocess.Popen[bytes], text: str) -> None:
    assert child.stdin is not None
    child.stdin.write(text.encode())
    child.stdin.flush()


def answer(child: subprocess.Popen[bytes]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().decode()


@pytest.mark.parametrize("form", ["--tsv", "--json"])
@pytest.mark.parametrize("command", ["score", "classify"])
def test_each_line_is_answered_when_it_comes(models: dict[str, Path], command: str, form: str) -> None:
    with running(command, models[command], "-", form) as child:
        for number, item in enumerate(["gehen", "", "seeing", "standing"], start=1):
            tell(child, item + "\n")
            got = answer(child)
            if form == "--json":
                assert (json.loads(got)["line"], json.loads(got)["item"]) == (number, item)
            else:
                assert got.split("\t")[:2] == [str(number), item]
        tell(child, "go")  # a line that is not yet whole
        tell(child, "ing")
        out, errors = child.communicate()  # and ends where the input does
        assert b"going" in out
        assert (errors, child.returncode) == (b"", 0)


@pytest.mark.parametrize("command", ["score", "classify"])
def test_the_table_too(models: dict[str, Path], command: str) -> None:
    with running(command, models[command], "-") as child:
        tell(child, "gehen\n")
        assert answer(child).split()[-1] == "item"
        assert answer(child).split()[-1] == "gehen"
        tell(child, "sehen\nziehen\n")
        assert [answer(child).split()[-1] for _ in range(2)] == ["sehen", "ziehen"]


@pytest.mark.parametrize("command", ["score", "classify"])
def test_an_interrupt_loses_nothing_that_was_read(models: dict[str, Path], command: str) -> None:
    with running(command, models[command], "-", "--tsv") as child:
        tell(child, "gehen\n" * 5000)
        lines = [answer(child) for _ in range(5000)]
        child.send_signal(signal.SIGINT)
        out, errors = child.communicate()
        assert child.returncode == 130
        assert errors == b"Interrupted.\n"
        assert (lines[-1].split("\t")[0], out) == ("5000", b"")


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt, also where whatever runs these tests ignores it; and does so afterwards."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("target", ["-", "file"])
def test_an_interrupt_shows_the_most_surprising_so_far(
    models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    def read_then_interrupted(*args: Any) -> Iterator[LineBlock]:
        yield from read_lines(*args)
        signal.raise_signal(signal.SIGINT)  # while it waits for more

    monkeypatch.setattr("nextchar.data.lines.read_lines", read_then_interrupted)
    output = target if target == "-" else str(tmp_path / target)
    command = ["score", str(models["score"]), "--most", "1", "--json", "-o", output]
    result = CliRunner().invoke(main, command, input="gehen\nnngg\nsehen\n")
    assert (result.exit_code, result.stderr) == (130, "Interrupted.\n")
    written = result.stdout if target == "-" else Path(output).read_text(encoding="utf-8")
    assert [json.loads(line)["item"] for line in written.splitlines()] == ["nngg"]
    assert json.loads(written)["line"] == 2


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(("presses", "answered"), [(1, 3), (2, 2)])
def test_a_first_interrupt_waits_for_the_answer_and_a_second_does_not(presses: int, answered: int) -> None:
    block = LineBlock("a\n", range(1, 2), None, np.empty(0, dtype=np.int64), {})
    seen = []

    def answer_all() -> None:
        for number, one in enumerate(line_blocks(repeat(block), "x"), start=1):
            for _ in range(presses if number == 3 else 0):
                signal.raise_signal(signal.SIGINT)
            seen.append(one)

    with pytest.raises(KeyboardInterrupt):
        answer_all()
    assert len(seen) == answered


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_while_waiting_comes_at_once() -> None:
    def blocks() -> Iterator[LineBlock]:
        signal.raise_signal(signal.SIGINT)
        yield from ()

    with pytest.raises(KeyboardInterrupt):
        next(line_blocks(blocks(), "x"))


@pytest.mark.parametrize("command", ["score", "classify"])
def test_a_reader_that_has_seen_enough(models: dict[str, Path], command: str) -> None:
    with running(command, models[command], "-", "--json") as child:
        tell(child, "gehen\n")
        assert json.loads(answer(child))["line"] == 1
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        tell(child, "sehen\n")
        assert child.wait() == 0
        assert child.stderr.read() == b""


@pytest.mark.parametrize(("command", "last"), [("score", b"gehen"), ("classify", b"gehen"), ("evaluate", None)])
def test_a_terminal_is_told_how_to_end(models: dict[str, Path], command: str, last: bytes | None) -> None:
    import os
    import pty

    ours, theirs = pty.openpty()
    with running(command, models["classify" if command == "classify" else "score"], stdin=theirs) as child:
        os.write(ours, b"gehen\n\x04")
        out, errors = child.communicate()
    assert child.returncode == 0
    assert errors == b"Reading standard input; Ctrl-D ends.\n"
    assert last is None or out.split()[-1] == last
    os.close(theirs)
    os.close(ours)


def test_the_same_whether_lines_come_at_once_or_one_by_one(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first lines are written by Python, later ones by compiled loops."""
    monkeypatch.setattr(_streams, "COMPILED_FROM", 2)
    text = "gehen\nnngg\n\nsehen\n"
    whole = CliRunner().invoke(main, ["score", str(models["score"]), "--json"], input=text).stdout
    with running("score", models["score"], "--json") as child:
        for number, line in enumerate(text.splitlines(), start=1):
            tell(child, line + "\n")
            assert answer(child) == whole.splitlines(keepends=True)[number - 1]
