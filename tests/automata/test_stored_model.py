"""Models as the automata that they are, in files that are mapped."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

import nextchar
from nextchar.automata import automaton as automaton_module
from nextchar.automata.automaton import Automaton
from nextchar.automata.stored_model import DerivedModel, stored
from nextchar.core import model_file
from nextchar.core.model_file import read_model_file, verify_model_file
from nextchar.errors import ModelFileError, SettingsError


def corpus(characters: str = "abcdefgh", n: int = 400) -> nextchar.Corpus:
    chance = random.Random(1)
    return nextchar.Corpus.from_items("".join(chance.choices(characters, k=chance.randint(1, 9))) for _ in range(n))


MODEL = nextchar.Ngram(order=4, smoothing="modified-kneser-ney").fit(corpus())


def test_it_is_the_same_model(tmp_path: Path) -> None:
    stored(MODEL).save(tmp_path / "m")
    made = nextchar.load(tmp_path / "m")
    assert isinstance(made, DerivedModel)
    items = ["abc", "hhhhhhhhhh", "a"]
    assert made.score(items) == MODEL.score(items)
    assert made.sample(9, seed=3) == MODEL.sample(9, seed=3)
    assert made.settings.summary == "ngram, order 4, modified-kneser-ney"
    assert made.provenance.items == 400


def test_what_is_no_automaton_is_refused() -> None:
    with pytest.raises(SettingsError, match="no finite automaton"):
        stored(nextchar.Mix(epochs=1).fit(corpus(n=20)))


def test_a_large_file_is_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_file, "MAPPED_FROM", 0)
    stored(MODEL).save(tmp_path / "m")
    content = read_model_file(tmp_path / "m", mapped=["automaton"])
    assert all(isinstance(array, np.memmap) for array in content.arrays.values())
    read = read_model_file(tmp_path / "m")
    assert set(read.arrays) == set(content.arrays)
    for name, array in read.arrays.items():
        assert not isinstance(array, np.memmap)
        np.testing.assert_array_equal(content.arrays[name], array)
    made = nextchar.load(tmp_path / "m")
    assert made.score(["abc"]) == MODEL.score(["abc"])
    made.save(tmp_path / "m")  # over the file that it lies in
    assert nextchar.load(tmp_path / "m").score(["abc"]) == made.score(["abc"])


def test_a_mapped_file_is_verified_on_demand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_file, "MAPPED_FROM", 0)
    stored(MODEL).save(tmp_path / "m")
    verify_model_file(tmp_path / "m")
    content = bytearray((tmp_path / "m").read_bytes())
    size = int.from_bytes(content[:8], "little")
    begin = json.loads(content[8 : 8 + size])["log_prob"]["data_offsets"][0]
    content[8 + size + begin] ^= 1  # the last bit of a log-probability
    (tmp_path / "m").write_bytes(content)
    nextchar.load(tmp_path / "m")
    with pytest.raises(ModelFileError, match="checksum"):
        verify_model_file(tmp_path / "m")


@pytest.mark.parametrize("at_once", [1, 3, 64, 1 << 20])
def test_arrays_are_checked_piece_by_piece(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every place of every array, with what would lead a walk astray there."""
    monkeypatch.setattr(automaton_module, "CHECKED_AT_ONCE", at_once)
    small = nextchar.Ngram(order=3, smoothing="absolute").fit(["ab", "ba", "aab"])
    good = small.automaton.arrays()
    Automaton.from_arrays(small.alphabet, good)
    S = small.automaton.size
    wrong = {"first": (-1, 10**6), "symbols": (3, 255), "log_prob": (0.1, np.nan), "target": (-1, S), "link": (-1, S)}
    for name, values in {**wrong, "price": (301.0, np.nan), "start": (-1, S)}.items():
        for value in values:
            for place in range(len(good[name])):
                array = good[name].copy()
                array[place] = value if value >= 0 or array.dtype.kind != "u" else 255
                with pytest.raises(ModelFileError):
                    Automaton.from_arrays(small.alphabet, {**good, name: array})
    for place in range(len(good["symbols"]) - 1):  # two symbols of a state in the wrong order
        owner = np.repeat(np.arange(S), np.diff(good["first"]))
        if owner[place] == owner[place + 1]:
            array = good["symbols"].copy()
            array[[place, place + 1]] = array[[place + 1, place]]
            with pytest.raises(ModelFileError):
                Automaton.from_arrays(small.alphabet, {**good, "symbols": array})


def test_prices_that_make_a_probability_above_1_are_refused() -> None:
    """Of a row over a, b and the boundary: 1/4, 1/4, 1/2. After a only b is listed, and a price weighs the others."""
    machine = Automaton(
        alphabet=nextchar.Corpus.from_items(["ab"]).alphabet,
        start=0,
        first=np.array([0, 3, 4]),
        symbols=np.array([0, 1, 2, 2], dtype=np.uint8),
        log_prob=np.log([1 / 2, 1 / 4, 1 / 4, 1e-9]),
        target=np.array([0, 1, 0, 0], dtype=np.int32),
        link=np.array([0, 0], dtype=np.int32),
        price=np.array([0.0, np.log(4 / 3)]),  # 2/3 of the boundary, 1/3 of a
    )

    def read(price: float) -> Automaton:
        return Automaton.from_arrays(machine.alphabet, {**machine.arrays(), "price": np.array([0.0, price])})

    np.testing.assert_allclose(np.exp(read(np.log(4 / 3)).rows(np.array([1], dtype=np.int32))), [[2 / 3, 1 / 3, 1e-9]])
    assert read(np.log(2)).above_one() is None  # the boundary at 1, whatever the rest says
    for price in (np.log(2.001), 300.0):
        with pytest.raises(ModelFileError, match="probabilities above 1"):
            read(price)


def test_steps_by_links_and_by_the_table() -> None:
    machine = MODEL.automaton
    states = np.repeat(np.arange(machine.size, dtype=np.int32), machine.alphabet.size)
    ids = np.tile(np.arange(machine.alphabet.size), machine.size)
    (nats, to), (table_nats, table_to) = machine.step_by_links(states, ids), machine.step(states, ids)
    np.testing.assert_allclose(nats, table_nats, rtol=1e-12)
    np.testing.assert_array_equal(to, table_to)
