"""Options that are given twice, in every command; and options of `train` that would change nothing."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from nextchar.cli import main


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def options_once() -> list[tuple[list[str], click.Option]]:
    """Every option of every command that may be given once, after the command's name; of those in groups too."""
    found: list[tuple[list[str], click.Option]] = []

    def add(command: click.Command, name: list[str]) -> None:
        if isinstance(command, click.Group):
            for inner, below in command.commands.items():
                add(below, [*name, inner])
            return
        options = [option for option in command.params if isinstance(option, click.Option)]
        found.extend((name, one) for one in options if not (one.multiple or one.count or one.is_eager))

    add(main, [])
    return found


def test_every_option_of_every_command_is_refused_twice() -> None:
    assert len(options_once()) > 100
    for name, option in options_once():
        value = [] if option.is_flag else ["1"] * option.nargs
        once = [option.opts[0], *value]
        result = run(*name, *once, *once, code=2)
        assert f"{' or '.join([*option.opts, *option.secondary_opts])} is given twice; give it once." in result.stderr
        assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sample", "m", "-n", 3, "-n", 3, "-n", 4], "-n is given 3 times"),
        (["train", "t.txt", "-o", "m", "--strip", "--no-strip"], "--strip or --no-strip is given twice"),
        (["train", "t.txt", "-o", "m", "--order", 2, "--order", 3], "--order is given twice"),  # made from settings
        (["train", "t.txt", "-o", "m", "--model", "mix", "--model", "ngram"], "--model is given twice"),
        (["score", "m", "--json", "--json"], "--json is given twice"),
    ],
)
def test_messages(arguments: list[object], words: str) -> None:
    assert f"Error: {words}; give it once." in run(*arguments, code=2).stderr


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = [(a + b, "x" if a < "d" else "y", 1 + ord(b) % 3) for a in "abcdefg" for b in "aeiouvwxyz"]
    path = tmp_path / "t.csv"
    path.write_text("text,label,n\n" + "".join(f"{t},{k},{n}\n" for t, k, n in [*rows, *rows[:5]]), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--seed", 3], "--seed 3 would change nothing"),
        (["--seed", 3, "--order", 2], "--seed 3 would change nothing"),
        (["--seed", 3, "--split", "lecture"], "the split lecture has its own"),
        (["--label", "label", "--seed", 3], "--seed 3 would change nothing"),
        (["--label", "label", "--unknown"], "--unknown goes without --label"),
        (["--label", "label", "--model", "mix"], "--label goes with --model ngram"),
        (["--sweeps", 5], "--sweeps goes with --smoothing pitman-yor; here it would change nothing."),
        (["--set", "seed=5"], "--set seed goes with --smoothing pitman-yor"),
        (["--smoothing", "absolute", "--add", 0.1], "--add goes with --smoothing add"),
        (["--model", "bigram-net", "--steps", 5], "--steps goes with --solver gd or lecture"),
        (["--model", "bigram-net", "--init", "zeros"], "--init goes with --solver gd or lecture"),
        (["--model", "mix", "--seconds", 5, "--epochs", 1], "--seconds goes without --epochs"),
    ],
)
def test_options_that_would_change_nothing(options: list[object], words: str, table: Path, tmp_path: Path) -> None:
    assert words in run("train", table, "--column", "text", "-o", tmp_path / "m", *options, code=2).stderr
    assert not (tmp_path / "m").exists()


def test_what_train_is_told_of_labels_is_used(table: Path, tmp_path: Path) -> None:
    def train(*options: object) -> dict[str, object]:
        command = ("train", table, "--column", "text", "--label", "label", "-o", tmp_path / "m", "--order", 2)
        document: dict[str, object] = json.loads(run(*command, "--json", *options).stdout)
        return document

    # 7 letters by 10 make 70 texts, 30 of them with x, and the first 5, of the label x, are there twice
    plain = train()
    assert (plain["items"], plain["labels"], plain["repeats"], plain["splits"]) == (75, {"x": 35, "y": 40}, 0, {})
    once = train("--distinct")
    assert (once["items"], once["labels"], once["repeats"]) == (70, {"x": 30, "y": 40}, 5)
    weighted = train("--weight", "n")
    assert (weighted["weight"], weighted["labels"]) == ("n", {"x": 35, "y": 40})
    assert weighted["temperature"] != plain["temperature"]
    first, again, other = (train("--split", "distinct", "--seed", seed) for seed in (0, 0, 1))
    assert first["splits"] == again["splits"]
    assert first["splits"] != other["splits"]
    assert (first["split"], first["seed"], other["seed"]) == ("distinct", 0, 1)
    shown = run("train", table, "--column", "text", "--label", "label", "-o", tmp_path / "m", "--split", "distinct")
    assert "validation" in shown.stdout
    assert "5 repeated items were left out." in shown.stdout
