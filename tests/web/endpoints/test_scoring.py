"""Scores, smoothing and longer contexts are the library's."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from nextchar.automata.automaton_model import rows_of
from nextchar.data.corpus import Corpus
from nextchar.data.splits import split
from nextchar.models.ngram.counts import count
from nextchar.models.ngram.model import Ngram

Refused = Callable[[Any, int, str], str]


def test_scores(client: Any, corpus: Corpus, refused: Refused) -> None:
    model = Ngram(order=3, add=0.1).fit(corpus)
    scored = client.submit("score", text="emma", add=0.1, order=3)
    [expected] = model.score(["emma"])
    assert (scored["nats"], scored["nats_per_symbol"]) == (expected.nats, expected.nats_per_symbol)
    assert [entry["nats"] for entry in scored["symbols"]] == list(expected.surprisal)
    assert scored["likelihood"] == pytest.approx(math.prod(entry["probability"] for entry in scored["symbols"]))
    assert scored["mean_of_data"] == pytest.approx(model.evaluate(corpus).nats_per_symbol)
    answer = client.post("/api/score", json={"text": "em安", "lang": "zh"})
    assert "安" in refused(answer, 422, "unknown-symbol")
    assert answer.json()["error"]["position"] == 2
    refused(client.post("/api/score", json={"text": " "}), 422, "empty")


@pytest.mark.parametrize("add", [0, 0.1, 1, 1000])
def test_smoothing(client: Any, corpus: Corpus, add: float) -> None:
    seen = client.fetch("smoothing", add=add)
    model = Ngram(order=2, add=add).fit(corpus)
    assert seen["loss"] == model.evaluate(corpus).nats_per_symbol
    j, z = corpus.alphabet.encode("jz")
    assert seen["jz"]["pair"] == "jz"
    assert seen["jz"]["probability"] == rows_of(model)[j, z]
    assert seen["jz"]["count"] == model.counts.table()[j, z]
    if add == 0 and seen["jz"]["count"] == 0:
        assert seen["jz"]["nats"] == "inf"
    assert seen["loss"] < seen["uniform"]


def test_the_curve_of_smoothing(client: Any, corpus: Corpus) -> None:
    curve = client.fetch("smoothing/curve")
    parts = split(corpus, "distinct")
    for i in (1, 9, 25):
        model = Ngram(order=2, add=curve["add"][i])
        assert curve["loss"][i] == pytest.approx(model.fit(corpus).evaluate(corpus).nats_per_symbol)
        held_out = model.fit(parts.train).evaluate(parts.validation).nats_per_symbol
        assert curve["held_out"][i] == pytest.approx(held_out)


def test_orders(client: Any, corpus: Corpus) -> None:
    seen = client.fetch("orders")
    V = corpus.alphabet.size
    assert [entry["cells"] for entry in seen["table_sizes"]] == [str(V**n) for n in range(1, 11)]
    # the cells that are seen are those of the whole list, as the code beside the figure counts them
    assert [entry["seen"] for entry in seen["table_sizes"]] == [
        *(len(count(corpus, n).counts) for n in range(1, 7)),
        *4 * [None],
    ]
    parts = split(corpus, "distinct")
    entry = seen["orders"][2]
    model = Ngram(order=3, add=0.1).fit(parts.train)
    assert entry["train"] == pytest.approx(model.nats_of_counts() / model.counts.total)
    assert entry["held_out"] == pytest.approx(model.evaluate(parts.validation).nats_per_symbol)
    assert entry["ngrams"] == len(model.counts.counts)
    assert entry["contexts"] == len({tuple(ngram[:2]) for ngram in model.counts.ngrams.tolist()})
    assert entry["samples"] == model.sample(5, seed=1)
    losses = [entry["train"] for entry in seen["orders"]]
    assert len(losses) == 6
    assert losses[0] > losses[1] > losses[2] > losses[3]


@pytest.mark.parametrize("names", [-1, 0, "x", 1.5, 10**9])
def test_how_many_names_to_learn_from_is_checked(client: Any, refused: Any, names: object) -> None:
    refused(client.get("/api/smoothing/curve", params={"names": str(names)}), 422, "wrong-value")


def test_few_names_to_learn_from(client: Any, corpus: Corpus) -> None:
    whole, few = client.fetch("smoothing/curve"), client.fetch("smoothing/curve", names=100)
    assert few["names"] == 100 < whole["names"] == len(split(corpus, "distinct").train)
    assert few["add"] == whole["add"]
    assert few["held_out"][few["best"]] == min(loss for loss in few["held_out"] if loss != "inf")
    assert few["held_out"][few["best"]] > whole["held_out"][whole["best"]]  # less to learn from
