from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nextchar
from nextchar.core.plan import Plan
from nextchar.errors import SettingsError

MODEL = nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(["emma", "ava"]))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"seed": 1.5}, "seed is a whole number, not 1.5"),
        ({"seed": "1"}, "seed is a whole number, not '1'"),
        ({"temperature": "1"}, "temperature is a number, not '1'"),
        ({"top_k": 1.5}, "top_k is a whole number, not 1.5"),
        ({"top_p": "0.5"}, "top_p is a number, not '0.5'"),
        ({"distinct": "no"}, "distinct is yes or no, not 'no'"),
        ({"min_distance": "2"}, "min_distance is a whole number, not '2'"),
        ({"min_distance": -1}, "min-distance is a number of edits of at least 0, not -1"),
    ],
    ids=str,
)
def test_values_of_another_type(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=f"^{words}$"):
        Plan(**wrong)


@pytest.mark.parametrize("stream", ["nextchar", "torch1", "torch2"])
def test_numbers_of_numpy_give_the_same_items(stream: Any) -> None:
    numbers: dict[str, Any] = {"seed": np.int64(7), "top_k": np.int32(3), "temperature": np.float64(0.5)}
    n: Any = np.int64(5)
    wanted = MODEL.sample(5, seed=7, top_k=3, temperature=0.5, stream=stream)
    assert MODEL.sample(n, stream=stream, **numbers) == wanted


@pytest.mark.parametrize("n", [1.5, "2", None])
def test_how_many_is_a_whole_number(n: Any) -> None:
    with pytest.raises(SettingsError, match="the number of items is a whole number, not"):
        MODEL.sample(n)


def test_training_data_is_a_corpus() -> None:
    items: Any = ["emma", "ava"]
    with pytest.raises(SettingsError, match="the training data is a corpus"):
        MODEL.sample(2, new=True, data=items)


def test_training_data_of_which_the_model_knows_nothing() -> None:
    for items in (["zoe"], ["日本", "zoe"]):
        with pytest.raises(SettingsError, match="has 0 of the 2 distinct items"):
            MODEL.sample(2, new=True, data=nextchar.Corpus.from_items(items))
