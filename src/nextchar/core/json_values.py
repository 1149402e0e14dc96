"""Values that JSON can hold."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["plain"]


def plain(value: Any) -> Any:
    """A value as JSON can hold it: infinite numbers become the strings "inf" and "-inf"."""
    if isinstance(value, float):
        return value + 0.0 if math.isfinite(value) else str(value)  # 0.0 and not -0.0 for what is certain
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return value
