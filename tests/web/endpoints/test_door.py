"""The landing page's table, invented names and the walk of a name."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest

from nextchar.data.corpus import Corpus
from nextchar.models.ngram.counts import Counts
from nextchar.models.ngram.model import Ngram


def test_the_table_and_ten_new_names(client: Any, corpus: Corpus, counts: Counts) -> None:
    seen = client.fetch("door")
    N = counts.table()
    assert seen["labels"] == list(corpus.alphabet.symbols)
    assert seen["shades"][0][1] == pytest.approx(math.sqrt(N[0, 1] / N.max()), abs=6e-4)
    for order, spec in ((2, Ngram(order=2, add=0.0)), (3, Ngram(order=3, add=0.0))):
        seen = client.fetch("door", order=order)
        items = [name["item"] for name in seen["names"]]
        assert (len(items), seen["temperature"]) == (10, 1.0)
        assert items == spec.fit(corpus).sample(10, seed=1, new=True, distinct=True)
    assert client.fetch("door", seed=2, order=2)["names"] != client.fetch("door", seed=1, order=2)["names"]


def test_the_names_of_the_first_sight_come_from_a_smoothed_model(client: Any, corpus: Corpus) -> None:
    # A bigram's names ("hu", "i", "a") say little for what models of counts can do.
    seen = client.fetch("door")
    model = Ngram(order=5, smoothing="modified-kneser-ney").fit(corpus)
    items = [name["item"] for name in seen["names"]]
    assert items == model.sample(10, seed=1, temperature=seen["temperature"], new=True, distinct=True)
    assert not set(items) & set(corpus)
    assert len(set(items)) == 10
    scored = [score.nats for score in model.score(items)]
    assert [name["nats"] for name in seen["names"]] == pytest.approx(scored)
    assert client.fetch("door", order=5) == seen
    assert seen["shades"] == client.fetch("door", order=2)["shades"]  # the table stays that of pairs


@pytest.mark.parametrize("text", ["emma\n", "\n".join("abcdefgh"), "x" * 60, "aaa\n"])
def test_lists_of_which_little_can_be_made(client: Any, text: str) -> None:
    client.submit("data", text=text)
    items = [name["item"] for name in client.fetch("door")["names"]]
    assert len(items) == len(set(items)) <= 10
    assert not set(items) & set(text.split())


def test_more_surprising_letters_are_darker(client: Any, corpus: Corpus, counts: Counts) -> None:
    N = counts.table()
    walk = client.submit("door", text="emma")
    ids = [0, *(corpus.alphabet.encode("emma").tolist()), 0]
    p = [N[a, b] / N[a].sum() for a, b in pairwise(ids)]
    assert [letter["probability"] for letter in walk["letters"]] == pytest.approx(p)
    darkest = 2 * math.log(len(N))  # the shade is -log p / (2 log V)
    shades = [-math.log(x) / darkest for x in p]
    assert [letter["shade"] for letter in walk["letters"]] == pytest.approx(shades, abs=6e-4)
    assert walk["one_in"] == pytest.approx(1 / math.prod(p))
    assert [(cell["first"], cell["second"]) for cell in walk["cells"]] == list(pairwise(ids))


def test_a_pair_or_a_character_that_never_occurs(client: Any) -> None:
    client.submit("data", text="abc\nab\n")
    walk = client.submit("door", text="ca")
    assert (walk["never"], walk["one_in"]) == ([".c", "ca", "a."], None)  # a stands only before b
    assert walk["letters"][0]["shade"] == 1.0
    walk = client.submit("door", text="aé")
    assert (walk["unknown"], walk["one_in"]) == (["é"], None)
    assert [letter["probability"] for letter in walk["letters"]] == [None] * 3
    assert client.fetch("door", order=3)["names"] == []  # it only repeats its list
