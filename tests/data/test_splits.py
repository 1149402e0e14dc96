from __future__ import annotations

import random

import numpy as np
import pytest

from nextchar.data.corpus import Corpus
from nextchar.data.splits import split
from nextchar.errors import SettingsError

TEXTS = [f"{i:x}" for i in range(1000)]


def parts(corpus: Corpus, seed: int = 0) -> tuple[set[str], set[str], set[str]]:
    done = split(corpus, "distinct", seed=seed)
    return set(done.train), set(done.validation), set(done.test)


def test_no_item_stands_on_two_sides() -> None:
    corpus = Corpus.from_items(TEXTS + TEXTS[:300])
    train, validation, test = parts(corpus)
    assert (len(train), len(validation), len(test)) == (800, 100, 100)
    assert not train & validation | train & test | validation & test
    assert train | validation | test == set(TEXTS)
    assert split(corpus, "distinct").repeats == 300


def test_the_order_of_the_file_does_not_matter_and_the_seed_does() -> None:
    shuffled = TEXTS.copy()
    random.Random(3).shuffle(shuffled)
    assert parts(Corpus.from_items(shuffled)) == parts(Corpus.from_items(TEXTS))
    assert parts(Corpus.from_items(TEXTS), seed=1) != parts(Corpus.from_items(TEXTS), seed=2)


def test_weights_go_with_their_items() -> None:
    corpus = Corpus.from_items(TEXTS, [i + 1 for i in range(1000)])
    done = split(corpus, "distinct")
    for part in (done.train, done.validation, done.test):
        assert part.weights is not None
        assert part.weights.tolist() == [int(item, 16) + 1 for item in part]


def test_the_published_splits_of_the_names(names: Corpus) -> None:
    # the ledger: 146 validation and 159 test names of the EurekaLabs split occur in training
    done = split(names, "eurekalabs")
    assert [len(p) for p in (done.train, done.validation, done.test)] == [30033, 1000, 1000]
    known = np.unique(done.train.fingerprints())
    assert [p.count_in(known) for p in (done.validation, done.test)] == [146, 159]
    assert done.note is not None
    # the lecture shuffles the list of words itself
    words = list(names)
    random.Random(42).shuffle(words)
    lecture = split(names, "lecture")
    assert list(lecture.train) == words[:25626]
    assert list(lecture.validation) == words[25626:28829]
    assert list(lecture.test) == words[28829:]


def test_too_few_items() -> None:
    few = Corpus.from_items(["a", "b"])
    for name in ("distinct", "eurekalabs", "lecture"):
        with pytest.raises(SettingsError, match="needs at least"):
            split(few, name)
    with pytest.raises(SettingsError, match="no split 'thirds'"):
        split(few, "thirds")  # type: ignore[arg-type]
