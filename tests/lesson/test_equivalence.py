from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from nextchar.automata.automaton_model import rows_of
from nextchar.cli import main
from nextchar.data.corpus import Corpus
from nextchar.lesson.equivalence import closest_l2, divergence, equivalence_report, side_by_side
from nextchar.models.neural.bigram.model import BigramNet
from nextchar.models.ngram.counts import count
from nextchar.models.ngram.model import Ngram

pytest.importorskip("torch")

CORPUS = Corpus.from_items(["emma", "ava", "mia", "amelia", "eve", "viola", "oliva"])
COUNTS = count(CORPUS, 2)


def test_the_divergence_of_two_rows() -> None:
    # one character: the rows of . and a, each met n times of T = 2 n; both (1/2, 1/2) against (1/4, 3/4):
    # KL = 1/2 ln 2 + 1/2 ln 2/3
    counts = count(Corpus.from_items(["a"]), 2)
    P, Q = np.full((2, 2), 0.5), np.array([[0.25, 0.75]] * 2)
    assert divergence(P, Q, counts) == pytest.approx(0.5 * math.log(2) + 0.5 * math.log(2 / 3))
    assert divergence(P, P, counts) == 0


def test_the_closest_l2_is_closer_than_its_neighbours() -> None:
    P = rows_of(Ngram(order=2, add=1).from_counts(COUNTS))
    l2, net = closest_l2(COUNTS, 1)
    best = divergence(P, rows_of(net), COUNTS)
    for factor in (0.5, 0.95, 1.05, 2):
        assert divergence(P, rows_of(BigramNet(l2=l2 * factor).from_counts(COUNTS)), COUNTS) > best


def test_the_report_on_the_names(names: Corpus) -> None:
    report = equivalence_report(count(names, 2), grid=(1,))
    counted, _, descended, _, optimum = report.models
    assert counted.samples == ("mor", "axx", "minaymoryles", "kondlaisah", "anchshizarie")  # the ledger, row 10
    assert optimum.samples == counted.samples
    assert optimum.largest_difference < 1e-6
    assert f"{descended.loss:.4f}" == "2.4748"  # the ledger, row 13
    assert report.exact
    assert report.approximate


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("\n".join(CORPUS))
    run = CliRunner().invoke(main, ["equivalence", str(tmp_path / "x.txt"), "--json"])
    assert run.exit_code == 0, run.output
    document = json.loads(run.stdout)
    assert set(document) == {"models", "map", "exact", "approximate"}
    run = CliRunner().invoke(main, ["equivalence", str(tmp_path / "x.txt"), "--plot", str(tmp_path / "map.png")])
    assert run.exit_code == 0, run.output
    assert "Exactly:" in run.stdout
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")


def test_side_by_side() -> None:
    counted = Ngram(order=2, add=1).from_counts(COUNTS)
    net = BigramNet(l2=0.1).from_counts(COUNTS)
    both = side_by_side(counted, net, COUNTS, samples=4, seed=9)
    P, Q = rows_of(counted), rows_of(net)
    assert both.largest_difference == max(abs(p - q) for p, q in zip(P.flat, Q.flat, strict=True))
    assert both.divergence == divergence(P, Q, COUNTS)
    assert both.net_loss == pytest.approx(net.evaluate(CORPUS).nats_per_symbol)
    assert [a for a, _ in both.samples] == counted.sample(4, seed=9, stream="torch1", max_length=100)
    assert [b for _, b in both.samples] == net.sample(4, seed=9, stream="torch1", max_length=100)
