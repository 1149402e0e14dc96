"""The tables of counts and probabilities, and the cells of a word."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nextchar.automata.automaton_model import rows_of
from nextchar.data.corpus import Corpus
from nextchar.models.ngram.counts import Counts
from nextchar.models.ngram.model import Ngram


def test_a_word_is_encoded(client: Any) -> None:
    word = client.submit("encode", text="emma")
    assert word["symbols"] == [".", "e", "m", "m", "a", "."]
    assert word["ids"] == [0, 5, 13, 13, 1, 0]
    assert [pair["pair"] for pair in word["bigrams"]] == [".e", "em", "mm", "ma", "a."]  # five, not three
    assert word["naive"] == ["em", "mm", "ma"]
    assert word["unknown"] == []
    assert client.submit("encode", text="e!")["ids"] == [0, 5, None, 0]
    assert client.submit("encode", text="e!")["unknown"] == ["!"]
    assert client.submit("encode", text="  ")["bigrams"] == []


def test_the_numbers_of_the_ledger(client: Any, names: Corpus) -> None:
    if client.fetch("data")["items"] != len(names):
        pytest.skip("the default data are not makemore's names")
    table = client.fetch("counts")
    assert (table["total"], table["cells"], table["empty"]) == (228_146, 729, 102)
    assert [entry["pair"] for entry in table["most_frequent"][:3]] == ["n.", "a.", "an"]
    assert table["most_frequent"][0]["count"] == 6763
    assert table["row_sums"] == table["column_sums"]
    assert round(client.submit("score", text="emma")["mean_of_data"], 8) == 2.45401449
    scored = client.submit("score", text="andrejz", add=1)
    assert scored["nats_per_symbol"] == pytest.approx(3.5307815, abs=1e-6)  # the document has it from float32
    assert [round(entry["nats"], 4) for entry in scored["symbols"]] == [
        1.9835, 1.8302, 3.2594, 2.5646, 2.0143, 5.9004, 7.9817, 2.7122,
    ]  # fmt: skip
    assert round(scored["uniform"], 4) == 3.2958
    assert client.submit("score", text="andrejz")["nats"] == "inf"
    items = client.submit("sample", n=5, seed=2147483647, stream="torch1")["items"]
    assert items == ["mor", "axx", "minaymoryles", "kondlaisah", "anchshizarie"]


@pytest.mark.parametrize("add", [0, 1, 0.5])
def test_counts_and_probabilities(client: Any, counts: Counts, add: float) -> None:
    seen = client.fetch("counts", add=add)
    assert seen["table"] == (counts.table() + add).tolist()
    assert seen["labels"] == list(counts.alphabet.symbols)
    assert not seen["truncated"]
    probabilities = client.fetch("counts", add=add, what="probs")
    assert probabilities["table"] == rows_of(Ngram(order=2, add=add).from_counts(counts)).tolist()
    assert probabilities["row_sums"] == pytest.approx([1] * len(seen["labels"]))


def test_a_pair_a_row_and_the_cells_of_a_word(client: Any, corpus: Corpus, counts: Counts) -> None:
    N = counts.table()
    e, m = corpus.alphabet.encode("em").tolist()
    pair = client.fetch("pair", first=e, second=m)
    assert (pair["pair"], pair["count"], pair["row_total"]) == ("em", N[e, m], N[e].sum())
    assert pair["probability"] == pytest.approx(N[e, m] / N[e].sum())
    assert len(pair["examples"]) == 8
    assert all("em" in item for item in pair["examples"])
    assert all(item.startswith("e") for item in client.fetch("pair", first=0, second=e)["examples"])
    assert all(item.endswith("e") for item in client.fetch("pair", first=e, second=0)["examples"])
    row = client.fetch("row", first=e, add=1)
    assert (row["counts"], row["total"]) == (N[e].tolist(), N[e].sum())
    assert sum(row["probabilities"]) == pytest.approx(1)
    walk = client.submit("cells", text="emma")["cells"]
    assert [cell["count"] for cell in walk] == [int(N[cell["first"], cell["second"]]) for cell in walk]
    assert walk[1]["probability"] == pytest.approx(pair["probability"])
    assert client.submit("cells", text="e!")["cells"][1] == {
        "pair": "e!", "first": e, "second": None, "count": 0, "probability": None,
    }  # fmt: skip


def test_the_keepdim_trap(client: Any, counts: Counts) -> None:
    torch = pytest.importorskip("torch", reason="compares with torch")
    N = torch.from_numpy(counts.table()).double()
    seen = client.fetch("keepdim")
    assert np.allclose(seen["right"], N / N.sum(1, keepdim=True))
    assert np.allclose(seen["wrong"], N / N.sum(1))
    assert seen["row_sums_right"] == pytest.approx([1] * len(N))
    assert seen["column_sums_wrong"] == pytest.approx([1] * len(N))  # as row and column sums agree
    assert max(seen["row_sums_wrong"]) > 2
