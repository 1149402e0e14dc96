"""What chapters 12 to 14 say about nets holds of the nets: those that ship, and those that the figures make."""

from __future__ import annotations

import numpy as np
import pytest

from nextchar.data.corpus import Corpus
from nextchar.data.splits import split
from nextchar.lesson.names import lesson_names
from nextchar.models.ngram.model import Ngram

pytest.importorskip("torch")
from nextchar.lesson.lesson_nets import lesson_net, net_facts
from nextchar.models.neural.diagnostics import embedding_map
from nextchar.models.neural.health import Stack, StackTraining
from nextchar.models.neural.interventions import recalled


@pytest.fixture(scope="module")
def names() -> Corpus:
    return Corpus.from_items(lesson_names())


def test_12_the_letters_nearest_to_e_are_vowels() -> None:
    model = lesson_net("mlp3")
    vectors = embedding_map(model).vectors
    apart = np.linalg.norm(vectors - vectors[model.alphabet.encode("e")], axis=1)
    nearest = [model.alphabet.symbols[i] for i in np.argsort(apart)[1:4]]
    assert set(nearest) <= set("aeiouy")


def test_12_a_window_of_one_is_no_better_than_pairs(names: Corpus) -> None:
    parts = split(names, "distinct")
    pairs = Ngram(order=2, add=1).fit(parts.train).evaluate(parts.test).nats_per_symbol
    assert pairs == pytest.approx(2.45, abs=0.005)
    assert net_facts()["mlp1"].test_nats > pairs - 0.005


def test_12_a_symbol_more_costs_a_few_hundred_weights() -> None:
    more = [net_facts()[f"mlp{k + 1}"].parameters - net_facts()[f"mlp{k}"].parameters for k in range(1, 8)]
    assert max(more) < 1000  # the table of pairs would grow by 26 x 729 cells


@pytest.fixture(scope="module")
def small(names: Corpus) -> StackTraining:
    return StackTraining(Stack(depth=6, scale=0.5), names)


def test_13_with_small_weights_little_arrives(small: StackTraining, names: Corpus) -> None:
    seen = small.look()
    spreads = [layer.deviation for layer in seen.layers]
    pulls = [layer.gradient_deviation for layer in seen.layers]
    assert spreads == sorted(spreads, reverse=True)  # forwards they shrink from layer to layer
    assert pulls == sorted(pulls)  # and the gradients on the way back
    assert spreads[-1] < 0.05 * spreads[0]
    assert pulls[0] < 0.05 * pulls[-1]
    small.advance(100)
    after = small.look()
    # all layers move far less than 1 to 1,000, and not even the frequencies of the symbols are learned by then
    assert max(layer.update_ratio for layer in after.layers) < 2e-4
    assert after.loss > Ngram(order=1, add=0).fit(names).evaluate(names).nats_per_symbol


def test_13_normalisation_makes_the_scale_matter_little(small: StackTraining, names: Corpus) -> None:
    for scale in (0.1, 5.0):
        spreads = [
            layer.deviation for layer in StackTraining(Stack(depth=6, scale=scale, normed=True), names).look().layers
        ]
        assert min(spreads) > 0.6
        assert max(spreads) < 0.66
    normed = StackTraining(Stack(depth=6, scale=0.5, normed=True), names)
    normed.advance(100)
    small.advance(100)
    assert normed.look().loss < small.look().loss - 0.1


def test_13_large_weights_saturate(names: Corpus) -> None:
    assert StackTraining(Stack(depth=6, scale=5.0), names).look().layers[-1].saturated > 0.5


def test_13_a_scale_of_five_thirds_keeps_the_spread(names: Corpus) -> None:
    spreads = [layer.deviation for layer in StackTraining(Stack(depth=8, scale=5 / 3), names).look().layers]
    assert min(spreads) > 0.6


def test_14_the_state_holds_what_no_window_of_three_sees() -> None:
    rnn, window = lesson_net("rnn"), lesson_net("mlp3")
    for model, same in ((rnn, False), (window, True)):
        rows = [
            model.log_probs(np.array([[0, *model.alphabet.encode(name).tolist()]]))[0, -1]
            for name in ("joanna", "anna")
        ]
        assert np.allclose(rows[0], rows[1], atol=1e-12) == same


def test_14_a_state_does_not_depend_on_what_comes_later() -> None:
    one, other = (recalled(lesson_net("rnn"), name).hidden for name in ("helene", "halene"))
    assert np.array_equal(one[:2], other[:2])
    assert not np.isclose(one[2:], other[2:]).all(axis=1).any()


def test_14_it_does_well_enough_on_names() -> None:
    assert net_facts()["rnn"].test_nats < net_facts()["mlp2"].test_nats < 2.45
