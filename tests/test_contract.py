"""One suite over every model: what the interface promises, and that fast paths give what the plain path gives."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from scipy.stats import chisquare

from nextchar.automata import automaton
from nextchar.automata.automaton_model import AutomatonModel
from nextchar.automata.conditional import given
from nextchar.automata.distilling import distil
from nextchar.automata.interpolation import interpolate
from nextchar.automata.stored_model import DerivedModel
from nextchar.automata.table_sampler import TableDrawer
from nextchar.automata.tabulation import tabulate
from nextchar.core.constraint import Constraint
from nextchar.core.drawing import sample
from nextchar.core.model import Model
from nextchar.core.plan import Plan
from nextchar.core.sampling import draw_plainly
from nextchar.core.scoring import symbol_nats, symbol_nats_plainly
from nextchar.data.alphabet import BOUNDARY, Ids
from nextchar.data.corpus import Corpus
from nextchar.models.ensemble.model import EnsembleModel, combine
from nextchar.models.ensemble.training import EnsembleOf, Member
from nextchar.models.mix.model import Mix
from nextchar.models.neural.bigram.model import BigramNet
from nextchar.models.ngram.arpa import read_arpa, write_arpa
from nextchar.models.ngram.model import Ngram
from nextchar.models.ngram.smoothing import METHODS, Method
from nextchar.models.registry import Kind, load, spec_of, trained

CORPUS = Corpus.from_items(["emma", "ava", "mia", "amelia", "eve", "viola", "oliva", "a", "zoë", "m.a"] * 2 + ["mamma"])

Make = Callable[[Corpus], Model]


def ngram(order: int, add: float) -> Make:
    return lambda corpus: Ngram(order=order, add=add).fit(corpus)


def smoothed(method: Method) -> Make:
    return lambda corpus: Ngram(order=3, smoothing=method, sweeps=3).fit(corpus)


def imported(corpus: Corpus) -> Model:
    with TemporaryDirectory() as folder:
        write_arpa(Ngram(order=3, smoothing="kneser-ney").fit(corpus), f"{folder}/m.arpa")
        return read_arpa(f"{folder}/m.arpa")


MODELS: dict[str, Make] = {
    f"ngram order {order} add {add:g}": ngram(order, add) for order in range(1, 7) for add in (0.0, 0.1, 1.0)
}
MODELS |= {f"ngram order 3 {method}": smoothed(method) for method in list(METHODS)[1:]}
MODELS["backoff"] = imported
MODELS["mix"] = lambda corpus: Mix(epochs=3).fit(corpus)
MODELS |= {
    "interpolated": lambda corpus: interpolate(Ngram(order=2).fit(corpus), Ngram(order=4, add=0.5).fit(corpus), 0.3),
    "condition": lambda corpus: given(Ngram(order=3, add=0.5).fit(corpus), contains="m", max_length=9).model,
}
if find_spec("torch"):
    MODELS |= {
        "bigram-net newton": lambda corpus: BigramNet().fit(corpus),
        "bigram-net gd": lambda corpus: BigramNet(solver="gd").fit(corpus),
        "bigram-net lecture": lambda corpus: BigramNet(solver="lecture", steps=20).fit(corpus),
    }

TINY: dict[str, dict[str, int]] = {
    "mlp": {"context": 4, "embedding": 8, "width": 16, "layers": 1},
    "bow": {"context": 4, "width": 16, "layers": 1},
    "rnn": {"embedding": 8, "width": 16},
    "gru": {"embedding": 8, "width": 16},
    "lstm": {"embedding": 8, "width": 16},
    "wavenet": {"width": 16, "hidden": 32, "layers": 2},
    "transformer": {"context": 4, "width": 16, "heads": 2, "layers": 2},
}


def net(kind: str) -> Make:
    return lambda corpus: spec_of(kind, {**TINY[kind], "steps": 40, "batch": 64}).fit(corpus)


if find_spec("torch"):
    MODELS |= {kind: net(kind) for kind in TINY}


def ensemble(corpus: Corpus) -> Model:
    other = net("mlp") if find_spec("torch") else ngram(4, 1.0)
    return combine([Ngram(order=2).fit(corpus), other(corpus)], Corpus.from_items(["emma", "ola", "mila"]))


MODELS["ensemble"] = ensemble
MODELS["distilled"] = lambda corpus: distil(ensemble(corpus), states=300)
MODELS["tabulated"] = lambda corpus: tabulate(ensemble(corpus), corpus, context=3).model
if find_spec("torch"):
    MODELS["mix with a net"] = lambda corpus: EnsembleOf(
        members=(
            Member("mlp", spec_of("mlp", {**TINY["mlp"], "steps": 40, "batch": 64}), 0.5),
            Member("mix", Mix(epochs=2), 0.5),
        )
    ).fit(corpus)


def by_default(row: Kind) -> Make:
    return lambda corpus: spec_of(row).fit(corpus)


# A new row of the table comes in by itself; if its defaults take long, give it smaller settings above.
MODELS |= {
    row.name: by_default(row)
    for row in trained()
    if row.load and (row.extra is None or find_spec("torch")) and not any(row.name in name.split() for name in MODELS)
}


@pytest.fixture(params=MODELS, scope="module")
def model(request: pytest.FixtureRequest) -> Model:
    return MODELS[request.param](CORPUS)


def streams(model: Model, rows: int = 5, length: int = 12) -> Ids:
    """Random ids (B, T) that begin with the boundary, and hold some more of them."""
    rng = np.random.default_rng(4)
    ids = rng.integers(0, model.alphabet.size, size=(rows, length)).astype(model.alphabet.dtype)
    ids[:, 0] = BOUNDARY
    return ids


def fold(model: Model, ids: Ids) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """log_probs by advance alone."""
    step = model.start(len(ids))
    rows = [step.log_probs]
    for column in ids[:, 1:].T:
        step = model.advance(step.state, column)
        rows.append(step.log_probs)
    return np.stack(rows, axis=1)


def test_rows_sum_to_one(model: Model) -> None:
    log_probs = model.log_probs(streams(model))
    assert log_probs.shape == (5, 12, model.alphabet.size)
    assert not np.isnan(log_probs).any()
    np.testing.assert_allclose(np.exp(log_probs).sum(axis=-1), 1, atol=1e-9)


def test_folding_advance_gives_log_probs(model: Model) -> None:
    ids = streams(model)
    np.testing.assert_allclose(fold(model, ids), model.log_probs(ids), atol=1e-6)


def test_advance_leaves_the_old_state_as_it_was(model: Model) -> None:
    step = model.start(2)
    ids = np.array([1, 2])
    first = model.advance(step.state, ids).log_probs
    model.advance(step.state, ids[::-1])
    assert np.array_equal(model.advance(step.state, ids).log_probs, first)


def test_no_row_looks_ahead(model: Model) -> None:
    ids = streams(model)
    changed = ids.copy()
    changed[:, 7:] = (changed[:, 7:] + 1) % model.alphabet.size
    np.testing.assert_allclose(model.log_probs(ids)[:, :7], model.log_probs(changed)[:, :7], atol=1e-6)


def test_items_of_a_batch_do_not_touch_each_other(model: Model) -> None:
    ids = streams(model)
    alone = np.concatenate([model.log_probs(row[None]) for row in ids])
    np.testing.assert_allclose(model.log_probs(ids), alone, atol=1e-6)


def test_select_takes_rows_of_the_state(model: Model) -> None:
    step = model.advance(model.start(3).state, np.array([1, 2, 3]))
    rows = np.array([2, 0, 0])
    picked = model.advance(model.select(step.state, rows), np.array([1, 1, 2]))
    pairs = np.array([[3, 1], [1, 1], [1, 2]])
    by_hand = model.advance(model.advance(model.start(3).state, pairs[:, 0]).state, pairs[:, 1])
    np.testing.assert_allclose(picked.log_probs, by_hand.log_probs, atol=1e-6)


def test_the_boundary_leads_back_to_the_start(model: Model) -> None:
    step = model.advance(model.start(1).state, np.array([2]))
    again = model.advance(step.state, np.array([BOUNDARY]))
    np.testing.assert_allclose(again.log_probs, model.start(1).log_probs, atol=1e-6)


def test_scoring_a_corpus_is_looking_up_its_rows(model: Model) -> None:
    nats = symbol_nats(model, CORPUS)
    np.testing.assert_allclose(nats, symbol_nats_plainly(model, CORPUS), atol=1e-6)
    ids = np.array([[BOUNDARY, *model.alphabet.encode("mia")]])
    row = model.log_probs(ids)[0]
    by_hand = [-row[t, symbol] for t, symbol in enumerate([*ids[0, 1:], BOUNDARY])]
    np.testing.assert_allclose(model.score(["mia"])[0].surprisal, by_hand, atol=1e-6)


def test_a_reader_charges_what_the_rows_say(model: Model) -> None:
    ids = streams(model, rows=1)
    rows = model.log_probs(ids)[0]
    reader = model.reader()
    with np.errstate(invalid="ignore"):
        for t, symbol in enumerate(ids[0, 1:]):
            np.testing.assert_allclose(reader.log_probs, rows[t], atol=1e-6)
            assert reader.fork().push([symbol]) == reader.push([symbol])
    assert reader.symbols == ids.shape[1] - 1


def test_the_training_loss_from_what_the_model_remembers(model: Model) -> None:
    if model.kind == "backoff":
        pytest.skip("it was trained elsewhere")
    if isinstance(model, DerivedModel | EnsembleModel):
        assert model.training_nats() is None  # it has no training data of its own
        return
    nats = model.training_nats()
    assert nats is not None
    np.testing.assert_allclose(nats, symbol_nats(model, CORPUS).sum(), rtol=1e-6)


def test_save_and_load_change_nothing(model: Model, tmp_path: Path) -> None:
    model.save(tmp_path / "m.safetensors")
    loaded = load(tmp_path / "m.safetensors")
    ids = streams(model)
    assert np.array_equal(loaded.log_probs(ids), model.log_probs(ids))
    assert loaded.sample(20, seed=5) == model.sample(20, seed=5)
    assert loaded.settings == model.settings
    assert loaded.provenance.options == model.provenance.options
    assert loaded.metrics == model.metrics


WAYS = [
    (Plan(seed=3), Constraint()),
    (Plan(seed=3, temperature=0.5), Constraint()),
    (Plan(seed=3, top_k=3), Constraint()),
    (Plan(seed=3, top_p=0.8), Constraint(max_length=50)),
    (Plan(seed=3), Constraint(prefix="ma", max_length=9)),
    (Plan(seed=3), Constraint(min_length=4, max_length=6)),
    (Plan(seed=3, temperature=0), Constraint(max_length=6)),
    (Plan(seed=3, temperature=2, top_k=4, top_p=0.9), Constraint(min_length=2, max_length=7)),
]


@pytest.mark.parametrize(("plan", "constraint"), WAYS, ids=str)
def test_items_do_not_depend_on_the_path(model: Model, plan: Plan, constraint: Constraint) -> None:
    prefix = model.alphabet.encode("".join(constraint.prefixes))
    constraint = constraint.of_at_least(1)
    plain = draw_plainly(model, plan, constraint, 3, prefix, 2, 40)
    together = sample(model, 30, plan, constraint).corpus
    one_by_one = [draw_plainly(model, plan, constraint, 3, prefix, i, 1) for i in range(12)]
    items = [model.alphabet.decode(draws.ids[:-1]) for draws in one_by_one if len(draws.ids)]
    assert list(together)[: len(items)] == items
    if isinstance(model, AutomatonModel):
        for compiled in (False, True):
            drawer = TableDrawer.of(model.automaton, plan, constraint, 10**6, compiled=compiled)
            assert drawer is not None
            draws = drawer(3, prefix, 2, 40)
            assert draws.ids.tolist() == plain.ids.tolist()
            assert draws.offsets.tolist() == plain.offsets.tolist()


@pytest.mark.parametrize("plan", [Plan(seed=1), Plan(seed=1, temperature=0.7, top_k=4)])
def test_sampled_frequencies_match(model: Model, plan: Plan) -> None:
    """First symbols, and second symbols after the most frequent first one, against the adjusted row."""
    from nextchar.core.sampling import allowed

    drawn = sample(model, 20_000, plan, Constraint(min_length=0)).corpus
    padded = np.concatenate([drawn.ids, np.zeros(1, dtype=drawn.ids.dtype)])
    first = drawn.ids[drawn.offsets[:-1]]
    step = model.start(1)
    expected = np.exp(allowed(step.log_probs, model.alphabet, plan, 0, 0)[0])
    matches(first, expected)
    usual = int(np.bincount(first[first != BOUNDARY]).argmax())
    second = padded[drawn.offsets[:-1][first == usual] + 1]
    step = model.advance(step.state, np.array([usual]))
    matches(second, np.exp(allowed(step.log_probs, model.alphabet, plan, 0, 1)[0]))


def matches(drawn: Ids, probs: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> None:
    counts = np.bincount(drawn, minlength=len(probs))
    assert counts[probs == 0].sum() == 0
    possible = probs > 0
    if possible.sum() > 1:
        p_value = chisquare(counts[possible], probs[possible] / probs[possible].sum() * counts.sum()).pvalue
        assert p_value > 1e-6


@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.parametrize("add", [0, 0.3])
def test_an_automaton_too_large_for_its_table_gives_the_same(
    order: int, add: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid_out = Ngram(order=order, add=add).fit(CORPUS)
    ids = streams(laid_out)
    rows, nats = laid_out.log_probs(ids), laid_out.symbol_nats(CORPUS)
    monkeypatch.setattr(automaton, "TABLE_BYTES", 0)
    linked = Ngram(order=order, add=add).fit(CORPUS)
    assert linked.automaton.table is None
    np.testing.assert_allclose(linked.log_probs(ids), rows, atol=1e-12)
    np.testing.assert_allclose(linked.symbol_nats(CORPUS), nats, atol=1e-12)
    assert linked.sample(20, seed=1, max_length=30) == laid_out.sample(20, seed=1, max_length=30)


def test_it_shows_itself_in_one_line_and_as_a_table(model: Model) -> None:
    """Kind, alphabet, items and loss, as far as they are known; a bigram model has its heat map in a notebook."""
    shown = repr(model)
    assert len(shown.splitlines()) == 1
    assert len(shown) < 160
    assert shown.startswith(f"{type(model).__name__}({model.kind}, ")
    assert f"alphabet of {model.alphabet.size}" in shown or shown.endswith("...)")
    html = model._repr_html_()
    assert f">{model.kind}</caption>" in html
    assert "<script" not in html
    assert html.count("<table") == (2 if model.context_length == 1 else 1)
