"""The README's examples are run: every console block as it stands, and the Python."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from nextchar.cli import main

ROOT = Path(__file__).parent.parent
READMES = [ROOT / name for name in ("README.md", "README.zh.md") if (ROOT / name).exists()]


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", path.read_text(encoding="utf-8"), flags=re.S | re.M)


def examples(path: Path) -> list[tuple[str, str]]:
    """(command, output) of all console blocks, in order."""
    found = []
    for block in blocks(path, "console"):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def steady(text: str) -> str:
    """Without what differs from run to run: times, and blanks that pad lines."""
    text = re.sub(r"\d+\.\d+ seconds", "… seconds", text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


Printed = Callable[..., list[str]]


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Printed:
    """What commands print, run in order in a new folder; both languages show the same ones, which run once."""

    @cache
    def run(*commands: str, **environment: str) -> list[str]:
        folder = tmp_path_factory.mktemp("readme")
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = {**os.environ, "PATH": path, "COLUMNS": "80", **environment}
        outputs = []
        for command in commands:
            done = subprocess.run(
                command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            outputs.append(done.stdout)
        return outputs

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
    assert blocks(readme, "python")
    for block in blocks(readme, "python"):
        exec(block, {})
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
    every = re.findall(r"^```(\w*)\n(.*?)^```$", readme.read_text(encoding="utf-8"), flags=re.S | re.M)
    found = [block for language, block in every if not language and "--stream torch" in block]
    assert len(found) == 2
    parts = [part.partition("\n") for block in found for part in re.split(r"^\$ ", block, flags=re.M)[1:]]
    outputs = printed(*(command for command, _, _ in parts), NEXTCHAR_NAMES=str(names_path))
    for (command, _, expected), output in zip(parts, outputs, strict=True):
        assert not expected.strip() or steady(output) == steady(expected), command
