"""Training a net: the loop, the best weights so far, and what all of it carries from step to step.

Training goes in stretches (see `schedule`), and mostly one is all the budget (steps, epochs or seconds) has room for.
At each point along the way the net is measured on the validation items; the weights that did best there are the ones
that are kept. Where they do no better for some points, or the stretch ends before the budget does, the next one goes on
from the best weights with lower rates; when a stretch gains nothing, training ends. So a larger budget does what a
smaller one does, and then perhaps more.

Several processes may share the rows of each batch (see `learner`); all that is here is the same in each of them.

With the same seed and a budget in steps or epochs, the same weights come out on the same machine, bit for bit, also
when training was interrupted and resumed. All that the loop carries on is in one `Snapshot`.

Letters: B rows of a batch, T places of a row, V size of the alphabet.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nextchar.core.json_values import float_of, int_of, mapping_of, optional, plain, text_of
from nextchar.core.metrics import INTERRUPTED, CurvePoint, StepDiagnostics
from nextchar.data.corpus import Corpus
from nextchar.data.display import thousands
from nextchar.data.splits import beginning
from nextchar.errors import SettingsError
from nextchar.models.neural.nets.base import Net
from nextchar.models.neural.training.beside import Beside
from nextchar.models.neural.training.learner import Learner
from nextchar.models.neural.training.packing import EpochRows, PackedRows, pack
from nextchar.models.neural.training.planning import MEASURED_SYMBOLS, TrainingPlan, planned, stronger
from nextchar.models.neural.training.processes import Processes
from nextchar.models.neural.training.schedule import LOWER, POINTS, Schedule
from nextchar.models.neural.training.settings import TrainSettings
from nextchar.models.neural.training.stretches import row_source

__all__ = ["Snapshot", "Trainer"]

LEAST_MEASURED_SYMBOLS: Final = 2_000  # of the validation items at each point; more where it costs little:
MEASURED_SHARE: Final = 0.3  # of the symbols trained on between two points
LEAST_GAIN: Final = 0.001  # nats per symbol, by which a stretch has to better the weights that it began with
AFTERWARDS: Final = 0.07  # of the seconds, kept for measuring and saving what was trained,
MOST_AFTERWARDS: Final = 5.0  # seconds, however long training is: a sample says enough
PROBE_SHARE, PROBE_SECONDS, PROBE_STEPS = 0.03, 0.5, 3  # of finding out how fast training is


@dataclass(frozen=True)
class Snapshot:
    """All that training carries from one step to the next: arrays, and numbers that JSON can hold."""

    arrays: Mapping[str, npt.NDArray[Any]]
    document: Mapping[str, Any]


class Trainer:
    """Trains a net on one corpus.

    Attributes:
        curve: the points passed so far.
        stopped: why training ended before its budget did, or None.
        schedule: how far it is.
        plan: what followed from the budget; None before the first step.
        learner: the net with its optimiser.
        asked_to_end: whether one of the processes was, at the last step.

    Args:
        net: a new net.
        data: the items to learn from.
        validation: the items to choose the best weights by; without them the last weights are the best.
        settings: how to train.
        device: where.
        spent_seconds: of a budget in seconds.
        further: the net is no new one: its weights are kept if none do better, and the rates are lower from the start.
        processes: those that share the work, each with a trainer that was made with the same arguments but for the
            device.
        beside: what another model says of data and validation, which the net adds to.
    """

    def __init__(
        self,
        net: Net,
        data: Corpus,
        validation: Corpus | None,
        settings: TrainSettings,
        device: torch.device,
        *,
        spent_seconds: float = 0.0,
        further: bool = False,
        processes: Processes | None = None,
        beside: Beside | None = None,
    ) -> None:
        self.curve: list[CurvePoint] = []
        self.stopped: str | None = None
        self.plan: TrainingPlan | None = None
        self.asked_to_end = False
        self._processes = processes or Processes()
        self._settings = settings
        self.learner = Learner(net, settings, device, self._processes, beside)
        begun = time.perf_counter()
        repeats = settings.weights == "repeats"
        self._epochs = row_source(data, net, batch=settings.batch, seed=settings.seed, repeats=repeats)
        self._validation = None if validation is None else _some(validation, self._epochs.T, seed=settings.seed)
        self._symbols_of_data = data.symbols
        self._B = max(settings.batch // self._epochs.T, 1)
        self._steps_an_epoch = -(-self._epochs.rows // self._B)
        budget = float(settings.steps or 0)
        if settings.epochs is not None:
            budget = float(max(round(settings.epochs * self._steps_an_epoch), 1))
        if settings.seconds is not None:
            budget = settings.seconds - min(AFTERWARDS * settings.seconds, MOST_AFTERWARDS)
        self.schedule = Schedule(
            budget=budget,
            in_seconds=settings.seconds is not None,
            seconds=spent_seconds + time.perf_counter() - begun,
            rates=LOWER if further else 1.0,
        )
        self._epoch = self._row = 0
        self._since = 0.0  # the seconds at the last point
        self._further = further
        self._goal = math.inf  # what the stretch has to come below to be worth another one
        self._nats = 0.0  # since the last point
        self._best_nats, self._best_step, self._best_point = math.inf, 0, 0
        self._best: dict[str, Tensor] = {}

    def run(self, interrupted: Callable[[], bool] = lambda: False) -> Iterator[CurvePoint | None]:
        """Train to the end, step by step: after each comes None, or at a point what was measured.

        The caller may stop after any step, and take a snapshot of it; where several processes train, all stop after the
        same one.

        Args:
            interrupted: whether this process was asked to end; `asked_to_end` then says so in all of them.
        """
        at = self.schedule
        begun = time.perf_counter() - at.seconds
        rows = self._epochs.epoch(self._epoch)
        if self.plan is None:
            self.plan = self._new_plan(rows, begun)
        self._follow(self.plan)
        if self._further and self._validation is not None and not self._best:
            self._best_nats = self.learner.measured(self._validation)
            self._best = self.learner.weights()
        while (at.share < 1 or not self._best) and self.stopped is None:  # one step at least
            if self._row >= rows.number:
                self._epoch, self._row = self._epoch + 1, 0
                rows = self._epochs.epoch(self._epoch)
                self.learner.read_anew()
            nats = self._learn(rows, self._row, at.step)
            told = self._processes.after_step(nats, time.perf_counter() - begun, interrupted=interrupted())
            self._nats += told.nats
            self.asked_to_end = told.interrupts > 0
            self._row += self._B
            at.step, at.seconds = at.step + 1, told.seconds
            point = self._measure(rows.number) if at.point_is_due else None
            if point is not None and self.stopped is None:
                at.seconds = self._processes.of_first(time.perf_counter() - begun)
                self._look_ahead()
            yield point
        self.finish()

    @property
    def products(self) -> float:
        """Multiplications of a step in this process, about: forward, and twice as many backward."""
        return 3.0 * self.learner.size * self._B * self._epochs.T / self._processes.size

    @property
    def unchanged(self) -> bool:
        """Whether the best weights are those that a net to be trained further had."""
        return self._further and self._best_step == 0 and bool(self._best)

    def interrupt(self) -> None:
        """Let training end after this step."""
        self.stopped = (
            f"{INTERRUPTED} {thousands(self.schedule.step, 'step')}; kept the weights of step {self._best_step:,}"
        )

    def finish(self) -> None:
        """Give the net the best weights so far."""
        self.learner.net.load_state_dict(self._best)

    # -- the plan and its stretches ------------------------------------------------------------------------------------

    def _new_plan(self, rows: EpochRows, begun: float) -> TrainingPlan:
        """See how often the budget reads the data, and what follows from that; and begin the first stretch."""
        at = self.schedule
        an_epoch = float(self._steps_an_epoch)  # in the budget's unit
        if at.in_seconds:
            an_epoch *= self._seconds_a_step(rows)
        epochs = max(at.left, 1e-9) / an_epoch
        plan = planned(
            self._settings,
            epochs=epochs,
            steps_an_epoch=self._steps_an_epoch,
            weights_a_symbol=self.learner.size / self._symbols_of_data,
        )
        # Where nothing is to end it before the budget, or the budget is no longer than a stretch, that is all of it.
        held = self._validation is not None or self._settings.hold_out > 0
        whole = not self._settings.patience or not held or plan.stretch >= epochs
        self._since = at.seconds = self._processes.of_first(time.perf_counter() - begun)
        at.start(math.inf if whole else plan.stretch * an_epoch)
        return plan

    def _follow(self, plan: TrainingPlan) -> None:
        """Let net, optimiser and validation rows be as the plan has them."""
        self.learner.regularise(plan.dropout, plan.decay)
        if self._validation is not None:
            between = plan.stretch * self._symbols_of_data / POINTS  # symbols
            most = max(MEASURED_SHARE * between, LEAST_MEASURED_SYMBOLS)
            number = max(math.ceil(most / self._epochs.T), 1)
            self._validation = self._validation.part(0, number)

    def _seconds_a_step(self, rows: EpochRows) -> float:
        """How long a step takes, from a few whose result is thrown away; the first, which prepares things, apart."""
        weights = self.learner.weights()
        budget = self.schedule.budget
        most = min(PROBE_SECONDS, PROBE_SHARE * budget)
        self._learn(rows, 0, 0)
        begun, steps, seconds = time.perf_counter(), 0, 0.0
        while steps < PROBE_STEPS or seconds < most:
            self._learn(rows, self._B * steps % rows.number, 0)
            steps, seconds = steps + 1, self._processes.of_first(time.perf_counter() - begun)
            if seconds > PROBE_SHARE * budget:
                break
        self.learner.go_back(weights)
        return seconds / steps

    def _look_ahead(self) -> None:
        """At a point: when the stretch is of no more use, go back to the best weights for another, or end training."""
        at = self.schedule
        patience, since = self._settings.patience, len(self.curve) - self._best_point
        over = at.into >= 1 or (patience and since >= patience)
        if not over or at.share >= 1:
            return
        if self._validation is None or self._best_nats > self._goal or not at.has_room:
            why = f"no better on the validation items since step {self._best_step:,}"
            if self._validation is None:
                why = f"so few items are known by heart with more than {at.step / self._steps_an_epoch:.0f} epochs"
            self.stopped = f"{why}; ended after step {at.step:,}, {at.share:.0%} of the budget"
            return
        self._goal = self._best_nats - LEAST_GAIN
        self.learner.go_back(self._best)
        assert self.plan is not None
        self.plan = stronger(self.plan, self._settings)
        self._follow(self.plan)
        at.go_on()
        self._best_point = len(self.curve)

    # -- steps and points ----------------------------------------------------------------------------------------------

    def _learn(self, rows: EpochRows, first: int, step: int) -> float:
        """Learn from the batch that begins with a row; gives the nats of this process's rows."""
        return self.learner.learn(rows.part(first, self._B), step, self.schedule.pace, carried=self._epochs.carried)

    def _measure(self, rows: int) -> CurvePoint:
        """Look at the validation items, keep the weights if they are the best so far, and see whether to go on."""
        at, learner = self.schedule, self.learner
        validation = None if self._validation is None else self.learner.measured(self._validation)
        point = CurvePoint(
            step=at.step,
            epoch=self._epoch + min(self._row / rows, 1.0),
            seconds=at.seconds,
            share=at.share,
            train_nats=self._nats / max(learner.symbols, 1),
            validation_nats=validation,
            diagnostics=StepDiagnostics(
                learning_rate=learner.pace * self._settings.rate,
                symbols_per_second=learner.symbols / max(at.seconds - self._since, 1e-9),
                gradient_norm=float(learner.norm),
                update_ratios=learner.ratios,
            ),
        )
        self.curve.append(point)
        at.pass_point()
        self._nats, learner.symbols, learner.ratios, self._since = 0.0, 0, {}, at.seconds
        best = not self._best or validation is None or validation < self._best_nats
        finite = math.isfinite(point.train_nats) and math.isfinite(validation or 0.0) and learner.finite()
        if best and finite:
            self._best_nats = math.inf if validation is None else validation
            self._best_step, self._best_point = at.step, len(self.curve)
            self._best = learner.weights()
        kept = f"kept the weights of step {self._best_step:,}"
        if not finite:
            lost = f"the loss is no longer a number after {thousands(at.step, 'step')}"
            if not self._best:
                raise SettingsError(f"{lost}; try a smaller rate and adam_rate")
            self.stopped = f"{lost}; {kept}; try a smaller rate and adam_rate"
        return point

    # -- interruptions -----------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Where training stands after the last step."""
        arrays = self.learner.state() | {f"best.{name}": tensor for name, tensor in self._best.items()}
        document: dict[str, Any] = {name: getattr(self, f"_{name}") for name in _CARRIED}
        document |= {name: getattr(self.schedule, name) for name in _OF_SCHEDULE}
        document |= {name: getattr(self.learner, name) for name in _OF_LEARNER}
        document |= {name: plain(document[name]) for name in ("best_nats", "goal")}
        document["plan"] = None if self.plan is None else self.plan._asdict()
        curve = [plain(point.document()) for point in self.curve]
        copied = {name: tensor.detach().cpu().numpy().copy() for name, tensor in arrays.items()}
        return Snapshot(copied, {**document, "share": self.schedule.share, "stopped": self.stopped, "log": curve})

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of a trainer that was made with the same arguments.

        Raises:
            KeyError, TypeError, ValueError: the snapshot is not one of such a trainer.
        """
        parts: dict[str, dict[str, Tensor]] = {"weights": {}, "best": {}, "optimiser": {}, "carried": {}}
        for name, array in snapshot.arrays.items():
            if not np.isfinite(array).all():
                raise ValueError(f"{name} has numbers that are not finite")
            group, _, rest = name.partition(".")
            if group in parts:
                parts[group][rest] = torch.from_numpy(array.copy())
        self.learner.load_state(parts["weights"], parts["optimiser"], parts["carried"])
        shapes = {name: tensor.shape for name, tensor in self.learner.net.state_dict().items()}
        if parts["best"] and {name: tensor.shape for name, tensor in parts["best"].items()} != shapes:
            raise ValueError("the best weights so far do not fit the net")
        self._best = {name: tensor.to(self.learner.device) for name, tensor in parts["best"].items()}
        document = snapshot.document
        for name, read in _CARRIED.items():
            setattr(self, f"_{name}", read(document[name]))
        for name, read in _OF_SCHEDULE.items():
            setattr(self.schedule, name, read(document[name]))
        for name, read in _OF_LEARNER.items():
            setattr(self.learner, name, read(document[name]))
        self.plan = optional(document["plan"], _plan_of)
        self.stopped = optional(document["stopped"], text_of)
        self.curve = [CurvePoint.from_document(point) for point in document["log"]]


def _count_of(value: object) -> int:
    if (count := int_of(value)) < 0:
        raise ValueError(f"{count} is below 0")
    return count


def _finite_of(value: object) -> float:
    if not math.isfinite(number := float_of(value)):
        raise ValueError(f"{number} is not finite")
    return number


# What a trainer, its schedule and its learner carry from step to step, beside weights, optimiser and log, and how each
# is read from a checkpoint.
_Readers = Mapping[str, Callable[[object], object]]
_CARRIED: Final[_Readers] = {
    **dict.fromkeys(("epoch", "row", "best_step", "best_point"), _count_of),
    **dict.fromkeys(("since", "nats"), _finite_of),
    **dict.fromkeys(("best_nats", "goal"), float_of),
}
_OF_SCHEDULE: Final[_Readers] = {
    **dict.fromkeys(("step", "points", "stretches"), _count_of),
    **dict.fromkeys(("seconds", "begin", "length", "rates"), _finite_of),
}
_OF_LEARNER: Final[_Readers] = {"symbols": _count_of, "ratios": lambda value: mapping_of(value, float_of)}


def _plan_of(document: object) -> TrainingPlan:
    return TrainingPlan(**mapping_of(document, float_of))


def _some(corpus: Corpus, T: int, *, seed: int) -> PackedRows:
    """A corpus, or its first 200,000 symbols, as rows in an order of chance: any number of them is a sample."""
    rows = pack(beginning(corpus, MEASURED_SYMBOLS), T)
    order = np.random.default_rng([seed]).permutation(len(rows.ids))
    return PackedRows(*(part[order] for part in rows))
