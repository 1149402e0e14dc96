"""Tables as spreadsheets and databases write them: which sign separates the fields, which column is meant, its rows.

Rows are read by Python's csv module in its strict way. A quoted field may hold line ends; a row that is not well-formed
costs one line, and reading goes on with the next.
"""

from __future__ import annotations

import csv
import unicodedata
import warnings
from collections import deque
from collections.abc import Iterator
from typing import Final

from nextchar.data.decoding import MARK, REPLACEMENT, Decoder
from nextchar.data.format import Block, Format, Refusal
from nextchar.data.weights import Weights
from nextchar.errors import CorpusError, InputWarning

__all__ = ["DELIMITERS", "header_of", "table_blocks", "usual_delimiter"]

DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_ENDINGS: Final = {".csv": ",", ".tsv": "\t", ".tab": "\t"}  # of the tables known by their ending
_BLOCK_ROWS: Final = 1 << 16
_SAMPLE: Final = 1 << 14  # characters that a delimiter is found by
_LONGEST_FIELD: Final = 1 << 17  # of the csv module; what is longer has most likely lost a quote


def usual_delimiter(ending: str) -> str | None:
    """The delimiter that goes with the ending of a table's name; None for one that is not known for tables."""
    return _ENDINGS.get(ending)


class _Lines:
    """The lines of text that comes in pieces, with those of the row that is being read, to go back to."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces
        self._ready: deque[str] = deque()
        self._held = ""
        self.row: list[str] = []  # lines taken since the last `begin`
        self.taken = 0
        self.suspect = False  # whether there has been a mark or a NUL character

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        while not self._ready:
            if not self._fill():
                raise StopIteration
        line = self._ready.popleft()
        self.row.append(line)
        self.taken += 1
        return line

    def _fill(self) -> bool:
        piece = next(self._pieces, None)
        if piece is None:
            rest, self._held = self._held, ""
            self._ready.extend([rest] if rest else [])
            return bool(rest)
        self.suspect = self.suspect or _is_faulty(piece)
        lines = (self._held + piece).split("\n")
        self._held = lines.pop()
        self._ready.extend(line + "\n" for line in lines)
        return True

    @property
    def waiting(self) -> bool:
        """Whether the next line has still to come."""
        return not self._ready

    def begin(self) -> None:
        """A row begins."""
        self.row = []

    def back(self) -> None:
        """All lines of the row but its first are to be read again."""
        again = self.row[1:]
        self._ready.extendleft(reversed(again))
        self.taken -= len(again)

    def sample(self) -> str:
        """The first lines, which stay to be read."""
        while not self._ready and self._fill():
            pass
        text, size = [], 0
        for line in self._ready:
            text.append(line)
            size += len(line)
            if size > _SAMPLE:
                break
        return "".join(text)


def _is_faulty(text: str) -> bool:
    return MARK in text or "\0" in text


def table_blocks(source: str, ending: str, decoder: Decoder, format_: Format) -> Iterator[Block]:
    """One column of a table, with its weights and labels, in blocks; what is refused has its reason and a blank line.

    Args:
        source: its name, for messages.
        ending: of its name.
        decoder: gives its text.
        format_: which columns, and what else is known of it.

    Raises:
        CorpusError: it is empty or lacks a column.
    """
    lines = _Lines(iter(decoder))
    sample = lines.sample()
    if not sample:
        raise CorpusError(f"{source}: is empty; a table starts with a header line")
    announced = _announced(lines, sample)
    delimiter = format_.delimiter or announced or _found_delimiter(sample, ending, format_)
    if format_.delimiter is None and announced is None and delimiter != (usual_delimiter(ending) or ","):
        name = DELIMITERS.get(delimiter, repr(delimiter))
        message = f"{source}: read with {name}s between the fields"
        warnings.warn(InputWarning(message, argument="delimiter"), stacklevel=2)
    yield from _Table(source, delimiter, decoder, format_, lines).blocks()


def _announced(lines: _Lines, sample: str) -> str | None:
    """The delimiter of a first line `sep=;`, which is for Excel alone and is taken away."""
    first = sample.partition("\n")[0].strip().strip('"')
    if len(first) == 5 and first.lower().startswith("sep="):
        next(lines)
        return first[4]
    return "\t" if first.lower() == "sep=" and next(lines) else None


def _found_delimiter(sample: str, ending: str, format_: Format) -> str:
    """The delimiter that a table's first lines show: one that makes the wanted column of the header, if any does."""
    usual = usual_delimiter(ending) or ","
    candidates = sorted(DELIMITERS, key=lambda sign: sign != usual)
    if format_.header:
        names = [name for name in (format_.column, format_.weight, format_.label) if name is not None]
        for sign in candidates:
            header = header_of(sample, sign)
            if all(_places(header, name) for name in names):
                return sign
    try:
        return csv.Sniffer().sniff(sample, "".join(candidates)).delimiter
    except csv.Error:
        return usual


def header_of(sample: str, delimiter: str) -> list[str]:
    """The fields of the first row; none where it is not well-formed."""
    try:
        return next(csv.reader(sample.splitlines(keepends=True), delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def _places(header: list[str], name: str) -> list[int]:
    """Where a column of that name is: as it is written, or else whatever its case and the blanks around it."""
    return [i for i, one in enumerate(header) if one == name] or [
        i for i, one in enumerate(header) if _folded(one) == _folded(name)
    ]


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


class _Table:
    def __init__(self, source: str, delimiter: str, decoder: Decoder, format_: Format, lines: _Lines) -> None:
        self._source, self._delimiter, self._decoder = source, delimiter, decoder
        self._format, self._lines = format_, lines
        self._weights = Weights(source, "," if delimiter == ";" else None)
        self._width = 0
        self._columns: list[int | None] = []  # of item, weight and label

    def blocks(self) -> Iterator[Block]:
        rows = self._rows()
        if self._format.header:
            number, header = next(rows, (1, []))
            if isinstance(header, Refusal):
                raise header.error
            if faulty := [field for field in header if _is_faulty(field)]:
                refusal = self._decoder.refusal(faulty[0], number)
                if self._format.errors != "replace":
                    raise refusal.error
                header = [field.replace(MARK, REPLACEMENT) for field in header]
            self._set_columns(header)
        items: list[str] = []
        weights: list[int] = []
        labels: list[str] = []
        numbers: list[int] = []
        refused: dict[int, Refusal] = {}
        for number, row in rows:
            if isinstance(row, list) and not self._columns:
                self._set_columns([str(i + 1) for i in range(len(row))])
            item, weight, label, why = self._read(number, row)
            if why is not None:
                refused[len(items)] = why
            items.append(item)
            weights.append(weight)
            labels.append(label)
            numbers.append(number)
            if len(items) == _BLOCK_ROWS or (self._lines.waiting and items):
                yield self._block(items, weights, labels, numbers, refused)
                items, weights, labels, numbers, refused = [], [], [], [], {}
        if items:
            yield self._block(items, weights, labels, numbers, refused)
        self._weights.tell()

    def _block(
        self, items: list[str], weights: list[int], labels: list[str], numbers: list[int], refused: dict[int, Refusal]
    ) -> Block:
        return Block(
            text="\n".join(items) + "\n",
            first_line=numbers[0],
            weights=None if self._format.weight is None else tuple(weights),
            labels=None if self._format.label is None else tuple(labels),
            numbers=numbers,
            refused=refused,
        )

    def _rows(self) -> Iterator[tuple[int, list[str] | Refusal]]:
        """Each row with the number of its first line; one that is not well-formed as what is wrong with it."""
        while True:
            reader = csv.reader(self._lines, delimiter=self._delimiter, strict=True)
            while True:
                self._lines.begin()
                number = self._lines.taken + 1
                try:
                    row = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    refusal = Refusal(self._malformed(error, number))
                    self._lines.back()
                    yield number, refusal
                    break  # with a new reader, for this one is inside a field
                yield number, row

    def _malformed(self, error: csv.Error, number: int) -> CorpusError:
        last = self._lines.taken
        since = f"; the row begins in line {number}" if last > number else ""
        what = f"{error}{since}"
        if "field larger" in str(error):
            what = f"a field of more than {_LONGEST_FIELD:,} characters{since}; is a quote missing?"
        return CorpusError(f"{self._source}: line {last}: not well-formed CSV: {what}")

    def _set_columns(self, header: list[str]) -> None:
        self._width = len(header)
        wanted = (self._format.column, self._format.weight, self._format.label)
        self._columns = [None if name is None else self._column(header, name) for name in wanted]
        numbered = [name for name in wanted if name is not None and not _places(header, name)]
        if self._format.header and numbered:
            name = header[int(numbered[0]) - 1]
            warnings.warn(
                InputWarning(
                    f"{self._source}: column {numbered[0]} is {name!r} in the header; if there is no header, say so",
                    argument="header",
                ),
                stacklevel=2,
            )

    def _column(self, header: list[str], name: str) -> int:
        places = _places(header, name)
        if len(places) == 1:
            return places[0]
        if places:
            raise CorpusError(
                f"{self._source}: more than one column is named {name!r}; give its number, 1 for the first",
                argument="column",
            )
        if name.isdecimal() and 1 <= int(name) <= len(header):
            return int(name) - 1
        shown = ", ".join(map(repr, header)) if self._format.header else f"numbers 1 to {len(header)}"
        message = f"{self._source}: no column {name!r}; there are: {shown}"
        if len(header) == 1 and self._format.delimiter is None:
            message += "; fields are separated by commas, semicolons, tabs or | unless another delimiter is given"
            raise CorpusError(message, argument="delimiter")
        raise CorpusError(message)

    def _read(self, number: int, row: list[str] | Refusal) -> tuple[str, int, str, Refusal | None]:
        """Item, weight and label of a row, and why it cannot be used."""
        if isinstance(row, Refusal):
            return self._lines.row[0].rstrip("\n"), 0, "", row
        if not any(row):  # a blank line, which keeps its place
            return "", 0, "", None
        at = f"{self._source}: line {number}"
        if len(row) != self._width and (len(row) < self._width or any(row[self._width :])):
            fields = f"{len(row)} field{'s' * (len(row) != 1)}"
            error = CorpusError(
                f"{at}: {fields} where the {'header' if self._format.header else 'first line'} has {self._width}; "
                "a field that holds the separator stands in double quotes"
            )
            return self._delimiter.join(row).replace("\n", " "), 0, "", Refusal(error)
        item_at, weight_at, label_at = self._columns
        item = row[item_at or 0]
        label = "" if label_at is None else row[label_at]
        why = None
        if self._lines.suspect and (faulty := next((field for field in row if _is_faulty(field)), None)) is not None:
            why = self._decoder.refusal(faulty, number)
            item, label = (text.replace(MARK, REPLACEMENT).replace("\0", REPLACEMENT) for text in (item, label))
        if "\n" in item or "\n" in label:
            text, what = (item, "item") if "\n" in item else (label, "label")
            ends = number + len(self._lines.row) - 1
            end = f"line {ends}" if ends == number else f"line {number} (its row ends in line {ends})"
            why = why or Refusal(CorpusError(f"{self._source}: {end}: the {what} {text!r} holds a line end"), True)
            item, label = item.replace("\n", " "), label.replace("\n", " ")
        weight = 1
        if weight_at is not None:
            try:
                weight = self._weights.read(row[weight_at], number)
            except ValueError as error:
                weight, why = 0, why or Refusal(CorpusError(f"{at}: {error}"))
        return item, weight, label, why
