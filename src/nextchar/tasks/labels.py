"""Texts and labels as callers have them: lists, arrays, columns of tables, generators; what is neither is named.

numpy makes texts of whatever it is given: None becomes "None", a number beside a text becomes a text, and rows of a
table become one text each. A classifier would learn them without a word. So everything is looked at before numpy has
it, and labels keep their type: numbers stay numbers, also in a file.

Letters: n texts, C labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nextchar.data.display import shortened, thousands
from nextchar.data.item_weights import MOST_WEIGHT
from nextchar.data.sequences import entries_of, value_name
from nextchar.errors import SettingsError

__all__ = [
    "Labels",
    "label_places",
    "labels_document",
    "labels_from",
    "labels_of",
    "named_labels",
    "weights_of",
]

Labels = npt.NDArray[Any]
_MOST_NAMED: Final = 8
_LEAST_SHARE: Final = 1e-100  # of the largest weight: below, numbers are lost in sums and quotients
_KINDS: Final = {"b": "true or false", "i": "numbers", "u": "numbers", "f": "numbers", "U": "texts"}


def labels_of(y: Iterable[Any]) -> Labels:
    """The labels as an array of one kind, (n,): texts, whole numbers, numbers, or true and false.

    Raises:
        SettingsError: one label, a table, a missing label, labels of several kinds, or of a kind that is none of these.
    """
    if isinstance(y, str):
        raise SettingsError(f"give a list of labels, one for each text, not one label ({shortened(y)!r})")
    labels = entries_of(y, "labels")
    kinds: dict[str, Any] = {}
    for i, label in enumerate(labels):
        if isinstance(label, str):
            kind = "texts"
            if "\0" in label:  # which numpy takes away at the end
                raise SettingsError(f"label {i + 1} is {label!r}; labels have no NUL characters")
        elif isinstance(label, bool | np.bool_):
            kind = "true or false"
        elif isinstance(label, int | float | np.integer | np.floating) and label == label:
            kind = "numbers"
        else:
            raise SettingsError(f"label {i + 1} is {value_name(label)}; labels are texts, numbers, or true and false")
        kinds.setdefault(kind, label)
    if len(kinds) > 1:
        both = " and ".join(f"{kind} ({example!r})" for kind, example in kinds.items())
        raise SettingsError(f"the labels are {both}; make them all of one kind")
    if not labels:
        return np.array([], dtype=np.str_)
    if "texts" in kinds:
        return np.array([str(label) for label in labels])
    try:
        found = np.asarray(y) if isinstance(y, np.ndarray) and y.dtype.kind in "biuf" else np.array(labels)
    except OverflowError:
        found = np.array(labels, dtype=object)
    if found.dtype.kind not in "biuf" or (found.dtype.kind == "f" and not np.isfinite(found).all()):
        raise SettingsError("labels that are numbers are finite and fit into 64 bits")
    return found


def weights_of(sample_weight: Iterable[float] | None, n: int) -> npt.NDArray[np.float64] | None:
    """How much each text counts, (n,); None where all count the same.

    Raises:
        SettingsError: not one for each text, one is no number, below 0, infinite, or nothing
            beside another, or all are 0.
    """
    if sample_weight is None:
        return None
    given = entries_of(sample_weight, "weights")
    for i, weight in enumerate(given):
        if isinstance(weight, bool | np.bool_ | str | bytes) or not isinstance(
            weight, int | float | np.integer | np.floating
        ):
            raise SettingsError(f"weight {i + 1} is {value_name(weight)}, not a number")
    if len(given) != n:
        raise SettingsError(f"{thousands(n, 'text')}, but {thousands(len(given), 'weight')}")
    weights = np.array(given, dtype=np.float64)
    bad = np.flatnonzero(~((weights >= 0) & (weights < MOST_WEIGHT)))
    if len(bad):
        raise SettingsError(f"weight {bad[0] + 1} is {weights[bad[0]]:g}; a weight is a number from 0 to 2^63 - 1")
    if n and not weights.any():
        raise SettingsError("all weights are 0, so that no text counts")
    small = np.flatnonzero((weights > 0) & (weights < weights.max(initial=0) * _LEAST_SHARE))
    if len(small):
        raise SettingsError(
            f"weight {small[0] + 1} is {weights[small[0]]:g}, which is nothing beside the largest, {weights.max():g}; "
            "give 0 to leave the text out"
        )
    return weights


def label_places(classes: Labels, y: Iterable[Any]) -> npt.NDArray[np.intp]:
    """Where each label stands among the sorted classes, (n,); -1 where it is none of them.

    Raises:
        SettingsError: the labels are of another kind than the classes: texts beside numbers, say.
    """
    labels = labels_of(y)
    if not len(labels):
        return np.empty(0, dtype=np.intp)
    given, learned = _KINDS[labels.dtype.kind], _KINDS[classes.dtype.kind]
    if given != learned:
        raise SettingsError(
            f"the labels are {given} ({named_labels(labels)}), those that were learned are {learned} "
            f"({named_labels(classes)}); give the same kind"
        )
    at = np.minimum(np.searchsorted(classes, labels), len(classes) - 1)
    return np.where(classes[at] == labels, at, -1)


def named_labels(labels: Labels) -> str:
    """The labels for people, each once."""
    distinct = np.unique(labels).tolist()
    more = f" and {len(distinct) - _MOST_NAMED:,} more" if len(distinct) > _MOST_NAMED else ""
    return ", ".join(map(repr, distinct[:_MOST_NAMED])) + more


def labels_document(classes: Labels) -> dict[str, Any]:
    """The classes as a file has them: their values, and their type."""
    return {"labels": classes.tolist(), "label_type": "str" if classes.dtype.kind == "U" else classes.dtype.name}


def labels_from(document: Mapping[str, Any]) -> Labels:
    """The classes that `labels_document` made; files of version 0.1.0 have texts only.

    Raises:
        TypeError, ValueError: they are no labels of their type, or one is there twice.
    """
    labels, kind = document["labels"], document.get("label_type", "str")
    if not isinstance(labels, list) or not isinstance(kind, str):
        raise TypeError("its labels are no list")
    classes = labels_of(labels)
    dtype = np.dtype(kind)
    if dtype.kind not in _KINDS or _KINDS[dtype.kind] != _KINDS[classes.dtype.kind]:
        raise TypeError(f"its labels are not of the type {kind}")
    with np.errstate(invalid="ignore", over="ignore"):  # what does not fit is found by comparing
        typed = classes if dtype.kind == "U" else classes.astype(dtype)
    if not len(typed) or not np.array_equal(typed, classes) or len(np.unique(typed)) != len(typed):
        raise ValueError("its labels do not fit their type, or one is there twice, or there is none")
    return typed
