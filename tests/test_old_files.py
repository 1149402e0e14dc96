"""Model files of version 0.1.0, one of each kind: they load, and say what they said.

The files and the figures beside them were written by that version; those of context mixing when its contexts came to be
what they are.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nextchar
from nextchar.core.metrics import ExpertWorth, Metrics
from nextchar.tasks.classifier import Classifier

FOLDER = Path(__file__).parent / "fixtures" / "models"
EXPECTED: dict[str, dict[str, Any]] = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
NETS = {"bow", "mlp", "rnn", "gru", "lstm", "wavenet", "transformer", "ensemble"}


@pytest.mark.parametrize("name", sorted(EXPECTED.keys() - {"classifier"}))
def test_a_model_of_version_0_1_0_says_what_it_said(name: str) -> None:
    if name in NETS:
        pytest.importorskip("torch")
    model, expected = nextchar.load(FOLDER / f"{name}.safetensors"), EXPECTED[name]
    assert model.kind == expected["kind"]
    np.testing.assert_allclose(model.nats(["ana", "emma", "ava"]), expected["nats"], rtol=1e-12)
    assert model.sample(3, seed=7) == expected["sample"]


def metrics_of(name: str) -> Metrics:
    return nextchar.load(FOLDER / f"{name}.safetensors").metrics


def test_the_training_curve_of_a_bigram_net_of_version_0_1_0() -> None:
    curve = metrics_of("bigram-net").curve
    assert [point.step for point in curve] == list(range(21))
    assert curve[0].train_nats == 2.9385556963167163
    assert curve[0].objective == pytest.approx(2.9494486874462735, abs=1e-15)
    assert curve[1].epoch == 1
    assert curve[1].seconds == 0.0015247950000230048
    assert curve[0].diagnostics is None


def test_the_training_curve_and_the_experts_of_a_mix_of_version_0_1_0() -> None:
    metrics = metrics_of("mix")
    assert [(point.step, point.epoch, point.train_nats) for point in metrics.curve] == [
        (None, 1.0, 2.477057407762089),
        (None, 2.0, 2.297817505439181),
    ]
    assert metrics.fitted_positions == 99
    assert metrics.experts[0] == ExpertWorth(
        name="position", worth_nats=0.008945170788137335, active=0.9797979797979798
    )


def test_the_training_curve_of_a_net_of_version_0_1_0() -> None:
    pytest.importorskip("torch")
    metrics = metrics_of("mlp")
    assert [(point.step, point.epoch) for point in metrics.curve] == [(n, float(n)) for n in range(1, 6)]
    first, last = metrics.curve[0], metrics.curve[-1]
    assert (first.share, first.train_nats, first.validation_nats) == (0.2, 2.708050012588501, None)
    assert first.diagnostics is not None
    assert first.diagnostics.update_ratios == {"blocks.0.fall": 0.0, "blocks.0.rise": 0.0, "first": 0.0}
    assert last.share == 1
    assert (metrics.training_nats, metrics.parameters, metrics.precision) == (263.7352606085325, 843, "float32")


def test_what_smoothing_and_import_told_in_version_0_1_0() -> None:
    seated = metrics_of("ngram-pitman-yor").smoothing
    assert seated is not None
    assert seated.sweeps == 4
    assert seated.discounts[0] == (0.7481465750277108,)
    assert seated.concentrations[0] == 1.1452764107499136
    closed = metrics_of("ngram")
    assert closed.smoothing is not None
    assert closed.smoothing.discounts[0][:2] == (0.25, 1.5)
    assert closed.notes == ("orders 2, 3, 4: too few small counts to estimate discounts; took 0.5, 1, 1.5",)
    imported = metrics_of("backoff").imported
    assert imported is not None
    assert (imported.name, imported.size_bytes, imported.ngrams[:2]) == ("x.arpa", 5098, (16, 59))


def test_a_classifier_of_version_0_1_0_says_what_it_said() -> None:
    found = Classifier.load(FOLDER / "classifier.safetensors").predict_proba(["ana", "leon"])
    np.testing.assert_allclose(found, EXPECTED["classifier"]["proba"], rtol=1e-9)
