"""--quiet and --verbose: in every command, and what each says on standard error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from nextchar.cli import main


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def leaves(command: click.Command, *path: str) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from leaves(inner, *path, name)
    else:
        yield " ".join(path), command


@pytest.mark.parametrize(
    ("name", "command"), list(leaves(main)), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_command_has_both(name: str, command: click.Command) -> None:
    flags = [flag for param in command.params for flag in param.opts]
    assert [flags.count(flag) for flag in ("-q", "--quiet", "-v", "--verbose")] == [1, 1, 1, 1]


@pytest.fixture
def trained(tmp_path: Path) -> list[object]:
    """A training with something to say: it chooses a model."""
    (tmp_path / "names").write_text("".join(f"{a}{b}na\n" for a in "abcdef" for b in "iou"), "utf-8")
    return ["train", tmp_path / "names", "-o", tmp_path / "m"]


def test_quiet_says_the_results_alone(trained: list[object]) -> None:
    usual, quiet = run(*trained), run(*trained, "--quiet")
    assert usual.stderr.startswith("Model: ")
    assert quiet.stderr == ""

    def steady(text: str) -> str:
        return re.sub(r"[\d.]+ seconds", "… seconds", text)

    assert steady(quiet.stdout) == steady(usual.stdout) != ""


def test_quiet_says_errors(tmp_path: Path) -> None:
    assert run("sample", tmp_path / "none", "-q").stderr.startswith("Error: ")
    assert run("sample", tmp_path / "none", "-q", "--sort", "up").stderr.startswith("Usage: ")


def test_verbose_says_when_and_what_it_took(trained: list[object]) -> None:
    usual, verbose = run(*trained), run(*trained, "-v")
    lines = verbose.stderr.splitlines()
    assert all(re.match(r"\[ *\d+\.\d\d s\] ", line) for line in lines)
    told = [line.partition("] ")[2] for line in lines]
    assert usual.stderr.splitlines()[0] in told
    assert re.match(r"[\d.]+ seconds, [\d.]+ of them processor time", told[-1])


def test_verbose_says_what_it_took_after_an_error_too(tmp_path: Path) -> None:
    result = run("sample", tmp_path / "none", "-v")
    first, last = result.stderr.splitlines()
    assert first.startswith("Error: ")
    assert " of them processor time" in last
    assert result.exit_code == 1


def test_not_both(tmp_path: Path) -> None:
    result = run("sample", tmp_path / "none", "-v", "-q")
    assert result.exit_code == 2
    assert "--quiet and --verbose exclude each other" in result.stderr


def test_a_log_is_told_how_far_long_work_has_come(trained: list[object]) -> None:
    pytest.importorskip("torch")
    result = run(*trained, "--model", "mlp", "--steps", 3, "--verbose")
    assert result.exit_code == 0
    assert re.search(r"^\[.*\] learning: \d+%", result.stderr, flags=re.M)
