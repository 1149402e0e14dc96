"""What documents show is run: commands, beside what they are shown to print, and Python.

A block of code in a document is one of these:

    console   commands behind `$ `, and what they print; `...` stands for whatever there is, and no output for any
    python    run as it stands or, with prompts, as a doctest; the blocks of a page share their names
    text      nothing to run

A comment in the line before says why a block is not run (`<!-- not run: takes ten minutes -->`), or which modules and
data sets it needs, without which it is left out (`<!-- needs: torch, makemore-names -->`).
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from nextchar.data.datasets import NAMED
from nextchar.data.download import find

__all__ = ["Block", "blocks", "commands", "matches", "run_commands", "run_page", "steady"]


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block of a document.

    Attributes:
        language: what stands behind the fence.
        text: the lines between the fences.
        line: the number of the opening fence's line, from 1.
        not_run: why it is not run, or None.
        needs: the modules that it needs, and the data sets.
    """

    language: str
    text: str
    line: int
    not_run: str | None = None
    needs: tuple[str, ...] = ()


_FENCED = re.compile(r"^(?:<!-- (not run|needs): (.+?) -->\n)?```(\w*)[^\n]*\n(.*?)^```$", flags=re.S | re.M)


def blocks(path: Path) -> list[Block]:
    """All fenced blocks, in order."""
    text = path.read_text(encoding="utf-8")
    return [
        Block(
            language=found[3],
            text=found[4],
            line=text[: found.start(3)].count("\n") + 1,
            not_run=found[2] if found[1] == "not run" else None,
            needs=tuple(found[2].split(", ")) if found[1] == "needs" else (),
        )
        for found in _FENCED.finditer(text)
    ]


def commands(text: str) -> list[tuple[str, str]]:
    r"""(command, output) of a console block; a command goes on behind a \ and to the end of what << gives it."""
    found = []
    for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
        lines = part.splitlines(keepends=True)
        end = 1
        while lines[end - 1].endswith("\\\n"):
            end += 1
        if here := re.search(r"<<'(\w+)'", lines[end - 1]):
            end = lines.index(f"{here[1]}\n") + 1
        found.append(("".join(lines[:end]).removesuffix("\n"), "".join(lines[end:])))
    return found


def steady(text: str) -> str:
    """Without what differs from run to run: times, and blanks that pad lines."""
    text = re.sub(r"\d+\.\d+ seconds", "… seconds", text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def matches(shown: str, printed: str) -> bool:
    """Whether this is what a document shows."""
    pattern = re.escape(steady(shown)).replace(r"\.\.\.", ".*?")
    return re.fullmatch(pattern, steady(printed), flags=re.S) is not None


def run_commands(folder: Path, *lines: str, **environment: str) -> list[str]:
    """What each command prints, run one after the other in a folder; fails where one does."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "COLUMNS": "80", **environment}
    outputs = []
    for line in lines:
        done = subprocess.run(
            line, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        outputs.append(done.stdout)
    return outputs


def run_page(path: Path, folder: Path) -> None:
    """Run all blocks of a page in a folder, the current one; fails where a page shows what is not so."""
    names: dict[str, Any] = {"__name__": "__main__"}
    ways: dict[str, Callable[[Block], None]] = {
        "console": lambda block: _run_console(block, path, folder),
        "python": lambda block: _run_python(block, path, names),
        "text": lambda _: None,
    }
    for block in blocks(path):
        if block.not_run is None and all(map(_is_there, block.needs)):
            ways[block.language](block)


def _is_there(name: str) -> bool:
    return (find(name) if name in NAMED else find_spec(name)) is not None


def _run_console(block: Block, path: Path, folder: Path) -> None:
    for line, shown in commands(block.text):
        (printed,) = run_commands(folder, line)
        if shown.strip():
            assert matches(shown, printed), f"{path.name}, line {block.line}: {line}\nprints\n{printed}"


def _run_python(block: Block, path: Path, names: dict[str, Any]) -> None:
    where = f"{path.name}, line {block.line}"
    if not block.text.startswith(">>> "):
        exec(compile(block.text, where, "exec", dont_inherit=True), names)
        return
    test = doctest.DocTestParser().get_doctest(block.text, names, path.name, str(path), block.line)
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    runner.run(test, out=said.append, clear_globs=False)
    names.update(test.globs)
    assert not runner.failures, f"{where}\n{''.join(said)}"
