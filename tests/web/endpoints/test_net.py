"""The net beside the counts."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nextchar.automata.automaton_model import rows_of
from nextchar.data.corpus import Corpus
from nextchar.lesson.equivalence import divergence
from nextchar.models.neural.bigram.model import BigramNet, one_hot
from nextchar.models.neural.bigram.solvers import steady_rate
from nextchar.models.ngram.counts import Counts, count
from nextchar.models.ngram.model import Ngram

SURNAMES = "张伟\n王芳\n李娜\n张敏\n王伟\n李静\n刘洋\n陈杰\n张伟\n"

Refused = Callable[[Any, int, str], str]


def test_one_hot_and_forward(client: Any, corpus: Corpus, torch: Any) -> None:
    assert client.fetch("net/onehot", text="emma")["rows"] == one_hot(corpus.alphabet, "emma").astype(int).tolist()
    e = int(corpus.alphabet.encode("e")[0])
    seen = client.submit("net/forward", first=e, seed=3)
    V = corpus.alphabet.size
    logits = torch.randn((V, V), generator=torch.Generator().manual_seed(3))[e]
    assert seen["logits"] == pytest.approx(logits.tolist())
    assert seen["probabilities"] == pytest.approx(logits.softmax(0).tolist(), rel=1e-5)
    assert seen["counts"] == pytest.approx(logits.exp().tolist(), rel=1e-5)
    assert seen["one_hot"] == [int(i == e) for i in range(V)]
    target = seen["target_examples"][0]
    assert target["nats"] == pytest.approx(-math.log(seen["probabilities"][target["id"]]))


def test_the_optimum_and_the_equivalence(client: Any, counts: Counts, torch: Any) -> None:
    best = client.fetch("net/optimum", l2=0.01)
    net = BigramNet(l2=0.01).from_counts(counts)
    assert best["loss"] == pytest.approx(net.metrics.curve[-1].objective, abs=1e-12)
    seen = client.fetch("equivalence", l2=0.01, add=1)
    counted = Ngram(order=2, add=1).from_counts(counts)
    assert np.allclose(seen["net_probabilities"], rows_of(net))
    assert seen["counts_probabilities"] == rows_of(counted).tolist()
    assert seen["kl"] == pytest.approx(divergence(rows_of(counted), rows_of(net), counts))
    assert seen["loss_net"] == pytest.approx(net.training_nats() / counts.total)
    exact = client.fetch("equivalence", l2=0, add=0)
    assert exact["largest_difference"] < 1e-9
    assert all(pair["counts"] == pair["net"] for pair in exact["samples"])
    entries = client.fetch("equivalence/map")["entries"]
    assert [entry["add"] for entry in entries] == sorted(entry["add"] for entry in entries)
    assert all(entry["l2"] > 0 and entry["divergence"] >= 0 for entry in entries)


def test_own_data_in_the_net(client: Any, torch: Any) -> None:
    client.submit("data", text=SURNAMES * 3)
    counts = count(Corpus.from_lines((SURNAMES * 3).splitlines()), 2)
    rate = client.fetch("net/optimum", l2=0.01)["steady_rate"]
    assert rate == steady_rate(counts, 0.01)
    assert list(client.train(learning_rate=rate, steps=20, steps_per_second=1000))[-1][0] == "done"
    best = BigramNet(l2=0.1).from_counts(counts).metrics.curve[-1].objective
    assert client.fetch("net/optimum", l2=0.1)["loss"] == pytest.approx(best)
    assert client.fetch("net/onehot", text="王伟")["symbols"] == [".", "王", "伟"]
    assert client.fetch("equivalence", l2=0, add=0)["largest_difference"] < 1e-8  # unseen pairs


def test_without_torch_the_rest_works(client: Any, monkeypatch: pytest.MonkeyPatch, refused: Refused) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    for answer in (
        client.post("/api/net/forward", json={"first": 1}),
        client.get("/api/net/optimum?l2=0.5"),
        client.get("/api/equivalence?l2=0.7"),
        client.post("/api/net/train", json={}),
        client.post("/api/pitfalls/j", json={}),
    ):
        assert "nextchar[neural]" in refused(answer, 409, "needs-torch")
    assert client.fetch("counts")["total"]
    assert client.fetch("net/onehot", text="a")["rows"]
    assert client.fetch("site")["has_torch"] is False
