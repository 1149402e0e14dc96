"""A list out of the bytes of a file that somebody picked: its encoding guessed, its table found, one column taken.

Here nobody has said how the file is written, as they do to `Corpus.from_file`. So what is found is told together with
the items, and whoever shows them can let people choose another column.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from nextchar.data.dialects import (
    SAMPLE,
    Dialect,
    announced_delimiter,
    columns_called,
    found_dialect,
    is_blank,
    usual_delimiter,
)
from nextchar.data.encoding_guess import guess, mark_of
from nextchar.data.file_kinds import no_text
from nextchar.data.format import Format
from nextchar.errors import CorpusError

__all__ = ["Fault", "FileColumn", "FileList", "FileListError", "file_list"]

Fault = Literal["sheet", "not-text", "encoding", "table"]

_GUESSED: Final = 1 << 20  # bytes that an encoding is guessed by
_HEAD: Final = 512
_SHEETS: Final = re.compile("workbook|spreadsheet")
_CONTROLS: Final = frozenset(map(chr, range(32))) - set("\t\n\r\f\x1a\x1b")
_NUMBER: Final = re.compile(r"\s*[+-]?[0-9][0-9.,\s]*%?\s*")
_NAMED: Final = (  # headers of a column that holds names, the likeliest first
    "name", "names", "item", "word", "first name", "given name", "firstname",
    "\u59d3\u540d", "\u540d\u5b57", "\u540d\u79f0", "\u540d",  # Chinese: full name, name, title, given name
    "vorname", "nom", "pr\u00e9nom", "nombre", "nome", "\u0438\u043c\u044f", "city", "title",
)  # fmt: skip
_MOSTLY: Final = 0.9


class FileListError(CorpusError):
    """A file that holds no list.

    Attributes:
        fault: a spreadsheet, no text at all, text in an unknown encoding, or a table that is not well-formed.
    """

    def __init__(self, text: str, fault: Fault) -> None:
        super().__init__(text)
        self.fault = fault


@dataclass(frozen=True)
class FileColumn:
    """A column of a table: its name (its number where the table has none), and its first field."""

    name: str
    example: str


@dataclass(frozen=True, kw_only=True)
class FileList:
    """A file as a list.

    Attributes:
        items: one text each, blank ones left out.
        encoding: that was found.
        columns: of the table; none where the file is no table.
        column: the one that the items are from, from 1; 0 for whole lines.
    """

    items: tuple[str, ...]
    encoding: str
    columns: tuple[FileColumn, ...]
    column: int


def file_list(content: bytes, name: str, *, column: int | None = None) -> FileList:
    r"""The list in a file.

    Args:
        content: the file.
        name: of the file; its ending tells of a table.
        column: which column to take, from 1; 0 for whole lines; by default the one that looks like names.

    Raises:
        FileListError: it is no text, or no table that can be read.
        CorpusError: there is no such column.

    Example:
        >>> found = file_list(b"id,name\n7,emma\n8,ava\n", "list.csv")
        >>> found.items, found.column
        (('emma', 'ava'), 2)
    """
    text, encoding = _decoded(content, name)
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    rows = _rows(lines, Path(name).suffix.lower(), name)
    header = bool(rows) and _has_header(rows)
    body = rows[1:] if header else rows
    names = rows[0] if header else [str(i + 1) for i in range(len(rows[0]))] if rows else []
    columns = tuple(
        FileColumn(one.strip() or str(i + 1), next((row[i].strip() for row in body if i < len(row)), ""))
        for i, one in enumerate(names)
    )
    if column is None:
        column = _best(names, body, Path(name).suffix.lower()) if rows else 0
    if not 0 <= column <= len(columns):
        raise CorpusError(f"{name} has {len(columns)} columns, and no column {column}")
    found = lines.split("\n") if column == 0 else [row[column - 1] for row in body if column <= len(row)]
    items = (" ".join(item.split("\n")).strip() for item in found)
    return FileList(items=tuple(filter(None, items)), encoding=encoding, columns=columns, column=column)


def _decoded(content: bytes, name: str) -> tuple[str, str]:
    """The text of the bytes, and the encoding that they are in."""
    kind = no_text(name, content[:_HEAD])
    if kind is not None:
        raise FileListError(f"{name}: {kind}", "sheet" if _SHEETS.search(kind) else "not-text")
    for encoding in guess(content[:_GUESSED]):
        try:
            text = content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
        except UnicodeError:
            continue
        if mark_of(content) is None and _CONTROLS.intersection(text):
            raise FileListError(f"{name} is no text: it holds control characters", "not-text")
        return text.removeprefix("\ufeff"), encoding
    kind = no_text(name, content[:_HEAD], failed=True)
    if kind is not None or _CONTROLS.intersection(map(chr, content[:_HEAD])):
        raise FileListError(f"{name}: {kind or 'it is no text'}", "not-text")
    raise FileListError(f"{name}: the encoding is not known; save the file as UTF-8", "encoding")


def _rows(text: str, ending: str, name: str) -> list[list[str]]:
    """The rows of a table; none where a text is none."""
    sample = text[:SAMPLE].rpartition("\n")[0] if len(text) > SAMPLE else text
    announced = announced_delimiter(sample)
    if announced is not None:
        text, sample = text.partition("\n")[2], sample.partition("\n")[2]
    dialect = found_dialect(sample, ending, Format(column="1", header=False), announced)
    alike = Counter(len(row) for row in _read(sample, dialect) if not is_blank(row))
    [(fields, rows)] = alike.most_common(1) or [(0, 0)]
    table = usual_delimiter(ending) is not None
    if not table and (fields < 2 or rows < _MOSTLY * alike.total()):
        return []
    try:
        return [row for row in _read(text, dialect, strict=table) if not is_blank(row)]
    except csv.Error as error:
        raise FileListError(f"{name}: no well-formed table: {error}", "table") from None


def _read(text: str, dialect: Dialect, *, strict: bool = False) -> Iterator[list[str]]:
    return csv.reader(
        io.StringIO(text), delimiter=dialect.delimiter, skipinitialspace=dialect.blank_follows, strict=strict
    )


def _has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns: it has no number, and nothing of it comes again in its column."""
    first, rest = rows[0], rows[1:]
    if any(columns_called([*first], name) for name in _NAMED):
        return True
    if len(first) == 1 or any(map(_NUMBER.fullmatch, first)) or not all(map(str.strip, first)):
        return False
    return not any(one == row[i] for i, one in enumerate(first) for row in rest if i < len(row))


def _best(names: Sequence[str], body: Sequence[Sequence[str]], ending: str) -> int:
    """The column that looks like names, from 1; 0, whole lines, where the file may as well be a list with commas."""
    fields = [[row[i] for row in body if i < len(row)] for i in range(len(names))]
    numeric = [2 * sum(map(bool, map(_NUMBER.fullmatch, column))) > len(body) for column in fields]
    if usual_delimiter(ending) is None and not any(numeric):
        return 0
    for name in _NAMED:
        called = [i for i in columns_called([*names], name) if not numeric[i]]
        if called:
            return called[0] + 1
    written = [i for i, column in enumerate(fields) if not numeric[i] and any(map(_has_letters, column))]
    return written[0] + 1 if written else 1


def _has_letters(text: str) -> bool:
    return any(unicodedata.category(character)[0] == "L" for character in text)
