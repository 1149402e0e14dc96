"""Sequences as callers have them: lists, arrays, columns of tables, generators; what is none is named.

numpy makes texts of whatever it is given: None becomes "None", a number beside a text becomes a text, and rows of a
table become one text each. A model would learn them without a word. So everything is looked at before numpy has it.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np

from nextchar.data.display import shortened
from nextchar.errors import CorpusError, SettingsError

__all__ = ["entries_of", "python_values", "texts_of", "value_name"]


def texts_of(values: Iterable[str], noun: str = "text") -> list[str]:
    """The texts of any sequence of them, a generator, a numpy array, or a column of a table.

    Args:
        values: the sequence.
        noun: what one of them is called.

    Raises:
        SettingsError: one text, a table, a path, or something else instead of a sequence.
        CorpusError: an entry is no text; with its number.
    """
    if isinstance(values, str):
        raise SettingsError(f"give a list of {noun}s, for example [{shortened(str(values))!r}], not one text")
    if isinstance(values, os.PathLike):
        raise SettingsError(f"give a list of {noun}s, not a path; Corpus.from_file reads {os.fspath(values)}")
    texts = entries_of(values, f"{noun}s")
    if not set(map(type, texts)) <= {str, np.str_}:
        for i, text in enumerate(texts):
            if not isinstance(text, str):
                raise CorpusError(f"{noun} {i + 1} is {value_name(text)}, not a text; leave it out, or give texts")
    return texts


def entries_of(values: Any, what: str) -> list[Any]:
    """The entries of a sequence, a column or a generator; a table, a mapping or one thing alone is refused."""
    shape = getattr(values, "shape", None)
    if isinstance(shape, tuple) and len(shape) != 1:
        raise SettingsError(
            f"{type(values).__name__} of shape {shape} instead of {what}; give one column of it"
            if shape
            else f"one {type(values).__name__} instead of {what}; give a list"
        )
    if isinstance(values, bytes | bytearray | Mapping | set | frozenset) or not isinstance(values, Iterable):
        raise SettingsError(f"{value_name(values)} instead of {what}; give a list")
    return list(python_values(values))


def python_values(values: Iterable[Any]) -> Iterable[Any]:
    """The same, or of an array of Arrow, whose entries are objects of its own, Python's values."""
    to_list = getattr(values, "to_pylist", None)
    return values if to_list is None else to_list()


def value_name(value: object) -> str:
    """What something is, for people."""
    if value is None:
        return "None"
    if isinstance(value, float | np.floating) and value != value:
        return "nan (missing)"
    kind = type(value).__name__
    if isinstance(value, bytes | int | float | np.generic | datetime.date | Sequence | Mapping | AbstractSet):
        return f"{shortened(repr(value), 40)} ({kind})"
    return f"{shortened(repr(value), 40)}" if kind == "NAType" else f"a {kind}"
