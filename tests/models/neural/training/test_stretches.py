"""Long texts as rows: each symbol once an epoch, read on from row to row by nets that carry a state."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from nextchar.data.corpus import Corpus
from nextchar.models import registry
from nextchar.models.neural.families import NetSpec

torch = pytest.importorskip("torch")

from nextchar.models.neural.training.packing import IGNORED, Epochs  # noqa: E402
from nextchar.models.neural.training.settings import Run  # noqa: E402
from nextchar.models.neural.training.stretches import Stretches, row_source  # noqa: E402

CHANCE = np.random.default_rng(1)
TEXTS = Corpus.from_documents(["".join(CHANCE.choice(list("abcd"), size)) for size in (701, 150)])  # 853 symbols
RECURRENT = ["rnn", "gru", "lstm", "bow"]


def spec_of(kind: str, **settings: Any) -> NetSpec:
    shape: dict[str, Any] = {"width": 16}
    if kind == "transformer":
        shape |= {"heads": 2, "context": 32}
    return cast(NetSpec, registry.spec_of(kind, {"seed": 1, **shape, **settings}, preset="small"))


def circle(corpus: Corpus, turned: int) -> tuple[list[int], list[int]]:
    """What is read and what is predicted, from a symbol of the corpus on, round to the one before it."""
    targets = corpus.ids.tolist()
    ids = [0, *targets[:-1]]
    return ids[turned:] + ids[:turned], targets[turned:] + targets[:turned]


def test_each_symbol_is_predicted_once_an_epoch_after_what_precedes_it() -> None:
    source = Stretches(TEXTS, 32, streams=None, seed=3)
    assert source.rows == 27  # 853 / 32 = 26.7
    everything = sorted(zip(*circle(TEXTS, 0), strict=True))
    for number in (0, 5):
        rows = source.epoch(number).part(0, 100)
        asked = rows.targets != IGNORED
        assert asked.sum() == 853
        assert sorted(zip(rows.ids[asked].tolist(), rows.targets[asked].tolist(), strict=True)) == everything
        inside = asked[:, 1:]  # within a row, what is read is what was asked for before
        assert np.array_equal(rows.ids[:, 1:][inside], rows.targets[:, :-1][inside])
        assert not rows.ids[~asked].any()
    assert not np.array_equal(source.epoch(0).part(0, 1).ids, source.epoch(5).part(0, 1).ids)
    again = Stretches(TEXTS, 32, streams=None, seed=3)
    assert np.array_equal(source.epoch(5).part(3, 4).ids, again.epoch(5).part(3, 4).ids)


@pytest.mark.parametrize("streams", [1, 4, 5, 900])
def test_streams_go_on_from_batch_to_batch(streams: int) -> None:
    """Stream by stream, one batch behind the other, the rows are the circle."""
    source = Stretches(TEXTS, 16, streams=streams, seed=3)
    rows = source.epoch(2)
    B = min(streams, 853)
    assert rows.number % B == 0
    all_rows = rows.part(0, rows.number)
    ids, targets, places = (part.reshape(-1, B, 16).transpose(1, 0, 2).ravel() for part in all_rows)
    asked = targets != IGNORED
    assert np.array_equal(TEXTS.ids[places[asked]], targets[asked])
    read = list(zip(ids[asked].tolist(), targets[asked].tolist(), strict=True))
    matching = [turned for turned in range(TEXTS.symbols) if read == list(zip(*circle(TEXTS, turned), strict=True))]
    assert len(matching) == 1


@pytest.mark.parametrize("weights", [None, [3, 1, 0, 2]])
def test_packed_rows_know_where_in_the_corpus_their_symbols_are(weights: list[int] | None) -> None:
    """Each symbol once an epoch, where items have no weights; the last item is longer than a row."""
    corpus = Corpus.from_items(["emma", "ava", "bo", "abcdefg" * 100], weights=weights)
    rows = Epochs(corpus, seed=2).epoch(1)
    asked = rows.targets != IGNORED
    assert np.array_equal(corpus.ids[rows.places[asked]], rows.targets[asked])
    if weights is None:
        assert sorted(rows.places[asked].tolist()) == list(range(corpus.symbols))


def test_texts_are_cut_and_items_are_packed() -> None:
    net = spec_of("lstm", steps=1).net(5)
    assert isinstance(row_source(TEXTS, net, batch=512, seed=1), Stretches)
    names = Corpus.from_items(["emma", "ava"] * 20)
    assert isinstance(row_source(names, net, batch=512, seed=1), Epochs)
    weighted = Corpus.from_items(["ab" * 350], weights=[3])
    assert isinstance(row_source(weighted, net, batch=512, seed=1), Epochs)
    mostly_names = Corpus.from_items(["a" * 600, *["emma"] * 200])  # 601 symbols of a long one, 1,000 of short ones
    assert isinstance(row_source(mostly_names, net, batch=512, seed=1), Epochs)
    assert row_source(TEXTS, net, batch=512, seed=1).carried
    assert not row_source(TEXTS, spec_of("mlp", steps=1).net(5), batch=512, seed=1).carried
    transformer = spec_of("transformer", steps=1)
    assert row_source(TEXTS, transformer.net(5), batch=512, seed=1).T == 64  # twice its context


def test_the_context_that_a_text_asks_for() -> None:
    text = Corpus.from_documents(["ab" * 2000])
    spec = cast(NetSpec, registry.spec_of("transformer", {"steps": 1}))
    assert cast(Any, spec.fitted_to(text)).context == 128
    assert cast(Any, spec.fitted_to(Corpus.from_items(["emma"]))).context == 5
    given = cast(NetSpec, registry.spec_of("transformer", {"steps": 1}, preset="nanogpt-cpu"))
    assert cast(Any, given.fitted_to(text)).context == 64


@pytest.mark.parametrize("kind", RECURRENT)
def test_rows_read_on_are_the_text_read_at_once(kind: str) -> None:
    torch.manual_seed(2)
    net = spec_of(kind, steps=1).fitted_to(TEXTS).net(5).double().eval()
    torch.nn.init.normal_(net.head.weight)
    assert net.carries
    ids = torch.randint(1, 5, (3, 40))
    ids[:, 0] = 0
    ids[1, 17] = ids[2, 20] = ids[2, 25] = 0  # other texts begin, one of them with the second row
    state = net.initial(3)
    parts = []
    for row in ids.split(20, dim=1):
        logits, state = net.read(row, state)
        parts.append(logits)
    assert torch.allclose(torch.cat(parts, dim=1), net(ids), atol=1e-12)
    state = net.initial(3)
    for t in range(40):
        logits, state = net.step(ids[:, t], state)
        assert torch.allclose(logits, net(ids)[:, t], atol=1e-12)


@pytest.mark.parametrize("kind", ["lstm", "transformer"])
def test_a_training_on_a_text_goes_on_after_an_interruption_as_if_there_had_been_none(
    kind: str, tmp_path: Path
) -> None:
    text = Corpus.from_documents(["the cat sat on the mat\n" * 150])
    spec = spec_of(kind, steps=40, batch=256)
    alone = spec.fit(text)
    run = Run(checkpoint=tmp_path / "checkpoint", resume=True, every_seconds=0)

    def stop(report: Any) -> None:
        if report.share >= 0.4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        spec.fit(text, run=run, progress=stop)
    again = spec.fit(text, run=run)
    assert 0 < len(again.metrics.curve) == len(alone.metrics.curve)
    for name, array in alone.arrays().items():
        assert np.array_equal(array, again.arrays()[name]), name


@pytest.mark.parametrize("kind", ["lstm", "transformer", "mlp", "wavenet"])
def test_nets_learn_a_text(kind: str) -> None:
    """A line that repeats: all but the first symbols follow from those before, which a net sees in a few steps."""
    text = Corpus.from_documents(["the cat sat on the mat\n" * 150])
    model = spec_of(kind, steps=60, batch=512, hold_out=0.0).fit(text)
    assert model.metrics.losses["train"].symbols == text.symbols
    assert model.metrics.losses["train"].nats_per_symbol < 1.6  # the frequencies alone: 2.2


def test_heads_begin_with_reaches_of_their_own_where_the_context_is_long() -> None:
    """Slopes of Press, Smith and Lewis: 2^(-8 h / H) for head h of H; lists of short items begin with none."""
    net = cast(Any, registry.spec_of("transformer", {"steps": 1}, preset="nanogpt-cpu")).net(5)
    assert net.distance[:, 1].tolist() == [-1 / 4, -1 / 16, -1 / 64, -1 / 256]
    assert net.distance[0, 63] == -63 / 4
    assert not cast(Any, spec_of("transformer", steps=1).net(5)).distance.any()
