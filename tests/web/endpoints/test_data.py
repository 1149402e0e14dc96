"""The list in use, and a list of one's own in its place."""

from __future__ import annotations

from typing import Any

import pytest

from nextchar.data.corpus import Corpus
from nextchar.models.ngram.model import Ngram

SURNAMES = "张伟\n王芳\n李娜\n张敏\n王伟\n李静\n刘洋\n陈杰\n张伟\n"


def test_the_data(client: Any, corpus: Corpus) -> None:
    seen = client.fetch("data")
    assert (seen["items"], seen["symbols"], seen["own"]) == (len(corpus), corpus.symbols, False)
    assert seen["characters"] + seen["items"] == seen["symbols"]
    assert seen["distinct"] == len(corpus.distinct())
    assert seen["alphabet"] == list(corpus.alphabet.symbols)
    assert sum(times for _, times in seen["lengths"]) == len(corpus)
    assert sum(length * times for length, times in seen["lengths"]) == seen["characters"]
    assert {len(item) for item in seen["shortest"]} == {int(corpus.lengths.min())}
    assert len(seen["longest"][0]) == corpus.lengths.max()
    assert seen["examples"] == list(corpus)[:24]


def test_items(client: Any, corpus: Corpus) -> None:
    assert client.fetch("items", limit=3, offset=2)["items"] == list(corpus)[2:5]
    found = client.fetch("items", contains="em")
    assert found["found"] == sum("em" in item for item in corpus)
    assert all("em" in item for item in found["items"])


@pytest.mark.parametrize(
    ("text", "word"), [("emma\nolivia\nava\n" * 5, "ava"), (SURNAMES * 3, "王伟")], ids=["latin", "chinese"]
)
def test_own_data(client: Any, text: str, word: str) -> None:
    own = client.submit("data", text=text)
    corpus = Corpus.from_lines(text.splitlines())
    model = Ngram(order=2, add=0).fit(corpus)
    assert (own["own"], own["items"], own["symbols"]) == (True, len(corpus), corpus.symbols)
    assert client.fetch("data") == own
    assert client.fetch("data", lang="zh")["name"] == "你的列表"
    assert client.fetch("counts")["table"] == model.counts.table().tolist()
    assert client.submit("score", text=word)["nats"] == model.score([word])[0].nats
    assert client.submit("sample", n=20, seed=3)["items"] == model.sample(20, seed=3)
    smoothing = client.fetch("smoothing", add=0)["jz"]
    assert (smoothing["count"], smoothing["nats"]) == (0, "inf")
    assert client.fetch("smoothing/curve")["held_out"] is None  # too few different items to hold some out
    assert client.fetch("orders")["orders"] == []
    assert client.fetch("models")["models"] == []
    assert client.submit("game", seed=1)["rounds"]
    assert client.fetch("keepdim")["labels"] == own["alphabet"]
    assert client.delete("/api/data").json()["own"] is False
    assert client.fetch("data")["own"] is False


def test_large_alphabets_show_the_most_frequent(client: Any) -> None:
    text = "\n".join(chr(0x4E00 + i) * (1 + (i < 50)) + "王" for i in range(1500))
    client.submit("data", text=text)
    table = client.fetch("counts")
    assert (table["truncated"], len(table["labels"]), len(table["table"][0])) == (True, 40, 40)
    assert table["labels"][0] == "."
    assert "王" in table["labels"]
    assert table["cells"] == 1502**2
    assert len(client.fetch("row", first=0)["labels"]) == 40
    assert len(client.submit("step", prefix="", seed=1)["row"]) <= 42
    assert client.fetch("pair", first=0, second=1)["count"] == 1
    assert client.fetch("smoothing", add=1)["add"] == 1
    many = client.submit("sample", n=20_000, new=True)
    assert many["got"] <= many["most"] < 20_000
    nothing = client.fetch("equivalence/map")
    assert (nothing["entries"], nothing["alphabet_size"], nothing["largest_alphabet"]) == ([], 1502, 200)
    shapes = next(s["text"] for s in client.fetch("chapter/3")["sections"] if s["id"] == "keepdim")
    assert "(1502, 1502)" in shapes
