"""Rows of text: what the compiled loops write is what Python's own formatting writes, byte for byte."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nextchar.cli import _rows
from nextchar.cli._rows import (
    Cells,
    choices,
    constant,
    escaped,
    fixed,
    join_rows,
    json_lists,
    json_numbers,
    lines,
    refusals,
    spread,
    texts,
    whole_numbers,
)


@pytest.fixture(params=["plain", "compiled"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Both the way for few rows and that for many, whether or not the compiled loops have been loaded."""
    monkeypatch.setattr(_rows, "_compiled", lambda n: request.param == "compiled" and n > 0)
    return request.param  # type: ignore[no-any-return]


def compiled_and_plain(values: list[float], decimals: int, width: int = 0) -> tuple[list[bytes], list[bytes]]:
    before = _rows._compiled
    found = []
    try:
        for compiled in (True, False):
            _rows._compiled = lambda n, compiled=compiled: compiled and n > 0  # type: ignore[misc]
            found.append(fixed(np.array(values), decimals, width, b"<", b">").to_list())
    finally:
        _rows._compiled = before
    return found[0], found[1]


DIGITS = st.integers(0, 10**9).map(lambda n: n / 2**20)  # many of them exact ties at some digit
NUMBERS = st.one_of(st.floats(), st.floats(0, 100), DIGITS, st.integers(0, 10**6).map(lambda n: n / 10**5 + 5e-6))


@given(st.lists(NUMBERS, max_size=30), st.sampled_from([1, 4, 6]), st.sampled_from([0, 11]))
def test_fixed_digits_are_pythons(values: list[float], decimals: int, width: int) -> None:
    expected = [f"<{value:{width}.{decimals}f}>".encode() for value in values]
    assert compiled_and_plain(values, decimals, width) == (expected, expected)


def test_ties_and_edges() -> None:
    # 0.03125 is 1/32 exactly: 0.0312|5 is a tie and goes to the even 0.0312; 0.09375 = 3/32: 0.0937|5 to 0.0938.
    # 0.00005 is a little more than the fraction 1/20000 as a double, and 0.00015 a little less than 3/20000.
    values = [
        0.03125,
        0.09375,
        0.00005,
        0.00015,
        9.99995,
        99999.99995,
        0.0,
        -0.0,
        -0.00001,
        -2.5,
        1e11,
        4e11,
        1e12,
        1e300,
    ]
    values += [math.inf, -math.inf, math.nan, 5e-324, 2.0**52, 2.0**53 + 2]
    expected = [f"<{value:11.4f}>".encode() for value in values]
    assert [cell[1:-1].strip() for cell in expected[:4]] == [b"0.0312", b"0.0938", b"0.0001", b"0.0001"]
    assert compiled_and_plain(values, 4, 11) == (expected, expected)


@pytest.mark.parametrize("decimals", [1, 4, 6])
def test_all_neighbours_of_ties(decimals: int) -> None:
    halves = np.arange(2000) / 10.0**decimals + 0.5 / 10.0**decimals
    values = np.concatenate([halves, np.nextafter(halves, 0), np.nextafter(halves, 9)]).tolist()
    expected = [f"<{value:.{decimals}f}>".encode() for value in values]
    assert compiled_and_plain(values, decimals) == (expected, expected)


def test_no_rows(way: str) -> None:
    none = np.empty(0)
    assert bytes(join_rows([fixed(none, 4), b"\t", json_numbers(none), b"\n"])) == b""
    assert escaped(texts([]), "json").to_list() == []
    assert lines("", {}).to_list() == []


def test_rows_are_their_parts(way: str) -> None:
    items = lines("emma\n\nżółć\n", {})
    numbers = spread(fixed(np.array([1.25, 2.0]), 2), np.array([0, 2]), 3, b"-")
    which = choices([b"no", b"yes"], np.array([1, 0, 1]))
    rows = join_rows(
        [whole_numbers(np.array([1, 20, 300])), b" ", numbers, constant(b" ", 3), which, b" ", items, b"\n"]
    )
    assert bytes(rows).decode() == "1 1.25 yes emma\n20 - no \n300 2.00 yes żółć\n"


def test_cells_chosen_and_put_together(way: str) -> None:
    items = lines("a\nbb\nccc\n", {})
    assert items.take(np.array([2, 0])).to_list() == [b"ccc", b"a"]
    assert Cells.concatenate([items.take(np.array([1])), items]).to_list() == [b"bb", b"a", b"bb", b"ccc"]


def test_lines_as_they_came_in(way: str) -> None:
    items = lines("a b\nc\ufffd\nd\n", {0: "a\nb", 1: "c\0"})  # what stands in the text, and what came
    assert items.to_list() == [b"a\nb", b"c\0", b"d"]
    assert escaped(items, "tsv").to_list() == [rb"a\nb", b"c\0", b"d"]
    assert escaped(items, "json").to_list() == [rb"a\nb", rb"c\u0000", b"d"]
    assert escaped(items, "people").to_list() == [b"a b", "c\ufffd".encode(), b"d"]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_escapes_can_be_read_back(items: list[str]) -> None:
    for compiled in (True, False):
        before = _rows._compiled
        _rows._compiled = lambda n, compiled=compiled: compiled and n > 0  # type: ignore[misc]
        try:
            cells = texts([item.encode() for item in items])
            as_json = [json.loads(b'"' + cell + b'"') for cell in escaped(cells, "json").to_list()]
            as_tsv = [cell.decode() for cell in escaped(cells, "tsv").to_list()]
        finally:
            _rows._compiled = before
        assert as_json == items
        signs = {"\\": "\\\\", "\t": "\\t", "\r": "\\r", "\n": "\\n"}
        assert as_tsv == ["".join(signs.get(sign, sign) for sign in item) for item in items]
        assert not any(set(cell) & set("\t\n\r") for cell in as_tsv)


@given(st.lists(st.lists(st.floats(allow_nan=False, min_value=0), min_size=1)))
def test_numbers_of_json_come_back(rows: list[list[float]]) -> None:
    counts = np.array([len(row) for row in rows], dtype=np.int64)
    flat = np.array([value for row in rows for value in row])
    for compiled in (True, False):
        before = _rows._compiled
        _rows._compiled = lambda n, compiled=compiled: compiled and n > 0  # type: ignore[misc]
        try:
            lists = json_lists(flat, counts).to_list()
            single = json_numbers(flat).to_list()
        finally:
            _rows._compiled = before
        assert [json.loads(b"[" + cell + b"]") for cell in lists] == [
            ["inf" if math.isinf(value) else value for value in row] for row in rows
        ]
        assert [json.loads(cell) for cell in single] == [
            "inf" if math.isinf(value) else value for value in flat.tolist()
        ]


def test_reasons_come_last(way: str) -> None:
    parts = refusals({1: 'line 2: "é"'}, 3)
    rows = bytes(join_rows([b"{", whole_numbers(np.arange(3)), *parts, b"}\n"])).decode()
    assert rows == '{0}\n{1,"error":"line 2: \\"é\\""}\n{2}\n'
    assert refusals({}, 3) == []
