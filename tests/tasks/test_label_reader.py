from __future__ import annotations

import numpy as np
import pytest

from nextchar.core.scoring import symbol_nats
from nextchar.data.alphabet import Alphabet
from nextchar.data.corpus import Corpus
from nextchar.models.ngram.counts import count
from nextchar.models.ngram.model import Ngram, NgramModel
from nextchar.models.ngram.trie import NgramTrie
from nextchar.tasks.label_reader import PARTS, LabelReader, models_of, parts_of_texts, reversed_items

SPECS = (
    Ngram(order=5, add=0.3),
    Ngram(order=4, smoothing="modified-kneser-ney"),
    Ngram(order=3, smoothing="witten-bell"),
)


def texts(n: int, seed: int, letters: str) -> list[str]:
    source = np.random.default_rng(seed)
    return ["".join(source.choice(list(letters), size=source.integers(1, 9))) for _ in range(n)]


ALPHABET = Alphabet("abcdx", has_unknown=True)
SEEN = Corpus.from_items(texts(300, 1, "aabcd"), alphabet=ALPHABET)
NEW = Corpus.from_items([*texts(200, 2, "abcdx"), "é", "aéb", "a"], alphabet=ALPHABET)


def one_by_one(models: list[Ngram], seen: Corpus, new: Corpus) -> np.ndarray:
    """The same by models that are each made by themselves, (T, M)."""
    return np.stack([-symbol_nats(model.fit(seen), new) for model in models], axis=1)


@pytest.mark.parametrize("order", [1, 2, 3, 5, 6])
def test_the_trie_of_a_lower_order(order: int) -> None:
    counts = count(SEEN, 6)
    ours, theirs = NgramTrie(counts).of_order(order), NgramTrie(counts.of_order(order))
    for name in ("depths", "oldest", "link", "first", "symbols", "below", "raw", "adjusted", "whole"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), err_msg=name)
    assert ours.start == theirs.start
    np.testing.assert_array_equal(ours.targets(), theirs.targets())


def test_one_walk_says_what_each_model_says() -> None:
    models = models_of(SPECS)
    assert [(model.order, model.smoothing) for model in models[:5]] == [
        (2, "add"), (3, "add"), (4, "add"), (5, "add"), (2, "modified-kneser-ney"),
    ]  # fmt: skip
    found = LabelReader(count(SEEN, 5)).log_probs(models, NEW)
    np.testing.assert_allclose(found, one_by_one(models, SEEN, NEW), rtol=1e-12)


@pytest.mark.parametrize("backwards", [False, True])
def test_a_pool_is_the_weighted_sum_of_its_models(backwards: bool) -> None:
    models = models_of(SPECS)
    source = np.random.default_rng(3)
    weights, usual = source.normal(size=(len(models), PARTS)), source.random(len(models))
    known = np.ones(ALPHABET.size, dtype=np.bool_)
    known[[ALPHABET.size - 1, ALPHABET.encode("x")[0]]] = False
    view, own = (reversed_items(corpus) if backwards else corpus for corpus in (NEW, SEEN))
    log_prob = one_by_one(models, own, view)
    log_prob[~known[view.ids]] = 0
    nats = -np.add.reduceat(log_prob @ usual, view.offsets[:-1])
    scores = np.einsum("nmp,mp->n", parts_of_texts(log_prob, view), weights)

    pooled = LabelReader(count(own, 5)).pooled(models, weights, usual, known)
    for compiled in (False, True):
        got = np.full(len(NEW), 7.0), np.zeros(len(NEW))
        pooled.add_to(*got, view, compiled=compiled)
        np.testing.assert_allclose(got[0], scores + 7, rtol=1e-10)
        np.testing.assert_allclose(got[1], nats, rtol=1e-10)


@pytest.mark.parametrize(("letters", "n"), [("ab", 3), ("".join(map(chr, range(0x4E00, 0x4E00 + 700))), 500)])
def test_the_compiled_loop_reads_any_alphabet_and_few_texts(letters: str, n: int) -> None:
    alphabet = Alphabet(letters, has_unknown=True)
    seen = Corpus.from_items(texts(900, 5, letters), alphabet=alphabet)
    new = Corpus.from_items([*texts(n, 6, letters), "é" + letters[0]], alphabet=alphabet)
    models = models_of(SPECS)
    source = np.random.default_rng(3)
    weights, usual = source.normal(size=(len(models), PARTS)), source.random(len(models))
    known = np.arange(alphabet.size) != alphabet.unknown
    pooled = LabelReader(count(seen, 5)).pooled(models, weights, usual, known)
    scores, nats = np.zeros((2, len(new))), np.zeros((2, len(new)))
    for compiled in (0, 1):
        pooled.add_to(scores[compiled], nats[compiled], new, compiled=bool(compiled))
    np.testing.assert_allclose(scores[1], scores[0], rtol=1e-10)
    np.testing.assert_allclose(nats[1], nats[0], rtol=1e-10)


def test_the_parts_of_a_text() -> None:
    # "ab" and "c": symbols a b end c end, each with a log-probability of its own
    corpus = Corpus.from_items(["ab", "c"])
    parts = parts_of_texts(np.array([[-1.0], [-2], [-4], [-8], [-16]]), corpus)[:, 0]
    # whole, end, last, the one before, first
    assert parts.tolist() == [[-7, -4, -2, -1, -1], [-24, -16, -8, 0, -8]]


def test_a_model_without_counts_of_its_own_order_is_refused() -> None:
    model = Ngram(order=3).fit(SEEN)
    assert isinstance(model, NgramModel)
    np.testing.assert_allclose(Ngram(order=3).smoothed(model.trie).own, model.smoothed.own)
    with pytest.raises(Exception, match="order 2 cannot be made from counts of order 3"):
        Ngram(order=2).smoothed(model.trie)
    with pytest.raises(Exception, match="needs the items"):
        Ngram(order=3, tune="held-out").smoothed(model.trie)
