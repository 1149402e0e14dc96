"""Looking a symbol up in an automaton in backoff form, on one worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from nextchar._kernels.backoff_search import find_entry, follow_links

# Four symbols. The root lists all of them; state 1 lists 1 and 3; state 2, which links to it, lists 2 and nothing else.
FIRST, SYMBOLS = np.array([0, 4, 6, 7]), np.array([0, 1, 2, 3, 1, 3, 2], dtype=np.uint8)
LINK, PRICE = np.array([0, 0, 1], dtype=np.int32), np.array([0.0, -1.0, -0.5])


@pytest.mark.parametrize(
    ("state", "wanted"), [(0, [0, 1, 2, 3]), (1, [-1, 4, -1, 5]), (2, [-1, -1, 6, -1])], ids=["root", "two", "one"]
)
def test_a_state_lists_some_symbols(state: int, wanted: list[int]) -> None:
    assert [find_entry(FIRST, SYMBOLS, state, symbol) for symbol in range(4)] == wanted


@pytest.mark.parametrize(
    ("symbol", "entry", "paid"),
    [(0, 0, -1.5), (1, 4, -0.5), (2, 6, 0.0), (3, 5, -0.5)],
    ids=["root", "link", "own", "end"],
)
def test_what_a_state_does_not_list_is_looked_for_along_the_links(symbol: int, entry: int, paid: float) -> None:
    assert follow_links(FIRST, SYMBOLS, LINK, PRICE, 2, symbol) == (entry, paid)
