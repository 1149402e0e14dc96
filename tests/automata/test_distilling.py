"""Models distilled into automata: exact where items mostly are, the mean over drawn items elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import nextchar
from nextchar.automata.distilling import distil
from nextchar.automata.likely_beginnings import explore
from nextchar.cli import main
from nextchar.core.model import Model
from nextchar.data.corpus import Corpus
from nextchar.data.text_options import TextOptions
from nextchar.errors import SettingsError
from nextchar.models.ensemble.model import Ensemble, EnsembleModel
from nextchar.models.mix.model import Mix
from nextchar.models.ngram.model import Ngram

CORPUS = Corpus.from_items(["emma", "ava", "mia", "amelia", "eve", "viola", "oliva", "a", "mamma", "ama"])


def pool(order: int = 3) -> Model:
    """No automaton, and it looks back order - 1 symbols."""
    members = Ngram(order=2, add=0.5).fit(CORPUS), Ngram(order=order, add=0.1).fit(CORPUS)
    return EnsembleModel(settings=Ensemble(kinds=("ngram", "ngram"), weights=(0.7, 0.6)), members=members)


def likely(model: Model, least: float) -> dict[str, tuple[float, np.ndarray[tuple[int], np.dtype[np.float64]]]]:
    """All beginnings of at least this probability, found one by one, with it and what the model says there."""
    found, todo = {}, [("", 1.0)]
    for text, p in todo:
        row = np.exp(model.log_probs(np.array([[0, *model.alphabet.encode(text)]]))[0, -1])
        found[text] = p, row
        todo += [
            (text + name, p * row[i]) for i, name in enumerate(model.alphabet.names, start=1) if p * row[i] >= least
        ]
    return found


def test_the_likely_beginnings_are_all_there_and_have_the_model_s_rows() -> None:
    model = pool()
    beginnings, _ = explore(model, 300, 300, 8, seed=0)
    least = float(np.exp(beginnings.log_prob.min()))
    expected = likely(model, least * (1 - 1e-6))
    assert len(beginnings.parent) == len(expected) == pytest.approx(300, rel=0.2)
    texts = [""]
    for parent, newest in zip(beginnings.parent[1:], beginnings.newest[1:, 0], strict=True):
        texts.append(texts[parent] + model.alphabet.names[newest - 1])
    for text, cost, row in zip(texts, beginnings.log_prob, beginnings.rows, strict=True):
        p, there = expected[text]
        assert np.exp(cost) == pytest.approx(p)
        assert np.allclose(np.exp(row), there, atol=1e-6)


def test_strays_are_as_frequent_as_what_the_model_gives_beyond() -> None:
    """A place after a likely beginning and one more symbol is met as often as all its items are drawn."""
    model = pool()
    beginnings, strays = explore(model, 200, 20_000, 8, seed=1)
    least = float(np.exp(beginnings.log_prob.min()))
    out = strays.left >= 0
    mass = 0.0
    for p, row in likely(model, least * (1 - 1e-6)).values():
        mass += p * row[1:][p * row[1:] < least * (1 - 1e-6)].sum()
    rate = out.sum() / mass  # strays an item
    first = beginnings.log_prob[strays.left[out]] + beginnings.rows[strays.left[out], strays.newest[out, 0]]
    ways, met = np.unique(strays.left[out] * 100 + strays.newest[out, 0], return_counts=True)
    expected = np.exp(first[np.unique(strays.left[out] * 100 + strays.newest[out, 0], return_index=True)[1]]) * rate
    assert len(ways) > 100
    assert (np.abs(met - expected) <= 1.001).all()  # they are drawn evenly: rounded down or up


@pytest.mark.parametrize("items", [[f"item{n % 41}" for n in range(2000)], ["ab", "ba"] * 500, ["emma", "ava"] * 200])
def test_of_a_model_that_hardly_strays_no_more_strays_are_drawn(items: list[str]) -> None:
    """No place that was met is beyond the wanted beginnings; what is there may be rare, but is not known to be."""
    model = Mix(epochs=2).fit(items)
    _, strays = explore(model, 15_000, 15_000, 8, seed=0)
    assert len(strays.left) < 3 * 15_000


def test_the_automaton_says_what_the_model_says_of_likely_items() -> None:
    model = pool()
    table = distil(model, states=2000)
    for item in ("emma", "ava", "ama", "mia"):
        assert table.nats([item])[0] == pytest.approx(model.nats([item])[0], abs=0.01)
    corpus = Corpus.from_items(model.sample(2000, seed=3), alphabet=model.alphabet)
    exact, made = model.symbol_nats(corpus).mean(), table.symbol_nats(corpus).mean()
    assert exact - 0.005 < made < exact + 0.02


def test_more_states_come_nearer() -> None:
    mix = Mix(epochs=2).fit(CORPUS)
    corpus = Corpus.from_items(mix.sample(2000, seed=3), alphabet=mix.alphabet)
    lost = [
        float((distil(mix, states=n).symbol_nats(corpus) - mix.symbol_nats(corpus)).mean()) for n in (30, 300, 3000)
    ]
    assert lost[0] > lost[1] > lost[2] > -0.01


@pytest.mark.parametrize("states", [1, 5, 500])
def test_it_is_a_model(states: int) -> None:
    """Every row sums to 1, as laid out and by links, and so do all items."""
    table = distil(pool(), states=states)
    machine = table.machine
    every = np.arange(machine.size, dtype=np.int32)
    assert np.allclose(np.exp(machine.rows(every)).sum(axis=1), 1)
    assert np.allclose(machine.rows(every), machine.rows_by_links(every))
    empty = np.exp(machine.rows(every[machine.start : machine.start + 1])[0, 0])  # which is no item
    assert nextchar.given(table).probability == pytest.approx(1 - empty)


def test_a_file_of_it_is_the_same_model(tmp_path: Path) -> None:
    table = distil(pool(), states=300)
    table.save(tmp_path / "table.safetensors")
    again = nextchar.load(tmp_path / "table.safetensors")
    assert again.sample(20, seed=1) == table.sample(20, seed=1)
    assert again.nats(["emma"]) == table.nats(["emma"])


def test_a_model_of_one_item() -> None:
    model = Mix(epochs=1).fit(Corpus.from_items(["a"]))
    table = distil(model, states=10)
    assert table.nats(["a"])[0] == pytest.approx(model.nats(["a"])[0], abs=0.05)


def test_what_cannot_be_distilled() -> None:
    with pytest.raises(SettingsError, match="is a finite automaton already"):
        distil(Ngram(order=2).fit(CORPUS))
    for states in (0, 1 << 30):
        with pytest.raises(SettingsError, match="number of states"):
            distil(pool(), states=states)
    text = Corpus.from_items(["emma and ava\nmia and eve\n"], options=TextOptions(documents=True))
    with pytest.raises(SettingsError, match="trained on whole texts"):
        distil(Mix(epochs=1).fit(text))
    with pytest.raises(SettingsError, match="take up to"):
        distil(pool(), states=(1 << 24) - 1)


def test_compile_without_a_file(tmp_path: Path) -> None:
    mix, out = str(tmp_path / "mix.safetensors"), str(tmp_path / "table.safetensors")
    Mix(epochs=1).fit(CORPUS).save(mix)
    run = CliRunner().invoke
    made = json.loads(run(main, ["compile", mix, "-o", out, "--states", "400", "--json"]).stdout)
    assert made["from"] == "mix"
    assert not made["exact"]
    assert made["states"] == nextchar.load(out).machine.size  # type: ignore[attr-defined]
    items = str(tmp_path / "items.txt")
    Path(items).write_text("emma\n")
    refused = run(main, ["compile", mix, items, "-o", out, "--states", "400"])
    assert refused.exit_code == 2
    assert "--states goes without a FILE" in refused.stderr
    refused = run(main, ["compile", out, "-o", mix, "--states", "400"])
    assert refused.exit_code == 2
    assert "is a finite automaton already" in refused.stderr
