"""What chapters 12 to 14 say about nets holds of the nets: those that ship, and those that the figures make."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest

from nextchar.data.corpus import Corpus
from nextchar.data.splits import split
from nextchar.lesson.names import lesson_names
from nextchar.models.ngram.model import Ngram

pytest.importorskip("torch")
import torch

from nextchar.lesson.lesson_nets import lesson_net, net_facts
from nextchar.models.neural.diagnostics import embedding_map
from nextchar.models.neural.health import Stack, StackTraining
from nextchar.models.neural.interventions import moved_rows, recalled, vectors_at
from nextchar.models.neural.units import firing, unit


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


def test_12_a_symbol_more_costs_128_weights() -> None:
    more = [net_facts()[f"mlp{k + 1}"].parameters - net_facts()[f"mlp{k}"].parameters for k in range(1, 8)]
    assert more == [2 * 64] * 7  # the table of pairs would grow by 26 x 729 cells


def test_12_what_longer_windows_gain() -> None:
    nats = [net_facts()[f"mlp{k}"].test_nats for k in (1, 3, 8)]
    assert [round(nats[0] - nats[1], 2), round(nats[1] - nats[2], 2)] == [0.17, 0.05]


@pytest.mark.parametrize("name", ["emma", "lenora", "helga"])
def test_12_a_letter_that_is_moved_counts_as_long_as_it_is_in_the_window(name: str) -> None:
    model = lesson_net("mlp3")
    [e] = model.alphabet.encode("e")
    seen = embedding_map(model)
    x, y = seen.places[e]
    before, after = (moved_rows(model, name, vectors) for vectors in (None, vectors_at(seen, {e: (x - 1, y - 1)})))
    changed = ~np.isclose(before, after, atol=1e-9).all(axis=1)
    # row t follows letter t, the boundary being 0; the e is in its window if it is among its last three
    assert changed.tolist() == ["e" in name[max(t - 3, 0) : t] for t in range(len(name) + 1)]


def test_12_similar_letters_are_followed_by_much_the_same(names: Corpus) -> None:
    after = Ngram(order=2, add=1).fit(names)

    def distance(one: str, other: str) -> float:
        rows = [np.exp(after.log_probs(np.array([[0, *names.alphabet.encode(x)]]))[0, -1]) for x in (one, other)]
        return float(np.abs(rows[0] - rows[1]).sum() / 2)

    assert distance("e", "a") < min(distance("e", consonant) for consonant in "bcdfghjkmpqstvwxz")


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


@pytest.mark.parametrize("depth", [4, 6, 8])
def test_13_large_weights_saturate_and_let_the_gradient_grow(names: Corpus, depth: int) -> None:
    layers = StackTraining(Stack(depth=depth, scale=5.0), names).look().layers
    assert min(layer.saturated for layer in layers) > 0.5
    pulls = [layer.gradient_deviation for layer in layers]
    assert pulls == sorted(pulls, reverse=True)  # the first layer is the last that it comes to
    assert pulls[0] > 1.5 ** (depth - 1) * pulls[-1]


def test_13_with_large_weights_no_rate_suits_all_layers(names: Corpus) -> None:
    training = StackTraining(Stack(depth=6, scale=5.0), names)
    training.advance(100)
    ratios = [layer.update_ratio for layer in training.look().layers]
    assert ratios == sorted(ratios, reverse=True)
    assert ratios[0] > 5 * ratios[-1]


@pytest.mark.parametrize("scale", [0.5, 5 / 3, 5.0])
def test_13_a_new_net_knows_nothing(names: Corpus, scale: float) -> None:
    loss = StackTraining(Stack(depth=6, scale=scale), names).look().loss
    assert loss == pytest.approx(3.30, abs=0.02)  # ln 27 = 3.296


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


def test_14_without_the_matrix_of_the_state_only_the_last_symbol_counts() -> None:
    model = deepcopy(lesson_net("rnn"))
    with torch.no_grad():
        model.module.get_parameter("layer.weight_hh_l0").zero_()
    one, other = (recalled(model, name).rows[-1] for name in ("joanna", "mia"))
    assert np.allclose(one, other, atol=1e-12)
    one, other = (recalled(lesson_net("rnn"), name).rows[-1] for name in ("joanna", "mia"))
    assert np.abs(one - other).max() > 0.1


def test_14_what_the_units_that_the_text_names_respond_to(names: Corpus) -> None:
    """Units are counted from 1 on the page; unit 7 is tested in test_net_facts."""
    seen = firing(lesson_net("rnn"), names)
    vowels, others = [unit(seen, 23).by_symbol[names.alphabet.encode(some)] for some in ("aeiouy", "bcdfjklmnpstvwz")]
    assert vowels.max() < -0.5
    assert np.median(others) > 0.5
    by_place = unit(seen, 30).by_place[:12]
    assert by_place[:2].min() > 0.5
    assert by_place[2:].max() < -0.5


def test_14_it_does_better_than_a_window_with_as_many_weights() -> None:
    rnn, window = net_facts()["rnn"], net_facts()["mlp8"]
    assert [round(rnn.test_nats, 2), round(window.test_nats, 2)] == [2.13, 2.26]
    assert rnn.parameters == pytest.approx(window.parameters, rel=0.02)
