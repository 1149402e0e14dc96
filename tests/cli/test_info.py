"""The page of `info`, for each kind of file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import nextchar
from nextchar.cli import main

ITEMS = ["emma", "ava", "mia", "emma"]
CORPUS = nextchar.Corpus.from_items(ITEMS)


def page(path: Path, *options: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["info", str(path), *options], env={"COLUMNS": "200"})
    assert result.exit_code == code, result.output
    return result.stdout


def test_an_ngram(tmp_path: Path) -> None:
    path = tmp_path / "m"
    names = tmp_path / "names.txt"
    names.write_text("\n".join(ITEMS), "utf-8")
    CliRunner().invoke(main, ["train", str(names), "--order", "3", "--add", "0.5", "-o", str(path)])
    found = page(path)
    assert found.startswith(f"{path}: ngram. Counts of the n - 1 symbols before, smoothed.\n")
    lines = dict(line.strip().split("  ", 1) for line in found.splitlines()[2:])
    said = {name: value.strip() for name, value in lines.items()}
    assert said["settings"] == "order 3, add 0.5"
    assert said["looks back"] == "2 symbols"
    assert said["alphabet"] == "5 characters: aeimv"
    assert said["text"] == "blanks at both ends dropped"
    # emma, ava, mia, emma: 4 + 3 + 3 + 4 characters and 4 ends
    assert said["training data"] == "4 items (3 different), 18 symbols; names.txt, 17 bytes"
    assert said["file"].startswith(f"{path.stat().st_size:,} bytes, written 20")
    assert said["file"].endswith(f"by nextchar {nextchar.__version__}")
    assert "export" in said["what it can"]
    assert "nats per symbol" in said["loss, train"]
    assert not any(len(number) > 6 for number in said["loss, train"].replace(",", " ").split() if "." in number)
    document = json.loads(page(path, "--json"))
    assert document["file"]["size_bytes"] == path.stat().st_size
    assert document["file"]["package"] == nextchar.__version__


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (lambda: nextchar.Mix().fit(CORPUS), ["mix. Many n-gram experts", "compile", "--explain for its experts"]),
        (lambda: nextchar.BigramNet().fit(CORPUS), ["bigram-net. The bigram as a net", "export"]),
        (
            lambda: nextchar.interpolate(nextchar.Ngram(order=2).fit(CORPUS), nextchar.Ngram(order=3).fit(CORPUS), 0.5),
            ["automaton. A finite automaton made from other models.", "8 items"],
        ),
    ],
    ids=["mix", "bigram-net", "automaton"],
)
def test_other_models(tmp_path: Path, model: Any, words: list[str]) -> None:
    model().save(tmp_path / "m")
    found = page(tmp_path / "m")
    assert all(word in found for word in words), found


def test_an_arpa_file(tmp_path: Path) -> None:
    nextchar.write_arpa(nextchar.Ngram(order=2).fit(CORPUS), tmp_path / "m.arpa")
    CliRunner().invoke(main, ["import", str(tmp_path / "m.arpa"), "-o", str(tmp_path / "m")])
    found = page(tmp_path / "m")
    assert "backoff. An n-gram model from an ARPA file." in found
    assert "m.arpa, " in found
    assert "training data  not known" in found


def test_a_classifier(tmp_path: Path) -> None:
    words = ["gehen", "sehen", "stehen", "ziehen", "going", "seeing", "standing", "drawing", "flying"]
    nextchar.Classifier(folds=2).fit(words, ["de"] * 4 + ["en"] * 5).save(tmp_path / "m")
    found = page(tmp_path / "m")
    assert "classifier. Which label a text has" in found
    assert "2: de 4, en 5" in found
    assert "9 items" in found
    assert json.loads(page(tmp_path / "m", "--json"))["labels"] == {"de": 4, "en": 5}
    assert page(tmp_path / "m", "--exact", code=1) == ""


def test_what_cannot_be_seen(tmp_path: Path) -> None:
    nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(["a b\u200d"])).save(tmp_path / "m")
    assert "4 characters: <U+0020>ab<U+200D>" in page(tmp_path / "m")


def test_exact_figures(tmp_path: Path) -> None:
    # add=0, order 1, on "a": p(a) = p(end) = 1/2; the empty item is none: lengths 1, 2, 3 ... with 1/2, 1/4, 1/8 ...
    nextchar.Ngram(order=1, add=0).fit(nextchar.Corpus.from_items(["a"])).save(tmp_path / "m")
    found = page(tmp_path / "m", "--exact")
    assert "2.0000" in found
    assert "1: 50.00%, 2: 25.00%, 3: 12.50%" in found


def test_nets_can_be_updated_and_so_can_counts(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    for name, model, updated in (
        ("net", nextchar.MLP(steps=1).fit(CORPUS), True),
        ("counts", nextchar.Ngram(order=2).fit(CORPUS), True),
        ("mix", nextchar.Mix(epochs=1).fit(CORPUS), False),
        ("one-layer", nextchar.BigramNet().fit(CORPUS), False),
    ):
        model.save(tmp_path / name)
        can = next(line for line in page(tmp_path / name).splitlines() if "what it can" in line)
        assert ("update" in can) is updated, name
        if not updated:
            (tmp_path / "more.txt").write_text("eva\n", encoding="utf-8")
            refused = CliRunner().invoke(main, ["update", str(tmp_path / name), str(tmp_path / "more.txt")])
            assert refused.exit_code == 1


def test_a_classifier_tells_when_it_says_nothing(tmp_path: Path) -> None:
    texts = [f"{word}{i}" for i in range(6) for word in ("ja", "no")]
    labels = [label for _ in range(6) for label in (1, 2)]
    made = nextchar.Classifier(folds=2, least=0.4, prior={1: 0.25, 2: 0.75}).fit(texts, labels)
    made.save(tmp_path / "c")
    document = json.loads(page(tmp_path / "c", "--json"))
    assert (document["least"], document["none_rate"], document["folds"]) == (0.4, 0.0, 2)
    assert document["prior"] == {"1": 0.25, "2": 0.75}
    said = page(tmp_path / "c")
    assert "below the probability 0.4" in said
    assert "none of these  never said" in said


def test_clusters_as_symbols(tmp_path: Path) -> None:
    options = nextchar.TextOptions(graphemes=True)
    items = ["e\u0301a", "\U0001f1e9\U0001f1ea", "a"]  # é of two code points, the flag of Germany
    nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(items, options=options)).save(tmp_path / "m")
    said = page(tmp_path / "m")
    assert "3 symbols: a e\u0301 \U0001f1e9\U0001f1ea\n" in said  # with gaps: where one ends cannot be seen
    assert "blanks at both ends dropped, one symbol for what readers see as one\n" in said


def test_verify_says_that_the_checksum_fits_or_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nextchar.automata.stored_model import stored
    from nextchar.core import model_file

    monkeypatch.setattr(model_file, "MAPPED_FROM", 0)
    path = tmp_path / "m"
    stored(nextchar.Ngram(order=3).fit(CORPUS)).save(path)
    assert "its checksum fits" in CliRunner().invoke(main, ["info", str(path), "--verify"]).stderr
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"split":null', b'"split":"no"') if b'"split":null' in content else content[:-1])
    result = CliRunner().invoke(main, ["info", str(path), "--verify"])
    assert result.exit_code == 1
    assert "damaged" in result.stderr


def test_a_folder_of_counts(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    (tmp_path / "names.txt").write_text("emma\nava\n", "utf-8")
    path = tmp_path / "counts"
    nextchar.count_to(path, tmp_path / "names.txt", order=2)
    found = page(path, "--verify")
    # .e em mm ma a. and .a av va a.: eight different ones, 5 + 4 in all
    assert "8 n-grams of order 2, 9 in all" in found
    assert "2 items, 9 symbols" in found
    assert "train --counts, merge" in found
    document = json.loads(page(path, "--json"))
    assert (document["model"], document["ngrams"], document["data"]["items"]) == ("counts", 8, 2)
    assert document["size_bytes"] == sum(each.stat().st_size for each in path.iterdir())
    page(path, "--exact", code=2)
    with (path / "00000.parquet").open("ab") as file:
        file.write(b"x")
    page(path)
    page(path, "--verify", code=1)
    (path / "00000.parquet").unlink()
    page(path, code=1)
