from __future__ import annotations

import math
import pickle
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import optimize

from nextchar.core.model_file import ModelFile, read_model_file, write_model_file
from nextchar.data.alphabet import Alphabet
from nextchar.data.corpus import Corpus
from nextchar.data.datasets import shipped_path
from nextchar.data.format import Format
from nextchar.data.text_options import TextOptions
from nextchar.errors import CorpusError, ModelFileError, SettingsError
from nextchar.models.ngram.model import Ngram
from nextchar.tasks.calibration import log_loss, reliability
from nextchar.tasks.classifier import Classifier
from nextchar.tasks.label_reader import reversed_items
from nextchar.tasks.labelled import read_labelled
from nextchar.tasks.log_linear_pool import fitted_pool

SMALL = (Ngram(order=3, add=0.3),)


def two_languages(n: int, seed: int) -> tuple[list[str], list[str]]:
    """Texts of two simple sources, each with a label: one likes ab, the other ba and c."""
    source = np.random.default_rng(seed)
    texts, labels = [], []
    for _ in range(n):
        label = source.choice(["x", "y"], p=[0.7, 0.3])
        pieces = source.choice(["ab", "a", "c"] if label == "x" else ["ba", "b", "c"], size=source.integers(1, 4))
        texts.append("".join(pieces))
        labels.append(str(label))
    return texts, labels


def test_it_learns_and_its_probabilities_are_calibrated() -> None:
    found = Classifier(SMALL).fit(*two_languages(3000, 1))
    texts, labels = two_languages(3000, 2)
    assert found.score(texts, labels) > 0.85
    proba = found.predict_proba(texts)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    for said, seen, n in reliability(proba, found.classes_, labels):
        assert abs(said - seen) < 4 * math.sqrt(0.25 / n) + 0.02
    assert log_loss(found.predict_log_proba(texts), found.classes_, labels) < 0.4


def test_the_prior() -> None:
    texts, labels = two_languages(2000, 3)
    data = Classifier(SMALL).fit(texts, labels)
    even = Classifier(SMALL, prior="uniform").fit(texts, labels)
    given = Classifier(SMALL, prior={"x": 0.5, "y": 0.5}).fit(texts, labels)
    np.testing.assert_allclose(even.predict_proba(texts), given.predict_proba(texts))
    share = labels.count("x") / len(labels)
    # changing the prior from (share, 1 - share) to even multiplies the odds by (1 - share) / share
    odds = [np.divide(*model.predict_proba(["c"])[0]) for model in (data, even)]
    assert odds[1] / odds[0] == pytest.approx((1 - share) / share, rel=1e-9)
    with pytest.raises(SettingsError, match="above 0 for each label"):
        Classifier(SMALL, prior={"x": 1.0}).fit(texts, labels)


def test_dont_know() -> None:
    found = Classifier(SMALL, least=0.99).fit(*two_languages(2000, 4))
    predicted = found.predict(["ababab", "c"])
    assert predicted.tolist() == ["x", None]


def test_the_weights_against_scipy() -> None:
    # two features, three labels: minus the mean log-probability and the ridge, minimised by BFGS
    source = np.random.default_rng(0)
    features = source.normal(size=(400, 3, 5)) * [3, 1, 1, 1, 1]
    truth = source.integers(0, 3, size=400)
    features[np.arange(400), truth, 0] += 2
    shares = np.log(np.bincount(truth) / 400)

    def loss(theta: np.ndarray) -> float:
        scores = features @ theta[:5] + theta[5:]
        log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        towards = np.array([1, 0, 0, 0, 0, *shares])
        return float(-log_p[np.arange(400), truth].mean() + 1.5e-3 * ((theta - towards) ** 2).sum())

    weights, biases = fitted_pool(features, truth, shares)
    best = optimize.minimize(loss, np.zeros(8), tol=1e-12)
    assert loss(np.concatenate([weights, biases])) <= best.fun + 1e-9
    np.testing.assert_allclose(weights, best.x[:5], atol=1e-3)


def test_reversal_and_lower_orders() -> None:
    corpus = Corpus.from_items(["abc", "d", "ab"])
    assert list(reversed_items(corpus)) == ["cba", "d", "ba"]


def test_unknown_characters_and_repeats() -> None:
    texts, labels = two_languages(500, 5)
    found = Classifier(SMALL).fit(texts * 2, labels * 2)
    assert np.isfinite(found.predict_log_proba(["é", "aé", "a"])).all()


@pytest.mark.parametrize(
    ("texts", "labels", "message"),
    [
        (["ab", "ba"], ["x", "x"], "at least two labels"),
        (["ab"] * 9 + ["b"], ["x"] * 9 + ["y"], "the label 'y' has 1 text; 5 folds"),
        (["ab", "ba"], ["x"], "2 texts, but 1 label"),
        ([], [], "no texts"),
        (["ab"] * 5 + ["b"] * 5, ["x"] * 5 + ["y"] * 5, "too few, or too much alike"),
    ],
)
def test_what_cannot_be_learned(texts: list[str], labels: list[str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Classifier(SMALL).fit(texts, labels)


def test_wrong_use() -> None:
    with pytest.raises(SettingsError, match="call fit first"):
        Classifier().predict(["a"])
    with pytest.raises(SettingsError, match="no parameter 'depth'"):
        Classifier().set_params(depth=3)
    found = Classifier(SMALL).fit(*two_languages(300, 6))
    with pytest.raises(SettingsError, match="not one text"):
        found.predict("ab")
    with pytest.raises(CorpusError, match="text 2 is blank"):
        found.predict(["a", " "])
    with pytest.raises(SettingsError, match="not learned"):
        log_loss(found.predict_log_proba(["a"]), found.classes_, ["z"])
    with pytest.raises(SettingsError, match="order 2 and more"):
        Classifier([Ngram(order=1)]).fit(["a", "b"], ["x", "y"])


def test_a_file_holds_it(tmp_path: Path) -> None:
    texts, labels = two_languages(500, 7)
    found = Classifier(SMALL, least=0.6).fit(texts, labels)
    found.save(tmp_path / "c.safetensors")
    again = Classifier.load(tmp_path / "c.safetensors")
    np.testing.assert_array_equal(again.predict_log_proba(texts), found.predict_log_proba(texts))
    assert again.get_params()["least"] == 0.6
    Ngram(order=2).fit(Corpus.from_items(texts)).save(tmp_path / "m.safetensors")
    with pytest.raises(ModelFileError, match="not a classifier"):
        Classifier.load(tmp_path / "m.safetensors")


def test_reading_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.csv"
    path.write_text('text,label\n"a,b",x\n,y\nb,\nc, y \n', encoding="utf-8")
    assert read_labelled(str(path), Format(column="text", label="label"), TextOptions()) == (["a,b", "c"], ["x", "y"])
    with path.open(encoding="utf-8") as stream:  # standard input is as good: the table is read once
        monkeypatch.setattr("sys.stdin", stream)
        assert read_labelled("-", Format(column="text", label="label"), TextOptions()) == (["a,b", "c"], ["x", "y"])
    assert len(read_labelled(str(shipped_path()), Format(column="name", label="sex"), TextOptions())[0]) == 32_178


def test_scikit_learn_can_use_it() -> None:
    pytest.importorskip("sklearn")
    from sklearn.base import clone, is_classifier
    from sklearn.metrics import log_loss as their_log_loss
    from sklearn.model_selection import GridSearchCV, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer
    from sklearn.utils.validation import check_is_fitted

    texts, labels = two_languages(600, 8)
    found = Classifier(SMALL, least=0.1)
    copy = clone(found)
    assert copy is not found
    assert copy.get_params() == found.get_params()
    assert is_classifier(found)
    scores = cross_val_score(Classifier(SMALL), texts, labels, cv=3)
    assert scores.min() > 0.75
    search = GridSearchCV(Classifier(SMALL), {"specs": [SMALL, (Ngram(order=2),)]}, cv=2).fit(texts, labels)
    assert search.best_score_ > 0.75
    pipeline = make_pipeline(FunctionTransformer(), Classifier(SMALL)).fit(texts, labels)
    check_is_fitted(pipeline[-1])
    proba = pipeline.predict_proba(texts)
    ours = log_loss(np.log(proba), pipeline.classes_, labels)
    assert ours == pytest.approx(their_log_loss(labels, proba), rel=1e-9)
    # what scikit-learn's own checks ask of an estimator, where it applies to texts
    assert found.fit(texts, labels) is found
    assert found.predict(texts).shape == (600,)
    first = Classifier(SMALL).fit(texts, list(np.array(labels))).predict_proba(list(np.array(texts)))
    np.testing.assert_array_equal(first, Classifier(SMALL).fit(texts, labels).predict_proba(texts))
    order = np.random.default_rng(0).permutation(600)
    np.testing.assert_allclose(found.predict_proba([texts[i] for i in order]), found.predict_proba(texts)[order])
    assert set(vars(Classifier(SMALL))) == set(found.get_params())  # the constructor only stores
    assert sorted(found.classes_.tolist()) == found.classes_.tolist()
    numbers = Classifier(SMALL).fit(texts, [int(label == "x") for label in labels])
    assert numbers.predict(["ababab"]).tolist() == [1]


def test_alphabets_of_files_are_kept(tmp_path: Path) -> None:
    found = Classifier(SMALL).fit(*two_languages(300, 9))
    found.save(tmp_path / "c.safetensors")
    assert Classifier.load(tmp_path / "c.safetensors").alphabet == Alphabet("abc", has_unknown=True)


@pytest.mark.parametrize(
    "change", [{"labels": []}, {"folds": "many"}, {"settings": []}, {"text": {"lower": 3, "x": 1}}]
)
def test_files_that_do_not_fit(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "c.safetensors"
    Classifier(SMALL).fit(*two_languages(300, 9)).save(path)
    content = read_model_file(path)
    document = {name: value for name, value in content.document.items() if name not in ("format", "kind", "package")}
    write_model_file(path, ModelFile(content.kind, content.arrays, {**document, **change}))
    with pytest.raises(ModelFileError, match="is not a usable classifier"):
        Classifier.load(path)


# -- labels, weights and priors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "named",
    [
        {"x": 9, "y": 10},  # as texts "10" comes before "9"
        {"x": True, "y": False},
        {"x": 0.5, "y": -1.0},
        {"x": np.int8(3), "y": np.int8(-3)},
        {"x": "10", "y": "9"},
        {"x": "\u00e9", "y": "e"},
    ],
)
def test_labels_keep_their_type_and_order_in_a_file(named: dict[str, Any], tmp_path: Path) -> None:
    texts, labels = two_languages(500, 7)
    y = [named[label] for label in labels]
    found = Classifier(SMALL).fit(texts, y)
    assert found.classes_.tolist() == sorted(named.values())
    found.save(tmp_path / "c")
    for again in (Classifier.load(tmp_path / "c"), pickle.loads(pickle.dumps(found))):
        assert again.classes_.dtype == found.classes_.dtype
        assert again.classes_.tolist() == found.classes_.tolist()
        assert again.predict(texts).tolist() == found.predict(texts).tolist()
        assert again.score(texts, y) == found.score(texts, y) > 0.8
        assert again.sizes_.tolist() == [y.count(label) for label in sorted(named.values())]


@pytest.mark.parametrize("prior", ["uniform", "data", {9: 0.25, 10: 0.75}])
def test_the_prior_survives(prior: Any, tmp_path: Path) -> None:
    texts, labels = two_languages(500, 7)
    found = Classifier(SMALL, prior=prior, none_rate=0.05).fit(texts, [9 if label == "x" else 10 for label in labels])
    found.save(tmp_path / "c")
    again = Classifier.load(tmp_path / "c")
    assert (again.prior, again.none_rate) == (prior, 0.05)
    np.testing.assert_array_equal(again.predict_proba(texts), found.predict_proba(texts))
    np.testing.assert_array_equal(again.typicality(texts), found.typicality(texts))


def test_labels_of_another_kind_are_named_when_measuring() -> None:
    texts, labels = two_languages(500, 7)
    found = Classifier(SMALL).fit(texts, [int(label == "x") for label in labels])
    for measure in (
        lambda y: found.score(texts, y),
        lambda y: log_loss(found.predict_log_proba(texts), found.classes_, y),
        lambda y: reliability(found.predict_proba(texts), found.classes_, y),
    ):
        with pytest.raises(
            SettingsError, match="the labels are texts \\('x', 'y'\\), those that were learned are numbers"
        ):
            measure(labels)
        with pytest.raises(SettingsError, match=r"500 texts, but 1 label$"):
            measure([1])
    with pytest.raises(SettingsError, match="the prior has 'z', which is none of the labels: 'x', 'y'"):
        Classifier(SMALL, prior={"x": 1, "y": 1, "z": 1}).fit(texts, labels)
    with pytest.raises(SettingsError, match="above 0 for each label"):
        Classifier(SMALL, prior={"x": 1, "y": math.nan}).fit(texts, labels)


def test_whole_weights_are_repeats() -> None:
    texts, labels = two_languages(400, 3)
    times = np.random.default_rng(0).integers(0, 4, size=400)
    weighted = Classifier(SMALL).fit(texts, labels, sample_weight=times)
    again = [i for i, n in enumerate(times) for _ in range(n)]
    repeated = Classifier(SMALL).fit([texts[i] for i in again], [labels[i] for i in again])
    assert weighted.sizes_.tolist() == repeated.sizes_.tolist()
    np.testing.assert_allclose(weighted.predict_proba(texts), repeated.predict_proba(texts), atol=1e-4)
    score = repeated.score([texts[i] for i in again], [labels[i] for i in again])
    assert repeated.score(texts, labels, sample_weight=times) == pytest.approx(score)


def test_other_weights_count_by_their_ratios() -> None:
    texts, labels = two_languages(400, 3)
    plain = Classifier(SMALL).fit(texts, labels)
    same = Classifier(SMALL).fit(texts, labels, np.full(400, 0.37))
    np.testing.assert_allclose(same.predict_proba(texts), plain.predict_proba(texts), atol=1e-6)
    heavy = Classifier(SMALL).fit(texts, labels, [0.5 if label == "x" else 5.5 for label in labels])
    assert heavy.predict_proba(["c"])[0, 1] > plain.predict_proba(["c"])[0, 1] + 0.1


@pytest.mark.parametrize("texts", [["ab", None], ["ab", math.nan], [b"ab"], np.array([["ab", "b"]]), [1, 2]])
def test_what_is_no_text_is_refused_everywhere(texts: Any) -> None:
    found = Classifier(SMALL).fit(*two_languages(300, 6))
    for use in (found.predict, found.predict_proba, found.typicality, found.judge, lambda X: found.fit(X, ["x"] * 2)):
        with pytest.raises((CorpusError, SettingsError), match="text"):
            use(texts)


def test_texts_come_from_generators_and_corpora() -> None:
    texts, labels = two_languages(300, 6)
    found = Classifier(SMALL).fit((text for text in texts), np.array(labels, dtype=object))
    expected = found.predict_proba(texts)
    np.testing.assert_array_equal(found.predict_proba(text for text in texts), expected)
    np.testing.assert_array_equal(found.predict_proba(np.array(texts)), expected)
    np.testing.assert_array_equal(found.predict_proba(Corpus.from_items(texts)), expected)
    assert found.predict([]).tolist() == []
    assert np.isfinite(found.predict_proba(Corpus.from_items(["\u0416ab"]))).all()


# -- none of these ------------------------------------------------------------------------------------------------


def words(n: int, letters: str, seed: int) -> list[str]:
    """Words of syllables, a consonant and one of its two vowels, some frequent and some rare."""
    source = np.random.default_rng(seed)
    pairs = [a + b for i, a in enumerate(letters) for b in ("ae", "io", "ou")[i % 3]]
    shares = 1 / np.arange(1, len(pairs) + 1) ** 2
    return ["".join(source.choice(pairs, size=source.integers(4, 9), p=shares / shares.sum())) for _ in range(n)]


def test_a_character_that_no_label_knows_says_nothing_of_the_label() -> None:
    texts = words(300, "bdg", 1) + words(3000, "ptk", 2)
    found = Classifier(SMALL, prior="uniform").fit(texts, ["few"] * 300 + ["many"] * 3000)
    for strange in ("\u0436", "\u0436\u0443\u043a", "\u4e2d\u6587", "!"):
        proba = found.predict_proba([strange])[0]
        # only how a text ends is left, which is alike here: 1 end in 6.5 syllables for both
        assert proba.max() < 0.7, strange
        assert found.typicality([strange])[0] < 0.01, strange
    assert found.predict_proba(["ba\u0436"])[0, 0] > 0.9  # the rest of the text goes on telling


def test_none_of_these_at_the_stated_rate() -> None:
    pairs = [(word, "soft") for word in words(4000, "bdgl", 1)] + [(word, "hard") for word in words(4000, "ptkr", 2)]
    pairs = sorted(set(pairs))
    order = np.random.default_rng(3).permutation(len(pairs))
    train, new = ([pairs[i] for i in part] for part in np.array_split(order, 2))
    assert min(len(train), len(new)) > 2000
    found = Classifier(SMALL).fit(*zip(*train, strict=True))
    fresh, labels = zip(*new, strict=True)
    strangers = ["".join(reversed(word)) + "xx" for word in fresh]
    for rate in (0.01, 0.05, 0.2):
        found.set_params(none_rate=rate)
        share = np.mean([label is None for label in found.predict(fresh)])
        # standard error of a share of 2,000, and that of the quantile from as many held out; the rest is what
        # models of all texts know better than those of four fifths, which were measured
        assert abs(share - rate) < 3 * math.sqrt(2 * rate / 2000) + 0.1 * rate
        assert np.mean([label is None for label in found.predict(strangers)]) > 0.95
    assert found.judge(strangers[:3]).best.tolist() == [-1, -1, -1]
    assert found.score(fresh, labels) < found.set_params(none_rate=0.0).score(fresh, labels)


def test_a_rate_that_cannot_be_told_is_refused() -> None:
    texts, labels = two_languages(300, 6)
    found = Classifier(SMALL).fit(texts, labels)
    least = 1 / (len(set(texts)) + 1)  # odder than all texts held out: one more than they are
    with pytest.raises(SettingsError, match=rf"one in 1,000 is finer .* above {least:.2g} here, not 0.001"):
        found.set_params(none_rate=0.001).predict(["ab"])
    with pytest.raises(SettingsError, match="none_rate is a probability, not 2"):
        found.set_params(none_rate=2).predict(["ab"])


# -- memory -------------------------------------------------------------------------------------------------------


def test_memory_goes_with_what_was_seen() -> None:
    """20 labels over 5,000 characters: rows of all characters would be 8 bytes x 5,000 for each of 100,000 contexts."""
    source = np.random.default_rng(0)
    texts, labels = [], []
    for label in range(20):
        letters = [chr(0x4E00 + 230 * label + i) for i in range(630)]
        texts += ["".join(source.choice(letters, size=5)) for _ in range(100)]
        labels += [label] * 100
    assert len(set("".join(texts))) > 4000
    found = Classifier((Ngram(order=4, add=0.3),), folds=2).fit(texts, labels)
    assert found.score(texts, labels) > 0.9
    held = sum(
        array.nbytes
        for pair in found._fitted.pools
        for pooled in pair
        for part in (vars(pooled), vars(pooled.steps))
        for array in part.values()
        if isinstance(array, np.ndarray)
    )
    ngrams = sum(len(counts.counts) for pair in found._fitted.counts for counts in pair)
    assert held < 100 * (4 * ngrams + 2 * 20 * found.alphabet.size)
    assert len(pickle.dumps(found)) < 20 * ngrams + 100_000  # 4 ids of 2 bytes and a count of 8


def test_settings_that_are_changed_after_fitting_wait_for_the_next_fit(tmp_path: Path) -> None:
    # what was learned goes with the settings it was learned with, in memory and in a file
    found = Classifier(SMALL).fit(*two_languages(400, 5))
    before = found.predict_proba(["abab", "c"])
    found.set_params(specs=(Ngram(order=2, add=1),))
    np.testing.assert_array_equal(found.predict_proba(["abab", "c"]), before)
    found.save(tmp_path / "c.safetensors")
    np.testing.assert_array_equal(Classifier.load(tmp_path / "c.safetensors").predict_proba(["abab", "c"]), before)


WORDS, LABELS = ["ab", "ba", "xy", "yx"], [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"specs": Ngram(order=2)}, r"takes a list of n-gram settings .*\[Ngram\(order=6\)\], not Ngram\(order=2"),
        ({"specs": "ngram"}, "takes a list of n-gram settings"),
        ({"specs": []}, "takes a list of n-gram settings"),
        ({"specs": [Ngram(order=1)]}, "of order 2 and more"),
        ({"options": "lower"}, "options are TextOptions or None, not 'lower'"),
        ({"options": {"lower": True}}, "options are TextOptions or None"),
        ({"prior": {0: 5e-324, 1: 1e10}}, "prior of 0, .* is nothing beside the others"),
        ({"prior": {0: 1j, 1: 1}}, "that of 0 is a complex"),
        ({"prior": {0: "0.5", 1: 0.5}}, "that of 0 is '0.5'"),
        ({"prior": {0: True, 1: 0.5}}, "that of 0 is True"),
        ({"prior": {0: np.array([0.5]), 1: 0.5}}, "that of 0 is"),
        ({"prior": {0: math.nan, 1: 0.5}}, "that of 0 is nan"),
        ({"prior": {0: 1.0}}, "that of 1 is 0.0"),
    ],
)
def test_arguments_of_another_kind_are_named(arguments: dict[str, Any], message: str) -> None:
    usual: dict[str, Any] = {"specs": [Ngram(order=2)], "folds": 2}
    classifier = Classifier(**usual | arguments)
    assert repr(classifier).startswith("Classifier(")
    with pytest.raises(SettingsError, match=message):
        classifier.fit(WORDS, LABELS)


@pytest.mark.parametrize(
    "prior", [{0: 1e308, 1: 1e308}, {0: Fraction(1, 3), 1: Fraction(1, 3)}, {0: np.float32(2), 1: 2}]
)
def test_a_prior_is_normalised_whatever_its_size(prior: Any) -> None:
    even = Classifier([Ngram(order=2)], folds=2, prior="uniform").fit(WORDS, LABELS)
    given = Classifier([Ngram(order=2)], folds=2, prior=prior).fit(WORDS, LABELS)
    assert np.allclose(given.predict_proba(WORDS), even.predict_proba(WORDS), rtol=1e-12)
