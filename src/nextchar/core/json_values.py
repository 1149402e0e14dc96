"""Values that JSON can hold, and reading them back with their types checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any, TypeVar

__all__ = ["bool_of", "float_of", "int_of", "list_of", "mapping_of", "optional", "plain", "text_of"]

T = TypeVar("T")


def plain(value: Any) -> Any:
    """A value as JSON can hold it: infinite numbers become the strings "inf" and "-inf"."""
    if isinstance(value, bool):
        return value
    if isinstance(value, Integral):  # numpy's too, which JSON does not know
        return int(value)
    if isinstance(value, Real):
        number = float(value)
        return number + 0.0 if math.isfinite(number) else str(number)  # 0.0 and not -0.0 for what is certain
    if isinstance(value, Mapping):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return value


def bool_of(value: object) -> bool:
    """True or false.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(value, bool):
        return value
    raise TypeError(f"{value!r} is neither true nor false")


def float_of(value: object) -> float:
    """A number, or one of the strings that `plain` makes of numbers that are not finite.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if value in ("inf", "-inf", "nan"):
        return float(str(value))
    raise TypeError(f"{value!r} is not a number")


def int_of(value: object) -> int:
    """A whole number.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise TypeError(f"{value!r} is not a whole number")


def text_of(value: object) -> str:
    """A string.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(value, str):
        return value
    raise TypeError(f"{value!r} is not a text")


def list_of(value: object, entry: Callable[[object], T]) -> tuple[T, ...]:
    """A list, each entry of it read by `entry`; None counts as empty.

    Raises:
        TypeError: it is something else, or an entry is.
    """
    if value is None:
        return ()
    if isinstance(value, list | tuple):
        return tuple(map(entry, value))
    raise TypeError(f"{value!r} is not a list")


def mapping_of(value: object, entry: Callable[[object], T]) -> dict[str, T]:
    """A JSON object, each value of it read by `entry`.

    Raises:
        TypeError: it is something else, or a value is.
    """
    if isinstance(value, Mapping):
        return {text_of(name): entry(inner) for name, inner in value.items()}
    raise TypeError(f"{value!r} is not an object with named entries")


def optional(value: object, read: Callable[[object], T]) -> T | None:
    """None, or what `read` makes of the value."""
    return None if value is None else read(value)
