"""The commands count and merge, and train --counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import nextchar
from nextchar.cli import main

pytest.importorskip("pyarrow")


def run(*args: object, stdin: str | None = None, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(arg) for arg in args], input=stdin)
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "names.txt").write_text("emma\nava\nmia\n")
    run("count", tmp_path / "names.txt", "--order", 3, "-o", tmp_path / "c")
    return tmp_path / "c"


def test_what_count_says(tmp_path: Path) -> None:
    result = run("count", "-", "--order", 2, "-o", tmp_path / "c", stdin="emma\nava\n")
    assert result.stdout == f"{tmp_path / 'c'}: written; 8 n-grams of order 2, 9 in all, of 2 items over 5 symbols\n"
    found = json.loads(run("count", "-", "--order", 2, "-o", tmp_path / "d", "--json", stdin="emma\nava\n").stdout)
    assert found["ngrams"] == 8
    assert found["total"] == found["symbols"] == 9


def test_count_merge_train(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "more.csv").write_text("name,n\nzoë,2\n", encoding="utf-8")
    run("count", tmp_path / "more.csv", "--column", "name", "--order", 3, "-o", tmp_path / "d")
    run("merge", folder, tmp_path / "d", "-o", tmp_path / "e")
    run("train", "--counts", tmp_path / "e", "--smoothing", "witten-bell", "-o", tmp_path / "m")
    (tmp_path / "all.txt").write_text("emma\nava\nmia\nzoë\n", encoding="utf-8")
    run("train", tmp_path / "all.txt", "--order", 3, "--smoothing", "witten-bell", "-o", tmp_path / "n")
    one, other = nextchar.load(tmp_path / "m"), nextchar.load(tmp_path / "n")
    assert one.settings == other.settings  # the order is that of the counts
    assert one.score(["emma", "zoë"]) == other.score(["emma", "zoë"])
    assert one.provenance.items == 4


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["train", "--counts", "C"], 2, "--counts needs --smoothing"),
        (["train", "--counts", "C", "names.txt", "--smoothing", "add"], 2, "names.txt: give files, or --counts"),
        (["train", "--counts", "C", "--smoothing", "add", "--lower"], 2, "--lower goes with files"),
        (["train", "--counts", "C", "--smoothing", "add", "--split", "distinct"], 2, "--split goes with files"),
        (["train", "--counts", "C", "--smoothing", "add", "--column", "1"], 2, "--column goes with files"),
        (["train", "--counts", "C", "--model", "mix"], 2, "--counts does not go with --model mix"),
        (["train", "--counts", "C", "--smoothing", "add", "--order", "4"], 1, "the counts have order 3"),
        (["train", "--counts", "names.txt", "--smoothing", "add"], 1, "names.txt: is no folder of counts"),
        (["train", "--counts", "nix", "--smoothing", "add"], 1, "nix: there is no such folder"),
        (["count", "names.txt", "-o", "d"], 2, "--order"),
        (["count", "names.txt", "--order", "0", "-o", "d"], 2, "order"),
        (["count", "names.txt", "--order", "2", "--memory", "much", "-o", "d"], 2, "--memory"),
        (["count", "names.txt", "--order", "2", "-o", "C"], 1, "C: exists already"),
        (["count", "names.txt", "--order", "2", "-o", "no/d"], 1, "no/d: there is no folder"),
        (["count", "nix.txt", "--order", "2", "-o", "d"], 1, "nix.txt: no such file"),
        (["merge", "-o", "d"], 2, "COUNTS"),
        (["merge", "C", "names.txt", "-o", "d"], 1, "names.txt: is no folder of counts"),
    ],
)
def test_what_is_wrong_is_said(
    args: list[str], code: int, message: str, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder.rename("C")
    given = [*args, "-o", "model"] if args[0] == "train" else args
    result = run(*given, code=code)
    assert message in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["C", "names.txt"]


def test_pyarrow_is_an_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    (tmp_path / "a.txt").write_text("emma\n")
    result = run("count", tmp_path / "a.txt", "--order", 2, "-o", tmp_path / "c", code=1)
    assert 'pip install "nextchar[counts]"' in result.stderr


@pytest.mark.parametrize(("name", "says"), [("", "is empty"), ("-", "standard output cannot hold")])
def test_a_folder_needs_a_name(tmp_path: Path, name: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").write_text("emma\n", "utf-8")
    result = CliRunner().invoke(main, ["count", "a", "--order", "2", "-o", name])
    assert result.exit_code == 1
    assert says in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
