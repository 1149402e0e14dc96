"""Sorted runs, merged, against counting everything at once."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from nextchar.data.corpus import Corpus
from nextchar.models.ngram import runs as runs_module
from nextchar.models.ngram.counts import Counts, colexicographic, count
from nextchar.models.ngram.runs import gathered, lower_order_run, merged, run_of, union_of, write_run

ALPHABETS = ["ab", "abcdefghijklmnopqrstuvwxyz", "aéßжя中文字ひ😀", "".join(map(chr, range(0x4E00, 0x4E00 + 3000)))]


def lists(characters: str, seed: int) -> list[list[str]]:
    """Parts of data, each with some of the characters only."""
    chance = random.Random(seed)
    parts = []
    for _ in range(5):
        some = chance.sample(characters, max(1, len(characters) // 2))
        parts.append(
            ["".join(chance.choices(some, k=chance.randint(1, 9))) for _ in range(chance.choice([1, 40, 300]))]
        )
    return parts


@pytest.mark.parametrize("order", [1, 2, 5, 8, 13])
@pytest.mark.parametrize("characters", ALPHABETS)
def test_merged_runs_are_the_counts_of_everything(
    characters: str, order: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In keys of one word (2 symbols, order 13) and of several (3,000 symbols at 12 bits, order 8: 96 bits)."""
    monkeypatch.setattr(runs_module, "COMPILED_FROM", 0)
    monkeypatch.setattr(runs_module, "FEWEST", 7)  # n-grams of a piece
    parts = lists(characters, seed=order)
    runs = [run_of(count(Corpus.from_items(items), order)) for items in parts]
    whole = count(Corpus.from_items([item for items in parts for item in items]), order)
    assert union_of(runs) == whole.alphabet
    assert gathered(runs, memory=0) == whole
    written = [write_run(tmp_path / f"{i}", run.alphabet, order, run.pieces(11)) for i, run in enumerate(runs)]
    assert gathered(written, memory=0) == whole
    sizes = [len(counts) for _, counts in merged(written, memory=0)]
    assert sum(sizes) == len(whole.counts)
    assert max(sizes) <= 7 * len(runs)
    for run in written:
        run.discard()
    assert not list(tmp_path.iterdir())


def test_small_runs_are_added_without_compiled_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [run_of(count(Corpus.from_items(items), 3)) for items in (["emma"], ["ava", "zoë"])]
    monkeypatch.setattr(runs_module, "_merged_keys", None)
    assert gathered(runs, memory=0) == count(Corpus.from_items(["emma", "ava", "zoë"]), 3)


def test_one_run_comes_as_it_is() -> None:
    counts = count(Corpus.from_items(["emma", "ava"]), 2)
    assert gathered([run_of(counts)], memory=0) == counts


def test_large_counts_are_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """2^62 + (2^62 - 1) = 2^63 - 1, the most that fits."""
    monkeypatch.setattr(runs_module, "COMPILED_FROM", 0)
    one = count(Corpus.from_items(["a"]), 1)  # the boundary and a
    many = [Counts(one.alphabet, 1, one.ngrams, np.array([1, times])) for times in (1 << 62, (1 << 62) - 1)]
    assert gathered([run_of(counts) for counts in many], memory=0).counts.tolist() == [2, (1 << 63) - 1]


def test_what_is_colexicographic() -> None:
    assert colexicographic(np.array([[1, 0], [0, 1], [2, 1]]))
    assert not colexicographic(np.array([[2, 1], [0, 1]]))
    assert not colexicographic(np.array([[0, 1], [0, 1]]))


def test_lower_order_runs_are_the_counts_of_a_lower_order() -> None:
    counts = count(Corpus.from_items(["emma", "ava", "mia", "amma", "a"] * 3), 4)
    for order in (1, 2, 3, 4):
        short = lower_order_run(run_of(counts), order)
        for rows in (1, 3, 100):
            pieces = list(short.pieces(rows))
            made = Counts(
                counts.alphabet, order, np.concatenate([p[0] for p in pieces]), np.concatenate([p[1] for p in pieces])
            )
            assert made == counts.of_order(order)
