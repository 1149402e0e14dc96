"""Sums of exponentials, normalising and golden section search against scipy and arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import log_softmax, logsumexp
from scipy.special import softmax as scipy_softmax

from nextchar.core.numerics import least, log_sum_exp, normalised, softmax

ROWS = np.random.default_rng(0).normal(0, 300, (4, 5, 7))  # exp(710) is too large for a float


def test_against_scipy() -> None:
    np.testing.assert_allclose(log_sum_exp(ROWS), logsumexp(ROWS, axis=-1), rtol=1e-14)
    np.testing.assert_allclose(normalised(ROWS), log_softmax(ROWS, axis=-1), rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(softmax(ROWS), scipy_softmax(ROWS, axis=-1), rtol=1e-12)


def test_what_is_impossible_stays_so() -> None:
    rows = np.array([[0.0, -np.inf, math.log(3)], [-np.inf, -np.inf, -np.inf]])
    assert log_sum_exp(rows).tolist() == [pytest.approx(math.log(4)), -np.inf]  # 1 + 3
    assert np.exp(normalised(rows[0])).tolist() == pytest.approx([0.25, 0.0, 0.75])
    assert softmax(rows[0]).tolist() == pytest.approx([0.25, 0.0, 0.75])
    assert np.isnan(normalised(rows)[1]).all()  # no shift makes nothing sum to 1


def test_rows_are_not_changed() -> None:
    before = ROWS.copy()
    for function in (log_sum_exp, normalised, softmax):
        function(ROWS)
    np.testing.assert_array_equal(ROWS, before)


@pytest.mark.parametrize("valley", [-1.0, 0.3, 2.0])
def test_least_finds_the_valley(valley: float) -> None:
    asked: list[float] = []

    def function(x: float) -> float:
        asked.append(x)
        return (x - valley) ** 2

    assert least(function, -1, 2, within=1e-6) == pytest.approx(valley, abs=1e-6)
    # each question beyond the first two shrinks the interval by 0.618: 3 x 0.618^31 = 1.0e-6
    assert len(asked) <= 34
