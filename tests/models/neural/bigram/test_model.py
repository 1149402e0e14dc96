from __future__ import annotations

import itertools
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import logsumexp

import nextchar
from nextchar.data.corpus import Corpus
from nextchar.errors import SettingsError
from nextchar.models.neural.bigram.model import BigramNet, one_hot
from nextchar.models.neural.bigram.solvers import steady_rate
from nextchar.models.ngram.counts import Counts, count
from nextchar.models.ngram.model import Ngram

torch = pytest.importorskip("torch")

CORPUS = Corpus.from_items(["emma", "ava", "mia", "amelia", "eve", "viola", "oliva"])


def losses(model: nextchar.BigramNetModel) -> list[float]:
    return [point.objective for point in model.metrics.curve]


def scipy_optimum(counts: Counts, l2: float) -> float:
    """The least loss by L-BFGS, started at zero, with nothing of ours but the counts."""
    N = counts.table().astype(float)
    T, V = N.sum(), len(N)

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        W = flat.reshape(V, V)
        log_p = W - logsumexp(W, axis=1, keepdims=True)
        gradient = (np.exp(log_p) * N.sum(axis=1, keepdims=True) - N) / T + 2 * l2 * W / V**2
        return float(-(N * log_p).sum() / T + l2 * (W**2).mean()), gradient.ravel()

    best = minimize(
        loss, np.zeros(V * V), jac=True, method="L-BFGS-B", options={"maxiter": 20000, "ftol": 1e-16, "gtol": 1e-10}
    )
    return float(best.fun)


@pytest.mark.parametrize("l2", [0.001, 0.01, 1])
def test_the_optimum_against_scipy(names: Corpus, l2: float) -> None:
    counts = count(names, 2)
    assert losses(BigramNet(l2=l2).from_counts(counts))[-1] == pytest.approx(scipy_optimum(counts, l2), abs=1e-8)


@settings(max_examples=40)
@given(st.lists(st.text("abcdefg", min_size=1, max_size=9), min_size=1, max_size=20), st.floats(1e-6, 1e3))
def test_the_optimum_of_any_corpus_has_no_gradient(texts: list[str], l2: float) -> None:
    counts = count(Corpus.from_items(texts), 2)
    W = torch.tensor(BigramNet(l2=l2).from_counts(counts).weights, requires_grad=True)
    N = torch.from_numpy(counts.table()).double()
    loss = -(N * torch.log_softmax(W, dim=1)).sum() / N.sum() + l2 * (W**2).mean()
    loss.backward()
    # convex with curvature of at least m = 2 l2 / V^2: loss - optimum <= |gradient|^2 / 2 m
    assert W.grad is not None
    assert float((W.grad**2).sum()) / (4 * l2 / W.numel()) < 1e-9


def test_without_l2_the_optimum_is_the_count_model(names: Corpus) -> None:
    counts = count(names, 2)
    net, counted = BigramNet(l2=0).from_counts(counts), Ngram(order=2, add=0).from_counts(counts)
    assert net.nats_of_counts() / counts.total == pytest.approx(counted.nats_of_counts() / counts.total, abs=1e-6)
    assert "minus infinity" in str(net.metrics.stopped)


def test_gd_goes_the_way_of_the_lecture(names: Corpus) -> None:
    # a tenth of the names keeps the literal steps quick; the settings are the lecture's
    counts = count(names.take(np.arange(0, len(names), 10)), 2)
    lecture = BigramNet(solver="lecture", l2=0.01, learning_rate=50, steps=100)
    gd = BigramNet(solver="gd", l2=0.01, learning_rate=50, steps=100)
    for ours, literal in itertools.islice(zip(gd.path(counts), lecture.path(counts), strict=False), 101):
        assert ours.weights.dtype == literal.weights.dtype == np.float32
        np.testing.assert_allclose(ours.weights, literal.weights, rtol=0, atol=1e-5)
        assert ours.loss == pytest.approx(literal.loss, abs=1e-5)
        assert ours.data_loss == pytest.approx(literal.data_loss, abs=1e-5)


@pytest.mark.slow
def test_gd_goes_the_way_of_the_lecture_on_all_names(names: Corpus) -> None:
    counts = count(names, 2)
    a = BigramNet(solver="gd").from_counts(counts)
    b = BigramNet(solver="lecture").from_counts(counts)
    np.testing.assert_allclose(a.weights, b.weights, rtol=0, atol=1e-5)


def test_weighted_items_are_like_repeated_ones() -> None:
    weighted = Corpus.from_items(["emma", "ava"], [3, 2])
    repeated = Corpus.from_items(["emma"] * 3 + ["ava"] * 2)
    for solver in ("newton", "gd", "lecture"):
        a = BigramNet(solver=solver, steps=5).fit(weighted)
        b = BigramNet(solver=solver, steps=5).fit(repeated)
        assert np.array_equal(a.weights, b.weights)


def test_the_init_is_torchs_own() -> None:
    first = next(BigramNet(solver="gd", seed=7).path(count(CORPUS, 2)))
    V = CORPUS.alphabet.size
    assert np.array_equal(first.weights, torch.randn((V, V), generator=torch.Generator().manual_seed(7)).numpy())


def test_zeros_cost_the_logarithm_of_the_alphabet() -> None:
    net = BigramNet(solver="gd", init="zeros", steps=1).fit(CORPUS)
    assert losses(net)[0] == pytest.approx(math.log(CORPUS.alphabet.size))


def test_the_log_has_a_record_before_and_after_each_step() -> None:
    curve = BigramNet(solver="gd", steps=7).fit(CORPUS).metrics.curve
    assert [point.step for point in curve] == list(range(8))
    assert [point.epoch for point in curve] == list(range(8))  # each step sees all data
    seconds = [point.seconds for point in curve]
    assert sorted(seconds) == seconds
    assert all(point.train_nats < point.objective for point in curve)


def test_a_long_log_is_thinned_and_keeps_its_end() -> None:
    curve = BigramNet(solver="gd", steps=5000, learning_rate=1).fit(CORPUS).metrics.curve
    assert curve[0].step == 0
    assert curve[-1].step == 5000
    assert len(curve) <= 1001


@pytest.mark.parametrize("rate", [500.0, 1e6, 1e38])
def test_a_rate_that_is_too_large_stops_with_the_last_good_weights(names: Corpus, rate: float) -> None:
    net = BigramNet(solver="gd", learning_rate=rate).fit(names)
    assert f"learning rate {rate:g} is too large" in str(net.metrics.stopped)
    assert np.isfinite(net.weights).all()
    assert net.training_nats() / names.symbols <= losses(net)[0]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.text("abcdefg", min_size=1, max_size=9), min_size=1, max_size=20), st.just(0.0) | st.floats(1e-20, 10)
)
def test_no_step_at_the_steady_rate_raises_the_loss(texts: list[str], l2: float) -> None:
    counts = count(Corpus.from_items(texts), 2)
    net = BigramNet(solver="gd", learning_rate=steady_rate(counts, l2), l2=l2, steps=30)
    path = [record.loss for record in itertools.islice(net.path(counts), 31)]
    assert all(after <= before + 1e-5 for before, after in itertools.pairwise(path))  # W is float32


def test_the_steady_rate_by_hand() -> None:
    # "ab": the bigrams .a ab b. and so a third of the data in each row of 3: L = 1/6 + 2 x 0.9 / 9
    assert steady_rate(count(Corpus.from_items(["ab"]), 2), 0.9) == pytest.approx(2 / (1 / 6 + 0.2))


def test_ctrl_c_keeps_what_was_learned() -> None:
    def impatient(record: nextchar.models.neural.bigram.model.TrainingStep) -> None:
        if record.step == 5:
            raise KeyboardInterrupt

    net = BigramNet(solver="gd", learning_rate=1).fit(CORPUS, progress=impatient)
    assert "interrupted after 5 steps" in str(net.metrics.stopped)
    assert net.training_nats() / CORPUS.symbols < losses(net)[0]


def test_an_alphabet_of_one_symbol() -> None:
    corpus = Corpus.from_items(["a", "aa", "aaa"])
    # after the boundary always a; after a: 3 ends of 6
    rows = np.exp(BigramNet(l2=0).fit(corpus).row_log_probs)
    np.testing.assert_allclose(rows, [[0.0, 1.0], [0.5, 0.5]], atol=1e-6)
    for solver in ("gd", "lecture", "newton"):
        assert BigramNet(solver=solver).fit(corpus).sample(3, seed=1, max_length=9)


def test_a_large_alphabet() -> None:
    corpus = Corpus.from_items([chr(0x4E00 + i) + chr(0x4E00 + i * 7 % 1500) for i in range(1500)])
    net = BigramNet(l2=0.01).fit(corpus)
    assert len(losses(net)) < 30
    assert net.sample(3, seed=1)


def test_one_hot_rows() -> None:
    # alphabet a e i l m o v; emma is ids 2 5 5 1 behind the boundary 0
    rows = one_hot(CORPUS.alphabet, "emma")
    assert rows.shape == (5, 8)
    assert rows.argmax(axis=1).tolist() == [0, 2, 5, 5, 1]
    assert rows.sum() == 5


@pytest.mark.parametrize(
    "wrong",
    [
        {"solver": "adam"}, {"init": "ones"}, {"l2": -0.1}, {"l2": math.nan}, {"steps": 0},
        {"learning_rate": 0}, {"learning_rate": math.inf}, {"seed": -1},
    ],
)  # fmt: skip
def test_settings_out_of_range(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        BigramNet(**wrong)  # type: ignore[arg-type]


def test_too_many_bigrams_for_the_literal_steps() -> None:
    with pytest.raises(SettingsError, match="the solver gd goes the same way"):
        BigramNet(solver="lecture").fit(Corpus.from_items(["emma"], [10**9]))


def test_a_saved_net_works_without_torch(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    BigramNet().fit(CORPUS).save(path)
    code = (
        "import sys; sys.modules['torch'] = None\n"
        f"import nextchar; m = nextchar.load({str(path)!r})\n"
        "print(m.sample(3, seed=1), m.score(['emma'])[0].nats)\n"
        "try: nextchar.BigramNet().fit(nextchar.Corpus.from_items(['emma']))\n"
        "except nextchar.NextcharError as e: print(e)\n"
        "print(nextchar.Ngram().fit(nextchar.Corpus.from_items(['emma'])).sample(1, seed=1))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'the model bigram-net needs the extra "neural": pip install "nextchar[neural]"' in done.stdout
    assert len(done.stdout.splitlines()) == 3


def test_the_lectures_objects_by_name() -> None:
    """ab twice and b: after b comes the end, three times; the optimum has the shares of the counts."""
    net = BigramNet(l2=1e-6).fit(Corpus.from_items(["ab", "ab", "b"]))
    assert net.N.tolist() == [[0, 2, 1], [0, 0, 2], [3, 0, 0]]
    np.testing.assert_allclose(net.P.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(net.P[0], [0, 2 / 3, 1 / 3], atol=1e-3)
