"""The options and the help of `train`, which are made from what the settings of the models say of themselves."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from nextchar.cli import main
from nextchar.models.registry import trained

# What `train` could be told in version 0.1.0, and with which models.
OF_OLD: dict[str, tuple[str, ...]] = {
    "bigram": ("add",),
    "ngram": ("order", "smoothing", "add", "tune", "sweeps"),
    "bigram-net": ("solver", "l2", "steps", "learning-rate", "init", "init-seed"),
    "mix": ("seconds", "epochs", "with", "device", "log", "tensorboard", "checkpoint", "resume"),
    **dict.fromkeys(
        ("bow", "mlp", "rnn", "gru", "lstm", "wavenet", "transformer"),
        ("preset", "set", "steps", "epochs", "seconds", "device", "log", "tensorboard", "checkpoint", "resume"),
    ),
}


def run(*args: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["train", *map(str, args)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def names(tmp_path: Path) -> Path:
    path = tmp_path / "names.txt"
    path.write_text("emma\nava\nolivia\nmia\namelia\n", "utf-8")
    return path


def options_of(text: str) -> list[list[str]]:
    """The lines of each option in the first section of options."""
    section = text.split("Options:\n")[1].split("\n\n")[0]
    return [block.splitlines() for block in re.split(r"\n(?=  -)", section)]


def test_help_opens_with_what_everyone_needs() -> None:
    text = run("--help").stdout
    options = options_of(text)
    assert len(options) <= 17  # --text came for those who have a text and no list, --quiet and --verbose are everywhere
    assert all(len(lines) == 1 for lines in options), "one line each"
    wanted = ("--output", "--model", "--set", "--split", "--seed", "--column", "--lower", "--nfc", "--strip")
    assert all(any(name in lines[0] for lines in options) for name in wanted)
    for row in trained():
        assert re.search(rf"^  {row.name} +{re.escape(row.description)}$", text, re.MULTILINE)
    assert "main train --model mlp --help" in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("row", trained(), ids=lambda row: row.name)
def test_help_for_one_model_tells_all_of_it(row: Any) -> None:
    text = run("--model", row.name, "--help").stdout
    assert run("--help", "--model", row.name).stdout == text
    assert text.startswith(
        f"Usage: main train --model {row.name} [OPTIONS] [FILE]...\n\n  {row.name}: {row.description}"
    )
    for entry in row.offered():
        assert (f"--{entry.option}" if entry.option else "--seed" if entry.name == "seed" else f"{entry.name}=") in text
        assert entry.help.split()[0] in text
    for option in OF_OLD.get(row.name, ()):  # a kind that is newer than these options has none of them
        assert f"--{option}" in text
    for rare in ("--unknown", "--label", "--encoding"):
        assert rare in text


def test_ranges_and_defaults_are_shown() -> None:
    text = " ".join(run("--model", "ngram", "--help").stdout.split())
    assert "[default: 4 for add, 8 for pitman-yor, else 6; from 1 to 64]" in text
    assert "[default: 0.1; at least 0]" in text
    text = " ".join(run("--model", "mlp", "--help").stdout.split())
    assert "--set context=N Symbols that it looks back. [default: 10; at least 1]" in text
    assert "small context 5, embedding 12, width 32, layers 1 " in text
    assert "[default: follows from the budget; from 0 to below 1]" in text  # dropout
    assert 'pip install "nextchar[neural]"' in text


def test_help_of_a_model_that_is_not_there() -> None:
    assert "'trigram' is not one of 'bigram', 'ngram'" in run("--model", "trigram", "--help", code=2).stderr


@pytest.mark.parametrize("arguments", [["train", "--help"], ["train", "--help", "--model", "mlp"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom nextchar.cli import main\n"
        f"main({arguments!r}, standalone_mode=False)\nprint(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stderr.split()}
    assert not loaded & {"numpy", "torch", "numba", "rich", "fsspec", "safetensors"}


def test_any_setting_of_any_model(names: Path, tmp_path: Path) -> None:
    out = tmp_path / "m"
    by_text = json.loads(run(names, "-o", out, "--set", "order=3", "--set", "smoothing=kneser-ney", "--json").stdout)
    by_option = json.loads(run(names, "-o", out, "--order", 3, "--smoothing", "kneser-ney", "--json").stdout)
    assert by_text["settings"] == by_option["settings"]
    assert by_text["splits"] == by_option["splits"]
    got = json.loads(run(names, "-o", out, "--model", "mix", "--set", "epochs=1", "--set", "seed=5", "--json").stdout)
    assert got["settings"] == {"seconds": 60, "epochs": 1, "seed": 5, "weights": "importance"}
    got = json.loads(run(names, "-o", out, "--model", "bigram", "--set", "add=1", "--json").stdout)
    assert (got["model"], got["settings"]["add"], got["settings"]["order"]) == ("bigram", 1, 2)


def test_the_seed_is_of_the_split_and_of_the_model(names: Path, tmp_path: Path) -> None:
    names.write_text("\n".join(a + b for a in "abcdef" for b in "aeiou"))
    options = ("--smoothing", "pitman-yor", "--sweeps", 2, "--split", "distinct", "--json")
    got = json.loads(run(names, "-o", tmp_path / "m", *options, "--seed", 4).stdout)
    assert (got["seed"], got["settings"]["seed"]) == (4, 4)
    got = json.loads(run(names, "-o", tmp_path / "m", *options).stdout)
    assert (got["seed"], got["settings"]["seed"]) == (0, 0)
    got = json.loads(run(names, "-o", tmp_path / "m", *options, "--set", "seed=3").stdout)
    assert (got["seed"], got["settings"]["seed"]) == (0, 3)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--order", 3, "--set", "order=3"], 2, "--order and --set order=3 are the same setting; give one of them."),
        (["--model", "ngram", "--seed", 1, "--set", "seed=2"], 2, "--seed and --set seed=2 are the same setting"),
        (["--model", "mix", "--set", "order=3"], 2, "the settings of mix are seconds, epochs, seed"),
        (["--model", "bigram", "--set", "order=3"], 2, "the settings of bigram are add, tune"),
        (
            ["--model", "bigram", "--order", 3],
            2,
            "with --model bigram, which has --add, --tune, --set.",
        ),
        (["--set", "order=0"], 2, "order is a whole number from 1 to 64, not 0"),
        (["--set", "order"], 2, "'order' is not NAME=VALUE; the settings of ngram are order, smoothing"),
        (["--smoothing", "none"], 2, "'none' is not one of 'add', 'witten-bell'"),
        (["--steps", "many", "--model", "gru"], 2, "'many' is not a valid integer"),
        (["--nonsense"], 2, "No such option"),
        (["--model", "gru", "--split", "distinct", "--hold-out", 0.2], 2, "--hold-out goes without --split distinct"),
        (["--model", "mlp", "--split", "lecture", "--set", "hold_out=0"], 2, "--hold-out goes without --split lecture"),
    ],
)
def test_wrong_options(arguments: list[object], code: int, words: str, names: Path, tmp_path: Path) -> None:
    result = run(names, "-o", tmp_path / "m", *arguments, code=code)
    assert words in result.stderr
    assert not (tmp_path / "m").exists()


def test_a_switch_is_yes_or_no_in_the_help() -> None:
    said = CliRunner().invoke(main, ["train", "--model", "mlp", "--help"]).stdout
    assert "--set tanh=yes|no" in said
    assert re.search(r"lecture's net\.\s+\[default:\s+no\]", said)
    assert "layers 0, tanh yes" in said  # of the preset
    for row in trained():
        said = CliRunner().invoke(main, ["train", "--model", row.name, "--help"]).stdout
        for entry in row.offered():
            if entry.type is bool and entry.option is None:
                assert f"--set {entry.name}=yes|no" in said
