"""The README's examples are run: every console block as it stands, and the Python."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.shown import blocks, commands, run_commands, steady

from nextchar.cli import main

ROOT = Path(__file__).parent.parent
READMES = [ROOT / name for name in ("README.md", "README.zh.md") if (ROOT / name).exists()]


def examples(path: Path) -> list[tuple[str, str]]:
    """(command, output) of all console blocks, in order."""
    return [pair for block in blocks(path) if block.language == "console" for pair in commands(block.text)]


Printed = Callable[..., list[str]]


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Printed:
    """What commands print, run in order in a new folder; both languages show the same ones, which run once."""

    @cache
    def run(*lines: str, **environment: str) -> list[str]:
        return run_commands(tmp_path_factory.mktemp("readme"), *lines, **environment)

    return run


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_console_examples(readme: Path, printed: Printed) -> None:
    assert examples(readme)
    outputs = printed(*(command for command, _ in examples(readme)))
    for (command, expected), output in zip(examples(readme), outputs, strict=True):
        assert steady(output) == steady(expected), command


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_python_examples(readme: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = [block.text for block in blocks(readme) if block.language == "python"]
    assert run
    for text in run:
        exec(text, {})
    assert (tmp_path / "names.safetensors").exists()


def test_both_languages_show_the_same_commands() -> None:
    assert len({tuple(command for command, _ in examples(readme)) for readme in READMES}) == 1


def headings() -> list[list[str]]:
    """The commands under each heading of `nextchar --help`, in order."""
    text = CliRunner().invoke(main, ["--help"]).stdout
    under = [re.findall(r"^  (\w+) ", part, flags=re.M) for part in re.split(r"^\w[\w ]*:\n", text, flags=re.M)[2:]]
    assert sorted(name for names in under for name in names) == sorted(main.commands)
    return under


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_commands_stand_under_the_headings_of_help(readme: Path) -> None:
    table = re.findall(r"^\| [^|`]+ \| (`.*`) \|$", readme.read_text(encoding="utf-8"), flags=re.M)
    assert [re.findall(r"`(\w+)`", row) for row in table] == headings()


@pytest.mark.parametrize("page", ["docs/command-line.md", "docs/zh/command-line.md"])
def test_every_command_has_a_line(page: str) -> None:
    parts = (ROOT / page).read_text(encoding="utf-8").split("\n## ")[1:]
    told = [re.findall(r"^\| `(\w+)` \|", part, flags=re.M) for part in parts]
    assert told[: len(headings())] == headings()


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_it_is_short(readme: Path) -> None:
    assert len(readme.read_text(encoding="utf-8").splitlines()) < 120


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_links_lead_somewhere(readme: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", readme.read_text(encoding="utf-8")):
        assert "://" in target or (ROOT / target).exists(), target
