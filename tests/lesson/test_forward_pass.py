"""The forward pass against torch's own softmax."""

from __future__ import annotations

import math
from typing import Any

import pytest

from nextchar.data.corpus import Corpus
from nextchar.lesson.forward_pass import forward_pass
from nextchar.models.ngram.counts import count

torch: Any = pytest.importorskip("torch", reason="needs the extra neural")


def test_the_numbers_are_torchs() -> None:
    counts = count(Corpus.from_items(["ab", "ab", "ac", "b"]), 2)  # . a b c
    a = 1
    seen = forward_pass(counts, a, 5)
    row = torch.randn((4, 4), generator=torch.Generator().manual_seed(5))[a].double()
    assert seen.logits.tolist() == row.tolist()
    assert seen.counts.tolist() == pytest.approx(row.exp().tolist())
    assert seen.total == pytest.approx(float(row.exp().sum()))
    assert seen.probabilities.tolist() == pytest.approx(row.softmax(0).tolist())
    # after a: b twice, c once
    assert [(target.id, target.count) for target in seen.targets] == [(2, 2), (3, 1)]
    assert seen.targets[0].nats == pytest.approx(-math.log(row.softmax(0)[2]))
    assert len(forward_pass(counts, a, 5, targets=1).targets) == 1
