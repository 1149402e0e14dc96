"""Rows of weights, six at once: against numpy's sums of the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nextchar._kernels.context_mixing.compiled import loop
from nextchar._kernels.context_mixing.lanes import add_scaled, dots

CHANCE = np.random.default_rng(3)
ROW = CHANCE.permutation(20)[:12]


@loop
def both(weights, row, x, chunk, chunks, out, scale):  # type: ignore[no-untyped-def]
    dots(weights, row, x, chunk, chunks, out)
    add_scaled(weights, row, x, chunk, chunks, scale)


@pytest.mark.parametrize("begins", [[0, 8, 16, 24], [8, 24], []])
def test_rows_of_weights(begins: list[int]) -> None:
    weights: Any = CHANCE.normal(size=(20, 32)).astype(np.float32)
    x, scale = np.zeros(32, dtype=np.float32), CHANCE.normal(size=12).astype(np.float32)
    for begin in begins:
        x[begin : begin + 8] = CHANCE.normal(size=8)
    chunk, out = np.array([*begins, 0, 0, 0, 0][:4]), np.full(12, 9, dtype=np.float32)
    wanted, learned = weights[ROW] @ x, weights.copy()
    learned[ROW] += scale[:, None] * x
    both(weights, ROW, x, chunk, len(begins), out, scale)
    assert out == pytest.approx(wanted, abs=1e-5)  # float32: 32 products of about 1
    assert weights == pytest.approx(learned, abs=1e-6)
