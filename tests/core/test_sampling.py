from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nextchar.core.constraint import Constraint
from nextchar.core.drawing import BARREN, sample
from nextchar.core.plan import Plan
from nextchar.core.protocol import LogProbs
from nextchar.core.sampling import adjust
from nextchar.data.corpus import Corpus
from nextchar.errors import SettingsError, UnknownSymbolError
from nextchar.models.ngram.model import Ngram

CORPUS = Corpus.from_items(["emma", "ava", "mia", "amelia", "eve", "viola", "oliva"])


def row(*probs: float) -> LogProbs:
    return np.log(np.array([probs], dtype=np.float64))


def test_temperature() -> None:
    # squares of 0.5, 0.3, 0.2 are 0.25, 0.09, 0.04, together 0.38
    np.testing.assert_allclose(np.exp(adjust(row(0.5, 0.3, 0.2), temperature=0.5)), [[25 / 38, 9 / 38, 4 / 38]])


def test_temperature_zero_takes_the_first_of_the_most_probable() -> None:
    np.testing.assert_allclose(np.exp(adjust(row(0.2, 0.4, 0.4), temperature=0)), [[0, 1, 0]])


def test_top_k() -> None:
    np.testing.assert_allclose(np.exp(adjust(row(0.1, 0.5, 0.1, 0.3), top_k=2)), [[0, 5 / 8, 0, 3 / 8]])
    np.testing.assert_allclose(np.exp(adjust(row(0.2, 0.4, 0.4), top_k=1)), [[0, 1, 0]])
    np.testing.assert_allclose(np.exp(adjust(row(0.2, 0.8), top_k=9)), [[0.2, 0.8]])


def test_top_p_takes_the_symbol_that_reaches_it() -> None:
    np.testing.assert_allclose(np.exp(adjust(row(0.1, 0.5, 0.15, 0.25), top_p=0.6)), [[0, 2 / 3, 0, 1 / 3]])
    np.testing.assert_allclose(np.exp(adjust(row(0.1, 0.9), top_p=0.5)), [[0, 1]])
    np.testing.assert_allclose(np.exp(adjust(row(0.1, 0.9), top_p=1)), [[0.1, 0.9]])


def test_top_p_goes_by_what_top_k_leaves() -> None:
    # top_k leaves 0.4 and 0.3 -> 4/7 and 3/7; the first alone reaches 0.5
    np.testing.assert_allclose(np.exp(adjust(row(0.4, 0.3, 0.3), top_k=2, top_p=0.5)), [[1, 0, 0]])


@given(
    st.lists(st.floats(0.001, 1), min_size=2, max_size=9),
    st.floats(0.1, 5),
    st.integers(1, 9) | st.none(),
    st.floats(0.01, 1) | st.none(),
)
def test_adjusted_rows_sum_to_one_and_keep_their_order(
    weights: list[float], temperature: float, top_k: int | None, top_p: float | None
) -> None:
    probs = np.array(weights) / sum(weights)
    adjusted = np.exp(adjust(np.log(probs)[None], temperature=temperature, top_k=top_k, top_p=top_p))[0]
    assert adjusted.sum() == pytest.approx(1)
    assert adjusted[np.argmax(probs)] == adjusted.max()
    if top_k is not None:
        assert np.count_nonzero(adjusted) <= top_k


def test_fewer_items_are_the_beginning_of_more() -> None:
    model = Ngram(order=3).fit(CORPUS)
    assert model.sample(300, seed=8)[:7] == model.sample(7, seed=8)
    assert model.sample(300, seed=8) != model.sample(300, seed=9)


def test_without_a_seed_every_call_is_new() -> None:
    model = Ngram(order=2).fit(CORPUS)
    assert model.sample(50) != model.sample(50)


def test_lengths_and_prefix() -> None:
    items = Ngram(order=2, add=0.01).fit(CORPUS).sample(500, seed=1, prefix="am", min_length=5, max_length=7)
    assert all(item.startswith("am") for item in items)
    assert {len(item) for item in items} == {5, 6, 7}


def test_new_and_distinct() -> None:
    model = Ngram(order=2, add=0).fit(CORPUS)
    items = model.sample(12, seed=1, new=True, distinct=True)
    assert len(set(items)) == 12
    assert not set(items) & set(CORPUS)


def test_what_cannot_be_had_is_said() -> None:
    # of one item of one character, drawn without smoothing, there is exactly one
    model = Ngram(order=2, add=0).fit(Corpus.from_items(["a"]))
    with pytest.warns(UserWarning, match=r"only 1 of 3 items: .* draws gave no more"):
        assert model.sample(3, seed=1, distinct=True) == ["a"]
    with pytest.warns(UserWarning, match="only 0 of 3"):
        assert model.sample(3, seed=1, new=True) == []
    assert sample(model, 3, Plan(seed=1, distinct=True)).drawn >= BARREN


def test_a_dead_end_is_left_out() -> None:
    # after b only the end can come, which a length of at least 3 forbids: no item survives
    model = Ngram(order=2, add=0).fit(Corpus.from_items(["ab"]))
    drawn = sample(model, 1, Plan(seed=1), Constraint(min_length=3))
    assert (len(drawn.corpus), drawn.missing) == (0, 1)
    with pytest.raises(SettingsError, match="no item of this model"):  # which exact sampling sees before it draws
        model.sample(1, seed=1, min_length=3)


def test_an_item_that_never_ends_is_an_error() -> None:
    # the most probable path of "aab", "aac": a a a a ...
    model = Ngram(order=2, add=0).fit(Corpus.from_items(["aaaab"]))
    with pytest.raises(SettingsError, match="give a max-length"):
        model.sample(1, temperature=0)
    assert list(sample(model, 1, Plan(temperature=0), Constraint(max_length=4)).corpus) == ["aaaa"]
    with pytest.raises(SettingsError, match="no item of this model"):  # exact sampling cuts nothing
        model.sample(1, temperature=0, max_length=4)


def test_from_left_to_right_there_are_prefix_and_lengths_alone() -> None:
    with pytest.raises(SettingsError, match="a prefix and to lengths alone"):
        sample(Ngram(order=2).fit(CORPUS), 1, Plan(), Constraint(suffix="a"))


def test_a_model_that_forgot_its_items_cannot_tell_new_ones() -> None:
    from nextchar.models.ngram.counts import count

    with pytest.raises(SettingsError, match="has not kept its training items"):
        Ngram(order=2).from_counts(count(CORPUS, 2)).sample(1, new=True)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"temperature": -1}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"top_k": 0}, "top-k"),
        ({"top_p": 0}, "top-p"),
        ({"top_p": 1.5}, "top-p"),
        ({"min_length": -1}, "min-length"),
        ({"min_length": 5, "max_length": 4}, "min-length 5 is above max-length 4"),
        ({"max_length": 0}, "max-length"),
        ({"seed": -1}, "seed"),
        ({"stream": "numpy"}, "stream"),
        ({"prefix": "abc", "max_length": 2}, "longer than max-length"),
        ({"prefix": "a\n"}, "line ends"),
    ],
)
def test_impossible_conditions(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Ngram().fit(CORPUS).sample(1, **wrong)  # type: ignore[arg-type]


def test_a_prefix_the_model_does_not_know() -> None:
    with pytest.raises(UnknownSymbolError, match="'x'"):
        Ngram().fit(CORPUS).sample(1, prefix="ax")


def test_negative_numbers_of_items() -> None:
    with pytest.raises(SettingsError, match="at least 0"):
        Ngram().fit(CORPUS).sample(-1)
    assert Ngram().fit(CORPUS).sample(0) == []
