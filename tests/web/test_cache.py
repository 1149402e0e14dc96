"""Each thing is made once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from nextchar.data.corpus import Corpus
from nextchar.web.cache import SingleFlightCache
from nextchar.web.dataset import Dataset


def test_the_cache_makes_each_thing_once_and_keeps_to_its_budget() -> None:
    data = Dataset("own", True, Corpus.from_items(["a"]))
    cache = SingleFlightCache(budget_bytes=100)
    made: list[int] = []

    def make(number: int) -> int:
        time.sleep(0.02)
        made.append(number)
        return number

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: cache.get(data, 1, 60, lambda: make(1)), range(4))) == {1}
    assert made == [1]
    cache.get(data, 2, 60, lambda: make(2))  # 120 > 100: the first goes
    cache.get(data, 1, 60, lambda: make(1))
    assert made == [1, 2, 1]
    with pytest.raises(ZeroDivisionError):
        cache.get(data, 3, 1, lambda: 1 // 0)
    assert cache.get(data, 3, 1, lambda: 5) == 5


def test_what_is_being_made_is_known() -> None:
    cache, data = SingleFlightCache(), Dataset("x", True, Corpus.from_items(["ab"]))
    seen: list[object] = []

    def make() -> int:
        seen.extend(key for key, seconds in cache.doing(data) if seconds >= 0)
        return cache.get(data, ("inner", 2), 1, lambda: len(cache.doing(data)))

    assert cache.get(data, "outer", 1, make) == 2
    assert seen == ["outer"]
    assert cache.doing(data) == []
