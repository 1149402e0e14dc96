"""The insides of the nets that ship, as the page gets them: the library's numbers, and refusals of all else."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")

from nextchar.data.corpus import Corpus
from nextchar.lesson.lesson_nets import lesson_net, lesson_parts
from nextchar.lesson.net_facts import firing_of
from nextchar.lesson.race import race
from nextchar.models.neural.diagnostics import embedding_map
from nextchar.models.neural.health import Stack, StackTraining
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
from nextchar.models.neural.units import unit

Refused = Callable[[Any, int, str], str]


def ids_of(name: str, net: str) -> list[int]:
    return [0, *lesson_net(net).alphabet.encode(name).tolist()]


def costs(rows: Any, name: str) -> list[float]:
    """-ln p of each letter and of the end, from probabilities of the letters a to z behind the boundary."""
    targets = [ord(letter) - ord("a") + 1 for letter in name] + [0]
    return [-math.log(row[target]) for row, target in zip(rows, targets, strict=True)]


def test_the_map_and_a_moved_letter(client: Any) -> None:
    model = lesson_net("mlp4")
    drawn, mapped = client.fetch("inside/map", context=4), embedding_map(model)
    assert drawn["places"] == mapped.places.tolist()
    assert drawn["labels"] == list(".abcdefghijklmnopqrstuvwxyz")
    assert [drawn["labels"][i] for i in drawn["vowels"]] == list("aeiou")
    e = mapped.vectors[5]
    by_distance = sorted((np.linalg.norm(mapped.vectors[i] - e), i) for i in range(27) if i != 5)
    assert drawn["nearest"][5] == [drawn["labels"][i] for _, i in by_distance[:3]]
    assert [entry["context"] for entry in drawn["contexts"]] == list(range(1, 9))

    seen = client.submit("inside/moved", text="Emma", context=4, moves=[{"symbol": 5, "x": 2.5, "y": -1}])
    vectors = vectors_at(mapped, {5: (2.5, -1.0)})
    assert seen["read_as"] == "emma"
    assert seen["windows"] == ["....", "...e", "..em", ".emm", "emma"]
    assert seen["before"] == np.exp(moved_rows(model, "emma")).tolist()
    assert seen["after"] == np.exp(moved_rows(model, "emma", vectors)).tolist()
    assert seen["nats_before"] == pytest.approx(sum(costs(seen["before"], "emma")))
    assert seen["nats_after"] == pytest.approx(sum(costs(seen["after"], "emma")))
    held_out = list(lesson_parts().test)
    assert len(seen["names"]) == 6
    assert all("e" in entry["name"] and entry["name"] in held_out for entry in seen["names"])
    name = seen["names"][0]["name"]
    assert seen["names"][0]["nats_before"] == pytest.approx(sum(nats for _, nats in model.surprisal(name)))
    unmoved = client.submit("inside/moved", text="emma", context=4)
    assert unmoved["after"] == unmoved["before"] == seen["before"]
    assert unmoved["names"] == []


def test_hidden_numbers_and_a_unit(client: Any) -> None:
    model = lesson_net("rnn")
    seen, expected = client.submit("inside/hidden", text="olivia"), recalled(model, "olivia")
    assert seen["symbols"] == [".", *"olivia"]
    assert seen["hidden"] == expected.hidden.tolist()
    assert seen["nats"] == pytest.approx(costs(seen["rows"], "olivia"))
    fired, by_library = client.fetch("inside/unit", unit=3), unit(firing_of("rnn"), 3)
    assert fired["units"] == 32
    means = [letter["mean"] for letter in fired["letters"]]
    assert means == sorted(means, reverse=True)
    best = fired["letters"][0]
    assert best["mean"] == by_library.by_symbol[ord(best["symbol"]) - ord("a") + 1]
    assert fired["highest"][0] == by_library.highest[0]._asdict()


@pytest.mark.parametrize(("net", "gate"), [("gru", "keep"), ("gru", "reset"), ("lstm", "enter"), ("lstm", "show")])
def test_gates_closed_by_hand(client: Any, net: str, gate: str) -> None:
    seen = client.submit(
        "inside/gates", net=net, text="amelia", holds=[{"gate": gate, "at": 3}, {"gate": gate, "unit": 4, "value": 1}]
    )
    whole = recalled(lesson_net(net), "amelia")
    held = recalled(lesson_net(net), "amelia", [Hold(gate, 0.0, None, 3), Hold(gate, 1.0, 4, None)])
    assert seen["open_before"][gate] == whole.gates[gate].tolist()
    assert seen["open_after"][gate] == held.gates[gate].tolist()
    assert seen["open_after"][gate][3] == [1.0 if i == 4 else 0.0 for i in range(48)]
    assert seen["means_after"][gate][3] == pytest.approx(1 / 48)
    assert seen["before"] == np.exp(whole.rows).tolist()
    assert seen["after"] == np.exp(held.rows).tolist()
    assert seen["nats_after"] == pytest.approx(costs(seen["after"], "amelia"))
    assert (seen["memory"] is not None) == (net == "lstm")


def test_the_tree_of_merges(client: Any) -> None:
    seen = client.submit("inside/merges", text="isabella", layers=3)
    assert seen["dilations"] == [1, 2, 4]
    assert seen["back"] == list(range(8))
    assert seen["sees"][2][8] == list(range(1, 9))  # all eight letters, and no longer the boundary
    assert seen["sees"][0][0] == [0]
    assert seen["taps"][1][5] == [3, 5]
    assert seen["influence"] == influence(lesson_net("wavenet3"), "isabella").tolist()
    rows = lesson_net("wavenet3").log_probs(np.array([ids_of("isabella", "wavenet3")]))[0]
    assert seen["rows"] == np.exp(rows).tolist()
    holes = client.submit("inside/merges", text="isabella", layers=2, growth=3)
    assert (holes["dilations"], holes["back"], holes["reach"]) == ([1, 3], [0, 1, 3, 4], 5)
    assert holes["rows"] is holes["influence"] is holes["nats"] is None
    same = client.submit("inside/merges", text="isabella", layers=4, growth=1)
    assert same["back"] == [0, 1, 2, 3, 4]


def test_attention_with_an_arc_cut(client: Any) -> None:
    model = lesson_net("transformer")
    arc = {"layer": 1, "head": 2, "reader": 4, "read": 1}
    seen = client.submit("inside/attention", text="emma", cuts=[arc], arc=[{**arc, "read": 3}])
    whole, cut = attended(model, "emma"), attended(model, "emma", [Cut(1, 2, 4, 1)])
    assert (seen["layers"], seen["heads"]) == (2, 4)
    assert seen["weights"] == cut.weights.tolist()
    assert seen["before"] == np.exp(whole.rows).tolist()
    assert seen["after"] == np.exp(cut.rows).tolist()
    assert seen["after"][:4] == pytest.approx(np.array(seen["before"][:4]))
    numbers = arc_numbers(model, "emma", Cut(1, 2, 4, 3), [Cut(1, 2, 4, 1)])
    assert seen["arc"]["scores"][1] is None
    assert seen["arc"]["weights"] == numbers.weights.tolist()
    assert sum(seen["arc"]["products"]) * seen["arc"]["scale"] + seen["arc"]["distance"] == pytest.approx(
        seen["arc"]["scores"][3]
    )
    assert client.submit("inside/attention", text="emma")["arc"] is None


def test_layers_that_will_not_train(client: Any, corpus: Corpus) -> None:
    seen = client.submit("inside/layers", depth=3, scale=0.5, steps=12)
    training = StackTraining(Stack(depth=3, scale=0.5), corpus)
    before = training.look()
    training.advance(12)
    after = training.look()
    assert seen["losses"] == training.losses
    assert seen["ratio_steps"] == [0, 5, 10, 12]
    assert [ratios[0] for ratios in seen["ratios"]] == [layer.update_ratio for layer in before.layers]
    assert [layer["deviation"] for layer in seen["layers"]] == [layer.deviation for layer in after.layers]
    assert seen["uniform"] == pytest.approx(math.log(27))
    lost = client.submit("inside/layers", depth=2, scale=10, rate=10, steps=200)
    assert all(math.isfinite(layer["deviation"]) for layer in lost["layers"])


def test_the_race(client: Any) -> None:
    seen = client.fetch("inside/race")
    assert [rung["id"] for rung in seen["rungs"]] == [rung.id for rung in race().rungs]
    assert seen["uniform"] == pytest.approx(math.log(27))


def test_a_net_is_trained_live(client: Any) -> None:
    with client.stream(
        "POST", "/api/nets/train", json={"family": "mlp", "steps": 25, "steps_per_second": 5000}
    ) as answer:
        lines = [line for line in answer.iter_lines() if line]
    events = [
        (name.removeprefix("event: "), json.loads(data.removeprefix("data: ")))
        for name, data in zip(lines[::2], lines[1::2], strict=True)
    ]
    (first, start), (last, done) = events[0], events[-1]
    assert (first, last) == ("start", "done")
    assert start["parameters"] == lesson_net("mlp3").parameters
    assert start["uniform"] == pytest.approx(math.log(27))
    assert start["pairs"] == pytest.approx(2.45, abs=0.03)
    assert len(start["places"]) == 27
    steps = [document for name, document in events if name == "step"]
    assert steps[-1]["step"] == 25
    assert steps[-1]["held_out"] < start["uniform"]
    assert len(steps[-1]["samples"]) == 5
    curve = [point for document in steps for point in document["curve"]]
    assert [step for step, _, _ in curve] == sorted({step for step, _, _ in curve})  # each point is told once
    assert curve[-1] == [25, steps[-1]["loss"], steps[-1]["held_out"]]
    assert done["message"]


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("moved", {"text": "x" * 17}, "too-long"),
        ("moved", {"text": "zoë"}, "unknown-symbol"),
        ("moved", {"text": "emma", "context": 9}, "wrong-value"),
        ("moved", {"text": "emma", "moves": {}}, "wrong-value"),
        ("moved", {"text": "emma", "moves": [5]}, "wrong-value"),
        ("moved", {"text": "emma", "moves": [{"symbol": 27, "x": 0, "y": 0}]}, "wrong-value"),
        ("moved", {"text": "emma", "moves": [{"symbol": 1, "x": 1e9, "y": 0}]}, "wrong-value"),
        ("moved", {"text": "emma", "moves": [{"symbol": 1}]}, "missing"),
        ("moved", {"text": "emma", "moves": [{"symbol": 1, "x": 0, "y": 0}] * 28}, "too-long"),
        ("hidden", {"text": "emma", "net": "mlp3"}, "wrong-value"),
        ("gates", {"text": "emma", "net": "rnn"}, "wrong-value"),
        ("gates", {"text": "emma", "holds": [{"gate": "enter"}]}, "wrong-value"),
        ("gates", {"text": "emma", "holds": [{"gate": "keep", "value": 2}]}, "wrong-value"),
        ("gates", {"text": "emma", "holds": [{"gate": "keep", "unit": 48}]}, "wrong-value"),
        ("gates", {"text": "emma", "holds": [{"gate": "keep", "at": 5}]}, "wrong-value"),
        ("gates", {"text": "emma", "holds": [{"gate": "keep"}] * 65}, "too-long"),
        ("merges", {"text": "emma", "layers": 5}, "wrong-value"),
        ("merges", {"text": "emma", "growth": 0}, "wrong-value"),
        ("attention", {"text": "emma", "cuts": [{"layer": 2, "head": 0, "reader": 0, "read": 0}]}, "wrong-value"),
        ("attention", {"text": "emma", "cuts": [{"layer": 0, "head": 0, "reader": 1, "read": 2}]}, "wrong-value"),
        ("attention", {"text": "emma", "arc": [{"layer": 0, "head": 0, "reader": 9, "read": 2}]}, "wrong-value"),
        ("layers", {"depth": 13}, "wrong-value"),
        ("layers", {"steps": 201}, "wrong-value"),
        ("layers", {"scale": -1}, "wrong-value"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(
    client: Any, refused: Refused, path: str, body: dict[str, Any], code: str
) -> None:
    assert refused(client.post(f"/api/inside/{path}", json=body), 422, code)


ODD: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers(-3, 30) | st.floats() | st.text(max_size=3) | st.just([]) | st.just({})
)
ENTRIES = st.dictionaries(
    st.sampled_from(["symbol", "x", "y", "gate", "value", "unit", "at", "layer", "head", "reader", "read"]),
    st.integers(0, 5) | st.floats(0, 1) | st.sampled_from(["keep", "enter"]) | ODD,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    path=st.sampled_from(["moved", "gates", "merges", "attention"]),
    text=st.text("abz", max_size=16) | st.text(max_size=4),
    entries=st.lists(ENTRIES, max_size=4) | ODD,
    more=st.dictionaries(st.sampled_from(["net", "context", "layers", "growth", "arc"]), ODD, max_size=2),
)
def test_nothing_that_is_changed_by_hand_is_a_defect(
    client: Any, path: str, text: str, entries: Any, more: dict[str, Any]
) -> None:
    body = json.dumps({"text": text, "moves": entries, "holds": entries, "cuts": entries, **more}, default=str)
    answer = client.post(f"/api/inside/{path}", content=body.replace("Infinity", "1e999").replace("NaN", "null"))
    assert answer.status_code < 500, (answer.text, body)


def test_a_net_is_trained_on_a_visitors_own_list(client: Any) -> None:
    client.submit("data", text="张伟\n王芳\n李娜\n")
    body = {"family": "transformer", "steps": 3, "steps_per_second": 5000}
    with client.stream("POST", "/api/nets/train", json=body) as answer:
        lines = [line for line in answer.iter_lines() if line]
    assert lines[0] == "event: start"
    assert '"张"' in lines[1]
    assert '"held_out":null' in lines[3]  # too few names to hold any out
    assert lines[-2] == "event: done"


# -- a net of the visitor's own ----------------------------------------------------------------------------------------


def trained(client: Any, family: str, steps: int = 3) -> str:
    """Train a net; its fingerprint."""
    body = {"family": family, "steps": steps, "steps_per_second": 5000}
    with client.stream("POST", "/api/nets/train", json=body) as answer:
        last = [line for line in answer.iter_lines() if line][-1]
    return str(json.loads(last.removeprefix("data: "))["net"])


@pytest.mark.parametrize(
    ("family", "path", "body", "weights"),
    [
        ("mlp", "moved", {"text": "emma"}, 1_971),
        ("rnn", "hidden", {"text": "emma"}, None),
        ("gru", "gates", {"text": "emma"}, None),
        ("wavenet", "merges", {"text": "emma"}, None),
        ("transformer", "attention", {"text": "emma"}, None),
    ],
)
def test_a_trained_net_is_looked_into(
    client: Any, refused: Refused, family: str, path: str, body: dict[str, Any], weights: int | None
) -> None:
    net = trained(client, family)
    own = client.submit(f"inside/{path}", **body, trained=net)
    shipped = client.submit(f"inside/{path}", **body)
    rows = next(name for name in ("rows", "after") if name in own)
    # after three steps it knows little: further from the net that ships than nothing at all
    assert np.abs(np.array(own[rows]) - np.array(shipped[rows])).max() > 0.1
    assert np.array(own[rows]).sum(axis=1) == pytest.approx(1)
    if path != "moved":
        assert own["trained"]
        assert not shipped["trained"]
    refused(client.post(f"/api/inside/{path}", json={**body, "trained": "0" * 16}), 410, "net-gone")
    other = "rnn" if family != "rnn" else "gru"
    refused(client.post(f"/api/inside/{path}", json={**body, "trained": trained(client, other)}), 422, "wrong-value")


def test_units_and_map_of_a_trained_net(client: Any) -> None:
    client.submit("data", text="Ann\nBob\nZoë\n" * 5)
    net = trained(client, "rnn")
    seen = client.fetch("inside/unit", net="rnn", unit=0, trained=net)
    assert {letter["symbol"] for letter in seen["letters"]} == set("AnBobZoë")
    assert client.submit("inside/hidden", text="Zoë", net="rnn", trained=net)["symbols"][1:] == list("Zoë")
    mapped = client.fetch("inside/map", context=8, trained=trained(client, "mlp"))
    assert mapped["context"] == 3  # that of the net, whatever is asked for
    assert mapped["labels"][1:] == sorted(set("AnBobZoë"))


def test_a_net_is_its_visitors_alone(
    client: Any, address: str, visitor: Callable[[str], Any], refused: Refused
) -> None:
    net = trained(client, "rnn")
    with visitor(address) as other:
        refused(other.post("/api/inside/hidden", json={"text": "emma", "trained": net}), 410, "net-gone")


def test_the_strongest_arc_is_taken_where_none_is_named(client: Any) -> None:
    query = {"layer": 0, "head": 2, "reader": 4}
    seen = client.submit("inside/attention", text="emma", arc=[query])
    weights = seen["weights"][0][2][4]
    assert seen["arc"]["read"] == max(range(5), key=weights.__getitem__)


def test_the_arc_that_chapter_17_opens_with_is_a_telling_one(client: Any) -> None:
    """From emm to e: nearly all the weight, and without it another prediction."""
    query = {"layer": 0, "head": 0, "reader": 3}
    arc = client.submit("inside/attention", text="emma", arc=[query])["arc"]
    assert arc["read"] == 1
    assert arc["weights"][1] > 0.8
    cut = client.submit("inside/attention", text="emma", cuts=[{**query, "read": 1}])
    moved = np.abs(np.array(cut["after"][3]) - np.array(cut["before"][3])).sum() / 2
    assert moved > 0.09


def test_the_unit_that_chapter_14_opens_with_tells_consonants_from_vowels() -> None:
    means = unit(firing_of("rnn"), 23).by_symbol
    vowels, others = means[[1, 5, 9, 15, 21, 25]], np.delete(means[1:], [0, 4, 8, 14, 20, 24])
    assert vowels.mean() < others.mean() - 1
    assert vowels.max() < np.median(others)
