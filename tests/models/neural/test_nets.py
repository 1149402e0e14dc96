"""The nets: what each computes, against torch's own layers, arithmetic, and derivatives by differences."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nextchar.data.corpus import Corpus
from nextchar.data.format import Format
from nextchar.errors import SettingsError
from nextchar.models.neural.training.packing import IGNORED, Epochs, pack
from nextchar.tasks import train as fitting
from nextchar.tasks.train import TrainingFiles

pytest.importorskip("torch")

import torch
from tests.models.neural.stirred import V, net_spec, spec_of, stirred
from torch import Tensor

from nextchar.models import registry
from nextchar.models.neural.families import NetSpec
from nextchar.models.neural.nets import gru, lstm, rnn
from nextchar.models.neural.nets.base import positions
from nextchar.models.neural.nets.recurrent import packed_order
from nextchar.models.neural.threads import threads_for
from nextchar.models.neural.training.devices import precision_on
from nextchar.models.neural.training.muon import Optimiser, orthogonalise
from nextchar.models.neural.training.settings import TrainSettings


def rows_of_ids(begins: bool = True) -> Tensor:
    ids = torch.randint(0, V, (5, 20), generator=torch.Generator().manual_seed(3))
    ids[2, 1:] = ids[2, 1:].clamp(min=1)  # an item far longer than any context here
    ids[:, 0] = 0 if begins else 4
    return ids


# -- what each net computes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", registry.nets())
@pytest.mark.parametrize("begins", [True, False])
def test_step_by_step_is_as_all_at_once(kind: str, begins: bool) -> None:
    net = stirred(kind)
    ids = rows_of_ids(begins)
    with torch.inference_mode():
        whole = net(ids)
        state = net.initial(len(ids))
        for t in range(ids.shape[1]):
            logits, state = net.step(ids[:, t], state)
            torch.testing.assert_close(logits, whole[:, t], rtol=0, atol=1e-10)


@pytest.mark.parametrize("kind", registry.nets())
def test_also_with_32_bits(kind: str) -> None:
    """The Transformer's cached path agrees with the uncached one to 1e-5, and so do the others."""
    net = stirred(kind).float()
    ids = rows_of_ids()
    with torch.inference_mode():
        whole = net(ids).log_softmax(-1)
        state = net.initial(len(ids))
        for t in range(ids.shape[1]):
            logits, state = net.step(ids[:, t], state)
            torch.testing.assert_close(logits.log_softmax(-1), whole[:, t], rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", registry.nets())
def test_an_item_is_read_the_same_behind_others(kind: str) -> None:
    """Rows hold several items; nothing of one reaches the next."""
    net = stirred(kind)
    item = torch.tensor([[0, 3, 1, 4, 1]])
    others = torch.tensor([[0, 5, 8, 2, 6, 5, 3, 0, 7]])
    torch.testing.assert_close(net(torch.cat([others, item], 1))[:, 9:], net(item), rtol=0, atol=1e-10)


PARAMETERS: dict[str, Callable[[dict[str, int]], int]] = {  # the docstrings' formulas
    "mlp": lambda s: (
        V * s["embedding"]
        + s["width"] * s["context"] * s["embedding"]
        + s["width"]
        + s["layers"] * 2 * 4 * s["width"] ** 2
    ),
    "bow": lambda s: (V + s["context"]) * s["width"] + s["layers"] * 2 * 4 * s["width"] ** 2,
    "rnn": lambda s: V * s["embedding"] + s["width"] * s["embedding"] + s["width"] ** 2 + 2 * s["width"],
    "gru": lambda s: V * s["embedding"] + 3 * (s["width"] * s["embedding"] + s["width"] ** 2 + 2 * s["width"]),
    "lstm": lambda s: V * s["embedding"] + 4 * (s["width"] * s["embedding"] + s["width"] ** 2 + 2 * s["width"]),
    "wavenet": lambda s: (
        V * s["width"] + s["layers"] * (4 * s["width"] ** 2 + s["width"] ** 2 + 2 * s["hidden"] * s["width"])
    ),
    "transformer": lambda s: (
        (2 * V + s["context"]) * s["width"]
        + s["heads"] * s["context"]
        + s["layers"] * (4 * s["width"] ** 2 + 2 * 4 * s["width"] ** 2)
    ),
}


@pytest.mark.parametrize("kind", registry.nets())
@pytest.mark.parametrize("preset", ["these", "small", "default", "large"])
def test_the_number_of_parameters(kind: str, preset: str) -> None:
    spec = spec_of(kind) if preset == "these" else net_spec(kind, preset, [], {}).fitted_to(ITEMS)
    settings = asdict(spec)
    if preset != "these" and "context" in settings and kind != "mlp":
        assert settings["context"] == 16  # the longest item has 15 characters
    expected = PARAMETERS[kind](settings) + V * settings["width"] + V  # with the head
    assert sum(parameter.numel() for parameter in spec.net(V).parameters()) == expected


@pytest.mark.parametrize("kind", registry.nets())
def test_a_new_net_holds_every_symbol_equally_likely(kind: str) -> None:
    assert not spec_of(kind).net(V)(rows_of_ids()).any()


@pytest.mark.parametrize("kind", registry.nets())
def test_gradients_are_those_of_differences(kind: str) -> None:
    """Each parameter's derivative in two random directions, against central differences, in float64."""
    net = stirred(kind)
    ids = rows_of_ids()

    def loss() -> Tensor:
        return torch.nn.functional.cross_entropy(net(ids)[:, :-1].flatten(0, 1), ids[:, 1:].flatten())

    loss().backward()  # type: ignore[no-untyped-call]
    random = torch.Generator().manual_seed(1)
    for parameter in net.parameters():
        for _ in range(2):
            direction = torch.randn(parameter.shape, generator=random, dtype=torch.float64)
            assert parameter.grad is not None
            slope = float((parameter.grad * direction).sum())
            ends = []
            for step in (1e-6, -2e-6):
                parameter.data.add_(direction, alpha=step)
                ends.append(float(loss().detach()))
            parameter.data.add_(direction, alpha=1e-6)
            assert slope == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-4, abs=1e-8)


def said(x: Tensor, w: Sequence[Tensor]) -> Tensor:
    return x @ w[0].T + w[2]


CELLS: dict[str, tuple[Any, Callable[..., tuple[Tensor, ...]]]] = {
    "rnn": (torch.nn.RNNCell, lambda x, h, c, w: (rnn.rnn_cell(said(x, w), h, w[1], w[3]),)),
    "gru": (torch.nn.GRUCell, lambda x, h, c, w: gru.gru_cell(said(x, w), h, w[1], w[3]).state),
    "lstm": (torch.nn.LSTMCell, lambda x, h, c, w: lstm.lstm_cell(said(x, w), h, c, w[1], w[3]).state),
}


@pytest.mark.parametrize("kind", CELLS)
def test_the_cells_are_those_of_torch(kind: str) -> None:
    torch.manual_seed(2)
    make, ours = CELLS[kind]
    theirs = make(6, 10)
    x, h, c = torch.randn(7, 6), torch.randn(7, 10), torch.randn(7, 10)
    weights = (theirs.weight_ih, theirs.weight_hh, theirs.bias_ih, theirs.bias_hh)
    expected: Any = theirs(x, (h, c)) if kind == "lstm" else (theirs(x, h),)
    for mine, wanted in zip(ours(x, h, c, weights), expected, strict=True):
        torch.testing.assert_close(mine, wanted, rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", CELLS)
def test_the_gradients_of_the_cells(kind: str) -> None:
    torch.manual_seed(2)
    gates = {"rnn": 1, "gru": 3, "lstm": 4}[kind]
    shapes = [(2, 3), (2, 4), (2, 4), (4 * gates, 3), (4 * gates, 4), (4 * gates,), (4 * gates,)]
    inputs = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]

    def ours(x: Tensor, h: Tensor, c: Tensor, *weights: Tensor) -> Any:
        return CELLS[kind][1](x, h, c, weights)

    assert torch.autograd.gradcheck(ours, inputs)


def test_where_symbols_stand() -> None:
    far = 1 << 20
    assert positions(torch.tensor([[0, 3, 4, 0, 0, 2], [3, 3, 0, 1, 1, 1]])).tolist() == [
        [0, 1, 2, 0, 0, 1],
        [far, far + 1, 0, 1, 2, 3],
    ]


def test_packed_order_goes_time_by_time_the_longest_item_first() -> None:
    order, sizes = packed_order(positions(torch.tensor([[0, 1, 0, 2, 2, 0], [5, 5, 5, 5, 0, 1]])))
    # items begin at flat places 0, 2, 5, 6 (a middle), 10, with lengths 2, 3, 1, 4, 2
    assert order.tolist() == [6, 2, 0, 10, 5, 7, 3, 1, 11, 8, 4, 9]
    assert sizes.tolist() == [5, 4, 2, 1]


# -- rows ------------------------------------------------------------------------------------------------------------


def predicted(rows: Any) -> list[tuple[int, ...]]:
    """All (symbols of the item so far, next symbol) that rows ask for; each item alone."""
    found = []
    for ids, targets in zip(rows.ids, rows.targets, strict=True):
        seen: list[int] = []
        for symbol, target in zip(ids.tolist(), targets.tolist(), strict=True):
            seen = [] if symbol == 0 else [*seen, symbol]
            if target != IGNORED:
                found.append((*seen, target))
    return sorted(found)


ITEMS = Corpus.from_items(["emma", "ava", "mia", "a", "viola", "oliva", "zoe", "bb", "maximilianandra", "eve"])


def expected_of(corpus: Corpus) -> list[tuple[int, ...]]:
    items = [[*corpus.alphabet.encode(item).tolist(), 0] for item in corpus]
    return sorted(tuple(item[: t + 1]) for item in items for t in range(len(item)))


def test_rows_ask_for_each_symbol_of_each_item_once() -> None:
    epochs = Epochs(ITEMS, seed=1)
    assert epochs.T == 16  # the longest item has 15 characters
    assert predicted(epochs.epoch(0)) == predicted(epochs.epoch(7)) == expected_of(ITEMS)
    assert not np.array_equal(epochs.epoch(0).ids, epochs.epoch(7).ids)
    assert np.array_equal(epochs.epoch(7).ids, Epochs(ITEMS, seed=1).epoch(7).ids)
    assert epochs.rows == 4  # 54 symbols, of which 16 fill one row: 38 / 16 > 2


def test_packing_for_measuring() -> None:
    assert predicted(pack(ITEMS, 20)) == expected_of(ITEMS)


def test_long_items_are_cut_and_each_symbol_is_asked_for_once() -> None:
    long = Corpus.from_items(["abcdefghij" * 9, "abc"])
    rows = pack(long, 16)
    assert rows.ids.shape[1] == 16
    assert (rows.targets != IGNORED).sum() == long.symbols == 95
    seen = {symbols[-9:] for symbols in predicted(rows)}
    for symbols in expected_of(long):  # with at least half a row before it, or all there is
        assert symbols[-9:] in seen


def test_weights_say_how_often_an_item_is_drawn() -> None:
    corpus = Corpus.from_items(["a", "b"] * 500, weights=[3, 1] * 500)
    ids = Epochs(corpus, seed=1, repeats=True).epoch(0).ids
    share = (ids == 1).sum() / ((ids == 1).sum() + (ids == 2).sum())
    assert abs(share - 0.75) < 5 * math.sqrt(0.75 * 0.25 / 1000)


def test_by_importance_heavy_items_are_drawn_less_often_than_they_weigh() -> None:
    """With shares p and 1 - p of 500 items each the effective number is 500 / (p^2 + (1 - p)^2): 900 at p = 2 / 3."""
    corpus = Corpus.from_items(["a", "b"] * 500, weights=[3, 1] * 500)
    ids = Epochs(corpus, seed=1).epoch(0).ids
    share = (ids == 1).sum() / ((ids == 1).sum() + (ids == 2).sum())
    assert abs(share - 2 / 3) < 5 * math.sqrt(2 / 9 / 1000)


# -- the optimiser ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4, 12, 12), (3, 8, 32), (3, 32, 8), (2, 10, 16)])
def test_orthogonalised_matrices_have_singular_values_near_one(shape: tuple[int, int, int]) -> None:
    stack = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    values = torch.linalg.svdvals(orthogonalise(stack))
    assert values.min() > 0.5  # Jordan's polynomial ends between about 0.7 and 1.2, and very small ones below
    assert values.max() < 1.3
    u, _, vt = torch.linalg.svd(stack, full_matrices=False)
    assert ((u @ vt) * orthogonalise(stack)).sum() / math.prod(shape[:1]) / min(shape[1:]) > 0.8  # the same directions


def test_the_small_square_way_gives_the_same_as_jordans() -> None:
    a, b, c = 3.4445, -4.7750, 2.0315
    stack = torch.randn(3, 8, 32, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    X = stack / stack.norm(dim=(1, 2), keepdim=True)
    for _ in range(5):
        A = X @ X.mT
        X = a * X + (b * A + c * A @ A) @ X
    torch.testing.assert_close(orthogonalise(stack), X, rtol=0, atol=1e-10)


def test_blocks_of_a_fused_matrix_are_treated_one_by_one() -> None:
    class Fused(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv = torch.nn.Parameter(torch.zeros(12, 4))
            self.bias = torch.nn.Parameter(torch.zeros(3))

    net = Fused()
    optimiser = Optimiser(net, {"qkv": 3}, rate=0.1, adam_rate=0.01, decay=0.0)
    gradient = torch.randn(12, 4, generator=torch.Generator().manual_seed(1))
    (net.qkv * gradient).sum().backward()  # type: ignore[no-untyped-call]
    net.bias.sum().backward()  # type: ignore[no-untyped-call]
    optimiser.step(1.0)
    blocks = orthogonalise((gradient * 0.05 * 0.95 + gradient * 0.05).view(3, 4, 4))
    torch.testing.assert_close(net.qkv.detach(), -0.1 * blocks.view(12, 4), rtol=0, atol=2e-3)
    torch.testing.assert_close(net.bias.detach(), torch.full((3,), -0.01))  # Adam's first step is its rate


def test_adam_takes_the_steps_of_torchs() -> None:
    net = torch.nn.Linear(3, 2)  # no matrix is hidden: all of it is Adam's
    other = torch.nn.Linear(3, 2)
    other.load_state_dict(net.state_dict())
    torchs = torch.optim.Adam(other.parameters(), lr=0.006, betas=(0.9, 0.99), eps=1e-10)
    optimiser = Optimiser(net, {}, rate=0.1, adam_rate=0.006, decay=0.0)
    inputs = torch.randn(50, 4, 3, generator=torch.Generator().manual_seed(1))
    for x in inputs:
        for module in (net, other):
            module.zero_grad(set_to_none=False)
            module(x).square().sum().backward()
        optimiser.step(1.0)
        torchs.step()
    for name, tensor in other.state_dict().items():
        torch.testing.assert_close(net.state_dict()[name], tensor, rtol=0, atol=1e-6)


def test_training_loads_no_compiler() -> None:
    # torch.optim would: 800 modules, two seconds, which were those of the budget
    code = (
        "import nextchar, sys; items = nextchar.Corpus.from_items(['ab'] * 9);"
        "nextchar.Transformer.preset('small', steps=2).fit(items);"
        "print([name for name in ('torch._dynamo', 'sympy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_small_nets_are_trained_on_one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[int] = []
    before = torch.get_num_threads()
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    monkeypatch.setattr(torch, "set_num_threads", used.append)
    for products in (2e6, 0.9e9, 3.5e9, 1e12):  # a thread for each 1e9, and 8 are there
        with threads_for(products):
            pass
    monkeypatch.undo()
    assert used == [1, 8, 1, 8, 3, 8, 8, 8]
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(
    ("now", "processes", "most"), [(1, 2, 4), (8, 2, 4), (3, 2, 3), (1, 16, 1), (1, 1, 1), (8, 1, 8)]
)
def test_processes_share_the_cores(now: int, processes: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 8 cores, two processes have 4 each, unless the user has set fewer threads; torchrun sets 1."""
    used: list[int] = []
    monkeypatch.setattr("nextchar.models.neural.threads._cores", lambda: 8)
    monkeypatch.setattr(torch, "get_num_threads", lambda: now)
    monkeypatch.setattr(torch, "set_num_threads", used.append)
    with threads_for(1e12, processes):
        pass
    assert used == [most, now]


def test_clipping_shortens_all_gradients_together() -> None:
    net = torch.nn.Linear(2, 2)
    optimiser = Optimiser(net, {"weight": 1}, rate=0.1, adam_rate=0.1, decay=0.0)
    (net.weight.sum() * 3 + net.bias.sum() * 4).backward()  # type: ignore[no-untyped-call]  # norm: sqrt(4 x 9 + 2 x 16) = sqrt(68)
    assert float(optimiser.clip(1.0)) == pytest.approx(math.sqrt(68))
    assert net.weight.grad is not None
    assert net.weight.grad.flatten().tolist() == pytest.approx([3 / math.sqrt(68)] * 4, rel=1e-5)
    optimiser.zero()
    assert not net.weight.grad.any()


# -- training --------------------------------------------------------------------------------------------------------

EIGHT = ["emma", "ava", "mia", "amelia", "eve", "viola", "oliva", "zoe"]


def entropy_of_eight() -> float:
    """The least nats per symbol that a model can reach on eight different items: log 8 for each of them, spread."""
    return 8 * math.log(8) / (sum(map(len, EIGHT)) + 8)


@pytest.mark.parametrize("kind", [kind for kind in registry.nets() if kind not in ("mlp", "bow")])
def test_overfits_eight_items(kind: str) -> None:
    by_heart = {"hold_out": 0, "dropout": 0, "decay": 0}  # what hinders it is turned off
    settings = {"steps": 150, "rate": 0.02, "adam_rate": 0.01, **by_heart}
    model = net_spec(kind, "small", [], settings).fit(Corpus.from_items(EIGHT))
    assert model.evaluate(Corpus.from_items(EIGHT)).nats_per_symbol < entropy_of_eight() + 0.05


@pytest.mark.parametrize("kind", ["mlp", "bow"])
def test_overfits_eight_items_with_context_enough(kind: str) -> None:
    model = net_spec(kind, "default", [], {"steps": 200, "rate": 0.02, "adam_rate": 0.01}).fit(Corpus.from_items(EIGHT))
    assert model.evaluate(Corpus.from_items(EIGHT)).nats_per_symbol < entropy_of_eight() + 0.05


@pytest.mark.parametrize("kind", registry.nets())
def test_the_same_seed_gives_the_same_weights(kind: str) -> None:
    first, second, other = (
        spec_of(kind, steps=8, seed=seed, dropout=0.1).fit(ITEMS, validation=ITEMS).arrays() for seed in (1, 1, 2)
    )
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert not all(np.array_equal(first[name], other[name]) for name in first)


def test_training_leaves_torchs_random_state_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    spec_of("transformer", steps=3, dropout=0.2).fit(ITEMS).sample(2, seed=1)
    assert torch.equal(torch.rand(3), expected)


def test_the_best_weights_are_kept_and_training_stops_when_nothing_gets_better() -> None:
    spec = spec_of("mlp", steps=4000, rate=0.05, adam_rate=0.05, patience=3)
    other = Corpus.from_items(["nope", "none", "open"], alphabet=Corpus.from_items([*ITEMS, "nope"]).alphabet)
    data = ITEMS.encoded_in(other.alphabet)
    model = spec.fit(data, validation=other)
    points = model.metrics.curve
    held = [point.validation_nats or 0.0 for point in points]
    best = min(held)
    assert len(points) < 40
    assert "no better" in str(model.metrics.stopped)
    assert model.evaluate(other).nats_per_symbol == pytest.approx(best, rel=1e-4)
    assert held[-3:] > [best] * 3


def test_budgets() -> None:
    assert spec_of("mlp").epochs == NetSpec.default_epochs
    assert spec_of("mlp", steps=5).epochs is None
    assert net_spec("mlp", "large", [], {}).epochs == 40
    assert net_spec("mlp", "large", ["seconds=3"], {}).epochs is None
    model = spec_of("mlp", epochs=2.5, batch=16).fit(ITEMS)  # rows of 16: one a step
    assert model.metrics.curve[-1].step == 10
    assert model.metrics.curve[-1].epoch == 2.5
    timed = spec_of("mlp", seconds=0.3, patience=0).fit(ITEMS)  # with patience, a fast machine ends before
    assert timed.metrics.curve[-1].share == 1


def test_bf16_trains_too() -> None:
    first, second = (spec_of("mlp", steps=30, precision=precision).fit(ITEMS) for precision in ("float32", "bf16"))
    a, b = (model.evaluate(ITEMS).nats_per_symbol for model in (first, second))
    assert a != b
    assert a == pytest.approx(b, abs=0.1)
    assert [model.metrics.precision for model in (first, second)] == ["float32", "bf16"]


@pytest.mark.parametrize(
    ("instructions", "expected"), [("avx512_bf16", "bf16"), ("amx_bf16", "bf16"), ("avx2", "float32")]
)
def test_the_precision_follows_the_processor(instructions: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {instructions: True}, raising=False)
    assert precision_on(torch.device("cpu")) == expected
    assert precision_on(torch.device("cuda")) == "float32"
    for kind, precision in {
        **dict.fromkeys(registry.nets(), "float32"),
        "mlp": expected,
        "bow": expected,
        "wavenet": expected,
    }.items():
        assert spec_of(kind, steps=2).fit(ITEMS).metrics.precision == precision
    assert spec_of("transformer", steps=2, precision="auto").fit(ITEMS).metrics.precision == expected
    monkeypatch.delattr(torch.cpu, "get_capabilities")  # as in older versions of torch
    assert precision_on(torch.device("cpu")) == "float32"


@pytest.mark.parametrize("weighted", [False, True])
def test_the_loss_on_the_training_data_is_measured_once_and_right(
    weighted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "names.csv"
    data.write_text("name,n\n" + "".join(f"{item},{i % 3 + 1}\n" for i, item in enumerate(ITEMS)))
    source = TrainingFiles(sources=(str(data),), format=Format(column="name", weight="n" if weighted else None))
    expected = Corpus.from_items(list(ITEMS), weights=[i % 3 + 1 for i in range(len(ITEMS))] if weighted else None)
    evaluated: list[Corpus] = []
    monkeypatch.setattr(fitting, "evaluate_within", lambda model, corpus, _: evaluated.append(corpus))
    model = fitting.train(spec_of("mlp", steps=5), source).model
    assert not evaluated
    loss = model.evaluate(expected)
    assert model.metrics.losses["train"].document() == {
        "items": 10,
        "symbols": 54,  # 44 characters and 10 ends
        "nats_per_symbol": pytest.approx(loss.nats_per_symbol, rel=1e-12),
        "bits_per_symbol": pytest.approx(loss.bits_per_symbol, rel=1e-12),
    }


def test_items_longer_than_the_rows_of_training() -> None:
    long = Corpus.from_items(["abcd" * 150, "ab", "abcdab"])  # 600 characters; rows have at most 512
    for kind in ("mlp", "transformer", "gru"):
        model = spec_of(kind, steps=4).fit(long)
        nats = model.nats(long)
        by_hand = [sum(score.surprisal) for score in model.score(["abcd" * 150, "ab"])]
        assert nats[:2].tolist() == pytest.approx(by_hand)
        step = model.start(1)
        total = 0.0
        for symbol in [*model.alphabet.encode("abcd" * 150), 0]:
            total -= step.log_probs[0, symbol]
            step = model.advance(step.state, np.array([symbol]))
        assert nats[0] == pytest.approx(total)


# -- what can be asked for wrongly -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"steps": 5, "seconds": 3.0}, "one of steps, epochs and seconds.*steps and seconds"),
        ({"steps": 0}, "steps is a whole number of at least 1"),
        ({"seconds": -1.0}, "seconds is a number above 0"),
        ({"rate": math.nan}, "rate is a number above 0"),
        ({"dropout": 1.0}, "dropout is a share"),
        ({"precision": "fp8"}, "no precision"),
        ({"seed": -1}, "seed is a whole number"),
        ({"width": 0}, "width is a whole number of at least 1"),
        ({"width": 13}, "multiple of heads"),
        ({"decay": -1.0}, "decay"),
    ],
)
def test_settings_that_are_none(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        spec_of("transformer", **settings)


def test_a_budget_is_needed_where_there_is_no_default() -> None:
    with pytest.raises(SettingsError, match="not none of them"):
        TrainSettings()


def test_settings_from_texts() -> None:
    spec = net_spec("transformer", "small", ["width=64", "dropout=0.1", "precision=bf16", "seconds=2"], {"seed": 3})
    assert (spec.dropout, spec.precision, spec.seconds, spec.seed) == (0.1, "bf16", 2.0, 3)
    with pytest.raises(SettingsError, match=r"has no setting 'depth'; the settings of mlp are .*context.*width"):
        net_spec("mlp", "default", ["depth=3"], {})
    with pytest.raises(SettingsError, match="'width' is not NAME=VALUE"):
        net_spec("mlp", "default", ["width"], {})
    with pytest.raises(SettingsError, match="width is a whole number, not 'wide'"):
        net_spec("mlp", "default", ["width=wide"], {})
    with pytest.raises(SettingsError, match="no preset 'huge'"):
        net_spec("mlp", "huge", [], {})
