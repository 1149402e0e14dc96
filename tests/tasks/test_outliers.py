from __future__ import annotations

import random
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import nextchar
from nextchar.core.model_file import ModelFile, write_model_file
from nextchar.core.outlier_threshold import OutlierThreshold
from nextchar.data.corpus import Corpus
from nextchar.errors import ModelFileError, SettingsError
from nextchar.models.ngram.model import Ngram
from nextchar.tasks.outliers import OutlierDetector, find_threshold, length_buckets, threshold_of


def thirds(names: Corpus, seed: int) -> list[Corpus]:
    once = names.distinct()
    order = np.random.default_rng(seed).permutation(len(once))
    return [once.take(order[begin:end]) for begin, end in ((0, 13_000), (13_000, 22_000), (22_000, None))]


@pytest.mark.parametrize("seed", range(3))
def test_one_per_cent_of_fresh_good_names_at_every_length(names: Corpus, seed: int) -> None:
    training, good, fresh = thirds(names, seed)
    model = Ngram(order=4).fit(training)
    detector, used = find_threshold(model, good, 0.01)
    assert len(used) == len(good)
    flags = detector.flags(model.nats(fresh), fresh.lengths + 1)
    assert 0.005 <= flags.mean() <= 0.02
    for first, last in length_buckets(fresh.lengths):
        inside = (fresh.lengths >= first) & (fresh.lengths <= last)
        assert inside.sum() > 1000
        assert 0.005 <= flags[inside].mean() <= 0.02, (first, last)

    source = random.Random(seed)
    letters = "abcdefghijklmnopqrstuvwxyz"
    strings = ["".join(source.choice(letters) for _ in name) for name in list(fresh)[:3000]]
    random_strings = Corpus.from_items(strings, alphabet=model.alphabet)
    caught = detector.flags(model.nats(random_strings), random_strings.lengths + 1).mean()
    # the naive way: one threshold on the mean nats of a symbol
    naive = np.quantile(model.nats(good) / (good.lengths + 1), 0.99)
    caught_naively = (model.nats(random_strings) / (random_strings.lengths + 1) > naive).mean()
    assert caught > caught_naively + 0.05


def test_training_items_are_left_out(names: Corpus) -> None:
    training, good, _ = thirds(names, 0)
    model = Ngram(order=4).fit(training)
    both = Corpus.concatenate([training, good])
    mixed, used = find_threshold(model, both, 0.01)
    assert list(used) == list(good)
    assert mixed == find_threshold(model, good, 0.01)[0]


def test_the_arithmetic() -> None:
    detector = OutlierThreshold(
        false_alarms=0.1, mean=(1.0, 2.0), variance=(0.0, 1.0, 0.5), threshold=((4.0, 2.0), (8.0, 1.0)), items=100
    )
    # 9 nats for 3 + 1 symbols: usual 1 + 2 * 4 = 9, so oddness 0; 15 nats: 6 above, deviation 2: oddness 3
    np.testing.assert_allclose(detector.oddness(np.array([9.0, 15.0]), np.array([4, 4])), [0, 3])
    # limits: 2 at 4 symbols and below, 1.5 half way to 8, 1 from there
    np.testing.assert_allclose(detector.limit(np.array([2, 4, 6, 9])), [2, 2, 1.5, 1])
    assert detector.flags(np.array([9.0, 15.0, np.inf]), np.array([4, 4, 4])).tolist() == [False, True, True]


def test_it_is_kept_in_the_file(tmp_path: object, names: Corpus) -> None:
    training, good, _ = thirds(names, 1)
    model = Ngram(order=3).fit(training)
    detector, _ = find_threshold(model, good, 0.02)
    path = f"{tmp_path}/m.safetensors"
    model.with_metrics(replace(model.metrics, outliers=detector)).save(path)
    assert threshold_of(nextchar.load(path)) == detector


def test_what_cannot_be_calibrated() -> None:
    model = Ngram(order=2).fit(Corpus.from_items(["ab", "ba"]))
    few = Corpus.from_items(["ab" * (n + 2) for n in range(50)], alphabet=model.alphabet)
    with pytest.raises(SettingsError, match="needs at least 100"):
        find_threshold(model, few, 0.1)
    with pytest.raises(SettingsError, match="above 0 and below 1"):
        find_threshold(model, few, 1.0)
    with pytest.raises(SettingsError, match=re.escape("no threshold yet")):
        threshold_of(model)


@pytest.mark.parametrize("wrong", [{"mean": [1.0]}, {"threshold": None}, {"items": "many"}, {"variance": {}}])
def test_a_file_with_a_threshold_that_is_none_does_not_load(wrong: dict[str, object], tmp_path: Path) -> None:
    model = Ngram(order=2).fit(Corpus.from_items(["ab", "ba"]))
    whole = {"false_alarms": 0.1, "mean": [1, 2], "variance": [0, 1, 0.5], "threshold": [[4, 2]], "items": 100}
    content = model.content()

    def written(outliers: dict[str, object]) -> Path:
        document = {**content.document, "metrics": {"outliers": outliers}}
        write_model_file(tmp_path / "m", ModelFile(content.kind, content.arrays, document))
        return tmp_path / "m"

    with pytest.raises(ModelFileError, match="m: is not a usable model"):
        nextchar.load(written({**whole, **wrong}))
    assert threshold_of(nextchar.load(written(whole))).mean == (1.0, 2.0)


def test_as_an_estimator(tmp_path: object, names: Corpus) -> None:
    """fit, predict and decision_function say what the threshold says; save keeps it in the model's file."""
    training, good, fresh = thirds(names, 0)
    model = Ngram(order=3).fit(training)
    detector = OutlierDetector(model, false_alarms=0.02).fit(list(good))
    assert detector.threshold_ == find_threshold(model, good, 0.02)[0]
    flags = detector.threshold_.flags(model.nats(fresh), fresh.lengths + 1)
    np.testing.assert_array_equal(detector.predict(fresh), np.where(flags, -1, 1))
    np.testing.assert_array_equal(detector.decision_function(fresh) < 0, flags)
    np.testing.assert_allclose(
        detector.score_samples(fresh), -detector.threshold_.oddness(model.nats(fresh), fresh.lengths + 1)
    )
    assert repr(detector) == f"OutlierDetector(ngram, false alarms 0.02, threshold from {len(good):,} items)"
    detector.save(f"{tmp_path}/m.safetensors")
    again = OutlierDetector.of(nextchar.load(f"{tmp_path}/m.safetensors"))
    assert again.false_alarms == 0.02
    np.testing.assert_array_equal(again.predict(["emma", "xqzt"]), detector.predict(["emma", "xqzt"]))


def test_an_estimator_that_is_used_wrongly() -> None:
    model = Ngram(order=2).fit(Corpus.from_items(["ab", "ba"]))
    detector = OutlierDetector(model)
    assert repr(detector) == "OutlierDetector(ngram, false alarms 0.01, not fitted)"
    with pytest.raises(SettingsError, match="not fitted; call fit"):
        detector.predict(["ab"])
    with pytest.raises(SettingsError, match=re.escape("for example ['ab'], not one text")):
        detector.fit("ab")
    with pytest.raises(SettingsError, match="blank items"):
        detector.fit(["ab", " "])
    with pytest.raises(SettingsError, match="no parameter 'threshold'"):
        detector.set_params(threshold=1)
    assert detector.set_params(false_alarms=0.5).get_params() == {"model": model, "false_alarms": 0.5}


def test_scikit_learn_can_clone_it() -> None:
    sklearn = pytest.importorskip("sklearn.base")
    model = Ngram(order=2).fit(Corpus.from_items(["ab", "ba"]))
    copy = sklearn.clone(OutlierDetector(model, false_alarms=0.5), safe=False)
    assert copy.false_alarms == 0.5
