"""Context mixing: rows that are distributions, that look back only, and that learn what there is to learn."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nextchar import ContextMixing, Corpus, Ngram
from nextchar.core.progress import Report
from nextchar.errors import CorpusError, SettingsError
from nextchar.models.context_mixing.model import ContextMixingModel

ITEMS = ["emma", "olivia", "ava", "isabella", "sophia", "mia", "amelia", "ella", "emily", "anna"] * 4


@pytest.fixture(scope="module")
def model() -> ContextMixingModel:
    return ContextMixing(contexts=37).fit(Corpus.from_items(ITEMS))


@pytest.mark.parametrize("V", [2, 3, 65, 2_000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_rows_are_distributions(V: int) -> None:
    rng = np.random.default_rng(V)
    letters = [chr(0x4E00 + i) for i in range(V - 1)]
    items = ["".join(rng.choice(letters, size=8)) for _ in range(60)] + ["".join(letters)]
    found = ContextMixing(contexts=30).fit(Corpus.from_items(items))
    ids = rng.integers(0, V, size=(3, 6)).astype(found.alphabet.dtype)
    ids[:, 0] = 0
    assert np.exp(found.log_probs(ids)).sum(axis=-1) == pytest.approx(1, abs=1e-9)


def test_a_model_without_nets_is_read_without_torch(model: ContextMixingModel, tmp_path: Path) -> None:
    model.save(tmp_path / "m")
    code = "import sys, nextchar; nextchar.load(sys.argv[1]); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path / "m")], check=False).returncode == 0


@settings(max_examples=30, deadline=None)
@given(st.text("aeilmnosv", max_size=20), st.text("aeilmnosv", min_size=1, max_size=9), st.data())
def test_a_row_does_not_depend_on_what_comes_after(
    model: ContextMixingModel, begin: str, end: str, data: st.DataObject
) -> None:
    other = data.draw(st.text("aeilmnosv", min_size=1, max_size=9))
    first, second = (model.score([begin + rest])[0].surprisal[: len(begin)] for rest in (end, other))
    assert first == second


def test_reading_changes_nothing(model: ContextMixingModel) -> None:
    before = model.nats(ITEMS)
    model.nats(["vilomena"] * 100)
    model.sample(20, seed=1)
    assert model.nats(ITEMS).tolist() == before.tolist()


def test_what_a_symbol_costs_is_what_the_row_says(model: ContextMixingModel) -> None:
    corpus = Corpus.from_items(["mella", "ovia", "a"], alphabet=model.alphabet)
    nats = model.symbol_nats(corpus)
    rows = model.log_probs(np.array([[0, *corpus.ids[:5]]], dtype=model.alphabet.dtype))[0]
    assert (-rows[np.arange(6), corpus.ids[:6].astype(int)])[:6] == pytest.approx(nats[:6].tolist(), abs=1e-12)


def test_a_text_without_memory_costs_its_entropy() -> None:
    # Symbols of chance with shares 1/2, 1/4, 1/4: 1.5 bits each, which no model can go below.
    rng = np.random.default_rng(3)
    item = "".join(rng.choice(list("abc"), p=[0.5, 0.25, 0.25], size=30_000))
    trained = ContextMixing(contexts=9).fit(Corpus.from_items([item[:20_000]]))
    found = trained.evaluate(Corpus.from_items([item[20_000:]])).nats_per_symbol
    assert 1.5 * math.log(2) - 0.01 < found < 1.5 * math.log(2) + 0.03


def test_it_learns_what_an_ngram_model_cannot() -> None:
    # The second half of each item repeats the first: nothing that looks back three symbols knows it.
    rng = np.random.default_rng(5)
    halves = ["".join(rng.choice(list("abcdefgh"), size=12)) for _ in range(400)]
    items = [half + "-" + half for half in halves]
    train, test = Corpus.from_items(items[:300] * 2), Corpus.from_items(items[:100])
    mixed = ContextMixing().fit(train).evaluate(test).nats_per_symbol
    assert mixed < Ngram(order=4, smoothing="kneser-ney").fit(train).evaluate(test).nats_per_symbol - 0.3


def test_adaptive_learning_is_another_model() -> None:
    corpus = Corpus.from_items(ITEMS)
    static, adaptive = (ContextMixing(learning=how).fit(corpus) for how in ("static", "adaptive"))
    assert static.nats(["mila"]).tolist() != adaptive.nats(["mila"]).tolist()
    assert "adaptive" in repr(adaptive)


def test_the_same_seed_gives_the_same_model() -> None:
    corpus = Corpus.from_items(ITEMS)
    one, two, other = (ContextMixing(seed=seed).fit(corpus).nats(["mila"]).tolist() for seed in (1, 1, 2))
    assert one == two != other


@pytest.mark.parametrize(("calls", "symbols"), [(1, 1000), (8, 2570)])
def test_it_is_interrupted_with_what_was_read(calls: int, symbols: int) -> None:
    # 10 items of 256 symbols and an end each: 2,570; the first stretch has 1,000, and a pass three stretches.
    # In the second pass all counts are entered in the end, as they were in the first.
    items = [chr(97 + i) * 256 for i in range(10)]
    told = []

    def tell(at: Report) -> None:
        told.append(at.share)
        if len(told) == calls:
            raise KeyboardInterrupt

    found = ContextMixing(passes=3).fit(Corpus.from_items(items), progress=tell)
    assert found.learned.text.size[0] == symbols
    assert found.metrics.stopped is not None
    assert f"{symbols:,} of 2,570" in found.metrics.stopped
    assert found.nats(["a" * 10])[0] > 0


def test_weights_are_refused() -> None:
    with pytest.raises(CorpusError, match="takes no weights"):
        ContextMixing().fit(Corpus.from_items(["ab", "c"], [2, 1]))


@pytest.mark.parametrize("wrong", [{"contexts": 8}, {"contexts": 38}, {"passes": 0}, {"learning": "both"}])
def test_settings_out_of_range(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        ContextMixing(**wrong)  # type: ignore[arg-type]


def test_its_memory_is_known(model: ContextMixingModel) -> None:
    # A line of slots has 64 bytes. Whatever else there is: at least the weights, 4 bytes each.
    least = 64 * int((model.learned.slots.mask + np.uint64(1)).sum()) + 4 * model.learned.mixers.weights.size
    assert least < model.memory_bytes < 2 * least + (64 << 20)
    assert Ngram(order=2).fit(ITEMS).memory_bytes is None
