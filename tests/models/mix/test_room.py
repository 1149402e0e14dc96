"""What a mix leaves out where its alphabet is large: kinds of context that repeat little, contexts met once."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nextchar.core.scoring import symbol_nats_plainly
from nextchar.data.corpus import Corpus
from nextchar.models.mix.experts import EXPERTS, Context
from nextchar.models.mix.model import Mix
from nextchar.models.mix.room import Room
from nextchar.models.registry import load

ALL = list(dict.fromkeys(expert.context for expert in EXPERTS))


def seen(prefix: list[int], context: Context) -> tuple[Any, ...]:
    """What a context holds of a prefix of symbols, oldest first; classes are odd and even."""
    newest, first = [*prefix[::-1], *[0] * 20], [*prefix, *[0] * 20]
    kind = [0 if s == 0 else 1 + s % 2 for s in newest]
    return (
        tuple(newest[j - 1] for j in context.symbols),
        tuple(kind[j - 1] for j in context.classes),
        tuple(first[: context.first]),
        len(prefix) if context.position else None,
        tuple(kind[: len(prefix)]) if context.all_classes else None,
        frozenset(prefix) if context.used else None,
        tuple(newest[:6].index(s) for s in newest[:6]) if context.equal else None,
    )


def test_what_is_finer_tells_apart_whatever_the_coarser_does() -> None:
    rng = np.random.default_rng(0)
    prefixes = [rng.integers(1, 4, rng.integers(0, 9)).tolist() for _ in range(500)]
    finer = 0
    for own in ALL:
        keys = [seen(prefix, own) for prefix in prefixes]
        for other in ALL:
            if other.chain or not own.is_finer_than(other):
                continue
            finer += 1
            coarse: dict[Any, Any] = {}
            for key, prefix in zip(keys, prefixes, strict=True):
                assert coarse.setdefault(key, seen(prefix, other)) == seen(prefix, other), (own, other)
    assert finer > 100
    last_two = Context(symbols=(1, 2), position=True)
    assert Context(symbols=(1, 2, 3), position=True).is_finer_than(last_two)
    assert not last_two.is_finer_than(Context(symbols=(1, 2, 3), position=True))
    assert not Context(symbols=(1, 2, 3)).is_finer_than(last_two)


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
