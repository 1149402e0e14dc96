"""Millions of rows of text: columns of cells, made and put together by compiled loops where there are many.

A column holds one cell a row: a text in bytes, and where in it each cell begins and ends. Numbers come in fixed digits,
as Python's %.4f has them, or for JSON in the fewest digits that give the number back.

Letters: n rows, C columns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar._kernels.loading import kernels_loaded

__all__ = [
    "Cells",
    "choices",
    "constant",
    "escaped",
    "fixed",
    "join_rows",
    "json_lists",
    "json_numbers",
    "line_numbers",
    "lines",
    "refusals",
    "spread",
    "texts",
    "whole_numbers",
]

I64 = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

COMPILED_FROM: Final = 20_000  # rows, from which on loading the compiled loops pays
_TSV: Final = {ord("\t"): rb"\t", ord("\n"): rb"\n", ord("\r"): rb"\r", ord("\\"): rb"\\"}
_PEOPLE: Final = {  # a terminal would obey what is not shown
    **{byte: b"\\x%02x" % byte for byte in (*range(32), 127) if byte != ord("\t")},
    ord("\n"): b" ",
    ord("\r"): b" ",
    0: "\ufffd".encode(),
}
_JSON: Final = {byte: json.dumps(chr(byte))[1:-1].encode() for byte in (*range(32), ord('"'), ord("\\"))}
ESCAPES: Final = {"tsv": _TSV, "json": _JSON, "people": _PEOPLE}
_CONTROL: Final = re.compile(rb"\xc2([\x80-\x9f])")  # beyond ASCII
_HALF_A_PAIR: Final = re.compile(rb"\xed([\xa0-\xbf])([\x80-\xbf])")  # which stands for a byte that is no text
_BETWEEN: Final = 0xFF  # where lines end: a byte that is in no text, so that a line end is one inside a cell


class Cells(NamedTuple):
    """A column: cell i is text[begins[i] : ends[i]].

    Attributes:
        text: bytes.
        begins: (n,) where each cell begins.
        ends: (n,) and ends.
    """

    text: Bytes
    begins: I64
    ends: I64

    def take(self, rows: npt.NDArray[np.intp]) -> Cells:
        """Some of the cells, in the order given."""
        return Cells(self.text, self.begins[rows], self.ends[rows])

    @classmethod
    def concatenate(cls, parts: Sequence[Cells]) -> Cells:
        """The cells of one column after those of the other, without the text that stands in none."""
        return texts([cell for part in parts for cell in part.to_list()])

    def to_list(self) -> list[bytes]:
        """All cells."""
        whole = self.text.tobytes()
        return [whole[begin:end] for begin, end in zip(self.begins.tolist(), self.ends.tolist(), strict=True)]


def _compiled(n: int) -> bool:
    return n >= COMPILED_FROM or (n > 0 and kernels_loaded())


def texts(cells: Sequence[bytes]) -> Cells:
    """A column of these."""
    ends = np.cumsum([len(cell) for cell in cells], dtype=np.int64)
    begins = np.concatenate([[0], ends]).astype(np.int64)[:-1]
    return Cells(np.frombuffer(b"".join(cells), dtype=np.uint8), begins, ends)


def lines(text: str, given: Mapping[int, str]) -> Cells:
    """The lines of a text, each ended by a line feed; those that are given for some places in place of the text's."""
    content = np.frombuffer(bytearray(text.encode()), dtype=np.uint8)
    ends = np.flatnonzero(content == ord("\n"))
    content[ends] = _BETWEEN
    found = Cells(_read_only(content), np.concatenate([[0], ends + 1]).astype(np.int64)[:-1], ends)
    if not given:
        return found
    cells = found.to_list()
    for place, line in given.items():
        cells[place] = line.encode("utf-8", "surrogatepass")
    return texts(cells)


def line_numbers(numbers: Sequence[int]) -> I64:
    """Numbers as an array; of a range, at once."""
    if isinstance(numbers, range):
        return np.arange(numbers.start, numbers.stop, numbers.step, dtype=np.int64)
    return np.array(numbers, dtype=np.int64)


def constant(text: bytes, n: int) -> Cells:
    """The same in every row."""
    at = np.zeros(n, dtype=np.int64)
    return Cells(np.frombuffer(text, dtype=np.uint8), at, at + len(text))


def choices(choice: Sequence[bytes], which: npt.NDArray[np.intp]) -> Cells:
    """In row i choice[which[i]]."""
    return texts(choice).take(which)


def spread(cells: Cells, rows: npt.NDArray[np.intp], n: int, empty: bytes) -> Cells:
    """A column of n rows with the cells in the rows given, and the same text in all others."""
    if len(rows) == n:
        return cells
    begins = np.full(n, len(cells.text), dtype=np.int64)
    ends = begins + len(empty)
    begins[rows], ends[rows] = cells.begins, cells.ends
    return Cells(np.concatenate([cells.text, np.frombuffer(empty, dtype=np.uint8)]), begins, ends)


def fixed(
    values: npt.NDArray[np.float64], decimals: int, width: int = 0, before: bytes = b"", after: bytes = b""
) -> Cells:
    """Numbers as f"{value:{width}.{decimals}f}" has them, with something before and behind each."""

    def plainly(values: npt.NDArray[np.float64]) -> Cells:
        return texts([b"%b%*.*f%b" % (before, width, decimals, value, after) for value in values.tolist()])

    if not _compiled(len(values)):
        return plainly(values)
    from nextchar._kernels.rows import fixed_digits

    first, last = np.frombuffer(before, dtype=np.uint8), np.frombuffer(after, dtype=np.uint8)
    text = np.empty((24 + width + len(before) + len(after)) * len(values), dtype=np.uint8)
    begins, ends = np.empty(len(values), dtype=np.int64), np.empty(len(values), dtype=np.int64)
    values = np.ascontiguousarray(values, dtype=np.float64)
    if fixed_digits(values, float(10**decimals), decimals, width, first, last, text, begins, ends):
        left = np.flatnonzero(begins == ends)
        others = plainly(values[left])
        begins[left], ends[left] = others.begins + len(text), others.ends + len(text)
        text = np.concatenate([text, others.text])
    return Cells(text, begins, ends)


def whole_numbers(values: I64) -> Cells:
    """Whole numbers in decimal digits."""
    return json_lists(values, np.ones(len(values), dtype=np.int64))


def json_numbers(values: npt.NDArray[np.float64]) -> Cells:
    """Numbers in the fewest digits that give them back, for JSON; an infinite one is the string "inf"."""
    return json_lists(values, np.ones(len(values), dtype=np.int64))


def json_lists(values: npt.NDArray[np.float64] | I64, counts: I64) -> Cells:
    """As `json_numbers`, so many of them in each cell, with commas between them; there are counts.sum() values."""
    import orjson

    text = orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY)
    text = text.replace(b"null", b'"inf"')  # JSON has no infinite numbers
    if not _compiled(len(values)):
        numbers = text[1:-1].split(b",")
        ends = np.cumsum(counts).tolist()
        return texts([b",".join(numbers[end - n : end]) for end, n in zip(ends, counts.tolist(), strict=True)])
    from nextchar._kernels.rows import split_at_commas

    found = np.frombuffer(text, dtype=np.uint8)
    begins, ends_ = np.empty(len(counts), dtype=np.int64), np.empty(len(counts), dtype=np.int64)
    split_at_commas(found, counts, begins, ends_)
    return Cells(found, begins, ends_)


def escaped(cells: Cells, form: str) -> Cells:
    r"""The inside of JSON strings, texts in which tab, line ends and the backslash are \t, \n, \r and \\ ("tsv"), or
    one line for people.

    Bytes that are not UTF-8 come back in "tsv" as they were, elsewhere as \xe9 (which in JSON is "\\xe9").
    """  # noqa: D205
    special = ESCAPES[form]
    if _HALF_A_PAIR.search(cells.text.data):
        cells = texts([_HALF_A_PAIR.sub(_as_a_byte if form == "tsv" else _as_text, cell) for cell in cells.to_list()])
    if form == "people" and _CONTROL.search(cells.text.data):
        cells = texts([_CONTROL.sub(lambda found: b"\\x%02x" % found[1][0], cell) for cell in cells.to_list()])
    text = cells.text.tobytes()
    if len(text.translate(None, bytes(special))) == len(text):
        return cells
    if not _compiled(len(cells.begins)):
        return texts([b"".join(special.get(byte, bytes([byte])) for byte in cell) for cell in cells.to_list()])
    from nextchar._kernels.rows import escape

    replacement = np.zeros((256, 6), dtype=np.uint8)
    replacement[:, 0] = np.arange(256)
    sizes = np.ones(256, dtype=np.int64)
    for byte, other in special.items():
        replacement[byte, : len(other)] = np.frombuffer(other, dtype=np.uint8)
        sizes[byte] = len(other)
    out = np.empty(int(sizes[cells.text].sum()), dtype=np.uint8)
    begins, ends = np.empty_like(cells.begins), np.empty_like(cells.ends)
    escape(cells.text, cells.begins, cells.ends, replacement, sizes, out, begins, ends)
    return Cells(out, begins, ends)


def _as_a_byte(half: re.Match[bytes]) -> bytes:
    return half[0].decode("utf-8", "surrogatepass").encode("utf-8", "surrogateescape")


def _as_text(half: re.Match[bytes]) -> bytes:
    return b"\\x%02x" % _as_a_byte(half)[0]


def refusals(refused: Mapping[int, str], n: int) -> list[Cells | bytes]:
    """For JSON: the reasons of the rows that have one, as the last field."""
    if not refused:
        return []
    rows = np.array(sorted(refused), dtype=np.intp)
    reasons = texts([json.dumps(refused[row], ensure_ascii=False).encode() for row in rows.tolist()])
    return [spread(constant(b',"error":', len(rows)), rows, n, b""), spread(reasons, rows, n, b"")]


def join_rows(parts: Sequence[Cells | bytes]) -> bytes | memoryview:
    """Row after row, all parts of each in their order; bytes stand in every row. At least one part is a column."""
    n = next(len(part.begins) for part in parts if isinstance(part, Cells))
    columns = [constant(part, n) if isinstance(part, bytes) else part for part in parts]
    if not _compiled(n):
        cells = [column.to_list() for column in columns]
        return b"".join([cell for row in zip(*cells, strict=True) for cell in row])
    from nextchar._kernels.rows import copy_cells

    sizes = np.zeros(n, dtype=np.int64)
    for column in columns:
        sizes += column.ends
        sizes -= column.begins
    row_ends = np.cumsum(sizes)
    out = np.empty(int(row_ends[-1]), dtype=np.uint8)
    at = row_ends - sizes
    for column in columns:
        copy_cells(_read_only(column.text), column.begins, column.ends, at, out)
    return out.data


def _read_only(text: Bytes) -> Bytes:
    """The same bytes, so that a compiled loop is compiled once, and not for both kinds of arrays."""
    view = text.view()
    view.flags.writeable = False
    return view
