"""The options of all commands in one table: one name for one thing; and wrong usage ends with exit code 2."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import nextchar
from nextchar.cli import main
from nextchar.cli._settings import _options_of_models


def leaves(command: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for inner, found in command.commands.items():
            yield from leaves(found, f"{name} {inner}".strip())
    else:
        yield name, command


def table() -> dict[str, dict[str, click.Option]]:
    """Option name -> command -> option."""
    found: dict[str, dict[str, click.Option]] = {}
    for name, command in leaves(main):
        options = [*command.params, *(_options_of_models() if name == "train" else [])]
        for option in options:
            if isinstance(option, click.Option):
                for flag in option.opts:
                    found.setdefault(flag, {})[name] = option
    return found


TABLE = table()

# A name with values of two kinds, and why it is one thing all the same.
TWO_KINDS = {
    "--output": "where to write: a path, whatever is written",
    "-o": "the same",
    "--hold-out": "a share, or of a mix with nets none",
}


@pytest.mark.parametrize("name", sorted(TABLE))
def test_one_name_is_one_thing(name: str) -> None:
    options = TABLE[name].values()
    kinds = {(option.type.name.removesuffix(" range"), option.multiple, option.is_flag) for option in options}
    assert len(kinds) == 1 or name in TWO_KINDS, {key: option.type.name for key, option in TABLE[name].items()}


def test_a_weight_is_a_column_and_only_where_it_counts() -> None:
    assert {option.metavar for option in TABLE["--weight"].values()} == {"NAME"}
    taking = {"train", "evaluate", "count", "combine", "compile", "update", "compare", "equivalence"}
    assert set(TABLE["--weight"]) == taking, "the others say the same of an item however often it counts"
    assert set(TABLE["--share"]) == {"blend"}


def test_data_is_what_a_model_was_trained_on() -> None:
    assert set(TABLE["--data"]) == {"sample", "prob", "top", "info", "combine"}
    assert set(TABLE["--names"]) == {"reproduce", "pitfalls", "web"}, "a list in place of the lesson's"
    assert set(TABLE["--counts"]) == {"train"}
    assert set(TABLE["--add-counts"]) == {"blend"}


@pytest.mark.parametrize("command", ["score", "classify", "calibrate"])
def test_help_lists_what_is_taken(command: str) -> None:
    help_ = CliRunner().invoke(main, [command, "--help"]).stdout
    assert "--column" in help_
    assert "--weight" not in help_


def test_how_many_items_are_wanted_is_n() -> None:
    assert set(TABLE["-n"]) == {"sample", "top", "complete", "fill"}
    assert "-k" not in TABLE
    assert {option.name for option in TABLE["-n"].values()} == {"count"}


def test_bounds_are_called_min_and_max() -> None:
    assert {name for name in TABLE if name.startswith(("--min", "--max"))} == {
        *("--min-length", "--max-length", "--min-distance", "--min-probability", "--min-count")
    }
    assert set(TABLE["--least"]) == set(TABLE["--most"]) == {"score"}  # items, not bounds


def test_what_writes_takes_o() -> None:
    writing = {name for name, _ in leaves(main) if name.split()[0] in ("plot", "export", "import")}
    writing |= {
        "train",
        "sample",
        "score",
        "classify",
        "calibrate",
        "blend",
        "combine",
        "compile",
        "update",
        "count",
        "merge",
    }
    assert set(TABLE["--output"]) == set(TABLE["-o"]) == writing


def test_every_option_is_explained() -> None:
    for name, options in TABLE.items():
        for command, option in options.items():
            assert option.help, (command, name)


WRONG = """
sample m -n -1
sample m -n x
sample m --temperature -1
sample m --temperature nan
sample m --top-k 0
sample m --top-p 0
sample m --top-p 1.5
sample m --seed -1
sample m --seed 99999999999999999999
sample m --min-length -1
sample m --max-length 0
sample m --max-length -1
sample m --min-length 5 --max-length 3
sample m --min-distance -1
sample m --sort up
sample m --stream torch3
sample m --match (
sample m --json --tsv
sample m --data few
sample m --delimiter ;
sample m --no-header
prob m --column 1
top m --encoding cp1252
sample m --errors skip
score m few --column 1 --weight 2
blend m m -o z --weight 0.3
sample m --stream torch1 --suffix a
top m -n 0
top m --min-length 9 --max-length 3
top m --match [
prob m --max-length -1
fill m a_ --gap ab
complete m
train few -o z --order 0
train few -o z --order x
train few -o z --add -1
train few -o z --order 2 --smoothing none
train few -o z --set order=0
train few -o z --set foo=1
train few -o z --set foo
train few -o z --model foo
train few -o z --seed -1
train few -o z --split half
train few -o z --encoding klingon
train few -o z --weight n
train few -o z --label x
train few -o z --column 1 --delimiter abc
train few
score m few --most 0
score m few --most 1 --least 1
score m few --encoding klingon
score m few --errors ignore
evaluate m few --encoding klingon
classify m few --min-probability 2
classify m few --none-rate 2
calibrate m few --false-alarms 2
calibrate m few --false-alarms 0
blend m m -o z --share 2
blend m m -o z --share nan
blend m m -o z --add-counts --share 0.3
combine m -o z --data few --split distinct
combine m m -o z --data few --split half
combine m m -o z --data few --split distinct --seed -1
compile m few -o z --context 0
compare few --seconds 0
compare few --seconds nan
compare few --seed -1
compare few --models foo
compare few --plot x.jpg
plot counts m -o x.jpg
plot foo m -o x.png
equivalence few --plot x.jpg
export m
export m x.arpa.bz2
import few -o z --encoding klingon
pitfalls 1
pitfalls a --all
web --port 99999
data fetch foo
data path foo
data fetch makemore-names --url ftp://x
info m --data few
info m --bar
nothing
"""
NETS = """
train few -o z --model mlp --seconds 0
train few -o z --model mlp --seconds -1
train few -o z --model mlp --learning-rate -1
train few -o z --model mlp --device foo
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("place")
    items = ["emma", "ava", "mia"]
    (folder / "few").write_text("\n".join(items), "utf-8")
    nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(items)).save(folder / "m")
    nextchar.Classifier().fit(["emma", "ava", "bob", "jack"] * 3, ["f", "f", "m", "m"] * 3).save(folder / "c")
    return folder


@pytest.mark.parametrize("line", WRONG.strip().splitlines())
def test_wrong_usage(line: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    before = sorted(place.iterdir())
    result = CliRunner().invoke(main, shlex.split(line))
    assert isinstance(result.exception, SystemExit), result.exception
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    assert result.stderr.startswith("Usage: ")
    assert "Error: " in result.stderr
    assert sorted(place.iterdir()) == before


@pytest.mark.parametrize("line", NETS.strip().splitlines())
def test_wrong_usage_of_nets(line: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    test_wrong_usage(line, place, monkeypatch)


# Of each command that takes numbers with a fraction, what it needs beside one.
TAKES_NUMBERS = {
    "sample": "sample m",
    "compare": "compare few",
    "blend": "blend m m -o z",
    "update": "update m few -o z",
    "classify": "classify c few",
    "calibrate": "calibrate m few -o z",
}
FRACTIONS = sorted(
    (command, flag)
    for flag, options in TABLE.items()
    for command, option in options.items()
    if isinstance(option.type, click.types.FloatParamType) and flag.startswith("--")
)
OF_MODELS = {
    "--add": "ngram",
    "--l2": "bigram-net",
    "--share": "mix",
    "--min-share": "mix",
    "--epochs": "mlp",
    "--seconds": "mlp",
    "--learning-rate": "mlp",
    "--hold-out": "mlp",
}


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "-1", "1e400"])
@pytest.mark.parametrize(("command", "flag"), FRACTIONS)
def test_no_number_at_all(command: str, flag: str, value: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong whatever the model and the data; the message names the option."""
    monkeypatch.chdir(place)
    line = TAKES_NUMBERS[command] if command != "train" else f"train few -o z --model {OF_MODELS[flag]}"
    result = CliRunner().invoke(main, [*line.split(), f"{flag}={value}"])
    assert result.exit_code == 2, (line, result.output)
    assert flag in result.stderr.splitlines()[-1]
    assert not (place / "z").exists()


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("train few -o z --model mlp --hold-out 0.6", "--hold-out"),
        ("train few -o z --model mlp --set width=0", "--set width="),
        ("train few -o z --order 99", "--order"),
        ("train few -o z --set order=99", "--order"),
        ("train few -o z --min-count 1;2", "--min-count"),
        ("sample m --top-p 2", "--top-p"),
        ("prob m --max-length -1", "--max-length"),
        ("sample m -n -1", "-n"),
        ("sample m --match (", "--match"),
        ("compare few --seed -1", "--seed"),
    ],
)
def test_an_error_names_the_option(line: str, option: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    result = CliRunner().invoke(main, shlex.split(line.replace("(", "'('").replace(";", "';'")))
    assert result.exit_code == 2
    assert f"({option}" in result.stderr.splitlines()[-1], result.stderr


@pytest.mark.parametrize("text", ["1,1,2", "1 1 2", "1, 1, 2", " 1  1,2 "])
def test_several_numbers_with_commas_or_blanks(text: str, tmp_path: Path, place: Path) -> None:
    line = ["train", place / "few", "-o", tmp_path / "z", "--order", 3, "--min-count", text]
    assert CliRunner().invoke(main, list(map(str, line))).exit_code == 0
    settings = nextchar.load(tmp_path / "z").settings
    assert isinstance(settings, nextchar.Ngram)
    assert settings.min_count == (1, 1, 2)
