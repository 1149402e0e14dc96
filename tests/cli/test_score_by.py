"""`score --by`: a row for each symbol, word or line of a text."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import nextchar
from nextchar.cli import main

TEXT = "To be, or not to be:\nthat is the\n\nquestion\n" * 3
UNITS = ("symbol", "word", "line", "document")


def run(*args: object, code: int = 0, given: bytes | None = None) -> Result:
    result = CliRunner().invoke(main, [str(arg) for arg in args], input=given)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.stderr
    return result


def rows(*args: object, given: bytes | None = None) -> list[dict[str, object]]:
    return [json.loads(line) for line in run("score", *args, "--json", given=given).stdout.splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("by")
    (folder / "text.txt").write_text(TEXT)
    (folder / "other.txt").write_text("not to\nbe")
    nextchar.Ngram(order=3).fit(nextchar.Corpus.from_documents([TEXT])).save(folder / "text")
    options = nextchar.TextOptions(separator="%")
    nextchar.Ngram(order=3).fit(nextchar.Corpus.from_documents([TEXT], options=options)).save(folder / "items")
    nextchar.Ngram(order=3).fit(["to", "be"]).save(folder / "list")
    nextchar.Mix(seconds=0.1).fit(nextchar.Corpus.from_documents([TEXT, TEXT[7:], TEXT[9:]])).save(folder / "mix")
    return folder


@pytest.mark.parametrize("model", ["text", "items", "mix"])
def test_whatever_the_unit_the_text_and_its_cost_are_the_same(folder: Path, model: str) -> None:
    loaded = nextchar.load(folder / model)
    whole = loaded.score([TEXT])[0]
    for unit in UNITS:
        found = rows(folder / model, "--by", unit, folder / "text.txt")
        assert "".join(str(row["item"]) for row in found) == (TEXT[:-1] if model == "items" else TEXT)
        total = sum(float(str(row["nats"])) for row in found)
        if model != "items":  # between separators an item is without its last line end
            assert total == pytest.approx(whole.nats, rel=1e-12)
            each = [nats for row in found for nats in row["surprisal"]]  # type: ignore[attr-defined]
            assert each == pytest.approx(whole.surprisal, rel=1e-9, abs=1e-12)
        assert sum(int(str(row["symbols"])) for row in found) == len(TEXT) + (model != "items")


def test_units_and_their_lines(folder: Path) -> None:
    found = rows(folder / "text", "--by", "word", folder / "other.txt")
    assert [(row["line"], row["item"]) for row in found] == [
        *((1, text) for text in ("not", " ", "to", "\n")),
        *((2, text) for text in ("be", "")),
    ]
    found = rows(folder / "text", "--by", "line", "-", given=b"not to\r\nbe\r\n")  # CRLF is one line end
    assert [(row["line"], row["item"], row["symbols"]) for row in found] == [(1, "not to\n", 7), (2, "be\n", 4)]
    found = rows(folder / "items", "--by", "line", "-", given=b"to be\n%\nthat\nis\n")
    assert [(row["line"], row["item"]) for row in found] == [(1, "to be"), (3, "that\n"), (4, "is")]
    found = rows(folder / "text", "--by", "line", folder / "other.txt", folder / "other.txt")
    assert [(row["line"], row["item"]) for row in found] == [(1, "not to\n"), (2, "be")] * 2


def test_texts_of_the_command_line(folder: Path) -> None:
    found = rows(folder / "text", "--by", "word", "to be")
    assert [row["item"] for row in found] == ["to", " ", "be", ""]
    whole = nextchar.load(folder / "text").score(["to be"])[0].nats
    assert math.fsum(float(str(row["nats"])) for row in found) == pytest.approx(whole, rel=1e-12)


def test_tables(folder: Path) -> None:
    table = run("score", folder / "text", "--by", "word", folder / "other.txt").stdout.splitlines()
    assert table[0] == "    line  nats/symbol        nats  item"
    assert [row.split()[-1] for row in table[1:]] == ["not", "\N{OPEN BOX}", "to", "\\n", "be", "(end)"]
    tsv = run("score", folder / "text", "--by", "line", "--tsv", folder / "other.txt").stdout.splitlines()
    assert [row.split("\t")[:2] for row in tsv] == [["1", "not to\\n"], ["2", "be"]]
    most = run("score", folder / "text", "--by", "symbol", "--most", 1, "--tsv", folder / "text.txt").stdout
    nats = [float(str(row["nats"])) for row in rows(folder / "text", "--by", "symbol", folder / "text.txt")]
    assert float(most.split("\t")[2]) == pytest.approx(max(nats), abs=1e-6)


def test_what_was_read_first_counts(folder: Path) -> None:
    after = ("--after", folder / "text.txt")
    for unit in UNITS:
        found = rows(folder / "text", "--by", unit, folder / "other.txt", *after)
        total = math.fsum(float(str(row["nats"])) for row in found)
        whole = rows(folder / "text", folder / "other.txt", *after)[0]
        assert total == pytest.approx(float(str(whole["nats"])), rel=1e-12)
    said = run("score", folder / "text", "--by", "word", folder / "other.txt", *after).stderr
    assert f"was read first, {len(TEXT)} symbols." in said


def test_a_long_text_comes_in_pieces(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nextchar.data.decoding.BLOCK_BYTES", 7)
    (tmp_path / "long.txt").write_text(TEXT * 5)
    found = rows(folder / "text", "--by", "word", tmp_path / "long.txt")
    assert "".join(str(row["item"]) for row in found) == TEXT * 5
    whole = nextchar.load(folder / "text").score([TEXT * 5])[0].nats
    assert math.fsum(float(str(row["nats"])) for row in found) == pytest.approx(whole, rel=1e-9)


def test_wrong_usage(folder: Path) -> None:
    said = run("score", folder / "list", "--by", "word", folder / "other.txt", code=2).stderr
    assert "--by goes with a model that was trained with --text" in said
    for option in ("--flag", "--rank"):
        said = run("score", folder / "text", "--by", "word", option, folder / "other.txt", code=2).stderr
        assert "--by goes without" in said
    (folder / "unknown.txt").write_text("to be\nZ")
    said = run("score", folder / "text", "--by", "word", folder / "unknown.txt", code=1).stderr
    assert "'Z' (U+005A)" in said
    (folder / "empty.txt").write_text("")
    assert rows(folder / "text", "--by", "word", folder / "empty.txt") == []
