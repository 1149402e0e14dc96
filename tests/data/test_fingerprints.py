from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nextchar.data.fingerprints import FingerprintSet

NUMBERS = st.lists(st.integers(0, 40) | st.integers(2**64 - 40, 2**64 - 1), unique=True, max_size=20)


@settings(max_examples=40)
@given(NUMBERS, st.lists(NUMBERS, max_size=12))
def test_a_set_that_grows(first: list[int], parts: list[list[int]]) -> None:
    """Beside Python's own set."""
    found = FingerprintSet.of(np.array(first, dtype=np.uint64))
    known = set(first)
    for part in parts:
        prints = np.array(part, dtype=np.uint64)
        has = found.has(prints)
        assert has.tolist() == [number in known for number in part]
        found.add(prints[~has])
        known |= set(part)
        assert len(found) == len(known)
        assert all(len(long) > 2 * len(short) for long, short in zip(found.runs, found.runs[1:], strict=False))
