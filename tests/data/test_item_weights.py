"""How much items matter where new ones are to be predicted."""

from __future__ import annotations

import numpy as np
import pytest

from nextchar.data.item_weights import importance


def effective(weights: np.ndarray) -> float:
    return float(weights.sum() ** 2 / (weights @ weights))


@pytest.mark.parametrize("weights", [[1, 1, 1], [7, 7], [3], [2**62] * 5])
def test_equal_weights_are_no_weights(weights: list[int]) -> None:
    assert importance(np.array(weights), 10).tolist() == pytest.approx([1.0] * len(weights))


def test_weights_with_enough_items_stay_as_they_are() -> None:
    """Of 1, 2, ..., 100 the effective number is 5050^2 / 338350 = 75.4."""
    weights = np.arange(1, 101)
    assert importance(weights, 75) == pytest.approx(weights / 50.5)
    damped = importance(weights, 80)
    assert effective(damped) == pytest.approx(80, abs=0.01)
    power = np.polyfit(np.log(weights), np.log(damped), 1)
    assert np.exp(np.polyval(power, np.log(weights))) == pytest.approx(damped)  # a power of the weights
    assert 0 < power[0] < 1


@pytest.mark.parametrize("top", [10**3, 10**9, 2**62])
def test_one_heavy_item_does_not_decide(top: int) -> None:
    weights = np.array([1] * 99 + [top])
    found = importance(weights, 2_500)
    assert effective(found) == pytest.approx(90, abs=0.1)  # nine tenths of the items, which are fewer than 2,500
    assert found.mean() == pytest.approx(1)
    assert found[-1] > found[0]


def test_items_of_weight_0_are_none() -> None:
    assert importance(np.array([5, 0, 5]), 10).tolist() == pytest.approx([1, 0, 1])
    assert importance(np.array([0, 0]), 10).tolist() == [0, 0]
    assert importance(np.array([], dtype=np.int64), 10).tolist() == []
