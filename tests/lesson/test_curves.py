"""The curves of the lesson against counts by hand and against models trained one by one."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from nextchar.data.corpus import Corpus
from nextchar.data.splits import split
from nextchar.lesson.curves import order_curve, smoothing_curve, smoothing_curve_of_few, smoothing_grid
from nextchar.models.ngram.model import Ngram

CORPUS = Corpus.from_items([f"{a}{b}{c}" for a in "bdk" for b in "aeiou" for c in "nr"])


def test_the_grid_begins_at_0_and_is_even_in_the_logarithm() -> None:
    assert smoothing_grid(7) == pytest.approx((0, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000))


def test_the_loss_over_k_by_hand() -> None:
    # `a`: pairs .a and a. once each, V = 2. With k: p = (1 + k) / (1 + 2 k) for both, so the loss is -ln p.
    curve = smoothing_curve(Corpus.from_items(["a"]), None, [0.0, 1.0, 3.0])
    assert curve.add == (0.0, 1.0, 3.0)
    assert curve.loss == pytest.approx([0, -math.log(2 / 3), -math.log(4 / 7)])
    assert curve.held_out is None


def test_held_out_items_are_measured_by_the_training_items_alone() -> None:
    # train `a`, validation `b`, one alphabet (V = 3): with k = 1, p(b | .) = 1/4, and row b is empty, so 1/3
    both = Corpus.from_items(["a", "b"])
    parts = replace(split(CORPUS, "distinct"), train=both.take(np.array([0])), validation=both.take(np.array([1])))
    curve = smoothing_curve(both, parts, [1.0])
    assert curve.held_out == pytest.approx([(math.log(4) + math.log(3)) / 2])


def test_the_orders() -> None:
    parts = split(CORPUS, "distinct")
    first, second, third = order_curve(parts, [1, 2, 3], add=0.1, samples=4, max_length=2)
    train = list(parts.train)
    # order 1 has one context, the empty one, and an n-gram for each symbol with the boundary; all items have length 3
    assert (first.order, first.contexts, first.ngrams) == (1, 1, len(set("".join(train))) + 1)
    pairs = {a + b for item in train for a, b in zip("." + item, item + ".", strict=True)}
    assert (second.contexts, second.ngrams) == (len({pair[0] for pair in pairs}), len(pairs))
    times = Counter("".join(f"{item}." for item in train))
    total = sum(times.values())  # V = 11: the boundary, 3 + 5 + 2 characters
    unigram = -sum(n * math.log((n + 0.1) / (total + 1.1)) for n in times.values()) / total
    assert first.train == pytest.approx(unigram)
    assert third.contexts > second.contexts
    assert all(len(point.samples) == 4 and max(map(len, point.samples)) <= 2 for point in (first, second, third))


def test_few_names_to_learn_from_and_the_surroundings_of_the_minimum() -> None:
    parts = split(CORPUS, "distinct")
    add = smoothing_grid(13)
    few = smoothing_curve_of_few(parts, 5, add)
    assert few.names == 5
    assert few.held_out is not None
    for k, loss in zip(add, few.held_out, strict=True):
        model = Ngram(order=2, add=k).fit(parts.train.take(np.arange(5)))
        assert loss == pytest.approx(model.evaluate(parts.validation).nats_per_symbol)
    assert min(few.held_out) == few.held_out[few.best]
    low, high = few.range
    assert low < few.held_out[few.best] < high < math.log(CORPUS.alphabet.size) + 1
    assert smoothing_curve_of_few(parts, 10**6, add).names == len(parts.train)
