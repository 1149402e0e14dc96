"""What the shells complete; and that their scripts can be had."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import BashComplete, ShellComplete, get_completion_class

from nextchar.cli import main


def completed(line: str) -> set[tuple[str, str]]:
    """(type, value) of what may stand for the last word of a command line."""
    *words, last = line.split(" ")
    shell = BashComplete(main, {}, "nextchar", "_NEXTCHAR_COMPLETE")
    return {(item.type, item.value) for item in shell.get_completions(words, last)}


def plain(line: str) -> set[str]:
    return {value for kind, value in completed(line) if kind == "plain"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_script_for(shell: str) -> None:
    found = get_completion_class(shell)
    assert found is not None
    assert issubclass(found, ShellComplete)
    assert "_NEXTCHAR_COMPLETE" in found(main, {}, "nextchar", "_NEXTCHAR_COMPLETE").source_template % {
        "complete_func": "f",
        "complete_var": "_NEXTCHAR_COMPLETE",
        "prog_name": "nextchar",
    }


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("s", {"sample", "score"}),
        ("train --model m", {"mix", "mlp"}),
        ("train --model ngram --smoothing k", {"kneser-ney"}),
        ("train --split d", {"distinct"}),
        ("train --smo", {"--smoothing"}),
        ("compare --split e", {"eurekalabs"}),
        ("data fetch tiny", {"tiny-shakespeare"}),
        ("train makemore", {"makemore-names"}),
        ("plot sur", {"surprisal"}),
    ],
)
def test_names(line: str, expected: set[str]) -> None:
    assert plain(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        *("train x", "train x y", "score m x", "classify m x", "calibrate m x", "count x", "compare x", "update m x"),
        *("train x --validation y", "sample m --not-in x", "sample m --data x", "import x", "equivalence x"),
        *("sample x", "train -o x", "evaluate m x", "plot counts x", "merge x"),
    ],
)
def test_files(line: str) -> None:
    assert ("file", line.split(" ")[-1]) in completed(line)


@pytest.mark.parametrize("line", ["sample m --prefix x", "sample m --match x", "train --column x", "count --memory x"])
def test_no_files_where_none_are_meant(line: str) -> None:
    assert completed(line) == set()


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_in_bash(tmp_path: Path) -> None:
    command = tmp_path / "nextchar"
    start = "from nextchar.__main__ import command_line; command_line()"
    command.write_text(f"#!/bin/sh\nexec '{sys.executable}' -c '{start}' \"$@\"\n")
    command.chmod(0o755)
    script = (
        f'PATH="{tmp_path}:$PATH"; eval "$(_NEXTCHAR_COMPLETE=bash_source nextchar)"\n'
        "COMP_WORDS=(nextchar train --model m) COMP_CWORD=3; _nextchar_completion nextchar\n"
        'echo "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "mix mlp\n"
