"""Tuning beside brute force: counts with a symbol really taken out, and losses of models really made."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nextchar.data.corpus import Corpus
from nextchar.errors import SettingsError
from nextchar.models.ngram.counts import count
from nextchar.models.ngram.discount_tuning import Chains, tuned_add, tuned_discounts
from nextchar.models.ngram.model import Ngram, NgramModel, Tune
from nextchar.models.ngram.smoothing import Method, discounts_of
from nextchar.models.ngram.trie import NgramTrie
from nextchar.models.registry import load

ITEMS = st.lists(st.text("abc", min_size=1, max_size=6), min_size=1, max_size=8)
NAMES = ["emma", "ava", "mia", "amelia", "eve", "emily", "ella", "mila", "maya", "lea", "lily", "amy", "eva", "emmy"]
MORE = ["mei", "leila", "mae", "ada", "ema", "lima", "evelyn"]


def leaves_of(items: list[str], order: int) -> Counter[tuple[str, str]]:
    """How often each symbol followed its longest context."""
    leaves: Counter[tuple[str, str]] = Counter()
    for item in items:
        text = "." + item + "."
        for at in range(1, len(text)):
            leaves[text[max(at - order + 1, 0) : at], text[at]] += 1
    return leaves


def table(leaves: Counter[tuple[str, str]], adjusted: bool) -> dict[str, Counter[str]]:
    """The counts of all contexts, from those of the longest ones."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    longest = max(len(context) for context, _ in leaves)
    layer = {key: n for key, n in leaves.items() if n}
    for depth in range(longest, -1, -1):
        shorter: Counter[tuple[str, str]] = Counter()
        for (context, symbol), n in layer.items():
            if len(context) == depth:
                counts[context][symbol] = n
                if depth and adjusted is not None:
                    shorter[context[1:], symbol] += 1 if adjusted else n
        layer = {key: n for key, n in layer.items() if len(key[0]) < depth}
        for key, n in shorter.items():
            layer[key] = layer.get(key, 0) + n
    return counts


def text_of(trie: NgramTrie, state: int) -> str:
    name = ""
    while state:
        name, state = name + trie.alphabet.symbols[trie.oldest[state]], int(trie.link[state])
    return name


@given(ITEMS, st.integers(1, 5), st.booleans())
def test_leaving_a_symbol_out_is_counting_without_it(items: list[str], order: int, adjusted: bool) -> None:
    trie = NgramTrie(count(Corpus.from_items(items), order))
    chains = Chains.left_out(trie, trie.adjusted if adjusted else trie.raw)
    entries = np.flatnonzero(trie.whole[trie.owner])
    assert len(chains.weight) == len(entries)
    leaves = leaves_of(items, order)
    for i, entry in enumerate(entries):
        context, symbol = text_of(trie, int(trie.owner[entry])), trie.alphabet.symbols[trie.symbols[entry]]
        assert chains.weight[i] == leaves[context, symbol]
        without = leaves.copy()
        without[context, symbol] -= 1
        counts = table(without, adjusted)
        for depth in range(order):
            seen = counts.get(context[len(context) - depth :], Counter()) if depth <= len(context) else Counter()
            assert chains.count[depth, i] == seen[symbol]
            assert chains.total[depth, i] == seen.total()
            kinds = [sum(n == 1 for n in seen.values()), sum(n == 2 for n in seen.values())]
            assert chains.classes[depth, i].tolist() == [*kinds, sum(n > 2 for n in seen.values())]


@given(ITEMS, st.lists(st.text("abc", min_size=1, max_size=6), min_size=1, max_size=5), st.integers(1, 4))
def test_the_loss_of_chains_is_that_of_the_model(items: list[str], others: list[str], order: int) -> None:
    corpus = Corpus.from_items([*items, "abc"])
    held_out = Corpus.from_items(others)
    for method in ("absolute", "kneser-ney", "modified-kneser-ney"):
        model = Ngram(order=order, smoothing=method).fit(corpus)
        counts = model.trie.raw if method == "absolute" else model.trie.adjusted
        chains = Chains.held_out(model.trie, counts, held_out)
        expected = model.evaluate(held_out).nats_per_symbol
        assert chains.nats_discounted(model.fitted["discounts"]) == pytest.approx(expected)
    added = Ngram(order=order, add=0.3).fit(corpus)
    chains = Chains.held_out(added.trie, added.trie.raw, held_out)
    assert chains.nats_added(0.3) == pytest.approx(added.evaluate(held_out).nats_per_symbol)


@settings(max_examples=10)
@example(["c", "ac"], ["a"], 2)  # the formula gives a discount of 0
@given(ITEMS, st.lists(st.text("abc", min_size=1, max_size=6), min_size=1, max_size=5), st.integers(1, 4))
def test_tuned_discounts_are_no_worse_than_the_closed_form(items: list[str], others: list[str], order: int) -> None:
    corpus, held_out = Corpus.from_items([*items, "abc"]), Corpus.from_items(others)
    for method in ("absolute", "kneser-ney", "modified-kneser-ney"):
        plain = Ngram(order=order, smoothing=method).fit(corpus)
        tuned = Ngram(order=order, smoothing=method, tune="held-out").fit(corpus, validation=held_out)
        assert loss(tuned, held_out) <= loss(plain, held_out) + 1e-12
        counts = plain.trie.raw if method == "absolute" else plain.trie.adjusted
        chains = Chains.left_out(plain.trie, counts)
        begin = discounts_of(plain.trie, method)[0]
        assert chains.nats_discounted(tuned_discounts(chains, method, begin)) <= chains.nats_discounted(begin)


def loss(model: NgramModel, corpus: Corpus) -> float:
    return model.evaluate(corpus).nats_per_symbol


def test_tuned_k_is_the_best_of_a_grid() -> None:
    corpus, held_out = (
        Corpus.from_items(NAMES),
        Corpus.from_items(MORE).encoded_in(Corpus.from_items([*NAMES, *MORE]).alphabet),
    )
    corpus = corpus.encoded_in(held_out.alphabet)
    for order in (1, 2, 3):
        tuned = Ngram(order=order, tune="held-out").fit(corpus, validation=held_out)
        grid = [loss(Ngram(order=order, add=k).fit(corpus), held_out) for k in np.geomspace(1e-4, 1e2, 200)]
        assert loss(tuned, held_out) == pytest.approx(min(grid), abs=1e-4)
        assert tuned_add(Chains.held_out(tuned.trie, tuned.trie.raw, held_out)) == pytest.approx(tuned.fitted["k"][0])


METHODS: list[Method] = ["add", "absolute", "kneser-ney", "modified-kneser-ney"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("tune", ["held-out", "leave-one-out"])
def test_what_was_chosen_is_told_and_kept(method: Method, tune: Tune, tmp_path: Path) -> None:
    spec = Ngram(order=3, smoothing=method, tune=tune)
    model = spec.fit(Corpus.from_items(NAMES), validation=Corpus.from_items(["ava", "lily", "emma"]))
    name = "k" if method == "add" else "discounts"
    assert model.metrics.document()["smoothing"][name] == model.fitted[name].tolist()
    model.save(tmp_path / "m.safetensors")
    assert np.array_equal(load(tmp_path / "m.safetensors").nats(["amelia"]), model.nats(["amelia"]))


def test_without_validation_items_a_tenth_is_held_out() -> None:
    model = Ngram(order=2, smoothing="absolute", tune="held-out").fit(Corpus.from_items(NAMES * 3))
    assert model.counts == count(Corpus.from_items(NAMES * 3), 2)  # the discounts are tuned, the counts those of all
    with pytest.raises(SettingsError, match="needs the items"):
        Ngram(order=2, tune="held-out").from_counts(model.counts)
