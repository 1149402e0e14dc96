"""The README's examples are run: every console block as it stands, and the Python."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
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


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_every_command_is_in_the_table(readme: Path) -> None:
    text = readme.read_text(encoding="utf-8")
    for name in main.commands:
        assert f"\n| `{name}` |" in text


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_links_lead_somewhere(readme: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", readme.read_text(encoding="utf-8")):
        assert "://" in target or (ROOT / target).exists(), target


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_the_lecture_as_it_stands(readme: Path, names_path: Path, printed: Printed) -> None:
    """The commands of the lecture's section on its list, in order; only torch2 needs torch."""
    pytest.importorskip("torch")
    found = [block.text for block in blocks(readme) if not block.language and "--stream torch" in block.text]
    assert len(found) == 2
    parts = [pair for text in found for pair in commands(text)]
    outputs = printed(*(command for command, _ in parts), NEXTCHAR_NAMES=str(names_path))
    for (command, expected), output in zip(parts, outputs, strict=True):
        assert not expected.strip() or steady(output) == steady(expected), command
