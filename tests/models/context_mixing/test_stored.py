"""What a context mixing model's file holds of its slots: all of most, the rest to within a step."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest

from nextchar._kernels.context_mixing.packing import count_slots, pack_slots, unpack_slots
from nextchar._kernels.context_mixing.vectors import LANES
from nextchar.data.corpus import Corpus
from nextchar.errors import ModelFileError
from nextchar.models.context_mixing.model import ContextMixing
from nextchar.models.context_mixing.stored import CONTEXTS, StoredTables, _shapes, _steps
from nextchar.models.context_mixing.tables import BIN_MIDDLES, fixed_tables, opened

U64 = npt.NDArray[np.uint64]


def slot(check: int, p: int, n0: int, n1: int, last: int, q0: int, q1: int) -> int:
    return check | p << 16 | n0 << 32 | n1 << 40 | last << 48 | q0 << 52 | q1 << 56


def packed_and_back(words: U64) -> U64:
    totals = np.zeros(3, dtype=np.int64)
    count_slots(words, totals)
    shapes = _shapes(len(words) // LANES, *(int(total) for total in totals), quick=True)
    packed = [np.zeros(shape, dtype=np.uint8) for shape in shapes.values()]
    starts = np.searchsorted((1, 2, 3, 4, 5, 7, 10, 15, 25, 50, 110), np.arange(256), side="right").astype(np.uint8)
    step, value = _steps()
    pack_slots(words, starts, step, *packed)
    middle, same = np.floor(BIN_MIDDLES).astype(np.uint64), np.zeros((2, 128), dtype=np.uint64)
    found = np.zeros_like(words)
    unpack_slots(
        *packed, middle, value, fixed_tables(adaptive=True).slot_rate, same, found, np.empty(0, dtype=np.uint32)
    )
    return found


def test_slots_come_back() -> None:
    # After a 1: 32768 + (65535 - 32768) / 1.6 = 53247.4; after two: + (65535 - 53247) / 2.6 = 57973.2. Whole numbers.
    once, twice = slot(0x123, 53247, 0, 1, 1, 0, 1), slot(0xFED, 57973, 0, 2, 3, 0, 2)
    both = slot(0xABC, 40000, 6, 1, 2, 3, 1)  # six is of the bin of 5 and 6, for which 5 stands
    words = np.zeros(3 * LANES, dtype=np.uint64)
    words[[0, 1, 7, 8, 23]] = [once, both, twice, once, both]
    found = packed_and_back(words)
    assert found[[0, 2, 8]].tolist() == [once, twice, once]
    for at in (1, 16):
        assert int(found[at]) & 0xFFFF == 0xABC
        assert int(found[at]) >> 32 == slot(0, 0, 5, 1, 2, 3, 1) >> 32
        logits = [math.log(p / (65536 - p)) for p in (int(found[at]) >> 16 & 0xFFFF, 40000)]
        assert logits[0] == pytest.approx(logits[1], abs=1 / 16)
    assert np.flatnonzero(found).tolist() == [0, 1, 2, 8, 16]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_was_packed_is_packed_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    words = np.zeros(7 * LANES, dtype=np.uint64)
    for i in rng.choice(len(words), size=30, replace=False):
        n0, n1 = (int(n) for n in rng.integers(0, 40, size=2) * rng.integers(0, 2, size=2))
        words[i] = slot(int(rng.integers(1, 4096)), int(rng.integers(300, 65000)), n0, n1, 1, min(n0, 15), min(n1, 15))
    once = packed_and_back(words)
    assert once.tolist() == packed_and_back(once).tolist()
    assert (once > 0).sum() == ((words >> np.uint64(32) & np.uint64(0xFFFF)) > 0).sum()


@pytest.mark.parametrize("contexts", [None, 0, CONTEXTS - 1, CONTEXTS + 1])
def test_counts_of_other_contexts_are_refused(contexts: int | None) -> None:
    model = ContextMixing(contexts=9, passes=1).fit(["emma", "ava"])
    arrays = {name: array for name, array in model.arrays().items() if name != "contexts"}
    if contexts is not None:
        arrays["contexts"] = np.array([contexts], dtype=np.uint8)
    with pytest.raises(ModelFileError, match="contexts of another version of nextchar; train it anew"):
        StoredTables(arrays, model.alphabet, model.vowel, adaptive=False)


@pytest.mark.parametrize("learning", ["static", "adaptive"])
def test_a_trained_model_is_what_comes_back_from_its_file(learning: Literal["static", "adaptive"]) -> None:
    rng = np.random.default_rng(4)
    items = ["".join(rng.choice(list("abcd\n "), 40)) + "ab" * int(rng.integers(0, 150)) for _ in range(40)]
    model = ContextMixing(contexts=12, learning=learning).fit(Corpus.from_documents(items))
    stored = StoredTables(model.arrays(), model.alphabet, model.vowel, adaptive=learning == "adaptive")
    back, close = stored.made(learns=True), stored.made(learns=False)
    for name, tables in model.learned._asdict().items():
        for field, array in tables._asdict().items():
            if (name, field) == ("mixers", "at"):
                continue  # where a loop is
            # Of the slots the end is room that belongs to none.
            end = int(model.learned.slots.mask.sum() + 12) * LANES if (name, field) == ("slots", "words") else None
            assert np.array_equal(array[:end], getattr(getattr(back, name), field)[:end]), (name, field)
    # Tables that do not learn have the same slots close together, line after line.
    filled = model.learned.slots.words[: int(model.learned.slots.mask.sum() + 12) * LANES]
    assert np.array_equal(close.slots.words[:-LANES], filled[filled > 0])
    assert not close.slots.words[-LANES:].any()
    assert np.diff(close.slots.begin.astype(int)).tolist() == (filled.reshape(-1, LANES) > 0).sum(axis=1).tolist()
    again = opened(close.slots)
    assert np.array_equal(again.words[: len(filled)], filled)
    assert not again.begin.size
