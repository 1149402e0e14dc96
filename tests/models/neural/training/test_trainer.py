"""How training goes on: stretches, the best weights, the budget in seconds, devices."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

import nextchar
from nextchar.data.corpus import Corpus
from nextchar.errors import SettingsError
from nextchar.models import registry
from nextchar.models.neural.families import NetSpec

torch = pytest.importorskip("torch")

from nextchar.models.neural.nets.beginnings import place_numbers  # noqa: E402
from nextchar.models.neural.nets.mlp import MlpNet  # noqa: E402
from nextchar.models.neural.training.beside import Beside  # noqa: E402
from nextchar.models.neural.training.devices import device_of  # noqa: E402
from nextchar.models.neural.training.fit import fit_net  # noqa: E402
from nextchar.models.neural.training.learner import Learner  # noqa: E402
from nextchar.models.neural.training.packing import Epochs  # noqa: E402
from nextchar.models.neural.training.processes import Processes  # noqa: E402
from nextchar.models.neural.training.settings import Run  # noqa: E402

RNG = np.random.default_rng(1)
LETTERS = np.array(list("abcdefgh"))
WORDS = sorted({"".join(RNG.choice(LETTERS, size=int(n))) for n in RNG.integers(2, 7, size=60)})  # chance: to overfit
DATA = Corpus.from_items(WORDS)


def spec_of(kind: str, **settings: Any) -> NetSpec:
    shape = {"width": 24, "heads": 2} if kind == "transformer" else {"width": 24}
    return cast(NetSpec, registry.spec_of(kind, {"seed": 1, "batch": 64, **shape, **settings}, preset="small"))


@pytest.mark.parametrize(
    "kind", ["mlp", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("gru", "transformer"))]
)
def test_a_larger_budget_is_never_worse(kind: str) -> None:
    """Words of chance letters: whatever a net learns beyond their frequencies it has learned by heart."""
    losses = []
    for epochs in (60, 600, 6000):  # a stretch is much shorter
        model = spec_of(kind, epochs=epochs).fit(DATA)
        losses.append(model.metrics.losses["validation"].nats_per_symbol)
        assert losses[-1] <= losses[0] + 0.005  # as good, or better; the shortest ends within its second stretch
        assert losses[-1] < np.log(9) + 0.02  # eight letters and the end: what knowing nothing costs, or nearly
    assert losses[1] == losses[2]  # beyond some length, a larger budget does the very same
    assert "ended after step" in str(model.metrics.stopped)


def test_what_was_held_out_is_said_and_measured_and_not_trained_on() -> None:
    model = spec_of("mlp", steps=30).fit(DATA)
    losses = model.metrics.losses
    held = losses["validation"].items
    assert losses["train"].items + held == len(DATA)
    assert model.metrics.notes[0].startswith(f"{held} of the {len(DATA)} items were held out")
    assert model.provenance.items == len(DATA)
    best = min(point.validation_nats or np.inf for point in model.metrics.curve)
    assert losses["validation"].nats_per_symbol == pytest.approx(best, rel=1e-4)


def test_nothing_is_held_out_where_that_is_turned_off_or_the_caller_has_items() -> None:
    alone = spec_of("mlp", steps=30, hold_out=0.0).fit(DATA)
    assert alone.metrics.losses["train"].items == len(DATA)
    assert "validation" not in alone.metrics.losses
    assert not alone.metrics.notes
    assert all(point.validation_nats is None for point in alone.metrics.curve)
    given = spec_of("mlp", steps=30).fit(DATA, validation=DATA)
    assert given.metrics.losses["train"].items == len(DATA)
    assert not given.metrics.notes


def test_with_nothing_held_out_by_wish_the_whole_budget_is_trained() -> None:
    model = spec_of("mlp", steps=300, hold_out=0.0).fit(Corpus.from_items(["emma", "ava"]))
    assert model.metrics.curve[-1].step == 300
    few = spec_of("mlp", steps=300).fit(Corpus.from_items(["emma", "ava"]))  # too few to hold any out: no more
    assert few.metrics.curve[-1].step == 100  # than the shortest stretch
    assert "known by heart" in str(few.metrics.stopped)


@pytest.mark.parametrize("kind", registry.nets())
def test_a_new_net_predicts_the_frequencies(kind: str) -> None:
    corpus = Corpus.from_items(["aab", "a"])
    model = spec_of(kind, steps=1, rate=1e-9, adam_rate=1e-9, hold_out=0.0).fit(corpus)
    # 3 a, 1 b and 2 ends, one more of each: 4, 2 and 3 of 9
    assert np.exp(model.start(1).log_probs[0]) == pytest.approx([3 / 9, 4 / 9, 2 / 9], abs=1e-4)


def test_seconds_are_for_everything_and_losses_then_of_a_sample() -> None:
    texts = ["".join(RNG.choice(LETTERS, size=9000)) for _ in range(24)]  # 216,000 symbols
    begun = time.process_time()
    model = spec_of("transformer", seconds=0.3).fit(Corpus.from_items(texts))
    assert time.process_time() - begun < 30  # a hundred times; no measurement of speed
    train = model.metrics.losses["train"]
    assert train.symbols < 216_000
    assert train.symbols == 512 * train.items  # of long items the beginnings
    assert any("a sample of" in note for note in model.metrics.notes)


@pytest.mark.parametrize("kind", ["mlp", "transformer"])
@pytest.mark.parametrize("hold_out", [None, 0.0])
def test_a_budget_that_is_used_up_before_the_first_step_gives_one(kind: str, hold_out: float | None) -> None:
    """As on a slow machine, where to see how long a step takes takes longer than the budget."""
    model = spec_of(kind, seconds=1e-6, **({} if hold_out is None else {"hold_out": hold_out})).fit(DATA)
    assert [point.step for point in model.metrics.curve] == [1]
    assert model.metrics.curve[-1].share == 1
    assert np.isfinite(model.evaluate(DATA).nats)


# -- the lecture's net, devices --------------------------------------------------------------------------------------


def test_the_lectures_mlp() -> None:
    """One layer of tanh over three symbols of ten numbers each; the lecture's net of 27 symbols has 11,897 numbers."""
    spec = registry.spec_of("mlp", preset="lecture")
    net = cast(MlpNet, cast(NetSpec, spec).net(27))
    # 27 x 10, then 30 x 200 and 200, then 200 x 27 and 27
    assert sum(parameter.numel() for parameter in net.parameters()) == 270 + 6_200 + 5_427 == 11_897
    torch.manual_seed(3)
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    ids = torch.tensor([[0, 5, 13, 13, 1]])  # . e m m a
    C, W1, b1, W2, b2 = net.embedding.weight, net.first, net.bias, net.head.weight, net.head.bias
    windows = torch.tensor([[0, 0, 0], [5, 0, 0], [13, 5, 0], [13, 13, 5], [1, 13, 13]])  # the last symbol first
    by_hand = torch.tanh(C[windows].view(5, 30) @ W1.T + b1) @ W2.T + b2
    assert torch.allclose(net(ids)[0], by_hand, atol=1e-5)


def test_the_lectures_mlp_is_saved_and_loaded(tmp_path: Path) -> None:
    model = cast(NetSpec, registry.spec_of("mlp", {"steps": 20}, preset="lecture")).fit(DATA)
    assert "tanh" in model.settings.summary
    model.save(tmp_path / "m")
    again = nextchar.load(tmp_path / "m")
    assert again.sample(5, seed=1) == model.sample(5, seed=1)
    assert again.evaluate(DATA).nats == model.evaluate(DATA).nats


@pytest.mark.parametrize("kind", ["mps", "cuda"])
def test_a_device_is_taken_where_there_is_one_and_refused_where_not(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place = "torch.backends.mps.is_available" if kind == "mps" else "torch.cuda.is_available"
    monkeypatch.setattr(place, lambda: True)
    assert device_of(kind).type == kind
    monkeypatch.setattr(place, lambda: False)
    with pytest.raises(SettingsError, match=f"'{kind}' was asked for, but torch finds no"):
        device_of(kind)
    with pytest.raises(SettingsError, match="choose auto, cpu, cuda or mps"):
        device_of("meta")


def test_each_process_has_a_graphics_card_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    cards: list[int] = []
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setattr("torch.cuda.set_device", cards.append)
    for name in ("auto", "cuda"):
        assert device_of(name, Processes(3, 4, local_rank=1, local_size=2)) == torch.device("cuda:1")
    assert cards == [1, 1]
    assert device_of("cpu", Processes(3, 4, 1, 2)) == torch.device("cpu")
    with pytest.raises(SettingsError, match="3 processes on a machine with 2 graphics cards are too many"):
        device_of("auto", Processes(0, 3, 0, 3))
    with pytest.raises(SettingsError, match="'cuda:0' is one, and 2 processes are to train"):
        device_of("cuda:0", Processes(0, 2, 0, 2))


@pytest.mark.parametrize("together", [True, False])
def test_what_another_model_says_is_added_at_its_own_symbol(together: bool) -> None:
    """Item by item in plain PyTorch: the logits after each prefix, plus what is said of that symbol of the corpus."""
    spec = spec_of("mlp", steps=1)
    corpus = Corpus.from_items(
        WORDS * 2 if together else ["".join(RNG.permutation(LETTERS)) + "abcdefg" for _ in range(2)]
    )
    V = corpus.alphabet.size
    said = np.random.default_rng(2).normal(size=(corpus.symbols, V)).astype(np.float32)
    torch.manual_seed(0)
    net = spec.net(V)
    torch.nn.init.normal_(net.head.weight)
    learner = Learner(net, spec, torch.device("cpu"), Processes(), Beside(said, said))
    rows = Epochs(corpus, seed=3).epoch(0)
    assert (learner._beginnings(rows.ids, place_numbers(rows.ids, 0)) is not None) == together
    expected = 0.0
    for begin, end in itertools.pairwise(corpus.offsets.tolist()):
        target = torch.from_numpy(corpus.ids[begin:end].astype(np.int64))
        read = torch.cat([torch.zeros(1, dtype=torch.long), target[:-1]])
        logits = net(read[None])[0].detach() + torch.from_numpy(said[begin:end])
        expected += float(torch.nn.functional.cross_entropy(logits, target, reduction="sum"))
    assert learner.measured(rows) == pytest.approx(expected / corpus.symbols, rel=1e-5)
    assert learner.learn(rows, 0, 0.0) == pytest.approx(expected, rel=2e-2)  # in bf16, where that is quicker


def test_where_all_is_said_nothing_is_left_to_learn() -> None:
    """Half of the items are given away by what is said of them: the net learns the other half, which differs."""
    given, open_ = Corpus.from_items(["ab"] * 40), Corpus.from_items(["ba"] * 40)
    corpus = Corpus.from_items([*given, *open_])
    V = corpus.alphabet.size
    said = np.zeros((corpus.symbols, V), dtype=np.float32)
    at = np.arange(given.symbols)
    said[at, corpus.ids[at]] = 30.0
    model = fit_net(spec_of("mlp", steps=60), corpus, corpus, None, Run(), beside=Beside(said, said))
    assert model.score(["ba"])[0].nats < 0.3 < 3.0 < model.score(["ab"])[0].nats
