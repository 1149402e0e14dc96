from __future__ import annotations

import numpy as np
import pytest

from nextchar.tasks.typicality import Typicality


def drawn(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Texts of two labels: 2 nats a symbol under the own label's models, 4 under the other's, with noise."""
    source = np.random.default_rng(seed)
    symbols = source.integers(2, 20, size=n)
    targets = source.integers(0, 2, size=n)
    noise = source.normal(size=n) * np.sqrt(symbols)
    nats = np.stack([np.where(targets == c, 2, 4) * symbols + noise for c in range(2)], axis=1)
    return nats, np.zeros(n, dtype=np.int64), symbols, targets


def test_the_share_of_texts_turned_away_is_the_stated_one() -> None:
    found = Typicality.of(*drawn(20_000, 1))
    fresh = found.typicality(*drawn(20_000, 2)[:3])
    for rate in (0.001, 0.01, 0.05, 0.2, 0.5):
        # standard error of a share among 20,000, and that of the quantile, which comes from as many: together sqrt(2)
        assert abs((fresh < rate).mean() - rate) < 4 * np.sqrt(2 * rate / 20_000)


def test_each_range_of_lengths_keeps_the_rate() -> None:
    found = Typicality.of(*drawn(20_000, 1))
    assert len(found.last) == 5
    nats, strange, symbols, _ = drawn(40_000, 3)
    flagged = found.typicality(nats, strange, symbols) < 0.05
    for first, last in ((2, 5), (6, 10), (11, 19)):
        inside = (symbols >= first) & (symbols <= last)
        assert flagged[inside].mean() == pytest.approx(0.05, abs=0.012)


def test_what_is_unlike_all_labels_is_told() -> None:
    found = Typicality.of(*drawn(20_000, 1))
    nats, strange, symbols, _ = drawn(1000, 4)
    assert (found.typicality(nats + 4 * symbols[:, None], strange, symbols) < 0.01).mean() > 0.9
    assert found.typicality(np.full((1, 2), np.inf), np.array([0]), np.array([5]))[0] < 0.001


def test_the_oddest_of_few() -> None:
    nats, strange, symbols, targets = drawn(99, 5)
    found = Typicality.of(nats, strange, symbols, targets)
    assert found.least_rate == 1 / 100  # 99 texts: odder than all has a share of 1 in 100
    assert found.typicality(nats + 1e5, strange, symbols).max() == pytest.approx(0.01)
    again = Typicality.from_arrays(found.arrays(), 2)
    assert again is not None
    np.testing.assert_array_equal(again.typicality(nats, strange, symbols), found.typicality(nats, strange, symbols))
    assert Typicality.from_arrays({}, 2) is None


def test_the_cost_of_a_character_that_no_label_knows() -> None:
    nats, strange, symbols, targets = drawn(1000, 6)
    strange[:10] = 1
    found = Typicality.of(nats, strange, symbols, targets)
    # 10 among all symbols, with half a one for what may come
    assert found.novel[0] == pytest.approx(np.log((symbols.sum() + 1) / 10.5))
    same = nats - 5 * found.novel, strange + 5, symbols
    np.testing.assert_allclose(found.typicality(*same), found.typicality(nats, strange, symbols))


@pytest.mark.parametrize(
    "change",
    [
        {"usual": np.zeros((2, 4))},
        {"last": np.array([5, 5])},
        {"last": np.empty(0, dtype=np.int64)},
        {"odd": np.arange(256.0)[None, ::-1]},
        {"share": np.zeros((1, 256))},
        {"texts": np.array([0])},
        {"texts": np.array([3.0])},
        {"usual": np.full((2, 5), np.nan)},
    ],
)
def test_arrays_that_do_not_fit(change: dict[str, np.ndarray]) -> None:
    arrays = Typicality.of(*drawn(99, 5)).arrays() | {f"typicality/{name}": array for name, array in change.items()}
    with pytest.raises(ValueError, match="typicality"):
        Typicality.from_arrays(arrays, 2)
    with pytest.raises((ValueError, KeyError)):
        Typicality.from_arrays({"typicality/last": np.array([3])}, 2)
