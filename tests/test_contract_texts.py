"""Every family of models on items that are texts: sampling, scoring, saving and loading, with line ends in them."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from nextchar.core.model import Model
from nextchar.core.scoring import symbol_nats, symbol_nats_plainly
from nextchar.data.corpus import Corpus
from nextchar.models.context_mixing.model import ContextMixing
from nextchar.models.ensemble.model import combine
from nextchar.models.mix.model import Mix
from nextchar.models.ngram.model import Ngram
from nextchar.models.registry import load, spec_of

TEXTS = ["to be\nor not\n\nto be", "  to see\n", "or be\nseen", "not\nseen", "to\n\nbe\n"] * 3
Make = Callable[[Corpus], Model]
SMALL = {"embedding": 8, "width": 16, "layers": 1, "context": 4, "heads": 2, "hidden": 16}
NETS = {
    "bow": ("context", "width", "layers"),
    "mlp": ("context", "embedding", "width", "layers"),
    "rnn": ("embedding", "width"),
    "gru": ("embedding", "width"),
    "lstm": ("embedding", "width"),
    "wavenet": ("width", "hidden"),
    "transformer": ("context", "width", "heads", "layers"),
}


def net(kind: str) -> Make:
    small = {name: SMALL[name] for name in NETS[kind]}
    return lambda corpus: spec_of(kind, {**small, "steps": 5, "batch": 16}).fit(corpus)


FAMILIES: dict[str, Make] = {
    "add": lambda corpus: Ngram(order=3).fit(corpus),
    "modified-kneser-ney": lambda corpus: Ngram(order=4, smoothing="modified-kneser-ney").fit(corpus),
    "mix": lambda corpus: Mix(epochs=1).fit(corpus),
    "context-mixing": lambda corpus: ContextMixing(contexts=12).fit(corpus),
    "ensemble": lambda corpus: combine([Ngram(order=2).fit(corpus), Ngram(order=3, add=1).fit(corpus)], corpus),
}
if find_spec("torch"):
    FAMILIES |= {kind: net(kind) for kind in NETS}
    FAMILIES["bigram-net"] = lambda corpus: spec_of("bigram-net").fit(corpus)


@pytest.fixture(params=FAMILIES, scope="module")
def model(request: pytest.FixtureRequest) -> Model:
    return FAMILIES[request.param](Corpus.from_documents(TEXTS))


def test_a_text_costs_what_its_rows_say(model: Model) -> None:
    corpus = Corpus.from_documents(["to be\nor not\n", "\n\nseen"], alphabet=model.alphabet)
    np.testing.assert_allclose(symbol_nats(model, corpus), symbol_nats_plainly(model, corpus), atol=1e-6)
    scores = model.score(["to be\r\nor not\r\n", "\n\nseen"])
    assert [score.symbols for score in scores] == [14, 7]
    assert model.nats(["to be\nor not\n"])[0] == pytest.approx(scores[0].nats)


def test_samples_are_texts_and_do_not_depend_on_the_path(model: Model, tmp_path: Path) -> None:
    drawn = model.sample(20, seed=1, max_length=30)
    assert any("\n" in item for item in drawn)
    model.save(tmp_path / "m")
    loaded = load(tmp_path / "m")
    assert loaded.provenance.options == model.provenance.options
    assert loaded.provenance.options.documents
    assert loaded.sample(20, seed=1, max_length=30) == drawn
    assert loaded.nats(drawn).tolist() == model.nats(drawn).tolist()
    prefixed = model.sample(3, seed=2, prefix="to be\n", max_length=12)
    assert all(item.startswith("to be\n") for item in prefixed)
    assert not set(model.sample(20, seed=1, max_length=30, new=True)) & set(TEXTS)
