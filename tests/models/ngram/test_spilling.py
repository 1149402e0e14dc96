"""Counting in less memory than the counts need."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from nextchar.data.corpus import Corpus
from nextchar.data.item_weights import MOST_WEIGHT
from nextchar.errors import CorpusError, SettingsError
from nextchar.models.ngram import spilling
from nextchar.models.ngram.counts import Counts, count
from nextchar.models.ngram.runs import gathered, run_of
from nextchar.models.ngram.spilling import count_within, few, total_of

TINY = 1 << 20  # bytes: the hash table holds 32,768 n-grams, sorted counts 100 KB


def items(n: int, characters: str, seed: int = 1) -> list[str]:
    chance = random.Random(seed)
    return ["".join(chance.choices(characters, k=chance.randint(1, 12))) for _ in range(n)]


def parts(texts: list[str], size: int) -> Iterator[Corpus]:
    for at in range(0, len(texts), size):
        yield Corpus.from_items(texts[at : at + size])


@pytest.mark.parametrize(
    ("characters", "order"),
    [("abcdefghijklmnopqrstuvwxyz", 7), ("".join(map(chr, range(0x4E00, 0x4E00 + 2000))), 6), ("ab", 2)],
    ids=["hashed", "sorted: 66 bits", "in a table"],
)
def test_it_is_the_same_as_counting_in_memory(
    characters: str, order: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import nextchar._kernels.counting  # noqa: F401 - with numba loaded the hash table is taken

    monkeypatch.setattr(spilling, "FAN_IN", 3)
    texts = items(30_000, characters)
    folder = tmp_path / "runs"
    runs = count_within(parts(texts, 3_000), order, TINY, folder)
    assert len(runs) <= 2 * 3 + 1
    assert gathered(runs, TINY) == count(Corpus.from_items(texts), order)
    if len(characters) > 2:
        assert len(list(folder.iterdir())) == 2 * (len(runs) - (not runs[-1].files))
    else:
        assert not folder.exists()


def test_weights_count(tmp_path: Path) -> None:
    texts = items(2_000, "abcdefghij")
    weighted = Corpus.from_items(texts, [i % 5 for i in range(len(texts))])
    runs = count_within(weighted.slices(1_000), 6, TINY, tmp_path)
    assert gathered(runs, TINY) == count(weighted, 6)


def test_what_fits_stays_in_memory(tmp_path: Path) -> None:
    runs = count_within(parts(["emma", "ava"], 1), 3, TINY, tmp_path / "runs")
    assert [run.files for run in runs] == [()]
    assert not (tmp_path / "runs").exists()


def test_many_runs_become_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spilling, "FAN_IN", 3)
    texts = items(500, "abc")
    runs = [run_of(count(part, 4)) for part in parts(texts, 50)]
    found = few(runs, TINY, tmp_path)
    assert len(found) <= 3
    assert gathered(found, TINY) == count(Corpus.from_items(texts), 4)


def test_nothing_to_count(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no items"):
        count_within([], 3, TINY, tmp_path)
    with pytest.raises(SettingsError, match="order"):
        count_within([], 0, TINY, tmp_path)


def test_more_than_64_bits_are_refused(tmp_path: Path) -> None:
    """Two items of (2^61) * 2 symbols each, "a" and the boundary, are 2^63."""
    heavy = Corpus.from_items(["a"], [1 << 61])
    with pytest.raises(CorpusError, match="64 bits"):
        count_within([heavy, heavy], 2, TINY, tmp_path)
    assert total_of([MOST_WEIGHT - 1, 1]) == MOST_WEIGHT


def test_many_small_parts_are_counted_by_compiled_loops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the part on with which all of them come to so many symbols; the counts are the same."""
    parts = [Corpus.from_items(["emma", "ava"]) for _ in range(4)]  # of 9 symbols
    asked: list[bool | None] = []

    def watched(part: Corpus, order: int, *, compiled: bool | None = None) -> Counts:
        asked.append(compiled)
        return count(part, order, compiled=compiled)

    monkeypatch.setattr(spilling, "count", watched)
    monkeypatch.setattr(spilling, "COMPILED_FROM", 27)
    found = gathered(count_within(parts, 2, 1 << 26, tmp_path), 1 << 26)
    assert asked == [None, None, True, True]
    expected = count(Corpus.from_items(["emma", "ava"] * 4), 2)
    assert found.ngrams.tolist() == expected.ngrams.tolist()
    assert found.counts.tolist() == expected.counts.tolist()
