"""The trie beside dictionaries that count every suffix of every context one by one."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nextchar.data.corpus import Corpus
from nextchar.errors import SettingsError
from nextchar.models.ngram import trie as module
from nextchar.models.ngram.counts import Counts, count
from nextchar.models.ngram.trie import ROOT, NgramTrie

ITEMS = st.lists(st.text("abcd", min_size=1, max_size=7), min_size=1, max_size=12)


def contexts_of(trie: NgramTrie) -> list[str]:
    """The context of each state as text, oldest symbol first."""
    names = [""]
    for state in range(1, trie.size):
        names.append(trie.alphabet.symbols[trie.oldest[state]] + names[trie.link[state]])
    return names


def counted(items: list[str], order: int) -> Counter[tuple[str, str]]:
    """(context, symbol) -> count for every context up to order - 1 symbols; one boundary stands before an item."""
    counts: Counter[tuple[str, str]] = Counter()
    for item in items:
        text = "." + item + "."
        for at in range(1, len(text)):
            for size in range(min(at, order - 1) + 1):
                counts[text[at - size : at], text[at]] += 1
    return counts


def test_a_trie_by_hand() -> None:
    # ab, ab, b at order 3: contexts "", then ".", "a", "b", then ".a" (2), "ab" (2), ".b" (1)
    trie = NgramTrie(count(Corpus.from_items(["ab", "ab", "b"]), 3))
    assert set(contexts_of(trie)) == {"", ".", "a", "b", ".a", "ab", ".b"}
    assert [len(name) for name in contexts_of(trie)] == [0, 1, 1, 1, 2, 2, 2]
    at = {(contexts_of(trie)[s], trie.alphabet.symbols[w]): i for i, (s, w) in enumerate(entries(trie))}
    assert trie.raw[at["", "b"]] == 3
    assert trie.adjusted[at["", "b"]] == 2  # after . and after a
    assert trie.adjusted[at["b", "."]] == 2  # after a and after the beginning
    assert trie.adjusted[at[".", "a"]] == 2  # whole: nothing older to add


def entries(trie: NgramTrie) -> list[tuple[int, int]]:
    return list(zip(trie.owner.tolist(), trie.symbols.tolist(), strict=True))


def tries_of(items: list[str], order: int) -> list[NgramTrie]:
    """By numpy, and by the compiled loops."""
    counts = count(Corpus.from_items(items), order)
    tries = []
    for compiled in (False, True):
        with pytest.MonkeyPatch.context() as patch:
            choose_loops(patch, compiled=compiled)
            tries.append(NgramTrie(counts))
    return tries


def choose_loops(patch: pytest.MonkeyPatch, *, compiled: bool) -> None:
    patch.setattr(module, "COMPILED_FROM", 0 if compiled else 10**9)
    patch.setattr(module, "kernels_loaded", lambda: False)


@given(ITEMS, st.integers(1, 10))
def test_against_dictionaries(items: list[str], order: int) -> None:
    for trie in tries_of(items, order):
        check_against_dictionaries(trie, items, order)


def check_against_dictionaries(trie: NgramTrie, items: list[str], order: int) -> None:
    counts = counted(items, order)
    names, signs = contexts_of(trie), trie.alphabet.symbols
    found = {(names[s], signs[w]): i for i, (s, w) in enumerate(entries(trie))}
    assert set(counts) <= set(found)
    assert {key for key in found if key not in counts} <= {("", sign) for sign in signs}  # the root has all symbols
    for (context, symbol), at in found.items():
        assert trie.raw[at] == counts[context, symbol]
        whole = context.startswith(".") or len(context) == order - 1
        before = sum((older + context, symbol) in counts for older in signs)
        assert trie.adjusted[at] == (counts[context, symbol] if whole else before)
        assert trie.whole[trie.owner[at]] == whole
        if context:
            assert trie.below[at] == found[context[1:], symbol]


@given(ITEMS, st.integers(1, 6))
def test_entries_lead_to_the_longest_known_context(items: list[str], order: int) -> None:
    for trie in tries_of(items, order):
        check_targets(trie)


def check_targets(trie: NgramTrie) -> None:
    names = contexts_of(trie)
    for (state, symbol), target in zip(entries(trie), trie.targets(), strict=True):
        text = names[state] + trie.alphabet.symbols[symbol] if symbol else "."
        assert names[target] == next(text[i:] for i in range(len(text) + 1) if text[i:] in names)
    assert (trie.link[1:] < np.arange(1, trie.size)).all()
    assert trie.link[ROOT] == ROOT


def test_counts_that_are_not_those_of_whole_items() -> None:
    counts = count(Corpus.from_items(["ab", "b"]), 2)
    for missing in ("b.", ".a"):  # then nothing follows b; nothing leads to a, which b follows
        kept = [counts.alphabet.show(row) != missing for row in counts.ngrams]
        broken = Counts(counts.alphabet, 2, counts.ngrams[kept], counts.counts[kept])
        for compiled in (False, True):
            with pytest.MonkeyPatch.context() as patch:
                choose_loops(patch, compiled=compiled)
                with pytest.raises(SettingsError, match="whole items"):
                    NgramTrie(broken)


def test_counts_beyond_32_bits() -> None:
    # ab with weight 2^40, b with weight 3: b 2^40 + 3 times, after a and after the beginning
    counts = count(Corpus.from_items(["ab", "b"], [2**40, 3]), 2)
    for compiled in (False, True):
        with pytest.MonkeyPatch.context() as patch:
            choose_loops(patch, compiled=compiled)
            trie = NgramTrie(counts)
        at = {(contexts_of(trie)[s], trie.alphabet.symbols[w]): i for i, (s, w) in enumerate(entries(trie))}
        assert trie.raw[at["", "b"]] == 2**40 + 3
        assert trie.adjusted[at["", "b"]] == 2
        assert trie.raw[at["a", "b"]] == trie.adjusted[at["a", "b"]] == 2**40
