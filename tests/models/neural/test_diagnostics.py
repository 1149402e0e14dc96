"""A look into the nets: numbers against ones had another way, and the pictures made of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from click.testing import CliRunner

from nextchar import plots
from nextchar.cli import main
from nextchar.data.corpus import Corpus
from nextchar.errors import SettingsError
from nextchar.models.ngram.model import Ngram
from nextchar.models.registry import nets, spec_of

pytest.importorskip("torch")

import torch

from nextchar.models.neural.diagnostics import attention_maps, embedding_map, inside, net_of
from nextchar.models.neural.families import NetSpec
from nextchar.models.neural.model import NeuralModel
from nextchar.models.neural.nets.transformer import TransformerNet

ITEMS = Corpus.from_items(["emma", "ava", "mia", "amelia", "viola", "oliva", "zoe", "bb"])


def trained(kind: str) -> NeuralModel:
    return cast(NetSpec, spec_of(kind, {"steps": 30, "batch": 32}, preset="small")).fit(ITEMS, validation=ITEMS)


@pytest.fixture(scope="module")
def transformer() -> NeuralModel:
    return trained("transformer")


@pytest.mark.parametrize("kind", nets())
def test_gradients_are_those_of_the_mean_loss_item_by_item(kind: str) -> None:
    model = trained(kind)
    before = {name: array.copy() for name, array in model.arrays().items()}
    found = inside(model, ITEMS)
    net = model.module.requires_grad_()
    total = torch.zeros((), dtype=torch.float64)
    for item in ITEMS:
        ids = torch.tensor([[0, *model.alphabet.encode(item).tolist()]])
        targets = torch.tensor([*ids[0, 1:].tolist(), 0])
        total = total + torch.nn.functional.cross_entropy(net(ids)[0], targets, reduction="sum")
    names = list(net.matrices())
    expected = torch.autograd.grad(total / ITEMS.symbols, [net.get_parameter(name) for name in names])
    for name, gradient in zip(names, expected, strict=True):
        np.testing.assert_allclose(found.gradients[name], gradient.flatten().numpy(), atol=1e-10)
    width = model.settings.width  # type: ignore[attr-defined]
    assert all(len(array) == ITEMS.symbols * width for array in found.activations.values()) or kind in (
        "rnn",
        "gru",
        "lstm",  # which put out the empty places too
    )
    assert all(np.array_equal(array, before[name]) for name, array in model.arrays().items())


def test_the_embedding_map_keeps_distances_that_lie_in_a_plane(transformer: NeuralModel) -> None:
    V, E = transformer.module.get_parameter("symbol.weight").shape
    rng = np.random.default_rng(1)
    flat = rng.normal(size=(V, 2)) * [3, 1]
    plane = np.linalg.qr(rng.normal(size=(E, 2)))[0]
    saved = transformer.module.get_parameter("symbol.weight").data.clone()
    transformer.module.get_parameter("symbol.weight").data = torch.from_numpy(flat @ plane.T + 5)
    found = embedding_map(transformer)
    transformer.module.get_parameter("symbol.weight").data = saved

    def distances(points: np.ndarray) -> np.ndarray:
        apart: np.ndarray = np.sqrt(((points[:, None] - points) ** 2).sum(axis=-1))
        return apart

    np.testing.assert_allclose(distances(found.places), distances(flat), atol=1e-9)
    assert sum(found.shares) == pytest.approx(1)
    assert found.shares[0] > found.shares[1]


def test_attention_looks_back_and_sums_to_one(transformer: NeuralModel) -> None:
    maps = attention_maps(transformer, "amelia")
    assert maps.shape == (2, 2, 7, 7)  # layers, heads, the boundary and six letters
    np.testing.assert_allclose(maps.sum(axis=-1), 1)
    assert not np.triu(maps, 1).any()


def test_attention_that_has_learned_nothing_takes_from_all_alike() -> None:
    net = TransformerNet(5, context=8, width=4, heads=2, layers=1, dropout=0.0)
    net.get_parameter("attention.0.qkv").data.zero_()
    maps = net.maps(torch.tensor([[0, 3, 4, 1]]))
    for t in range(4):
        assert maps[0, 0, 1, t].tolist() == pytest.approx([1 / (t + 1)] * (t + 1) + [0] * (3 - t))


FIGURES: list[Callable[[NeuralModel], object]] = [
    plots.training,
    plots.updates,
    plots.embedding,
    plots.layers,
    lambda model: plots.layers(model, ITEMS),
]


@pytest.mark.parametrize("kind", nets())
def test_each_net_can_be_drawn(kind: str) -> None:
    model = trained(kind)
    for figure in FIGURES:
        assert figure(model)


def test_the_curve_shows_the_log(transformer: NeuralModel) -> None:
    figure = plots.training(transformer)
    train, held = figure.axes[0].get_lines()
    curve = transformer.metrics.curve
    assert list(np.asarray(train.get_ydata())) == [point.train_nats for point in curve]
    assert list(np.asarray(held.get_ydata())) == [point.validation_nats for point in curve]
    assert list(np.asarray(held.get_xdata())) == [point.step for point in curve]


def test_the_commands(transformer: NeuralModel, tmp_path: Path) -> None:
    model, items = tmp_path / "m.safetensors", tmp_path / "items.txt"
    transformer.save(model)
    items.write_text("emma\nzoe\n")
    for arguments in (["training"], ["updates"], ["embedding"], ["layers"], ["layers", items], ["attention", "viola"]):
        out = tmp_path / f"{arguments[0]}.png"
        command = ["plot", arguments[0], model, *arguments[1:], "-o", out]
        done = CliRunner().invoke(main, [str(word) for word in command])
        assert done.exit_code == 0, done.output
        assert out.stat().st_size > 10_000


def test_what_cannot_be_drawn(transformer: NeuralModel) -> None:
    counts = Ngram(order=2).fit(ITEMS)
    for figure in (plots.updates, plots.embedding, plots.layers):
        with pytest.raises(SettingsError, match="a net such as transformer has"):
            figure(counts)
    with pytest.raises(SettingsError, match="has no layers to look into"):
        net_of(counts)
    with pytest.raises(SettingsError, match="a mlp has no attention"):
        plots.attention(trained("mlp"), "ava")
    with pytest.raises(SettingsError, match="from 1 to 40"):
        plots.attention(transformer, "a" * 41)
    with pytest.raises(SettingsError, match="no items of less than 512"):
        inside(transformer, Corpus.from_items(["ab" * 300]))
