from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import nextchar
from nextchar.errors import SettingsError
from nextchar.models.registry import nets, spec_of

CORPUS = nextchar.Corpus.from_items(["emma", "ava", "mia", "olivia"])


@pytest.mark.parametrize("settings", [{"width": 10**6}, {"width": 10**9}, {"width": 10**30}, {"embedding": 10**30}])
def test_a_net_that_no_machine_holds_is_refused_before_it_is_made(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="make it smaller"):
        nextchar.MLP(steps=1, **settings).fit(CORPUS)


def test_the_memory_that_a_net_needs_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    net = nextchar.MLP(steps=1, context=2, embedding=3, width=4, layers=1)
    weights = net.fit(CORPUS).metrics.parameters
    assert weights is not None
    monkeypatch.setattr("nextchar.models.neural.training.fit._memory_bytes", lambda: 16.0 * weights)
    net.fit(CORPUS)
    monkeypatch.setattr("nextchar.models.neural.training.fit._memory_bytes", lambda: 16.0 * weights - 1)
    with pytest.raises(SettingsError, match=f"a net of {weights:,} weights needs"):
        net.fit(CORPUS)


@pytest.mark.parametrize("settings", [{"adam_rate": 1e308}, {"rate": 1e300, "decay": 1e10}, {"decay": 1e308}], ids=str)
@pytest.mark.parametrize("validation", [None, CORPUS])
def test_weights_that_are_no_numbers_are_no_model(settings: dict[str, Any], validation: nextchar.Corpus | None) -> None:
    # a single step: the training loss is from before it, and finite
    with pytest.raises(SettingsError, match=re.escape("the loss is no longer a number after 1 step;")):
        nextchar.MLP(context=2, embedding=3, width=4, steps=1, **settings).fit(CORPUS, validation=validation)


def test_a_rate_beyond_32_bits_leaves_weights_that_are_numbers() -> None:
    model = nextchar.MLP(context=2, embedding=3, width=4, steps=1, rate=1e308).fit(CORPUS)
    assert all(np.isfinite(array).all() for array in model.arrays().values())


@pytest.mark.parametrize("kind", nets())
def test_numbers_of_numpy_make_the_same_model(kind: str) -> None:
    numbers: dict[str, Any] = {
        "steps": np.int64(2),
        "width": np.uint8(8),
        "seed": np.int32(3),
        "rate": np.float32(0.5),
    }
    plain: dict[str, Any] = {"steps": 2, "width": 8, "seed": 3, "rate": 0.5}
    found, wanted = (spec_of(kind, settings).fit(CORPUS).content() for settings in (numbers, plain))
    assert found.document["settings"] == wanted.document["settings"]
    assert all(np.array_equal(array, found.arrays[name]) for name, array in wanted.arrays.items())
