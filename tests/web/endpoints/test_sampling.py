"""One draw, many items and the game are those of the library."""

from __future__ import annotations

from typing import Any

import pytest

from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.data.corpus import Corpus
from nextchar.models.ngram.model import Ngram


@pytest.mark.parametrize(("seed", "order"), [(1, 2), (7, 2), (3, 4)])
def test_stepping_reproduces_the_first_item(client: Any, corpus: Corpus, seed: int, order: int) -> None:
    [item] = Ngram(order=order, add=0).fit(corpus).sample(1, seed=seed)
    prefix = ""
    while True:
        drawn = client.submit("step", prefix=prefix, seed=seed, draw=len(prefix), order=order)
        assert [entry["id"] for entry in drawn["row"]] == list(range(corpus.alphabet.size))
        assert drawn["total"] == pytest.approx(sum(entry["probability"] for entry in drawn["row"]))
        assert drawn["cumulative"]["low"] <= drawn["mark"] < drawn["cumulative"]["high"]
        if drawn["ended"]:
            break
        prefix += drawn["chosen"]["symbol"]
    assert prefix == item


def test_samples(client: Any, corpus: Corpus) -> None:
    model = Ngram(order=3, add=0).fit(corpus)
    seen = client.submit("sample", n=300, seed=5, order=3, temperature=0.8, prefix="a", min_length=3, max_length=9)
    held_to = Constraint(prefix="a", min_length=3, max_length=9)  # the page draws from left to right
    items = list(model.draw_left_to_right(300, Plan(seed=5, temperature=0.8), held_to).corpus)
    assert (seen["items"], seen["got"], seen["distinct"]) == (items[:200], 300, len(set(items)))
    known = set(corpus)
    assert seen["new_share"] == pytest.approx(sum(item not in known for item in items) / 300)
    new = client.submit("sample", n=50, seed=5, order=3, new=True)
    assert not known & set(new["items"])
    assert new["drawn"] > 50
    assert new["items"] == model.sample(50, seed=5, new=True)
    assert client.submit("sample", n=20_000, seed=1)["got"] == 20_000


def test_the_game(client: Any, corpus: Corpus) -> None:
    rounds = client.submit("game", seed=4, n=10)["rounds"]
    known = set(corpus)
    assert [entry["real"] for entry in rounds] == [entry["item"] in known for entry in rounds]
    assert sum(entry["real"] for entry in rounds) == 5
    assert rounds == client.submit("game", seed=4, n=10)["rounds"] != client.submit("game", seed=5, n=10)["rounds"]
