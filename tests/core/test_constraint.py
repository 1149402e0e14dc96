from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nextchar
from nextchar.core.constraint import Constraint
from nextchar.errors import SettingsError, UnknownSymbolError


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"match": 3}, "match is made of texts, not of 3"),
        ({"contains": [3]}, r"contains is made of texts, not of \[3\]"),
        ({"not_in": None}, "not_in is made of texts, not of None"),
        ({"not_in": "emma"}, r"not_in takes a list of items, for example \['emma'\], not one text"),
        ({"prefix": None}, "prefix is made of texts, not of None"),  # several are taken too
        ({"prefix": ["a", 3]}, r"prefix is made of texts, not of \['a', 3\]"),
        ({"suffix": 3}, "suffix is a text, not 3"),
        ({"allowed": ["a"]}, r"allowed is a text, not \['a'\]"),
        ({"min_length": 1.5}, "min_length is a whole number, not 1.5"),
        ({"max_length": "3"}, "max_length is a whole number, not '3'"),
    ],
    ids=str,
)
def test_values_of_another_type(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=f"^{words}$"):
        Constraint(**wrong)


def test_what_holds_texts_is_a_list_of_them() -> None:
    taken: Any = nextchar.Corpus.from_items(["emma"])
    lengths: dict[str, Any] = {"min_length": np.int64(2), "max_length": np.uint8(4)}
    found = Constraint(not_in=taken, match="a+", **lengths)
    assert found == Constraint(not_in=["emma"], match=["a+"], min_length=2, max_length=4)
    assert type(found.max_length) is int
    whole: Any = 4.0  # a whole number is one by its type, as everywhere
    with pytest.raises(SettingsError, match=r"max_length is a whole number, not 4\.0"):
        Constraint(max_length=whole)


def test_several_prefixes_mean_any_of_them() -> None:
    several: Any = ["b", "a", "b"]
    assert Constraint(prefix=several) == Constraint(prefix=("b", "a"))
    assert Constraint(prefix=["b"]) == Constraint(prefix="b")
    assert Constraint(prefix=["b", ""]) == Constraint(prefix=[]) == Constraint()  # an item may start with anything
    # add=0, order 2, on ab, ab, b, cb: p(a) = 2/4, p(b) = p(c) = 1/4 for the first symbol
    model = nextchar.Ngram(order=2, add=0).fit(nextchar.Corpus.from_items(["ab", "ab", "b", "cb"]))
    assert nextchar.given(model, prefix=["a", "b"]).probability == pytest.approx(3 / 4)
    assert nextchar.given(model, prefix=["a", "ab", "c"]).probability == pytest.approx(3 / 4)  # "ab" says no more
    assert set(model.sample(60, seed=1, prefix=["b", "c"])) == {"b", "cb"}
    with pytest.raises(UnknownSymbolError, match="the prefix 'x' has 'x'"):
        model.sample(1, prefix=["a", "x"])
    with pytest.raises(SettingsError, match=r"^prefix 'a\\n': an item holds no line ends"):
        Constraint(prefix=["b", "a\n"])
