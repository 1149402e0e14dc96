"""Exact answers without whole rows: against enumeration, and against the way with whole rows."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

import nextchar
from nextchar.automata import conditioned, sparse_product, sparse_reshaping
from nextchar.automata.automaton import Automaton
from nextchar.automata.conditional import Conditional, conditional, next_symbols
from nextchar.automata.product import Chain
from nextchar.automata.sparse_chain import SparseChain
from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.core.sampling import adjust, draw_plainly
from nextchar.data.alphabet import BOUNDARY
from nextchar.errors import SettingsError
from nextchar.models.ngram.model import NgramModel
from nextchar.models.ngram.smoothing import Method

WORDS = ["abba", "cab", "dad", "a", "bcd", "abcd", "ddd", "cabca"]


@st.composite
def models(draw: st.DrawFn) -> NgramModel:
    words = draw(st.lists(st.text("abcd", min_size=1, max_size=5), min_size=1, max_size=12))
    order, corpus = draw(st.integers(1, 4)), nextchar.Corpus.from_items([*words, *WORDS])
    add = draw(st.sampled_from([None, 0.0, 1e-9, 0.1, 1.0]))
    if add is not None:
        return nextchar.Ngram(order=order, add=add).fit(corpus)
    smoothings: list[Method] = ["witten-bell", "kneser-ney", "modified-kneser-ney", "absolute"]
    return nextchar.Ngram(order=order, smoothing=draw(st.sampled_from(smoothings))).fit(corpus)


def texts(most: int = 2) -> st.SearchStrategy[str]:
    return st.text("abcd", max_size=most)


@st.composite
def constraints(draw: st.DrawFn) -> Constraint:
    patterns = [".*", "[abc]+d?", ".a.b*", "(a|bb|ccd)+", "[^d]{1,4}", ".*(ab|ba|cd).*", "a|b|.{3}"]
    return Constraint(
        match=tuple(draw(st.lists(st.sampled_from(patterns), max_size=2))),
        prefix=draw(texts()),
        suffix=draw(texts()),
        contains=tuple(draw(st.lists(st.text("abcd", min_size=1, max_size=2), max_size=1))),
        allowed=draw(st.sampled_from([None, None, "abc", "bd"])),
        not_in=tuple(draw(st.lists(texts(4), max_size=8))),
        min_length=draw(st.sampled_from([None, 0, 2])),
        max_length=draw(st.sampled_from([None, 4, 7])),
    )


@pytest.fixture
def sparse(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Every model is held to be too large for whole rows."""
    monkeypatch.setattr(conditioned, "CELLS", 0)
    return monkeypatch


def both(
    model: NgramModel, constraint: Constraint, patch: pytest.MonkeyPatch
) -> tuple[Conditional, Conditional] | None:
    """With whole rows, and without; None where both say that there is no such item."""
    found = []
    for cells in (1 << 25, 0):
        patch.setattr(conditioned, "CELLS", cells)
        try:
            found.append(conditional(model, constraint))
        except SettingsError:
            continue
    if not found:
        return None
    assert len(found) == 2
    rows, lists = found  # both found something
    assert isinstance(rows.chain, Chain)
    assert isinstance(lists.chain, SparseChain)
    return rows, lists


@given(models(), constraints(), st.sampled_from([0, 1, 64]), st.sampled_from([0, 100]))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_same_answers_as_with_whole_rows(
    sparse: pytest.MonkeyPatch, model: NgramModel, constraint: Constraint, few: int, large: int
) -> None:
    sparse.setattr(sparse_product, "FEW", few)  # which conditions narrow pairs list changes nothing
    sparse.setattr(sparse_product, "LARGE", large)
    found = both(model, constraint, sparse)
    if found is None:
        return
    rows, lists = found
    assert lists.log_probability == pytest.approx(rows.log_probability, rel=1e-11, abs=1e-11)
    assert lists.mean_length == pytest.approx(rows.mean_length, rel=1e-10, abs=1e-10)
    assert lists.entropy == pytest.approx(rows.entropy, rel=1e-9, abs=1e-9)
    top, expected = (list(itertools.islice(one.top(), 12)) for one in (lists, rows))
    assert [item.nats for item in top] == pytest.approx([item.nats for item in expected], abs=1e-9)
    assert [item.share for item in top] == pytest.approx([item.share for item in expected], rel=1e-9)
    assert len({item.text for item in top}) == len(top)
    alone = lists.model
    if written := [item for item in top if item.text]:
        scored = [item.text for item in written]
        assert [item.nats for item in written] == pytest.approx(model.nats(scored).tolist(), abs=1e-9)
        assert alone.nats(scored) == pytest.approx([-math.log(item.share) for item in written], abs=1e-9)
        stream = np.concatenate([np.append(alone.alphabet.encode(text), BOUNDARY) for text in scored])
        read = alone.automaton.stream_nats(stream, compiled=True)  # one item after the other
        assert read == pytest.approx(alone.automaton.stream_nats(stream, compiled=False), rel=1e-12, abs=1e-12)
    Automaton.from_arrays(alone.alphabet, alone.arrays())  # it passes all checks of a file
    for item in top[:3]:
        for begun in (item.text[:1], item.text):
            follow, wanted = (dict(next_symbols(one, begun)) for one in (lists, rows))
            assert follow == pytest.approx(wanted, rel=1e-9, abs=1e-12)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Not at the edge of a nucleus, where rounding decides."""
    return Plan(
        temperature=draw(st.sampled_from([0.5, 2.0, 0.83, 0.0, 1e-300, 1.0])),
        top_k=draw(st.sampled_from([None, None, 1, 2, 3])),
        top_p=draw(st.sampled_from([None, None, 0.73, 0.317])),
    )


@given(models(), constraints(), plans())
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_reshaped_rows_as_whole_rows_are(
    sparse: pytest.MonkeyPatch, model: NgramModel, constraint: Constraint, plan: Plan
) -> None:
    sparse.setattr(sparse_reshaping, "ROOM", 4)
    found = []
    for cells in (1 << 25, 0):
        sparse.setattr(conditioned, "CELLS", cells)
        try:
            found.append(conditional(model, constraint, reshaped=plan))
        except SettingsError:
            continue
    if not found:
        return
    rows, lists = found
    assert lists.mean_length == pytest.approx(rows.mean_length, rel=1e-9)
    assert lists.entropy == pytest.approx(rows.entropy, rel=1e-9, abs=1e-9)
    top, expected = (list(itertools.islice(one.top(), 8)) for one in (lists, rows))
    assert [item.share for item in top] == pytest.approx([item.share for item in expected], rel=1e-9)


def test_no_condition_at_all(sparse: pytest.MonkeyPatch) -> None:
    """Not even that an item has a character: p(end) at the start, add-1/2 of a, a, b, is 1/2 / (3 + 3/2) = 1/9."""
    model = nextchar.Ngram(order=2, add=0.5).fit(nextchar.Corpus.from_items(["ab", "ab", "b"]))
    del sparse
    found = conditional(model, Constraint(min_length=0))
    assert isinstance(found.chain, SparseChain)
    assert found.probability == pytest.approx(1, abs=1e-12)
    assert {item.text: item.share for item in found.top(5)}[""] == pytest.approx(1 / 9, rel=1e-12)


def test_a_symbol_that_hardly_ever_ends_its_run(sparse: pytest.MonkeyPatch) -> None:
    """p(a|a) = 19,999 / 20,000: the most probable items leave the run at once, and are found without walking it."""
    model = nextchar.Ngram(order=2, add=0).fit(nextchar.Corpus.from_items(["a" * 20_000 + "b"]))
    del sparse
    top = list(conditional(model, Constraint()).top(3))
    assert [item.text for item in top] == ["ab", "aab", "aaab"]
    assert top[1].share == pytest.approx(19_999 / 20_000**2, rel=1e-9)


@pytest.mark.parametrize(
    "constraint",
    [Constraint(), Constraint(suffix="b"), Constraint(max_length=4), Constraint(match=(".a.*",), not_in=("cab",))],
)
def test_lengths(sparse: pytest.MonkeyPatch, constraint: Constraint) -> None:
    model = nextchar.Ngram(order=3, smoothing="witten-bell").fit(nextchar.Corpus.from_items(WORDS))
    found = both(model, constraint, sparse)
    assert found is not None
    expected, lengths = (one.lengths() for one in found)
    assert lengths.sum() == pytest.approx(1, abs=1e-10)
    n = min(len(expected), len(lengths))
    assert lengths[:n] == pytest.approx(expected[:n], abs=1e-12)


@pytest.mark.parametrize(
    "constraint", [Constraint(suffix="a", max_length=3), Constraint(not_in=("a", "cab"), max_length=3)]
)
def test_draws_come_as_often_as_they_should(sparse: pytest.MonkeyPatch, constraint: Constraint) -> None:
    model = nextchar.Ngram(order=3, smoothing="witten-bell").fit(nextchar.Corpus.from_items(WORDS))
    found = both(model, constraint, sparse)
    assert found is not None
    exact = {item.text: item.share for item in found[0].top()}
    drawn = Counter(model.draw(20_000, Plan(seed=3), constraint).corpus)
    assert set(drawn) <= set(exact)
    often = [text for text, share in exact.items() if share * 20_000 > 10]
    rest = 1 - sum(exact[text] for text in often)
    seen = [drawn[text] for text in often] + [20_000 - sum(drawn[text] for text in often)]
    wanted = [exact[text] * 20_000 for text in often] + [rest * 20_000]
    assert stats.chisquare(seen, wanted).pvalue > 1e-4


def test_the_fast_way_draws_what_whole_rows_give(sparse: pytest.MonkeyPatch) -> None:
    model = nextchar.Ngram(order=3, smoothing="kneser-ney").fit(nextchar.Corpus.from_items(WORDS))
    del sparse
    for constraint in (
        Constraint(suffix="a"),
        Constraint(prefix="c", not_in=("cab", "ca")),
        Constraint(match=(".*b.",)),
    ):
        items = conditional(model, constraint).chain.items(model.automaton)
        drawer = items.drawer(Plan(), Constraint(min_length=0), 300)
        assert drawer is not None
        nothing = model.alphabet.encode("")
        fast = drawer(7, nothing, 5, 300)
        plain = draw_plainly(items, Plan(), Constraint(min_length=0), 7, nothing, 5, 300)
        assert np.array_equal(fast.ids, plain.ids)
        assert np.array_equal(fast.offsets, plain.offsets)


def test_tiny_probabilities_keep_their_precision(sparse: pytest.MonkeyPatch) -> None:
    """p(bbbb...) of a unigram model of 18 a, a b and an end is a power, far below the smallest float."""
    model = nextchar.Ngram(order=1, add=0).fit(nextchar.Corpus.from_items(["a" * 18 + "b"]))  # b 1/20, end 1/20
    del sparse
    text = "b" * 260
    expected = pytest.approx(261 * math.log(1 / 20))  # -782; the smallest float is e^-745
    assert conditional(model, Constraint(match=(text,))).log_probability == expected
    assert conditional(model, Constraint(contains=(text,), max_length=260)).log_probability == expected


# A list over thousands of symbols, where whole rows do not fit.


@pytest.fixture(scope="module")
def large() -> NgramModel:
    rng = np.random.default_rng(4)
    frequent = rng.zipf(1.3, size=(9_000, 4)) % 6_000
    items = ["".join(chr(0x4E00 + i) for i in row[: 1 + k % 4]) for k, row in enumerate(frequent.tolist())]
    every = ["".join(chr(0x4E00 + i) for i in range(begin, begin + 3)) for begin in range(0, 6_000, 3)]
    return nextchar.Ngram(order=3, smoothing="witten-bell").fit(nextchar.Corpus.from_items(items + every))


def _chain_rule(model: NgramModel, texts: list[str]) -> float:
    return float(np.exp(-model.nats(texts)).sum())


def test_answers_over_thousands_of_symbols(large: NgramModel) -> None:
    """What begins with a character has p(character), and gaps are filled as scoring each filling says."""
    first = np.exp(large.start(1).log_probs[0])
    character = large.alphabet.characters[0]
    found = nextchar.given(large, prefix=character)
    assert isinstance(found.chain, SparseChain)
    assert found.probability == pytest.approx(first[1], rel=1e-11)
    fillings = [character + other for other in large.alphabet.characters]
    filled = nextchar.given(large, match=character + ".")
    assert filled.probability == pytest.approx(_chain_rule(large, fillings), rel=1e-11)
    nats = large.nats(fillings)
    best = [fillings[i] for i in np.argsort(nats, kind="stable")[:5]]
    assert [item.nats for item in filled.top(5)] == pytest.approx(np.sort(nats)[:5].tolist(), rel=1e-11)
    assert {item.text for item in filled.top(3)} <= set(best)
    assert [len(item) for item in filled.sample(50, seed=1)] == [2] * 50


@pytest.mark.parametrize(
    "constraint",
    [
        Constraint(suffix="一"),
        Constraint(contains=("一",), max_length=4),
        Constraint(match=("[一-龥]{2,3}",), prefix="一"),
        Constraint(min_length=3, max_length=3, not_in=("一丁丂",)),
    ],
)
def test_constrained_samples_over_thousands_of_symbols(large: NgramModel, constraint: Constraint) -> None:
    """All of them meet the constraint; how often they begin with each character is what conditioning says."""
    found = conditional(large, constraint)
    items = list(large.draw(1000, Plan(seed=2), constraint).corpus)
    assert all(conditional_on(item, constraint) for item in items)
    follow = dict(next_symbols(found, ""))
    assert sum(follow.values()) == pytest.approx(1, abs=1e-10)
    most = max(follow, key=lambda symbol: follow[symbol])
    begun = sum(item[:1] == most for item in items)
    assert stats.binomtest(begun, 1000, min(follow[most], 1.0)).pvalue > 1e-4
    assert large.draw(10, Plan(seed=2), constraint).corpus[3] == items[3]


def test_pairs_beyond_32_bits(large: NgramModel) -> None:
    """States of four conditions and of the model, numbered together; what is left out is missing."""
    letters = large.alphabet.characters
    listed = [letters[i] + letters[i + j] + "一" for i in range(300) for j in range(1, 6)]
    every = nextchar.given(large, suffix="一", contains=letters[5], max_length=4)
    others = nextchar.given(large, suffix="一", contains=letters[5], max_length=4, not_in=listed)
    meant = [item for item in listed if letters[5] in item]
    left = every.probability - math.fsum(np.exp(-large.nats(meant)).tolist())
    assert others.probability == pytest.approx(left, rel=1e-10)
    assert isinstance(others.chain, SparseChain)
    assert others.chain.cells.narrow.key.max() * large.automaton.size > 1 << 31


@pytest.mark.parametrize("plan", [Plan(top_k=5, seed=4), Plan(top_p=0.3, seed=4), Plan(temperature=0.5, seed=4)])
def test_reshaped_constrained_samples_over_thousands_of_symbols(large: NgramModel, plan: Plan) -> None:
    """Exact, and so without a warning; no symbol is outside what the plan leaves of its row."""
    suffix = large.draw_left_to_right(1, plan, Constraint()).corpus[0][-1:]  # from whole rows: there are such items
    items = list(large.draw(200, plan, Constraint(suffix=suffix)).corpus)
    assert len(items) == 200
    for item in items[:20]:
        assert item.endswith(suffix)
        ids = large.alphabet.encode(item)
        rows = large.log_probs(np.append(0, ids)[None].astype(ids.dtype))[0]
        rows[0, 0] = -np.inf  # no item is empty
        left = adjust(rows, temperature=plan.temperature, top_k=plan.top_k, top_p=plan.top_p)
        assert np.isfinite(left[np.arange(len(ids) + 1), np.append(ids, 0)]).all()


def conditional_on(item: str, constraint: Constraint) -> bool:
    return (
        item.startswith(constraint.prefixes or ("",))
        and item.endswith(constraint.suffix)
        and all(text in item for text in constraint.contains)
        and (not constraint.match or 2 <= len(item) <= 3)
        and item not in constraint.not_in
        and (constraint.max_length is None or len(item) <= constraint.max_length)
    )


def test_new_items_over_thousands_of_symbols() -> None:
    """What is not new and what is make all items, and no known item is drawn."""
    items = [chr(0x4E00 + i) + chr(0x4E00 + (i * 7) % 6000) for i in range(6000)]
    data = nextchar.Corpus.from_items(items)
    model = nextchar.Ngram(order=2, smoothing="witten-bell").fit(data)
    new = nextchar.given(model, new=True, data=data)
    assert isinstance(new.chain, SparseChain)
    empty = math.exp(model.start(1).log_probs[0, 0])
    assert new.probability + _chain_rule(model, items) + empty == pytest.approx(1, rel=1e-11)
    drawn = model.draw(500, Plan(seed=1, new=True), data=data).corpus
    assert not set(drawn) & set(items)
    assert len(drawn) == 500
