"""From files to a trained and measured model: what is measured is measured once, and right."""

from __future__ import annotations

import math
import random
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from nextchar.core.model import Model
from nextchar.core.scoring import Evaluation, item_nats, symbol_nats_plainly
from nextchar.core.timed_scoring import evaluate_within
from nextchar.data.corpus import Corpus
from nextchar.data.format import Format
from nextchar.errors import CountsError, SettingsError, TooLargeError
from nextchar.models.mix.model import Mix, MixModel
from nextchar.models.ngram.model import Ngram, NgramModel
from nextchar.models.ngram.updating import add_items
from nextchar.models.registry import load, spec_of
from nextchar.tasks import train as fitting
from nextchar.tasks.counting import count_to
from nextchar.tasks.train import TrainingFiles, train, train_on_counts

ITEMS = ["emma", "ava", "mia", "amelia", "eve", "viola", "oliva", "a", "mamma", "evi"]
SETTINGS: dict[str, dict[str, Any]] = {
    "ngram": {"order": 3, "smoothing": "kneser-ney"},
    "mix": {"epochs": 2},
    **({"bigram-net": {}, "mlp": {"steps": 5}} if find_spec("torch") else {}),
}


@pytest.mark.parametrize("method", ["add", "kneser-ney", "pitman-yor"])
def test_weights_that_are_ignored(method: str, tmp_path: Path) -> None:
    """The model is that of the items each once, by whichever way the data comes; what it remembers is the data."""
    data = tmp_path / "names.csv"
    weights = [0, 5, 1000, 1, 2, 3, 1, 1, 70, 1]
    data.write_text("name,n\n" + "".join(f"{item},{n}\n" for item, n in zip(ITEMS, weights, strict=True)))
    source = TrainingFiles(sources=(str(data),), format=Format(column="name", weight="n"))
    spec = spec_of("ngram", {"order": 3, "smoothing": method, "weights": "ignored"})
    once = Corpus.from_items([item for item, n in zip(ITEMS, weights, strict=True) if n])
    expected = spec.fit(once)
    assert isinstance(expected, NgramModel)
    corpus = Corpus.from_items(ITEMS, weights)
    for model in (
        train(spec, source).model,
        spec.fit(corpus),
        add_items(spec.fit(once.take([0, 1])), once.take(range(2, 9))),
    ):
        assert isinstance(model, NgramModel)
        assert model.counts == expected.counts
        assert model.nats(ITEMS).tolist() == expected.nats(ITEMS).tolist()
    trained = train(spec, source).model
    assert trained.provenance.weight == sum(weights)
    assert trained.training_nats() is None  # with weights, as any loss has them
    assert trained.metrics.losses["train"].nats_per_symbol == pytest.approx(expected.nats_of_counts() / once.symbols)
    by_parts = train(spec, source, test=(str(data),)).model  # in memory, and measured with weights
    assert by_parts.metrics.losses["train"].nats_per_symbol == by_parts.evaluate(corpus).nats_per_symbol
    assert by_parts.metrics.losses["test"].nats_per_symbol == by_parts.evaluate(corpus).nats_per_symbol
    loaded = tmp_path / "m"
    trained.save(loaded)
    assert str(load(loaded).settings) == str(spec)


def test_counts_have_weights_in_them(tmp_path: Path) -> None:
    data = tmp_path / "names.csv"
    data.write_text("name,n\nemma,3\nava,2\n")
    folder = count_to(tmp_path / "counts", str(data), order=3, column="name", weight="n")
    with pytest.raises(SettingsError, match="count without weights to ignore them"):
        train_on_counts(Ngram(order=3, weights="ignored"), folder)
    assert train_on_counts(Ngram(order=3), folder).model.provenance.weight == 5
    (tmp_path / "plain.txt").write_text("emma\nava\n")
    plain = count_to(tmp_path / "more", str(tmp_path / "plain.txt"), order=3)
    assert train_on_counts(Ngram(order=3, weights="ignored"), plain).model.provenance.items == 2


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", SETTINGS)
def test_the_loss_on_the_training_data_is_measured_once(
    kind: str, weighted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "names.csv"
    weights = [i % 3 for i in range(len(ITEMS))]  # items of the weight 0 are not read
    data.write_text("name,n\n" + "".join(f"{item},{n}\n" for item, n in zip(ITEMS, weights, strict=True)))
    source = TrainingFiles(sources=(str(data),), format=Format(column="name", weight="n" if weighted else None))
    scored: list[str] = []
    plain = MixModel._stream_nats

    def counted(model: MixModel, corpus: Corpus) -> npt.NDArray[np.float64]:
        scored.append("by the mix itself")
        return plain(model, corpus)

    monkeypatch.setattr(MixModel, "_stream_nats", counted)
    monkeypatch.setattr(fitting, "evaluate_within", lambda *_: scored.append("again"))
    model = fitting.train(spec_of(kind, SETTINGS[kind]), source).model
    assert scored == (["by the mix itself"] if kind == "mix" else [])

    corpus = Corpus.from_items(ITEMS, alphabet=model.alphabet)
    nats = item_nats(corpus, symbol_nats_plainly(model, corpus))
    each = np.array(weights if weighted else [1] * len(ITEMS))
    loss = model.metrics.losses["train"]
    assert loss.nats_per_symbol == pytest.approx((nats @ each) / ((corpus.lengths + 1) @ each), rel=1e-6)
    assert loss.impossible is None
    assert (loss.items, loss.symbols) == ((6, 26) if weighted else (10, 48))  # 20 characters and 6 ends; 38 and 10
    assert set(model.metrics.losses) == {"train"}


def test_what_loading_took_is_left_for_measuring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a new installation the loops of a mix are compiled first, here for 1,000 seconds: no part of its 60."""
    late = [0.0]
    now, measured = time.perf_counter, []

    def compiled(data: Corpus) -> None:
        late[0] += 1000.0

    def within(model: Model, part: Corpus, seconds: float | None) -> Evaluation:
        measured.append(seconds)
        return evaluate_within(model, part, seconds)

    monkeypatch.setattr("nextchar.models.mix.model._load_loops", compiled)
    monkeypatch.setattr("nextchar.models.mix.model.time.perf_counter", lambda: now() + late[0])
    monkeypatch.setattr(fitting, "evaluate_within", within)
    data, held_out = tmp_path / "names.txt", tmp_path / "new.txt"
    data.write_text("\n".join(ITEMS))
    held_out.write_text("eva\nmia\n")
    trained = train(Mix(seconds=60), TrainingFiles(sources=(str(data),)), test=(str(held_out),))
    assert trained.model.metrics.seconds is not None
    assert trained.model.metrics.seconds > 1000
    assert len(measured) == 2  # of all items, and of eva alone
    assert all(seconds is not None and 10 < seconds < 15 for seconds in measured)  # a quarter each of what is left


def test_an_impossible_symbol_of_the_training_data_is_named() -> None:
    """A model whose training loss is infinite is read once more, to say which n-gram is impossible."""
    corpus = Corpus.from_items(["ab", "ba"])

    class Never:
        alphabet = corpus.alphabet
        context_length = 1
        corpus_scorer = None

        def training_nats(self) -> float:
            return float("inf")

        def log_probs(self, ids: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
            return np.tile([math.log(0.5), math.log(0.5), -math.inf], (*ids.shape, 1))  # b never comes

    model: Any = Never()
    assert "'ab' in item 1" in str(fitting._on_training_data(model, corpus, None).impossible)


# -- more than memory -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unknown", [False, True])
@pytest.mark.parametrize("smoothing", ["add", "witten-bell", "absolute", "kneser-ney", "modified-kneser-ney"])
def test_a_large_model_is_the_same_without_its_loss(
    smoothing: Any, unknown: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 255 characters, so that the symbol for unknown ones makes the ids wider: 256 symbols, and 257 with it."""
    chance = random.Random(1)
    characters = "".join(map(chr, range(0x4E00, 0x4E00 + 255)))
    lines = [characters] + ["".join(chance.choices(characters, k=chance.randint(1, 9))) for _ in range(3_000)]
    (tmp_path / "a.txt").write_text("\n".join(lines), encoding="utf-8")
    spec = Ngram(order=3, smoothing=smoothing)
    data = TrainingFiles(sources=(str(tmp_path / "a.txt"),), unknown=unknown)
    whole = train(spec, data).model
    folder = count_to(tmp_path / "c", tmp_path / "a.txt", order=4)
    monkeypatch.setattr("nextchar.tasks.train.NGRAM_BYTES", 10**9)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    for made in (train(spec, data, scratch=scratch), train_on_counts(spec, folder, unknown=unknown, scratch=scratch)):
        assert isinstance(made.model, NgramModel)
        assert made.model.built is None
        assert made.model.metrics.losses == {}
        assert "not computed" in made.model.metrics.notes[-1]
        assert list(scratch.iterdir()) == []
        made.model.save(tmp_path / "m")
        loaded = load(tmp_path / "m")
        assert loaded.alphabet == whole.alphabet
        for name, array in whole.arrays().items():
            np.testing.assert_array_equal(loaded.arrays()[name], array)
            assert loaded.arrays()[name].dtype == array.dtype
        assert loaded.provenance.items == 3_001
        assert made.model.score(lines[:9]) == whole.score(lines[:9])


@pytest.mark.parametrize("settings", [{"smoothing": "pitman-yor"}, {"tune": "leave-one-out"}])
def test_what_needs_all_counts_in_memory_says_so(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("emma\nava\n")
    monkeypatch.setattr("nextchar.tasks.train.NGRAM_BYTES", 10**9)
    with pytest.raises(TooLargeError, match="needs all counts in memory"):
        train(Ngram(order=3, **settings), TrainingFiles(sources=(str(tmp_path / "a.txt"),)))


def test_runs_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("emma\nava\n")
    with pytest.raises(CountsError, match="cannot be written"):
        train(Ngram(order=3), TrainingFiles(sources=(str(tmp_path / "a.txt"),)), scratch=tmp_path / "none")
