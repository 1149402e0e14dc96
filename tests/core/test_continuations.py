"""How a text may go on: beam search finds what looking at all texts finds."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from nextchar import ContextMixing, Corpus, Ngram
from nextchar.core.continuations import continuations, next_shares
from nextchar.core.model import Model
from nextchar.core.spec import Spec
from nextchar.errors import BadValueError

TEXT = "abab\ncab\nabc\n" * 9


@pytest.mark.parametrize("spec", [Ngram(order=3, add=0.5), ContextMixing(contexts=9)])
def test_it_finds_the_most_probable(spec: Spec) -> None:
    model: Model = spec.fit(Corpus.from_documents([TEXT]))
    reader = model.reader()
    reader.skip("ab")
    every: list[tuple[float, str, bool]] = []
    for size in range(5):  # of four symbols, or of fewer and the end
        for ids in product(range(1, model.alphabet.size), repeat=size):
            one = reader.fork()
            nats = one.push(np.array(ids, dtype=np.int64))
            text = model.alphabet.decode(np.array(ids, dtype=np.int64))
            every.append((nats, text, False) if size == 4 else (nats - one.log_probs[0], text, True))
    found = continuations(reader, 5, length=4)
    assert [(one.text, one.ended) for one in found] == [(text, ended) for _, text, ended in sorted(every)[:5]]
    assert [one.nats for one in found] == pytest.approx([nats for nats, _, _ in sorted(every)[:5]], abs=1e-9)
    assert reader.symbols == 0


def test_by_hand() -> None:
    reader = Ngram(order=2, add=0).fit(Corpus.from_documents(["ab\nb"])).reader()
    reader.skip("a")
    # b is certain, and then a line end or the end come, each 1/2; after the line end b is certain
    assert next_shares(reader) == [("b", 1.0)]
    found = continuations(reader, 9, length=2)
    assert {(one.text, one.ended) for one in found} == {("b\n", False), ("b", True)}
    assert [one.nats for one in found] == pytest.approx([math.log(2)] * 2)
    with pytest.raises(BadValueError, match="length is a whole number of at least 1"):
        continuations(reader, length=0)
