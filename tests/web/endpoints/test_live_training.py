"""A training streams, diverges and stops as the library's does."""

from __future__ import annotations

import math
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from starlette.applications import Starlette

from nextchar.automata.automaton_model import rows_of
from nextchar.models.neural.bigram.model import BigramNet
from nextchar.models.ngram.counts import Counts


def test_training_streams_to_its_end(client: Any, counts: Counts, torch: Any) -> None:
    begun = time.monotonic()
    seen = list(client.train(learning_rate=50, l2=0.01, steps=100, steps_per_second=100))
    assert [name for name, _ in seen] == ["start", *["step"] * (len(seen) - 2), "done"]
    assert time.monotonic() - begun > 0.9
    start, last = seen[0][1], seen[-2][1]
    assert start["optimum"] == pytest.approx(client.fetch("net/optimum", l2=0.01)["loss"])
    assert start["uniform"] == math.log(counts.alphabet.size)
    net = BigramNet(solver="gd", learning_rate=50, l2=0.01, steps=100).from_counts(counts)
    assert last["step"] == 100
    assert last["loss"] == pytest.approx(net.metrics.curve[-1].objective, abs=1e-9)
    assert last["data_loss"] == pytest.approx(net.metrics.curve[-1].train_nats, abs=1e-9)
    assert np.allclose(last["probabilities"], rows_of(net))
    assert len(last["samples"]) == 3
    assert "probabilities" in seen[1][1]
    assert "probabilities" not in seen[2][1]
    losses = [tuple(point) for _, frame in seen[1:-1] for point in frame["losses"]]
    assert [step for step, _ in losses] == list(range(101))  # however few frames there were
    assert [loss for _, loss in losses] == pytest.approx([p.objective for p in net.metrics.curve], abs=1e-9)
    assert seen[-1][1]["step"] == 100


@pytest.mark.parametrize("rate", [500.0, 1e6])
def test_training_that_diverges_ends_as_the_library_ends_it(
    client: Any, counts: Counts, torch: Any, rate: float
) -> None:
    seen = list(client.train(learning_rate=rate, l2=0.01, steps=1000, steps_per_second=20000))
    (name, frame), (end, last) = seen[-2:]
    net = BigramNet(solver="gd", learning_rate=rate, l2=0.01, steps=1000).from_counts(counts)
    curve = net.metrics.curve
    assert (name, end) == ("step", "stopped")
    assert last["diverged"] is True
    assert last["message"].rstrip(".").lower() == str(net.metrics.stopped).lower()
    assert frame["step"] == curve[-1].step == last["step"] < 1000
    assert frame["weights_of"] == min(curve, key=lambda point: point.objective).step
    assert np.allclose(frame["probabilities"], rows_of(net))
    _, chinese = list(client.train(learning_rate=rate, l2=0.01, steps=1000, steps_per_second=20000, lang="zh"))[-1]
    assert f"第 {frame['weights_of']} 步的权重" in chinese["message"]
    assert f"学习率 {rate:g} 太大" in chinese["message"]


def running(app: Starlette) -> int:
    """How many trainings run."""
    trainings = [s.training for s in app.state.api.sessions._sessions.values()]
    return sum(training is not None for training in trainings)


def wait_until(condition: Any, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_training_is_stopped_by_the_visitor(app: Starlette, client: Any, torch: Any) -> None:
    with ThreadPoolExecutor(1) as pool:
        seen = pool.submit(lambda: list(client.train(steps=20_000, steps_per_second=5)))
        wait_until(lambda: "nextchar" in client.cookies and running(app))
        assert client.delete("/api/net/train").json() == {"stopped": True}
        assert seen.result()[-1][0] == "stopped"  # at 5 steps a second it would have gone on for an hour
    wait_until(lambda: not running(app))
    assert client.delete("/api/net/train").json() == {"stopped": False}


def test_training_ends_when_the_visitor_goes_away(app: Starlette, client: Any, torch: Any) -> None:
    stream = client.train(steps=20_000, steps_per_second=100)
    for _ in range(3):
        next(stream)
    assert running(app) == 1
    stream.close()
    wait_until(lambda: not running(app))


def test_a_second_training_ends_the_first(app: Starlette, address: str, client: Any, torch: Any) -> None:
    first = client.train(steps=20_000, steps_per_second=100)
    next(first)
    second = client.train(steps=30, steps_per_second=100)
    assert list(second)[-1][0] == "done"
    assert list(first)[-1][0] == "stopped"
