from __future__ import annotations

import math

import numpy as np
import pytest

from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.data.alphabet import Alphabet
from nextchar.data.corpus import Corpus
from nextchar.errors import SettingsError, UnknownSymbolError
from nextchar.models.ngram.counts import count
from nextchar.models.ngram.model import Ngram

CORPUS = Corpus.from_items(["ab", "ab", "b"])  # ids: a 1, b 2


def test_the_rows_of_an_unsmoothed_bigram() -> None:
    # . begins 3 items: a a b -> a 2/3, b 1/3; after a always b; after b always the end
    rows = np.exp(Ngram(order=2, add=0).fit(CORPUS).log_probs(np.array([[0, 1, 2]])))[0]
    np.testing.assert_allclose(rows, [[0.0, 2 / 3, 1 / 3], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])


def test_the_rows_of_a_smoothed_trigram() -> None:
    # context (. .): a 2, b 1 of 3 -> (2 + 1/2) / (3 + 3/2), (1 + 1/2) / (9/2), (1/2) / (9/2)
    # context (. a): b 2 of 2     -> (1/2) / (7/2), (1/2) / (7/2), (5/2) / (7/2)
    # context (a a): never seen   -> 1/3 each
    rows = np.exp(Ngram(order=3, add=0.5).fit(CORPUS).log_probs(np.array([[0, 1, 1]])))[0]
    np.testing.assert_allclose(rows, [[1 / 9, 5 / 9, 3 / 9], [1 / 7, 1 / 7, 5 / 7], [1 / 3, 1 / 3, 1 / 3]])


def test_a_unigram() -> None:
    # 3 ends, 2 a, 3 b of 8 symbols
    rows = np.exp(Ngram(order=1, add=0).fit(CORPUS).log_probs(np.array([[0, 2]])))[0]
    np.testing.assert_allclose(rows, [[3 / 8, 2 / 8, 3 / 8]] * 2)


def test_a_history_finds_its_way_back_to_a_known_context() -> None:
    # order 3, after "b b" (never seen) comes a, then b: the context (a b) is known, whatever was before
    model = Ngram(order=3, add=0).fit(CORPUS)
    rows = np.exp(model.log_probs(np.array([[0, 2, 2, 1, 2]])))[0]
    np.testing.assert_allclose(rows[2], [1 / 3] * 3)
    np.testing.assert_allclose(rows[3], [1 / 3] * 3)  # (b a) was never seen
    np.testing.assert_allclose(rows[4], [1, 0, 0])  # (a b) was always followed by the end


def test_the_unknown_symbol_gets_what_smoothing_leaves() -> None:
    counts = count(CORPUS, 2).encoded_in(Alphabet("ab", has_unknown=True))
    model = Ngram(order=2, add=1).from_counts(counts)
    # after a: b 2 of 2, V = 4 with the unknown symbol -> 1/6 for it
    assert model.score(["a?"])[0].surprisal[1] == pytest.approx(-math.log(1 / 6))
    assert not any("\ufffd" in item for item in model.sample(500, seed=1))
    with pytest.raises(UnknownSymbolError, match=r"prefix 'a\?' has '\?'"):
        model.sample(1, prefix="a?")


def test_infinity_is_said_with_its_ngram() -> None:
    result = Ngram(order=2, add=0).fit(CORPUS).evaluate(Corpus.from_items(["ab", "ba"]))
    assert result.nats == math.inf
    assert result.impossible == "'ba' in item 2, 'ba'"


def by_torch(names: Corpus, add: int) -> tuple[float, list[float]]:
    """NLL of all names, and the log-probabilities of andrejz, in float64 by torch alone."""
    torch = pytest.importorskip("torch")
    ids = {c: i for i, c in enumerate(".abcdefghijklmnopqrstuvwxyz")}
    xs = [ids[c] for name in names for c in "." + name]
    ys = [ids[c] for name in names for c in name + "."]
    N = torch.zeros((27, 27), dtype=torch.float64)
    N.index_put_((torch.tensor(xs), torch.tensor(ys)), torch.ones(len(xs), dtype=torch.float64), accumulate=True)
    P = (N + add) / (N + add).sum(1, keepdim=True)
    word = [ids[c] for c in ".andrejz."]
    return float(-P[xs, ys].log().mean()), P[word[:-1], word[1:]].log().tolist()


@pytest.mark.parametrize("add", [0, 1])
def test_the_names_against_torch(names: Corpus, add: int) -> None:
    model = Ngram(order=2, add=add).fit(names)
    nll, andrejz = by_torch(names, add)
    assert model.evaluate(names).nats_per_symbol == pytest.approx(nll, abs=1e-12)
    np.testing.assert_allclose(model.score(["andrejz"])[0].surprisal, -np.array(andrejz), atol=1e-12)


def test_the_ledgers_andrejz(names: Corpus) -> None:
    surprisal = Ngram(order=2, add=1).fit(names).surprisal("andrejz")
    assert [(symbol, round(nats, 4)) for symbol, nats in surprisal] == [
        ("a", 1.9835), ("n", 1.8302), ("d", 3.2594), ("r", 2.5646),
        ("e", 2.0143), ("j", 5.9004), ("z", 7.9817), (".", 2.7122),
    ]  # fmt: skip


def test_the_ledgers_samples_with_and_without_smoothing(names: Corpus) -> None:
    for add in (0, 1):
        items = Ngram(order=2, add=add).fit(names).sample(5, seed=2147483647, stream="torch1")
        assert items == ["mor", "axx", "minaymoryles", "kondlaisah", "anchshizarie"]


def test_the_ledgers_samples_under_torch_2(names: Corpus) -> None:
    pytest.importorskip("torch", reason="needs torch: pip install 'nextchar[neural]'")
    items = Ngram(order=2, add=0).fit(names).sample(5, seed=2147483647, stream="torch2")
    assert items == ["cexze", "momasurailezitynn", "konimittain", "llayn", "ka"]


def test_orders_and_alphabets_of_thousands() -> None:
    items = ["".join(chr(0x4E00 + (i * j * 7919) % 5000) for j in range(1, 8)) for i in range(1, 800)]
    model = Ngram(order=5, add=0.01).fit(Corpus.from_items(items))
    assert model.automaton.table is None, "this is about automata whose rows do not fit"
    assert len(model.draw_left_to_right(20, Plan(seed=2), Constraint(max_length=12)).corpus) == 20
    drawn = model.sample(20, seed=2, max_length=12)  # exactly, and so without a warning
    assert len(drawn) == 20
    assert max(map(len, drawn)) <= 12
    rows = model.automaton.rows(np.arange(0, model.automaton.size, 50, dtype=np.int32))
    np.testing.assert_allclose(np.exp(rows).sum(axis=1), 1, atol=1e-9)


@pytest.mark.parametrize("wrong", [{"order": 0}, {"order": 65}, {"add": -1}, {"add": math.nan}, {"add": math.inf}])
def test_settings_out_of_range(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        Ngram(**wrong)  # type: ignore[arg-type]


def test_scoring_asks_for_a_list_of_known_items() -> None:
    model = Ngram().fit(CORPUS)
    with pytest.raises(SettingsError, match=r"\['ab'\]"):
        model.score("ab")
    with pytest.raises(SettingsError, match="blank"):
        model.score(["ab", ""])
    with pytest.raises(UnknownSymbolError, match="'x'"):
        model.score(["ax"])


def test_the_lectures_objects_by_name() -> None:
    """ab twice and b: the rows are ., a, b; with k = 1, a row of n pairs has (N + 1) / (n + 3)."""
    model = Ngram(order=2, add=1).fit(Corpus.from_items(["ab", "ab", "b"]))
    assert model.N.tolist() == [[0, 2, 1], [0, 0, 2], [3, 0, 0]]
    np.testing.assert_allclose(
        model.P, [[1 / 6, 3 / 6, 2 / 6], [1 / 5, 1 / 5, 3 / 5], [4 / 6, 1 / 6, 1 / 6]], rtol=1e-12
    )
    unsmoothed = Ngram(order=2, add=0).fit(Corpus.from_items(["ab", "ab", "b"]))
    np.testing.assert_allclose(unsmoothed.P, [[0, 2 / 3, 1 / 3], [0, 0, 1.0], [1.0, 0, 0]], rtol=1e-12)


def test_the_lectures_objects_on_its_names(names: Corpus) -> None:
    """The table of 228,146 pairs; P as the lecture computes it from N."""
    model = Ngram(order=2, add=0).fit(names)
    assert model.N.shape == model.P.shape == (27, 27)
    assert model.N.sum() == 228146
    np.testing.assert_allclose(model.P, model.N / model.N.sum(axis=1, keepdims=True), rtol=1e-12)


@pytest.mark.parametrize("order", [1, 3, 4])
def test_only_a_bigram_has_the_lectures_tables(order: int) -> None:
    model = Ngram(order=order).fit(Corpus.from_items(["ab", "ab", "b"]))
    for name in ("N", "P"):
        with pytest.raises(SettingsError, match=rf"{name} is the table of a bigram, and this model has order {order}"):
            getattr(model, name)
