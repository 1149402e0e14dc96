"""Kneser-Ney beside context mixing: rows are the weighted means of both, and the shares those that predict best."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import nextchar
from nextchar import ContextMixing, Corpus, Ngram
from nextchar.automata.automaton import ROOT
from nextchar.core.model import SavedModel
from nextchar.errors import ModelFileError
from nextchar.models.context_mixing import kneser_ney
from nextchar.models.context_mixing.kneser_ney import NO_SHARES, ORDER, PASSED, _shares, checked_shares
from nextchar.models.context_mixing.model import ContextMixingModel
from nextchar.models.context_mixing.training import samples

WORDS = ["tobe", "ornot", "that", "isthe", "question", "whether", "nobler", "inthe", "mind", "tosuffer"]


def text(seed: int, words: int) -> str:
    return " ".join(np.random.default_rng(seed).choice(WORDS, words))


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return Corpus.from_documents([text(1, 500)])


@pytest.fixture(scope="module")
def model(corpus: Corpus) -> ContextMixingModel:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kneser_ney, "LEAST_GAIN", -np.inf)
        return ContextMixing(contexts=9, passes=1).fit(corpus)


def with_share(model: ContextMixingModel, share: float) -> ContextMixingModel:
    return replace(model, shares=np.full((ORDER, len(PASSED) + 1), share))


def test_a_row_is_the_mean_of_both(model: ContextMixingModel, corpus: Corpus) -> None:
    other = Ngram(order=ORDER, smoothing="modified-kneser-ney").fit(corpus)
    ids = np.array([0, *corpus.alphabet.encode("whether that xq".replace("x", "b"))], dtype=corpus.alphabet.dtype)[None]
    alone, beside = np.exp(replace(model, shares=NO_SHARES).log_probs(ids)), np.exp(other.log_probs(ids))
    mixed = np.exp(with_share(model, 0.25).log_probs(ids))
    np.testing.assert_allclose(mixed, 0.75 * alone + 0.25 * beside, rtol=1e-9)
    np.testing.assert_allclose(mixed.sum(axis=-1), 1, atol=1e-9)


def test_scoring_and_reading_say_what_rows_say(model: ContextMixingModel) -> None:
    given = text(2, 12)
    ids = model.alphabet.encode(given)
    rows = model.log_probs(np.array([[0, *ids]], dtype=model.alphabet.dtype))[0]
    wanted = [-row[symbol] for row, symbol in zip(rows, [*ids, 0], strict=True)]
    scored = model.symbol_nats(Corpus.from_documents([given], alphabet=model.alphabet))
    assert scored.tolist() == pytest.approx(wanted, abs=1e-12)
    reader = model.reader()
    for place, symbol in enumerate(given):
        np.testing.assert_allclose(reader.log_probs, rows[place], atol=1e-12)
        assert reader.fork().push(symbol) == pytest.approx(wanted[place], abs=1e-12)
        reader.push(symbol)
    skipping = model.reader()
    skipping.skip(given[:30])
    assert skipping.read(given[30:]).tolist() == pytest.approx(wanted[30:-1], abs=1e-12)


def test_the_shares_are_those_that_predict_best() -> None:
    # The one gives what comes 1/2. Of the first kind the other gives 9/10 three times of four, else 1/10. With share w
    # the slope of 3 log(.5 + .4 w) + log(.5 - .4 w) is 0 where 3 (.5 - .4 w) = .5 + .4 w, at w = 5/8. Of the second
    # kind the other always gives 9/10: its share is 1. Of a kind never seen it is that of all: 7 of 8 times 9/10, where
    # 7 (.5 - .4 w) = .5 + .4 w, at w = 15/16.
    kind = np.repeat([0, 1], 40_000)
    other = np.where((np.arange(80_000) % 4 == 0) & (kind == 0), 0.1, 0.9)
    found = _shares(kind, np.full(80_000, np.log(0.5)), np.log(other)).reshape(-1)
    np.testing.assert_allclose(found[:3], [5 / 8, 1, 15 / 16], atol=0.02)


def test_a_text_of_long_repeats_is_predicted_about_as_well_as_by_the_better_one() -> None:
    # Lines of a log: what is new in each stands between what is always the same.
    rng = np.random.default_rng(5)
    line = "2026-11-27 12:{:02}:{:02} status half-configured lib{}{}:amd64 1.{}-{}\n"
    names = ["".join(rng.choice(list("abcdefgh"), 3)) for _ in range(60)]
    lines = [line.format(*rng.integers(10, 60, 2), *rng.choice(names, 2), *rng.integers(0, 9, 2)) for _ in range(170)]
    train = Corpus.from_documents(["".join(lines[:150])])
    rest = Corpus.from_documents(["".join(lines[150:])], alphabet=train.alphabet)
    found = ContextMixing(contexts=12).fit(train)
    costs = {
        "both": found.evaluate(rest).nats_per_symbol,
        "alone": replace(found, shares=NO_SHARES).evaluate(rest).nats_per_symbol,
        "kn": Ngram(order=ORDER, smoothing="modified-kneser-ney").fit(train).evaluate(rest).nats_per_symbol,
    }
    assert costs["both"] < costs["kn"]
    assert costs["both"] < costs["alone"] + 0.001


def test_only_static_use_of_a_text_long_enough_has_it(
    monkeypatch: pytest.MonkeyPatch, corpus: Corpus, model: ContextMixingModel
) -> None:
    assert model.shares.shape == (ORDER, len(PASSED) + 1)
    monkeypatch.setattr(kneser_ney, "LEAST_GAIN", -np.inf)
    assert not ContextMixing(contexts=9, learning="adaptive").fit(corpus).shares.size
    assert not ContextMixing(contexts=9, passes=1).fit(["emma", "ava"]).shares.size
    assert not ContextMixing(contexts=9, passes=1, seconds=1e-9).fit(corpus).shares.size


def test_a_reader_that_learns_is_that_of_context_mixing_alone(model: ContextMixingModel) -> None:
    given, alone = text(3, 20), replace(model, shares=NO_SHARES)
    found, wanted = (which.reader(adaptive=True).read(given).tolist() for which in (model, alone))
    assert found == wanted


def test_a_file_has_the_shares_and_one_without_says_what_it_said(model: ContextMixingModel, tmp_path: Path) -> None:
    given = [text(4, 20)]
    model.save(tmp_path / "m")
    assert nextchar.load(tmp_path / "m").nats(given).tolist() == model.nats(given).tolist()
    arrays = {name: array for name, array in model.arrays().items() if name != "shares"}
    saved = SavedModel(
        settings={"contexts": 9, "passes": 1},
        alphabet=model.alphabet,
        arrays=arrays,
        provenance=model.provenance,
        metrics=model.metrics,
    )
    without = ContextMixingModel.from_saved(saved).nats(given)
    assert without.tolist() == replace(model, shares=NO_SHARES).nats(given).tolist()


@pytest.mark.parametrize(
    "shares",
    [
        np.full((ORDER, len(PASSED) + 1), 1.5),
        np.full((ORDER, len(PASSED) + 1), np.nan),
        np.full((ORDER, len(PASSED)), 0.5),
        np.full((99, len(PASSED) + 1), 0.5),
        np.full((1, len(PASSED) + 1), 0.5),
        np.full(ORDER, 0.5),
        np.zeros((ORDER, len(PASSED) + 1), dtype=np.float32),
    ],
    ids=["above 1", "no number", "too few bins", "too high an order", "no context", "one axis", "32 bits"],
)
def test_shares_that_are_none_are_refused(shares: np.ndarray) -> None:
    with pytest.raises(ModelFileError, match="shares of Kneser-Ney"):
        checked_shares(shares)


def test_of_a_long_text_the_end_is_counted(monkeypatch: pytest.MonkeyPatch, corpus: Corpus) -> None:
    monkeypatch.setattr(kneser_ney, "MOST_COUNTED", 400)
    ids = corpus.ids
    found = kneser_ney.kneser_ney_of(corpus.alphabet, ids, np.full((3, len(PASSED) + 1), 0.5))
    wanted = Ngram(order=3, smoothing="modified-kneser-ney").fit(Corpus(corpus.alphabet, ids[-400:])).automaton
    state, nats = np.array([ROOT], dtype=np.int32), []
    for symbol in ids[:50]:
        said, state = wanted.step(state, np.array([symbol]))
        nats.append(said[0])
    assert found.follow(ids[:50], ROOT)[0].tolist() == pytest.approx(nats, abs=1e-9)


@pytest.mark.parametrize(("known", "has"), [(1.0, False), (0.5, True)], ids=["no better", "better"])
def test_it_is_left_out_where_it_gains_nothing(known: float, has: bool) -> None:
    # Symbols of chance. Who knows that they come 1/2, 1/4 and 1/4 of the time knows all there is to know; who takes
    # them for rarer by half is better off with Kneser-Ney.
    shares = np.array([0.5, 0.25, 0.25])
    symbols = np.random.default_rng(3).choice(3, 24_000, p=shares)
    corpus = Corpus.from_documents(["".join("abc"[symbol] for symbol in symbols[:-1])])
    nats = np.concatenate([-np.log(known * shares[symbols[part]]) for part in samples(24_000)[1]])
    shares = kneser_ney.fitted_shares(corpus.alphabet, corpus.ids, nats)
    assert bool(shares.size) == has
    assert ((shares >= 0.15) & (shares <= 0.65)).all()  # drawn half the way to 0.3
