"""What commands print: UTF-8 in files and pipes, what can be shown on a terminal, JSON that is valid anywhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

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


# All commands in one process, which takes most of a second to start; they are told apart by a control character.
EACH = """
import json, sys
from nextchar.cli import main
for words in json.loads(sys.argv[1]):
    try:
        main(words)
    except SystemExit as end:
        assert not end.code
    print(end="\\x1e", flush=True)
"""
Printed = Callable[[str, bool], dict[str, str]]


@pytest.fixture(scope="module")
def printed(model: Path) -> Printed:
    """What each command prints in some encoding, on a terminal or not, decoded as whoever reads it would."""
    sample = ("sample", str(model), "-n", "60", "--seed", "1", "--distinct")
    commands = {
        "sample": sample,
        "tsv": (*sample, "--tsv"),
        "top": ("top", str(model)),
        "complete": ("complete", str(model), ""),
        "export": ("export", str(model), "-"),
        "sample --json": (*sample, "--json"),
        "top --json": ("top", str(model), "--json"),
        "info --json": ("info", str(model), "--json"),
    }

    @cache
    def run(encoding: str, terminal: bool) -> dict[str, str]:
        shell = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "COLUMNS": "200"}
        words = [sys.executable, "-c", EACH, json.dumps(list(commands.values()))]
        if terminal:
            text = on_a_terminal(words, shell).decode(encoding).replace("\r\n", "\n")
        else:
            text = subprocess.run(words, env=shell, capture_output=True, check=True, timeout=60).stdout.decode("utf-8")
        *outputs, rest = text.split("\x1e")
        assert not rest
        return dict(zip(commands, outputs, strict=True))

    return run


def joined(output: str) -> str:
    """Of an ARPA file, the characters of an n-gram side by side, as an item has them."""
    return output.replace(" ", "") if output.startswith("\\data\\") else output


def on_a_terminal(words: list[str], shell: dict[str, str]) -> bytes:
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
    return content


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_text_in_a_pipe_is_utf8(printed: Printed, encoding: str) -> None:
    for name, output in printed(encoding, False).items():
        assert "json" in name or all(item in joined(output) for item in ITEMS)


@pytest.mark.skipif(WINDOWS, reason="pseudo-terminals are POSIX")
@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", [r"\xe9\U0001f600a", r"\u4e2d\u6587\u5b57", r"\xe9\u20ac\u017e"]),
        ("cp1252", [r"é\U0001f600a", r"\u4e2d\u6587\u5b57", "é€ž"]),
        ("utf-8", ITEMS),
    ],
)
def test_a_terminal_shows_what_it_can(printed: Printed, encoding: str, shown: list[str]) -> None:
    for name, output in printed(encoding, True).items():
        assert "json" in name or all(item in joined(output) for item in shown), output


@pytest.mark.parametrize("terminal", [False, pytest.param(True, marks=pytest.mark.skipif(WINDOWS, reason="POSIX"))])
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_json_is_valid_anywhere(printed: Printed, encoding: str, terminal: bool) -> None:
    outputs = printed(encoding, terminal)
    for name in ("sample --json", "top --json"):
        assert {json.loads(line)["item"] for line in outputs[name].splitlines()} == set(ITEMS)
    document = json.loads(outputs["info --json"])
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


def test_a_table_obeys_no_control_character(tmp_path: Path) -> None:
    """On a terminal or not: ESC, BEL, DEL and a C1 control are shown as what they are."""
    from click.testing import CliRunner

    from nextchar.cli import main

    item = "a\x1b[31m\x07b\x7fc\x9bd"
    shown = r"a\x1b[31m\x07b\x7fc\x9bd"
    nextchar.Ngram(order=9, add=0).fit(nextchar.Corpus.from_items([item])).save(tmp_path / "m")
    (tmp_path / "f").write_text(item + "\n", "utf-8")
    for line in (["score", "m", "f"], ["top", "m"], ["complete", "m", ""]):
        words = [str(tmp_path / word) if word in ("m", "f") else word for word in line]
        printed = CliRunner().invoke(main, words).stdout
        assert shown in printed, line
        assert not set(printed) & set("\x1b\x07\x7f\x9b")
    data = CliRunner().invoke(main, ["score", str(tmp_path / "m"), str(tmp_path / "f"), "--tsv"]).stdout
    assert item in data  # as it came in


def test_one_is_no_plural(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one item, of one character: "1 item", wherever a command says how many there are."""
    from click.testing import CliRunner

    from nextchar.cli import main

    monkeypatch.chdir(tmp_path)
    Path("one").write_text("a\n", "utf-8")
    Path("table.csv").write_text("name,n\na,1\n", "utf-8")
    lines = [
        "train one -o m --order 1",
        "train table.csv --column name --weight n -o w --order 2",
        "train one -o b --model bigram-net --set steps=1",
        "update m one -o u",
        "blend m m -o z",
        "count one -o c --order 2",
        "export m m.arpa",
        "import m.arpa -o i",
        "info m",
        "info w",
        "top m -n 5",
        "sample m -n 3 --distinct",
        "prob m --prefix a",
        "score m one",
        "compare one",
        "train one -o x --split distinct",
        "calibrate m one -o k",
    ]
    said = {line: CliRunner().invoke(main, line.split()).output for line in lines}
    plural = re.compile(r"(?<![\d.,])(?<!n - )1 [a-z-]*[a-rt-z]s\b(?! (?:is|has))")
    assert {line: found[0] for line, text in said.items() if (found := plural.search(text))} == {}
    assert "1 item" in said["count one -o c --order 2"]
