"""Nets that a visitor has trained: told apart by their weights, and read on a part of their list."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch")

from nextchar.data.corpus import Corpus
from nextchar.lesson.trained_nets import TrainedNet, fingerprint_of
from nextchar.models.neural.families import RNN

NAMES = Corpus.from_items(["emma", "ava", "mia", "a" * 40])


def net(seed: int) -> TrainedNet:
    return TrainedNet(RNN(embedding=4, width=6, steps=1, seed=seed, hold_out=0).fit(NAMES), NAMES, 1, None)


def test_a_fingerprint_is_that_of_the_weights() -> None:
    assert fingerprint_of(net(1).model) == fingerprint_of(net(1).model)
    assert fingerprint_of(net(1).model) != fingerprint_of(net(2).model)
    assert len(fingerprint_of(net(1).model)) == 16


def test_very_long_items_are_not_read() -> None:
    assert list(net(1).firing().corpus) == ["emma", "ava", "mia"]
    long: Any = TrainedNet(net(1).model, NAMES.take([3]), 1, None)
    assert list(long.firing().corpus) == ["a" * 40]  # there is nothing else
