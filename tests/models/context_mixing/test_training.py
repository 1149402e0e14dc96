"""What static use learns is right for a text on the whole, and not for its end alone."""

from __future__ import annotations

import numpy as np
import pytest

from nextchar.data.corpus import Corpus
from nextchar.models.context_mixing import model as mixing
from nextchar.models.context_mixing.kneser_ney import NO_SHARES
from nextchar.models.context_mixing.model import ContextMixing
from nextchar.models.context_mixing.tables import fixed_tables
from nextchar.models.context_mixing.training import MeanWeights, samples


def test_late_weights_matter_most_in_their_mean() -> None:
    corpus = Corpus.from_documents(["abab"])
    model = ContextMixing(contexts=9, passes=1).fit(corpus)
    weights, mean = model.learned.mixers.weights, MeanWeights(model.learned)
    weights[:] = 1
    mean.add(1000)
    weights[:] = 3
    mean.add(1000)
    mean.take()
    # The first 1000 symbols matter 0.5^8 = 1/256 as much: (1 / 256 + 3) / (1 / 256 + 1) = 769 / 257.
    np.testing.assert_allclose(weights, 769 / 257, rtol=1e-5)


def test_what_counts_mean_is_its_mean_too() -> None:
    model = ContextMixing(contexts=9, passes=1).fit(Corpus.from_documents(["abab"]))
    cells, mean = model.learned.maps.cells, MeanWeights(model.learned)
    cells[:] = 1000 << 10 | 5  # a probability of 1000 / 2^22, seen five times
    mean.add(1000)
    cells[:] = 4000 << 10 | 7
    mean.add(1000)
    mean.take()
    # As above: (1000 / 256 + 4000) / (1 / 256 + 1) = (1000 + 256 x 4000) / 257 = 3988.3; how often it was seen stays.
    assert (cells == (3988 << 10 | 7)).all()


def test_what_is_repeated_word_for_word_is_known_by_long_contexts() -> None:
    # What follows ten symbols is told by the one before them alone: a context of order 12 sees it, one of order 8
    # cannot, and a match points to whichever came last.
    rng = np.random.default_rng(3)
    middles = ["".join(rng.choice(list("+-*/=<>?!;"), 10)) for _ in range(40)]
    lines = [f"\n{tag}{middle}{tag}" for middle in middles for tag in "@#"]
    text = "".join("".join(rng.permutation(lines)) for _ in range(12))

    def nats(contexts: int) -> float:
        model = ContextMixing(contexts=contexts, passes=1).fit(Corpus.from_documents([text]))
        reader = model.reader(adaptive=False)
        cost = reader.read("".join(rng.permutation(lines)))
        return float(cost.reshape(-1, 13)[:, 12].mean())

    assert nats(25) < 0.5 * nats(23)


def test_slots_of_static_use_do_not_forget() -> None:
    # The step that makes a mean of what was seen is one over how often it was seen; a slot counts to 250.
    seen = np.arange(1, 248)
    np.testing.assert_allclose(fixed_tables(adaptive=False).slot_rate[seen], 1 / (seen + 1.6), rtol=1e-6)
    assert fixed_tables(adaptive=True).slot_rate[200] == np.float32(1 / 30)


def test_adaptive_maps_of_static_use_forget_slowly() -> None:
    # Where a cell no longer counts how often it was seen it remembers 1,000 times and not 256.
    assert fixed_tables(adaptive=False).apm_rate[[249, 250]].tolist() == [np.float32(1 / 255), np.float32(1 / 1000)]
    assert fixed_tables(adaptive=True).apm_rate[[249, 250]].tolist() == [np.float32(1 / 255), np.float32(1 / 256)]


def test_samples_are_evenly_spread_over_the_rest() -> None:
    # Of 1,000 symbols 600 are counted before; the other 400 are 16 samples of 25, one after the other. Of a million
    # symbols each sample is the last 4,000 of 25,000.
    cut, parts = samples(1_000)
    assert (cut, [(part.start, part.stop) for part in parts]) == (600, [(at, at + 25) for at in range(600, 1000, 25)])
    cut, parts = samples(1_000_000)
    assert cut == 600_000
    assert (parts[0], parts[-1]) == (slice(621_000, 625_000), slice(996_000, 1_000_000))


def test_what_samples_cost_is_what_a_text_costs_that_is_not_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    # A line of 100 symbols comes again and again after the cut. If anything were learned, the line would get cheaper.
    rng = np.random.default_rng(1)
    line = "".join(rng.choice(list("abc"), 99)) + "\n"
    text = "".join(rng.choice(list("abc"), 6_000)) + 40 * line
    kept: list[np.ndarray] = []

    def fitted(_alphabet: object, _ids: np.ndarray, nats: np.ndarray) -> np.ndarray:
        kept.append(nats)
        return NO_SHARES

    monkeypatch.setattr(mixing, "fitted_shares", fitted)
    ContextMixing(contexts=9).fit(Corpus.from_documents([text]))  # 10,001 symbols: samples of 250, from 6,001 on
    lines = kept[0][99 : 99 + 3900].reshape(39, 100)
    np.testing.assert_array_equal(lines[3:], lines[2:-1])


def test_the_weights_are_their_own_again_after_their_mean_was_in_use() -> None:
    model = ContextMixing(contexts=9, passes=1).fit(Corpus.from_documents(["abab"]))
    weights, mean = model.learned.mixers.weights, MeanWeights(model.learned)
    weights[:] = 1
    mean.add(1000)
    weights[:] = 3
    with mean.in_use():
        assert (weights == 1).all()
    assert (weights == 3).all()
