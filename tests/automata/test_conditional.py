"""Exact answers against enumeration: all strings up to a length, each scored on its own and tested by Python."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

import nextchar
from nextchar.automata import bounded_items, product, sparse_product
from nextchar.automata.conditional import conditional, gaps_pattern, next_symbols
from nextchar.automata.constrained_sampling import CANDIDATES, Guided, draw_items
from nextchar.automata.constraints import constraint_automata
from nextchar.automata.sparse_chain import SparseChain
from nextchar.core.constraint import Constraint
from nextchar.core.drawing import sample
from nextchar.core.model import Model
from nextchar.core.plan import Plan
from nextchar.data.corpus import Corpus
from nextchar.errors import NextcharError, SettingsError, TooLargeError, UnknownSymbolError
from nextchar.models.ngram.model import Ngram, NgramModel

LONGEST = 6


@dataclass(frozen=True)
class Wanted:
    """A constraint, and the same in Python's own words."""

    match: tuple[str, ...] = ()
    prefix: str = ""
    suffix: str = ""
    contains: tuple[str, ...] = ()
    allowed: str | None = None
    not_in: tuple[str, ...] = ()
    min_length: int = 0
    max_length: int | None = LONGEST

    def constraint(self) -> Constraint:
        return Constraint(**self.__dict__)

    def meets(self, item: str) -> bool:
        return (
            all(re.fullmatch(pattern, item) for pattern in self.match)
            and item.startswith(self.prefix)
            and item.endswith(self.suffix)
            and all(text in item for text in self.contains)
            and (self.allowed is None or set(item) <= set(self.allowed))
            and item not in self.not_in
            and self.min_length <= len(item)
            and (self.max_length is None or len(item) <= self.max_length)
        )


def texts(least: int = 0) -> st.SearchStrategy[str]:
    return st.text("ab", min_size=least, max_size=2)


@st.composite
def constraints(draw: st.DrawFn) -> Wanted:
    patterns = ["a*b.*", ".*", "(ab|b)+", "[^a].*", "(a?b){1,3}", ".*a.b?", "(a|b)*aa(a|b)*"]
    return Wanted(
        match=tuple(draw(st.lists(st.sampled_from(patterns), max_size=2))),
        prefix=draw(texts()),
        suffix=draw(texts()),
        contains=tuple(draw(st.lists(texts(1), max_size=2))),
        allowed=draw(st.sampled_from([None, None, "ab", "a", "b"])),
        not_in=tuple(draw(st.lists(st.text("abx", max_size=3), max_size=4))),
        min_length=draw(st.integers(0, 3)),
        max_length=draw(st.integers(3, LONGEST)),
    )


@st.composite
def models(draw: st.DrawFn) -> NgramModel:
    items = draw(st.lists(st.text("ab", min_size=1, max_size=5), min_size=1, max_size=8))
    corpus = Corpus.from_items([*items, "ab"])
    return Ngram(order=draw(st.integers(1, 4)), add=draw(st.sampled_from([0, 0.1, 1]))).fit(corpus)


def all_items(model: Model, longest: int = LONGEST) -> dict[str, float]:
    """The probability of every string up to a length, by scoring each on its own."""
    characters = model.alphabet.characters
    found = ["".join(word) for n in range(1, longest + 1) for word in itertools.product(characters, repeat=n)]
    probability = dict(zip(found, np.exp(-model.nats(found)), strict=True))
    start = model.start(1)
    return {"": float(np.exp(start.log_probs[0, 0])), **probability}


def shares(model: Model, wanted: Wanted) -> dict[str, float]:
    """Of the items that meet the constraint, those that are possible, with their probabilities."""
    return {item: p for item, p in all_items(model).items() if p > 0 and wanted.meets(item)}


@given(models(), constraints())
@example(Ngram(order=1, add=0.1).fit(Corpus.from_items(["ab"])), Wanted(not_in=("",)))
@example(Ngram(order=2, add=1).fit(Corpus.from_items(["ab", "b"])), Wanted(not_in=("b", "", "x")))
@example(Ngram(order=2, add=1).fit(Corpus.from_items(["ab", "b"])), Wanted(not_in=("x",)))
@settings(max_examples=150)
def test_everything_against_enumeration(model: NgramModel, wanted: Wanted) -> None:
    expected = shares(model, wanted)
    total = sum(expected.values())
    if not expected:
        with pytest.raises(SettingsError, match=r"no item of this model|nothing fits"):
            conditional(model, wanted.constraint())
        return
    found = conditional(model, wanted.constraint())
    assert found.probability == pytest.approx(total, rel=1e-12)

    top = list(found.top())
    assert len(top) == len(expected)
    assert {item.text for item in top} == set(expected)
    np.testing.assert_allclose([item.probability for item in top], sorted(expected.values(), reverse=True), rtol=1e-12)
    for item in top:
        assert item.probability == pytest.approx(expected[item.text], rel=1e-12)
        assert item.share == pytest.approx(expected[item.text] / total, rel=1e-12)

    p = np.array(list(expected.values())) / total
    sizes = np.array([len(item) for item in expected])
    assert found.mean_length == pytest.approx(float(p @ sizes), rel=1e-12, abs=1e-12)
    assert found.entropy == pytest.approx(float(-(p @ np.log(p))), rel=1e-12, abs=1e-12)
    by_length = np.bincount(sizes, p)
    np.testing.assert_allclose(found.lengths(), by_length[: len(found.lengths())], rtol=1e-11, atol=1e-12)
    assert by_length[len(found.lengths()) :].sum() < 1e-11

    drawn = found.sample(50, seed=1)
    assert set(drawn) <= set(expected)
    # the items as a model of their own: its probabilities are the shares
    chosen = [item for item in expected if item][:20]
    if chosen:
        np.testing.assert_allclose(np.exp(-found.model.nats(chosen)), [expected[x] / total for x in chosen], rtol=1e-11)


CONDITIONS = {
    "prefix": Wanted(prefix="ab"),
    "suffix": Wanted(suffix="ba"),
    "contains": Wanted(contains=("aa",)),
    "lengths": Wanted(min_length=2, max_length=3),
    "match": Wanted(match=("(ab|b)+a?",)),
    "allowed": Wanted(allowed="a"),
    "not in": Wanted(not_in=("ab", "b", "a")),
    "all": Wanted(
        match=(".*b.*",), prefix="a", suffix="a", contains=("ab",), not_in=("aba",), min_length=2, max_length=5
    ),
}
SMALL = Corpus.from_items(["ab", "aab", "ba", "bb", "abba", "a", "baa"])


def chi_square(drawn: list[str], expected: dict[str, float]) -> float:
    """The chance of draws at least so far from the expected shares; rare items together."""
    total = sum(expected.values())
    counts = Counter(drawn)
    assert set(counts) <= set(expected)
    common = [item for item, p in expected.items() if p / total * len(drawn) >= 10]
    observed = [counts[item] for item in common]
    wanted = [expected[item] / total * len(drawn) for item in common]
    rest = len(drawn) - sum(wanted)
    if rest > 10:
        observed.append(len(drawn) - sum(observed))
        wanted.append(rest)
    if len(wanted) < 2:
        return 1.0
    scale = sum(observed) / sum(wanted)
    return float(stats.chisquare(observed, np.array(wanted) * scale).pvalue)


@pytest.mark.parametrize("name", CONDITIONS)
@pytest.mark.parametrize("order", [2, 3])
def test_draws_have_the_exact_shares(name: str, order: int) -> None:
    model = Ngram(order=order, add=0.1).fit(SMALL)
    drawn = conditional(model, CONDITIONS[name].constraint()).sample(20_000, seed=5)
    assert chi_square(drawn, shares(model, CONDITIONS[name])) > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("name", CONDITIONS)
def test_a_million_draws_have_the_exact_shares(name: str) -> None:
    model = Ngram(order=3, add=0.1).fit(SMALL)
    drawn = conditional(model, CONDITIONS[name].constraint()).sample(1_000_000, seed=6)
    assert len(drawn) == 1_000_000
    assert chi_square(drawn, shares(model, CONDITIONS[name])) > 1e-4


def test_without_a_bound_against_linear_algebra() -> None:
    model = Ngram(order=2, add=0.3).fit(SMALL)
    ids = np.array([[0, 1], [0, 2]])
    P = np.exp(model.log_probs(ids))  # rows: of the boundary, then of a and b
    start, a, b = P[0, 0], P[0, 1], P[1, 1]
    Q = np.array([a[1:], b[1:]])  # from letter to letter
    ends = np.array([a[0], b[0]])
    visits = start[1:] @ np.linalg.inv(np.eye(2) - Q)  # how often each letter occurs in an item
    assert nextchar.given(model).probability == pytest.approx(1 - start[0], rel=1e-12)  # the empty item is none
    whole = nextchar.given(model, min_length=0)
    assert whole.probability == 1
    assert whole.mean_length == pytest.approx(visits.sum(), rel=1e-12)
    row_entropy = [-(row @ np.log(row)) for row in (start, a, b)]
    assert whole.entropy == pytest.approx(row_entropy[0] + visits @ row_entropy[1:], rel=1e-12)
    # only a: start, a to a any number of times, end
    assert nextchar.given(model, match="a+").probability == pytest.approx(start[1] * a[0] / (1 - a[1]), rel=1e-12)
    # contains bb: 1 less that of items without bb, from letter to letter without b to b
    Q_without = Q.copy()
    Q_without[1, 1] = 0
    without = start[0] + start[1:] @ np.linalg.solve(np.eye(2) - Q_without, ends)
    assert nextchar.given(model, contains="bb").probability == pytest.approx(1 - without, rel=1e-12)
    shares_of_lengths = [start[0], *(start[1:] @ np.linalg.matrix_power(Q, n) @ ends for n in range(20))]
    np.testing.assert_allclose(whole.lengths()[:21], shares_of_lengths, rtol=1e-12)


def test_what_is_new_against_enumeration() -> None:
    model = Ngram(order=2, add=0).fit(SMALL)
    expected = 1 - sum(all_items(model)[item] for item in SMALL)
    assert nextchar.given(model, new=True, data=SMALL).probability == pytest.approx(expected, rel=1e-12)
    larger = Corpus.from_items([*SMALL, "zebra", "ab"])  # holds more than the training data, and an item twice
    assert nextchar.given(model, new=True, data=larger).probability == pytest.approx(expected, rel=1e-12)


def test_new_without_the_data_goes_by_fingerprints() -> None:
    model = Ngram(order=2, add=0).fit(SMALL)
    found = nextchar.given(model, new=True, max_length=4)
    exact = nextchar.given(model, new=True, data=SMALL, max_length=4)
    assert {item.text for item in found.top()} == {item.text for item in exact.top()}
    expected = {item: p for item, p in shares(model, Wanted(max_length=4)).items() if item not in set(SMALL)}
    assert chi_square(found.sample(20_000, seed=1), expected) > 1e-4
    assert chi_square(exact.sample(20_000, seed=2), expected) > 1e-4
    with pytest.raises(SettingsError, match="give the training data"):
        found.probability  # noqa: B018


def test_data_that_is_not_the_training_data() -> None:
    model = Ngram(order=2).fit(SMALL)
    with pytest.raises(SettingsError, match="has 2 of the 7 distinct items"):
        nextchar.given(model, new=True, data=Corpus.from_items(["ab", "ba", "zz"]))


def test_temperature_and_its_kin_come_first() -> None:
    model = Ngram(order=2, add=0.1).fit(SMALL)
    found = conditional(model, Constraint(min_length=0, max_length=3), reshaped=Plan(temperature=0.5))
    rows = {}
    for symbol in range(3):
        row = np.exp(2 * model.log_probs(np.array([[0, symbol]]))[0, -1])
        rows[symbol] = row / row.sum()

    def probability(item: str) -> float:
        ids = [0, *(" ab".index(x) for x in item), 0]
        return float(math.prod(rows[x][y] for x, y in itertools.pairwise(ids)))

    items = [item for item in all_items(model) if len(item) <= 3]
    assert found.probability == pytest.approx(sum(map(probability, items)), rel=1e-12)


def test_the_unknown_symbol_is_never_written() -> None:
    training = SMALL.encoded_in(nextchar.Alphabet("ab", has_unknown=True))
    model = Ngram(order=2, add=1).fit(training)
    written = conditional(model, Constraint(max_length=2))
    texts = [item.text for item in written.top()]
    assert sorted(texts) == ["a", "aa", "ab", "b", "ba", "bb"]  # of a, b: 2 of one letter and 4 of two
    # What has an unknown character has no probability as an item: that of all others is the sum of theirs.
    assert written.probability == pytest.approx(float(np.exp(-model.nats(texts)).sum()), rel=1e-12)
    assert nextchar.given(model).probability < 1 - all_items(model, 1)[""]


def test_impossible_conditions() -> None:
    model = Ngram(order=2, add=0).fit(SMALL)
    for wanted in (
        {"match": "bbbb", "max_length": 2},
        {"prefix": "ab", "match": "b.*"},
        {"allowed": "a", "suffix": "b"},
    ):
        with pytest.raises(SettingsError, match="no item of this model"):
            nextchar.given(model, **wanted)
    with pytest.raises(UnknownSymbolError, match="the suffix 'é' has 'é'"):
        nextchar.given(model, suffix="é")
    with pytest.raises(SettingsError, match="nothing fits the pattern"):
        nextchar.given(model, match="[^ab]")
    for wrong in ({"min_length": 3, "max_length": 2}, {"prefix": "a\nb"}, {"suffix": "abc", "max_length": 2}):
        with pytest.raises(SettingsError):
            nextchar.given(model, **wrong)
    with pytest.raises(SettingsError, match="takes a list"):
        Constraint(not_in="ab")  # two items, or one?
    assert Constraint(match="ab", contains="b") == Constraint(match=["ab"], contains=("b",))  # one text is one


def test_very_improbable_items_have_their_logarithm() -> None:
    model = Ngram(order=2, add=0.1).fit(SMALL)
    text = "ab" * 1000
    nats = float(model.nats([text])[0])
    assert nats > 1000  # exp(-1000) is 0 in floating point
    assert -nextchar.given(model, match=text).log_probability == pytest.approx(nats, rel=1e-12)
    text = "ab" * 500
    assert nextchar.given(model, contains=text).log_probability > -float(model.nats([text])[0])
    with pytest.raises(SettingsError, match="is too large"):
        nextchar.given(model, contains=text * 10)


def test_complete_and_fill() -> None:
    model = Ngram(order=2, add=0.1).fit(SMALL)
    found = nextchar.given(model, prefix="ab")
    row = np.exp(model.log_probs(np.array([[0, 1, 2]]))[0, -1])
    symbols = dict(next_symbols(found, "ab"))
    for sign, i in ((".", 0), ("a", 1), ("b", 2)):
        assert symbols[sign] == pytest.approx(row[i], rel=1e-12)
    assert gaps_pattern("a_b.", "_") == "a.b\\."
    expected = shares(model, Wanted(match=("a.b.",)))
    best = next(nextchar.given(model, match=gaps_pattern("a_b_")).top(1))
    assert best.probability == pytest.approx(max(expected.values()), rel=1e-12)


@dataclass(frozen=True)
class Opaque:
    """A count model that does not show that it is an automaton, as a net would be."""

    inner: NgramModel

    @property
    def alphabet(self) -> nextchar.Alphabet:
        return self.inner.alphabet

    @property
    def context_length(self) -> int | None:
        return self.inner.context_length

    @property
    def corpus_scorer(self) -> None:
        return None

    @property
    def batch_limit(self) -> None:
        return None

    def start(self, batch: int) -> Any:
        return self.inner.start(batch)

    def advance(self, state: object, ids: Any) -> Any:
        return self.inner.advance(state, ids)

    def select(self, state: object, rows: Any) -> object:
        return self.inner.select(state, rows)

    def log_probs(self, ids: Any) -> Any:
        return self.inner.log_probs(ids)

    def drawer(self, plan: Plan, constraint: Constraint, n: int) -> None:
        return None


@pytest.mark.parametrize("name", CONDITIONS)
def test_other_models_meet_a_constraint_nearly_in_their_shares(name: str) -> None:
    wanted = CONDITIONS[name]
    model = Ngram(order=3, add=0.1).fit(SMALL)
    guide = Ngram(order=2, add=0.1).fit(SMALL)
    automata = constraint_automata(wanted.constraint(), model.alphabet, model.provenance.options)
    expected = shares(model, wanted)
    total = sum(expected.values())
    for ahead in (guide, None):
        guided = Guided.of(Opaque(model), automata, Plan(seed=1), None if ahead is None else ahead.automaton)
        drawn = list(sample(guided, 4000, Plan(seed=1), Constraint(min_length=0)).corpus)
        assert len(drawn) == 4000
        assert all(wanted.meets(item) for item in drawn)
        counts = Counter(drawn)
        distance = sum(abs(counts[item] / 4000 - p / total) for item, p in expected.items()) / 2
        assert distance < 0.06  # total variation: chance alone makes 0.02, CANDIDATES of 16 some more
    assert CANDIDATES == 16


def test_draw_items_is_exact_for_automata(names: Corpus) -> None:
    model = Ngram(order=3).fit(names)
    constraint = Constraint(prefix="ma", suffix="a", min_length=5, max_length=7)
    drawn = draw_items(model, 1000, Plan(seed=3), constraint).all()
    assert list(drawn.corpus) == conditional(model, constraint).sample(1000, seed=3)
    only_lengths = Constraint(prefix="ma", min_length=5, max_length=7)  # which take a shorter way
    drawn = draw_items(model, 1000, Plan(seed=3), only_lengths).all()
    assert list(drawn.corpus) == conditional(model, only_lengths).sample(1000, seed=3)


def test_draw_items_from_an_automaton_that_is_too_large(names: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Ngram(order=3).fit(names)
    constraint = Constraint(prefix="m", min_length=3, max_length=4)
    most = {item.text for item in conditional(model, constraint).top(5)}
    monkeypatch.setattr(product, "CELLS", 27 * 50)  # the conditions alone have 5 states; with the model, hundreds
    monkeypatch.setattr(bounded_items, "CELLS", 0)
    without_rows = conditional(model, constraint)  # which takes less
    assert isinstance(without_rows.chain, SparseChain)
    assert most == {item.text for item in without_rows.top(5)}
    monkeypatch.setattr(sparse_product, "LISTED", 0)
    monkeypatch.setattr(sparse_product, "VALUES", 0)
    with pytest.raises(TooLargeError, match="smaller largest length"):
        conditional(model, constraint)
    with pytest.warns(UserWarning, match="approximate"):
        drawn = Counter(draw_items(model, 5000, Plan(seed=3), constraint).all().corpus)
    assert all(item[0] == "m" and 3 <= len(item) <= 4 for item in drawn)
    assert most <= set(drawn)


def test_the_probability_of_a_prefix_is_the_product_of_its_entries(names: Corpus) -> None:
    model = Ngram(order=2, add=0).fit(names)
    N = model.counts.table()
    P = N / N.sum(axis=1, keepdims=True)
    m, a, r = (" abcdefghijklmnopqrstuvwxyz".index(x) for x in "mar")
    assert nextchar.given(model, prefix="mar").probability == pytest.approx(P[0, m] * P[m, a] * P[a, r], rel=1e-12)


def test_the_entropy_of_an_unsmoothed_bigram_is_its_loss(names: Corpus) -> None:
    # Its expected bigrams an item are those of the data, so the entropy per symbol is the training loss, and the
    # mean length that of the names: 228,146 symbols, 32,033 of them ends.
    model = Ngram(order=2, add=0).fit(names)
    whole = nextchar.given(model)
    assert whole.entropy_per_symbol == pytest.approx(model.evaluate(names).nats_per_symbol, rel=1e-12)
    assert whole.mean_length == pytest.approx((228_146 - 32_033) / 32_033, rel=1e-12)


def test_top_against_a_full_sort(names: Corpus) -> None:
    model = Ngram(order=3, add=0).fit(names)
    best = list(nextchar.given(model, max_length=3).top(300))
    everything = sorted(all_items(model, 3).values(), reverse=True)
    np.testing.assert_allclose([item.probability for item in best], everything[:300], rtol=1e-12)
    assert len({item.text for item in best}) == 300


@pytest.mark.slow
def test_how_many_names_are_new_against_ten_million(names: Corpus) -> None:
    model = Ngram(order=2, add=0).fit(names)
    exact = nextchar.given(model, new=True, data=names).probability
    known = model.provenance.known
    assert known is not None
    n = new = 0
    for part in range(10):
        drawn = model.draw(1_000_000, Plan(seed=part)).corpus
        n += len(drawn)
        new += len(drawn) - drawn.count_in(known)
    error = math.sqrt(exact * (1 - exact) / n)
    assert n == 10_000_000
    assert abs(new / n - exact) < 4 * error


@pytest.mark.slow
def test_the_names_that_people_ask_for_against_rejection(names: Corpus) -> None:
    model = Ngram(order=5).fit(names)
    found = nextchar.given(
        model, new=True, data=names, prefix="ma", contains="r", suffix="a", min_length=5, max_length=7
    )
    drawn = list(found.draw(100_000, seed=1).corpus)
    assert len(drawn) == 100_000
    taken = set(names)
    for item in set(drawn):
        assert re.fullmatch("ma.{2,4}a", item)
        assert "r" in item
        assert item not in taken
    plain = [
        x for x in model.draw(3_000_000, Plan(seed=2), Constraint(prefix="ma")).corpus if re.fullmatch("ma.{2,4}a", x)
    ]
    plain = [x for x in plain if "r" in x and x not in taken]
    table = Counter(drawn), Counter(plain)
    common = [item for item, count in table[1].items() if count >= 20]
    both = np.array([[counts[item] for item in common] for counts in table])
    assert stats.chi2_contingency(both).pvalue > 1e-4


def test_a_mix_has_no_exact_answers() -> None:
    mix = nextchar.Mix(epochs=1).fit(["emma", "ava", "mia"])
    with pytest.raises(NextcharError, match="kind mix is no finite automaton"):
        nextchar.given(mix)


def test_the_items_found_are_a_model_that_can_be_kept(tmp_path: Any) -> None:
    found = nextchar.given(Ngram(order=2).fit(SMALL), suffix="a")
    found.model.save(tmp_path / "a.safetensors")
    again = nextchar.load(tmp_path / "a.safetensors")
    assert again.sample(20, seed=1, min_length=0) == found.sample(20, seed=1)
    np.testing.assert_array_equal(again.nats(["ba", "aa"]), found.model.nats(["ba", "aa"]))
    assert nextchar.given(again, suffix="ba").probability == pytest.approx(
        nextchar.given(Ngram(order=2).fit(SMALL), suffix="ba").probability / found.probability, rel=1e-12
    )


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("target", lambda a: a + 1000),
        ("symbols", lambda a: a[::-1]),
        ("link", lambda a: a + 1),
        ("first", lambda a: a[::-1]),
        ("log_prob", lambda a: a + 5),
        ("start", lambda a: a + 1000),
        ("price", lambda a: a[1:]),
    ],
)
def test_a_file_whose_numbers_lead_astray_is_refused(tmp_path: Any, name: str, change: Any) -> None:
    from nextchar.core.model_file import ModelFile, read_model_file, write_model_file

    path = tmp_path / "m.safetensors"
    nextchar.given(Ngram(order=2).fit(SMALL), suffix="a").model.save(path)
    content = read_model_file(path)
    arrays = dict(content.arrays)
    arrays[name] = np.ascontiguousarray(change(arrays[name]))
    document = {key: content.document[key] for key in ("settings", "alphabet", "text", "data", "metrics")}
    write_model_file(path, ModelFile(content.kind, arrays, document))
    with pytest.raises(NextcharError, match="not a usable model"):
        nextchar.load(path)


def test_known_items_are_looked_up_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    # 2,000 fingerprints, of which a search by halves compares one with at most 11; np.isin looks at all of them
    items = ["".join(letters) for n in range(1, 11) for letters in itertools.product("ab", repeat=n)][:2000]
    model = Ngram(order=2, add=0.1).fit(Corpus.from_items(items))
    found = nextchar.given(model, new=True, min_length=1)
    assert found.known is not None
    assert len(found.known) == 2000

    def no_scan(*_: object) -> None:
        raise AssertionError("all fingerprints were looked at for one item")

    monkeypatch.setattr(np, "isin", no_scan)
    assert not {item.text for item in found.top(20)} & set(items)
