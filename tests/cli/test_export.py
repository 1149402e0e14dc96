"""`export`: the ending says what is written, and an unknown one is refused before anything is read."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import nextchar
from nextchar.cli import main


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a model of names, n.safetensors, and a mix, mix.safetensors."""
    corpus = nextchar.Corpus.from_items(["emma", "ava", "emil", "mia"])
    nextchar.Ngram(order=3).fit(corpus).save(tmp_path / "n.safetensors")
    nextchar.Mix(epochs=1).fit(corpus).save(tmp_path / "mix.safetensors")
    return tmp_path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


@pytest.mark.parametrize("name", ["names.html", "names.mjs", "NAMES.HTML", "a.b.mjs"])
def test_page_and_module(place: Path, name: str) -> None:
    done = run("export", place / "n.safetensors", place / name)
    assert done.exit_code == 0, done.stderr
    what = "web page" if name.lower().endswith(".html") else "ES module"
    assert re.search(rf"{re.escape(name)}: written, {what}, \d+ KB, \d+ states", done.stdout)
    said = json.loads(run("export", place / "n.safetensors", "-o", place / name, "--json").stdout)
    assert said["bytes"] == (place / name).stat().st_size
    assert said["knows_items"]


def test_arpa_stays(place: Path) -> None:
    for name in ("m.arpa", "m.ARPA", "m.arpa.gz"):
        done = run("export", place / "n.safetensors", place / name)
        assert done.exit_code == 0, done.stderr
        assert "n-grams of orders 1 to 3" in done.stdout


@pytest.mark.parametrize("name", ["names.txt", "names", "names.js", "names.htm", "names.html.gz", "arpa", "names.lm"])
def test_unknown_ending_is_refused(place: Path, name: str) -> None:
    """With exit 2, and before the model is looked at."""
    done = run("export", place / "none", place / name)
    assert done.exit_code == 2
    assert f"{name}: the ending says what is written: .arpa or .arpa.gz" in done.stderr
    assert ".html for a web page, .mjs for an ES module" in " ".join(done.stderr.split())
    assert not (place / name).exists()


@pytest.mark.parametrize("name", ["names.html", "names.mjs"])
def test_says_how_to_make_an_automaton(place: Path, name: str) -> None:
    done = run("export", place / "mix.safetensors", place / name)
    assert done.exit_code == 1
    said = " ".join(done.stderr.split())
    assert "is a model of kind mix, which is no finite automaton; make a table of it first: nextchar compile" in said
    assert not (place / name).exists()


def test_title(place: Path) -> None:
    done = run("export", place / "n.safetensors", place / "n.html", "--title", "Tiere & <Namen>")
    assert done.exit_code == 0, done.stderr
    assert "<title>Tiere &amp; &lt;Namen&gt;</title>" in (place / "n.html").read_text(encoding="utf-8")
    done = run("export", place / "n.safetensors", place / "n.mjs", "--title", "x")
    assert done.exit_code == 2
    assert "--title goes with a web page" in done.stderr


def test_says_what_a_model_has_not_kept(place: Path) -> None:
    assert run("export", place / "n.safetensors", place / "n.arpa").exit_code == 0
    assert run("import", place / "n.arpa", "-o", place / "imported").exit_code == 0
    done = run("export", place / "imported", place / "n.html")
    assert done.exit_code == 0
    assert "new ones cannot be asked for" in done.stderr
