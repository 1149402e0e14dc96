"""Each beginning once: the groups by hand, and losses and gradients equal to those of the rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402
from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from tests.models.neural.stirred import V, stirred  # noqa: E402

from nextchar.models import registry  # noqa: E402
from nextchar.models.neural.nets.beginnings import MULTIPLE, Beginnings, place_numbers  # noqa: E402
from nextchar.models.neural.nets.noise import Places  # noqa: E402


def beginnings_of(ids: npt.NDArray[np.int64]) -> Beginnings:
    found = Beginnings.worth(ids, place_numbers(ids, 0))
    assert found is not None
    return found


def histories(ids: list[list[int]]) -> list[tuple[int, ...]]:
    """What was read of the item up to each place; in a row's unknown middle the row's number stands first."""
    found: list[tuple[int, ...]] = []
    for number, row in enumerate(ids):
        history: tuple[int, ...] = (-1 - number,)
        for symbol in row:
            history = (0,) if symbol == 0 else (*history, symbol)
            found.append(history)
    return found


def test_names_that_begin_alike() -> None:
    """ann and and, ann again: `.` three times, .a, .an, .ann twice (and once more), .and: 5 of 12 places."""
    ids = np.array([[0, 1, 2, 2, 0, 1, 2, 3], [0, 1, 2, 2, 0, 0, 0, 0]])
    found = beginnings_of(ids)
    spare = MULTIPLE - 5
    assert found.sizes == (spare + 1, 1, 1, 2)  # as short as possible, what makes up the number
    first = [spare + place for place in (0, 1, 2)]
    rows = found.of.tolist()
    assert rows[0][:3] == rows[1][:3] == rows[0][4:7] == first
    assert rows[0][3] == rows[1][3] != rows[0][7]
    assert found.at[found.of[0, 7]] == 7
    assert found.before()[found.of[0, 7]] == rows[0][6]


@given(st.lists(st.lists(st.integers(0, 3), min_size=9, max_size=9), min_size=1, max_size=5))
def test_places_share_a_beginning_where_what_was_read_is_equal(rows: list[list[int]]) -> None:
    numbers = place_numbers(np.array(rows), 0).ravel().tolist()
    known = histories(rows)
    assert len(set(numbers)) == len(set(known)) == len(set(zip(numbers, known, strict=True)))


def test_what_is_read_has_its_number_in_any_row() -> None:
    alone = place_numbers(np.array([[0, 4, 1]]), 7)
    behind = place_numbers(np.array([[2, 2, 2, 0, 4, 1], [0, 3, 0, 0, 4, 1]]), 0)
    assert behind[:, 3:].tolist() == [alone[0].tolist()] * 2
    middles = place_numbers(np.array([[4, 1], [4, 1]]), 3)
    assert middles[0, 1] != middles[1, 1]
    assert middles[1, 1] == place_numbers(np.array([[4, 1]]), 4)[0, 1]


def test_rows_that_have_little_in_common_are_left_as_they_are() -> None:
    ids = np.arange(1, 21).reshape(2, 10)
    assert Beginnings.worth(ids, place_numbers(ids, 0)) is None


@pytest.mark.parametrize("kind", registry.nets())
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_loss_and_gradient_are_those_of_the_rows(kind: str, dropout: float) -> None:
    ids = np.random.default_rng(2).integers(0, 3, (12, 10))
    ids[1:, 0] = 0  # the first row begins in the middle of an item
    ids[0, 0] = 2
    targets = torch.from_numpy(np.random.default_rng(3).integers(0, V, ids.shape)).flatten()
    beginnings = beginnings_of(ids)
    assert len(beginnings.at) < 0.9 * ids.size
    net = stirred(kind, seed=5).train()
    net.set_dropout(dropout)
    read = torch.from_numpy(place_numbers(ids, 0))
    losses, gradients = [], []
    for given_beginnings in (None, beginnings):
        at = torch.arange(ids.size) if given_beginnings is None else given_beginnings.at
        net.reads(Places(3, 4, read, read.flatten()[at]))
        logits = net(torch.from_numpy(ids), given_beginnings)
        rows = logits.flatten(0, 1) if given_beginnings is None else logits[given_beginnings.of.flatten()]
        net.zero_grad()
        loss = F.cross_entropy(rows, targets)
        loss.backward()  # type: ignore[no-untyped-call]
        losses.append(loss.item())
        gradients.append(torch.cat([p.grad.flatten() for p in net.parameters() if p.grad is not None]))
    assert losses[1] == pytest.approx(losses[0], abs=1e-12)
    torch.testing.assert_close(gradients[1], gradients[0], rtol=0, atol=1e-10)
