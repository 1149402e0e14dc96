"""Reading in rows, in blocks and step by step: the same numbers, to 12 digits."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from tests.models.neural.stirred import V, spec_of, stirred

from nextchar.core.shared_prefixes import branching_nats
from nextchar.data.corpus import Corpus
from nextchar.models.neural.model import NeuralModel
from nextchar.models.neural.reading import FEW
from nextchar.models.registry import nets


def stirred_model(kind: str) -> NeuralModel:
    """A model over a to h, of 8 symbols and the boundary, with weights everywhere."""
    model = spec_of(kind, steps=1).fit(Corpus.from_items(["abcdefgh"]))
    model.module.load_state_dict(stirred(kind).state_dict())
    return model


def random_items(lengths: list[int]) -> Corpus:
    rng = np.random.default_rng(5)
    return Corpus.from_items(["".join(rng.choice(list("abcdefgh"), length)) for length in lengths])


@torch.no_grad()
@pytest.mark.parametrize("kind", nets())
def test_a_block_is_its_symbols_one_by_one(kind: str) -> None:
    net = stirred(kind)
    ids = torch.randint(0, V, (3, 40), generator=torch.Generator().manual_seed(3))  # items end inside the rows
    ids[:, 0] = 0
    stepwise, by_steps = net.initial(3), []
    for column in ids.unbind(1):
        logits, stepwise = net.step(column, stepwise)
        by_steps.append(logits)
    blockwise, by_blocks = net.initial(3), []
    for begin, end in ((0, 7), (7, 8), (8, 30), (30, 40)):
        logits, blockwise = net.read(ids[:, begin:end], blockwise)
        by_blocks.append(logits)
    torch.testing.assert_close(torch.cat(by_blocks, dim=1), torch.stack(by_steps, dim=1), rtol=0, atol=1e-12)
    after = torch.tensor([1, 2, 0])
    torch.testing.assert_close(net.step(after, blockwise)[0], net.step(after, stepwise)[0], rtol=0, atol=1e-12)
    torch.testing.assert_close(net.step(after, blockwise, after)[0], net.step(after, stepwise, after)[0])


@pytest.mark.parametrize("kind", nets())
def test_rows_of_any_length_are_the_steps(kind: str) -> None:
    model = stirred_model(kind)
    ids = np.random.default_rng(2).integers(1, V, (2, 700))  # longer than what is read at once
    ids[:, 0] = 0
    step = model.start(2)
    rows = [step.log_probs]
    for column in ids[:, 1:].T:
        step = model.advance(step.state, column)
        rows.append(step.log_probs)
    np.testing.assert_allclose(model.log_probs(ids), np.stack(rows, axis=1), rtol=0, atol=1e-11)


@pytest.mark.parametrize("kind", nets())
@pytest.mark.parametrize("lengths", [[700], [600, 2, 40, 1], [33] * (FEW + 3) + [5] * 4, [31, 32, 33]], ids=str)
def test_long_items_have_the_nats_that_they_have_among_others(kind: str, lengths: list[int]) -> None:
    model, items = stirred_model(kind), random_items(lengths)
    items = items.encoded_in(model.alphabet)
    scorer = model.corpus_scorer
    assert scorer is not None
    np.testing.assert_allclose(scorer(items), branching_nats(model, items), rtol=0, atol=1e-11)
