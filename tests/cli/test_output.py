"""What commands print: UTF-8 in files and pipes, what can be shown on a terminal, JSON that is valid anywhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import nextchar

WHOLE_PROCESS = [sys.executable, "-c", "from nextchar.cli import main; main()"]
ITEMS = ["é😀a", "中文字", "é€ž"]  # cp1252 has é, € and ž; latin-1 has é alone
WINDOWS = sys.platform == "win32"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "m"
    nextchar.Ngram(order=3, add=0).fit(nextchar.Corpus.from_items(ITEMS)).save(path)
    return path


def command(*args: object, encoding: str, terminal: bool = False) -> str:
    """What a command prints, decoded as whoever reads it would."""
    shell = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "COLUMNS": "200"}
    words = [*WHOLE_PROCESS, *map(str, args)]
    if not terminal:
        done = subprocess.run(words, env=shell, capture_output=True, check=True, timeout=60)
        return done.stdout.decode("utf-8")
    import pty

    ours, theirs = pty.openpty()
    with subprocess.Popen(words, env=shell, stdin=subprocess.DEVNULL, stdout=theirs) as child:
        os.close(theirs)
        content = b""
        while True:
            try:
                block = os.read(ours, 1 << 16)
            except OSError:  # the other end is closed
                break
            if not block:
                break
            content += block
    os.close(ours)
    assert child.returncode == 0
    return content.decode(encoding).replace("\r\n", "\n")


def commands(model: Path) -> dict[str, tuple[Any, ...]]:
    return {
        "sample": ("sample", model, "-n", 60, "--seed", 1, "--distinct"),
        "tsv": ("sample", model, "-n", 60, "--seed", 1, "--distinct", "--tsv"),
        "top": ("top", model),
        "complete": ("complete", model, ""),
    }


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_text_in_a_pipe_is_utf8(model: Path, encoding: str) -> None:
    for words in commands(model).values():
        printed = command(*words, encoding=encoding)
        assert all(item in printed for item in ITEMS)


@pytest.mark.skipif(WINDOWS, reason="pseudo-terminals are POSIX")
@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", [r"\xe9\U0001f600a", r"\u4e2d\u6587\u5b57", r"\xe9\u20ac\u017e"]),
        ("cp1252", [r"é\U0001f600a", r"\u4e2d\u6587\u5b57", "é€ž"]),
        ("utf-8", ITEMS),
    ],
)
def test_a_terminal_shows_what_it_can(model: Path, encoding: str, shown: list[str]) -> None:
    for words in commands(model).values():
        printed = command(*words, encoding=encoding, terminal=True)
        assert all(item in printed for item in shown), printed


@pytest.mark.parametrize("terminal", [False, pytest.param(True, marks=pytest.mark.skipif(WINDOWS, reason="POSIX"))])
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_json_is_valid_anywhere(model: Path, encoding: str, terminal: bool) -> None:
    for words in (("sample", model, "-n", 60, "--seed", 1, "--distinct", "--json"), ("top", model, "--json")):
        lines = command(*words, encoding=encoding, terminal=terminal).splitlines()
        assert {json.loads(line)["item"] for line in lines} == set(ITEMS)
    document = json.loads(command("info", model, "--json", encoding=encoding, terminal=terminal))
    assert set(document["characters"]) == set("".join(ITEMS))


def test_half_a_character_is_no_fault(model: Path) -> None:
    if WINDOWS:
        pytest.skip("arguments are bytes on POSIX")
    argument = b"caf\xe9"  # as latin-1 has it; Python makes a lone surrogate of it
    done = subprocess.run([*WHOLE_PROCESS, "info", argument], capture_output=True, check=False)
    assert done.returncode == 1
    assert (
        done.stderr.decode()
        == r"Error: caf\udce9: no such file; train a model and save it there (nextchar train FILE -o MODEL)" + "\n"
    )


def test_one_way_to_print() -> None:
    folder = Path(nextchar.__file__).parent / "cli"
    printing = {
        path.name
        for path in folder.glob("*.py")
        if re.search(r"click\.echo\(|(?<![.\w])print\(", path.read_text("utf-8"))
    }
    assert printing == set()
