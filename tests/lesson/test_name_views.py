"""What is told of a name that a net reads, by arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nextchar.data.alphabet import Alphabet
from nextchar.lesson.name_views import costs, finite, means, merge_tree, shown_probabilities, windows_of

AB = Alphabet("ab")


def test_probabilities_and_costs() -> None:
    rows = np.log([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7], [0.8, 0.1, 0.1]])
    assert np.array(shown_probabilities(rows)) == pytest.approx(np.exp(rows))
    # a after nothing, b after a, the end after b
    assert costs(AB, "ab", rows) == pytest.approx([-math.log(0.25), -math.log(0.7), -math.log(0.8)])
    assert costs(AB, "", rows[:1]) == pytest.approx([-math.log(0.5)])


def test_windows_means_and_what_is_no_number() -> None:
    assert windows_of(AB, "ba", 1) == [".", "b", "a"]
    assert windows_of(AB, "ba", 3) == ["...", "..b", ".ba"]
    assert means({"keep": np.array([[0.0, 1.0], [0.25, 0.25]])}) == {"keep": [0.5, 0.25]}
    assert finite(np.array([1.5, np.nan, -np.inf])) == [1.5, None, None]


def test_a_tree_that_doubles_and_one_with_holes() -> None:
    pytest.importorskip("torch")
    tree = merge_tree(5, 2, 2)
    assert tree.dilations == (1, 2)
    assert tree.taps[1] == ((0,), (1,), (0, 2), (1, 3), (2, 4))
    assert tree.sees[1] == ((0,), (0, 1), (0, 1, 2), (0, 1, 2, 3), (1, 2, 3, 4))
    assert tree.back == (0, 1, 2, 3)
    holes = merge_tree(6, 2, 3)
    assert holes.sees[1][5] == (1, 2, 4, 5)  # 3 is missed
    assert merge_tree(3, 3, 1).back == (0, 1, 2, 3)
