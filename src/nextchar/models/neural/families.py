"""The settings of the nets: one class a family, each with the presets small, default and large, and how they train.

Nothing here needs torch: settings can be made, shown and refused without it. It is asked for where a net is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, final

from nextchar.core.settings import setting
from nextchar.errors import SettingsError
from nextchar.extras import need_torch
from nextchar.models.neural.training.settings import NetTraining, Precision, Run, TrainSettings

if TYPE_CHECKING:
    from nextchar.core.model import SavedModel
    from nextchar.core.progress import Progress
    from nextchar.data.corpus import Corpus
    from nextchar.models.neural.model import NeuralModel
    from nextchar.models.neural.nets.base import Net
    from nextchar.models.neural.training.beside import Beside

__all__ = ["GRU", "LSTM", "MLP", "RNN", "BoW", "NetRun", "NetSpec", "RecurrentSpec", "Transformer", "WaveNet"]

LONGEST_CONTEXT: Final = 256  # that is chosen without being asked for
MOST_LAYERS: Final = 1000
TEXT_CONTEXT: Final = 128  # where the items are long texts
LONGEST: Final = f"what the longest item needs, at most {LONGEST_CONTEXT}; {TEXT_CONTEXT} for long texts"


@dataclass(frozen=True, kw_only=True, repr=False)
class NetSpec(NetTraining):
    """The settings of a net and of its training; without a budget it is `default_epochs` times through the data."""

    default_epochs: ClassVar[float] = 12.0
    presets: ClassVar[Mapping[str, Mapping[str, Any]]]
    trainings: ClassVar[int] = 1
    epochs: float | None = setting(
        None,
        help="Train so many times through the data.",
        above=0,
        at_most=10**9,
        default_text="12, where no other budget is given",
        option="epochs",
        metavar="X",
    )

    def __post_init__(self) -> None:
        if self.steps is None and self.epochs is None and self.seconds is None:
            object.__setattr__(self, "epochs", self.default_epochs)
        super().__post_init__()

    @property
    def summary(self) -> str:
        """The shape of the net and the budget, for people."""
        common = {entry.name for entry in fields(TrainSettings)}
        shape = [(entry.name, getattr(self, entry.name)) for entry in fields(self) if entry.name not in common]
        budget = [(name, getattr(self, name)) for name in ("steps", "epochs", "seconds")]
        parts = [f"{name} {value:g}" for name, value in shape if type(value) in (int, float)]
        parts += [name for name, value in shape if value is True]
        return ", ".join(parts + [f"{value:g} {name}" for name, value in budget if value is not None])

    @classmethod
    def preset(cls, name: str, **settings: Any) -> Self:
        """The settings of a preset, some of them replaced.

        Raises:
            SettingsError: there is no such preset, or a setting is out of its range.
        """
        if name not in cls.presets:
            raise SettingsError(f"{cls.kind} has no preset {name!r}; choose one of {', '.join(cls.presets)}")
        chosen = dict(cls.presets[name])
        if any(settings.get(budget) is not None for budget in ("steps", "epochs", "seconds")):
            chosen.pop("epochs", None)
        return cls(**{**chosen, **settings})

    def fit(
        self,
        data: Corpus | Iterable[str],
        *,
        validation: Corpus | Iterable[str] | None = None,
        progress: Progress | None = None,
        run: Run | None = None,
        beside: Beside | None = None,
    ) -> NeuralModel:
        """Train on a corpus, or on items from memory; see `training.fit.fit_net`.

        Raises:
            MissingExtraError: torch is not installed.
        """
        need_torch(f"the model {self.kind}")
        from nextchar.data.corpus import training_pair
        from nextchar.models.neural.training.fit import fit_net

        return fit_net(self, *training_pair(data, validation), progress, run or Run(), beside=beside)

    def running(self, runs: Sequence[Run]) -> NetRun:
        """The same settings, bound to how the training runs."""
        [run] = runs
        return NetRun(self, run)

    @classmethod
    def from_saved(cls, saved: SavedModel) -> NeuralModel:
        """A model of this family again from a file's content; see `neural.model.loader`.

        Raises:
            MissingExtraError: torch is not installed.
        """
        need_torch(f"the model {cls.kind}")
        from nextchar.models.neural.model import loader

        of_0_1_0 = {"hold_out": 0.0, "weights": "repeats"}
        return loader(cls)(saved._replace(settings={**of_0_1_0, **saved.settings}))


@dataclass(frozen=True)
class NetRun:
    """Settings together with how their training runs; a `Spec`."""

    spec: NetSpec
    run: Run

    @property
    def summary(self) -> str:
        """Of the settings."""
        return self.spec.summary

    @property
    def budget_seconds(self) -> float | None:
        """Of the settings."""
        return self.spec.budget_seconds

    def fit(
        self,
        data: Corpus | Iterable[str],
        *,
        validation: Corpus | Iterable[str] | None = None,
        progress: Progress | None = None,
        beside: Beside | None = None,
    ) -> NeuralModel:
        """Train; see NetSpec.fit."""
        return self.spec.fit(data, validation=validation, progress=progress, run=self.run, beside=beside)


@final
@dataclass(frozen=True, kw_only=True, repr=False)
class MLP(NetSpec):
    """The settings of a multi-layer perceptron over the vectors of the last symbols (Bengio et al. 2003).

    Attributes:
        context: symbols that it looks back.
        embedding: numbers a symbol.
        width: of the layers.
        layers: residual blocks.
        tanh: the first layer's numbers go through tanh, as in Bengio's net; with no blocks they go to the last layer as
            they are, which is the net of the lecture: the preset lecture.

    Examples:
        >>> import nextchar
        >>> corpus = nextchar.Corpus.from_items(["emma", "ava", "mia"])
        >>> net = nextchar.MLP(context=4, embedding=8, width=16, steps=5).fit(corpus)
        >>> net.kind, len(net.sample(2, seed=1))
        ('mlp', 2)
    """

    kind: ClassVar[str] = "mlp"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "small": {"context": 5, "embedding": 12, "width": 32, "layers": 1},
        "default": {},
        "large": {"context": 16, "width": 160, "layers": 3, "epochs": 40},
        "lecture": {"context": 3, "embedding": 10, "width": 200, "layers": 0, "tanh": True},
    }
    precision: Precision = "auto"
    context: int = setting(10, help="Symbols that it looks back.", at_least=1)
    embedding: int = setting(32, help="Numbers a symbol.", at_least=1)
    width: int = setting(96, help="Of the layers.", at_least=1)
    layers: int = setting(2, help="Residual blocks.", at_least=0, at_most=MOST_LAYERS)
    tanh: bool = setting(False, help="The first layer's numbers go through tanh, as in the lecture's net.")

    def net(self, V: int) -> Net:
        """A new net."""
        from nextchar.models.neural.nets.mlp import MlpNet

        return MlpNet(
            V,
            context=self.context,
            embedding=self.embedding,
            width=self.width,
            layers=self.layers,
            tanh=self.tanh,
            dropout=self.dropout or 0.0,
        )


@final
@dataclass(frozen=True, kw_only=True, repr=False)
class BoW(NetSpec):
    """The settings of a bag of words: a learned, weighted mean of the vectors of the symbols so far.

    Attributes:
        context: places with a vector of their own; by default as many as the longest item needs.
        width: numbers a symbol.
        layers: residual blocks.

    Examples:
        >>> import nextchar
        >>> corpus = nextchar.Corpus.from_items(["emma", "ava", "mia"])
        >>> net = nextchar.BoW(width=16, steps=5).fit(corpus)
        >>> net.kind, len(net.sample(2, seed=1))
        ('bow', 2)
    """

    kind: ClassVar[str] = "bow"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "small": {"width": 32},
        "default": {},
        "large": {"width": 160, "layers": 3, "epochs": 40},
    }
    precision: Precision = "auto"
    context: int | None = setting(None, help="Places with a vector of their own.", at_least=1, default_text=LONGEST)
    width: int = setting(96, help="Numbers a symbol.", at_least=1)
    layers: int = setting(2, help="Residual blocks.", at_least=1, at_most=MOST_LAYERS)

    def fitted_to(self, data: Corpus) -> Self:
        """With the context that the data asks for."""
        return replace(self, context=self.context or _longest(data))

    def net(self, V: int) -> Net:
        """A new net."""
        from nextchar.models.neural.nets.bow import BowNet

        assert self.context is not None
        return BowNet(V, context=self.context, width=self.width, layers=self.layers, dropout=self.dropout or 0.0)


@dataclass(frozen=True, kw_only=True, repr=False)
class RecurrentSpec(NetSpec):
    """Settings of the recurrent nets.

    Attributes:
        embedding: numbers a symbol.
        width: hidden numbers.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "small": {"embedding": 16, "width": 64},
        "default": {},
        "large": {"embedding": 64, "width": 320, "epochs": 40},
        "text": {"embedding": 64, "width": 512, "batch": 2048},
    }
    rate: float = 0.03
    embedding: int = setting(32, help="Numbers a symbol.", at_least=1)
    width: int = setting(160, help="Hidden numbers.", at_least=1)


@final
@dataclass(frozen=True, kw_only=True, repr=False)
class RNN(RecurrentSpec):
    """The settings of a plain recurrent net: a hidden vector that each symbol updates (Elman 1990).

    Attributes:
        embedding: numbers a symbol.
        width: hidden numbers.

    Examples:
        >>> import nextchar
        >>> corpus = nextchar.Corpus.from_items(["emma", "ava", "mia"])
        >>> net = nextchar.RNN(embedding=8, width=16, steps=5).fit(corpus)
        >>> net.kind, len(net.sample(2, seed=1))
        ('rnn', 2)
    """

    kind: ClassVar[str] = "rnn"
    rate: float = 0.01
    width: int = 256

    def net(self, V: int) -> Net:
        """A new net."""
        from nextchar.models.neural.nets.rnn import RnnNet

        return RnnNet(V, embedding=self.embedding, width=self.width, dropout=self.dropout or 0.0)


@final
@dataclass(frozen=True, kw_only=True, repr=False)
class GRU(RecurrentSpec):
    """The settings of a recurrent net whose gates say how much of its state a symbol renews (Cho et al. 2014).

    Attributes:
        embedding: numbers a symbol.
        width: hidden numbers.

    Examples:
        >>> import nextchar
        >>> corpus = nextchar.Corpus.from_items(["emma", "ava", "mia"])
        >>> net = nextchar.GRU(embedding=8, width=16, steps=5).fit(corpus)
        >>> net.kind, len(net.sample(2, seed=1))
        ('gru', 2)
    """

    kind: ClassVar[str] = "gru"

    def net(self, V: int) -> Net:
        """A new net."""
        from nextchar.models.neural.nets.gru import GruNet

        return GruNet(V, embedding=self.embedding, width=self.width, dropout=self.dropout or 0.0)


@final
@dataclass(frozen=True, kw_only=True, repr=False)
class LSTM(RecurrentSpec):
    """The settings of a recurrent net with a memory behind gates (Hochreiter and Schmidhuber 1997).

    Attributes:
        embedding: numbers a symbol.
        width: hidden numbers.

    Examples:
        >>> import nextchar
        >>> corpus = nextchar.Corpus.from_items(["emma", "ava", "mia"])
        >>> net = nextchar.LSTM(embedding=8, width=16, steps=5).fit(corpus)
        >>> net.kind, len(net.sample(2, seed=1))
        ('lstm', 2)
    """

    kind: ClassVar[str] = "lstm"

    def net(self, V: int) -> Net:
        """A new net."""
        from nextchar.models.neural.nets.lstm import LstmNet

        return LstmNet(V, embedding=self.embedding, width=self.width, dropout=self.dropout or 0.0)


@final
@dataclass(frozen=True, kw_only=True, repr=False)
class WaveNet(NetSpec):
    """The settings of dilated convolutions, each layer over twice as many symbols (van den Oord et al. 2016).

    Attributes:
        width: numbers a symbol.
        hidden: width of the blocks between the convolutions.
        layers: convolutions; n of them see 2^n symbols.

    Examples:
        >>> import nextchar
        >>> corpus = nextchar.Corpus.from_items(["emma", "ava", "mia"])
        >>> net = nextchar.WaveNet(width=16, hidden=32, layers=2, steps=5).fit(corpus)
        >>> net.kind, len(net.sample(2, seed=1))
        ('wavenet', 2)
    """

    kind: ClassVar[str] = "wavenet"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "small": {"width": 24, "hidden": 48, "layers": 3},
        "default": {},
        "large": {"width": 96, "hidden": 384, "layers": 5, "epochs": 40},
    }
    rate: float = 0.02
    precision: Precision = "auto"
    width: int = setting(64, help="Numbers a symbol.", at_least=1)
    hidden: int = setting(192, help="Width of the blocks between the convolutions.", at_least=1)
    layers: int = setting(4, help="Convolutions; n of them see 2^n symbols.", at_least=1, at_most=16)

    def net(self, V: int) -> Net:
        """A new net."""
        from nextchar.models.neural.nets.wavenet import WavenetNet

        return WavenetNet(V, width=self.width, hidden=self.hidden, layers=self.layers, dropout=self.dropout or 0.0)


@final
@dataclass(frozen=True, kw_only=True, repr=False)
class Transformer(NetSpec):
    """The settings of a Transformer: causal self-attention over the symbols so far (Vaswani et al. 2017).

    Attributes:
        context: symbols that a layer looks back; by default as many as the longest item needs.
        width: numbers a symbol; a multiple of heads.
        heads: of each layer.
        layers: of attention and feedforward.

    Raises:
        SettingsError: a setting is out of its range, or the width is no multiple of heads.

    Examples:
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
        "large": {"width": 64, "layers": 4, "epochs": 40},
        "text": {"width": 128, "layers": 4, "context": 128, "batch": 2048, "rate": 0.03, "adam_rate": 0.015},
        "nanogpt-cpu": {"width": 128, "layers": 4, "context": 64},
        "nanogpt": {"width": 384, "heads": 6, "layers": 6, "context": 256, "dropout": 0.2, "batch": 16_384},
    }
    rate: float = 0.015
    context: int | None = setting(None, help="Symbols that a layer looks back.", at_least=1, default_text=LONGEST)
    width: int = setting(48, help="Numbers a symbol; a multiple of heads.", at_least=1)
    heads: int = setting(4, help="Of each layer.", at_least=1)
    layers: int = setting(3, help="Of attention and feedforward.", at_least=1, at_most=MOST_LAYERS)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % self.heads:
            raise SettingsError(f"the width is a multiple of heads; {self.width} is none of {self.heads}")

    def fitted_to(self, data: Corpus) -> Self:
        """With the context that the data asks for."""
        return replace(self, context=self.context or _longest(data))

    def net(self, V: int) -> Net:
        """A new net."""
        from nextchar.models.neural.nets.transformer import TransformerNet

        assert self.context is not None
        return TransformerNet(
            V, context=self.context, width=self.width, heads=self.heads, layers=self.layers, dropout=self.dropout or 0.0
        )


def _longest(data: Corpus) -> int:
    from nextchar.models.neural.training.packing import is_text

    return TEXT_CONTEXT if is_text(data) else min(int(data.lengths.max()) + 1, LONGEST_CONTEXT)
