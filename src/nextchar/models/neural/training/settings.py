"""How a net is trained: budget, rates, dropout, precision; and how such a training runs. Nothing here needs torch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, Literal, Self

from nextchar.core.settings import LARGEST_SEED, check, setting
from nextchar.data.display import one_line
from nextchar.errors import SettingsError

if TYPE_CHECKING:
    from nextchar.data.corpus import Corpus
    from nextchar.models.neural.nets.base import Net

__all__ = ["NetTraining", "Precision", "Run", "TrainSettings"]

Precision = Literal["auto", "float32", "bf16"]
FOLLOWS: Final = "follows from the budget"


@dataclass(frozen=True, kw_only=True)
class Run:
    """How a training runs, which is no part of the model.

    Attributes:
        device: auto, cpu, cuda or mps.
        checkpoint: where to write what is needed to go on: every minute, when Ctrl-C ends training, and at its end.
        resume: go on from that file, if there is one.
        every_seconds: between two checkpoints.
        begun: when the seconds of the budget began, by `time.perf_counter`; by default when training is asked for.
        log: a file to which each point is added as a line of JSON.
        tensorboard: a folder in which TensorBoard finds the points as curves.

    Raises:
        SettingsError: the time between two checkpoints is out of its range.
    """

    device: str = setting("auto", help="auto, cpu, cuda or mps.", option="device", metavar="NAME")
    log: Path | None = setting(None, help="Write the training curve as JSON lines.", option="log", metavar="FILE")
    tensorboard: Path | None = setting(
        None,
        help='Write it for TensorBoard, into a folder of its own; needs pip install "nextchar[tensorboard]".',
        option="tensorboard",
        metavar="DIR",
    )
    checkpoint: Path | None = setting(
        None,
        help="Where to write every minute, and on Ctrl-C, all that is needed to go on.",
        option="checkpoint",
        metavar="FILE",
    )
    resume: bool = setting(False, help="Go on from the checkpoint, if there is one.", option="resume")
    every_seconds: float = setting(60.0, help="Between two checkpoints.", at_least=0)
    begun: float | None = setting(None, help="When the seconds of the budget began.")

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """How a net is trained; one of steps, epochs and seconds is the budget.

    Attributes:
        steps: updates.
        epochs: times through the data; may be a fraction.
        seconds: of wall time for everything from the data in memory to the measured model.
        seed: of the first weights, the order of the data, and dropout.
        batch: symbols a step, about.
        rate: learning rate of the hidden matrices, by Muon.
        adam_rate: learning rate of everything else, by Adam.
        decay: weight decay of the hidden matrices; by default it follows from how often the data is read, see
            `training.planning`.
        dropout: share of the hidden numbers that is left out at random in training; by default it follows likewise.
        hold_out: share of the different items that is not trained on where no validation items are given: training
            keeps the weights that predict them best; 0 for none.
        patience: of the 20 points, how many without a better validation loss send training back to its best weights,
            and in the end stop it; 0 for never.
        weights: what items' weights say. By importance items are drawn by a power of their weights with which enough of
            them are read (see `data.item_weights.importance`), and new items are predicted best; as repeats they are
            drawn as often as they weigh.
        precision: of the matrix products, float32 or bf16; auto is bf16 on a processor that multiplies it, float32
            elsewhere. The weights have 32 bits in any case.

    Raises:
        SettingsError: a setting is out of its range, or there is more than one budget.
    """

    steps: int | None = setting(None, help="Train for so many updates.", at_least=1, option="steps", metavar="N")
    epochs: float | None = setting(
        None, help="Train so many times through the data.", above=0, at_most=10**9, option="epochs", metavar="X"
    )
    seconds: float | None = setting(None, help="Train for so long.", above=0, option="seconds", metavar="X")
    seed: int = setting(
        0, help="Of the first weights, the order of the data and dropout.", at_least=0, at_most=LARGEST_SEED
    )
    batch: int = setting(1024, help="Symbols a step, about.", at_least=1)
    rate: float = setting(0.01, help="Learning rate of the hidden matrices (Muon).", above=0)
    adam_rate: float = setting(0.006, help="Learning rate of everything else (Adam).", above=0)
    decay: float | None = setting(
        None, help="Weight decay of the hidden matrices.", at_least=0, default_text=FOLLOWS, metavar="X"
    )
    dropout: float | None = setting(
        None,
        help="Of the hidden numbers, left out at random.",
        noun="share",
        at_least=0,
        below=1,
        default_text=FOLLOWS,
        metavar="X",
    )
    hold_out: float = setting(
        0.1,
        help="Of the items, not trained on where there is no split: the weights that predict them best are kept.",
        noun="share",
        at_least=0,
        at_most=0.5,
        option="hold-out",
        metavar="SHARE",
    )
    patience: int = setting(
        8,
        help="Of 20 points, how many without a better validation loss end a stretch of training; 0: never.",
        at_least=0,
    )
    weights: Literal["importance", "repeats"] = setting(
        "importance", help="What items' weights say: how much each matters, or how often each is there."
    )
    precision: Precision = setting("float32", help="Of matrix products; auto: bf16 where the processor has it.")

    __repr__ = one_line

    def __post_init__(self) -> None:
        budgets = [name for name in ("steps", "epochs", "seconds") if getattr(self, name) is not None]
        if len(budgets) != 1:
            given = " and ".join(budgets) or "none of them"
            raise SettingsError(f"give one of steps, epochs and seconds as the budget of training, not {given}")
        check(self)


@dataclass(frozen=True, kw_only=True, repr=False)
class NetTraining(TrainSettings, ABC):
    """The settings of a training that make the net, too."""

    kind: ClassVar[str]

    @property
    @abstractmethod
    def summary(self) -> str:
        """The shape of the net and the budget, for people."""

    @property
    def budget_seconds(self) -> float | None:
        """The seconds, where they are the budget."""
        return self.seconds

    @abstractmethod
    def net(self, V: int) -> Net:
        """A new net for an alphabet of V symbols, with weights from torch's current random state."""

    def fitted_to(self, data: Corpus) -> Self:  # noqa: ARG002 - some nets go by it
        """The settings with what follows from the data filled in."""
        return self
