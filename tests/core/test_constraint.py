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
        model.sample(1, prefix=["b", "a\n"])  # where items are texts it may: the model decides


@pytest.mark.parametrize("spec", [nextchar.Ngram(order=3, add=0), nextchar.Mix(epochs=1)])
def test_items_that_are_texts_may_have_line_ends_in_conditions(spec: Any) -> None:
    texts = ["to be\nor not", "to be\r\nto be", "to\n", "or not"]
    model = spec.fit(nextchar.Corpus.from_documents(texts * 3, separator="%"))
    ways: tuple[dict[str, Any], ...] = (
        {"prefix": "to be\r\n"},
        {"suffix": "\nor not"},
        {"contains": "e\nt"},
        {"match": r"to.*\nor.*"},
    )
    for how in ways:
        wanted = Constraint(**how, max_length=20)
        for item in model.sample(5, seed=1, **how, max_length=20):
            assert item.startswith("to be\n") or "prefix" not in how
            assert item.endswith("\nor not") or "suffix" not in how
            assert "e\nt" in item or "contains" not in how
            assert item.count("\n") or "match" not in how
        assert wanted == Constraint(**{name: text.replace("\r", "") for name, text in how.items()}, max_length=20)
    taken = set(model.sample(30, seed=1, max_length=20))
    assert not set(model.sample(30, seed=1, max_length=20, not_in=sorted(taken))) & taken


def test_exact_answers_over_texts() -> None:
    # of three texts alike probable two go on with a line end after "a"
    model = nextchar.Ngram(order=4, add=0).fit(nextchar.Corpus.from_documents(["a\nb", "a\nc", "ab"]))
    assert nextchar.given(model, prefix="a\n").probability == pytest.approx(2 / 3)
    assert nextchar.given(model, match=r"a[^\n]").probability == pytest.approx(1 / 3)
    assert {found.text for found in nextchar.given(model, contains="\n").top(5)} == {"a\nb", "a\nc"}
