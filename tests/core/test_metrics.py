"""What was measured in training: one shape for all models, through JSON and back, also from files of version 0.1.0."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace

import pytest

from nextchar.core.json_values import plain
from nextchar.core.metrics import (
    CandidateLoss,
    CurvePoint,
    ExpertWorth,
    ImportedFile,
    Metrics,
    PartLoss,
    SmoothingParameters,
    StepDiagnostics,
)
from nextchar.core.outlier_threshold import OutlierThreshold
from nextchar.core.scoring import Evaluation

POINT = CurvePoint(step=40, epoch=1.5, seconds=0.25, train_nats=2.5)
OF_NET = replace(
    POINT,
    validation_nats=2.25,
    share=0.5,
    diagnostics=StepDiagnostics(
        learning_rate=0.01, symbols_per_second=5e4, gradient_norm=0.75, update_ratios={"first": 0.002}
    ),
)
LOSS = PartLoss(items=3, symbols=12, nats_per_symbol=math.log(2))
EVERYTHING = Metrics(
    curve=(POINT, replace(POINT, step=None, penalty=0.125), OF_NET),
    training_seconds=1.5,
    stopped="interrupted",
    notes=("one", "two"),
    training_nats=30.0,
    parameters=99,
    device="cpu",
    precision="bf16",
    smoothing=SmoothingParameters(discounts=((0.5, 1.0, 1.5), (0.7,)), k=0.1, concentrations=(1.0, 2.0), sweeps=4),
    experts=(ExpertWorth(name="last 1", worth_nats=0.01, active=0.9),),
    fitted_positions=100,
    imported=ImportedFile(name="x.arpa", size_bytes=7, sha256="ab", ngrams=(2, 3)),
    seconds=2.5,
    split="distinct",
    seed=3,
    distinct=False,
    repeats=0,
    losses={
        "train": LOSS,
        "validation": replace(LOSS, new_items=0),
        "test": replace(
            LOSS, nats_per_symbol=math.inf, impossible="'ab' in item 1", new_items=2, new_nats_per_symbol=1.0
        ),
    },
    candidates=(
        CandidateLoss(smoothing="add", order=3, nats_per_symbol=2.0),
        CandidateLoss(smoothing="witten-bell", order=3, nats_per_symbol=None),
    ),
    chosen="chose add",
    outliers=OutlierThreshold(
        false_alarms=0.1, mean=(1.0, 2.0), variance=(0.0, 1.0, 0.5), threshold=((4.0, 2.0), (8.0, 1.0)), items=100
    ),
)


def through_json(metrics: Metrics) -> Metrics:
    return Metrics.from_document(json.loads(json.dumps(plain(metrics.document()), allow_nan=False)))


def test_through_json_and_back() -> None:
    empty = Metrics()
    assert all(getattr(EVERYTHING, entry.name) != getattr(empty, entry.name) for entry in fields(Metrics))
    assert through_json(EVERYTHING) == EVERYTHING
    assert through_json(empty) == empty
    assert empty.document() == {}


def test_what_a_newer_version_adds_is_passed_over() -> None:
    assert Metrics.from_document({"temperature": [1, 2], "notes": ["one"]}) == Metrics(notes=("one",))


def test_the_columns_of_a_bigram_net_of_version_0_1_0() -> None:
    columns = {"step": [0, 1], "loss": [3.0, 2.5], "data_loss": [2.75, 2.5], "seconds": [0.0, 0.5]}
    first, second = Metrics.from_document({"training": columns}).curve
    # 3 nats are 2.75 of data and 0.25 of L2; each step sees all data, so it is an epoch
    assert first == CurvePoint(step=0, epoch=0, seconds=0, train_nats=2.75, penalty=0.25)
    assert first.objective == 3.0
    assert second == CurvePoint(step=1, epoch=1, seconds=0.5, train_nats=2.5)


def test_the_columns_of_a_mix_of_version_0_1_0() -> None:
    columns = {"epoch": [1.0, 1.5], "nats_per_symbol": [2.0, 1.75], "seconds": [1, 2]}
    assert Metrics.from_document({"training": columns}).curve == (
        CurvePoint(step=None, epoch=1.0, seconds=1.0, train_nats=2.0),
        CurvePoint(step=None, epoch=1.5, seconds=2.0, train_nats=1.75),
    )


def test_the_losses_that_train_wrote_in_version_0_1_0() -> None:
    part = {"items": 2, "symbols": 8, "nats_per_symbol": "inf", "bits_per_symbol": "inf", "impossible": "'ab'"}
    document = {
        "seconds": 1.5, "split": "lecture", "seed": None, "distinct": True, "repeats": 4,
        "choice": [{"smoothing": "witten-bell", "order": 3, "nats_per_symbol": "nan"}], "chosen": "took order 3",
        "splits": {"test": {**part, "new_items": 1, "new_nats_per_symbol": None}},
    }  # fmt: skip
    found = Metrics.from_document(document)
    assert found.losses == {
        "test": PartLoss(items=2, symbols=8, nats_per_symbol=math.inf, impossible="'ab'", new_items=1)
    }
    assert found.candidates == (CandidateLoss(smoothing="witten-bell", order=3, nats_per_symbol=None),)
    assert (found.seconds, found.split, found.seed, found.distinct, found.repeats) == (1.5, "lecture", None, True, 4)


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        "text",
        {"notes": "one"},
        {"seconds": "soon"},
        {"seed": True},
        {"parameters": 1.5},
        {"training": 3},
        {"training": [{"step": 1}]},
        {"training": {"epoch": [1], "seconds": [1]}},
        {"training": {"epoch": [1], "seconds": [1], "nats_per_symbol": [1, 2]}},
        {"splits": []},
        {"splits": {"train": {"items": 1}}},
        {"experts": [{"name": 1, "worth_nats": 0, "active": 0}]},
        {"smoothing": {"discounts": [["a"]]}},
        {"distinct": "yes"},
    ],
    ids=str,
)
def test_what_is_nothing_of_the_kind(wrong: object) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Metrics.from_document(wrong)


def test_a_point_in_words() -> None:
    assert POINT.text == "step 40, loss 2.5000"
    assert replace(POINT, step=None).text == "epoch 1.5, loss 2.5000"
    assert OF_NET.text == "step 40, loss 2.5000, validation 2.2500, 50,000 symbols/s"


def test_the_lines_of_a_log_are_flat() -> None:
    document = OF_NET.document()
    assert document["update_ratios"] == {"first": 0.002}
    assert document["gradient_norm"] == 0.75
    assert "penalty" not in document  # nets have none
    assert CurvePoint.from_document(document) == OF_NET


def test_the_loss_of_a_part() -> None:
    every = Evaluation(items=3, symbols=12, nats=24.0, weight=12)
    new = Evaluation(items=1, symbols=4, nats=12.0, weight=4)
    none = Evaluation(items=0, symbols=0, nats=0.0, weight=0)
    loss = PartLoss.of(every, new)
    assert loss.nats_per_symbol == 2.0  # 24 / 12
    assert loss.bits_per_symbol == pytest.approx(2.0 / math.log(2))
    assert (loss.new_items, loss.new_nats_per_symbol) == (1, 3.0)  # 12 / 4
    assert (PartLoss.of(every, none).new_items, PartLoss.of(every, none).new_nats_per_symbol) == (0, None)
    assert "new_items" not in PartLoss.of(every).document()
