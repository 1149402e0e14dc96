"""Ensembles that are trained as a whole: who learns from what, who gets how much time, and going on after Ctrl-C."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import nextchar
from nextchar.cli import main
from nextchar.core.metrics import Metrics
from nextchar.core.progress import Progress, Report
from nextchar.data.corpus import Corpus, training_pair
from nextchar.errors import SettingsError
from nextchar.models.ensemble.model import EnsembleModel, combine
from nextchar.models.ensemble.training import SHARE, EnsembleOf, Member, mix_with_nets
from nextchar.models.mix.model import Mix
from nextchar.models.neural.families import MLP
from nextchar.models.neural.training.beside import Beside
from nextchar.models.ngram.model import Ngram, NgramModel

ITEMS = Corpus.from_items(["emma", "ava", "mia", "amelia", "viola", "oliva", "zoe", "bb", "max", "eve", "via"] * 4)
HELD = Corpus.from_items(["ema", "viva", "mila"])


@dataclass
class Watched:
    """A count model that notes what it was given."""

    spec: Ngram
    seen: list[tuple[Corpus, Corpus | None]] = field(default_factory=list)

    @property
    def summary(self) -> str:
        return self.spec.summary

    @property
    def budget_seconds(self) -> float | None:
        return self.spec.budget_seconds

    def fit(
        self,
        data: Corpus | Iterable[str],
        *,
        validation: Corpus | Iterable[str] | None = None,
        progress: Progress | None = None,
    ) -> NgramModel:
        data, validation = training_pair(data, validation)
        self.seen.append((data, validation))
        return self.spec.fit(data, validation=validation, progress=progress)


def two() -> tuple[Watched, Watched]:
    return Watched(Ngram(order=2)), Watched(Ngram(order=3))


def ensemble_of(one: Watched, other: Watched) -> EnsembleOf:
    return EnsembleOf(members=(Member("one", one, 0.25), Member("other", other, 0.75)))


def test_all_learn_from_the_same_items_and_the_weights_are_fitted_to_the_others() -> None:
    one, other = two()
    made = ensemble_of(one, other).fit(ITEMS, validation=HELD)
    assert one.seen == other.seen == [(ITEMS, HELD)]
    expected = combine([Ngram(order=2).fit(ITEMS), Ngram(order=3).fit(ITEMS)], HELD)
    assert made.settings == expected.settings
    assert made.metrics == Metrics()


def test_without_validation_items_some_are_held_out_with_their_repeats() -> None:
    one, other = two()
    made = ensemble_of(one, other).fit(ITEMS)
    (data, held), *more = one.seen
    assert held is not None
    assert other.seen == one.seen
    assert not more
    assert not set(data) & set(held)  # no repeat of an item on the other side
    assert sorted([*data, *held]) == sorted(ITEMS)
    assert made.provenance.known is not None
    assert not np.isin(held.fingerprints(), made.provenance.known).any()
    note = f"{len(held)} of the 44 items were held out of the training, for the weights of the ensemble"
    assert made.metrics.notes == (note,)


def test_too_few_items_or_members() -> None:
    with pytest.raises(SettingsError, match="at least two different items"):
        ensemble_of(*two()).fit(Corpus.from_items(["aa", "aa"]))
    with pytest.raises(SettingsError, match="at least two members, not 1"):
        EnsembleOf(members=(Member("one", Ngram(), 1.0),))


def test_without_torch_it_says_which_extra_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    result = run(tmp_path, "--model", "mix", "--with", "mlp", code=1)
    assert 'pip install "nextchar[neural]"' in result.stderr


def run(tmp_path: Path, *arguments: str, code: int = 0) -> Result:
    data = tmp_path / "names.txt"
    data.write_text("\n".join(ITEMS) + "\n", encoding="utf-8")
    result = CliRunner().invoke(main, ["train", str(data), "-o", str(tmp_path / "m"), *arguments])
    assert result.exit_code == code, result.output
    return result


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--with", "transformer"], 2, "--with goes with --model mix or context-mixing."),
        (["--with", "mlp", "--model", "bow"], 2, "--with goes with --model mix or context-mixing."),
        (["--model", "mix", "--with", "bigram"], 1, "there is no net 'bigram'; choose one of bow, mlp, rnn"),
        (["--model", "mix", "--with", "bigram"], 1, "wavenet, transformer (--with)"),
        (["--model", "context-mixing", "--with", "transformr"], 1, "wavenet, transformer (--with)"),
        (["--model", "context-mixing", "--with", "mlp:txt"], 1, "mlp has no preset 'txt'; choose one of small"),
        (["--model", "context-mixing", "--with", "mlp", "--seconds", "3"], 1, "3 seconds are too few for 1 net"),
        (["--model", "mix", "--with", "mlp:tiny"], 1, "mlp has no preset 'tiny'; choose one of small, default, large"),
        (["--model", "mix", "--with", "mlp", "--seconds", "1"], 1, "1 second is too few for 2 models"),
        (["--model", "mix", "--with", "mlp", "--seconds", "nan"], 2, "seconds is a number above 0, not nan"),
        (["--model", "mix", "--with", "mlp", "--epochs", "3"], 2, "--epochs does not go with --model mix --with"),
        (["--model", "mix", "--log", "x"], 2, "--log does not go with --model mix"),
    ],
)
def test_wrong_options(arguments: list[str], code: int, words: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    assert words in run(tmp_path, *arguments, code=code).stderr
    assert not (tmp_path / "m").exists()


def test_how_the_time_is_divided() -> None:
    pytest.importorskip("torch")
    from nextchar.models.neural.families import NetRun, Transformer

    def budgets(spec: EnsembleOf) -> list[float]:
        return [m.spec.seconds if isinstance(m.spec, Mix) else m.spec.spec.seconds for m in spec.members]  # type: ignore[attr-defined]

    # 600 s: 60 for the mix, 20 for the weights, 520 are left.
    spec = mix_with_nets(["transformer:large"], seconds=600, seed=7)
    assert budgets(spec) == pytest.approx([60, 520])
    assert [member.share for member in spec.members] == pytest.approx([60 / 580, 520 / 580])
    net = spec.members[1].spec
    assert isinstance(net, NetRun)
    assert net.spec == Transformer.preset("large", seconds=net.spec.seconds, seed=7)
    # 60 s, two nets: 20 for the mix, a quarter is 15 for the weights, 12.5 for each net.
    spec = mix_with_nets(["mlp", "mlp:small"], seconds=60, seed=7)
    assert budgets(spec) == pytest.approx([20, 12.5, 12.5])
    assert [member.kind for member in spec.members] == ["mix", "mlp", "mlp"]
    second = spec.members[2].spec
    assert isinstance(second, NetRun)
    assert (second.spec.seed, second.spec.summary) == (8, "context 5, embedding 12, width 32, layers 1, 12.5 seconds")


def test_interrupted_and_resumed_is_as_not_interrupted(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from nextchar.models.neural.families import NetRun
    from nextchar.models.neural.training.settings import Run

    def spec(checkpoint: Path) -> EnsembleOf:
        net = NetRun(MLP.preset("small", steps=60, batch=48, dropout=0.2), Run(checkpoint=checkpoint, resume=True))
        return EnsembleOf(members=(Member("mix", Mix(epochs=2), 0.2), Member("mlp", net, 0.8)))

    whole = spec(tmp_path / "a").fit(ITEMS, validation=HELD)
    told: list[float] = []

    def press(at: Report) -> None:
        if at.share >= 0.6 and not told:  # half of the net's training
            signal.raise_signal(signal.SIGINT)
            told.append(at.share)

    with pytest.raises(KeyboardInterrupt):
        spec(tmp_path / "b").fit(ITEMS, validation=HELD, progress=press)
    assert (tmp_path / "b").exists()
    told.clear()
    resumed = spec(tmp_path / "b").fit(ITEMS, validation=HELD, progress=lambda at: told.append(at.share))
    assert told == sorted(told)
    assert next(share for share in told if share > 0.2) > 0.6  # the mix is made anew, the net goes on
    assert told[-1] == 1
    assert resumed.settings == whole.settings
    for got, wanted in zip(resumed.members, whole.members, strict=True):
        for name, array in wanted.arrays().items():
            assert np.array_equal(got.arrays()[name], array), name


def test_ctrl_c_without_a_checkpoint_ends_one_member() -> None:
    pytest.importorskip("torch")

    def press(at: Report) -> None:
        if at.share >= 0.4 and not told:
            signal.raise_signal(signal.SIGINT)
            told.append(at.share)

    told: list[float] = []
    net = MLP.preset("small", steps=60, batch=48)
    spec = EnsembleOf(members=(Member("mlp", net, 0.8), Member("mix", Mix(epochs=2), 0.2)))
    made = spec.fit(ITEMS, validation=HELD, progress=press)
    assert str(made.metrics.stopped).startswith("mlp: interrupted after")
    assert [member.kind for member in made.members] == ["mlp", "mix"]


def test_the_command(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    arguments = ("--model", "mix", "--with", "mlp:small", "--with", "bow:small", "--seconds", "3")
    names = [a + b + c for a in ("ma", "le", "so") for b in ("ri", "na", "l") for c in ("a", "e", "o", "an")]
    data = tmp_path / "more.txt"
    data.write_text("\n".join(names) + "\n", encoding="utf-8")
    out = tmp_path / "e"
    command = ["train", str(data), "-o", str(out), *arguments, "--split", "distinct", "--seed", "2", "--json"]
    result = CliRunner().invoke(main, [*command, "--log", str(tmp_path / "log")])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["model"] == "ensemble"
    made = nextchar.load(out)
    assert isinstance(made, EnsembleModel)
    kinds = document["settings"]["kinds"]  # a member that adds nothing is left out, which a note says
    dropped = [kind for kind in ("mlp", "bow", "mix") if f"the weight of {kind} is 0" in str(made.metrics.notes)]
    assert sorted([*kinds, *dropped]) == ["bow", "mix", "mlp"]
    assert list(made.settings.weights) == document["settings"]["weights"]
    parts = nextchar.split(Corpus.from_file(data), seed=2)
    measured = document["splits"]["test"]["nats_per_symbol"]  # within a time, so summed in another order
    assert measured == pytest.approx(made.evaluate(parts.test).nats_per_symbol, rel=1e-14)
    assert made.provenance.items == len(parts.train)
    assert made.provenance.known is not None
    assert not np.isin(parts.validation.fingerprints(), made.provenance.known).any()
    assert {path.name for path in tmp_path.iterdir()} == {"more.txt", "e", "log.1", "log.2"}


def test_a_net_behind_a_mix_learns_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is added to its logits is a share of what the mix says of each item from the counts of the others."""
    seen: list[Beside | None] = []

    def fit(_spec: MLP, data: Corpus, *, beside: Beside | None = None, **_others: object) -> NgramModel:
        seen.append(beside)
        return Ngram(order=1).fit(data)

    monkeypatch.setattr(MLP, "fit", fit)
    mix, net = Member("mix", Mix(epochs=2), 0.5), Member("mlp", MLP.preset("small", steps=1), 0.5)
    EnsembleOf(members=(mix, net)).fit(ITEMS, validation=HELD)
    EnsembleOf(members=(net, mix)).fit(ITEMS, validation=HELD)
    [beside, none] = seen
    assert none is None
    assert beside is not None
    model = Mix(epochs=2).fit(ITEMS)
    held = HELD.encoded_in(ITEMS.alphabet)
    assert beside.validation[np.arange(held.symbols), held.ids] == pytest.approx(-SHARE * model.symbol_nats(held))
    assert np.exp(beside.train / SHARE).sum(axis=1) == pytest.approx(np.ones(ITEMS.symbols), abs=1e-5)
