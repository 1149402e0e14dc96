"""A list as people have it, a text file or a table in whatever encoding: read without asking, and said how.

The encoding is guessed from the letters that come out, whether a file is a table by its name or its rows, the column
of a table by its name, and whether its first row names the columns by what is in it. Whoever reads the answer can say
otherwise, and read again.
"""

from __future__ import annotations

import csv
import tempfile
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from nextchar.data.corpus import Corpus
from nextchar.data.dialects import DELIMITERS, SAMPLE, announced_delimiter, found_dialect
from nextchar.data.encoding_guess import guess
from nextchar.data.file_kinds import no_text
from nextchar.data.files import is_table
from nextchar.data.format import Format
from nextchar.errors import BadValueError, CorpusError, InputWarning

__all__ = ["WHOLE_LINES", "ListFile", "NoTextError", "read_list"]

FIRST_BYTES: Final = 512
ROWS: Final = 50  # by which a header is known
MOST_CONTROL: Final = 50  # one control character in so many
WHOLE_LINES: Final = 0  # as the number of a column: no column, each line is a name
ALIKE: Final = 0.9  # the share of the rows with as many fields, from which on a text file is a table
FALLBACK: Final = "cp1252"  # which knows nearly every byte, where nothing tells the encoding
NAMES: Final = (  # what columns of names are called
    *("name", "names", "given name", "first name", "firstname", "word", "title", "city", "item", "text"),
    *("\u540d\u5b57", "\u59d3\u540d", "\u540d\u79f0", "\u540d", "\u8bcd", "\u57ce\u5e02"),
)
OTHERS: Final = (
    "sex",
    "gender",
    "count",
    "births",
    "year",
    "id",
    "rank",
    "\u6027\u522b",
    "\u6570\u91cf",
    "\u5e74\u4efd",
    "\u7f16\u53f7",
)


class NoTextError(CorpusError):
    """The file holds no text."""


@dataclass(frozen=True, kw_only=True)
class ListFile:
    """What was read.

    Attributes:
        items: the names, in their order and with their repeats.
        encoding: of the text.
        likely: encodings that it may be in, the one taken first.
        columns: of a table, what each is called; none for a text file.
        column: the number of the one that was read, from 1, `WHOLE_LINES` where it was read as lines; None for a text
            file.
        header: whether the first row of a table names the columns.
    """

    items: tuple[str, ...]
    encoding: str
    likely: tuple[str, ...]
    columns: tuple[str, ...] = ()
    column: int | None = None
    header: bool = False


def read_list(
    name: str, content: bytes, *, encoding: str | None = None, column: int | None = None, header: bool | None = None
) -> ListFile:
    r"""Read a file that someone has given.

    Args:
        name: of the file; its ending may say that it is a table.
        content: its bytes.
        encoding: by default guessed.
        column: of a table, from 1; by default the one that is called a name, or else the first. `WHOLE_LINES` takes
            each line as a name, whatever is in it.
        header: whether the first row names the columns; by default found out.

    Raises:
        NoTextError: it is a picture, a workbook or the like.
        BadValueError: there is no such column or encoding.
        CorpusError: there is nothing in it, or it cannot be read.

    Examples:
        >>> found = read_list("pets.csv", "name;legs\nRex;4\nZoë;4\n".encode("cp1252"))
        >>> found.items, found.encoding, found.columns
        (('Rex', 'Zoë'), 'cp1252', ('name', 'legs'))
    """
    likely = guess(content) or (FALLBACK,)
    guessed = encoding is None
    encoding = encoding or likely[0]
    try:
        sample = content[: 4 * SAMPLE].decode(encoding, "replace").removeprefix("\ufeff")
    except LookupError:
        raise BadValueError(f"there is no encoding {encoding!r}", argument="encoding") from None
    if guessed and (no_text(name, content[:FIRST_BYTES], failed=not guess(content)) or _is_binary(sample)):
        raise NoTextError(f"{name}: holds no text")
    rows, delimiter = _rows(sample, name)
    if not rows or max(map(len, rows)) < 2 or not (is_table(name) or _is_table(rows, sample, delimiter)):
        first = rows[0][0].strip().casefold() if rows and is_table(name) else ""
        items = _read(content, Format(encoding=encoding, errors="replace"))
        return ListFile(
            items=items[1:] if first in NAMES and len(items) > 1 else items, encoding=encoding, likely=likely
        )
    header = _has_header(rows) if header is None else header
    width = max(map(len, rows))
    columns = [*rows[0], *[""] * width][:width] if header else [""] * width
    called = [one.strip() for one in columns]
    if column is None:
        folded = [one.casefold() for one in called]
        column = next((folded.index(one) + 1 for one in NAMES if one in folded), 1)
    if not WHOLE_LINES <= column <= width:
        raise BadValueError(f"the table has {width} columns, and none of the number {column}", argument="column")
    format_, ending = Format(encoding=encoding, errors="replace"), ".txt"
    if column != WHOLE_LINES:
        format_ = replace(format_, column=str(column), header=header)
        ending = Path(name).suffix.lower() if is_table(name) else ending
    return ListFile(
        items=_read(content, format_, ending=ending),
        encoding=encoding,
        likely=likely,
        columns=tuple(called),
        column=column,
        header=header,
    )


def _is_binary(sample: str) -> bool:
    """Whether more than a few characters are control characters, which no text has."""
    return sum(one < " " and one not in "\t\n\v\f\r\x1a" for one in sample) * MOST_CONTROL > len(sample)


def _rows(sample: str, name: str) -> tuple[list[list[str]], str]:
    """The first rows of a table, without a last line that may be cut off, and what is between their fields."""
    lines = sample.splitlines(keepends=True)
    if len(lines) > 1 and not lines[-1].endswith("\n"):
        lines = lines[:-1] if len(sample) >= SAMPLE else lines
    by_rows = Format(column="1", header=False)  # by how rows are cut alone, and no column's name
    announced = announced_delimiter("".join(lines))
    if announced is not None:
        lines = lines[1:]
    dialect = found_dialect("".join(lines), Path(name).suffix.lower(), by_rows, announced)
    found = csv.reader(lines, delimiter=dialect.delimiter, skipinitialspace=dialect.blank_follows)
    try:
        return [row for _, row in zip(range(ROWS), filter(None, found), strict=False)], dialect.delimiter
    except csv.Error:
        return [], dialect.delimiter


def _is_table(rows: Sequence[Sequence[str]], sample: str, delimiter: str) -> bool:
    """Whether the rows of a file that is not called a table are those of one: several, with as many fields.

    Commas are in names, too ("Smith, John"): a blank never follows those of a table, and its columns have names or hold
    numbers.
    """
    sizes = Counter(map(len, rows))
    width, often = sizes.most_common(1)[0]
    if len(rows) < 2 or width < 2 or often < ALIKE * len(rows):
        return False
    if delimiter != ",":
        return delimiter in DELIMITERS
    numbers = any(all(_is_number(row[i].strip()) for row in rows[1:] if len(row) == width) for i in range(width))
    return ", " not in sample and (numbers or _has_header(rows))


def _has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns: it has such a name, or stands above numbers and is none."""
    first, rest = [one.strip().casefold() for one in rows[0]], rows[1:]
    if {*first} & {*NAMES, *OTHERS}:
        return True
    for i, one in enumerate(first):
        values = [row[i].strip() for row in rest if i < len(row) and row[i].strip()]
        if one and values and not _is_number(one) and all(map(_is_number, values)):
            return True
    return False


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).replace(",", "").isdecimal()


def _read(content: bytes, format_: Format, *, ending: str = ".txt") -> tuple[str, ...]:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        path = Path(folder) / f"list{ending}"
        path.write_bytes(content)
        return tuple(Corpus.read([path], format_))
