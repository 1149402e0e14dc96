"""What stands for the input: files, data sets by name, texts; and how it is read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nextchar.cli import main
from nextchar.data.corpus import Corpus
from nextchar.models.ngram.model import Ngram


def run(*args: object, stdin: bytes | None = None, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(arg) for arg in args], input=stdin)
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "m.safetensors"
    Ngram(order=2).fit(Corpus.from_items(["emma", "ava", "olivia"])).save(path)
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def items(result: Result) -> list[tuple[int, str]]:
    return [(line["line"], line["item"]) for line in map(json.loads, result.stdout.splitlines())]


def test_texts_are_scored_where_no_files_are(model: Path, here: Path) -> None:
    both = run("score", model, "emma", "olivia", "--json")
    assert items(both) == [(1, "emma"), (2, "olivia")]
    assert both.stdout == run("score", model, "--json", stdin=b"emma\nolivia\n").stdout
    alone = run("score", model, "emma", "--json")
    assert items(alone) == [(1, "emma")]
    assert alone.stderr == "Note: emma: no such file, so it is a text.\n"
    (here / "emma").write_text("ava\nmia\n", encoding="utf-8")
    assert [item for _, item in items(run("score", model, "emma", "--json", "--errors", "skip"))] == ["ava", "mia"]


@pytest.mark.parametrize("name", ["no.txt", "no/folder", "NO.CSV", "no.gz", "./emma"])
def test_what_looks_like_a_file_and_is_not_there_is_an_error(model: Path, here: Path, name: str) -> None:
    assert f"{name}: no such file" in run("score", model, name, code=1).stderr
    assert "give one file, or texts alone" in run("score", model, "emma", name, code=2).stderr


def test_a_file_among_texts_is_refused(model: Path, here: Path) -> None:
    (here / "emma").write_text("ava\n", encoding="utf-8")
    for texts in (("emma", "olivia"), ("olivia", "-"), ("olivia", "makemore-names")):
        assert "give one file, or texts alone" in run("score", model, *texts, code=2).stderr
    assert "no --column" in run("score", model, "olivia", "--column", "name", code=2).stderr


def test_errors_of_texts_count_items(model: Path, here: Path) -> None:
    assert "item 2, character 1: the model does not know 'z'" in run("score", model, "ava", "zoe", code=1).stderr
    skipped = run("score", model, "zoe", "ava", "a\nb", "--errors", "skip", "--json")
    assert "2 lines skipped, the first: item 1, character 1" in skipped.stderr
    assert [json.loads(line)["nats"] is None for line in skipped.stdout.splitlines()] == [True, False, True]


def test_a_data_set_stands_for_its_file_where_there_is_none(tmp_path: Path, here: Path) -> None:
    model = tmp_path / "m2"
    got = json.loads(run("train", "names-2018", "-o", model, "--model", "bigram", "--json").stdout)
    assert got["items"] == 32_178  # all of its column `name`
    assert got["alphabet_size"] == 1 + 52
    weighted = ("--column", "name", "--weight", "births")
    got = json.loads(run("train", "names-2018", "-o", model, "--model", "bigram", "--json", *weighted).stdout)
    assert got["weight"] > 3_000_000
    assert "32,178" in run("evaluate", model, "names-2018").stdout
    (here / "names-2018").write_text("emma\n", encoding="utf-8")
    assert json.loads(run("train", "names-2018", "-o", model, "--model", "bigram", "--json").stdout)["items"] == 1
    assert len(Corpus.from_file("names-2018")) == 1


def test_a_data_set_that_is_not_here_says_how_to_get_it(
    tmp_path: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NEXTCHAR_NAMES", raising=False)
    monkeypatch.setattr("nextchar.data.download.cache_folder", lambda: tmp_path / "empty")
    says = run("train", "makemore-names", "-o", tmp_path / "m", code=1).stderr
    assert "makemore-names is not on this machine. Fetch it with: nextchar data fetch makemore-names" in says


@pytest.mark.parametrize(
    ("given", "sign"), [("tab", "\t"), ("\\t", "\t"), ("semicolon", ";"), ("pipe", "|"), ("comma", ","), ("^", "^")]
)
def test_delimiters_may_be_written_out(tmp_path: Path, given: str, sign: str) -> None:
    table = tmp_path / "a.dat"
    table.write_text(f"name{sign}n\nemma{sign}2\nava{sign}3\n", encoding="utf-8")
    how = ("--column", "name", "--weight", "2", "--delimiter", given)
    got = json.loads(run("train", table, "-o", tmp_path / "m", "--model", "bigram", "--json", *how).stdout)
    assert (got["items"], got["weight"]) == (2, 5)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--delimiter", ";"), "--delimiter needs --column"),
        (("--no-header",), "--no-header needs --column"),
        (("--errors", "ignore"), "'ignore' is not one of"),
    ],
)
@pytest.mark.parametrize("command", ["train", "evaluate", "score", "calibrate", "update"])
def test_options_that_do_not_go_together(model: Path, command: str, options: tuple[str, ...], says: str) -> None:
    output = ("-o", "x") if command in ("train", "update") else ()
    before = () if command == "train" else (model,)
    assert says in run(command, *before, "a.txt", *output, *options, code=2).stderr


@pytest.mark.parametrize("command", ["train", "evaluate", "update"])
def test_a_weight_needs_the_column_of_the_items(model: Path, command: str) -> None:
    before = () if command == "train" else (model,)
    output = () if command == "evaluate" else ("-o", "x")
    said = run(command, *before, "a.txt", *output, "--weight", "n", code=2).stderr
    assert "--weight needs --column" in said


@pytest.mark.parametrize("command", ["train", "evaluate", "score", "calibrate", "update"])
def test_every_command_that_reads_lines_can_skip_bad_ones(tmp_path: Path, model: Path, command: str) -> None:
    data = tmp_path / "a.txt"
    data.write_bytes(b"emma\nno\xe9l\n" + b"ava\nolivia\neva\nvila\nliam\n" * 40)
    output = ("-o", tmp_path / "x") if command in ("train", "update", "calibrate") else ()
    before = () if command == "train" else (model,)
    assert "line 2, byte 8" in run(command, *before, data, *output, code=1).stderr
    for errors, says in (("skip", "1 line skipped"), ("replace", "1 line ")):
        result = run(command, *before, data, *output, "--errors", errors)
        assert f"Note: {says}" in result.stderr
        assert "line 2, byte 8" in result.stderr
