"""Sizes of memory as people write them: 1GB, 500 MB, 2GiB."""

from __future__ import annotations

import re
from numbers import Integral
from typing import Final

from nextchar.data.display import shortened
from nextchar.errors import BadValueError

__all__ = ["LEAST_MEMORY", "MEMORY", "checked_memory"]

MEMORY: Final = 10**9
LEAST_MEMORY: Final = 50 * 10**6
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?) ?([kmgt]?)(i?)b?", re.IGNORECASE)
_POWERS: Final = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def checked_memory(size: int | str) -> int:
    """How many bytes may be taken: a number of them, or a text such as 1GB (10^9 bytes) or 2GiB (2 * 2^30).

    Raises:
        SettingsError: it is none, or too little to work with.
    """
    found = None
    if isinstance(size, str) and (match := _SIZE.fullmatch(size.strip())):
        number, letter, binary = match.groups()
        found = int(float(number) * (1024 if binary else 1000) ** _POWERS[letter.lower()])
    elif isinstance(size, Integral) and not isinstance(size, bool):
        found = int(size)
    if found is None:
        raise BadValueError(
            f"the memory is a size such as 500MB, 1GB or 2GiB, not {shortened(repr(size))}", argument="memory"
        )
    if found < LEAST_MEMORY:
        raise BadValueError(
            f"the memory is at least {LEAST_MEMORY // 10**6} MB, not {shortened(str(size))}", argument="memory"
        )
    return found
