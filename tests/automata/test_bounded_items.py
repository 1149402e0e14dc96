"""Draws within lengths against enumeration, and against the product of model and lengths."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import nextchar
from nextchar.automata import bounded_items
from nextchar.automata.automaton import Automaton
from nextchar.automata.bounded_items import BoundedItems
from nextchar.automata.conditional import conditional
from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.data.corpus import Corpus
from nextchar.errors import SettingsError
from nextchar.models.ngram.model import Ngram

MODEL = Ngram(order=3, add=0.1).fit(Corpus.from_items(["ab", "aab", "ba", "bb", "abba", "a", "baa"]))


def probability(items: BoundedItems, text: str) -> float:
    ids = np.array([[0, *(" ab".index(x) for x in text)]])
    rows = items.log_probs(ids)[0]
    return float(np.exp(rows[np.arange(len(text) + 1), [*ids[0, 1:], 0]].sum()))


@pytest.mark.parametrize(("least", "most"), [(0, 4), (1, 1), (2, 5), (4, 4)])
def test_the_shares_are_those_of_enumeration(least: int, most: int) -> None:
    items = BoundedItems.of(MODEL.automaton, Constraint(min_length=least, max_length=most), Plan())
    assert items is not None
    texts = ["".join(letters) for n in range(most + 1) for letters in itertools.product("ab", repeat=n)]
    texts = [text for text in texts if len(text) >= least]
    nats = np.array([MODEL.nats([text])[0] if text else -MODEL.start(1).log_probs[0, 0] for text in texts])
    wanted = np.exp(-nats) / np.exp(-nats).sum()
    np.testing.assert_allclose([probability(items, text) for text in texts], wanted, rtol=1e-12)
    assert sum(probability(items, text) for text in texts) == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize(
    "plan", [Plan(seed=5), Plan(seed=5, temperature=0.6), Plan(seed=5, top_k=2), Plan(seed=5, new=True)]
)
@pytest.mark.parametrize(
    "constraint",
    [
        Constraint(max_length=6),
        Constraint(prefix="b", min_length=3, max_length=5),
        Constraint(min_length=4),
        Constraint(prefix="ba", min_length=12),
    ],
)
def test_the_items_are_those_of_the_product(
    plan: Plan, constraint: Constraint, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = list(MODEL.draw(300, plan, constraint).corpus)
    monkeypatch.setattr(bounded_items, "CELLS", 0)
    assert BoundedItems.of(MODEL.automaton, constraint, plan) is None
    assert list(MODEL.draw(300, plan, constraint).corpus) == drawn


@pytest.mark.parametrize("least", [1, 3])
def test_without_a_largest_length_the_shares_are_those_of_all_items_that_are_long_enough(least: int) -> None:
    items = BoundedItems.of(MODEL.automaton, Constraint(min_length=least), Plan())
    assert items is not None
    # p(item | at least so long) = p(item) / (1 - p of all shorter ones), of which there are few
    shorter = ["".join(letters) for n in range(1, least) for letters in itertools.product("ab", repeat=n)]
    empty = np.exp(MODEL.start(1).log_probs[0, 0])
    rest = 1 - empty - np.exp(-MODEL.nats(shorter)).sum() if shorter else 1 - empty
    for text in ("aba", "abbb", "ba" * 20):
        assert probability(items, text) == pytest.approx(np.exp(-MODEL.nats([text])[0]) / rest, rel=1e-10)
    assert probability(items, "ab"[: least - 1]) == 0


def test_items_without_an_end_are_left_to_the_product() -> None:
    # After x there is x for ever, so an item that is long enough ends only before it: in "ab", the product knows.
    V = 4
    log_prob = np.full((4, V), -np.inf)
    log_prob[0, 1] = log_prob[0, 3] = log_prob[2, 0] = np.log(0.5)
    log_prob[1, 2] = log_prob[3, 3] = 0.0
    log_prob[2, 1] = np.log(0.5)
    target = np.tile(np.arange(V, dtype=np.int32), (4, 1))
    machine = Automaton.from_rows(nextchar.Alphabet("abx"), 0, log_prob, target)
    assert BoundedItems.of(machine, Constraint(min_length=3), Plan()) is None


def test_the_unknown_symbol_is_never_written() -> None:
    model = Ngram(order=2, add=1).fit(Corpus.from_items(["ab"]).encoded_in(nextchar.Alphabet("ab", has_unknown=True)))
    assert set("".join(model.sample(200, seed=1, max_length=4))) == {"a", "b"}
    constraint = Constraint(min_length=1, max_length=3)
    exact = conditional(model, constraint).sample(100, seed=2)
    assert model.sample(100, seed=2, max_length=3) == exact


def test_what_cannot_be_is_an_error() -> None:
    model = Ngram(order=2, add=0).fit(Corpus.from_items(["ab", "abab"]))  # nothing begins with b or ends after a
    for asked in (
        {"prefix": "b", "max_length": 4},
        {"prefix": "b", "min_length": 3},
        {"min_length": 3, "max_length": 3},
        {"max_length": 1},
    ):
        with pytest.raises(SettingsError, match="no item of this model"):
            model.sample(1, seed=1, **asked)


def test_tiny_probabilities_are_no_obstacle() -> None:
    # after a comes a once in 10^6: exactly 200 of them have the probability 10^-1200, beyond the range of numbers
    model = Ngram(order=2, add=1e-6).fit(Corpus.from_items(["b"]))
    assert model.sample(1, seed=1, min_length=200, max_length=200, allowed="b") == ["b" * 200]
    items = model.sample(3, seed=1, min_length=200, max_length=200)
    assert [len(item) for item in items] == [200] * 3


def test_new_items_do_not_depend_on_what_lies_on_the_machine(names: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a model of a named data set, whose file is at hand here and elsewhere is not."""
    model = nextchar.Ngram(order=3).fit(names)
    options: dict[str, Any] = {"seed": 4, "new": True, "prefix": "ma", "max_length": 5}
    here = model.sample(50, **options)
    monkeypatch.setattr("nextchar.automata.constrained_sampling.known_file", lambda _: None)
    assert model.sample(50, **options) == here
    assert not set(here) & set(names)
