"""Rows of candidates, for alphabets of thousands: against rows of all symbols, which count in plain Python checks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from nextchar._kernels.mix.leave_one_out import _choose
from nextchar._kernels.mix.sizes import DRAWS, NARROW
from nextchar.data.alphabet import BOUNDARY
from nextchar.data.corpus import Corpus
from nextchar.models.mix.expert_counts import Tables, count_experts, sampled_items
from nextchar.models.mix.experts import EXPERTS
from nextchar.models.mix.left_out import FIT_CELLS, _drawn, leave_one_out
from nextchar.models.mix.symbol_classes import symbol_classes
from nextchar.models.ngram.counts import count


def words(V: int, n: int, seed: int = 0, weights: bool = False) -> Corpus:
    """Words of one to four of V - 1 symbols, some of which are far more frequent than others."""
    rng = np.random.default_rng(seed)
    points = [0x4E00 + ((V - 1) * rng.random(rng.integers(1, 5)) ** 3).astype(int) for _ in range(n)]
    items = ["".join(map(chr, row)) for row in points]
    items += [chr(0x4E00 + i) for i in range(V - 1)]  # each occurs
    return Corpus.from_items(items, weights=rng.integers(1, 4, len(items)).tolist() if weights else None)


def tables_of(corpus: Corpus) -> Tables:
    items = sampled_items(corpus, 600, 0)
    return count_experts(corpus, EXPERTS, symbol_classes(count(corpus, 2)), items, lambda _share: True)


def cells(rows: Any, at: int, e: int) -> dict[int, tuple[float, int]]:
    """Of one expert at one position: each symbol's gain and bucket."""
    begin = int(rows.first[at] + rows.lengths[at, :e].sum())
    end = begin + int(rows.lengths[at, e])
    symbols = rows.symbols[begin:end].tolist()
    if len(rows.candidates):
        candidates = rows.candidates[rows.candidate_first[at] : rows.candidate_first[at + 1]]
        symbols = candidates[symbols].tolist()
    said = zip(rows.gains[begin:end].tolist(), rows.buckets[begin:end].tolist(), strict=True)
    return dict(zip(symbols, said, strict=True))


@pytest.mark.parametrize(("V", "weights"), [(257, False), (400, True)])
def test_rows_of_candidates_are_parts_of_whole_rows(V: int, weights: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = words(V, 900, weights=weights)
    tables = tables_of(corpus)
    before = tables.counts.copy(), tables.continuations.copy()
    some = leave_one_out(corpus, tables, FIT_CELLS)
    assert np.array_equal(tables.counts, before[0])
    assert np.array_equal(tables.continuations, before[1])
    monkeypatch.setattr("nextchar.models.mix.left_out.WHOLE_ROWS", V)
    whole = leave_one_out(corpus, tables, FIT_CELLS)
    assert len(some.target) == len(whole.target) >= 500
    for name in ("weight", "places", "totals"):
        assert np.array_equal(getattr(some, name), getattr(whole, name)), name
    widths = np.diff(tables.row_first)
    for at in range(0, len(whole.target), 13):
        candidates = some.candidates[some.candidate_first[at] : some.candidate_first[at + 1]].tolist()
        assert len(set(candidates)) == len(candidates)
        assert candidates[some.target[at]] == whole.target[at]
        sure = {int(whole.target[at]), BOUNDARY}
        for context in tables.position_context[at]:
            if context >= 0 and widths[context] <= NARROW:
                sure |= set(tables.symbols[tables.row_first[context] : tables.row_first[context + 1]].tolist())
        first = some.offsets[some.candidate_first[at] :][: len(candidates)].tolist()
        assert {w for w, offset in zip(candidates, first, strict=True) if offset == 0} == sure
        for e in range(len(tables.experts)):
            expected = {w: cell for w, cell in cells(whole, at, e).items() if w in set(candidates)}
            assert cells(some, at, e) == expected


def test_candidates_stand_for_all_symbols() -> None:
    """The sum over candidates, each times the exponential of its offset, is that over all symbols on average."""
    V = 500
    rng = np.random.default_rng(3)
    unigram = rng.random(V) ** 4 + 1e-4
    unigram /= unigram.sum()
    values = unigram * rng.uniform(0.2, 5, V)  # of the exponentials of the scores: not far from the frequencies
    draws, log_weight = _drawn(unigram, np.uint16)
    contexts = np.array([0, -1, 1])
    row_first, symbols = np.array([0, 3, 5]), np.array([7, 9, 11, 9, 400], dtype=np.uint16)
    place = np.full(V, -1)
    candidates, offsets = np.empty(V, dtype=np.uint16), np.empty(V, dtype=np.float32)
    sums = []
    for at in range(2000):
        n = _choose(5, contexts, row_first, symbols, draws, log_weight, at, place, candidates, offsets)
        assert candidates[:6].tolist() == [5, BOUNDARY, 7, 9, 11, 400]
        assert place[candidates[:n]].tolist() == list(range(n))
        place[candidates[:n]] = -1
        sums.append(float(np.exp(offsets[:n].astype(np.float64)) @ values[candidates[:n]]))
    assert (place == -1).all()
    error = float(np.std(sums)) / math.sqrt(len(sums))
    assert error < 0.005 * values.sum()
    assert float(np.mean(sums)) == pytest.approx(float(values.sum()), abs=5 * error)


def test_draws_are_by_frequency_and_never_the_boundary() -> None:
    unigram = np.array([0.5, 0.25, 0.2, 0.05])
    draws, log_weight = _drawn(unigram, np.uint8)
    # four in five by frequency among the three symbols, one in five of all three alike
    q = np.array([0, 0.8 * 0.5 + 0.2 / 3, 0.8 * 0.4 + 0.2 / 3, 0.8 * 0.1 + 0.2 / 3])
    np.testing.assert_allclose(np.bincount(draws) / len(draws), q, atol=0.003)
    np.testing.assert_allclose(np.exp(log_weight[1:]), 1 / (DRAWS * q[1:]))


def test_rows_end_where_their_room_does() -> None:
    corpus = words(300, 800)
    tables = tables_of(corpus)
    counts = tables.counts.copy()
    everything = leave_one_out(corpus, tables, FIT_CELLS)
    some = leave_one_out(corpus, tables, 1)  # as much room as a single row may need
    assert 1 <= len(some.target) < len(everything.target)
    assert np.array_equal(tables.counts, counts)
    R = len(some.target)
    assert np.array_equal(some.first[: R + 1], everything.first[: R + 1])
    assert np.array_equal(some.symbols[: some.first[R]], everything.symbols[: some.first[R]])
    timed = leave_one_out(corpus, tables, FIT_CELLS, seconds=1e-9)
    assert 1 <= len(timed.target) <= 5  # one item
