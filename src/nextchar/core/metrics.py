"""What was measured when a model was trained: its training curve, its losses, and what a person should know of both.

One shape for all models. A model that does not measure something leaves it out: None, or an empty tuple. In a model
file this is the JSON object `metrics`; what it does not know of such an object, a reader passes over.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from nextchar.core.json_values import bool_of, float_of, int_of, list_of, mapping_of, optional, text_of
from nextchar.core.outlier_threshold import OutlierThreshold
from nextchar.core.scoring import Evaluation

__all__ = [
    "INTERRUPTED",
    "CandidateLoss",
    "CurvePoint",
    "ExpertWorth",
    "ImportedFile",
    "Metrics",
    "PartLoss",
    "SmoothingParameters",
    "StepDiagnostics",
]

INTERRUPTED: Final = "interrupted after"
"""How it is said that Ctrl-C ended a training with what there was so far; what there was follows."""


@dataclass(frozen=True, kw_only=True)
class StepDiagnostics:
    """How the optimiser of a net was doing.

    Attributes:
        learning_rate: of the hidden matrices in the last step; that of Adam rises and falls in the same way.
        symbols_per_second: that were learned from since the point before.
        gradient_norm: of the last batch, before clipping.
        update_ratios: for each hidden matrix, how far one step moves it: norm of the change over norm of the matrix.
    """

    learning_rate: float
    symbols_per_second: float
    gradient_norm: float
    update_ratios: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """Where training stood at one point: a point of the training curve, a line of the training log.

    Attributes:
        step: updates so far; None where a file of version 0.1.0 does not tell.
        epoch: times through the data, with a fraction.
        seconds: of training so far.
        train_nats: nats per symbol of the training data: of the batches since the point before, as they were met, or
            of all of it where each step sees all.
        validation_nats: nats per symbol of the validation items, or None.
        penalty: what the training minimises beside train_nats, nats: the L2 term.
        share: of the budget, from 0 to 1.
        diagnostics: of nets.
    """

    step: int | None
    epoch: float
    seconds: float
    train_nats: float
    validation_nats: float | None = None
    penalty: float = 0.0
    share: float | None = None
    diagnostics: StepDiagnostics | None = None

    @property
    def objective(self) -> float:
        """What the training minimises, nats: the loss with the penalty."""
        return self.train_nats + self.penalty

    @property
    def text(self) -> str:
        """For a person, in a few words."""
        where = f"epoch {self.epoch:.1f}" if self.step is None else f"step {self.step:,}"
        parts = [where, f"loss {self.train_nats:.4f}"]
        if self.validation_nats is not None:
            parts.append(f"validation {self.validation_nats:.4f}")
        if self.diagnostics is not None:
            parts.append(f"{self.diagnostics.symbols_per_second:,.0f} symbols/s")
        return ", ".join(parts)

    def document(self) -> dict[str, Any]:
        """As the file and the log have it: flat, without what only other models measure."""
        return {
            "step": self.step,
            "epoch": self.epoch,
            "seconds": self.seconds,
            "train_nats": self.train_nats,
            "validation_nats": self.validation_nats,
            **({"penalty": self.penalty} if self.penalty else {}),
            **({} if self.share is None else {"share": self.share}),
            **({} if self.diagnostics is None else asdict(self.diagnostics)),
        }

    @classmethod
    def from_document(cls, document: object) -> CurvePoint:
        """The point that `document` came from.

        Raises:
            KeyError, TypeError: it is none.
        """
        known = mapping_of(document, _as_it_is)
        diagnostics = None
        if "update_ratios" in known:
            diagnostics = StepDiagnostics(
                learning_rate=float_of(known["learning_rate"]),
                symbols_per_second=float_of(known["symbols_per_second"]),
                gradient_norm=float_of(known["gradient_norm"]),
                update_ratios=mapping_of(known["update_ratios"], float_of),
            )
        return cls(
            step=optional(known["step"], int_of),
            epoch=float_of(known["epoch"]),
            seconds=float_of(known["seconds"]),
            train_nats=float_of(known["train_nats"]),
            validation_nats=optional(known["validation_nats"], float_of),
            penalty=float_of(known.get("penalty", 0.0)),
            share=optional(known.get("share"), float_of),
            diagnostics=diagnostics,
        )


@dataclass(frozen=True, kw_only=True)
class PartLoss:
    """The loss on one part of the data.

    Attributes:
        items: how many.
        symbols: characters plus one boundary an item.
        nats_per_symbol: weights counted.
        impossible: for people: the first n-gram that the model holds impossible, where the loss is infinite.
        new_items: those of them that are not in the training data, or None for the training data itself.
        new_nats_per_symbol: the loss on these; None where there are none.
    """

    items: int
    symbols: int
    nats_per_symbol: float
    impossible: str | None = None
    new_items: int | None = None
    new_nats_per_symbol: float | None = None

    @classmethod
    def of(cls, everything: Evaluation, new: Evaluation | None = None) -> PartLoss:
        """From the loss on all items and, of a part that was held out, that on its new ones."""
        return cls(
            items=everything.items,
            symbols=everything.symbols,
            nats_per_symbol=everything.nats_per_symbol,
            impossible=everything.impossible,
            new_items=None if new is None else new.items,
            new_nats_per_symbol=None if new is None or not new.items else new.nats_per_symbol,
        )

    @property
    def bits_per_symbol(self) -> float:
        """The loss in bits."""
        return self.nats_per_symbol / math.log(2)

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        new = {"new_items": self.new_items, "new_nats_per_symbol": self.new_nats_per_symbol}
        return {
            "items": self.items,
            "symbols": self.symbols,
            "nats_per_symbol": self.nats_per_symbol,
            "bits_per_symbol": self.bits_per_symbol,
            **({"impossible": self.impossible} if self.impossible else {}),
            **({} if self.new_items is None else new),
        }

    @classmethod
    def from_document(cls, document: object) -> PartLoss:
        """The loss that `document` came from.

        Raises:
            KeyError, TypeError: it is none.
        """
        known = mapping_of(document, _as_it_is)
        return cls(
            items=int_of(known["items"]),
            symbols=int_of(known["symbols"]),
            nats_per_symbol=float_of(known["nats_per_symbol"]),
            impossible=optional(known.get("impossible"), text_of),
            new_items=optional(known.get("new_items"), int_of),
            new_nats_per_symbol=optional(known.get("new_nats_per_symbol"), float_of),
        )


@dataclass(frozen=True, kw_only=True)
class SmoothingParameters:
    """What smoothing estimated from the data.

    Attributes:
        discounts: for each order what is taken from counts of 1, 2, 3 and more, or one number for all of them.
        k: what is added to every count.
        concentrations: of pitman-yor, for each order.
        sweeps: of pitman-yor, those that were done.
    """

    discounts: tuple[tuple[float, ...], ...] = ()
    k: float | None = None
    concentrations: tuple[float, ...] = ()
    sweeps: int | None = None

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        rows = [list(row) if len(row) > 1 else row[0] for row in self.discounts]
        k = [] if self.k is None else [self.k]
        known = {"discounts": rows, "k": k, "concentrations": list(self.concentrations), "sweeps": self.sweeps}
        return {name: value for name, value in known.items() if value not in ([], None)}

    @classmethod
    def from_document(cls, document: object) -> SmoothingParameters:
        """The parameters that `document` came from.

        Raises:
            TypeError: it is none.
        """
        known = mapping_of(document, _as_it_is)
        k = list_of(known.get("k"), float_of)
        return cls(
            discounts=list_of(known.get("discounts"), _row_of),
            k=k[0] if k else None,
            concentrations=list_of(known.get("concentrations"), float_of),
            sweeps=optional(known.get("sweeps"), int_of),
        )


@dataclass(frozen=True, kw_only=True)
class ExpertWorth:
    """What one expert of a mix is worth.

    Attributes:
        name: what it looks at.
        worth_nats: how many nats per symbol more the mix costs, on items left out, without it.
        active: at which share of the positions it is used.
    """

    name: str
    worth_nats: float
    active: float

    @classmethod
    def from_document(cls, document: object) -> ExpertWorth:
        """As JSON has it: an object of the same fields.

        Raises:
            KeyError, TypeError: it is none.
        """
        known = mapping_of(document, _as_it_is)
        return cls(
            name=text_of(known["name"]), worth_nats=float_of(known["worth_nats"]), active=float_of(known["active"])
        )


@dataclass(frozen=True, kw_only=True)
class CandidateLoss:
    """A model that was tried before one was chosen.

    Attributes:
        smoothing: of an n-gram model, its method.
        order: of an n-gram model, n.
        nats_per_symbol: of the items held out, of a mix of a part of them; None where there were too few to hold any
            out.
        weights: what items' weights said to it.
        model: its kind.
    """

    smoothing: str | None
    order: int | None
    nats_per_symbol: float | None
    weights: str = "repeats"
    model: str = "ngram"

    @classmethod
    def from_document(cls, document: object) -> CandidateLoss:
        """As JSON has it: an object of the same fields.

        Raises:
            KeyError, TypeError: it is none.
        """
        known = mapping_of(document, _as_it_is)
        loss = optional(known["nats_per_symbol"], float_of)
        return cls(
            smoothing=optional(known["smoothing"], text_of),
            order=optional(known["order"], int_of),
            nats_per_symbol=None if loss is None or math.isnan(loss) else loss,  # version 0.1.0 wrote nan
            weights=text_of(known.get("weights", "repeats")),
            model=text_of(known.get("model", "ngram")),
        )


@dataclass(frozen=True, kw_only=True)
class ImportedFile:
    """The file that a model was imported from.

    Attributes:
        name: without its folder.
        size_bytes: uncompressed.
        sha256: of these bytes.
        ngrams: how many of each order, from 1 on.
    """

    name: str
    size_bytes: int
    sha256: str
    ngrams: tuple[int, ...]

    @classmethod
    def from_document(cls, document: object) -> ImportedFile:
        """As JSON has it: an object of the same fields.

        Raises:
            KeyError, TypeError: it is none.
        """
        known = mapping_of(document, _as_it_is)
        return cls(
            name=text_of(known["name"]),
            size_bytes=int_of(known["size_bytes"]),
            sha256=text_of(known["sha256"]),
            ngrams=list_of(known["ngrams"], int_of),
        )


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """What was measured when a model was trained.

    Attributes:
        curve: the training curve, for models that are trained step by step.
        training_seconds: of the training alone, where the model tells.
        stopped: why training ended early, or None.
        notes: what a person should know about it.
        training_nats: -log p of the training data, weights counted, where the model measured it.
        parameters: how many numbers a net has learned.
        device: that a net was trained on.
        precision: of a net's matrix products in training.
        smoothing: what the smoothing of an n-gram model estimated.
        experts: of a mix.
        fitted_positions: to how many the gate of a mix was fitted.
        imported: for a model that was not trained but imported.
        seconds: of everything, reading the data included.
        split: which items were held out; "none" for none of them.
        seed: of the split, where it has one.
        distinct: whether repeated items were counted once.
        repeats: how many items were left out for that.
        losses: on "train" and, of a split, on "validation" and "test".
        candidates: the models that were tried, the best first, where one was to be chosen.
        chosen: why it was chosen, in one sentence for people.
        outliers: the calibrated threshold, see `tasks.outliers`.
    """

    curve: tuple[CurvePoint, ...] = ()
    training_seconds: float | None = None
    stopped: str | None = None
    notes: tuple[str, ...] = ()
    training_nats: float | None = None
    parameters: int | None = None
    device: str | None = None
    precision: str | None = None
    smoothing: SmoothingParameters | None = None
    experts: tuple[ExpertWorth, ...] = ()
    fitted_positions: int | None = None
    imported: ImportedFile | None = None
    seconds: float | None = None
    split: str | None = None
    seed: int | None = None
    distinct: bool | None = None
    repeats: int | None = None
    losses: Mapping[str, PartLoss] = field(default_factory=dict)
    candidates: tuple[CandidateLoss, ...] = ()
    chosen: str | None = None
    outliers: OutlierThreshold | None = None

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the training, with what there was so far."""
        return any(INTERRUPTED in said for said in (self.stopped or "", *self.notes))

    def document(self) -> dict[str, Any]:
        """As the model's file has it; what was not measured is left out. Numbers may be infinite: see `plain`."""
        known = {
            "training": [point.document() for point in self.curve],
            "training_seconds": self.training_seconds,
            "stopped": self.stopped,
            "notes": list(self.notes),
            "training_nats": self.training_nats,
            "parameters": self.parameters,
            "device": self.device,
            "precision": self.precision,
            "smoothing": None if self.smoothing is None else self.smoothing.document(),
            "experts": [asdict(expert) for expert in self.experts],
            "fitted_positions": self.fitted_positions,
            "imported": None if self.imported is None else asdict(self.imported),
            "seconds": self.seconds,
            "split": self.split,
            "seed": self.seed,
            "distinct": self.distinct,
            "repeats": self.repeats,
            "splits": {name: part.document() for name, part in self.losses.items()},
            "choice": [asdict(candidate) for candidate in self.candidates],
            "chosen": self.chosen,
            "outliers": None if self.outliers is None else self.outliers.document(),
        }
        return {name: value for name, value in known.items() if value is not None and value not in ([], {})}

    @classmethod
    def from_document(cls, document: object) -> Metrics:
        """What `document` came from, also in the shapes of version 0.1.0.

        Raises:
            KeyError, TypeError, ValueError: it is nothing of the kind.
        """
        known = mapping_of(document, _as_it_is)
        get = known.get
        return cls(
            curve=_curve_of(get("training")),
            training_seconds=optional(get("training_seconds"), float_of),
            stopped=optional(get("stopped"), text_of),
            notes=list_of(get("notes"), text_of),
            training_nats=optional(get("training_nats"), float_of),
            parameters=optional(get("parameters"), int_of),
            device=optional(get("device"), text_of),
            precision=optional(get("precision"), text_of),
            smoothing=optional(get("smoothing"), SmoothingParameters.from_document),
            experts=list_of(get("experts"), ExpertWorth.from_document),
            fitted_positions=optional(get("fitted_positions"), int_of),
            imported=optional(get("imported"), ImportedFile.from_document),
            seconds=optional(get("seconds"), float_of),
            split=optional(get("split"), text_of),
            seed=optional(get("seed"), int_of),
            distinct=optional(get("distinct"), bool_of),
            repeats=optional(get("repeats"), int_of),
            losses=mapping_of(get("splits", {}), PartLoss.from_document),
            candidates=list_of(get("choice"), CandidateLoss.from_document),
            chosen=optional(get("chosen"), text_of),
            outliers=optional(get("outliers"), OutlierThreshold.from_document),
        )


def _as_it_is(value: object) -> object:
    return value


def _row_of(value: object) -> tuple[float, ...]:
    row = list_of(value, float_of) if isinstance(value, list | tuple) else (float_of(value),)
    if not row:
        raise TypeError("an order without a discount")
    return row


def _curve_of(document: object) -> tuple[CurvePoint, ...]:
    """A list of points or, as version 0.1.0 wrote it for the bigram net and the mix, an object of columns."""
    if not isinstance(document, Mapping):
        return list_of(document, CurvePoint.from_document)
    columns = {name: list_of(column, float_of) for name, column in document.items()}
    if "step" in columns:  # the bigram net, each of whose steps sees all data
        of_net = zip(*(columns[name] for name in ("step", "seconds", "data_loss", "loss")), strict=True)
        return tuple(
            CurvePoint(step=int(step), epoch=step, seconds=seconds, train_nats=nats, penalty=loss - nats)
            for step, seconds, nats, loss in of_net
        )
    of_mix = zip(columns["epoch"], columns["seconds"], columns["nats_per_symbol"], strict=True)
    return tuple(CurvePoint(step=None, epoch=epoch, seconds=at, train_nats=nats) for epoch, at, nats in of_mix)
