"""The commands upon exact answers, labels and odd items, as a user runs them."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import nextchar
from nextchar.cli import main

ITEMS = ["ab", "aab", "ba", "bb", "abba", "a", "baa"]


def run(*arguments: Any, code: int = 0, stdin: str | None = None) -> Result:
    result = CliRunner().invoke(main, [str(a) for a in arguments], input=stdin)
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "t.txt").write_text("\n".join(ITEMS) + "\n", encoding="utf-8")
    run("train", tmp_path / "t.txt", "-o", tmp_path / "m", "--order", 2, "--add", 0.1)
    return tmp_path / "m"


CONDITIONS = [
    "--prefix",
    "a",
    "--suffix",
    "a",
    "--contains",
    "bb",
    "--match",
    "a[ab]*",
    "--min-length",
    4,
    "--max-length",
    6,
]


def test_sample_with_conditions(model: Path) -> None:
    drawn = run("sample", model, "-n", 200, "--seed", 1, *CONDITIONS).stdout.splitlines()
    assert len(drawn) == 200
    assert all(re.fullmatch("a(?=.*bb).{2,4}a", item) for item in drawn)
    assert drawn[:10] == run("sample", model, "-n", 10, "--seed", 1, *CONDITIONS).stdout.splitlines()
    assert set(run("sample", model, "-n", 50, "--allowed", "a", "--seed", 1).stdout.split()) <= {
        "a" * n for n in range(99)
    }


def test_prob_top_and_info_agree(model: Path, tmp_path: Path) -> None:
    probability = json.loads(run("prob", model, *CONDITIONS, "--json").stdout)["probability"]
    lines = [json.loads(line) for line in run("top", model, "-n", 100, *CONDITIONS, "--json").stdout.splitlines()]
    # ab..ba with bb in it: abba, and of 5 and 6 letters those with bb; the sum of all is the probability
    assert sum(line["probability"] for line in lines) == pytest.approx(probability, rel=1e-12)
    assert sum(line["share"] for line in lines) == pytest.approx(1, rel=1e-12)
    new = json.loads(run("prob", model, "--new", "--data", tmp_path / "t.txt", "--json").stdout)["probability"]
    info = json.loads(run("info", model, "--exact", "--data", tmp_path / "t.txt", "--json").stdout)["exact"]
    assert info["new"] == new
    assert sum(info["lengths"].values()) == pytest.approx(1, abs=1e-5)
    assert "mean length" in run("info", model, "--exact").stdout
    assert "there are no more than" in run("top", model, "-n", 100, *CONDITIONS).stderr
    assert run("prob", model, "--max-length", 3).stdout


def test_not_in_and_new(model: Path, tmp_path: Path) -> None:
    (tmp_path / "no.txt").write_text("b\nbab\nxyz\n", encoding="utf-8")
    drawn = set(run("sample", model, "-n", 300, "--new", "--not-in", tmp_path / "no.txt", "--seed", 1).stdout.split())
    assert not drawn & {*ITEMS, "b", "bab"}
    exact = run("sample", model, "-n", 300, "--new", "--data", tmp_path / "t.txt", "--max-length", 3, "--seed", 1)
    assert not set(exact.stdout.split()) & set(ITEMS)
    listed = [
        line.split()[-1] for line in run("top", model, "-n", 20, "--new", "--min-length", 1).stdout.splitlines()[1:]
    ]
    assert len(listed) == 20
    assert not set(listed) & set(ITEMS)


def test_complete_and_fill(model: Path) -> None:
    document = json.loads(run("complete", model, "ab", "--json").stdout)
    assert sum(entry["share"] for entry in document["next"]) == pytest.approx(1)
    assert document["items"][0]["item"].startswith("ab")
    assert "'ab' starts an item with probability" in run("complete", model, "ab").stdout
    filled = [line.split()[-1] for line in run("fill", model, "a__a", "-n", 9).stdout.splitlines()[1:]]
    assert len(filled) == 4  # aaaa, aaba, abaa, abba
    assert all(re.fullmatch("a..a", item) for item in filled)
    assert run("fill", model, "a??a", "--gap", "?").stdout == run("fill", model, "a__a").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("prob", "--match", "bbbb", "--max-length", 2), "no item of this model meets all the conditions"),
        (("sample", "--match", "é.*"), r"has 'é' (U+00E9), which the model does not know"),
        (("top", "--match", "(a|b)*a(a|b){20}"), "more than 10,000 states"),
        (("prob", "--new"), "give the training data (--data)"),
        (("prob", "--new", "--data", "no.txt"), "no.txt"),
        (("complete", "x"), "the prefix 'x' has 'x'"),
        (("fill", "a_x"), "has 'x'"),
        (("classify", "-"), "not a classifier"),
        (("calibrate", "no.txt"), "no.txt"),
        (("score", "-", "--flag"), "no threshold yet"),
    ],
)
def test_mistakes_are_one_line_and_exit_1(model: Path, arguments: tuple[Any, ...], message: str) -> None:
    result = run(arguments[0], model, *arguments[1:], code=1, stdin="ab\n")
    assert result.stdout == ""
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("top", "--match", "(a"),  # wrong whatever the model
        ("sample", "--suffix", "a", "--min-length", 3, "--max-length", 2),
        ("prob", "--data", "t.txt"),
        ("sample", "--stream", "torch1", "--suffix", "a"),
        ("fill", "a_", "--gap", "xy"),
        ("classify", "--label", "sex"),
        ("info", "--data", "t.txt"),
    ],
)
def test_wrong_usage_is_exit_2(model: Path, arguments: tuple[Any, ...]) -> None:
    run(arguments[0], model, *arguments[1:], code=2)


def test_classify(tmp_path: Path) -> None:
    source = random.Random(0)
    rows = []
    for _ in range(600):
        label = source.choice("xy")
        text = "".join(source.choice(["ab", "ca", "a"] if label == "x" else ["ba", "cb", "b"]) for _ in range(3))
        rows.append(f"{text},{label}")
    (tmp_path / "t.csv").write_text("text,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    trained = run(
        *("train", tmp_path / "t.csv", "-o", tmp_path / "c", "--column", "text", "--label", "label"),
        *("--order", 3, "--add", 0.3),
    )
    assert "classifier of 600 items: x" in trained.stdout
    lines = run("classify", tmp_path / "c", "--json", stdin="ababab\nbbb\n").stdout.splitlines()
    first, second = map(json.loads, lines)
    assert (first["label"], second["label"]) == ("x", "y")
    assert first["probability"] == first["probabilities"]["x"] > 0.8
    assert " ? " in run("classify", tmp_path / "c", "--min-probability", 1, stdin="c\n").stdout
    good = run("classify", tmp_path / "c", tmp_path / "t.csv", "--column", "text", "--label", "label", "--json").stdout
    assert json.loads(good)["accuracy"] > 0.9
    result = run("sample", tmp_path / "c", code=1)
    assert "is a classifier" in result.stderr
    run("train", tmp_path / "t.csv", "-o", tmp_path / "c", "--label", "label", code=2)


def test_calibrate_and_flag(tmp_path: Path) -> None:
    source = random.Random(1)

    def write(name: str, n: int) -> None:
        items = ["".join(source.choice(["ab", "ba", "c"]) for _ in range(source.randint(2, 6))) for _ in range(n)]
        (tmp_path / name).write_text("\n".join(items) + "\n", encoding="utf-8")

    write("t.txt", 60)
    write("good.txt", 2000)
    (tmp_path / "bad.txt").write_text("aaaaaaa\nbbbbbbb\nccabab\n", encoding="utf-8")
    run("train", tmp_path / "t.txt", "-o", tmp_path / "m", "--order", 3)
    document = json.loads(
        run(
            "calibrate", tmp_path / "m", tmp_path / "good.txt", tmp_path / "bad.txt", "--false-alarms", 0.02, "--json"
        ).stdout
    )
    assert document["left_out"] > 0
    assert document["shares"][-1]["items"] == "bad"
    assert document["shares"][-1]["flagged"] >= 2 / 3
    scored = run("score", tmp_path / "m", "--flag", stdin="aaaaaaa\nabba\n").stdout.splitlines()
    assert scored[1].endswith("! aaaaaaa")
    assert scored[2].endswith("  abba")
    lines = run("score", tmp_path / "m", "--flag", "--json", stdin="aaaaaaa\nabba\n").stdout.splitlines()
    assert [json.loads(line)["flagged"] for line in lines] == [True, False]


def test_blend_and_update(model: Path, tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("bab\nabc\n", encoding="utf-8")
    assert "2 items more, 9 in all" in run("update", model, tmp_path / "more.txt", "-o", tmp_path / "u").stdout
    assert nextchar.load(tmp_path / "u").alphabet.characters == "abc"
    run("blend", model, model, "-o", tmp_path / "b", "--share", 0.3)
    assert nextchar.load(tmp_path / "b").nats(["abba"]) == pytest.approx(nextchar.load(model).nats(["abba"]))
    run("blend", model, tmp_path / "u", "-o", tmp_path / "c", "--add-counts")
    assert nextchar.load(tmp_path / "c").provenance.items == 16
    run("blend", model, tmp_path / "u", "-o", tmp_path / "v")  # of which one lacks a character
    assert nextchar.load(tmp_path / "v").alphabet.characters == "abc"
    run("blend", model, model, "-o", tmp_path / "x", "--add-counts", "--share", 0.5, code=2)
