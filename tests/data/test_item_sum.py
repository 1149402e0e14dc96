"""The sum over all items."""

from __future__ import annotations

import numpy as np

from nextchar.data.corpus import Corpus
from nextchar.data.hashing import GOLDEN, MASK, mix
from nextchar.data.item_sum import ItemSum


def of(items: list[str], weights: list[int] | None = None) -> ItemSum:
    corpus = Corpus.from_items(items, weights)
    return ItemSum.of(corpus, corpus.fingerprints())


def test_it_is_the_sum_of_fingerprints() -> None:
    one, two = (int(print_) for print_ in Corpus.from_items(["emma", "ava"]).fingerprints())
    anew = [int(mix(np.array([(p + GOLDEN) & MASK], dtype=np.uint64))[0]) for p in (one, two)]
    assert of(["emma", "ava"]) == ItemSum((one + two) & MASK, sum(anew) & MASK)


def test_it_adds_up_whatever_the_order() -> None:
    assert of(["emma", "ava", "mia"]) == of(["mia"]) + of(["ava"]) + of(["emma"])
    assert of(["a", "b"]) != of(["a", "c"])


def test_an_item_counts_as_often_as_its_weight_says() -> None:
    assert of(["emma", "ava"], [3, 1]) == of(["emma", "emma", "ava", "emma"])


def test_as_text() -> None:
    found = of(["emma", "ava"])
    assert ItemSum.read(str(found)) == found
    assert len(str(ItemSum())) == 32
    for wrong in ("", "0" * 31, "g" * 32, "0" * 33):
        assert ItemSum.read(wrong) is None
