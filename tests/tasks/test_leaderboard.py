from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from nextchar.cli import main
from nextchar.data.corpus import Corpus
from nextchar.data.splits import Split, split
from nextchar.models.context_mixing.model import ContextMixing
from nextchar.models.ngram.model import Ngram
from nextchar.tasks.leaderboard import Candidate, candidates, compare

ITEMS = [a + b + c for a in "abcdef" for b in "aeiou" for c in ["n", "ra", "l", "m", "ss"]]


@pytest.fixture
def items_file(tmp_path: Path) -> Path:
    path = tmp_path / "items.txt"
    path.write_text("\n".join(ITEMS), "utf-8")
    return path


def test_a_result_says_what_the_model_costs() -> None:
    # trained on "ab": unigrams, add 1 over V = 3: each of a, b and the end has (1 + 1) / (3 + 3) = 1/3
    corpus = Corpus.from_items(["ab", "ab", "ba"])
    parts = Split(train=corpus.take([0]), validation=corpus.take([0]), test=corpus.take([1, 2]))
    (result,) = compare([Candidate("ngram", Ngram(order=1, add=1))], parts)
    assert result.name == "order 1, add 1"
    assert result.nats_per_symbol == pytest.approx(1.0986122887)  # ln 3
    assert result.bits_per_symbol == pytest.approx(1.5849625007)  # log2 3
    assert result.new_nats_per_symbol == pytest.approx(1.0986122887)  # "ba"
    assert result.size_bytes > 0
    assert result.symbols_per_second > 0


def test_no_item_is_new() -> None:
    corpus = Corpus.from_items(["ab"])
    (result,) = compare([Candidate("ngram", Ngram(order=1))], Split(train=corpus, validation=corpus, test=corpus))
    assert result.new_nats_per_symbol is None


def test_the_field_without_a_time_budget_has_the_count_models() -> None:
    assert {candidate.kind for candidate in candidates()} == {"ngram"}
    specs = [candidate.spec for candidate in candidates()]
    assert {spec.smoothing for spec in specs if isinstance(spec, Ngram)} == {
        "add", "witten-bell", "absolute", "kneser-ney", "modified-kneser-ney", "pitman-yor"
    }  # fmt: skip


def test_items_with_weights_are_counted_once_too(tmp_path: Path) -> None:
    specs = [candidate.spec for candidate in candidates(weighted=True)]
    plain = [candidate.spec for candidate in candidates()]
    assert all(spec in specs for spec in plain if isinstance(spec, Ngram) and spec.smoothing != "pitman-yor")
    once = [spec for spec in specs if isinstance(spec, Ngram) and spec.weights == "ignored"]
    assert len(once) == len(plain)
    assert len(specs) == 2 * len(plain) - 1  # pitman-yor would seat each item as often as it weighs
    table = tmp_path / "items.csv"
    table.write_text("item,n\n" + "".join(f"{item},{10 ** (i % 7)}\n" for i, item in enumerate(ITEMS)), "utf-8")
    done = CliRunner().invoke(main, ["compare", str(table), "--column", "item", "--weight", "n", "--json"])
    assert done.exit_code == 0, done.output
    found = [result["settings"] for result in json.loads(done.stdout)["results"]]
    assert sum("each item once" in settings for settings in found) == len(plain)
    assert len(found) == len(specs)


def test_the_command_ranks(items_file: Path, tmp_path: Path) -> None:
    figure = tmp_path / "board.svg"
    done = CliRunner().invoke(main, ["compare", str(items_file), "--json", "--plot", str(figure)])
    assert done.exit_code == 0, done.output
    results = json.loads(done.stdout)["results"]
    losses = [result["nats_per_symbol"] for result in results]
    assert len(losses) == len(candidates())
    assert losses == sorted(losses)
    assert figure.read_text("utf-8").startswith("<?xml")
    done = CliRunner().invoke(main, ["compare", str(items_file), "--part", "validation"])
    assert "pitman-yor" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


TEXT = "".join(f"the {a}{b} is {b}{c}.\n" for a in "aeiou" for b in "bcdf" for c in "aeiou")


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text(TEXT, "utf-8")
    return path


def test_of_texts_others_are_compared() -> None:
    field = candidates(texts=True)
    assert {candidate.kind for candidate in field} == {"ngram", "context-mixing"}
    adaptive = [candidate.spec.summary for candidate in field if candidate.adaptive]
    assert [summary.partition(",")[0] for summary in adaptive] == ["adaptive"]
    assert not any(candidate.adaptive for candidate in candidates())


def test_a_model_that_learns_as_it_reads_is_measured_so() -> None:
    corpus = Corpus.from_documents([TEXT])
    parts = split(corpus, "tail:0.2")
    spec = ContextMixing(learning="adaptive", contexts=9)
    (entry,) = compare([Candidate("context-mixing", spec, True)], parts, part="validation")
    reader = spec.fit(parts.train).reader(adaptive=True)
    each = [reader.push(character) for character in parts.validation[0]] + [reader.end()]  # one by one
    assert entry.nats_per_symbol == pytest.approx(sum(each) / len(each), rel=1e-9)
    assert (entry.adaptive, entry.outside) == (True, False)
    (static,) = compare([Candidate("context-mixing", spec)], parts, part="validation")
    assert static.nats_per_symbol > entry.nats_per_symbol  # of so short a text much is learned on the way


def test_the_command_ranks_models_of_a_text(text_file: Path, tmp_path: Path) -> None:
    options = ["--text", "--models", "ngram,ppmd", "--plot", str(tmp_path / "board.png")]
    done = CliRunner().invoke(main, ["compare", str(text_file), *options])
    assert done.exit_code == 0, done.output
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert re.search(r"ppmd: order \d+, not +\d\.\d{4} +adaptive", done.stdout)
    assert re.search(r"order 3, add 0\.1 +\d\.\d{4} +static", done.stdout)
    done = CliRunner().invoke(main, ["compare", str(text_file), "--text", "--models", "ppmd", "--json"])
    (mark,) = json.loads(done.stdout)["results"]
    assert (mark["model"], mark["adaptive"], mark["outside"]) == ("ppmd", True, True)


def test_without_the_package_the_mark_is_left_out_and_said_to_be(
    text_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nextchar.extras.find_spec", lambda _name: None)
    monkeypatch.setattr("nextchar.tasks.leaderboard.candidates", lambda *_, **__: [Candidate("ngram", Ngram(order=2))])
    done = CliRunner().invoke(main, ["compare", str(text_file), "--text"])
    assert done.exit_code == 0, done.output
    assert 'pip install "nextchar[pyppmd]"' in done.stderr
    assert "ppmd" not in done.stdout
    done = CliRunner().invoke(main, ["compare", str(text_file), "--text", "--models", "ppmd"])
    assert done.exit_code == 1
    assert 'pip install "nextchar[pyppmd]"' in done.stderr


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--models", "nosuch"], 2, "there is no model 'nosuch'; choose from ngram, mix, bow"),
        (["--models", "mix"], 2, "take part with --seconds only"),
        # nor with time
        (["--models", "bigram-net"], 2, "bigram-net takes no part in comparisons of lists; choose from ngram"),
        (["--models", "ppmd"], 2, "ppmd takes no part in comparisons of lists; choose from ngram"),
        (["--text", "--models", "mix"], 2, "mix takes no part in comparisons of texts; choose from ngram"),
        (["--seconds", "0"], 2, "--seconds takes a number above 0"),
        (["--plot", "board.txt"], 2, "board.txt"),
        (["--split", "eurekalabs"], 1, "needs at least 2,001 items"),
    ],
)
def test_bad_options(items_file: Path, options: list[str], code: int, says: str) -> None:
    done = CliRunner().invoke(main, ["compare", str(items_file), *options])
    assert done.exit_code == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_the_names(names: Corpus) -> None:
    from nextchar.data.splits import split

    parts = split(names, "eurekalabs")
    # what KenLM's lmplz --discount_fallback gives on this split, orders 5 to 7: 1.9529, 1.9406, 1.9429
    specs = [Ngram(order=order, smoothing="modified-kneser-ney") for order in (5, 6, 7)]
    results = list(compare([Candidate("ngram", spec) for spec in specs], parts))
    assert [round(result.nats_per_symbol, 4) for result in results] == [1.9529, 1.9406, 1.9429]
    assert results[1].new_nats_per_symbol == pytest.approx(1.9997, abs=5e-5)
