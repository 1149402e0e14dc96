"""How a net is trained: budget, rates, dropout, precision."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from nextchar.errors import SettingsError

__all__ = ["Precision", "TrainSettings"]


Precision = Literal["auto", "float32", "bf16"]


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """How a net is trained; one of steps, epochs and seconds is the budget.

    Attributes:
        steps: updates.
        epochs: times through the data; may be a fraction.
        seconds: of wall time, reading the data not counted.
        seed: of the first weights, the order of the data, and dropout.
        batch: symbols a step, about.
        rate: learning rate of the hidden matrices, by Muon.
        adam_rate: learning rate of everything else, by Adam.
        decay: weight decay of the hidden matrices.
        dropout: share of the hidden numbers that is left out at random in training.
        patience: of the 20 points, how many without a better validation loss end training; 0 for never.
        precision: of the matrix products, float32 or bf16; auto is bf16 on a processor that multiplies it, float32
            elsewhere. The weights have 32 bits in any case.

    Raises:
        SettingsError: a setting is out of its range, or there is more than one budget.
    """

    steps: int | None = None
    epochs: float | None = None
    seconds: float | None = None
    seed: int = 0
    batch: int = 1024
    rate: float = 0.01
    adam_rate: float = 0.006
    decay: float = 0.0
    dropout: float = 0.0
    patience: int = 8
    precision: Precision = "float32"

    def __post_init__(self) -> None:
        budgets = [name for name in ("steps", "epochs", "seconds") if getattr(self, name) is not None]
        if len(budgets) != 1:
            given = " and ".join(budgets) or "none of them"
            raise SettingsError(f"give one of steps, epochs and seconds as the budget of training, not {given}")
        for name, least in (("steps", 1), ("seed", 0), ("batch", 1), ("patience", 0)):
            value = getattr(self, name)
            if value is not None and (value != int(value) or value < least):
                raise SettingsError(f"{name} is a whole number of at least {least}, not {value}")
        if self.seed >= 2**63:
            raise SettingsError(f"a seed is a whole number from 0 to 2^63 - 1, not {self.seed}")
        for name in ("epochs", "seconds", "rate", "adam_rate"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise SettingsError(f"{name} is a number above 0, not {value}")
        if not (math.isfinite(self.decay) and self.decay >= 0):
            raise SettingsError(f"decay is a number of at least 0, not {self.decay}")
        if not 0 <= self.dropout < 1:
            raise SettingsError(f"dropout is a share from 0 to below 1, not {self.dropout}")
        if self.precision not in ("auto", "float32", "bf16"):
            raise SettingsError(f"there is no precision {self.precision!r}; choose auto, float32 or bf16")
