"""Which letters fire a unit, against reading each item by itself."""

from __future__ import annotations

from functools import cache
from typing import cast

import numpy as np
import pytest

from nextchar.data.corpus import Corpus
from nextchar.errors import SettingsError
from nextchar.models.registry import spec_of

pytest.importorskip("torch")

from nextchar.models.neural.families import NetSpec
from nextchar.models.neural.interventions import recalled
from nextchar.models.neural.model import NeuralModel
from nextchar.models.neural.units import firing, unit

ITEMS = Corpus.from_items(["emma", "ava", "mia", "amelia", "viola", "oliva", "zoe", "bb"])


@cache
def trained(kind: str) -> NeuralModel:
    return cast(NetSpec, spec_of(kind, {"steps": 30, "batch": 32}, preset="small")).fit(ITEMS, validation=ITEMS)


@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm"])
def test_a_unit_by_reading_item_by_item(kind: str) -> None:
    model = trained(kind)
    seen = unit(firing(model, ITEMS), 7, moments=3)
    found = [
        (letter, place, item, float(value))
        for item in ITEMS
        for place, (letter, value) in enumerate(zip(item, recalled(model, item).hidden[1:, 7], strict=True))
    ]
    for i, symbol in enumerate(model.alphabet.symbols):
        values = [value for letter, _, _, value in found if letter == symbol]
        assert seen.times[i] == len(values)
        assert seen.by_symbol[i] == pytest.approx(np.mean(values) if values else np.nan, abs=1e-6, nan_ok=True)
    for place in range(6):
        values = [value for _, at, _, value in found if at == place]
        assert seen.by_place[place] == pytest.approx(np.mean(values), abs=1e-6)
    assert np.isnan(seen.by_place[6:]).all()  # the longest item has six letters
    highest = sorted(found, key=lambda moment: -moment[3])
    assert seen.highest[0].value == pytest.approx(highest[0][3], abs=1e-6)
    assert (seen.highest[0].text, seen.highest[0].at) == (highest[0][2], highest[0][1])
    assert len({moment.text for moment in seen.highest}) == 3
    assert seen.lowest[0].value == pytest.approx(highest[-1][3], abs=1e-6)
    assert [moment.value for moment in seen.lowest] == sorted(moment.value for moment in seen.lowest)


def test_there_is_no_such_unit() -> None:
    model = trained("rnn")
    seen = firing(model, ITEMS)
    for number in (-1, 64):
        with pytest.raises(SettingsError, match="go from 0 to 63"):
            unit(seen, number)
    with pytest.raises(SettingsError, match="no hidden vector"):
        firing(trained("mlp"), ITEMS)
