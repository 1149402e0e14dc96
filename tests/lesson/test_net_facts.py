"""Statements of the lesson's texts about the nets that ship, each held to these nets."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from nextchar.data.alphabet import Alphabet
from nextchar.lesson.lesson_nets import CONTEXTS, lesson_net, lesson_parts, net_facts
from nextchar.lesson.net_facts import (
    correlations,
    firing_of,
    gathering,
    looking_back,
    names_with,
    nats_cut,
    nats_held,
    nearest_symbols,
    open_at,
)
from nextchar.lesson.race import race
from nextchar.models.neural.diagnostics import embedding_map
from nextchar.models.neural.interventions import Hold
from nextchar.models.neural.units import Firing, unit


@pytest.fixture(scope="module")
def some() -> list[str]:
    return list(lesson_parts().test)[:60]


def test_gathering_by_arithmetic() -> None:
    alphabet = Alphabet("abe")  # a and e are vowels; the boundary is left out
    vectors = np.array([[9.0, 9.0], [0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])
    seen = gathering(alphabet, vectors)
    assert seen.vowels == (1, 3)
    assert seen.among_vowels == 1.0
    assert seen.between == pytest.approx((5 + 18**0.5) / 2)  # a to b, e to b
    assert nearest_symbols(vectors, 2)[1] == [3, 2]


def test_names_with_a_letter() -> None:
    found = names_with("q", 3)
    assert len(found) == 3
    assert all("q" in name for name in found)
    assert names_with("4", 3) == []


def test_correlations_by_arithmetic() -> None:
    hidden = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, -1.0], [3.0, -1.0]], dtype=np.float32)
    none = np.zeros(4, dtype=np.int64)
    seen = Firing(hidden, none, none, none, lesson_parts().test)
    # of 0, 1, 2, 3 with 0, 0, 1, 1: 1 / sqrt(5 * 1) x 2 / 2; the second goes exactly the other way
    assert correlations(seen, np.array([0, 0, 1, 1])) == pytest.approx([2 / 5**0.5, -1.0])


# -- 12: the letters on the map ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("context", CONTEXTS)
def test_vowels_gather(context: int) -> None:
    model = lesson_net(f"mlp{context}")
    seen = gathering(model.alphabet, embedding_map(model).vectors)
    assert seen.among_vowels < seen.among_consonants
    if context > 1:
        assert seen.among_vowels < 0.7 * seen.among_consonants
        assert seen.among_consonants < seen.between


def test_the_nearest_of_a_vowel_are_vowels() -> None:
    model = lesson_net("mlp4")
    near = nearest_symbols(embedding_map(model).vectors, 2)
    for vowel in "aou":
        letters = {model.alphabet.symbols[i] for i in near[ord(vowel) - ord("a") + 1]}
        assert letters <= set("aeiou"), vowel


def test_a_longer_context_helps_an_mlp_less_and_less() -> None:
    nats = [net_facts()[f"mlp{k}"].test_nats for k in CONTEXTS]
    gains = -np.diff(nats)
    assert gains[0] > gains[1] > gains[2] > 0.02
    assert max(gains[3:]) < 0.02


# -- 14: what a unit fires at -----------------------------------------------------------------------------------------


def test_one_unit_tells_vowels_and_another_counts() -> None:
    seen = firing_of("rnn")
    vowel = np.isin(seen.ids, [ord(letter) - ord("a") + 1 for letter in "aeiou"])
    assert correlations(seen, vowel)[23] < -0.7
    by_place = correlations(seen, seen.places)
    assert by_place[30] < -0.7
    assert int(np.abs(by_place).argmax()) == 30
    means = unit(seen, 30).by_place[:8]
    assert (np.diff(means[1:]) < 0).all() or means[7] < means[0] - 0.3


def test_one_unit_remembers_the_letter_before() -> None:
    seen = firing_of("rnn")
    inside = seen.places > 0
    before = np.roll(seen.ids, 1)[inside]
    vowel = np.isin(before, [ord(letter) - ord("a") + 1 for letter in "aeiou"])
    later = seen._replace(hidden=seen.hidden[inside])
    assert correlations(later, vowel)[6] > 0.6


# -- 15: gates --------------------------------------------------------------------------------------------------------


def test_gates_where_names_begin(some: list[str]) -> None:
    keep = open_at("gru", "keep", some, 6)
    assert keep[1] > keep[5] + 0.08  # most is kept of the first letters
    enter = open_at("lstm", "enter", some, 6)
    assert enter[0] > enter[1:].max() + 0.1  # the boundary is let in furthest


def test_what_a_closed_gate_costs(some: list[str]) -> None:
    for net, gates in (("gru", ("reset", "keep")), ("lstm", ("enter", "keep", "show"))):
        whole = nats_held(net, some)
        for gate in gates:
            for value in (0.0, 1.0):
                assert nats_held(net, some, [Hold(gate, value)]) > whole + 0.15, (net, gate, value)
    # without its memory a GRU is no better than pairs
    pairs = race().rungs[0].nats
    assert nats_held("gru", some, [Hold("keep", 0.0)]) > pairs
    assert nats_held("gru", some, [Hold("reset", 0.0)]) > nats_held("gru", some, [Hold("reset", 1.0)])


# -- 16: twice as far -------------------------------------------------------------------------------------------------


def test_seeing_twice_as_far_helps_less_each_time() -> None:
    gains = -np.diff([net_facts()[f"wavenet{n}"].test_nats for n in (1, 2, 3, 4)])
    assert gains[0] > gains[1] > gains[2] > 0


# -- 17: who looks at whom --------------------------------------------------------------------------------------------


def test_some_heads_look_one_back_and_one_two_back(some: list[str]) -> None:
    back = looking_back(some, 3)
    assert back.shape == (2, 4, 4)
    assert int(back[0, 3].argmax()) == int(back[1, 2].argmax()) == 1
    assert int(back[0, 2].argmax()) == 2
    assert (back[0, 3, 1], back[1, 2, 1], back[0, 2, 2]) == pytest.approx((0.36, 0.35, 0.34), abs=0.05)


def test_each_head_is_of_some_use(some: list[str]) -> None:
    model = lesson_net("transformer")
    whole = sum(nats for name in some for _, nats in model.surprisal(name)) / sum(len(name) + 1 for name in some)
    costs = np.array([[nats_cut(some, layer, head) - whole for head in range(4)] for layer in range(2)])
    assert costs.min() > 0.01
    assert costs.max() < 0.25
