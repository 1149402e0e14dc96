"""Reading that learns: rows that are what is charged, forks that do not touch each other, a model that stays."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nextchar
from nextchar import ContextMixing, Corpus
from nextchar.core.reader import TextReader
from nextchar.models.context_mixing.model import ContextMixingModel
from nextchar.models.context_mixing.stored import StoredTables
from nextchar.models.context_mixing.tables import Learned, with_room

rng = random.Random(1)
TEXT = "\n".join(" ".join(rng.choice(["the", "king", "of", "a", "sea", "is"]) for _ in range(7)) for _ in range(60))
PIECES = st.text("aeghikonst \n", max_size=12)


@pytest.fixture(scope="module", params=["static", "adaptive"])
def model(request: pytest.FixtureRequest) -> ContextMixingModel:
    return ContextMixing(contexts=20, learning=request.param).fit(Corpus.from_documents([TEXT]))


@pytest.mark.parametrize("adaptive", [False, True])
def test_what_is_charged_is_what_the_row_says(model: ContextMixingModel, adaptive: bool) -> None:
    said, whole = model.reader(adaptive=adaptive), model.reader(adaptive=adaptive)
    text = "the sea of a king\n" * 6 + "iiii"
    nats = whole.read(text)
    for symbol, cost in zip(said.encode(text), nats, strict=True):
        row = said.log_probs
        assert np.exp(row).sum() == pytest.approx(1, abs=1e-9)
        assert -row[int(symbol)] == pytest.approx(cost, abs=1e-12)
        assert said.push([int(symbol)]) == cost
    assert said.nats == pytest.approx(nats.sum(), abs=1e-9)
    assert (said.symbols, whole.symbols) == (len(text), len(text))


def test_it_learns_and_its_model_does_not(model: ContextMixingModel) -> None:
    before = model.nats([TEXT]).tolist()
    reader = model.reader(adaptive=True)
    costs = [reader.push("seahorse is aghast\n".replace("r", "o")) for _ in range(20)]
    assert costs[-1] < costs[0] / 4
    assert model.nats([TEXT]).tolist() == before
    fresh = model.reader(adaptive=True)
    assert fresh.push("seahoose") == pytest.approx(model.reader(adaptive=True).push("seahoose"), abs=0)
    fixed = model.reader()
    static = [fixed.push("sea\n") for _ in range(9)]
    assert static[-1] == static[-2] == static[-3]  # once the column and the words before are the same


def test_a_reader_that_learns_takes_its_tables_from_the_file(
    model: ContextMixingModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.save(tmp_path / "model")
    loaded, made = nextchar.load(tmp_path / "model"), []
    make = StoredTables.made

    def counted(stored: StoredTables, *, learns: bool) -> Learned:
        made.append(stored)
        return make(stored, learns=learns)

    monkeypatch.setattr(StoredTables, "made", counted)
    cost = model.reader(adaptive=True).push("the sea of a king")
    assert loaded.reader(adaptive=True).push("the sea of a king") == cost
    assert len(made) == 1  # the model itself has none as yet
    assert loaded.reader(adaptive=True).push("the sea of a king") == cost  # what one learns is its own
    assert loaded.nats([TEXT]).tolist() == model.nats([TEXT]).tolist()
    assert loaded.reader(adaptive=True).push("the sea of a king") == cost
    assert len(made) == 3  # the last one had a copy of the model's


@settings(max_examples=25)
@given(PIECES, PIECES, PIECES, st.booleans())
def test_fork_and_push_commute(model: ContextMixingModel, first: str, then: str, other: str, adaptive: bool) -> None:
    straight = model.reader(adaptive=adaptive)
    straight.push(first + then)
    left = model.reader(adaptive=adaptive)
    left.push(first)
    right = left.fork()
    again = right.fork()
    left.push(then)
    right.push(other)
    again.push(then)
    assert left.log_probs.tolist() == straight.log_probs.tolist() == again.log_probs.tolist()
    assert left.nats == pytest.approx(straight.nats, abs=1e-9)
    only = model.reader(adaptive=adaptive)
    only.push(first + other)
    assert right.log_probs.tolist() == only.log_probs.tolist()


@settings(max_examples=25)
@given(PIECES, PIECES, PIECES, st.booleans())
def test_a_row_does_not_depend_on_what_comes_after(
    model: ContextMixingModel, begin: str, one: str, other: str, adaptive: bool
) -> None:
    first, second = model.reader(adaptive=adaptive), model.reader(adaptive=adaptive)
    assert first.read(begin + one)[: len(begin)].tolist() == second.read(begin + other)[: len(begin)].tolist()


def test_skipping_is_reading_without_the_cost(model: ContextMixingModel) -> None:
    for adaptive in (False, True):
        skipped, read = model.reader(adaptive=adaptive), model.reader(adaptive=adaptive)
        skipped.skip("the king\nof the")
        read.push("the king\nof the")
        assert skipped.log_probs.tolist() == read.log_probs.tolist()
        assert (skipped.symbols, skipped.nats) == (0, 0.0)


def test_there_is_room_for_more_than_was_trained_on(model: ContextMixingModel) -> None:
    reader = model.reader(adaptive=True)
    reader.push(TEXT * 3)
    in_pieces: TextReader = model.reader(adaptive=True)
    for begin in range(0, 3 * len(TEXT), 500):
        in_pieces.push((TEXT * 3)[begin : begin + 500])
    assert in_pieces.log_probs.tolist() == reader.log_probs.tolist()
    assert len(with_room(model.learned, 10**6).text.ids) > 10**6


def test_a_boundary_begins_anew(model: ContextMixingModel) -> None:
    reader = model.reader()
    start = reader.log_probs.tolist()
    reader.push("the king")
    reader.end()
    assert reader.log_probs.tolist() == start
    assert reader.symbols == 9
