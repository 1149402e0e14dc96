"""Sizes of memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nextchar.data.sizes import checked_memory
from nextchar.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1GB", 10**9),
        ("1g", 10**9),
        ("2 GiB", 2 << 30),
        ("1.5G", 1_500_000_000),
        ("500MB", 500_000_000),
        ("64MiB", 64 << 20),
        ("1T", 10**12),
        ("100000000", 10**8),
        (100_000_000, 10**8),
        (np.int64(100_000_000), 10**8),
    ],
)
def test_sizes(text: int | str, size: int) -> None:
    assert checked_memory(text) == size


@pytest.mark.parametrize("wrong", ["", "GB", "-1GB", "1 PB", "1,5GB", "many", 1e9, None, True, "1MB", 0, -5, "49MB"])
def test_what_is_no_size_or_too_little(wrong: Any) -> None:
    with pytest.raises(SettingsError, match="memory"):
        checked_memory(wrong)
