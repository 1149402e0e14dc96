"""Arguments of a wrong type, found at the door: every error says which one it is, what was given and what is wanted."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from nextchar.data.sequences import value_name
from nextchar.errors import BadValueError

__all__ = ["need", "need_all", "need_function", "need_ids", "need_model", "need_path", "need_whole"]

T = TypeVar("T")
Kind = type[Any] | tuple[type[Any], ...]


def need(value: object, kind: Kind, argument: str, wanted: str, *, optional: bool = False) -> None:
    """See that an argument is of a type.

    Args:
        value: what was given.
        kind: the type, or several.
        argument: its name, for the message.
        wanted: what it should be, with an article: "a corpus".
        optional: whether None will do.

    Raises:
        BadValueError: it is not.
    """
    if not (isinstance(value, kind) or (optional and value is None)):
        raise BadValueError(f"{argument} is {wanted}, not {value_name(value)}", argument=argument)


def need_all(values: Iterable[T], kind: Kind, argument: str, wanted: str) -> list[T]:
    """The same of each of several; `wanted` says so: "a list of models"."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise BadValueError(f"{argument} is {wanted}, not {value_name(values)}", argument=argument)
    found = list(values)
    for i, value in enumerate(found, start=1):
        if not isinstance(value, kind):
            raise BadValueError(f"{argument} is {wanted}, and number {i} is {value_name(value)}", argument=argument)
    return found


def need_path(value: object, argument: str = "path") -> None:
    """See that something is the name of a file.

    Raises:
        BadValueError: it is neither a text nor a path.
    """
    need(value, (str, os.PathLike), argument, "a path")


def need_function(value: object, argument: str) -> None:
    """See that something can be called, or is None.

    Raises:
        BadValueError: it is neither.
    """
    if value is not None and not callable(value):
        raise BadValueError(f"{argument} is a function, not {value_name(value)}", argument=argument)


def need_model(value: object, argument: str = "model") -> None:
    """See that something gives rows of log-probabilities, as every model does.

    Raises:
        BadValueError: it does not.
    """
    if not callable(getattr(value, "log_probs", None)):
        raise BadValueError(
            f"{argument} is a model (Ngram().fit(...), load(...)), not {value_name(value)}", argument=argument
        )


def need_whole(value: object, argument: str, *, at_least: int = 0) -> None:
    """See that something is a whole number.

    Raises:
        BadValueError: it is not, or is too small.
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < at_least:
        raise BadValueError(
            f"{argument} is a whole number of at least {at_least}, not {value_name(value)}", argument=argument
        )


def need_ids(
    ids: npt.ArrayLike, size: int, argument: str = "ids", *, dimensions: int | None = None
) -> npt.NDArray[Any]:
    """Ids as an array.

    Args:
        ids: whole numbers.
        size: how many there are in the alphabet.
        argument: their name, for the message.
        dimensions: of the array; None for any.

    Raises:
        BadValueError: they are none of these.
    """
    try:
        found = np.asarray(ids)
    except (TypeError, ValueError):
        found = np.array("")
    if not found.size and isinstance(ids, Sequence | np.ndarray) and not isinstance(ids, str | bytes):
        found = found.astype(np.intp)
    wrong = found.dtype.kind not in "iu" or (dimensions is not None and found.ndim != dimensions)
    if wrong or (found.size and not (int(found.min()) >= 0 and int(found.max()) < size)):
        shape = "" if dimensions is None else f" in {dimensions} dimension{'' if dimensions == 1 else 's'}"
        raise BadValueError(f"{argument} are whole numbers from 0 to {size - 1}{shape}, not {value_name(ids)}")
    return found
