"""Training a net: one loss, one loop.

The loss is the mean surprisal of the symbols in a batch of rows (see `packing`), in nats. The learning rates rise
over the first 2% of the budget and then fall in a straight line to zero at its end, whether the budget is steps,
epochs or seconds. At each of twenty points along the way the net is measured on the validation items; the weights that
did best there are the ones that are kept.

With the same seed and a budget in steps or epochs, the same weights come out on the same machine, bit for bit, also
when training was interrupted and resumed. All that the loop carries on is in one `Snapshot`.

Letters: B rows of a batch, T places of a row, V size of the alphabet.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from nextchar.core.json_values import plain
from nextchar.core.metrics import CurvePoint, StepDiagnostics
from nextchar.data.corpus import Corpus
from nextchar.errors import SettingsError
from nextchar.models.neural.nets.base import Net
from nextchar.models.neural.training.muon import Optimiser
from nextchar.models.neural.training.packing import IGNORED, Epochs, PackedRows, pack
from nextchar.models.neural.training.settings import TrainSettings

__all__ = ["Snapshot", "Trainer", "device_of", "precision_on"]

POINTS: Final = 20  # times that the validation items are looked at
WARM_UP: Final = 0.02
FIRST: Final = 1e-3  # how far into the warm-up the first step is
LARGEST_NORM: Final = 1.0  # of the gradient
MEASURED_SYMBOLS: Final = 200_000  # of the validation items, at most, while training
MEASURED_ROWS: Final = 512  # rows of a batch when nothing is learned


@dataclass(frozen=True)
class Snapshot:
    """All that training carries from one step to the next: arrays, and numbers that JSON can hold."""

    arrays: Mapping[str, npt.NDArray[Any]]
    document: Mapping[str, Any]


class Trainer:
    """Trains a net on one corpus.

    Attributes:
        net: the net that is trained, on its device.
        curve: the points passed so far.
        stopped: why training ended before its budget did, or None.
        share: of the budget, from 0 to 1.
        precision: of the matrix products: float32 or bf16.

    Args:
        net: a new net.
        data: the items to learn from.
        validation: the items to choose the best weights by; without them the last weights are the best.
        settings: how to train.
        device: where.
    """

    def __init__(
        self, net: Net, data: Corpus, validation: Corpus | None, settings: TrainSettings, device: torch.device
    ) -> None:
        self.net = net.to(device)
        self.curve: list[CurvePoint] = []
        self.stopped: str | None = None
        self.share = 0.0
        self.precision = precision_on(device) if settings.precision == "auto" else settings.precision
        self._settings = settings
        self._device = device
        self._epochs = Epochs(data, seed=settings.seed)
        self._validation = None if validation is None else _some(validation, self._epochs.T)
        self._optimiser = Optimiser(
            net, net.matrices(), rate=settings.rate, adam_rate=settings.adam_rate, decay=settings.decay
        )
        self._B = max(settings.batch // self._epochs.T, 1)
        self._steps = settings.steps  # of the whole budget
        if settings.epochs is not None:
            self._steps = max(round(settings.epochs * -(-self._epochs.rows // self._B)), 1)
        self._step = self._epoch = self._row = 0
        self._seconds = self._since = 0.0  # of training, and at the last point
        self._points = 0
        self._nats, self._symbols = 0.0, 0  # since the last point
        self._norm: Tensor | float = 0.0
        self._pace = 0.0  # share of the learning rates in the last step
        self._ratios: dict[str, float] = {}
        self._best_nats, self._best_step, self._best_point = math.inf, 0, 0
        self._best: dict[str, Tensor] = {}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self._random = torch.get_rng_state()

    def run(self) -> Iterator[CurvePoint | None]:
        """Train to the end, step by step: after each comes None, or at a point what was measured.

        The caller may stop after any step, and take a snapshot of it.
        """
        begun = time.perf_counter() - self._seconds
        rows = self._epochs.epoch(self._epoch)
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(self._random)
            while self.share < 1 and self.stopped is None:
                if self._row >= len(rows.ids):
                    self._epoch, self._row = self._epoch + 1, 0
                    rows = self._epochs.epoch(self._epoch)
                self._learn(PackedRows(*(part[self._row : self._row + self._B] for part in rows)))
                self._row += self._B
                self._step += 1
                self._seconds = time.perf_counter() - begun
                self.share = self._share()
                point = self._measure(len(rows.ids)) if self.share * POINTS >= self._points + 1 else None
                self._random = torch.get_rng_state()
                yield point
        self.finish()

    def interrupt(self) -> None:
        """Let training end after this step."""
        self.stopped = f"interrupted after {self._step:,} steps; kept the weights of step {self._best_step:,}"

    def finish(self) -> None:
        """Give the net the best weights so far."""
        self.net.load_state_dict(self._best)

    def _share(self) -> float:
        if self._settings.seconds is not None:
            return min(self._seconds / self._settings.seconds, 1.0)
        assert self._steps is not None
        return self._step / self._steps

    def _learn(self, batch: PackedRows) -> None:
        """One update."""
        ids, targets = (torch.from_numpy(part).to(self._device) for part in batch)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            logits = self.net(ids)
        loss = F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), ignore_index=IGNORED)
        self._optimiser.zero()
        loss.backward()  # type: ignore[no-untyped-call]
        self._norm = self._optimiser.clip(LARGEST_NORM)
        watched = self._matrices() if not self._ratios else {}
        self._pace = min(1.0, (self.share + FIRST) / WARM_UP) * (1 - self.share)
        self._optimiser.step(self._pace)
        for name, before in watched.items():
            after = self.net.get_parameter(name).detach()
            self._ratios[name] = float((after - before).norm() / before.norm().clamp(min=1e-12))
        symbols = int((batch.targets != IGNORED).sum())
        self._nats += loss.item() * symbols
        self._symbols += symbols

    def _matrices(self) -> dict[str, Tensor]:
        return {name: self.net.get_parameter(name).detach().clone() for name in self.net.matrices()}

    def _measure(self, rows: int) -> CurvePoint:
        """Look at the validation items, keep the weights if they are the best so far, and see whether to go on."""
        validation = None if self._validation is None else self._validation_nats(self._validation)
        point = CurvePoint(
            step=self._step,
            epoch=self._epoch + min(self._row / rows, 1.0),
            seconds=self._seconds,
            share=self.share,
            train_nats=self._nats / max(self._symbols, 1),
            validation_nats=validation,
            diagnostics=StepDiagnostics(
                learning_rate=self._pace * self._settings.rate,
                symbols_per_second=self._symbols / max(self._seconds - self._since, 1e-9),
                gradient_norm=float(self._norm),
                update_ratios=self._ratios,
            ),
        )
        self.curve.append(point)
        self._points = int(self.share * POINTS)
        self._nats, self._symbols, self._ratios, self._since = 0.0, 0, {}, self._seconds
        best = not self._best or validation is None or validation < self._best_nats
        finite = math.isfinite(point.train_nats) and math.isfinite(validation or 0.0) and self._finite()
        if best and finite:
            self._best_nats = math.inf if validation is None else validation
            self._best_step, self._best_point = self._step, len(self.curve)
            self._best = {name: tensor.clone() for name, tensor in self.net.state_dict().items()}
        kept = f"kept the weights of step {self._best_step:,}"
        if not finite:
            lost = f"the loss is no longer a number after {self._step:,} steps"
            if not self._best:
                raise SettingsError(f"{lost}; try a smaller rate and adam_rate")
            self.stopped = f"{lost}; {kept}; try a smaller rate and adam_rate"
        elif self._settings.patience and len(self.curve) - self._best_point >= self._settings.patience:
            self.stopped = f"no better on the validation items since step {self._best_step:,} of {self._step:,}; {kept}"
        return point

    def _finite(self) -> bool:
        """Whether all weights are numbers: the training loss, from before the last update, does not show it."""
        return all(bool(tensor.isfinite().all()) for tensor in self.net.state_dict().values())

    def _validation_nats(self, rows: PackedRows) -> float:
        nats, symbols = 0.0, 0
        self.net.eval()
        with torch.no_grad():
            for first in range(0, len(rows.ids), MEASURED_ROWS):
                ids, targets = (torch.from_numpy(part[first : first + MEASURED_ROWS]).to(self._device) for part in rows)
                logits = self.net(ids).flatten(0, 1)
                nats += float(F.cross_entropy(logits, targets.flatten(), ignore_index=IGNORED, reduction="sum"))
                symbols += int((targets != IGNORED).sum())
        self.net.train()
        return nats / symbols

    # -- interruptions -----------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Where training stands after the last step."""
        arrays = {f"weights.{name}": tensor for name, tensor in self.net.state_dict().items()}
        arrays |= {f"best.{name}": tensor for name, tensor in self._best.items()}
        arrays |= {f"optimiser.{name}": tensor for name, tensor in self._optimiser.state().items()}
        arrays["random"] = self._random
        document = {name: getattr(self, f"_{name}") for name in _CARRIED}
        document["best_nats"] = None if math.isinf(self._best_nats) else self._best_nats
        curve = [plain(point.document()) for point in self.curve]
        copied = {name: tensor.detach().cpu().numpy().copy() for name, tensor in arrays.items()}
        return Snapshot(copied, {**document, "share": self.share, "stopped": self.stopped, "log": curve})

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of a trainer that was made with the same arguments.

        Raises:
            KeyError, TypeError, ValueError: the snapshot is not one of such a trainer.
        """
        parts: dict[str, dict[str, Tensor]] = {"weights": {}, "best": {}, "optimiser": {}}
        for name, array in snapshot.arrays.items():
            group, _, rest = name.partition(".")
            if group in parts:
                parts[group][rest] = torch.from_numpy(array.copy())
        try:
            self.net.load_state_dict(parts["weights"])  # copied into the optimiser's stacks
        except RuntimeError as error:
            raise ValueError(str(error)) from None
        shapes = {name: tensor.shape for name, tensor in self.net.state_dict().items()}
        if parts["best"] and {name: tensor.shape for name, tensor in parts["best"].items()} != shapes:
            raise ValueError("the best weights so far do not fit the net")
        self._best = {name: tensor.to(self._device) for name, tensor in parts["best"].items()}
        self._optimiser.load_state(parts["optimiser"])
        random = torch.from_numpy(snapshot.arrays["random"].copy())
        if random.shape != self._random.shape or random.dtype != self._random.dtype:
            raise ValueError("the state of the random numbers is none of torch")
        self._random = random
        for name in _CARRIED:
            setattr(self, f"_{name}", snapshot.document[name])
        self._best_nats = math.inf if snapshot.document["best_nats"] is None else snapshot.document["best_nats"]
        self.share, self.stopped = snapshot.document["share"], snapshot.document["stopped"]
        self.curve = [CurvePoint.from_document(point) for point in snapshot.document["log"]]


# The numbers that a trainer carries from step to step, beside weights, optimiser, random state and log.
_CARRIED: Final = (
    *("step", "epoch", "row", "points", "seconds", "since", "nats", "symbols", "ratios"),
    *("best_step", "best_point"),
)


def _some(corpus: Corpus, T: int) -> PackedRows:
    """A corpus, or its first 200,000 symbols, as rows."""
    return pack(next(iter(corpus.slices(MEASURED_SYMBOLS))), T)


def precision_on(device: torch.device) -> Literal["float32", "bf16"]:
    """What auto is on a device: bf16 where the processor has instructions that multiply it, as far as torch can tell.

    Without them it would be slower than float32. On graphics cards it has not been measured: there it is for the user
    to ask for.
    """
    found: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)() if device.type == "cpu" else {}
    return "bf16" if found.get("avx512_bf16") or found.get("amx_bf16") else "float32"


def device_of(name: str) -> torch.device:
    """The device of a name: auto is CUDA where there is one, else the processor.

    Raises:
        SettingsError: there is no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise SettingsError(f"there is no device {name!r}; choose auto, cpu or cuda") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise SettingsError(f"the device {name!r} was asked for, but torch finds no CUDA here; choose cpu or auto")
    if device.type not in ("cpu", "cuda"):
        raise SettingsError(f"the device {name!r} is not supported; choose auto, cpu or cuda")
    return device
