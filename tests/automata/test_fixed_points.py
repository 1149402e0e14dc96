"""Numbers that are defined by each other settle, also where rounding is all that still changes them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from nextchar.automata.fixed_points import EXACT_LOGS, NEARLY_LOGS, settled

F64 = npt.NDArray[np.float64]


@pytest.mark.parametrize("end", [0.5, 1e-2, 1e-5, 1e-7])
def test_items_that_hardly_ever_end_have_a_mean_length(end: float) -> None:
    # From every state an item ends with the same probability: all mean lengths are 1 / end.
    rng = np.random.default_rng(1)
    leads = rng.dirichlet(np.ones(300), size=300) * (1 - end)
    calls = 0

    def advance(x: F64) -> F64:
        nonlocal calls
        calls += 1
        found: F64 = 1 + leads @ x
        return found

    x = settled(np.ones(300), advance, exact=EXACT_LOGS, nearly=NEARLY_LOGS)
    np.testing.assert_allclose(x, 1 / end, rtol=1e-7)
    assert calls < 200


def test_a_long_way_is_gone_to_its_end() -> None:
    # A chain: state i leads to i + 1 alone, and the last ends. The lengths are 1 to n, after n rounds.
    n = 3_000

    def advance(x: F64) -> F64:
        return np.append(1 + x[1:], 1.0)

    np.testing.assert_allclose(settled(np.ones(n), advance), np.arange(n, 0, -1), rtol=1e-12)
