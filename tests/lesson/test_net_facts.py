"""Statements of the lesson's texts about the nets that ship, each held to these nets."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from nextchar.data.alphabet import Alphabet
from nextchar.lesson.net_facts import gathering, names_with, nearest


def test_gathering_by_arithmetic() -> None:
    alphabet = Alphabet("abe")  # a and e are vowels; the boundary is left out
    vectors = np.array([[9.0, 9.0], [0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])
    seen = gathering(alphabet, vectors)
    assert seen.vowels == (1, 3)
    assert seen.among_vowels == 1.0
    assert seen.between == pytest.approx((5 + 18**0.5) / 2)  # a to b, e to b
    assert nearest(vectors, 2)[1] == [3, 2]


def test_names_with_a_letter() -> None:
    found = names_with("q", 3)
    assert len(found) == 3
    assert all("q" in name for name in found)
    assert names_with("4", 3) == []
