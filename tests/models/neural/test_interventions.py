"""Moved letters, held gates, cut arcs: with nothing changed the model's own rows, else those of numpy's arithmetic."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest

from nextchar.data.corpus import Corpus
from nextchar.errors import SettingsError, UnknownSymbolError
from nextchar.models.registry import spec_of

pytest.importorskip("torch")

from nextchar.models.neural.diagnostics import embedding_map
from nextchar.models.neural.families import NetSpec
from nextchar.models.neural.interventions import (
    Cut,
    Hold,
    arc_numbers,
    attended,
    influence,
    moved_rows,
    recalled,
    vectors_at,
)
from nextchar.models.neural.model import NeuralModel
from nextchar.models.neural.nets.wavenet import seen_back

F64 = npt.NDArray[np.float64]
ITEMS = Corpus.from_items(["emma", "ava", "mia", "amelia", "viola", "oliva", "zoe", "bb"])
WORD = "amelia"


@cache
def trained(kind: str, **settings: Any) -> NeuralModel:
    made = cast(NetSpec, spec_of(kind, {"steps": 30, "batch": 32, **settings}, preset="small"))
    return made.fit(ITEMS, validation=ITEMS)


@pytest.fixture(scope="module")
def mlp() -> NeuralModel:
    return trained("mlp", layers=0, tanh=True)


@pytest.fixture(scope="module")
def transformer() -> NeuralModel:
    return trained("transformer")


def ids_of(model: NeuralModel, text: str = WORD) -> npt.NDArray[Any]:
    return np.array([[0, *model.alphabet.encode(text).tolist()]])


def step_rows(model: NeuralModel, text: str) -> F64:
    """The rows of the model, read symbol by symbol."""
    step = model.start(1)
    rows = [step.log_probs]
    for symbol in model.alphabet.encode(text):
        step = model.advance(step.state, np.array([symbol]))
        rows.append(step.log_probs)
    return np.concatenate(rows)


def softmax(x: F64) -> F64:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return cast(F64, e / e.sum(axis=-1, keepdims=True))


def sigmoid(x: F64) -> F64:
    return 1 / (1 + np.exp(-x))


def normed(x: F64) -> F64:
    """Mean 0 and variance 1, with torch's 1e-5 in the denominator."""
    return cast(F64, (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5))


def weights_of(model: NeuralModel) -> dict[str, F64]:
    return {name: tensor.numpy() for name, tensor in model.module.state_dict().items()}


# -- a letter is moved ------------------------------------------------------------------------------------------------


def test_with_nothing_moved_the_rows_are_the_models_own(mlp: NeuralModel) -> None:
    expected = mlp.log_probs(ids_of(mlp))[0]
    assert np.array_equal(moved_rows(mlp, WORD), expected)
    assert np.array_equal(moved_rows(mlp, WORD, embedding_map(mlp).vectors), expected)
    seen = embedding_map(mlp)
    where_they_are = {i: (float(seen.places[i, 0]), float(seen.places[i, 1])) for i in range(mlp.alphabet.size)}
    assert np.array_equal(vectors_at(seen, where_they_are), seen.vectors)


def test_a_moved_letter_by_arithmetic(mlp: NeuralModel) -> None:
    seen = embedding_map(mlp)
    m = int(mlp.alphabet.encode("m")[0])
    vectors = vectors_at(seen, {m: (3.0, -2.0)})
    others = np.arange(mlp.alphabet.size) != m
    assert np.array_equal(vectors[others], seen.vectors[others])
    centred = vectors[m] - seen.vectors.mean(axis=0)
    assert seen.axes @ centred == pytest.approx([3.0, -2.0])  # it is seen where it was moved to,
    rest = np.eye(len(centred)) - seen.axes.T @ seen.axes
    assert rest @ centred == pytest.approx(rest @ (seen.vectors[m] - seen.vectors.mean(axis=0)))  # and no nearer
    w = weights_of(mlp)
    window = [0, 0, 0, 0, 0]  # five symbols back, the last one first
    expected = []
    for symbol in ids_of(mlp)[0]:
        window = [0] * 5 if symbol == 0 else [int(symbol), *window[:4]]
        h = np.tanh(w["first"] @ np.concatenate([vectors[i] for i in window]) + w["bias"])
        expected.append(np.log(softmax(w["head.weight"] @ h + w["head.bias"])))
    np.testing.assert_allclose(moved_rows(mlp, WORD, vectors), expected, atol=1e-12)
    changed = np.abs(moved_rows(mlp, WORD, vectors) - moved_rows(mlp, WORD)).max(axis=1) > 1e-9
    assert changed.tolist() == [False, False, True, True, True, True, True]  # . a | m e l i a: from the m on


def test_what_cannot_be_moved(mlp: NeuralModel, transformer: NeuralModel) -> None:
    with pytest.raises(SettingsError, match="no vectors to move"):
        moved_rows(transformer, WORD)
    with pytest.raises(SettingsError, match="shape"):
        moved_rows(mlp, WORD, np.zeros((2, 2)))
    with pytest.raises(UnknownSymbolError):
        moved_rows(mlp, "x")


# -- a gate is held ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm"])
def test_with_no_gate_held_the_rows_are_the_models_own(kind: str) -> None:
    model = trained(kind)
    seen = recalled(model, WORD)
    assert np.array_equal(seen.rows, step_rows(model, WORD))
    np.testing.assert_allclose(seen.rows, model.log_probs(ids_of(model))[0], atol=1e-12)
    assert (seen.memory is not None) == (kind == "lstm")
    free = [Hold("keep", float("nan"))] if kind != "rnn" else []
    with pytest.raises(SettingsError):
        recalled(model, WORD, [*free, Hold("none", 0.0)])


def test_held_gates_of_a_gru_by_arithmetic() -> None:
    model = trained("gru")
    w, H = weights_of(model), 64
    seen = recalled(model, WORD, [Hold("keep", 1.0, at=3), Hold("reset", 0.0, unit=5), Hold("reset", 0.25, 5, 2)])
    h = np.zeros(H)
    for t, symbol in enumerate(ids_of(model)[0]):
        read = w["layer.weight_ih_l0"] @ w["embedding.weight"][symbol] + w["layer.bias_ih_l0"]
        kept = w["layer.weight_hh_l0"] @ h + w["layer.bias_hh_l0"]
        r, z = sigmoid(read[:H] + kept[:H]), sigmoid(read[H : 2 * H] + kept[H : 2 * H])
        r[5] = 0.25 if t == 2 else 0.0
        if t == 3:
            z[:] = 1.0
        c = np.tanh(read[2 * H :] + r * kept[2 * H :])
        h = (1 - z) * c + z * h
        np.testing.assert_allclose(seen.hidden[t], h, atol=1e-12)
        np.testing.assert_allclose(seen.gates["reset"][t], r, atol=1e-12)
        np.testing.assert_allclose(seen.gates["keep"][t], z, atol=1e-12)
        rows = np.log(softmax(w["head.weight"] @ h + w["head.bias"]))
        np.testing.assert_allclose(seen.rows[t], rows, atol=1e-12)
    assert np.array_equal(seen.hidden[3], seen.hidden[2])  # all of it was kept


def test_held_gates_of_an_lstm_by_arithmetic() -> None:
    model = trained("lstm")
    w, H = weights_of(model), 64
    seen = recalled(model, WORD, [Hold("keep", 0.0), Hold("enter", 1.0, unit=0), Hold("show", 0.5, at=4)])
    h, memory = np.zeros(H), np.zeros(H)
    for t, symbol in enumerate(ids_of(model)[0]):
        total = w["layer.weight_ih_l0"] @ w["embedding.weight"][symbol] + w["layer.bias_ih_l0"]
        total = total + w["layer.weight_hh_l0"] @ h + w["layer.bias_hh_l0"]
        i, _, g, o = np.split(total, 4)
        enter, show = sigmoid(i), sigmoid(o)
        enter[0] = 1.0
        if t == 4:
            show[:] = 0.5
        memory = enter * np.tanh(g)  # what was there before is dropped each time
        h = show * np.tanh(memory)
        assert seen.memory is not None
        np.testing.assert_allclose(seen.memory[t], memory, atol=1e-12)
        np.testing.assert_allclose(seen.hidden[t], h, atol=1e-12)
        np.testing.assert_allclose(seen.rows[t], np.log(softmax(w["head.weight"] @ h + w["head.bias"])), atol=1e-12)


@pytest.mark.parametrize(
    ("hold", "message"),
    [
        (Hold("update", 0.5), "no gate 'update'; its gates: reset, keep"),
        (Hold("keep", 1.5), "between 0 and 1, not at 1.5"),
        (Hold("keep", float("nan")), "between 0 and 1"),
        (Hold("keep", 0.5, unit=64), "no unit 64; they go from 0 to 63"),
        (Hold("keep", 0.5, unit=-1), "no unit -1"),
        (Hold("keep", 0.5, at=7), "no symbol 7; they go from 0 to 6"),
    ],
    ids=str,
)
def test_gates_that_cannot_be_held(hold: Hold, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        recalled(trained("gru"), WORD, [hold])


# -- what a node sees -------------------------------------------------------------------------------------------------


def test_a_node_sees_what_its_taps_see() -> None:
    assert seen_back([1]) == (0, 1)
    assert seen_back([1, 2, 4]) == tuple(range(8))
    assert seen_back([1, 1, 1]) == (0, 1, 2, 3)  # four symbols with three layers, some of them three times
    assert seen_back([1, 3]) == (0, 1, 3, 4)  # and two is missed
    assert seen_back([1, 4, 16])[-1] == 21


def test_a_node_changes_with_what_it_sees_and_with_nothing_else() -> None:
    model = trained("wavenet")
    found = influence(model, WORD)
    T = len(WORD) + 1
    assert found.shape == (3, T, T)
    for layer in range(3):
        sees = seen_back([2**i for i in range(layer + 1)])
        expected = [[t - s in sees for s in range(T)] for t in range(T)]
        assert ((found[layer] > 0) == expected).all()
    w = weights_of(model)  # the first layer at t = 1 without symbol 0, written out

    def node(now: F64, before: F64) -> F64:
        what, gate = np.split(w["convolutions.0.taps"] @ np.concatenate([normed(now), normed(before)]), 2)
        x = now + w["convolutions.0.out"] @ (np.tanh(what) * sigmoid(gate))
        return cast(F64, x + w["blocks.0.fall"] @ np.square(np.maximum(w["blocks.0.rise"] @ normed(x), 0)))

    zero, a = w["symbol.weight"][0], w["symbol.weight"][ids_of(model)[0, 1]]
    expected_change = np.linalg.norm(node(a, zero * 0) - node(a, zero))
    assert found[0, 1, 0] == pytest.approx(expected_change)
    with pytest.raises(SettingsError, match="no tree"):
        influence(trained("rnn"), WORD)


# -- an arc is cut ----------------------------------------------------------------------------------------------------


def by_hand(model: NeuralModel, text: str, cuts: list[Cut]) -> tuple[F64, F64]:
    """Attention and rows of a Transformer, head by head and symbol by symbol."""
    w = weights_of(model)
    ids = ids_of(model, text)[0]
    T, C = len(ids), w["symbol.weight"].shape[1]
    H, D = 2, C // 2
    x = w["symbol.weight"][ids] + w["previous.weight"][np.concatenate([[0], ids[:-1]])] + w["place.weight"][:T]
    maps = np.zeros((2, H, T, T))
    for layer in range(2):
        q, k, v = np.split(normed(x) @ w[f"attention.{layer}.qkv"].T, 3, axis=1)
        mixed = np.zeros((T, C))
        for h in range(H):
            part = slice(h * D, (h + 1) * D)
            for i in range(T):
                there = [j for j in range(i + 1) if Cut(layer, h, i, j) not in cuts]
                if not there:
                    continue
                scores = [q[i, part] @ k[j, part] / np.sqrt(D) + w["distance"][h, i - j] for j in there]
                maps[layer, h, i, there] = softmax(np.array(scores))
            mixed[:, part] = maps[layer, h] @ v[:, part]
        x = x + mixed @ w[f"attention.{layer}.out"].T
        rise = np.square(np.maximum(normed(x) @ w[f"feedforward.{layer}.rise"].T, 0))
        x = x + rise @ w[f"feedforward.{layer}.fall"].T
    return maps, np.log(softmax(normed(x) @ w["head.weight"].T + w["head.bias"]))


def test_with_no_arc_cut_the_rows_are_the_models_own(transformer: NeuralModel) -> None:
    seen = attended(transformer, WORD)
    assert np.array_equal(seen.rows, transformer.log_probs(ids_of(transformer))[0])
    maps, rows = by_hand(transformer, WORD, [])
    np.testing.assert_allclose(seen.weights, maps, atol=1e-12)
    np.testing.assert_allclose(seen.rows, rows, atol=1e-12)


@pytest.mark.parametrize(
    "cuts",
    [
        [Cut(0, 0, 3, 1)],
        [Cut(1, 1, 6, 5), Cut(0, 1, 2, 2), Cut(0, 1, 2, 0)],
        [Cut(0, 0, 0, 0)],  # the only one of the boundary, which then takes nothing
        [Cut(1, 0, 2, j) for j in range(3)],
    ],
    ids=str,
)
def test_cut_arcs_by_arithmetic(transformer: NeuralModel, cuts: list[Cut]) -> None:
    seen = attended(transformer, WORD, cuts)
    maps, rows = by_hand(transformer, WORD, cuts)
    np.testing.assert_allclose(seen.weights, maps, atol=1e-12)
    np.testing.assert_allclose(seen.rows, rows, atol=1e-12)
    first = min(cut.reader for cut in cuts)
    whole = attended(transformer, WORD).rows
    np.testing.assert_allclose(seen.rows[:first], whole[:first], atol=1e-12)  # nothing before it knows of the cut
    assert np.abs(seen.rows[first] - whole[first]).max() > 1e-9


def test_the_numbers_of_an_arc(transformer: NeuralModel) -> None:
    w = weights_of(transformer)
    ids = ids_of(transformer)[0]
    arc = Cut(0, 1, 4, 2)
    x = w["symbol.weight"][ids] + w["previous.weight"][np.concatenate([[0], ids[:-1]])] + w["place.weight"][: len(ids)]
    q, k, v = np.split(normed(x) @ w["attention.0.qkv"].T, 3, axis=1)
    head = slice(16, 32)
    seen = arc_numbers(transformer, WORD, arc)
    np.testing.assert_allclose(seen.query, q[4, head], atol=1e-12)
    np.testing.assert_allclose(seen.key, k[2, head], atol=1e-12)
    np.testing.assert_allclose(seen.products, q[4, head] * k[2, head], atol=1e-12)
    assert seen.scale == 1 / 4  # of 16 numbers a head
    assert seen.distance == pytest.approx(w["distance"][1, 2])
    assert seen.scores[2] == pytest.approx(q[4, head] @ k[2, head] / 4 + w["distance"][1, 2])
    np.testing.assert_allclose(seen.weights, softmax(seen.scores), atol=1e-12)
    np.testing.assert_allclose(seen.values, v[:5, head], atol=1e-12)
    np.testing.assert_allclose(seen.mixed, seen.weights @ v[:5, head], atol=1e-12)
    np.testing.assert_allclose(seen.weights, attended(transformer, WORD).weights[0, 1, 4, :5], atol=1e-12)
    without = arc_numbers(transformer, WORD, arc, [arc])
    assert without.scores[2] == -np.inf
    assert without.weights[2] == 0
    assert without.weights.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    "arc", [Cut(2, 0, 1, 0), Cut(0, 2, 1, 0), Cut(0, 0, 7, 0), Cut(0, 0, 1, 2), Cut(-1, 0, 1, 0)], ids=str
)
def test_arcs_that_are_not_there(transformer: NeuralModel, arc: Cut) -> None:
    with pytest.raises(SettingsError, match="no arc"):
        attended(transformer, WORD, [arc])
    with pytest.raises(SettingsError, match="no arc"):
        arc_numbers(transformer, WORD, arc)
    with pytest.raises(SettingsError, match="no attention"):
        attended(trained("rnn"), WORD, [arc])
