"""Without the extra "plots" all else works, and what needs it says how to get it, before anything is computed."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import nextchar
from nextchar import plots
from nextchar.cli import main
from nextchar.errors import MissingExtraError

TELLS = 'pip install "nextchar[plots]"'


@pytest.fixture(autouse=True)
def not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nextchar.extras.find_spec", lambda _name: None)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("few").write_text("emma\nava\nmia\n", "utf-8")
    nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(["emma", "ava", "mia"])).save("m")
    return tmp_path


@pytest.mark.parametrize(
    "line",
    [
        *("plot counts m -o x.png", "plot counts m -o -", "plot surprisal m few -o x.html"),
        *("compare few --plot x.png", "equivalence few --plot x.png"),
    ],
)
def test_at_the_command_line(line: str, place: Path) -> None:
    result = CliRunner().invoke(main, line.split())
    assert result.exit_code == 1
    assert result.stderr == f'Error: a figure needs the extra "plots": {TELLS}\n'
    assert sorted(path.name for path in place.iterdir()) == ["few", "m"]


def test_in_python() -> None:
    model = nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(["ab"]))
    with pytest.raises(MissingExtraError, match=r"nextchar\[plots\]"):
        plots.counts(model)


def test_a_wrong_name_is_said_first(place: Path) -> None:
    result = CliRunner().invoke(main, ["plot", "counts", "m", "-o", "x.jpg"])
    assert result.exit_code == 2
