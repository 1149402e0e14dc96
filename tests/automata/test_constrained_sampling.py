"""How items that meet a constraint are drawn: what a seed means does not depend on what is at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

import nextchar
from nextchar.automata.conditional import conditional, new_log_probability
from nextchar.core.constraint import Constraint
from nextchar.core.model import Model
from nextchar.core.plan import Plan
from nextchar.data.corpus import Corpus
from nextchar.data.datasets import shipped_names
from nextchar.models.ngram.model import Ngram

ITEMS: Final = [name.lower() for name in shipped_names()[::60]]
CORPUS: Final = Corpus.from_items(ITEMS)
MODEL: Final = Ngram(order=4, smoothing="modified-kneser-ney").fit(CORPUS)
FEW: Final = ["ab", "abc", "b"]


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"distinct": True},
        {"temperature": 0.7},
        {"top_k": 4},
        {"prefix": "ma"},
        {"min_length": 4, "max_length": 6},
        {"min_length": 3, "max_length": 7, "prefix": "a", "temperature": 0.8},
        {"suffix": "a"},
        {"contains": ["r"], "max_length": 6},
        {"match": ["[a-m]+n?"]},
        {"not_in": ["mia"], "min_length": 4},
    ],
    ids=str,
)
def test_a_seed_gives_the_same_new_items_with_the_data_and_without(wanted: dict[str, Any]) -> None:
    without = MODEL.sample(30, seed=3, new=True, **wanted)
    assert len(without) == 30
    assert not set(without) & set(ITEMS)
    assert MODEL.sample(30, seed=3, new=True, data=CORPUS, **wanted) == without
    larger = Corpus.from_items([*ITEMS, "zzz"])  # the held-out part, say
    assert MODEL.sample(30, seed=3, new=True, data=larger, **wanted) == without


def test_new_items_are_those_of_all_draws_that_are_not_known() -> None:
    # What `new` changes is which items are left out, and not how they are drawn.
    for wanted in ({}, {"max_length": 5}, {"suffix": "n"}):
        every: list[str] = MODEL.sample(200, seed=1, **wanted)
        new: list[str] = MODEL.sample(20, seed=1, new=True, data=CORPUS, **wanted)
        assert new == [item for item in every if item not in set(ITEMS)][:20]


def test_the_stream_of_torch_takes_the_data_too() -> None:
    wanted = MODEL.sample(5, seed=1, new=True, stream="torch1")
    assert MODEL.sample(5, seed=1, new=True, stream="torch1", data=CORPUS) == wanted


def test_a_model_without_fingerprints_takes_them_from_the_data(tmp_path: Path) -> None:
    plain = nextchar.read_arpa(written(MODEL, tmp_path))
    assert plain.provenance.known is None
    for wanted in ({}, {"suffix": "a"}, {"max_length": 6}):
        found: list[str] = plain.sample(20, seed=2, new=True, data=CORPUS, **wanted)
        assert not set(found) & set(ITEMS)
        every: list[str] = plain.sample(200, seed=2, **wanted)
        assert found == [item for item in every if item not in set(ITEMS)][:20]


def written(model: Model, folder: Path) -> Path:
    path = folder / "model.arpa"
    nextchar.write_arpa(model, path)
    return path


def test_where_nothing_new_comes_of_many_draws_the_data_helps() -> None:
    corpus = Corpus.from_items(FEW * 2000)
    model = Ngram(order=3, add=1e-4).fit(corpus)
    with pytest.warns(UserWarning, match="only 0 of 3 items"):
        assert model.sample(3, seed=1, new=True, max_length=2) == []
    found = model.sample(3, seed=1, new=True, max_length=2, data=corpus)
    assert len(found) == 3
    assert not set(found) & set(FEW)


def test_the_probability_of_new_items_is_that_of_the_automaton_without_the_known_ones() -> None:
    for constraint in (Constraint(), Constraint(suffix="a"), Constraint(max_length=5, match=["[a-m].*"])):
        constraint = constraint.of_at_least(Plan().least)
        all_ = conditional(MODEL, constraint)
        exact = conditional(MODEL, constraint, new=True, data=CORPUS).log_probability
        assert new_log_probability(all_, constraint, CORPUS.distinct()) == pytest.approx(exact, abs=1e-9)
    # By hand: counts of ab, ab, b without smoothing: p(ab) = 2/3, p(b) = 1/3, and nothing else.
    small = Corpus.from_items(["ab", "ab", "b"])
    found = conditional(Ngram(order=2, add=0).fit(small), Constraint(min_length=1))
    assert np.isnan(new_log_probability(found, Constraint(min_length=1), small.distinct()))
    only = Corpus.from_items(["ab"], alphabet=small.alphabet)
    assert new_log_probability(found, Constraint(min_length=1), only) == pytest.approx(np.log(1 / 3))
