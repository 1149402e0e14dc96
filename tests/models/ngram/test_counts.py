from __future__ import annotations

import os
import random
import threading
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nextchar.data.alphabet import Ids
from nextchar.data.corpus import Corpus
from nextchar.data.row_order import sorted_rows
from nextchar.data.text_options import TextOptions
from nextchar.errors import CorpusError, ModelFileError, SettingsError
from nextchar.models.ngram import counts as counting
from nextchar.models.ngram import file_counts
from nextchar.models.ngram import hash_counts as ngram_table
from nextchar.models.ngram.counts import Counts, count, count_parts, counts_from_table, sum_counts
from nextchar.models.ngram.file_counts import count_files
from nextchar.models.ngram.hash_counts import NgramTable
from nextchar.models.ngram.model import Ngram
from nextchar.models.ngram.updating import add_items, merge

words = st.lists(st.text("abcde", min_size=1, max_size=8), min_size=1, max_size=40)


def naive(texts: list[str], order: int, weights: list[int] | None = None) -> Counter[str]:
    """Count in Python, the boundary as #."""
    found: Counter[str] = Counter()
    for text, weight in zip(texts, weights or [1] * len(texts), strict=True):
        padded = "#" * (order - 1) + text + "#"
        for i in range(len(text) + 1):
            found[padded[i : i + order]] += weight
    return found


def as_counter(counts: Counts) -> Counter[str]:
    symbols = "#" + counts.alphabet.characters
    return Counter(
        {"".join(symbols[i] for i in ngram): int(n) for ngram, n in zip(counts.ngrams, counts.counts, strict=True)}
    )


@given(words, st.integers(1, 9))
def test_counts_equal_a_loop(texts: list[str], order: int) -> None:
    corpus = Corpus.from_items(texts)
    for compiled in (False, True):
        assert as_counter(count(corpus, order, compiled=compiled)) == naive(texts, order)


@given(words, st.integers(1, 5), st.randoms(use_true_random=False))
def test_weighted_counts_equal_a_loop(texts: list[str], order: int, source: random.Random) -> None:
    weights = [source.randint(1, 10**12) for _ in texts]
    counts = count(Corpus.from_items(texts, weights), order)
    assert as_counter(counts) == naive(texts, order, weights)


@given(words, st.lists(st.text("cdefg", min_size=1), min_size=1), st.integers(1, 4))
def test_counts_add_up_over_different_alphabets(a: list[str], b: list[str], order: int) -> None:
    first, second = Corpus.from_items(a), Corpus.from_items(b)
    assert count(first, order) + count(second, order) == count(Corpus.concatenate([first, second]), order)


def test_emma() -> None:
    counts = count(Corpus.from_items(["emma"]), 2)
    assert as_counter(counts) == Counter(["#e", "em", "mm", "ma", "a#"])
    assert counts.table().tolist() == [[0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 1, 0, 1]]
    assert (counts.total, counts.items) == (5, 1)


@pytest.mark.parametrize("order", [5, 11, 20])
def test_orders_and_alphabets_beyond_one_machine_word(order: int) -> None:
    # 8,000 characters: 8001^5 is above 2^64
    source = random.Random(1)
    texts = ["".join(chr(0x4E00 + source.randrange(8000)) for _ in range(6)) for _ in range(200)] * 2
    counts = count(Corpus.from_items(texts), order)
    assert as_counter(counts) == naive(texts, order)
    assert counts.ngrams.tolist() == sorted(counts.ngrams.tolist(), key=lambda row: row[::-1])  # colexicographic


def test_a_corpus_of_several_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{i:b}" for i in range(1, 500)]
    corpus = Corpus.from_items(texts)
    whole = [count(corpus, order) for order in (2, 20)]
    monkeypatch.setattr(counting, "SLICE_SYMBOLS", 100)
    assert [count(corpus, order) for order in (2, 20)] == whole


lines = st.lists(st.text("aBz .\t~", max_size=6), max_size=30)
ends = st.sampled_from(["\n", "\r\n"])


def counting_bytes_equals_counting_text(
    tmp_path_factory: pytest.TempPathFactory,
    texts: list[str],
    end: str,
    closed: bool,
    lower: bool,
    strip: bool,
    threads: int,
) -> None:
    path = tmp_path_factory.mktemp("bytes") / "lines.txt"
    path.write_bytes((end.join(texts) + (end if closed else "")).encode())
    options = TextOptions(lower=lower, strip=strip)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_counts, "COMPILED_FROM", 0)
        patch.setattr(file_counts, "_READ_BYTES", 16)
        if not any(text.strip() if strip else text for text in texts):
            with pytest.raises(CorpusError, match="no items"):
                count_files(path, options=options, threads=threads)
            return
        by_bytes = count_files(path, options=options, threads=threads)
    assert by_bytes == count(Corpus.from_file(path, options=options), 2)


files = given(lines, ends, st.booleans(), st.booleans(), st.booleans(), st.integers(1, 3))
test_counting_bytes_equals_counting_text = settings(max_examples=60)(files(counting_bytes_equals_counting_text))
test_counting_bytes_of_many_files = pytest.mark.slow(
    settings(max_examples=200)(files(counting_bytes_equals_counting_text))
)


def test_the_names_counted_on_their_bytes(names: Corpus, names_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_counts, "COMPILED_FROM", 0)
    seen = []
    real = file_counts._byte_pairs

    def watched(*args: Any) -> Any:
        seen.append(args)
        return real(*args)

    monkeypatch.setattr(file_counts, "_byte_pairs", watched)
    counts = count_files(names_path, threads=2)
    assert seen, "the names are ASCII and must take the fast path"
    assert counts == count(names, 2)
    assert counts.most_frequent(3) == [("n.", 6763), ("a.", 6640), ("an", 5438)]  # the ledger, row 4


def test_the_table_of_the_names_against_torch(names: Corpus) -> None:
    torch = pytest.importorskip("torch")
    ids = {c: i for i, c in enumerate(".abcdefghijklmnopqrstuvwxyz")}
    first = torch.tensor([ids[c] for name in names for c in "." + name])
    second = torch.tensor([ids[c] for name in names for c in name + "."])
    table = torch.bincount(27 * first + second, minlength=27 * 27).view(27, 27)
    assert torch.equal(torch.from_numpy(count(names, 2).table()), table)


def test_other_characters_take_the_way_through_text(tmp_path: Path) -> None:
    path = tmp_path / "mixed.txt"
    path.write_text("emma\nzoë\n", encoding="utf-8")
    assert count_files(path) == count(Corpus.from_items(["emma", "zoë"]), 2)


@pytest.mark.parametrize("order", [0, -1, 65])
def test_an_order_out_of_range(order: int) -> None:
    with pytest.raises(SettingsError, match="the order"):
        count(Corpus.from_items(["a"]), order)


def test_counts_of_different_orders_do_not_add() -> None:
    corpus = Corpus.from_items(["ab"])
    with pytest.raises(SettingsError, match="order 2 and of order 3"):
        count(corpus, 2) + count(corpus, 3)


def test_weights_too_large_for_64_bits() -> None:
    with pytest.raises(CorpusError, match="2\\^63"):
        count(Corpus.from_items(["aaaa", "b"], [2**61, 2**62]), 2)  # 5 x 2^61 + 2 x 2^62 = 2^63 + 3 x 2^61


HALF = 2**61  # the weight of an item with one character and its end: 2^62 symbols


def heavy(item: str, weight: int = HALF, order: int = 2) -> Counts:
    return count(Corpus.from_items([item], [weight]), order)


def test_the_largest_counts_that_64_bits_hold() -> None:
    total = heavy("a") + heavy("b", HALF - 1)  # 2^62 + 2^62 - 2
    assert total.total == 2**63 - 2
    assert heavy("a", HALF + 1).total == 2**62 + 2  # exact, though a float of 53 bits cannot tell it from 2^62


@pytest.mark.parametrize("order", [1, 2, 40])
def test_sums_too_large_for_64_bits(order: int) -> None:
    parts = [heavy(item, order=order) for item in "aab"]
    ways: list[Callable[[], Counts]] = [
        lambda: parts[0] + parts[1],  # one n-gram that is too frequent
        lambda: parts[0] + parts[2],  # none is, but all together are
        lambda: sum_counts(parts),
        lambda: count_parts([Corpus.from_items([item], [HALF]) for item in "abc"], order),
    ]
    for add in ways:
        with pytest.raises(CorpusError, match=r"do not fit into 64 bits: together they are 9,223,372,036,854,775,808"):
            add()  # 2 x 2^62 = 2^63


def test_models_that_are_too_heavy_together() -> None:
    first, second = (Ngram(order=2).from_counts(heavy(item)) for item in "ab")
    with pytest.raises(CorpusError, match="64 bits"):
        merge(first, second)
    with pytest.raises(CorpusError, match="64 bits"):
        add_items(first, Corpus.from_items(["b"], [HALF]))


def test_tables_and_files_too_large_for_64_bits() -> None:
    ab = Corpus.from_items(["ab"]).alphabet
    with pytest.raises(CorpusError, match="64 bits"):
        counts_from_table(ab, np.array([2**62, 2**62, 0]))
    ngrams = np.array([[1], [2]], dtype=ab.dtype)
    with pytest.raises(ModelFileError, match="do not fit"):
        Counts.from_arrays(ab, 1, ngrams, np.array([2**62, 2**62]))
    assert Counts.from_arrays(ab, 1, ngrams, np.array([2**62, 2**62 - 1])).total == 2**63 - 1


def test_files_too_large_for_64_bits(tmp_path: Path) -> None:
    for name in "abc":
        # 256 items of weight 2^53, each a character and its end: 2^8 x 2^53 x 2 = 2^62
        (tmp_path / f"{name}.csv").write_text("item,n\n" + f"{name},{2**53}\n" * 256, encoding="utf-8")
    paths = sorted(tmp_path.iterdir())
    assert count_files(paths[0], column="item", weight="n").total == 2**62
    with pytest.raises(CorpusError, match="64 bits"):
        count_files(*paths, column="item", weight="n")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_counted_as_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_counts, "COMPILED_FROM", 0)  # a file of any size would be counted on its bytes
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(b"emma\nava\n" * 20_000,))
    writer.start()
    counts = count_files(path)
    writer.join()
    assert counts == count(Corpus.from_items(["emma", "ava"] * 20_000), 2)


def test_a_device_is_counted_as_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_counts, "COMPILED_FROM", 0)
    with pytest.raises(CorpusError, match="no items"):
        count_files(os.devnull)


@given(
    items=st.lists(st.text("abcdefg é字", min_size=1, max_size=9).filter(str.strip), min_size=1, max_size=60),
    order=st.integers(2, 9),
    cuts=st.lists(st.integers(0, 60), max_size=3),
)
def test_the_hash_table_counts_as_a_dictionary_does(items: list[str], order: int, cuts: list[int]) -> None:
    items = [item.strip() for item in items]
    expected = Counter(
        tuple(("\0" * (order - 1) + item + "\0")[i : i + order]) for item in items for i in range(len(item) + 1)
    )
    table = NgramTable(order)
    edges = sorted({0, *(min(cut, len(items)) for cut in cuts), len(items)})
    for begin, end in pairwise(edges):  # parts with alphabets of their own, met in any order
        part = Corpus.from_items(items[begin:end])
        assert table.fits(part.alphabet)
        table.add(part)
    alphabet, ngrams, counts = table.result()
    symbols = "\0" + alphabet.characters
    found = {tuple(symbols[i] for i in row): n for row, n in zip(ngrams.tolist(), counts.tolist(), strict=True)}
    assert found == expected
    assert ngrams.tolist() == sorted(ngrams.tolist(), key=lambda row: row[::-1])  # colexicographic


def test_the_hash_table_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ngram_table, "FIRST_SLOTS", 4)
    rng = np.random.default_rng(3)
    items = ["".join(rng.choice(list("abcdefghij"), 6)) for _ in range(500)]
    corpus = Corpus.from_items(items)
    table = NgramTable(7)
    table.add(corpus)
    _, ngrams, counts = table.result()
    plain = count(corpus, 7, compiled=False)
    np.testing.assert_array_equal(ngrams, plain.ngrams)
    np.testing.assert_array_equal(counts, plain.counts)


def test_parts_are_counted_as_their_whole_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "TABLE_CELLS", 100)
    monkeypatch.setattr(counting, "HASHED_FROM", 10)
    parts = [Corpus.from_items(["emma", "ava"]), Corpus.from_items(["zoë", "b"]), Corpus.from_items(["a"])]
    for order in (1, 2, 3, 5, 30):  # 30 symbols of 3 bits do not fit into a key
        assert count_parts(parts, order) == count(Corpus.concatenate(parts), order, compiled=False)


@given(keys=st.lists(st.integers(0, 2**64 - 1), max_size=50))
def test_the_compiled_sort_is_stable(keys: list[int]) -> None:
    from nextchar._kernels.corpus import radix_sort

    array = np.array([key % 7 if key % 2 else key for key in keys], dtype=np.uint64)
    largest = np.uint64(max(array.tolist(), default=0))
    order = np.argsort(array, kind="stable")
    found = radix_sort(array.copy(), np.arange(len(array)), largest)
    np.testing.assert_array_equal(found[0], array[order])
    np.testing.assert_array_equal(found[1], order)


@given(words, st.integers(1, 6), st.integers(1, 6))
def test_counts_of_lower_orders(texts: list[str], order: int, lower: int) -> None:
    corpus = Corpus.from_items(texts)
    counts = count(corpus, order)
    if lower <= order:
        assert as_counter(counts.of_order(lower)) == naive(texts, lower)
    else:
        with pytest.raises(SettingsError, match="orders 1 to"):
            counts.of_order(lower)


@pytest.mark.parametrize("change", [lambda rows: rows[::-1], lambda rows: rows[[0, 0, *range(2, len(rows))]]])
def test_counts_from_a_file_are_in_order(change: Callable[[Ids], Ids]) -> None:
    counts = count(Corpus.from_items(["emma", "ava"]), 2)
    assert Counts.from_arrays(counts.alphabet, 2, counts.ngrams, counts.counts) == counts
    with pytest.raises(ModelFileError, match="do not fit"):
        Counts.from_arrays(counts.alphabet, 2, change(counts.ngrams), counts.counts)


def test_rows_are_sorted_though_they_are_too_wide_for_a_word() -> None:
    rows = np.random.default_rng(5).integers(0, 5000, (30, 7))  # 5000^7 is above 2^64
    rows[10:20, :4] = rows[:10, :4]
    assert [rows[i].tolist() for i in sorted_rows(list(rows.T), 5000)] == sorted(rows.tolist())


def test_files_are_counted_as_they_are_read(tmp_path: Path) -> None:
    """A table with semicolons and no header, of which one row has no weight: emma and ava are 5 + 4 symbols."""
    (tmp_path / "a.dat").write_bytes(b"emma;1\nmia\nava;1\n")
    with pytest.warns(UserWarning, match="1 line skipped"):
        counts = count_files(
            tmp_path / "a.dat", order=2, column="1", weight="2", delimiter=";", header=False, errors="skip"
        )
    assert counts.total == 9


@pytest.mark.parametrize("order", [1, 2, 5, 9, 20])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("size", [1, 40, 3000])
def test_counting_by_keys_is_counting_by_sorting(order: int, weighted: bool, size: int) -> None:
    """Keys of one word and of several: 3,000 characters take 12 bits each, so 20 symbols 4 words."""
    chance = random.Random(order)
    characters = [chr(0x4E00 + i) for i in range(size)]
    items = ["".join(chance.choices(characters, k=chance.randint(1, 12))) for _ in range(300)]
    corpus = Corpus.from_items(items, [i % 4 + 1 for i in range(300)] if weighted else None)
    assert counting._count_by_keys(corpus, order) == counting._count_by_sorting(corpus, order)
