"""A stack of layers, against its arithmetic in numpy, and what the scale of the first weights does to it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nextchar.data.corpus import Corpus
from nextchar.errors import SettingsError

pytest.importorskip("torch")

from nextchar.models.neural.health import Stack, StackTraining, windows

ITEMS = Corpus.from_items(["emma", "ava", "mia", "amelia", "viola", "oliva", "zoe", "bb"] * 20)


def test_windows_begin_with_boundaries() -> None:
    corpus = Corpus.from_items(["ab", "c"])  # a, b, c are 1, 2, 3
    before, after = windows(corpus, 2)
    assert before.tolist() == [[0, 0], [1, 0], [2, 1], [0, 0], [3, 0]]
    assert after.tolist() == [1, 2, 0, 3, 0]


@pytest.mark.parametrize("normed", [False, True])
def test_the_layers_by_arithmetic(normed: bool) -> None:
    training = StackTraining(Stack(depth=2, width=5, embedding=3, context=2, scale=1.5, normed=normed, batch=8), ITEMS)
    table, first, second, head, bias = (weight.detach().double().numpy() for weight in training._weights)
    chosen = training._probes.numpy()
    before, after = windows(ITEMS, 2)

    def layers(table: np.ndarray, first: np.ndarray, second: np.ndarray) -> tuple[list[np.ndarray], float]:
        x = table[before[chosen]].reshape(len(chosen), -1)
        hidden = []
        for weight in (first, second):
            x = x @ weight.T
            if normed:
                x = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
            x = np.tanh(x)
            hidden.append(x)
        logits = x @ head.T + bias
        logits = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        return hidden, float(-logits[np.arange(len(chosen)), after[chosen]].mean())

    hidden, loss = layers(table, first, second)
    seen = training.look()
    assert seen.loss == pytest.approx(loss, rel=1e-5)
    for layer, numbers in zip(seen.layers, hidden, strict=True):
        assert layer.mean == pytest.approx(numbers.mean(), abs=1e-5)
        assert layer.deviation == pytest.approx(numbers.std(ddof=1), rel=1e-4)
        assert layer.saturated == pytest.approx((np.abs(numbers) > 0.97).mean(), abs=1e-3)
        expected = np.histogram(numbers, bins=40, range=(-1, 1))[0] / numbers.size
        assert layer.activations == pytest.approx(expected, abs=2e-3)
        assert sum(layer.gradients) == pytest.approx(1)
    slopes = np.zeros_like(second)  # by differences
    for cell in np.ndindex(second.shape):
        moved = second.copy()
        moved[cell] += 1e-5
        slopes[cell] = (layers(table, first, moved)[1] - loss) / 1e-5
    ratio = 0.1 * slopes.std(ddof=1) / second.std(ddof=1)
    assert seen.layers[1].update_ratio == pytest.approx(ratio, rel=1e-2)


def test_the_same_seed_the_same_net_and_training_learns() -> None:
    settings = Stack(depth=2, width=16, seed=4)
    one, other = StackTraining(settings, ITEMS), StackTraining(settings, ITEMS)
    assert one.look() == other.look()
    first = one.look().loss
    assert first == pytest.approx(math.log(ITEMS.alphabet.size), abs=0.2)  # it begins sure of nothing
    one.advance(60)
    assert one.step == 60
    assert one.look().loss < first - 0.3
    for _ in range(3):
        other.advance(other.step + 20)
    assert other.look() == one.look()  # in turns or at once
    other.advance(10_000, seconds=0.0)
    assert other.step == 61  # one step at least


def test_small_first_weights_shrink_and_large_ones_saturate() -> None:
    def deviations(**settings: float) -> list[float]:
        training = StackTraining(Stack(depth=6, **settings), ITEMS)  # type: ignore[arg-type]
        return [layer.deviation for layer in training.look().layers]

    small = deviations(scale=0.3)
    assert small == sorted(small, reverse=True)
    assert small[-1] < small[0] / 50
    training = StackTraining(Stack(depth=6, scale=4.0), ITEMS).look()
    assert min(layer.saturated for layer in training.layers) > 0.3
    back = [layer.gradient_deviation for layer in training.layers]
    assert back[0] > 2 * back[-1]  # and gradients grow on the way back
    normed = deviations(scale=0.3, normed=True)
    assert max(normed) < 1.1 * min(normed)


def test_a_rate_too_large_is_noticed() -> None:
    training = StackTraining(Stack(depth=2, rate=100.0, scale=10.0), ITEMS)
    training.advance(200)
    assert training.lost
    step = training.step
    training.advance(step + 5)
    assert training.step == step
    seen = training.look()  # whatever its numbers are, the look is one
    assert all(len(layer.activations) == 40 for layer in seen.layers)


@pytest.mark.parametrize("wrong", [{"depth": 0}, {"depth": 21}, {"scale": -1.0}, {"rate": 0.0}, {"width": 0}], ids=str)
def test_settings_out_of_range(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        Stack(**wrong)  # type: ignore[arg-type]
