"""Slots and cells, eight at once: against the same done to one after the other, in whole numbers of any size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nextchar._kernels.context_mixing.compiled import loop
from nextchar._kernels.context_mixing.eights import count_bit, learn_cells, say_slots
from nextchar._kernels.context_mixing.layout import CELLS, QUICK
from nextchar.models.context_mixing.tables import BIN_MIDDLES, fixed_tables

CHANCE = np.random.default_rng(3)
K = 16
BINS = np.searchsorted((1, 2, 3, 4, 5, 7, 10, 15, 25, 50, 110), np.arange(256), side="right").astype(np.uint8)


@loop
def say(word, context, end, cells, quick, bins, stretch, on, cell, quick_cell, inputs):  # type: ignore[no-untyped-def]
    agreed = 0
    for i in range(0, end, 8):
        agreed += say_slots(
            word, context, i, end, cells, quick, bins, stretch, on[0], cell, quick_cell, inputs, inputs.size - 4
        )
    return agreed


@loop
def count(word, bit, rate):  # type: ignore[no-untyped-def]
    for k in range(0, word.size, 8):
        count_bit(word, k, np.int64(bit), rate)


@loop
def learn(cells, cell, bit, rate, out):  # type: ignore[no-untyped-def]
    for k in range(0, cell.size, 8):
        learn_cells(cells, cell, k, np.int64(bit), rate, out)


def slot(check: int, p: int, n0: int, n1: int, last: int, q0: int, q1: int) -> int:
    return check | p << 16 | n0 << 32 | n1 << 40 | last << 48 | q0 << 52 | q1 << 56


def some_slots(seed: int) -> list[tuple[int, ...]]:
    """Of each kind, the largest counts among them; every third is none."""
    rng = np.random.default_rng(seed)
    found: list[tuple[int, ...]] = []
    for k in range(K):
        n0, n1 = (int(n) for n in rng.choice([0, 1, 2, 3, 7, 249, 250], 2))
        q0, q1 = (int(n) for n in rng.choice([0, 1, 2, 3, 4, 14, 15], 2))
        p, last = int(rng.choice([16, 300, 32768, 65000, 65535])), int(rng.integers(4))
        found.append((0,) * 7 if k % 3 == 2 else (int(rng.integers(1, 4096)) | 1, p, n0, n1, last, q0, q1))
    return found


@pytest.mark.parametrize("end", [0, 3, 8, 11, 16])
@pytest.mark.parametrize("on", [0, 1])
def test_what_slots_say(end: int, on: int) -> None:
    slots = [one for one in some_slots(end) + some_slots(end + 1) if one[0]][
        :K
    ]  # beyond the end are others, left behind
    fixed = fixed_tables(adaptive=True)
    cells, quick = (CHANCE.integers(1 << 32, size=K * n, dtype=np.uint32) for n in (CELLS, QUICK))
    cell, quick_cell = np.zeros(K, dtype=np.uint32), np.zeros(K, dtype=np.uint32)
    inputs, word = np.zeros(4 * K + 4, dtype=np.float32), np.array([slot(*one) for one in slots], dtype=np.uint64)
    context, numbers = CHANCE.permutation(K), np.array([on], dtype=np.float32)
    agreed = say(word, context, end, cells, quick, BINS, fixed.stretch, numbers, cell, quick_cell, inputs)
    assert agreed == sum(one[2] * one[3] == 0 for one in slots[:end])
    for i, k in enumerate(context.tolist()):
        _, p, n0, n1, last, q0, q1 = slots[i]
        if i >= end:
            assert not inputs[4 * k : 4 * k + 4].any()
            continue
        assert cell[i] == k * CELLS + (int(BINS[n0]) * len(BIN_MIDDLES) + int(BINS[n1])) * 4 + last
        assert quick_cell[i] == k * QUICK + (q0 + 16 * q1) * 4 + last
        wanted = [fixed.stretch[cells[cell[i]] >> 20], fixed.stretch[p >> 4], p / 65536 - 0.5]
        assert inputs[4 * k : 4 * k + 4].tolist() == [*wanted, on * fixed.stretch[quick[quick_cell[i]] >> 20]]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("bit", [0, 1])
def test_a_bit_is_counted(seed: int, bit: int) -> None:
    slots, rate = some_slots(seed), fixed_tables(adaptive=True).slot_rate
    word = np.array([slot(*one) for one in slots], dtype=np.uint64)
    count(word, bit, rate)
    for k, (check, p, n0, n1, last, q0, q1) in enumerate(slots):
        if not check:
            assert int(word[k]) & 0xFFFF == 0  # room that no context has stays without a check
            continue
        p += int(np.float32(65535 * bit - p) * rate[n0 + n1])
        (own, other), (lately, before) = ((n1, n0), (q1, q0)) if bit else ((n0, n1), (q0, q1))
        own, other = min(own + 1, 250), (other + 1) // 2 if own >= 250 else other
        lately, before = min(lately + 1, 15), (before + 2) // 2 if before > 2 else before
        n0, n1, q0, q1 = (other, own, before, lately) if bit else (own, other, lately, before)
        assert int(word[k]) == slot(check, p, n0, n1, (2 * last + bit) % 4, q0, q1), (k, slots[k])


@pytest.mark.parametrize("bit", [0, 1])
def test_cells_learn(bit: int) -> None:
    cells: Any = CHANCE.integers(1 << 22, size=500, dtype=np.uint32) << 10
    cells |= CHANCE.integers(1001, size=500, dtype=np.uint32)
    cells[:4] = [1000, (1 << 22) - 1 << 10, (1 << 22) - 1 << 10 | 1000, 0]
    cell, out = CHANCE.permutation(500).astype(np.uint32)[:K], np.zeros(K, dtype=np.uint32)
    cell[:4] = range(4)
    rate = fixed_tables(adaptive=True).map_rate
    learn(cells, cell, bit, rate, out)
    for k in range(K):
        p, seen = int(cells[cell[k]]) >> 10, int(cells[cell[k]]) & 1023
        p += int(np.float32(bit * ((1 << 22) - 1) - p) * rate[seen])
        assert int(out[k]) == p << 10 | min(seen + 1, 1000)
