from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import log_softmax, logsumexp

import nextchar
from nextchar.cli import main
from nextchar.core.metrics import Metrics
from nextchar.core.model_file import ModelFile, read_model_file, write_model_file
from nextchar.core.scoring import evaluate
from nextchar.data.corpus import Corpus
from nextchar.data.text_options import TextOptions
from nextchar.errors import ModelFileError, SettingsError
from nextchar.models.ensemble.model import Ensemble, EnsembleModel, PoolLoss, combine, pool_weights, pooled
from nextchar.models.ngram.model import Ngram
from nextchar.models.registry import spec_of

F64 = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
A = Corpus.from_items(["ab", "aab", "ba", "abba", "bab"])
HELD_OUT = Corpus.from_items(["abb", "aba", "b", "baab"])
ITEMS = ["a", "b", "ab", "ba", "abab", "bbb", "aabba"]


def rows(model: nextchar.Model, items: list[str]) -> F64:
    """What a model says of each symbol, one item at a time: (S, V)."""
    return np.concatenate([model.log_probs(np.array([[0, *model.alphabet.encode(item)]]))[0] for item in items])


def fitted() -> EnsembleModel:
    return combine([Ngram(order=1).fit(A), Ngram(order=2, add=0.5).fit(A), Ngram(order=3, add=2).fit(A)], HELD_OUT)


def pool(seed: int, M: int, S: int, V: int, closed: float) -> PoolLoss:
    """A loss over random rows, of whose symbols some are impossible."""
    rng = np.random.default_rng(seed)
    symbols = rng.integers(0, V, S)
    shut = rng.random((M, S, V)) < closed
    shut[:, np.arange(S), symbols] = False
    logits = np.where(shut, -np.inf, 2 * rng.normal(size=(M, S, V)))
    logits[:, np.arange(S), symbols] += 0.5
    return PoolLoss.of(list(log_softmax(logits, axis=-1)), symbols, rng.integers(1, 4, S).astype(float))


@given(st.integers(0, 10**6), st.integers(1, 4), st.sampled_from([0.0, 0.3]))
def test_the_derivatives_are_those_of_the_loss(seed: int, M: int, closed: float) -> None:
    loss = pool(seed, M, 30, 5, closed)
    weights = np.random.default_rng(seed).random(M) + 0.1
    gradient, hessian = loss.derivatives(weights)
    h = 1e-5
    for m, unit in enumerate(h * np.eye(M)):
        slope = (loss.nats(weights + unit) - loss.nats(weights - unit)) / (2 * h)
        assert gradient[m] == pytest.approx(slope, abs=1e-8)
        bend = (loss.derivatives(weights + unit)[0] - loss.derivatives(weights - unit)[0]) / (2 * h)
        np.testing.assert_allclose(hessian[m], bend, atol=1e-7)


@given(st.integers(0, 10**6), st.integers(1, 5), st.sampled_from([0.0, 0.3]))
def test_the_weights_are_the_best(seed: int, M: int, closed: float) -> None:
    loss = pool(seed, M, 60, 6, closed)
    weights = loss.minimum()
    gradient = loss.derivatives(weights)[0]
    assert (weights >= 0).all()
    np.testing.assert_allclose(gradient[weights > 0], 0, atol=1e-7)
    assert (gradient[weights == 0] >= -1e-7).all()
    other = minimize(loss.nats, np.full(M, 0.5), bounds=[(0, None)] * M, method="L-BFGS-B")
    assert loss.nats(weights) <= other.fun + 1e-9


def test_models_that_say_the_same_share_the_weight() -> None:
    one = Ngram(order=2, add=1).fit(A)
    alone, twice = combine([one], HELD_OUT), combine([one, one], HELD_OUT)
    assert sum(twice.settings.weights) == pytest.approx(alone.settings.weights[0], abs=1e-6)
    np.testing.assert_allclose(rows(twice, ITEMS), rows(alone, ITEMS), atol=1e-6)


def test_a_row_is_the_normalised_geometric_mean() -> None:
    made = fitted()
    said = np.stack([rows(member, ITEMS) for member in made.members])
    expected = log_softmax(np.tensordot(made.settings.weights, said, axes=1), axis=-1)
    np.testing.assert_allclose(rows(made, ITEMS), expected, atol=1e-12)
    np.testing.assert_allclose(logsumexp(rows(made, ITEMS), axis=-1), 0, atol=1e-12)


def test_together_they_predict_no_worse_than_each_alone() -> None:
    made = fitted()
    alone = [evaluate(member, HELD_OUT).nats for member in made.members]
    assert evaluate(made, HELD_OUT).nats <= min(alone) + 1e-9


def test_weights_count_as_repeats() -> None:
    models = [Ngram(order=1).fit(A), Ngram(order=3, add=1).fit(A)]
    weighted = Corpus.from_items(["abb", "b"], weights=[3, 1])
    repeated = Corpus.from_items(["abb", "abb", "abb", "b"])
    np.testing.assert_allclose(
        combine(models, weighted).settings.weights, combine(models, repeated).settings.weights, atol=1e-8
    )


def test_one_model_with_weight_1_is_that_model() -> None:
    for one in (Ngram(order=3, add=0.2).fit(A), Ngram(order=3, add=0).fit(A)):
        made = EnsembleModel(settings=Ensemble(kinds=("ngram",), weights=(1.0,)), members=(one,))
        np.testing.assert_allclose(rows(made, ["ab", "ba"]), rows(one, ["ab", "ba"]), atol=1e-12)
        assert made.sample(20, seed=1) == one.sample(20, seed=1)
        assert made.context_length == one.context_length
        assert made.provenance.items == one.provenance.items == 5


def test_what_one_holds_impossible_is_impossible() -> None:
    # Bigrams of "ab", "ba" without smoothing: after the boundary a or b, after a the end or b, after b the end or a.
    strict = Ngram(order=2, add=0).fit(Corpus.from_items(["ab", "ba"]))
    soft = Ngram(order=2, add=1).fit(Corpus.from_items(["ab", "ba"]))
    made = EnsembleModel(settings=Ensemble(kinds=("ngram",) * 2, weights=(0.5, 0.5)), members=(strict, soft))
    probs = np.exp(rows(made, ["a"]))
    # Both halves are alike by symmetry: a and b swap places.
    np.testing.assert_allclose(probs, [[0, 0.5, 0.5], [0.5, 0, 0.5]], atol=1e-12)
    assert made.nats(["aa"]).tolist() == [np.inf]
    assert set("".join(made.sample(50, seed=1, max_length=6))) == {"a", "b"}


def test_members_that_have_nothing_in_common_make_no_nan() -> None:
    # After the boundary one says a for certain, the other b; the one with more weight is believed.
    one = Ngram(order=2, add=0).fit(Corpus.from_items(["ab"]))
    other = Ngram(order=2, add=0).fit(Corpus.from_items(["ba"]))
    made = EnsembleModel(settings=Ensemble(kinds=("ngram",) * 2, weights=(0.4, 0.6)), members=(one, other))
    np.testing.assert_allclose(np.exp(made.start(1).log_probs), [[0, 0, 1]])


def test_a_model_that_holds_a_symbol_impossible_gets_no_say() -> None:
    strict, soft = Ngram(order=3, add=0).fit(A), Ngram(order=2, add=1).fit(A)
    items = Corpus.from_items(["bbb", "ab"])
    weights = pool_weights([strict, soft], items)
    assert weights[0] == 0
    assert weights[1] > 0
    made = combine([strict, soft], items)
    assert made.members == (soft,)  # the other one would be computed at every step, and saved, for nothing
    assert made.settings == Ensemble(kinds=("ngram",), weights=weights[1:])
    assert np.isfinite(made.nats(["bbb"])).all()
    with pytest.raises(SettingsError, match="smooth them"):
        combine([strict], Corpus.from_items(["bbb", "ab"]))


def test_save_and_load_also_one_inside_another(tmp_path: Path) -> None:
    inner = fitted()
    made = pooled([inner, Ngram(order=4).fit(A)], (0.5, 0.7)).with_metrics(Metrics(split="none"))
    made.save(tmp_path / "m")
    again = nextchar.load(tmp_path / "m")
    assert isinstance(again, EnsembleModel)
    assert np.array_equal(rows(again, ITEMS), rows(made, ITEMS))
    assert again.settings == made.settings
    assert again.metrics == made.metrics
    assert [member.kind for member in again.members] == ["ensemble", "ngram"]
    again.save(tmp_path / "n")
    assert (tmp_path / "n").read_bytes() == (tmp_path / "m").read_bytes()


def test_old_files_with_members_of_weight_0(tmp_path: Path) -> None:
    # Version 0.1.0 wrote members of weight 0 too, which changed no number. They are not even made, let alone computed.
    made = fitted()
    made.save(tmp_path / "m")
    content = read_model_file(tmp_path / "m")
    document = {name: value for name, value in content.document.items() if name not in ("format", "kind", "package")}
    used = len(made.members)
    settings = {"kinds": [*made.settings.kinds, "mlp"], "weights": [*made.settings.weights, 0.0]}
    unused = {**document["members"][0], "kind": "mlp"}  # would not load
    old = {**document, "settings": settings, "members": [*document["members"], unused]}
    write_model_file(tmp_path / "old", ModelFile("ensemble", {**content.arrays, f"member{used}/x": np.zeros(3)}, old))
    again = nextchar.load(tmp_path / "old")
    assert isinstance(again, EnsembleModel)
    assert again.settings == made.settings
    np.testing.assert_array_equal(rows(again, ITEMS), rows(made, ITEMS))
    again.save(tmp_path / "new")
    assert (tmp_path / "new").read_bytes() == (tmp_path / "m").read_bytes()


def test_weights_are_above_0() -> None:
    one = Ngram(order=2).fit(A)
    for weights in ((0.0,), (-1.0,), (np.inf,), (np.nan,)):
        with pytest.raises(SettingsError, match="above 0"):
            Ensemble(kinds=("ngram",), weights=weights)
        with pytest.raises(SettingsError, match="above 0"):
            pooled([one], weights)
    with pytest.raises(SettingsError, match="one weight a model"):
        pooled([one], (1.0, 1.0))


def test_files_whose_parts_do_not_fit(tmp_path: Path) -> None:
    fitted().save(tmp_path / "m")
    content = read_model_file(tmp_path / "m")
    document = {name: value for name, value in content.document.items() if name not in ("format", "kind", "package")}
    for wrong in (
        {"members": document["members"][:-1]},
        {"members": [{**part, "kind": "ensemble"} for part in document["members"]]},
        {"members": [{**part, "kind": "nothing"} for part in document["members"]]},
        {"members": 3},
        {"settings": {**document["settings"], "weights": [1, -1, 1]}},
        {"settings": {**document["settings"], "weights": [0, 0, 0]}},
    ):
        write_model_file(tmp_path / "x", ModelFile("ensemble", content.arrays, {**document, **wrong}))
        with pytest.raises(ModelFileError):
            nextchar.load(tmp_path / "x")


def test_models_that_do_not_go_together() -> None:
    one = Ngram(order=2).fit(A)
    with pytest.raises(SettingsError, match="treat text differently"):
        combine([one, Ngram(order=2).fit(Corpus.from_items(["ab"], options=TextOptions(graphemes=True)))], HELD_OUT)
    with pytest.raises(SettingsError, match="treat text differently"):
        combine([one, Ngram(order=2).fit(Corpus.from_items(["ab"], options=TextOptions(lower=True)))], HELD_OUT)
    with pytest.raises(SettingsError, match="at least one model"):
        combine([], HELD_OUT)
    with pytest.raises(SettingsError, match="there are none"):
        combine([one], HELD_OUT.take([]))
    assert fitted().training_nats() is None  # its members have training data, it has none of its own


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(a) for a in arguments])
    assert result.exit_code == code, result.output
    return result


def test_the_command(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    items = sorted({"".join(rng.choice(list("abc"), size=rng.integers(2, 9))) for _ in range(300)})
    data, out = tmp_path / "t.txt", tmp_path / "e"
    data.write_text("\n".join(items) + "\n", encoding="utf-8")
    for order in (1, 2):
        run("train", data, "-o", tmp_path / f"m{order}", "--order", order, "--split", "distinct", "--seed", 3)
    models = tmp_path / "m1", tmp_path / "m2"
    done = run("combine", *models, "--data", data, "--split", "distinct", "--seed", 3, "-o", out, "--json")
    assert not done.stderr
    document = json.loads(done.stdout)
    made = nextchar.load(out)
    assert isinstance(made, EnsembleModel)
    weights = [member["weight"] for member in document["members"]]
    assert len(weights) == 2  # the table and JSON have those with the weight 0 too, which the model leaves out
    assert [weight for weight in weights if weight] == list(made.settings.weights)
    parts = nextchar.split(Corpus.from_file(data), seed=3)
    assert document["splits"]["test"]["nats_per_symbol"] == made.evaluate(parts.test).nats_per_symbol
    assert made.metrics.document()["splits"] == document["splits"]
    assert made.provenance.items == len(parts.train)
    assert "validation" in run("combine", *models, "--data", data, "--split", "distinct", "-o", out).stdout
    # With another seed the held-out items are others, on most of which the models were trained.
    other = run("combine", *models, "--data", data, "--split", "distinct", "--seed", 4, "-o", out)
    assert "was trained, with --split distinct, on " in other.stderr
    run("train", tmp_path / "t.txt", "-o", tmp_path / "all", "--order", 2)
    whole = run("combine", models[0], tmp_path / "all", "--data", data, "--split", "distinct", "--seed", 3, "-o", out)
    n = len(parts.test)
    assert f"{n} of the {n} validation items and {n} of the {n} test items" in whole.stderr
    assert "all was trained, with --split none" in whole.stderr
    assert "ensemble" in run("info", out).stdout


def test_wrong_uses_of_the_command(tmp_path: Path) -> None:
    data, out = tmp_path / "t.txt", tmp_path / "e"
    data.write_text("\n".join("ab" * n for n in range(1, 30)) + "\n", encoding="utf-8")
    (tmp_path / "other.txt").write_text("xyz\n", encoding="utf-8")
    run("train", data, "-o", tmp_path / "m", "--order", 2, "--split", "distinct")
    run("train", tmp_path / "other.txt", "-o", tmp_path / "x", "--order", 2)
    rest = ("--data", data, "--split", "distinct", "-o", out)
    assert "two models or more" in run("combine", tmp_path / "m", *rest, code=2).stderr
    # items of a and b, of which x knows neither: its weight is 0
    lacking = run("combine", tmp_path / "m", tmp_path / "x", *rest)
    assert f"Note: {tmp_path / 'x'} does not know a, b, which the validation items hold" in lacking.stderr
    out.unlink()
    assert "no such file" in run("combine", tmp_path / "m", tmp_path / "none", *rest, code=1).stderr
    wrong = ("--data", tmp_path / "other.txt", "--split", "distinct", "-o", out)
    assert "Error" in run("combine", tmp_path / "m", tmp_path / "m", *wrong, code=1).stderr
    same = ("--data", data, "--split", "distinct", "-o", tmp_path / "m")
    assert "also an input" in run("combine", tmp_path / "m", tmp_path / "m", *same, code=1).stderr
    assert not out.exists()


# -- models of different alphabets -------------------------------------------------------------------------------------

# Order 1, nothing added: a symbol's share of all. Of "ab": end 1/3, a 1/3, b 1/3; of "aac": end 1/4, a 2/4, c 1/4.
OF_AB = Ngram(order=1, add=0).fit(Corpus.from_items(["ab"]))
OF_AAC = Ngram(order=1, add=0).fit(Corpus.from_items(["aac"]))


@pytest.mark.parametrize(
    ("weights", "end", "a"),
    [
        ((1.0, 1.0), 1 / 3, 2 / 3),  # 1/3 x 1/4 against 1/3 x 2/4
        ((1.0, 2.0), 1 / 5, 4 / 5),  # 1/3 x 1/16 against 1/3 x 4/16
        ((5.0, 0.5), 1 / (1 + 2**0.5), 2**0.5 / (1 + 2**0.5)),  # the root of 1/4 against that of 2/4
    ],
)
def test_over_two_alphabets_the_mean_is_0_where_one_model_lacks_the_symbol(
    weights: tuple[float, float], end: float, a: float
) -> None:
    made = pooled([OF_AB, OF_AAC], weights)
    assert made.alphabet.characters == "abc"
    for row in np.exp(rows(made, ["a", "ab", "cab"])):
        np.testing.assert_allclose(row, [end, a, 0, 0], atol=1e-12)
    assert made.nats(["aa"])[0] == pytest.approx(-2 * np.log(a) - np.log(end))
    assert made.nats(["ab", "c"]).tolist() == [np.inf, np.inf]
    assert set("".join(made.sample(30, seed=1, max_length=9))) == {"a"}


@pytest.mark.parametrize("kind", ["ngram", "mix", "mlp", "gru", "transformer"])
def test_symbol_by_symbol_it_says_the_same_as_in_rows(kind: str) -> None:
    if kind not in ("ngram", "mix"):
        pytest.importorskip("torch")
    two = nextchar.Corpus.from_items(["aac", "ca", "acca"] * 3)
    one = Ngram(order=3, add=0.5).fit(A)
    if kind == "ngram":
        other: nextchar.Model = Ngram(order=3, add=0.3).fit(two)
    elif kind == "mix":
        other = nextchar.Mix(epochs=2).fit(two)
    else:
        other = spec_of(kind, {"steps": 2}).fit(two)
    made = pooled([one, other], (0.6, 0.7))
    for item in ("aa", "abca", "cbac"):
        ids = np.array([[0, *made.alphabet.encode(item)]])
        step = made.start(1)
        said = [step.log_probs[0]]
        for symbol in ids[0, 1:]:
            step = made.advance(step.state, np.array([symbol], dtype=made.alphabet.dtype))
            said.append(step.log_probs[0])
        np.testing.assert_allclose(np.exp(np.stack(said)), np.exp(made.log_probs(ids)[0]), atol=1e-9)


def test_after_a_symbol_that_it_lacks_a_model_goes_on_as_at_the_beginning() -> None:
    one = Ngram(order=3, add=0.5).fit(A)
    other = Ngram(order=3, add=0.5).fit(Corpus.from_items(["aac", "ca"]))
    made = pooled([one, other], (1.0, 1.0))
    # after "ab" the second, which lacks b, is where it began; after "aba" it has read "a"
    for item, read in (("ab", ""), ("aba", "a")):
        first, second = np.exp(rows(one, [item])[-1]), np.exp(rows(other, [read])[-1])
        products = first[0] * second[0], first[1] * second[1]  # of the end and of a, which both know
        np.testing.assert_allclose(np.exp(rows(made, [item])[-1][:2]), np.array(products) / sum(products))


def test_a_symbol_for_unknown_characters_is_read_where_one_is_lacking() -> None:
    plain = Corpus.from_items(["aac", "ca"])
    other = Ngram(order=2, add=0.5).fit(plain.encoded_in(plain.alphabet.only(["a", "c"], has_unknown=True)))
    made = pooled([Ngram(order=2, add=0.5).fit(A), other], (1.0, 1.0))
    assert made.alphabet.names == ("a", "b", "c")
    assert made.alphabet.has_unknown
    ids = np.array([[0, 2]])  # the boundary and b
    unknown = np.array([[0, other.alphabet.unknown]])
    second = np.exp(other.log_probs(unknown)[0, -1, :2])
    first = np.exp(Ngram(order=2, add=0.5).fit(A).log_probs(ids)[0, -1, :2])
    np.testing.assert_allclose(np.exp(made.log_probs(ids)[0, -1, :2]), first * second / (first * second).sum())


def test_weights_over_two_alphabets(tmp_path: Path) -> None:
    # Items of a alone, which both know: the best weights are those of the same models without their other symbols.
    items = ["a", "aa", "aaa", "a"]
    weights = pool_weights([OF_AB, OF_AAC], items)
    # p(a) / p(end) is 1 for the first model, whatever its weight, and 2^w for the second: 7 times a, 4 times the end
    assert weights[1] == pytest.approx(np.log(7 / 4) / np.log(2), abs=1e-6)
    made = combine([OF_AB, OF_AAC], items)
    made.save(tmp_path / "m")
    np.testing.assert_array_equal(rows(nextchar.load(tmp_path / "m"), ["aab"]), rows(made, ["aab"]))
    # b is unknown to the second, so that its weight is 0; of b and c each model lacks one
    assert pool_weights([OF_AB, OF_AAC], ["ab"])[1] == 0
    with pytest.raises(SettingsError, match="each of the models lacks some character"):
        combine([OF_AB, OF_AAC], ["ab", "c"])


def test_models_of_a_text_are_fitted_to_the_beginning_of_a_long_one(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(5)
    words = ["the", "cat", "sat", "on", "a", "mat.\n"]
    text, held = (" ".join(chance.choice(words, 900)) for _ in range(2))
    data = Corpus.from_documents([text])
    models = [Ngram(order=2).fit(data), Ngram(order=6, add=0.1).fit(data)]
    both = combine(models, Corpus.from_documents([held]))
    new = Corpus.from_documents([" ".join(chance.choice(words, 300))], alphabet=data.alphabet)
    assert evaluate(both, new).nats <= min(evaluate(model, new).nats for model in models)
    monkeypatch.setattr("nextchar.models.ensemble.model.FIT_CELLS", 1500 * data.alphabet.size)
    # 1,500 symbols: 1,499 characters and the boundary that closes them
    assert pool_weights(models, Corpus.from_documents([held])) == pool_weights(
        models, Corpus.from_documents([held[:1499]])
    )
