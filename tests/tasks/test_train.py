"""From files to a trained and measured model: what is measured is measured once, and right."""

from __future__ import annotations

import math
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from nextchar.core.scoring import item_nats, symbol_nats_plainly
from nextchar.data.corpus import Corpus
from nextchar.data.format import Format
from nextchar.models.mix.model import MixModel
from nextchar.models.registry import spec_of
from nextchar.tasks import train as fitting
from nextchar.tasks.train import TrainingFiles

ITEMS = ["emma", "ava", "mia", "amelia", "eve", "viola", "oliva", "a", "mamma", "evi"]
SETTINGS: dict[str, dict[str, Any]] = {
    "ngram": {"order": 3, "smoothing": "kneser-ney"},
    "mix": {"epochs": 2},
    **({"bigram-net": {}, "mlp": {"steps": 5}} if find_spec("torch") else {}),
}


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
