"""How many slots contexts would fill: against sets of the beginnings themselves."""

from __future__ import annotations

import numpy as np
import pytest

from nextchar import Corpus
from nextchar.models.context_mixing.code_tree import children, tree_of
from nextchar.models.context_mixing.traits import traits_of, vowels_of
from nextchar.models.context_mixing.variety import slots_of_contexts

CHANCE = np.random.default_rng(5)
WORDS = ["".join(CHANCE.choice(list("aeioubcdfgh"), CHANCE.integers(1, 7))) for _ in range(400)]
TEXT = " ".join(CHANCE.choice(WORDS, 3_000))
DATA = Corpus.from_documents([TEXT])
TREE = tree_of(children(DATA.ids, DATA.alphabet.size))
TRAITS = traits_of(DATA.alphabet, vowels_of(DATA.alphabet, DATA.ids))


def pairs(order: int, length: int | None = None) -> int:
    """Different pairs of the last `order` symbols and a node on the path of the next one; 0 before the beginning."""
    ids = [0] * order + DATA.ids[:length].tolist()
    found = set()
    for t in range(order, len(ids)):
        for node in TREE.node[TREE.first[ids[t]] : TREE.first[ids[t] + 1]]:
            found.add((*ids[t - order : t], int(node)))
    return len(found)


@pytest.mark.parametrize("order", [1, 2, 3, 5, 8])
def test_the_slots_of_an_order_are_those_that_occur(order: int) -> None:
    # Three standard errors of 1,024 registers: 3 * 1.04 / 32.
    assert slots_of_contexts(DATA.ids, TREE, TRAITS, 9)[order] == pytest.approx(pairs(order), rel=0.1)


def test_few_slots_are_nearly_exact() -> None:
    # The order 0 has a slot for each node; of so few in 1,024 registers hardly two fall into one.
    assert slots_of_contexts(DATA.ids, TREE, TRAITS, 9)[0] == pytest.approx(len(TREE.child), abs=2)


@pytest.mark.parametrize("order", [2, 4, 6])
def test_what_comes_is_judged_by_what_was(order: int) -> None:
    judged = slots_of_contexts(DATA.ids, TREE, TRAITS, 37, len(DATA.ids) // 2)[order]
    assert pairs(order, len(DATA.ids) // 2) < judged
    assert judged == pytest.approx(pairs(order), rel=0.3)


def test_one_symbol() -> None:
    assert (slots_of_contexts(DATA.ids[:1], TREE, TRAITS, 37) >= 0).all()
