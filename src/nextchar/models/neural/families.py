"""The settings of the nets: one class a family, each with the presets small, default and large, and how they train."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar, Final, NamedTuple, Self, final

import torch

from nextchar.core.json_values import plain
from nextchar.core.progress import Progress
from nextchar.core.scoring import evaluate
from nextchar.data.corpus import Corpus
from nextchar.data.provenance import Provenance
from nextchar.errors import SettingsError
from nextchar.models.neural.model import NeuralModel, for_use
from nextchar.models.neural.nets.base import Net
from nextchar.models.neural.nets.bow import BowNet
from nextchar.models.neural.nets.gru import GruNet
from nextchar.models.neural.nets.lstm import LstmNet
from nextchar.models.neural.nets.mlp import MlpNet
from nextchar.models.neural.nets.rnn import RnnNet
from nextchar.models.neural.nets.transformer import TransformerNet
from nextchar.models.neural.nets.wavenet import WavenetNet
from nextchar.models.neural.training.checkpoints import Keeper, Owner, Run, print_of
from nextchar.models.neural.training.settings import Precision, TrainSettings
from nextchar.models.neural.training.trainer import Trainer, device_of

__all__ = [
    "Bow",
    "Gru",
    "Lstm",
    "Mlp",
    "NetRun",
    "NetSpec",
    "RecurrentSpec",
    "Rnn",
    "Standing",
    "Transformer",
    "Wavenet",
    "net_spec",
]

BEAT_SECONDS: Final = 0.2  # between two reports
SAMPLED_POINTS: Final = 4  # every so many points the report has samples
LONGEST_CONTEXT: Final = 256  # that is chosen without being asked for


class Standing(NamedTuple):
    """How far training has come; a `Report`."""

    share: float
    text: str


@dataclass(frozen=True, kw_only=True)
class NetSpec(TrainSettings, ABC):
    """The settings of a net and of its training; without a budget it is `default_epochs` times through the data."""

    kind: ClassVar[str]
    default_epochs: ClassVar[float] = 12.0
    presets: ClassVar[Mapping[str, Mapping[str, Any]]]

    def __post_init__(self) -> None:
        if self.steps is None and self.epochs is None and self.seconds is None:
            object.__setattr__(self, "epochs", self.default_epochs)
        super().__post_init__()
        for name in ("width", "layers", "heads", "embedding", "hidden", "context"):
            value = getattr(self, name, None)
            if value is not None and (value != int(value) or value < 1):
                raise SettingsError(f"{name} is a whole number of at least 1, not {value}")

    @property
    def summary(self) -> str:
        """The shape of the net and the budget, for people."""
        common = {entry.name for entry in fields(TrainSettings)}
        shape = [(entry.name, getattr(self, entry.name)) for entry in fields(self) if entry.name not in common]
        budget = [(name, getattr(self, name)) for name in ("steps", "epochs", "seconds")]
        parts = [f"{name} {value:g}" for name, value in shape if isinstance(value, int | float)]
        return ", ".join(parts + [f"{value:g} {name}" for name, value in budget if value is not None])

    @classmethod
    def preset(cls, name: str, **settings: Any) -> Self:
        """The settings of a preset, some of them replaced.

        Raises:
            SettingsError: there is no such preset, or a setting is out of its range.
        """
        if name not in cls.presets:
            raise SettingsError(f"there is no preset {name!r}; choose one of {', '.join(cls.presets)}")
        chosen = dict(cls.presets[name])
        if any(settings.get(budget) is not None for budget in ("steps", "epochs", "seconds")):
            chosen.pop("epochs", None)
        return cls(**{**chosen, **settings})

    @abstractmethod
    def net(self, V: int) -> Net:
        """A new net for an alphabet of V symbols, with weights from torch's current random state."""

    def fitted_to(self, data: Corpus) -> Self:  # noqa: ARG002 - some nets go by it
        """The settings with what follows from the data filled in."""
        return self

    def fit(
        self,
        data: Corpus,
        *,
        validation: Corpus | None = None,
        progress: Progress | None = None,
        run: Run | None = None,
    ) -> NeuralModel:
        """Train on a corpus.

        Ctrl-C ends training with the best weights so far, and metrics["stopped"] says so; where the run has a
        checkpoint, it is written and the interruption goes on to the caller.

        Args:
            data: the items to learn from.
            validation: the items to choose the best weights by.
            progress: is told now and then how far it has come.
            run: device, checkpoint and log.

        Raises:
            SettingsError: no such device, or the checkpoint is of another training.
            ModelFileError: the checkpoint cannot be read, or cannot be written when Ctrl-C asks for it.
        """
        run = run or Run()
        device = device_of(run.device)
        spec = self.fitted_to(data)
        validation = None if validation is None else validation.encoded_in(data.alphabet)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(spec.seed)
            net = spec.net(data.alphabet.size)
        trainer = Trainer(net, data, validation, spec, device)
        keeper = Keeper(run, Owner(spec.kind, plain(asdict(spec)), print_of(data, validation)))
        keeper.resume(trainer)
        provenance = Provenance.of(data)

        def in_use() -> NeuralModel:
            with torch.random.fork_rng(devices=[]):
                copy = spec.net(data.alphabet.size)
            copy.load_state_dict(trainer.net.state_dict())
            return NeuralModel(settings=spec, alphabet=data.alphabet, module=for_use(copy), provenance=provenance)

        _learned(trainer, keeper, progress, in_use)
        model = in_use()
        metrics = {
            "parameters": model.parameters,
            "training": [plain(asdict(point)) for point in trainer.log],
            "training_nats": evaluate(model, data).nats,
            "device": str(device),
            "precision": trainer.precision,
            "stopped": trainer.stopped,
        }
        return model.with_metrics(metrics)


@dataclass(frozen=True)
class NetRun:
    """Settings together with how their training runs; a `Spec`."""

    spec: NetSpec
    run: Run

    @property
    def summary(self) -> str:
        """Of the settings."""
        return self.spec.summary

    def fit(self, data: Corpus, *, validation: Corpus | None = None, progress: Progress | None = None) -> NeuralModel:
        """Train; see NetSpec.fit."""
        return self.spec.fit(data, validation=validation, progress=progress, run=self.run)


def net_spec(kind: str, preset: str, assignments: Sequence[str], settings: Mapping[str, Any]) -> NetSpec:
    """The settings of a net as a user gives them: a preset, texts like width=64, and some settings as they are.

    Raises:
        SettingsError: there is no such net or setting, or a text is not a value of its type.
    """
    if kind not in _FAMILIES:
        raise SettingsError(f"there is no net {kind!r}; choose one of {', '.join(_FAMILIES)}")
    spec = _FAMILIES[kind]
    known = {entry.name: str(entry.type) for entry in fields(spec)}
    given = dict(settings)
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if name not in known or not equals:
            told = f"the model {kind} has no setting {name!r}" if equals else f"{assignment!r} is not NAME=VALUE"
            raise SettingsError(f"{told}; the settings of {kind} are {', '.join(known)}")
        given[name] = _value(name, text, known[name])
    return spec.preset(preset, **given)


def _value(name: str, text: str, type_: str) -> int | float | str:
    """A setting's value from its text, by the type that its class declares."""
    for word, make, wanted in (("int", int, "a whole number"), ("float", float, "a number")):
        if word in type_ and "Literal" not in type_:
            try:
                return make(text)
            except ValueError:
                raise SettingsError(f"{name} is {wanted}, not {text!r}") from None
    return text


def _learned(trainer: Trainer, keeper: Keeper, progress: Progress | None, in_use: Callable[[], NeuralModel]) -> None:
    """Train to the end, and tell of it."""
    beat = time.monotonic()
    samples = ""
    for point in keeper.steps(trainer):
        if progress is None or (point is None and time.monotonic() - beat < BEAT_SECONDS):
            continue
        beat = time.monotonic()
        if point is not None and len(trainer.log) % SAMPLED_POINTS == 0:
            samples = "; " + " ".join(in_use().sample(3, seed=len(trainer.log), max_length=20))
        progress(Standing(trainer.share, (trainer.log[-1].text if trainer.log else "") + samples))


@final
@dataclass(frozen=True, kw_only=True)
class Mlp(NetSpec):
    """Settings of `nets.mlp`.

    Attributes:
        context: symbols that it looks back.
        embedding: numbers a symbol.
        width: of the layers.
        layers: residual blocks.
    """

    kind: ClassVar[str] = "mlp"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "small": {"context": 5, "embedding": 12, "width": 32, "layers": 1, "dropout": 0.0},
        "default": {},
        "large": {"context": 16, "width": 160, "layers": 3, "dropout": 0.2, "epochs": 40},
    }
    precision: Precision = "auto"
    dropout: float = 0.1  # without, it learns the items by heart within a minute
    context: int = 10
    embedding: int = 32
    width: int = 96
    layers: int = 2

    def net(self, V: int) -> Net:
        """A new net."""
        return MlpNet(
            V,
            context=self.context,
            embedding=self.embedding,
            width=self.width,
            layers=self.layers,
            dropout=self.dropout,
        )


@final
@dataclass(frozen=True, kw_only=True)
class Bow(NetSpec):
    """Settings of `nets.bow`.

    Attributes:
        context: places with a vector of their own; by default as many as the longest item needs.
        width: numbers a symbol.
        layers: residual blocks.
    """

    kind: ClassVar[str] = "bow"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "small": {"width": 32},
        "default": {},
        "large": {"width": 160, "layers": 3, "dropout": 0.1, "epochs": 40},
    }
    precision: Precision = "auto"
    context: int | None = None
    width: int = 96
    layers: int = 2

    def fitted_to(self, data: Corpus) -> Self:
        """With the context that the data asks for."""
        return replace(self, context=self.context or _longest(data))

    def net(self, V: int) -> Net:
        """A new net."""
        assert self.context is not None
        return BowNet(V, context=self.context, width=self.width, layers=self.layers, dropout=self.dropout)


@dataclass(frozen=True, kw_only=True)
class RecurrentSpec(NetSpec):
    """Settings of the recurrent nets.

    Attributes:
        embedding: numbers a symbol.
        width: hidden numbers.
    """

    family: ClassVar[type[RnnNet | GruNet | LstmNet]]
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "small": {"embedding": 16, "width": 64},
        "default": {},
        "large": {"embedding": 64, "width": 320, "dropout": 0.3, "epochs": 40},
    }
    rate: float = 0.03
    embedding: int = 32
    width: int = 160

    def net(self, V: int) -> Net:
        """A new net."""
        return self.family(V, embedding=self.embedding, width=self.width, dropout=self.dropout)


@final
@dataclass(frozen=True, kw_only=True)
class Rnn(RecurrentSpec):
    """Settings of `nets.rnn`: embedding and width."""

    kind: ClassVar[str] = "rnn"
    family: ClassVar[type[RnnNet | GruNet | LstmNet]] = RnnNet
    rate: float = 0.01
    width: int = 256


@final
@dataclass(frozen=True, kw_only=True)
class Gru(RecurrentSpec):
    """Settings of `nets.gru`: embedding and width."""

    kind: ClassVar[str] = "gru"
    family: ClassVar[type[RnnNet | GruNet | LstmNet]] = GruNet


@final
@dataclass(frozen=True, kw_only=True)
class Lstm(RecurrentSpec):
    """Settings of `nets.lstm`: embedding and width."""

    kind: ClassVar[str] = "lstm"
    family: ClassVar[type[RnnNet | GruNet | LstmNet]] = LstmNet


@final
@dataclass(frozen=True, kw_only=True)
class Wavenet(NetSpec):
    """Settings of `nets.wavenet`.

    Attributes:
        width: numbers a symbol.
        hidden: width of the blocks between the convolutions.
        layers: convolutions; n of them see 2^n symbols.
    """

    kind: ClassVar[str] = "wavenet"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "small": {"width": 24, "hidden": 48, "layers": 3, "dropout": 0.0},
        "default": {},
        "large": {"width": 96, "hidden": 384, "layers": 5, "dropout": 0.2, "epochs": 40},
    }
    rate: float = 0.02
    precision: Precision = "auto"
    dropout: float = 0.1
    width: int = 64
    hidden: int = 192
    layers: int = 4

    def net(self, V: int) -> Net:
        """A new net."""
        return WavenetNet(V, width=self.width, hidden=self.hidden, layers=self.layers, dropout=self.dropout)


@final
@dataclass(frozen=True, kw_only=True)
class Transformer(NetSpec):
    """Settings of `nets.transformer`.

    Attributes:
        context: symbols that a layer looks back; by default as many as the longest item needs.
        width: numbers a symbol; a multiple of heads.
        heads: of each layer.
        layers: of attention and feedforward.

    Raises:
        SettingsError: a setting is out of its range, or the width is no multiple of heads.

    Example:
        >>> import nextchar
        >>> corpus = nextchar.Corpus.from_items(["emma", "ava", "mia"])
        >>> net = nextchar.Transformer(width=16, heads=2, layers=1, steps=5).fit(corpus)
        >>> net.kind, len(net.sample(2, seed=1))
        ('transformer', 2)
    """

    kind: ClassVar[str] = "transformer"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "small": {"width": 32, "heads": 2, "layers": 2},
        "default": {},
        "large": {"width": 64, "layers": 4, "dropout": 0.2, "epochs": 40, "decay": 0.1},
    }
    rate: float = 0.015
    context: int | None = None
    width: int = 48
    heads: int = 4
    layers: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % self.heads:
            raise SettingsError(f"the width is a multiple of heads; {self.width} is none of {self.heads}")

    def fitted_to(self, data: Corpus) -> Self:
        """With the context that the data asks for."""
        return replace(self, context=self.context or _longest(data))

    def net(self, V: int) -> Net:
        """A new net."""
        assert self.context is not None
        return TransformerNet(
            V, context=self.context, width=self.width, heads=self.heads, layers=self.layers, dropout=self.dropout
        )


def _longest(data: Corpus) -> int:
    return min(int(data.lengths.max()) + 1, LONGEST_CONTEXT)


_FAMILIES: Final[Mapping[str, type[NetSpec]]] = {
    spec.kind: spec for spec in (Bow, Mlp, Rnn, Gru, Lstm, Wavenet, Transformer)
}
