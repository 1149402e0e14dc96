"""`nextchar reproduce --text`: what is claimed of tiny Shakespeare, and what comes out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from nextchar.cli import main
from nextchar.data.corpus import Corpus
from nextchar.errors import DataSetError, MissingExtraError
from nextchar.lesson import text_reproduction as book
from nextchar.lesson.text_reproduction import TEXT_CLAIMS, TextClaim, TextFacts, reproduce_text


@pytest.fixture(scope="module")
def facts(shakespeare: str) -> TextFacts:
    return TextFacts(Corpus.from_documents([shakespeare]))


def test_the_rows_are_numbered_and_every_loss_has_its_bound() -> None:
    assert [claim.row for claim in TEXT_CLAIMS] == list(range(1, len(TEXT_CLAIMS) + 1))
    for claim in TEXT_CLAIMS:
        assert (claim.most is None) != claim.expected.startswith("at most")
        if claim.most is not None:
            assert claim.expected == f"at most {claim.most:g}"


def test_the_quick_start_is_nanogpts() -> None:
    # config/train_shakespeare_char.py and the README: n_layer 4, n_head 4, n_embd 128, block_size 64, batch_size 12,
    # max_iters 2000, dropout 0.0
    families = pytest.importorskip("nextchar.models.neural.families")
    net = families.Transformer.preset("nanogpt-cpu", **book.NET)
    assert (net.layers, net.heads, net.width, net.context) == (4, 4, 128, 64)
    assert (net.steps, net.batch, net.dropout) == (2000, 12 * 64, 0.0)


@pytest.mark.parametrize("row", [1, 2])
def test_sizes(facts: TextFacts, row: int) -> None:
    assert TEXT_CLAIMS[row - 1].checked(facts).verdict == "holds"


@pytest.mark.slow
@pytest.mark.parametrize("row", range(3, 7))
def test_losses(facts: TextFacts, row: int) -> None:
    checked = TEXT_CLAIMS[row - 1].checked(facts)
    assert checked.verdict == "holds", checked


def test_verdicts(facts: TextFacts) -> None:
    def claim(value: float, most: float = 1.5) -> TextClaim:
        return TextClaim(row=1, text="", source="", expected="", compute=lambda _: value, most=most)

    assert claim(1.5).checked(facts).verdict == "holds"
    assert claim(1.5).checked(facts).got == "1.5000 nats per symbol, 2.1640 bits"  # 1.5 / 0.693147
    assert claim(1.51).checked(facts).verdict == "UNEXPECTED"
    assert claim(float("nan")).checked(facts).verdict == "UNEXPECTED"

    def missing(_: TextFacts) -> float:
        raise MissingExtraError("a net", "neural")

    checked = TextClaim(row=1, text="", source="", expected="", compute=missing, most=1.0).checked(facts)
    assert (checked.got, checked.verdict) == ("-", "not checked")
    assert "nextchar[neural]" in checked.note


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.txt"
    path.write_text("First Citizen:\n")
    with pytest.raises(DataSetError, match="is not tiny Shakespeare, which the claims are about"):
        list(reproduce_text(path))


def test_the_command(shakespeare_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXTCHAR_SHAKESPEARE", str(shakespeare_path))
    monkeypatch.setattr(book, "TEXT_CLAIMS", TEXT_CLAIMS[:2])
    done = CliRunner().invoke(main, ["reproduce", "--text"])
    assert done.exit_code == 0, done.output
    assert "1,003,854 and 111,540" in done.stdout
    assert "2 claims: 0 where the source is wrong, 0 unexpected" in done.stdout
    done = CliRunner().invoke(main, ["reproduce", "--text", "--json"])
    assert [row["verdict"] for row in json.loads(done.stdout)] == ["holds", "holds"]
    done = CliRunner().invoke(main, ["reproduce", "--text", "--names", "x.txt"])
    assert done.exit_code == 2
    assert "--names and --text are about different files" in done.stderr
