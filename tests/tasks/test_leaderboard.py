from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from nextchar.cli import main
from nextchar.data.corpus import Corpus
from nextchar.data.splits import Split
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
    split = Split(train=corpus.take([0]), validation=corpus.take([0]), test=corpus.take([1, 2]))
    (result,) = compare([Candidate("ngram", Ngram(order=1, add=1))], split)
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


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--models", "nosuch"], 2, "there is no model 'nosuch'; choose from ngram, mix, bow"),
        (["--models", "mix"], 2, "take part with --seconds only"),
        (["--models", "bigram-net"], 2, "bigram-net takes no part in comparisons; choose from ngram"),  # nor with time
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
