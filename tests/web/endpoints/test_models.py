"""All models that need no time budget, on the list in use."""

from __future__ import annotations

from typing import Any

import pytest

from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.data.corpus import Corpus
from nextchar.data.splits import split
from nextchar.models.ngram.model import Ngram
from nextchar.tasks.leaderboard import Candidate, candidates, compare


def test_all_models(client: Any, corpus: Corpus) -> None:
    seen = client.fetch("models")
    parts = split(corpus, "distinct")
    wanted = {c.spec.summary: c.spec for c in candidates()}
    left_out = [entry["summary"] for entry in seen["left_out"]]
    assert sorted([entry["summary"] for entry in seen["models"]] + left_out) == sorted(wanted)
    if parts.train.symbols > 60_000:
        assert [entry["settings"]["smoothing"] for entry in seen["left_out"]] == ["pitman-yor"]
    losses = [entry["nats_per_symbol"] for entry in seen["models"]]
    assert losses == sorted(losses)
    for entry in (seen["models"][0], seen["models"][-1]):
        model = wanted[entry["summary"]].fit(parts.train, validation=parts.validation)
        assert entry["nats_per_symbol"] == pytest.approx(model.evaluate(parts.test).nats_per_symbol)
        if entry is seen["models"][0]:
            drawn = model.draw_left_to_right(10, Plan(seed=1), Constraint(max_length=200)).corpus
            assert seen["samples"] == list(drawn)
    [result] = compare([Candidate("ngram", Ngram(order=4))], parts)
    [entry] = [entry for entry in seen["models"] if entry["summary"] == "order 4, add 0.1"]
    assert entry["nats_per_symbol"] == pytest.approx(result.nats_per_symbol)


@pytest.mark.parametrize(
    "items",
    [
        [f"{a}{b}{c}" for a in "bdk" for b in "aeiou" for c in "nr"],
        [f"{a}{b}" for a in "张王李赵" for b in "伟芳娜敏静"],
        [str(n) for n in range(20)],
    ],
    ids=["latin", "chinese", "fewest"],
)
def test_all_models_of_a_short_list(client: Any, items: list[str]) -> None:
    client.submit("data", text="\n".join(items))
    seen = client.fetch("models")
    assert (len(seen["models"]), seen["left_out"]) == (len(candidates()), [])
    assert all(0 < entry["nats_per_symbol"] < 10 for entry in seen["models"])
    assert len(seen["samples"]) == 10
