"""Splits: no item on two sides; the published ones; and by tails, the end of each text, cut at a character."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import nextchar
from nextchar import Corpus, Ngram, TextOptions, TrainingFiles
from nextchar.cli import main
from nextchar.data.splits import beginning, heads, hold_out, split, tenths
from nextchar.errors import CorpusError, NextcharError, SettingsError

TEXTS = [f"{i:x}" for i in range(1000)]


def parts(corpus: Corpus, seed: int = 0) -> tuple[set[str], set[str], set[str]]:
    done = split(corpus, "distinct", seed=seed)
    return set(done.train), set(done.validation), set(done.test)


def test_no_item_stands_on_two_sides() -> None:
    corpus = Corpus.from_items(TEXTS + TEXTS[:300])
    train, validation, test = parts(corpus)
    assert (len(train), len(validation), len(test)) == (800, 100, 100)
    assert not train & validation | train & test | validation & test
    assert train | validation | test == set(TEXTS)
    assert split(corpus, "distinct").repeats == 300


def test_the_order_of_the_file_does_not_matter_and_the_seed_does() -> None:
    shuffled = TEXTS.copy()
    random.Random(3).shuffle(shuffled)
    assert parts(Corpus.from_items(shuffled)) == parts(Corpus.from_items(TEXTS))
    assert parts(Corpus.from_items(TEXTS), seed=1) != parts(Corpus.from_items(TEXTS), seed=2)


def test_weights_go_with_their_items() -> None:
    corpus = Corpus.from_items(TEXTS, [i + 1 for i in range(1000)])
    done = split(corpus, "distinct")
    for part in (done.train, done.validation, done.test):
        assert part.weights is not None
        assert part.weights.tolist() == [int(item, 16) + 1 for item in part]


def test_the_published_splits_of_the_names(names: Corpus) -> None:
    # the ledger: 146 validation and 159 test names of the EurekaLabs split occur in training
    done = split(names, "eurekalabs")
    assert [len(p) for p in (done.train, done.validation, done.test)] == [30033, 1000, 1000]
    known = np.unique(done.train.fingerprints())
    assert [p.count_in(known) for p in (done.validation, done.test)] == [146, 159]
    assert done.note is not None
    # the lecture shuffles the list of words itself
    words = list(names)
    random.Random(42).shuffle(words)
    lecture = split(names, "lecture")
    assert list(lecture.train) == words[:25626]
    assert list(lecture.validation) == words[25626:28829]
    assert list(lecture.test) == words[28829:]


def test_too_few_items() -> None:
    few = Corpus.from_items(["a", "b"])
    for name in ("distinct", "eurekalabs", "lecture"):
        with pytest.raises(SettingsError, match="needs at least"):
            split(few, name)
    with pytest.raises(SettingsError, match="no split 'thirds'"):
        split(few, "thirds")


DOCUMENTS = TextOptions(documents=True)
TEXT = "abcdefghij\nklmnopqrst\nu"  # 23 characters


def test_a_text_is_cut_at_a_character_as_nanogpt_cuts_it() -> None:
    # data[: int(n * 0.9)] of n = 23: 20 characters, and 3 are left
    done = split(Corpus.from_documents([TEXT]), "tail:0.1")
    assert (list(done.train), list(done.validation), len(done.test)) == ([TEXT[:20]], [TEXT[20:]], 0)
    assert done.train.alphabet == done.validation.alphabet


def test_the_test_part_is_at_the_very_end() -> None:
    # 23 x 0.75 = 17.25 and 23 x 0.9 = 20.7
    done = split(Corpus.from_documents([TEXT]), "tail:0.15,0.1")
    assert [list(part) for part in (done.train, done.validation, done.test)] == [
        [TEXT[:17]],
        [TEXT[17:20]],
        [TEXT[20:]],
    ]


def test_of_several_texts_each_gives_its_end_and_a_list_its_last_items() -> None:
    done = split(Corpus.from_documents([TEXT, "xy", "0123456789"]), "tail:0.2")
    assert list(done.train) == [TEXT[:18], "x", "01234567"]  # 18.4, 1.6, 8
    assert list(done.validation) == [TEXT[18:], "y", "89"]
    done = split(Corpus.from_items([f"item{i}" for i in range(10)], range(10)), "tail:.1,.2")
    assert [list(part) for part in (done.validation, done.test)] == [["item7"], ["item8", "item9"]]
    assert done.test.weights is not None
    assert done.test.weights.tolist() == [8, 9]
    items = Corpus.from_items(["one\ntwo", "three", "four"] * 5, options=TextOptions(separator="%"))
    assert list(split(items, "tail:0.2").validation) == ["one\ntwo", "three", "four"]


def test_shares_are_exact() -> None:
    # in binary, 1 - 0.1 - 0.2 is a little less than 0.7, and a hundred times that a little less than 70
    done = split(Corpus.from_documents(["x" * 100]), "tail:0.1,0.2")
    assert [part.symbols for part in (done.train, done.validation, done.test)] == [71, 11, 21]


@pytest.mark.parametrize(
    "name", ["tail", "tail:", "tail:0", "tail:1", "tail:0.5,0.5", "tail:-0.1", "tail:nan", "tail:0.1,0", "tail:10%"]
)
def test_shares_that_are_none(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"tail:0\.1,0\.1"):
        split(Corpus.from_documents([TEXT]), name)
    (tmp_path / "a.txt").write_text(TEXT)
    found = CliRunner().invoke(main, ["train", str(tmp_path / "a.txt"), "--text", "--split", name, "-o", "-"])
    assert found.exit_code == 2
    assert "tail:0.1,0.1" in found.stderr


def test_a_part_that_would_be_empty_is_refused() -> None:
    with pytest.raises(SettingsError, match="1 character"):
        split(Corpus.from_documents(["a"]), "tail:0.1")
    with pytest.raises(SettingsError, match="2 items"):
        split(Corpus.from_items(["a", "b"]), "tail:0.1,0.1")
    with pytest.raises(SettingsError, match=r"tail:0\.1,0\.1"):
        split(Corpus.from_documents([TEXT]), "distinct")


def test_what_is_held_out_by_default_is_the_end_of_a_text() -> None:
    rest, held = hold_out(Corpus.from_documents([TEXT]))
    assert (list(rest), list(held)) == ([TEXT[:20]], [TEXT[20:]])
    with pytest.raises(SettingsError):
        hold_out(Corpus.from_documents(["a"]))
    assert list(heads(Corpus.from_documents([TEXT]), 0.5)) == [TEXT[:11]]
    assert list(heads(Corpus.from_items(list("abcdef")), 0.5)) == ["a", "c", "e"]


def run(*arguments: object) -> dict[str, object]:
    found = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert found.exit_code == 0, found.stderr
    document: dict[str, object] = json.loads(found.stdout)
    return document


def test_training_measures_on_the_end(tmp_path: Path) -> None:
    text = "to be or not to be\n" * 30  # 570 characters: 513 and 57
    (tmp_path / "a.txt").write_text(text)
    told = run(
        "train", tmp_path / "a.txt", "--text", "--split", "tail:0.1", "--order", 3, "--json", "-o", tmp_path / "m"
    )
    assert told["repeats"] == 0
    assert isinstance(told["splits"], dict)
    assert {name: part["symbols"] for name, part in told["splits"].items()} == {"train": 514, "validation": 58}
    model = nextchar.load(tmp_path / "m")
    assert model.metrics.split == "tail:0.1"
    expected = Ngram(order=3).fit(Corpus.from_documents([text[:513]])).nats([text[513:]])[0]
    assert told["splits"]["validation"]["nats_per_symbol"] == pytest.approx(expected / 58)


@pytest.mark.parametrize("model", ["--order=2", "--model=mlp"])
def test_files_that_are_held_out(model: str, tmp_path: Path) -> None:
    if model == "--model=mlp":
        pytest.importorskip("torch")
    (tmp_path / "a.txt").write_text("to be or not to be\n" * 30)
    (tmp_path / "v.txt").write_text("to see\n")
    (tmp_path / "t.txt").write_text("two ox\n")  # an x is not in the others
    files = (tmp_path / "a.txt", "--text", "--validation", tmp_path / "v.txt", "--test", tmp_path / "t.txt")
    steps = () if model == "--order=2" else ("--steps", 3)
    told = run("train", *files, model, *steps, "--json", "-o", tmp_path / "m")
    assert isinstance(told["splits"], dict)
    assert {name: part["symbols"] for name, part in told["splits"].items()} == {
        "train": 571,
        "validation": 8,
        "test": 8,
    }
    loaded = nextchar.load(tmp_path / "m")
    assert "x" in loaded.alphabet.names
    again = run("evaluate", tmp_path / "m", tmp_path / "t.txt", "--text", "--json")
    assert again["nats_per_symbol"] == pytest.approx(told["splits"]["test"]["nats_per_symbol"])


def test_files_of_a_list_that_are_held_out(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("emma\nava\nmia\n")
    (tmp_path / "t.txt").write_text("ava\nemma\nmave\n")
    data = TrainingFiles(sources=(str(tmp_path / "a.txt"),))
    trained = nextchar.train(Ngram(order=2), data, test=[str(tmp_path / "t.txt")])
    assert trained.model.metrics.split == "files"
    assert trained.model.metrics.losses["test"].items == 3
    assert trained.model.metrics.losses["test"].new_items == 1
    with pytest.raises(SettingsError):
        nextchar.train(Ngram(order=2), data, division="tail:0.1", test=[str(tmp_path / "t.txt")])
    with pytest.raises(CorpusError, match="no such file"):
        nextchar.train(Ngram(order=2), data, validation=[str(tmp_path / "none.txt")])


@pytest.mark.parametrize(
    "arguments",
    [
        ["--split", "tail:0.1", "--validation", "a.txt"],
        ["--split", "distinct", "--test", "a.txt"],
        ["--model", "mlp", "--hold-out", "0.1", "--validation", "a.txt"],
        ["--memory", "1GB", "--test", "a.txt"],
    ],
)
def test_what_does_not_go_together(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("ab\n")
    assert CliRunner().invoke(main, ["train", "a.txt", "-o", "m", *arguments]).exit_code == 2


def test_a_leaderboard_of_a_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("nextchar.tasks.leaderboard.SCORING_SECONDS", 0.01)
    Path("a.txt").write_text("".join(f"{i} to be\n" for i in range(300)))
    Path("t.txt").write_text("5 to be\n")
    options = ("--text", "--models", "bow", "--seconds", "0.2", "--json")
    told = run("compare", "a.txt", *options)
    assert (told["split"], told["part"]) == ("tail:0.1,0.1", "test")
    told = run("compare", "a.txt", *options, "--test", "t.txt")
    assert (told["split"], told["part"]) == ("files", "test")
    for wrong in ("--part validation --test t.txt", "--split tail:0.1 --part test", "--seed 3"):
        assert CliRunner().invoke(main, ["compare", "a.txt", "--text", *wrong.split()]).exit_code == 2


def test_wrong_types() -> None:
    with pytest.raises(NextcharError):
        TextOptions(separator=3)  # type: ignore[arg-type]
    with pytest.raises(NextcharError):
        TextOptions(separator="a\nb")
    assert TextOptions(separator="%").documents


def test_the_beginning_of_a_corpus() -> None:
    corpus = Corpus.from_items(["emma", "ava", "mia"])
    assert list(beginning(corpus, 100)) == ["emma", "ava", "mia"]
    assert list(beginning(corpus, 8)) == ["emma", "av"]  # emma, its boundary, av and the boundary that closes it


@given(st.lists(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), min_size=2, max_size=60))
def test_tenths_hold_every_item_out_once_with_its_repeats(items: list[str]) -> None:
    corpus = Corpus.from_items(items)
    if len(set(items)) < 2:
        with pytest.raises(SettingsError, match="at least two different items"):
            next(tenths(corpus))
        return
    parts = list(tenths(corpus))
    assert len(parts) == min(10, len(set(items)))
    assert sorted(item for _, held in parts for item in held) == sorted(items)
    for rest, held in parts:
        assert sorted([*rest, *held]) == sorted(items)
        assert not set(rest) & set(held)
        assert len(set(held)) <= -(-len(set(items)) // len(parts))
