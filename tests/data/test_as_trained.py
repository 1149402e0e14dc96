"""Lists beside a model: the table that it was trained on, other tables and plain lists, each read as it is meant."""

from __future__ import annotations

import json
import math
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import nextchar
from nextchar.cli import main
from nextchar.data.as_trained import format_as_trained, read_as_trained
from nextchar.data.corpus import Corpus
from nextchar.data.format import Format
from nextchar.data.provenance import Provenance
from nextchar.errors import CorpusError
from nextchar.models.registry import load

TABLE = 'id;Vorname;n\r\n1;Zoë;3\r\n2;ava;4\r\n3;"O""Neil, x";2\r\n'
NAMES = ["Zoë", "ava", 'O"Neil, x']


@pytest.fixture(autouse=True)
def _quiet() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def trained_on(path: Path, **how: Any) -> Provenance:
    return Provenance.of(Corpus.read([path], Format(**how)))


def read(path: Path, seen: Provenance, **given: Any) -> list[str]:
    return [item for part in read_as_trained([str(path)], seen, **given) for item in part]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
@pytest.mark.parametrize("column", ["Vorname", "vorname", "2"])
def test_the_table_of_the_training(tmp_path: Path, column: str, encoding: str) -> None:
    path = tmp_path / "list.data"
    path.write_bytes(TABLE.encode(encoding))
    seen = trained_on(path, column=column, weight="n", encoding=encoding, delimiter=";")
    assert read(path, seen) == NAMES
    plain = tmp_path / "plain.txt"
    plain.write_bytes("emma\nZoë\n".encode(encoding))
    assert read(plain, seen) == ["emma", "Zoë"]
    other = tmp_path / "other.csv"
    other.write_bytes("n,Vorname\r\n1,Noël\r\n".encode(encoding))
    if column != "2":
        assert format_as_trained(str(other), seen).column == column


def test_a_table_without_a_header_is_known_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "list.data"
    path.write_bytes(b"emma,1\nava,2\n")
    seen = trained_on(path, column="1", header=False)
    assert read(path, seen) == ["emma", "ava"]
    (tmp_path / "b.csv").write_bytes(b"mia,3\n")
    (tmp_path / "b.txt").write_bytes(b"mia,3\n")
    assert read(tmp_path / "b.csv", seen) == ["mia"]
    assert read(tmp_path / "b.txt", seen) == ["mia,3"]


def test_utf8_is_seen_though_the_training_was_in_another_encoding(tmp_path: Path) -> None:
    path, other = tmp_path / "a.txt", tmp_path / "b.txt"
    path.write_bytes("Zoë\n".encode("cp1252"))
    other.write_bytes("Zoë\n".encode())
    seen = trained_on(path, encoding="cp1252")
    assert read(path, seen) == read(other, seen) == ["Zoë"]


def test_what_is_said_goes_before_what_is_remembered(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TABLE.encode("cp1252"))
    seen = trained_on(path, column="Vorname", encoding="cp1252")
    assert read(path, seen, column="id") == ["1", "2", "3"]
    seen = replace(seen, source=None)  # as of a model that was put together from others
    assert read(path, seen, column="Vorname", encoding="cp1252") == NAMES
    assert len(read(path, seen, encoding="cp1252")) == 4, "whole lines"


@pytest.mark.parametrize("how", [(), ("--column", "Vorname"), ("--column", "2")])
def test_the_commands_know_the_table(tmp_path: Path, how: tuple[str, ...]) -> None:
    table, model = tmp_path / "a.csv", tmp_path / "m"
    table.write_bytes(TABLE.encode("cp1252"))

    def run(*args: object) -> str:
        result = CliRunner().invoke(main, [str(arg) for arg in args])
        assert result.exit_code == 0, result.stderr
        return result.stdout

    run("train", table, "-o", model, "--column", "vorname", "--encoding", "cp1252", "--model", "ngram", "--order", "3")
    source = load(model).provenance.source
    assert source is not None
    assert source.format == Format(column="vorname", encoding="cp1252")
    known = sum(math.exp(-one.nats) for one in load(model).score(NAMES))
    without = nextchar.given(load(model)).probability - known  # of all items, less that of the three

    for option in (("--not-in", table), ("--new", "--data", table)):
        found = json.loads(run("prob", model, *option, *how, "--json"))["probability"]
        assert found == pytest.approx(without, rel=1e-9)
        drawn = run("sample", model, "-n", 50, *option, *how).splitlines()
        assert not set(drawn) & set(NAMES)


@pytest.mark.parametrize("given", [{"delimiter": ";"}, {"header": False}])
def test_what_is_said_of_a_table_needs_a_column(tmp_path: Path, given: dict[str, Any]) -> None:
    (tmp_path / "plain.txt").write_bytes(b"emma\nava\n")
    (tmp_path / "table.csv").write_bytes(b"name;n\nemma;1\n")
    seen = trained_on(tmp_path / "plain.txt")
    for name in ("plain.txt", "table.csv"):  # the model was trained on a list, and knows of no column
        with pytest.raises(CorpusError, match=f"{name}: .* of tables, and which column to read is not known"):
            read(tmp_path / name, seen, **given)
    assert read(tmp_path / "table.csv", seen, column="1", **given)[-1] == "emma"
    known = trained_on(tmp_path / "table.csv", column="name")
    if "delimiter" in given:
        assert read(tmp_path / "table.csv", known, **given) == ["emma"]
