"""What `sample` writes, and where."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rapidfuzz.distance import Levenshtein

import nextchar
from nextchar.cli import main

ITEMS = ["emma", "ava", "mia", "anna", "lia", "mila", "ella", "nora", "ada", "amelia", "elena", "lina"]


def run(*args: object) -> Result:
    result = CliRunner().invoke(main, ["sample", *map(str, args)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("place")
    (folder / "items").write_text("\n".join(ITEMS), "utf-8")
    nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(ITEMS)).save(folder / "m")
    return folder


def test_columns(place: Path) -> None:
    plain = run(place / "m", "-n", 5, "--seed", 3).stdout.splitlines()
    model = nextchar.load(place / "m")
    rows = [line.split("\t") for line in run(place / "m", "-n", 5, "--seed", 3, "--tsv").stdout.splitlines()]
    assert [row[0] for row in rows] == plain
    assert [int(row[2]) for row in rows] == [len(item) + 1 for item in plain]
    for (_, nats, _), score in zip(rows, model.score(plain), strict=True):
        assert float(nats) == pytest.approx(score.nats, abs=5.1e-7)  # six decimals
    documents = [json.loads(line) for line in run(place / "m", "-n", 5, "--seed", 3, "--json").stdout.splitlines()]
    assert documents == [
        {"item": score.item, "nats": pytest.approx(score.nats), "symbols": score.symbols}
        for score in model.score(plain)
    ]


def test_a_tab_and_a_backslash_in_columns(tmp_path: Path) -> None:
    nextchar.Ngram(order=4, add=0).fit(nextchar.Corpus.from_items(["a\tb\\c"])).save(tmp_path / "m")
    assert run(tmp_path / "m", "-n", 1, "--tsv").stdout.split("\t")[0] == r"a\tb\\c"


def test_order(place: Path) -> None:
    drawn = run(place / "m", "-n", 50, "--seed", 1).stdout.splitlines()
    assert run(place / "m", "-n", 50, "--seed", 1, "--sort", "alphabet").stdout.splitlines() == sorted(drawn)
    nats = dict(zip(drawn, nextchar.load(place / "m").nats(drawn).tolist(), strict=True))
    wanted = sorted(drawn, key=lambda item: (nats[item], item))
    for how in (["--sort"], ["--sort", "probability"]):
        assert run(place / "m", "-n", 50, "--seed", 1, *how).stdout.splitlines() == wanted


@pytest.mark.parametrize("how", [[], ["--json"], ["--tsv", "--sort"]])
def test_a_file_has_what_standard_output_has(place: Path, tmp_path: Path, how: list[str]) -> None:
    printed = run(place / "m", "-n", 20, "--seed", 1, *how).stdout_bytes
    for out in ("-", "/dev/stdout"):
        assert run(place / "m", "-n", 20, "--seed", 1, *how, "-o", out).stdout_bytes == printed
    result = run(place / "m", "-n", 20, "--seed", 1, *how, "-o", tmp_path / "out")
    assert (result.stdout, (tmp_path / "out").read_bytes()) == ("", printed)


def test_several_prefixes(place: Path) -> None:
    items = run(place / "m", "-n", 60, "--seed", 1, "--prefix", "a", "--prefix", "el").stdout.splitlines()
    assert {item[0] for item in items} == {"a", "e"}
    assert all(item.startswith(("a", "el")) for item in items)


def test_distance_from_known_items(place: Path, tmp_path: Path) -> None:
    options = (place / "m", "-n", 30, "--seed", 1, "--min-distance", 2)
    items = run(*options, "--data", place / "items", "--distinct").stdout.splitlines()
    assert len(set(items)) == 30
    assert min(Levenshtein.distance(item, other) for item in items for other in ITEMS) >= 2
    (tmp_path / "taken").write_text("emma\nela\n", "utf-8")
    items = run(*options, "--not-in", tmp_path / "taken").stdout.splitlines()
    assert min(Levenshtein.distance(item, other) for item in items for other in ("emma", "ela")) >= 2
    assert set(items) & set(ITEMS)
    result = run(*options)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "give the training data (--data)" in result.stderr
    result = run(place / "m", "--min-distance", 9, "--max-length", 3, "--data", place / "items", "-o", tmp_path / "out")
    assert (result.exit_code, (tmp_path / "out").exists()) == (1, False)
    assert "ask for fewer edits (--min-distance)" in result.stderr


def test_a_sorted_list_has_a_bound(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(place / "m", "-n", 10**12, "--sort")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "with it -n is at most 10,000,000, not 1000000000000" in result.stderr
    monkeypatch.setattr(sys.modules["nextchar.cli.sample"], "MOST_SORTED", 20)
    result = run(place / "m", "-n", 30, "--sort", "--distinct", "-o", place / "sorted")
    assert (result.exit_code, (place / "sorted").exists()) == (2, False)
    assert "here are more than 20" in result.stderr
    assert len(run(place / "m", "-n", 20, "--sort", "--distinct").stdout.splitlines()) == 20
