"""Model files of version 0.1.0, one of each kind: they load, and say what they said.

The files and the figures beside them were written by that version.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nextchar
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


def test_a_classifier_of_version_0_1_0_says_what_it_said() -> None:
    found = Classifier.load(FOLDER / "classifier.safetensors").predict_proba(["ana", "leon"])
    np.testing.assert_allclose(found, EXPECTED["classifier"]["proba"], rtol=1e-9)
