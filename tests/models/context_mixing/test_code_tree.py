"""The code tree: every symbol has one path, parents come first, and what comes in like company stands together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nextchar.models.context_mixing.code_tree import children, tree_of


@given(st.integers(2, 400), st.integers(0, 2**32 - 1))
def test_every_symbol_has_a_path_of_its_own(V: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    ids = np.minimum(rng.zipf(1.5, size=500) - 1, V - 1)
    tree = tree_of(children(ids, V))
    paths = set()
    for symbol in range(V):
        path = slice(int(tree.first[symbol]), int(tree.first[symbol + 1]))
        paths.add(tuple(tree.bit[path].tolist()))
        walked = 0
        for node, bit in zip(tree.node[path].tolist(), tree.bit[path].tolist(), strict=True):
            assert node == walked
            walked = int(tree.child[node, bit])
        assert walked == -1 - symbol
    assert len(paths) == V
    assert sum(2.0 ** -len(path) for path in paths) == pytest.approx(1, abs=1e-12)  # Kraft: the code is complete
    inner = tree.child[tree.child > 0]
    assert sorted(inner.tolist()) == list(range(1, V - 1))


def test_symbols_in_like_company_stand_together() -> None:
    # 1 and 2 come after 3 alone, 3 and 4 after 1 and 2 alike: the first bit tells the pairs apart.
    rng = np.random.default_rng(1)
    ids = np.stack([rng.choice([1, 2], 2000), rng.choice([3, 4], 2000)], axis=1).ravel()
    tree = tree_of(children(np.concatenate([[0], ids]), 5))
    first = [int(tree.bit[tree.first[s]]) for s in range(5)]
    assert first[1] == first[2] != first[3] == first[4]


@pytest.mark.parametrize("C", [2, 90, 250])
def test_symbols_of_large_alphabets_stand_together_too(C: int) -> None:
    # Symbols 1 to C and C + 1 to 2 C take turns, each of them 40 times: the first bit tells the two kinds apart.
    rng = np.random.default_rng(2)
    ids = np.stack([rng.permutation(np.repeat(np.arange(C), 40)) + 1 + kind * C for kind in (0, 1)], axis=1).ravel()
    tree = tree_of(children(np.concatenate([[0], ids]), 2 * C + 1))
    bits = tree.bit[tree.first[1:-1]]
    assert set(bits[:C].tolist()) != set(bits[C:].tolist())
    assert len(set(bits[:C].tolist())) == len(set(bits[C:].tolist())) == 1


@given(st.integers(2, 300), st.integers(0, 2**32 - 1))
def test_nodes_are_in_the_order_of_how_often_they_are_passed(V: int, seed: int) -> None:
    ids = np.minimum(np.random.default_rng(seed).zipf(1.3, size=1000) - 1, V - 1)
    tree = tree_of(children(ids, V))
    passed = np.zeros(V - 1, dtype=np.int64)
    for symbol in range(V):
        passed[tree.node[tree.first[symbol] : tree.first[symbol + 1]]] += np.count_nonzero(ids == symbol)
    assert (np.diff(passed) <= 0).all()
    assert passed[0] == 1000


@pytest.mark.parametrize(
    "child",
    [
        [[0, -1], [-2, -3]],  # its own child
        [[1, -1], [-2, -2]],  # a symbol twice
        [[2, -1], [-2, -3], [1, -4]],  # a parent behind its child
        [[-1, -2], [-3, -4]],  # a node that nothing leads to
    ],
)
def test_what_is_no_tree_is_refused(child: list[list[int]]) -> None:
    with pytest.raises(ValueError, match="code tree"):
        tree_of(np.array(child, dtype=np.int64))
