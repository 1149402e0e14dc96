from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from nextchar.data.sequences import texts_of
from nextchar.errors import CorpusError, SettingsError
from nextchar.tasks.labels import label_places, labels_document, labels_from, labels_of, weights_of


class Column:
    """What a column of pandas or polars looks like: a shape, a length, and entries; no list."""

    def __init__(self, entries: list[Any]) -> None:
        self.entries, self.shape = entries, (len(entries),)

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Any:
        return iter(self.entries)


class Table:
    """What a table of theirs looks like: iterating gives the names of its columns."""

    shape = (3, 2)

    def __iter__(self) -> Any:
        return iter(["text", "label"])


@pytest.mark.parametrize(
    "given",
    [
        ["ab", "b"],
        ("ab", "b"),
        (text for text in ["ab", "b"]),
        np.array(["ab", "b"]),
        np.array(["ab", "b"], dtype=object),
        Column(["ab", "b"]),
        iter(["ab", "b"]),
    ],
)
def test_any_sequence_of_texts(given: Any) -> None:
    assert texts_of(given) == ["ab", "b"]


def test_columns_of_pandas() -> None:
    pandas = pytest.importorskip("pandas")
    assert texts_of(pandas.Series(["ab", "b"])) == ["ab", "b"]
    assert texts_of(pandas.Index(["ab", "b"])) == ["ab", "b"]
    assert labels_of(pandas.Series([2, 1], dtype="int8")).tolist() == [2, 1]
    assert labels_of(pandas.Series(["x", "y"], dtype="category")).tolist() == ["x", "y"]
    with pytest.raises(SettingsError, match="label 2 is <NA>"):
        labels_of(pandas.Series([1, None], dtype="Int64"))
    with pytest.raises(SettingsError, match=re.escape("DataFrame of shape (2, 1)")):
        texts_of(pandas.DataFrame({"text": ["ab", "b"]}))


def test_columns_of_polars() -> None:
    polars = pytest.importorskip("polars")
    assert texts_of(polars.Series(["ab", "b"])) == ["ab", "b"]
    assert labels_of(polars.Series([True, False])).tolist() == [True, False]
    with pytest.raises(CorpusError, match="text 2 is None"):
        texts_of(polars.Series(["ab", None]))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["ab", None], "text 2 is None"),
        (["ab", float("nan")], "text 2 is nan (missing)"),
        ([b"ab"], "text 1 is b'ab' (bytes)"),
        (["ab", 3], "text 2 is 3 (int)"),
        (np.array([b"ab"]), "text 1 is"),
        (np.array(["ab", None], dtype=object), "text 2 is None"),
        (Column(["ab", 2.5]), "text 2 is 2.5 (float)"),
        (Table(), "Table of shape (3, 2) instead of texts; give one column"),
        (np.array([["ab"], ["b"]]), "ndarray of shape (2, 1) instead of texts"),
        (np.array("ab"), "one ndarray instead of texts"),
        ("ab", "not one text"),
        (b"ab", "b'ab' (bytes) instead of texts"),
        ({"ab": 1}, "(dict) instead of texts"),
        ({"ab"}, "(set) instead of texts"),
        (None, "None instead of texts"),
        (3, "3 (int) instead of texts"),
    ],
)
def test_what_is_no_sequence_of_texts_is_named(given: Any, message: str) -> None:
    with pytest.raises((CorpusError, SettingsError), match=re.escape(message)):
        texts_of(given)


@pytest.mark.parametrize(
    ("given", "kind", "values"),
    [
        (["x", "y"], "U", ["x", "y"]),
        ([9, 10], "i", [9, 10]),
        ([True, False], "b", [True, False]),
        ([1, 2.5], "f", [1.0, 2.5]),
        ([np.int8(3), np.int64(4)], "i", [3, 4]),
        (np.array([1, 2], dtype=np.uint8), "u", [1, 2]),
        (np.array(["x", "y"], dtype=object), "U", ["x", "y"]),
        ([np.str_("x")], "U", ["x"]),
        (Column([1, 2]), "i", [1, 2]),
    ],
)
def test_labels_keep_their_kind(given: Any, kind: str, values: list[Any]) -> None:
    found = labels_of(given)
    assert (found.dtype.kind, found.tolist()) == (kind, values)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["x", None], "label 2 is None"),
        ([1.0, float("nan")], "label 2 is nan (missing)"),
        (["x", 1], "the labels are texts ('x') and numbers (1); make them all of one kind"),
        ([True, 2], "the labels are true or false (True) and numbers (2)"),
        ([b"x"], "label 1 is b'x' (bytes)"),
        (["x", ["y"]], "label 2 is ['y'] (list)"),
        ([Decimal(1)], "label 1 is a Decimal"),
        ([1 << 70], "fit into 64 bits"),
        ([1.0, float("inf")], "are finite"),
        (np.array([[1, 2]]), "ndarray of shape (1, 2) instead of labels"),
        ("xy", "not one label ('xy')"),
        (Table(), "instead of labels"),
    ],
)
def test_labels_that_are_none(given: Any, message: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(message)):
        labels_of(given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([1.0], "2 texts, but 1 weight"),
        ([1, -1], "weight 2 is -1"),
        ([1, float("nan")], "weight 2 is nan"),
        ([0, 0], "all weights are 0"),
        ([1, "2"], "weight 2 is '2' (str), not a number"),
        ([1, None], "weight 2 is None, not a number"),
    ],
)
def test_weights_that_are_none(given: Any, message: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(message)):
        weights_of(given, 2)


@pytest.mark.parametrize("labels", [["b", "a"], [10, 9], [True, False], [0.5, 2.0], np.array([3, 1], dtype=np.uint16)])
def test_labels_come_back_from_their_document(labels: Any) -> None:
    classes = np.unique(labels_of(labels))
    again = labels_from(labels_document(classes))
    assert again.dtype == classes.dtype
    assert again.tolist() == classes.tolist()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "document",
    [
        {"labels": ["a", "a"]},
        {"labels": [1, 2]},  # without a type they are texts, as in version 0.1.0
        {"labels": [1, 300], "label_type": "uint8"},
        {"labels": [1, 1e300], "label_type": "int64"},
        {"labels": [1, 1e300], "label_type": "float32"},
        {"labels": ["a", "b"], "label_type": "int64"},
        {"labels": [1, 2], "label_type": "object"},
        {"labels": [1, 2], "label_type": 3},
        {"labels": "ab"},
        {"labels": []},
    ],
)
def test_documents_that_are_no_labels(document: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError, OverflowError)):
        labels_from(document)


def test_places_among_the_classes() -> None:
    assert label_places(np.array([9, 10]), [10, 9, 11, 8]).tolist() == [1, 0, -1, -1]
    assert label_places(np.array(["a", "c"]), ["c", "b"]).tolist() == [1, -1]
    assert label_places(np.array([1, 2]), [1.0, 2.0]).tolist() == [0, 1]
    with pytest.raises(
        SettingsError, match=re.escape("the labels are numbers (0, 1), those that were learned are texts")
    ):
        label_places(np.array(["0", "1"]), [0, 1])


@pytest.mark.parametrize("labels", [["a", "a\0", "b"], ["\0", "a"], np.array(["a\0b", "c"], dtype=object)])
def test_labels_that_numpy_would_make_one_are_refused(labels: Any) -> None:
    with pytest.raises(SettingsError, match=r"label \d is .*labels have no NUL characters"):
        labels_of(labels)


@pytest.mark.parametrize("weights", [[1e-300, 1e10, 1.0], [5e-324, 1.0, 1.0], [0.0, 1e-90, 1e200]])
def test_weights_that_are_nothing_beside_others_are_refused(weights: list[float]) -> None:
    with pytest.raises(SettingsError, match=r"weight \d is .*nothing beside the largest|a weight is a number"):
        weights_of(weights, 3)


def test_weights_may_all_be_small() -> None:
    found = weights_of([1e-300, 2e-300, 0], 3)
    assert found is not None
    assert found.tolist() == [1e-300, 2e-300, 0]
