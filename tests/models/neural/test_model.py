"""Nets from files whose settings and weights do not go together: refused before any memory is taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nextchar
from nextchar.core.model_file import ModelFile, read_model_file, write_model_file
from nextchar.errors import ModelFileError, SettingsError

pytest.importorskip("torch")

import torch

from nextchar.models.neural.families import WaveNet

FILES = Path(__file__).parents[2] / "fixtures" / "models"
HUGE = 10**9  # a width of which would take 10^9 x 10^9 numbers for each matrix


def changed(kind: str, path: Path, **settings: Any) -> Path:
    content = read_model_file(FILES / f"{kind}.safetensors")
    document = {name: value for name, value in content.document.items() if name not in ("format", "kind", "package")}
    assert set(settings) <= set(document["settings"])
    document["settings"] |= settings
    write_model_file(path, ModelFile(content.kind, content.arrays, document))
    return path


@pytest.mark.parametrize(
    ("kind", "setting"),
    [
        *((kind, "width") for kind in ("bow", "mlp", "rnn", "gru", "lstm", "wavenet", "transformer")),
        *((kind, "layers") for kind in ("bow", "mlp", "transformer")),
        *((kind, "context") for kind in ("bow", "mlp", "transformer")),
        *((kind, "embedding") for kind in ("mlp", "rnn", "gru", "lstm")),
        ("wavenet", "hidden"),
    ],
)
def test_settings_of_a_size_that_the_weights_do_not_have(kind: str, setting: str, tmp_path: Path) -> None:
    for value in (HUGE, 10**30):  # beyond 64 bits too; a net of so many layers, even without numbers, would take hours
        with pytest.raises(ModelFileError):
            nextchar.load(changed(kind, tmp_path / "m", **{setting: value}))


def test_the_message_says_what_does_not_fit(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"its weights embedding\.weight do not fit its settings: \(\d+, 99\)"):
        nextchar.load(changed("gru", tmp_path / "m", embedding=99))
    with pytest.raises(ModelFileError, match=r"its settings say 1,000 layers"):
        nextchar.load(changed("bow", tmp_path / "m", layers=1000))
    with pytest.raises(ModelFileError, match=r"layers is a whole number from 1 to 1000, not 1000000000"):
        nextchar.load(changed("bow", tmp_path / "m", layers=HUGE))
    with pytest.raises(ModelFileError, match="how many symbols it looks back"):
        nextchar.load(changed("transformer", tmp_path / "m", context=None))


def test_a_wavenet_whose_state_would_not_fit_into_memory(tmp_path: Path) -> None:
    # 40 layers are few weights, and 2^40 vectors of what was read, for each item
    with pytest.raises(SettingsError, match="layers"):
        WaveNet(layers=40)
    with pytest.raises(ModelFileError, match="layers"):
        nextchar.load(changed("wavenet", tmp_path / "m", layers=40))


@pytest.mark.parametrize("kind", ["bow", "mlp", "rnn", "gru", "lstm", "wavenet", "transformer"])
def test_loading_takes_no_random_numbers_and_keeps_the_weights(kind: str, tmp_path: Path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    model = nextchar.load(FILES / f"{kind}.safetensors")
    assert torch.equal(torch.rand(3), expected)
    content = read_model_file(FILES / f"{kind}.safetensors")
    for name, array in model.arrays().items():
        np.testing.assert_array_equal(array, content.arrays[name])
    model.save(tmp_path / "m")
    assert nextchar.load(tmp_path / "m").sample(5, seed=1) == model.sample(5, seed=1)
