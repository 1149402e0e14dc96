"""Every smoothing method beside its formula written out with dictionaries, beside nltk.lm, and beside KenLM.

KenLM's figures come from a file in tests/fixtures that its program lmplz wrote.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nextchar.data.alphabet import Alphabet
from nextchar.data.corpus import Corpus
from nextchar.errors import SettingsError
from nextchar.models.ngram import smoothing
from nextchar.models.ngram.arpa import read_arpa
from nextchar.models.ngram.counts import count
from nextchar.models.ngram.model import Ngram, NgramModel
from nextchar.models.ngram.smoothing import METHODS, Method, closed_form_discounts, interpolated
from nextchar.models.ngram.trie import NgramTrie

DATA = Path(__file__).parents[2] / "fixtures"
CLOSED: tuple[Method, ...] = ("add", "witten-bell", "absolute", "kneser-ney", "modified-kneser-ney")
ITEMS = st.lists(st.text("abcd", min_size=1, max_size=7), min_size=1, max_size=15)


def test_the_table_has_every_name_and_every_method_is_held_to_its_formula() -> None:
    """The settings offer the names of `Method`; what is not inferred is compared with `Plain.p` below."""
    assert tuple(METHODS) == get_args(Method)
    assert set(CLOSED) == METHODS.keys() - {"pitman-yor"}


@pytest.mark.parametrize("method", METHODS)
def test_what_can_be_tuned(method: Method) -> None:
    """add has k, the others their discounts; a method with neither says why, and is refused."""
    row = METHODS[method]
    assert (method == "add" or row.discounts > 0) == (not row.untunable)
    if row.untunable:
        with pytest.raises(SettingsError, match=f"{method} cannot be tuned: {row.untunable}"):
            Ngram(smoothing=method, tune="held-out")


def closed(items: Corpus | list[str], method: Method, order: int) -> NgramModel:
    corpus = items if isinstance(items, Corpus) else Corpus.from_items(items)
    return Ngram(order=order, smoothing=method).fit(corpus)


@dataclass(frozen=True, eq=False)
class Plain:
    """The formulas of the papers on dictionaries; a context is text with `.` for the boundary at its beginning."""

    items: list[str]
    order: int
    signs: tuple[str, ...]

    @property
    @cache  # noqa: B019 - lives as long as a test
    def raw(self) -> dict[str, Counter[str]]:
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for item in self.items:
            text = "." + item + "."
            for at in range(1, len(text)):
                for size in range(min(at, self.order - 1) + 1):
                    counts[text[at - size : at]][text[at]] += 1
        return dict(counts)

    def whole(self, context: str) -> bool:
        return context.startswith(".") or len(context) == self.order - 1

    @property
    @cache  # noqa: B019
    def adjusted(self) -> dict[str, Counter[str]]:
        """Chen and Goodman 1999, section 4.1.6: in how many contexts longer by one symbol."""
        return {
            context: seen
            if self.whole(context)
            else Counter({w: sum(self.raw.get(v + context, Counter())[w] > 0 for v in self.signs) for w in seen})
            for context, seen in self.raw.items()
        }

    def p(self, method: str, context: str, symbol: str) -> float:
        context = context[max(len(context) - self.order + 1, 0) :]
        if context not in self.raw:
            return self.p(method, context[1:], symbol) if context else 1 / len(self.signs)
        shorter = self.p(method, context[1:], symbol) if context else 1 / len(self.signs)
        if method == "add":
            seen, k, V = self.raw[context], 0.1, len(self.signs)
            return (seen[symbol] + k) / (seen.total() + k * V) if self.whole(context) else 1 / V
        if method == "witten-bell":
            seen = self.raw[context]
            return (seen[symbol] + len(seen) * shorter) / (seen.total() + len(seen))
        counts = self.raw if method == "absolute" else self.adjusted
        seen, d = counts[context], self.discounts(method)[len(context)]
        mass = sum(d[min(c, 3) - 1] for c in seen.values())
        own = max(seen[symbol] - d[min(seen[symbol], 3) - 1], 0) if seen[symbol] else 0.0
        return (own + mass * shorter) / seen.total()

    @cache  # noqa: B019
    def discounts(self, method: str) -> list[tuple[float, float, float]]:
        counts = self.raw if method == "absolute" else self.adjusted
        found = []
        for size in range(self.order):
            n = Counter(c for context, seen in counts.items() if len(context) == size for c in seen.values())
            if method != "modified-kneser-ney":
                d = n[1] / (n[1] + 2 * n[2]) if n[1] and n[2] else 0.5
                found.append((d, d, d))
            elif n[1] and n[2] and n[3]:
                y = n[1] / (n[1] + 2 * n[2])
                three = (1 - 2 * y * n[2] / n[1], 2 - 3 * y * n[3] / n[2], 3 - 4 * y * n[4] / n[3])
                fine = all(0 <= d <= j for j, d in enumerate(three, start=1))
                found.append(three if fine else (0.5, 1.0, 1.5))
            else:
                found.append((0.5, 1.0, 1.5))
        return found


def row(model: NgramModel, context: str) -> Any:
    """p of every symbol after a context that an item begins with."""
    ids = [0, *model.alphabet.encode(context)]
    return np.exp(model.log_probs(np.array([ids], dtype=model.alphabet.dtype))[0, -1])


@given(ITEMS, st.integers(1, 6), st.text("abcd", max_size=8))
def test_against_the_formulas(items: list[str], order: int, context: str) -> None:
    corpus = Corpus.from_items(items)
    signs = corpus.alphabet.symbols
    context = "".join(c for c in context if c in signs)
    plain = Plain(items, order, signs)
    for method in CLOSED:
        expected = [plain.p(method, "." + context, w) for w in signs]
        np.testing.assert_allclose(row(closed(corpus, method, order), context), expected, rtol=1e-9, err_msg=method)


@pytest.mark.parametrize("method", CLOSED)
def test_a_bigram_by_hand(method: Method) -> None:
    # ab, ab, b: after . stand a 2, b 1; the root has . 3, a 2, b 3 of 8 (raw), or . 1 (after b), a 1, b 2 of 4.
    root_wb = [(3 + 3 / 3) / 11, (2 + 3 / 3) / 11, (3 + 3 / 3) / 11]
    # absolute: counts 3, 2, 3: n1 = 0, so D = 1/2; each passes 1/2, together 3/16, a third of it to each
    root_ad = [(2.5 + 0.5) / 8, (1.5 + 0.5) / 8, (2.5 + 0.5) / 8]
    # kneser-ney: counts 1, 1, 2: n1 = 2, n2 = 1: D = 2/4
    root_kn = [(0.5 + 0.5) / 4, (0.5 + 0.5) / 4, (1.5 + 0.5) / 4]
    # bigrams: .a 2, .b 1, ab 2, b. 3: n1 = 1, n2 = 2, n3 = 1, n4 = 0; D = 1/5
    # modified: D1 = 1 - 2/5 * 2/1 = 1/5, D2 = 2 - 3/5 * 1/2 = 17/10, D3 = 3; the root has no n3: 1/2, 1, 3/2
    root_mk = [(0.5 + 2 / 3) / 4, (0.5 + 2 / 3) / 4, (1 + 2 / 3) / 4]
    expected = {
        "add": [0.1 / 3.3, 2.1 / 3.3, 1.1 / 3.3],
        "witten-bell": [2 * root_wb[0] / 5, (2 + 2 * root_wb[1]) / 5, (1 + 2 * root_wb[2]) / 5],
        "absolute": [0.4 / 3 * root_ad[0], (1.8 + 0.4 * root_ad[1]) / 3, (0.8 + 0.4 * root_ad[2]) / 3],
        "kneser-ney": [0.4 / 3 * root_kn[0], (1.8 + 0.4 * root_kn[1]) / 3, (0.8 + 0.4 * root_kn[2]) / 3],
        "modified-kneser-ney": [1.9 / 3 * root_mk[0], (0.3 + 1.9 * root_mk[1]) / 3, (0.8 + 1.9 * root_mk[2]) / 3],
    }
    np.testing.assert_allclose(row(closed(["ab", "ab", "b"], method, 2), ""), expected[method])


def test_a_note_where_there_is_no_closed_form() -> None:
    notes = closed(["ab", "ab", "b"], "modified-kneser-ney", 2).metrics.notes
    assert notes == ("order 1: too few small counts to estimate discounts; took 0.5, 1, 1.5",)


# -- rows sum to 1 -----------------------------------------------------------------------------------------------


def off_by(model: NgramModel, contexts: list[list[int]]) -> float:
    """By how much the rows met on the way differ from 1 at most."""
    ids = [np.array([[0, *context]], dtype=model.alphabet.dtype) for context in contexts]
    return max(float(np.abs(np.exp(model.log_probs(row)).sum(axis=-1) - 1).max()) for row in ids)


@given(ITEMS, st.integers(1, 10), st.lists(st.lists(st.integers(0, 1), max_size=12), min_size=1, max_size=3))
def test_rows_sum_to_one(items: list[str], order: int, contexts: list[list[int]]) -> None:
    for method in CLOSED:
        assert off_by(closed(items, method, order), contexts) <= 1e-9, method


@settings(max_examples=10)
@given(ITEMS, st.integers(1, 10), st.lists(st.integers(0, 1), max_size=12))
def test_rows_of_pitman_yor_sum_to_one(items: list[str], order: int, context: list[int]) -> None:
    model = Ngram(order=order, smoothing="pitman-yor", sweeps=3).fit(Corpus.from_items(items))
    assert off_by(model, [context]) <= 1e-9


@pytest.mark.slow
@settings(max_examples=25)
@given(st.integers(1, 4999), st.integers(1, 10), st.integers(0, 2**32))
def test_rows_of_any_alphabet_sum_to_one(characters: int, order: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    alphabet = [chr(0x4E00 + i) for i in range(characters)]
    items = ["".join(rng.choice(alphabet, size=rng.integers(1, 9))) for _ in range(200)] + ["".join(alphabet)]
    corpus = Corpus.from_items(items)
    V = corpus.alphabet.size
    assert characters + 1 == V
    contexts = rng.integers(0, V, size=(3, 12)).tolist()
    for method in METHODS:
        spec = Ngram(order=order, smoothing=method, sweeps=2)
        assert off_by(spec.fit(corpus), contexts) <= 1e-9, method


# -- weights -----------------------------------------------------------------------------------------------------


@given(ITEMS, st.integers(1, 5), st.data())
def test_a_weight_is_a_number_of_repeats(items: list[str], order: int, data: st.DataObject) -> None:
    weights = data.draw(st.lists(st.integers(1, 4), min_size=len(items), max_size=len(items)))
    weighted = Corpus.from_items(items, weights=weights)
    repeated = [item for item, weight in zip(items, weights, strict=True) for _ in range(weight)]
    for method in CLOSED:
        one, other = closed(weighted, method, order), closed(repeated, method, order)
        assert np.array_equal(one.automaton.log_prob, other.automaton.log_prob)
        assert np.array_equal(one.automaton.price, other.automaton.price)


@given(ITEMS, ITEMS, st.integers(1, 5))
def test_added_counts_are_those_of_both(some: list[str], more: list[str], order: int) -> None:
    together = count(Corpus.from_items(some), order) + count(Corpus.from_items(more), order)
    for method in CLOSED:
        added = Ngram(order=order, smoothing=method).from_counts(together)
        assert np.array_equal(added.automaton.log_prob, closed(some + more, method, order).automaton.log_prob)


# -- nltk --------------------------------------------------------------------------------------------------------

NLTK: dict[Method, str] = {"witten-bell": "WittenBell", "absolute": "AbsoluteDiscounting", "kneser-ney": "KneserNey"}


@pytest.mark.parametrize("method", NLTK)
@settings(max_examples=25)
@given(st.lists(st.text("abc", min_size=1, max_size=5), min_size=2, max_size=8), st.integers(2, 4))
def test_against_nltk(method: Method, items: list[str], order: int) -> None:
    """nltk.lm on the same n-grams.

    nltk mixes nothing into its unigrams (Witten-Bell and absolute discounting take relative frequencies, which count
    the padding too; Kneser-Ney undiscounted continuation counts), so symbols not seen get 0. To compare what is the
    same, its unigram level is replaced by ours. It pads with n - 1 boundaries, and then smooths `..e` with `.e` as if
    that were a shorter context; here it is given the n-grams of items with a single boundary at each end. Its
    Kneser-Ney takes continuation counts for contexts that begin with the boundary, of which there are none; these
    contexts are left out.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        smoothing = pytest.importorskip("nltk.lm.smoothing", reason="needs nltk: pip install nextchar[test]")
        from nltk.lm import NgramCounter, Vocabulary
        from nltk.util import everygrams
    corpus = Corpus.from_items(items)
    signs = corpus.alphabet.symbols
    trie = NgramTrie(count(corpus, order))
    D = 0.75
    ours = interpolated(trie, method, discounts=np.full((order, 3), D) if method != "witten-bell" else None)
    p = ours.probabilities(trie)
    padded = [["<s>", *item, "</s>"] for item in items]
    counter = NgramCounter(everygrams(text, max_len=order) for text in padded)
    vocabulary = Vocabulary(["<s>", "</s>", *corpus.alphabet.characters])
    extra = {} if method == "witten-bell" else {"discount": D}
    extra |= {"order": order} if method == "kneser-ney" else {}
    theirs = getattr(smoothing, NLTK[method])(vocabulary, counter, **extra)

    def score(word: str, context: tuple[str, ...]) -> float:
        if not context:
            return float(p[signs.index("." if word == "</s>" else word)])
        alpha, gamma = theirs.alpha_gamma(word, context)
        return float(alpha + gamma * score(word, context[1:]))

    names: list[tuple[str, ...]] = [()] * trie.size
    for state in range(1, trie.size):
        oldest = signs[trie.oldest[state]] if trie.oldest[state] else "<s>"
        names[state] = (oldest, *names[trie.link[state]])
    for at, (state, symbol) in enumerate(zip(trie.owner, trie.symbols, strict=True)):
        if method == "kneser-ney" and "<s>" in names[state]:
            continue
        assert p[at] == pytest.approx(score("</s>" if symbol == 0 else signs[symbol], names[state]), abs=1e-12)


def test_discounts_from_counts_of_counts() -> None:
    # n1 = 6, n2 = 3, n3 = 2, n4 = 1: D = 6/12; 1 - 2 (1/2) 3/6 = 1/2, 2 - 3 (1/2) 2/3 = 1, 3 - 4 (1/2) 1/2 = 2
    found = closed_form_discounts(np.array([0, 6, 3, 2, 1]), n4_needed=True)
    assert found is not None
    assert found.tolist() == pytest.approx([0.5, 1, 2])
    # n2 = 0, n3 = 0: nothing to divide by. n3 = 9: 2 - 3 (1/2) 9/3 = -5/2, which would add to a count
    for n in ([0, 6, 0, 2, 1], [0, 6, 3, 0, 1], [0, 6, 3, 9, 1]):
        assert closed_form_discounts(np.array(n)) is None
    # n4 = 0: 3 - 0, all of a count of 3, as lmplz has it; or no answer
    none = np.array([0, 6, 3, 2, 0])
    taken = closed_form_discounts(none)
    assert taken is not None
    assert taken.tolist() == pytest.approx([0.5, 1, 3])
    assert closed_form_discounts(none, n4_needed=True) is None


# -- KenLM -------------------------------------------------------------------------------------------------------


def fixture() -> tuple[Corpus, NgramModel, Any]:
    """The corpus of the fixture, our model of it, and lmplz's.

    lmplz's alphabet has an unknown symbol, so ours has one too.
    """
    corpus = Corpus.from_file(DATA / "cities.txt")
    counts = count(corpus, 4)
    counts = counts.encoded_in(Alphabet(counts.alphabet.characters, has_unknown=True))
    return corpus, Ngram(order=4, smoothing="modified-kneser-ney").from_counts(counts), read_arpa(DATA / "cities.arpa")


def test_modified_kneser_ney_is_lmplz() -> None:
    """All 4-grams of the corpus, and items that it does not have, to the 7 digits of the file."""
    corpus, ours, theirs = fixture()
    items = [*corpus, "qqq", "a", "london", "xanadu", "été"]
    np.testing.assert_allclose(ours.nats(items), theirs.nats(items), atol=1e-5)
    ids = np.random.default_rng(1).integers(0, ours.alphabet.size, size=(200, 12)).astype(ours.alphabet.dtype)
    np.testing.assert_allclose(ours.log_probs(ids), theirs.log_probs(ids), atol=1e-5)


def test_the_discounts_are_those_that_lmplz_printed() -> None:
    printed = (DATA / "cities.discounts.txt").read_text(encoding="utf-8")
    found = [[float(x) for x in line] for line in re.findall(r"D1=(\S+) D2=(\S+) D3\+=(\S+)", printed)][-4:]
    np.testing.assert_allclose(fixture()[1].fitted["discounts"], found, atol=5e-6)


def test_losses_on_names(names: Corpus) -> None:
    """KenLM 0.3.0, lmplz --discount_fallback on the EurekaLabs split: 1.9529, 1.9406 and 1.9429 at order 5, 6 and 7."""
    from nextchar.data.splits import split

    parts = split(names, "eurekalabs")
    for order, loss in ((5, 1.9529), (6, 1.9406), (7, 1.9429)):
        model = Ngram(order=order, smoothing="modified-kneser-ney").fit(parts.train)
        assert model.evaluate(parts.test).nats_per_symbol == pytest.approx(loss, abs=1e-4)


# -- settings ----------------------------------------------------------------------------------------------------


def test_settings_that_do_not_go_together() -> None:
    for wrong in (
        {"smoothing": "good-turing"},
        {"smoothing": "witten-bell", "add": 1.0},
        {"smoothing": "witten-bell", "tune": "held-out"},
        {"smoothing": "pitman-yor", "tune": "leave-one-out"},
        {"tune": "always"},
        {"sweeps": 1},
        {"seed": -1},
    ):
        with pytest.raises(SettingsError):
            Ngram(**wrong)


def test_the_unigrams_of_an_unknown_symbol_share_what_is_left() -> None:
    # a a b: root counts . 3 a 2 b 1 (adjusted: . 2 (after a, b), a 1, b 1); with the unknown symbol V = 4
    counts = count(Corpus.from_items(["a", "a", "b"]), 1).encoded_in(Alphabet("ab", has_unknown=True))
    model = Ngram(order=1, smoothing="witten-bell").from_counts(counts)
    # 6 symbols of 3 kinds: (c + 3/4) / 9
    np.testing.assert_allclose(row(model, ""), [3.75 / 9, 2.75 / 9, 1.75 / 9, 0.75 / 9])


@given(ITEMS, st.integers(1, 7), st.sampled_from(["absolute", "kneser-ney", "modified-kneser-ney"]))
def test_the_compiled_loop_is_the_plain_one(items: list[str], order: int, method: Method) -> None:
    trie = NgramTrie(count(Corpus.from_items(items), order))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(smoothing, "kernels_loaded", lambda: False)
        plain = interpolated(trie, method)
        patch.setattr(smoothing, "kernels_loaded", lambda: True)
        found = interpolated(trie, method)
    np.testing.assert_allclose(found.own, plain.own, rtol=1e-14)
    np.testing.assert_allclose(found.rest, plain.rest, rtol=1e-13)
