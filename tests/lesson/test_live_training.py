"""A training that is watched goes the way of one that is not."""

from __future__ import annotations

import numpy as np
import pytest

from nextchar.automata.automaton_model import rows_of
from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.data.corpus import Corpus
from nextchar.lesson.live_training import LiveTraining
from nextchar.models.neural.bigram.model import BigramNet
from nextchar.models.ngram.counts import count
from nextchar.models.ngram.model import Ngram

pytest.importorskip("torch", reason="needs the extra neural")

COUNTS = count(Corpus.from_items(["emma", "ava", "mia", "amelia", "eve", "viola", "oliva"]), 2)
COUNTED = rows_of(Ngram(order=2, add=0).from_counts(COUNTS))
PLAN, SHORT = Plan(seed=1), Constraint(max_length=30)


def test_in_turns_it_comes_to_the_same_net() -> None:
    net = BigramNet(solver="gd", learning_rate=5, steps=20)
    training = LiveTraining(net, COUNTS, COUNTED)
    steps = [training.advance(to_step, 60.0).step for to_step in (0, 1, 7, 12, 20)]
    assert steps == [0, 1, 7, 12, 20]
    assert training.ended
    seen = training.snapshot(samples=3, plan=PLAN, constraint=SHORT)
    training.close()
    whole = net.from_counts(COUNTS)
    assert training.losses == [(point.step, point.objective) for point in whole.metrics.curve][13:]  # from step 0 on
    assert np.array_equal(seen.probabilities, rows_of(whole))
    assert list(seen.samples) == list(whole.draw_left_to_right(3, PLAN, SHORT).corpus)
    assert seen.largest_difference == max(
        abs(p - q) for p, q in zip(rows_of(whole).flat, COUNTED.flat, strict=True)
    )  # by plain Python


def test_without_time_it_takes_one_step_at_a_time() -> None:
    training = LiveTraining(BigramNet(solver="gd", steps=1000), COUNTS, COUNTED)
    assert [training.advance(1000, 0.0).step for _ in range(3)] == [0, 1, 2]
    assert not training.ended
    assert training.kept.step == 2
    training.close()


def test_where_it_diverges_the_best_weights_are_shown() -> None:
    net = BigramNet(solver="gd", learning_rate=1e5, steps=1000)
    training = LiveTraining(net, COUNTS, COUNTED)
    last = training.advance(1000, 60.0)
    assert training.divergence is not None
    assert training.ended
    assert training.kept.loss < last.loss
    seen = training.snapshot(samples=1, plan=PLAN, constraint=SHORT)
    training.close()
    assert np.array_equal(seen.probabilities, rows_of(net.from_counts(COUNTS)))
