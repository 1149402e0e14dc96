"""Items from memory, wherever items are wanted: any sequence of texts, and nothing else."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nextchar
from nextchar.errors import NextcharError

ITEMS = ["emma", "ava", "mia"]


class Series:
    """What a column of pandas or polars is for us: it has a shape of one number and gives its entries."""

    def __init__(self, entries: Iterable[str]) -> None:
        self._entries = list(entries)
        self.shape = (len(self._entries),)

    def __iter__(self) -> Any:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


class Arrow(Series):
    """What an array of Arrow is: its entries are objects, and a method gives them as Python's."""

    def __iter__(self) -> Any:
        return iter([object()] * len(self))

    def to_pylist(self) -> list[str]:
        return list(self._entries)


class Table:
    """A table gives the names of its columns, which are no items."""

    shape = (3, 1)

    def __iter__(self) -> Any:
        return iter(["name"])


SEQUENCES: dict[str, Callable[[], Any]] = {
    "list": lambda: list(ITEMS),
    "tuple": lambda: tuple(ITEMS),
    "generator": lambda: (item for item in ITEMS),
    "array": lambda: np.array(ITEMS),
    "objects": lambda: np.array(ITEMS, dtype=object),
    "column": lambda: Series(ITEMS),
    "arrow": lambda: Arrow(ITEMS),
    "keys": lambda: dict.fromkeys(ITEMS).keys(),
}
CORPUS = nextchar.Corpus.from_items(ITEMS)
MODEL = nextchar.Ngram(order=2).fit(CORPUS)


def close(a: Any, b: Any) -> bool:
    return bool(np.allclose(a, b, rtol=1e-12))


@pytest.mark.parametrize("kind", SEQUENCES)
def test_any_sequence(kind: str) -> None:
    make = SEQUENCES[kind]
    assert list(nextchar.Corpus.from_items(make())) == ITEMS
    assert nextchar.Ngram(order=2).fit(make()).counts == MODEL.counts
    assert MODEL.evaluate(make()) == MODEL.evaluate(CORPUS)
    assert nextchar.evaluate(MODEL, make()) == MODEL.evaluate(CORPUS)
    assert [score.item for score in MODEL.score(make())] == ITEMS
    assert close(MODEL.nats(make()), MODEL.nats(ITEMS))
    assert nextchar.update(MODEL, make()).provenance.symbols == 2 * (5 + 4 + 4)  # the letters and an end each, twice
    assert nextchar.count(make(), 2) == MODEL.counts
    assert MODEL.rank(make()) == MODEL.rank(ITEMS)
    assert not set(MODEL.sample(20, seed=1, not_in=make())) & set(ITEMS)


@pytest.mark.parametrize(
    "spec",
    [
        nextchar.Ngram(order=3, smoothing="kneser-ney", tune="held-out"),
        nextchar.Mix(epochs=1),
        nextchar.Ngram(order=1),
    ],
    ids=lambda spec: type(spec).__name__,
)
def test_every_model_is_fitted_to_a_list(spec: Any) -> None:
    items = [a + b + c for a in "ab" for b in "cde" for c in "fgh"]
    of_list = spec.fit(items, validation=["acf", "bdg"])
    of_corpus = spec.fit(nextchar.Corpus.from_items(items), validation=nextchar.Corpus.from_items(["acf", "bdg"]))
    assert close(of_list.nats(items), of_corpus.nats(items))
    assert nextchar.split(items).train.alphabet == of_list.alphabet


def test_the_model_s_text_options_are_used_for_items_from_memory() -> None:
    options = nextchar.TextOptions(lower=True)
    model = nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(["Emma", "AVA"], options=options))
    assert model.evaluate(["EMMA"]).nats == pytest.approx(model.evaluate(["emma"]).nats)
    assert nextchar.update(model, ["MIA"]).alphabet.characters == "aeimv"


NOT_SEQUENCES = [
    ("emma", "not one text"),
    (np.str_("emma"), "not one text"),
    (b"emma", "instead of items"),
    (None, "None instead of items"),
    (7, r"7 \(int\) instead of items"),
    (np.array("emma"), "instead of items"),
    (np.array([["emma"], ["ava"]]), r"ndarray of shape \(2, 1\) instead of items; give one column"),
    (Table(), r"Table of shape \(3, 1\) instead of items; give one column"),
    ({"emma", "ava"}, "instead of items"),  # without an order, so that results could not be told apart
    (Path("names.txt"), "Corpus.from_file reads names.txt"),
    (["emma", None], "item 2 is None, not a text"),
    (["emma", math.nan], r"item 2 is nan \(missing\)"),
    ([b"emma"], "item 1 is b'emma'"),
    (["emma", "ava", 3], "item 3 is 3"),
    (["emma", "a\nva"], "item 2, 'a\\\\nva': an item is one line"),
]


def _name(value: object) -> str:
    return "set" if isinstance(value, set) else repr(value)[:24]  # a set has no order to be named by


@pytest.mark.parametrize(("given", "message"), NOT_SEQUENCES, ids=_name)
@pytest.mark.parametrize(
    "use",
    [
        nextchar.Corpus.from_items,
        nextchar.Ngram(order=2).fit,
        MODEL.evaluate,
        MODEL.score,
        MODEL.nats,
        MODEL.rank,
        lambda items: nextchar.evaluate(MODEL, items),
        lambda items: nextchar.update(MODEL, items),
        lambda items: nextchar.count(items, 2),
        lambda items: nextchar.split(items),
        lambda items: nextchar.OutlierDetector(MODEL).fit(items),
    ],
    ids=[
        "from_items",
        "fit",
        "model.evaluate",
        "score",
        "nats",
        "rank",
        "evaluate",
        "update",
        "count",
        "split",
        "outliers",
    ],
)
def test_what_is_no_sequence_of_texts_is_named(use: Callable[[Any], Any], given: Any, message: str) -> None:
    with pytest.raises(NextcharError, match=message):
        use(given)


def test_unknown_characters_are_told_by_item() -> None:
    with pytest.raises(NextcharError, match="item 2, character 1: the model does not know 'x'"):
        MODEL.evaluate(["ava", "x"])
    with pytest.raises(NextcharError, match="item 3 is blank"):
        MODEL.score(["ava", "mia", " "])


@pytest.mark.parametrize("order", [2, np.int64(2), np.uint8(2)])
def test_whole_numbers_of_numpy_can_be_saved(order: Any, tmp_path: Path) -> None:
    number: Any = np.float32(0.5)
    model = nextchar.Ngram(order=order, smoothing="add", add=number).fit(ITEMS)
    model.save(tmp_path / "model.safetensors")
    loaded = nextchar.load(tmp_path / "model.safetensors")
    assert close(loaded.nats(ITEMS), model.nats(ITEMS))
    assert nextchar.count(ITEMS, order).order == 2


def test_numpy_weights() -> None:
    for weights in ([2, 0, 1], np.array([2, 0, 1]), np.array([2.0, 0.0, 1.0]), (w for w in (2, 0, 1))):
        corpus = nextchar.Corpus.from_items(ITEMS, weights)
        assert corpus.weighted_symbols == 2 * 5 + 4  # emma twice, and mia
    for wrong in ([1, 2], [1, 2, 0.5], [1, 2, -1], [1, 2, math.nan], [1, 2, "3"], [1, 2, True]):
        with pytest.raises(NextcharError, match=r"weight"):
            nextchar.Corpus.from_items(ITEMS, wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("order", [3.0, np.float64(3), "3", True, 0, 65])
def test_an_order_that_is_no_whole_number_is_refused(order: Any) -> None:
    with pytest.raises(NextcharError, match="order is"):
        nextchar.Ngram(order=order)
    with pytest.raises(NextcharError, match="order is a whole number from 1 to 64"):
        nextchar.count(CORPUS, order)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("emma", r"not_in takes a list of items, for example \['emma'\]"),
        (np.str_("emma"), r"for example \['emma'\]"),
        (["emma\n", "ava\n"], r"not_in 'emma\\n': an item holds no line ends"),  # the lines of an open file
        (["ava", "em\0ma"], "no NUL characters"),
        (["ava\r"], "an item holds no line ends"),
        (np.array("emma"), "not_in is made of texts"),
        (np.array([["emma"]]), "not_in is made of texts"),
        ([b"emma"], "not_in is made of texts"),
        (7, "not_in is made of texts"),
    ],
    ids=repr,
)
def test_what_cannot_be_excluded_is_refused_and_not_ignored(given: Any, message: str) -> None:
    with pytest.raises(NextcharError, match=message):
        MODEL.sample(1, seed=1, not_in=given)


def test_items_that_are_excluded_need_no_order() -> None:
    taken: Any = set(ITEMS)
    assert not set(MODEL.sample(20, seed=1, not_in=taken)) & taken


def test_weights_of_small_numbers() -> None:
    weights: Any = np.array([1, 0, 2], dtype=np.float16)
    found = nextchar.Corpus.from_items(ITEMS, weights).weights
    assert found is not None
    assert found.tolist() == [1, 2]
    with pytest.raises(NextcharError, match=r"weight 1 is 0\.5"):
        nextchar.Corpus.from_items(["a"], weights[:1] / 2)


def test_columns_go_by_number_as_numbers_too(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,n\nemma,3\nava,2\n")
    for first, second in ((1, 2), (np.int64(1), np.int8(2)), ("1", "2")):
        column: Any = first
        weight: Any = second
        with pytest.warns(UserWarning, match="column 1 is 'name' in the header"):
            corpus = nextchar.Corpus.from_file(tmp_path / "a.csv", column=column, weight=weight)
        assert dict(zip(corpus, corpus.weights_or_ones.tolist(), strict=True)) == {"emma": 3, "ava": 2}


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"column": 1.0}, r"column is the name or the number of a column, not 1\.0"),
        ({"column": True}, "not True"),
        ({"column": "name", "weight": ["n"]}, "weight is the name or the number"),
        ({"column": "name", "encoding": None}, "encoding is a text, not None"),
        ({"column": "name", "delimiter": 9}, "delimiter is a text, not 9"),
        ({"column": "1", "header": None}, "header is true or false, not None"),
        ({"options": "lower"}, r"options are TextOptions, for example TextOptions\(lower=True\), not 'lower'"),
        ({"options": {"lower": True}}, "options are TextOptions"),
    ],
    ids=repr,
)
def test_how_to_read_is_checked(how: dict[str, Any], message: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,n\nemma,3\n")
    with pytest.raises(NextcharError, match=message):
        nextchar.Corpus.from_file(tmp_path / "a.csv", **how)


@pytest.mark.parametrize(
    "source", [["a.txt", "b.txt"], None, 0, b"a.txt", io.StringIO("emma")], ids=lambda source: type(source).__name__
)
def test_what_is_no_source_is_named(source: Any) -> None:
    with pytest.raises(NextcharError, match="a source is a path, '-' or a URL, not "):
        nextchar.Corpus.from_file(source)


@pytest.mark.parametrize("options", [{"lower": "no"}, {"strip": 1}, {"nfc": None}, {"graphemes": 0.0}], ids=repr)
def test_text_options_are_true_or_false(options: dict[str, Any]) -> None:
    with pytest.raises(NextcharError, match="is true or false, not"):
        nextchar.TextOptions(**options)
    of_numpy: Any = np.True_
    assert nextchar.TextOptions(lower=of_numpy) == nextchar.TextOptions(lower=True)
    with pytest.raises(NextcharError, match="options are TextOptions"):
        nextchar.Corpus.from_items(["emma"], options=options)  # type: ignore[arg-type]
