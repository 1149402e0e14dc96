"""What a mix leaves out where its alphabet is large: kinds of context that repeat little, contexts met once."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from nextchar.core.scoring import symbol_nats_plainly
from nextchar.data.corpus import Corpus
from nextchar.models.mix.experts import EXPERTS
from nextchar.models.mix.model import Mix
from nextchar.models.mix.room import Room
from nextchar.models.registry import load


def corpus_of(V: int, n: int) -> Corpus:
    rng = np.random.default_rng(V)
    points = [0x4E00 + ((V - 1) * rng.random(rng.integers(1, 6)) ** 2).astype(int) for _ in range(n)]
    return Corpus.from_items(["".join(map(chr, row)) for row in points])


def test_small_alphabets_and_small_data_leave_nothing_out() -> None:
    few = Corpus.from_items(["".join(map(chr, 97 + np.arange(i % 26 + 1))) for i in range(20_000)])
    assert few.symbols > 200_000
    assert not Room(few, EXPERTS).scarce
    assert not Room(corpus_of(3000, 500), EXPERTS).scarce
    assert Room(corpus_of(3000, 20_000), EXPERTS).scarce


ROOMS = [(400, 3000, 300_000), (300, 2000, 60_000), pytest.param(1000, 2000, 300_000, marks=pytest.mark.slow)]


@pytest.mark.parametrize(("V", "n", "size"), ROOMS)
def test_what_is_left_fits_and_is_a_model(
    V: int, n: int, size: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    both = corpus_of(V, n + 500)
    corpus, held = both.take(np.arange(n)), both.take(np.arange(n, n + 500))
    whole = Mix(epochs=1).fit(corpus)
    monkeypatch.setattr("nextchar.models.mix.room.FILE_BYTES", size)
    model = Mix(epochs=1).fit(corpus)
    bytes_of = {name: array.nbytes for name, array in model.arrays().items()}
    tables = ("keys", "row_lengths", "symbols", "totals", "gains", "buckets")
    least = sum(bytes_of[name] for name in tables)
    assert least < sum(whole.arrays()[name].nbytes for name in tables) / 2
    if size >= 300_000:  # the suffixes of one and two symbols are there whatever the room
        assert least <= size
    assert len(model.metrics.experts) >= 16
    ids = np.array([[0, 1, 2, 3, 1], [0, V // 2, 1, V // 3, 0]])
    np.testing.assert_allclose(np.exp(model.log_probs(ids)).sum(axis=-1), 1, atol=1e-12)
    np.testing.assert_allclose(model.symbol_nats(corpus), symbol_nats_plainly(model, corpus), atol=1e-11)
    model.save(tmp_path / "m")
    assert np.array_equal(load(tmp_path / "m").log_probs(ids), model.log_probs(ids))
    assert math.isfinite(model.evaluate(held).nats_per_symbol)
