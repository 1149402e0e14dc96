"""`score --rank`: the ranks beside the nats, in each form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import nextchar
from nextchar.cli import main


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    # p(ab) = 2/3 and p(b) = 1/3, and nothing else is possible: ranks 1 and 2.
    model, items = tmp_path / "model.safetensors", tmp_path / "items.txt"
    nextchar.Ngram(order=2, add=0).fit(nextchar.Corpus.from_items(["ab", "ab", "b"])).save(model)
    items.write_text("b\n\nab\naa\n", encoding="utf-8")
    return [str(model), str(items)]


def _out(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["score", *arguments, "--rank"])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_json(files: list[str]) -> None:
    rows = [json.loads(line) for line in _out(*files, "--json").splitlines()]
    assert [row["rank"] for row in rows] == [2, None, 1, "inf"]
    assert [row["rank_exact"] for row in rows] == [True, None, True, True]
    assert [row["rank_low"] for row in rows] == [row["rank_high"] for row in rows] == [2, None, 1, "inf"]


def test_tsv(files: list[str]) -> None:
    rows = [line.split("\t") for line in _out(*files, "--tsv").splitlines()]
    assert [row[-4:] for row in rows] == [["2", "2", "2", "1"], [""] * 4, ["1", "1", "1", "1"], ["inf"] * 3 + ["1"]]


def test_table_and_chosen_ones(files: list[str]) -> None:
    rows = [line.split() for line in _out(*files).splitlines()]
    assert rows[0] == ["nats/symbol", "nats", "rank", "item"]
    assert [row[2] for row in rows[1:]] == ["2", "-", "1", "inf"]
    best = [line.split() for line in _out(*files, "--least", "1").splitlines()]
    assert best[1][-2:] == ["1", "ab"]
