"""Tables as spreadsheets and databases write them: which column is meant, and its rows.

Rows are read by Python's csv module in its strict way. A quoted field may hold line ends; a row that is not well-formed
costs one line, and reading goes on with the next.
"""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterator
from typing import Final

from nextchar.data.decoding import MARK, REPLACEMENT, Decoder, with_bytes, with_replacements
from nextchar.data.dialects import (
    DELIMITERS,
    SAMPLE,
    Dialect,
    announced_delimiter,
    columns_called,
    found_dialect,
    is_blank,
    usual_delimiter,
)
from nextchar.data.display import shortened
from nextchar.data.format import Block, Format, Refusal
from nextchar.data.weights import Weights
from nextchar.errors import CorpusError, InputWarning

__all__ = ["table_blocks"]

_SHOWN_COLUMNS: Final = 20  # in messages
_BLOCK_ROWS: Final = 1 << 16
_PLAIN_DIGITS: Final = 16  # of a weight from which on it may be too large
_LONGEST_FIELD: Final = 1 << 17  # of the csv module; what is longer has most likely lost a quote


class _Lines:
    """The lines of text that comes in pieces; those of the row that is being read can be gone back to.

    Attributes:
        ready: lines that have come, with those of the row.
        at: the place in `ready` of the next line.
        start: that of the first line of the row; whoever has read a row sets it to `at`.
        before: how many lines have gone before those in `ready`.
        suspect: whether there has been a mark or a NUL character.
    """

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces
        self._held = ""
        self.ready: list[str] = []
        self.at = self.start = self.before = 0
        self.suspect = False

    def __iter__(self) -> Iterator[str]:
        while self.at < len(self.ready) or self._fill():
            line = self.ready[self.at]
            self.at += 1
            yield line

    def _fill(self) -> bool:
        """Take in the next piece that ends a line, or the rest; false at the end."""
        while True:
            piece = next(self._pieces, None)
            if piece is None:
                lines, self._held = ([self._held] if self._held else []), ""
            else:
                self.suspect = self.suspect or _is_faulty(piece)
                lines = (self._held + piece).split("\n")
                self._held = lines.pop()
                lines = [line + "\n" for line in lines]
            if lines:
                self.ready = self.ready[self.start :] + lines
                self.before += self.start
                self.at, self.start = self.at - self.start, 0
            if lines or piece is None:
                return bool(lines)

    def back(self) -> None:
        """All lines of the row but its first are to be read again."""
        self.at = self.start + 1

    def sample(self) -> str:
        """The first lines, which stay to be read."""
        if not self.ready:
            self._fill()
        text, size = [], 0
        for line in self.ready:
            text.append(line)
            size += len(line)
            if size > SAMPLE:
                break
        return "".join(text)


def _is_faulty(text: str) -> bool:
    return MARK in text or "\0" in text


def table_blocks(source: str, ending: str, decoder: Decoder, format_: Format, closer: str = "\n") -> Iterator[Block]:
    """One column of a table, with its weights and labels, in blocks; what is refused has its reason and a blank line.

    Args:
        source: its name, for messages.
        ending: of its name.
        decoder: gives its text.
        format_: which columns, and what else is known of it.
        closer: what ends an item in a block; line ends in items are wrong unless it is another.

    Raises:
        CorpusError: it is empty or lacks a column.
    """
    lines = _Lines(iter(decoder))
    sample = lines.sample()
    if not sample:
        raise CorpusError(f"{source}: is empty; a table starts with a header line")
    announced = announced_delimiter(sample)
    if announced is not None:
        lines.at = lines.start = 1
    dialect = found_dialect(sample.partition("\n")[2] if announced else sample, ending, format_, announced)
    delimiter = dialect.delimiter
    if format_.delimiter is None and announced is None and delimiter != (usual_delimiter(ending) or ","):
        name = DELIMITERS.get(delimiter, repr(delimiter))
        message = f"{source}: read with {name}s between the fields"
        warnings.warn(InputWarning(message, argument="delimiter"), stacklevel=2)
    yield from _Table(source, dialect, decoder, format_, lines, closer).blocks()


class _Table:
    def __init__(
        self, source: str, dialect: Dialect, decoder: Decoder, format_: Format, lines: _Lines, closer: str
    ) -> None:
        self._source, self._decoder, self._closer = source, decoder, closer
        self._one_line = closer == "\n"
        self._delimiter, self._blank_follows = dialect
        self._format, self._lines = format_, lines
        self._weights = Weights(source, "," if dialect.delimiter == ";" else None)
        self._width = 0
        self._columns: tuple[int, int | None, int | None] | None = None  # of item, weight and label

    def blocks(self) -> Iterator[Block]:
        rows = self._rows()
        if self._format.header:
            filled = ((number, row) for number, row in rows if isinstance(row, Refusal) or not is_blank(row))
            number, header = next(filled, (1, []))
            if not header:
                raise CorpusError(f"{self._source}: has only blank lines; a table starts with a header line")
            if isinstance(header, Refusal):
                raise header.error
            if faulty := [field for field in header if _is_faulty(field)]:
                refusal = self._decoder.refusal(faulty[0], number)
                if self._format.errors != "replace":
                    raise refusal.error
                header = [with_replacements(field) for field in header]
            self._set_columns(header)
        found = _Found(self._format, self._closer)
        lines = self._lines
        for number, row in rows:
            if isinstance(row, list):
                self._take(number, row, found)
            else:
                given = lines.ready[lines.start].rstrip("\n")
                found.add(number, _in_one_line(given), why=row._replace(given=given if "\0" in given else None))
            if lines.at == len(lines.ready) or len(found.items) == _BLOCK_ROWS:
                yield found.block()
                found = _Found(self._format, self._closer)
        if found.items:
            yield found.block()
        self._weights.tell()

    def _rows(self) -> Iterator[tuple[int, list[str] | Refusal]]:
        """Each row with the number of its first line; one that is not well-formed as what is wrong with it."""
        lines = self._lines
        while True:
            reader = csv.reader(
                iter(lines), delimiter=self._delimiter, strict=True, skipinitialspace=self._blank_follows
            )
            try:
                for row in reader:
                    # Columns that are aligned by blanks have one or more of them between the fields.
                    cut = row if self._delimiter != " " else [field for field in row if field]
                    yield lines.before + lines.start + 1, cut
                    lines.start = lines.at
                return
            except csv.Error as error:  # and then a new reader, for this one is inside a field
                number = lines.before + lines.start + 1
                refusal = Refusal(self._malformed(error, number))
                lines.back()
                yield number, refusal
                lines.start = lines.at

    def _malformed(self, error: csv.Error, number: int) -> CorpusError:
        last = self._lines.before + self._lines.at
        since = f"; the row begins in line {number}" if last > number else ""
        what = f"{error}{since}"
        if "field larger" in str(error):
            what = f"a field of more than {_LONGEST_FIELD:,} characters{since}; is a quote missing?"
        return CorpusError(f"{self._source}: line {last}: not well-formed CSV: {what}")

    def _set_columns(self, header: list[str]) -> tuple[int, int | None, int | None]:
        self._width = len(header)
        wanted = (self._format.column, self._format.weight, self._format.label)
        item_at, weight_at, label_at = (
            None if name is None else self._column(header, name, argument)
            for name, argument in zip(wanted, ("column", "weight", "label"), strict=True)
        )
        assert item_at is not None, "only tables of which a column is wanted are read here"
        self._columns = (item_at, weight_at, label_at)
        numbered = [name for name in wanted if name is not None and not columns_called(header, name)]
        if self._format.header and numbered:
            name = header[int(numbered[0]) - 1]
            warnings.warn(
                InputWarning(
                    f"{self._source}: column {numbered[0]} is {shortened(name)!r} in the header; "
                    "if there is no header, say so",
                    argument="header",
                ),
                stacklevel=2,
            )
        return self._columns

    def _column(self, header: list[str], name: str, argument: str) -> int:
        places = columns_called(header, name)
        if len(places) == 1:
            return places[0]
        if places:
            raise CorpusError(
                f"{self._source}: more than one column is named {name!r}; give its number, 1 for the first",
                argument=argument,
            )
        if name.isdecimal() and 1 <= int(name) <= len(header):
            return int(name) - 1
        shown = _names(header) if self._format.header else f"numbers 1 to {len(header)}"
        message = f"{self._source}: no column {name!r}; there are: {shown}"
        if len(header) == 1 and self._format.delimiter is None:
            message += "; fields are separated by commas, semicolons, tabs or | unless another delimiter is given"
            raise CorpusError(message, argument="delimiter")
        raise CorpusError(message)

    def _take(self, number: int, row: list[str], found: _Found) -> None:
        """Add a row; most are plain, and those are done with in a few steps."""
        if self._columns is None and is_blank(row):  # a blank line before the first row
            found.add(number, "")
            return
        item_at, weight_at, label_at = self._columns or self._set_columns([str(i + 1) for i in range(len(row))])
        plain = len(row) == self._width and label_at is None and not self._lines.suspect
        if (
            not plain
            or (self._one_line and "\n" in row[item_at])
            or not (weight_at is None or _is_plain_number(row[weight_at]))
        ):
            self._read(number, row, found)
            return
        found.items.append(row[item_at])
        found.numbers.append(number)
        if weight_at is not None:
            found.weights.append(int(row[weight_at]))

    def _read(self, number: int, row: list[str], found: _Found) -> None:
        """Add a row of any kind: item, weight and label, and why it cannot be used."""
        if not any(row):  # a blank line, which keeps its place
            found.add(number, "")
            return
        at = f"{self._source}: line {number}"
        if len(row) != self._width and (len(row) < self._width or any(row[self._width :])):
            fields = f"{len(row)} field{'s' * (len(row) != 1)}"
            error = CorpusError(
                f"{at}: {fields} where the {'header' if self._format.header else 'first line'} has {self._width}; "
                "a field that holds the separator stands in double quotes"
            )
            given = self._delimiter.join(row)
            found.add(number, _in_one_line(given), why=Refusal(error, given=given))
            return
        assert self._columns is not None, "the first row has set them"
        item_at, weight_at, label_at = self._columns
        given = item = row[item_at]
        label = "" if label_at is None else row[label_at]
        why = None
        if self._lines.suspect and (faulty := next((field for field in row if _is_faulty(field)), None)) is not None:
            why = self._decoder.refusal(faulty, number)
            given = with_bytes(given)
        in_item = self._one_line and "\n" in item
        if in_item or "\n" in label:
            text, what = (item, "item") if in_item else (label, "label")
            ends = self._lines.before + self._lines.at
            where = f"line {number}" + (f" (its row ends in line {ends})" if ends > number else "")
            why = why or Refusal(
                CorpusError(f"{self._source}: {where}: the {what} {shortened(text)!r} holds a line end"), True
            )
        weight = 1
        if weight_at is not None:
            try:
                weight = self._weights.read(row[weight_at], number)
            except ValueError as error:
                weight, why = 0, why if why and not why.replaced else Refusal(CorpusError(f"{at}: {error}"))
        if why is not None:
            item, label = _mended(item) if not self._one_line else _in_one_line(item), _in_one_line(label)
            why = why._replace(given=given if given != item else None)
        found.add(number, item, weight, label, why)


def _in_one_line(text: str) -> str:
    """A field as a block has it: line ends are spaces, and what is no text is replaced."""
    return _mended(text).replace("\n", " ")


def _mended(text: str) -> str:
    return with_replacements(text).replace("\0", REPLACEMENT)


def _names(header: list[str]) -> str:
    """The names of the columns, as far as a message can hold them."""
    shown = ", ".join(repr(shortened(name, 30)) for name in header[:_SHOWN_COLUMNS])
    return shown if len(header) <= _SHOWN_COLUMNS else f"{shown} and {len(header) - _SHOWN_COLUMNS} more"


def _is_plain_number(field: str) -> bool:
    return field.isdecimal() and len(field) < _PLAIN_DIGITS


class _Found:
    """The rows of the next block."""

    def __init__(self, format_: Format, closer: str) -> None:
        self._closer = closer
        self._weighted, self._labelled = format_.weight is not None, format_.label is not None
        self.items: list[str] = []
        self.numbers: list[int] = []
        self.weights: list[int] = []
        self.labels: list[str] = []
        self.refused: dict[int, Refusal] = {}

    def add(self, number: int, item: str, weight: int = 0, label: str = "", why: Refusal | None = None) -> None:
        """A row, or what stands for one that cannot be used."""
        if why is not None:
            self.refused[len(self.items)] = why
        self.items.append(item)
        self.numbers.append(number)
        if self._weighted:
            self.weights.append(weight)
        if self._labelled:
            self.labels.append(label)

    def block(self) -> Block:
        """All of them."""
        return Block(
            text="".join(item + self._closer for item in self.items),
            closer=self._closer,
            first_line=self.numbers[0],
            weights=tuple(self.weights) if self._weighted else None,
            labels=tuple(self.labels) if self._labelled else None,
            numbers=self.numbers,
            refused=self.refused,
        )
