from __future__ import annotations

import numpy as np
import pytest

from nextchar.automata.reachable import NOWHERE, Reached, reachable
from nextchar.errors import TooLargeError


def followed(steps: np.ndarray, most_cells: int = 10**6) -> Reached:
    """What is reachable from 0 where state i leads to steps[i]."""
    return reachable(
        0,
        steps.shape[1],
        lambda keys: (np.zeros((len(keys), steps.shape[1])), steps[keys]),
        most_cells,
        lambda: TooLargeError("too many"),
    )


@pytest.mark.parametrize("seed", range(20))
def test_against_a_plain_search(seed: int) -> None:
    source = np.random.default_rng(seed)
    states = int(source.integers(1, 300))
    steps = source.integers(NOWHERE, states, size=(states, 2))
    reached, front = {0}, [0]
    while front:
        front = [key for key in {int(key) for state in front for key in steps[state]} if key not in reached | {NOWHERE}]
        reached |= set(front)
    found = followed(steps)
    assert sorted(found.keys.tolist()) == sorted(reached)  # each once
    assert np.array_equal(np.concatenate(found.nexts), steps[found.keys])


def test_a_chain_has_a_front_for_every_state() -> None:
    steps = np.append(np.arange(1, 2000), NOWHERE)[:, None]
    assert followed(steps).keys.tolist() == list(range(2000))


def test_the_limit() -> None:
    steps = np.append(np.arange(1, 10), NOWHERE)[:, None]
    assert len(followed(steps, 10).keys) == 10
    with pytest.raises(TooLargeError):
        followed(steps, 9)
