"""Models as automata: what the table says beside what the model says, and beside the definition taken literally."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

import nextchar
from nextchar.automata.stored_model import DerivedModel
from nextchar.automata.tabulation import tabulate
from nextchar.cli import main
from nextchar.core.model import Model
from nextchar.core.scoring import evaluate
from nextchar.data.corpus import Corpus
from nextchar.errors import SettingsError, UnknownSymbolError
from nextchar.models.ensemble.model import Ensemble, EnsembleModel
from nextchar.models.mix.model import Mix
from nextchar.models.ngram.arpa import read_arpa, write_arpa
from nextchar.models.ngram.model import Ngram
from nextchar.models.registry import spec_of

F64 = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
ITEMS = ["emma", "ava", "mia", "amelia", "eve", "viola", "oliva", "a", "mamma", "ama"]
CORPUS = Corpus.from_items(ITEMS)


def pool(order: int = 3) -> Model:
    """No automaton, and it looks back order - 1 symbols."""
    members = Ngram(order=2, add=0.5).fit(CORPUS), Ngram(order=order, add=0.1).fit(CORPUS)
    return EnsembleModel(settings=Ensemble(kinds=("ngram", "ngram"), weights=(0.7, 0.6)), members=members)


def rows(model: Model, text: str) -> F64:
    """What a model says before each symbol of a text and after it, (T + 1, V) nats."""
    told: F64 = model.log_probs(np.array([[0, *model.alphabet.encode(text)]]))[0]
    return told


def literally(model: Model, items: list[str], weights: list[int], k: int, text: str) -> F64:
    """The same by the definition: the mean of the model's rows over the places that end in the longest suffix known."""
    known: dict[str, list[tuple[int, F64]]] = defaultdict(list)
    for item, weight in zip(items, weights, strict=True):
        for t, row in enumerate(np.exp(rows(model, item))):
            context = ("^" * k + item[:t])[-k:]
            for begin in range(k + 1):
                known[context[begin:]].append((weight, row))
    found = []
    for t in range(len(text) + 1):
        context = ("^" * k + text[:t])[-k:]
        longest = next(context[begin:] for begin in range(k + 1) if context[begin:] in known)
        parts = known[longest]
        found.append(np.log(sum(w * row for w, row in parts) / sum(w for w, _ in parts)))
    return np.stack(found)


@pytest.mark.parametrize("order", [2, 3, 4, 8])
def test_contexts_that_occur_have_the_models_own_rows(order: int) -> None:
    model = pool(order)
    made = tabulate(model, CORPUS)
    assert (made.exact, made.context) == (True, order - 1)
    for item in ITEMS:
        np.testing.assert_allclose(rows(made.model, item), rows(model, item), atol=1e-12)
    assert evaluate(made.model, CORPUS).nats == pytest.approx(evaluate(model, CORPUS).nats, rel=1e-12)


TEXTS = st.lists(st.text("aelm", min_size=1, max_size=6), min_size=1, max_size=8)


@settings(deadline=None)
@given(TEXTS, st.integers(1, 7), st.text("aelmv", max_size=9), st.data())
def test_every_row_is_that_of_the_definition(items: list[str], k: int, text: str, data: st.DataObject) -> None:
    weights = data.draw(st.lists(st.integers(1, 3), min_size=len(items), max_size=len(items)))
    model = pool(6)
    told: list[float] = []
    tell = lambda at: told.append(at.share)  # noqa: E731
    made = tabulate(model, Corpus.from_items(items, weights=weights), context=k, progress=tell)
    assert told == sorted(told)
    assert told[-1] == 1
    np.testing.assert_allclose(rows(made.model, text), literally(model, items, weights, made.context, text), atol=1e-9)
    assert made.states < 2 * made.contexts
    assert made.context == min(k, 5)


def test_a_model_without_fixed_context_with_a_context_long_enough() -> None:
    model = Mix(epochs=2).fit(CORPUS)
    made = tabulate(model, CORPUS, context=8)
    assert not made.exact  # it looks back further than 8, but no item does
    for item in ITEMS:
        np.testing.assert_allclose(rows(made.model, item), rows(model, item), atol=1e-12)
    short = tabulate(model, CORPUS, context=2)
    for text in ("emma", "vee"):
        np.testing.assert_allclose(
            rows(short.model, text), literally(model, ITEMS, [1] * len(ITEMS), 2, text), atol=1e-9
        )


@pytest.mark.parametrize("kind", ["mlp", "wavenet"])
def test_nets(kind: str) -> None:
    pytest.importorskip("torch")
    settings = {"mlp": {"context": 4, "embedding": 8, "width": 16}, "wavenet": {"width": 16, "hidden": 16, "layers": 2}}
    net = spec_of(kind, {**settings[kind], "steps": 30, "batch": 64}).fit(CORPUS)
    made = tabulate(net, CORPUS).model
    assert net.context_length == 4
    for item in ITEMS:
        np.testing.assert_allclose(rows(made, item), rows(net, item), atol=1e-6)
    strange = rows(made, "vvolmmaeiiaoaml")
    np.testing.assert_allclose(np.exp(strange).sum(axis=-1), 1, atol=1e-12)
    assert (strange > -np.inf).all()


def test_an_arpa_file_says_the_same(tmp_path: Path) -> None:
    made = tabulate(pool(6), CORPUS).model
    write_arpa(made, tmp_path / "m.arpa")
    again = read_arpa(tmp_path / "m.arpa")
    for text in [*ITEMS, "vvolmmaeiiaoaml", "emmava"]:
        np.testing.assert_allclose(rows(again, text), rows(made, text), atol=1e-6)


def test_items_of_weight_0_have_no_say() -> None:
    weighted = Corpus.from_items(["ama", "eve", "mia"], weights=[2, 0, 1])
    made, plain = (tabulate(pool(), items) for items in (weighted, Corpus.from_items(["ama", "mia"])))
    assert made.contexts == plain.contexts
    np.testing.assert_allclose(rows(made.model, "eve"), literally(pool(), ["ama", "mia"], [2, 1], 2, "eve"), atol=1e-9)


def test_what_cannot_be_tabulated() -> None:
    with pytest.raises(SettingsError, match="of kind ngram is a finite automaton already"):
        tabulate(Ngram(order=3).fit(CORPUS), CORPUS)
    with pytest.raises(SettingsError, match=r"of kind mix looks back to the beginning .* mlp and wavenet do\."):
        tabulate(Mix(epochs=1).fit(CORPUS), CORPUS)
    for context in (0, -1):
        with pytest.raises(SettingsError, match=f"from 1 to 64, not {context}"):
            tabulate(pool(), CORPUS, context=context)
    with pytest.raises(SettingsError, match="there are none"):
        tabulate(pool(), CORPUS.take([]))
    with pytest.raises(UnknownSymbolError):
        tabulate(pool(), Corpus.from_items(["xyz"]))
    with pytest.raises(SettingsError, match=r"contexts of up to 2 symbols make .* context of fewer symbols"):
        tabulate(pool(), CORPUS, most_bytes=1000)


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(a) for a in arguments])
    assert result.exit_code == code, result.output
    return result


def test_the_command(tmp_path: Path) -> None:
    data, model, out = tmp_path / "t.txt", tmp_path / "m", tmp_path / "fast"
    data.write_text("\n".join(ITEMS) + "\n", encoding="utf-8")
    pool().save(model)
    told = json.loads(run("compile", model, data, "-o", out, "--json").stdout)
    expected = tabulate(pool(), CORPUS)
    assert told == {
        "model": "automaton",
        "from": "ensemble",
        "context": 2,
        "contexts": expected.contexts,
        "states": expected.states,
        "exact": True,
    }
    made = nextchar.load(out)
    assert isinstance(made, DerivedModel)
    assert made.settings.how == f"ensemble, for {expected.contexts} contexts of up to 2 symbols"
    assert np.array_equal(rows(made, "amma"), rows(expected.model, "amma"))
    assert made.provenance.items == len(ITEMS)
    assert len(run("sample", out, "-n", 5, "--seed", 1, "--contains", "m").stdout.split()) == 5
    assert run("score", out, data).stdout == run("score", model, data).stdout
    assert "probability" in run("prob", out, "--prefix", "a").stdout
    assert "ensemble, for" in run("info", out).stdout
    shorter = run("compile", model, data, "--context", 1, "-o", out)
    assert "looks back further than 1 symbols" in shorter.stderr


def test_wrong_uses_of_the_command(tmp_path: Path) -> None:
    data, model, out = tmp_path / "t.txt", tmp_path / "m", tmp_path / "fast"
    data.write_text("\n".join(ITEMS) + "\n", encoding="utf-8")
    Ngram().fit(CORPUS).save(model)
    rest = (data, "-o", out)
    assert "a finite automaton already" in run("compile", model, *rest, code=1).stderr
    assert "also an input" in run("compile", model, data, "-o", model, code=1).stderr
    assert "no such file" in run("compile", tmp_path / "none", *rest, code=1).stderr
    assert (
        "--context and what says how to read go with a FILE"
        in run("compile", model, "--context", 2, "-o", out, code=2).stderr
    )
    assert "written; ngram" in run("compile", model, "-o", out).stdout  # an automaton is written as one
    out.unlink()
    pool().save(model)
    (tmp_path / "x.txt").write_text("xyz\n", encoding="utf-8")
    assert "x.txt" in run("compile", model, tmp_path / "x.txt", "-o", out, code=1).stderr
    assert not out.exists()
