"""How a table is written, found in its first lines: what separates the fields, and whether blanks follow that.

A delimiter is one that cuts nearly all rows into as many fields. Where several do, a comma that only stands between
digits or before blanks is a decimal comma or belongs to the text: `emma;1,5` has two fields, as `Smith, John;3` has.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from typing import Final, NamedTuple

from nextchar.data.format import Format

__all__ = [
    "DELIMITERS",
    "SAMPLE",
    "Dialect",
    "announced_delimiter",
    "columns_called",
    "found_dialect",
    "header_of",
    "is_blank",
    "usual_delimiter",
]

DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
SAMPLE: Final = 1 << 14  # characters that a dialect is found by
_ENDINGS: Final = {".csv": ",", ".tsv": "\t", ".tab": "\t"}  # of the tables known by their ending
_LIKELIHOOD: Final = ("\t", ",", ";", "|")  # bars are in lists inside fields, tabs hardly anywhere
_MOSTLY: Final = 0.9  # the share of the rows that have as many fields
_COMMA_OF_TEXT: Final = re.compile(r"(?<=[0-9]),(?=[0-9])|,(?= )")


class Dialect(NamedTuple):
    """How a table is written.

    Attributes:
        delimiter: the character between the fields.
        blank_follows: after it stand blanks, which belong to no field, so that a quote after them opens one.
    """

    delimiter: str
    blank_follows: bool


def usual_delimiter(ending: str) -> str | None:
    """The delimiter that goes with the ending of a table's name; None for one that is not known for tables."""
    return _ENDINGS.get(ending)


def announced_delimiter(sample: str) -> str | None:
    """The delimiter of a first line `sep=;`, which is for Excel alone."""
    first = sample.partition("\n")[0].strip().strip('"')
    if len(first) == 5 and first.lower().startswith("sep="):
        return first[4]
    return "\t" if first.lower() == "sep=" else None


def found_dialect(sample: str, ending: str, format_: Format, announced: str | None = None) -> Dialect:
    """The dialect that a table's first lines show.

    Args:
        sample: the first lines, whole ones.
        ending: of its name.
        format_: what is known of it.
        announced: the delimiter that its first line has said, if it has.
    """
    delimiter = format_.delimiter or announced or _found_delimiter(sample, ending, format_)
    return Dialect(delimiter, _blank_follows(sample, delimiter))


def _found_delimiter(sample: str, ending: str, format_: Format) -> str:
    """One that makes the wanted columns of the header, if any does; else one that cuts the rows alike."""
    usual = usual_delimiter(ending) or ","
    candidates = sorted(DELIMITERS, key=lambda sign: sign != usual)
    if format_.header:
        names = [name for name in (format_.column, format_.weight, format_.label) if name is not None]
        for sign in candidates:
            header = header_of(sample, sign)
            if all(columns_called(header, name) for name in names):
                return sign
    alike = [sign for sign in _LIKELIHOOD if _cuts_alike(sample, sign)]
    if len(alike) > 1 and "," not in _COMMA_OF_TEXT.sub("", sample):
        alike = [sign for sign in alike if sign != ","]
    if alike:
        return alike[0]
    try:
        return csv.Sniffer().sniff(sample, "".join(candidates)).delimiter
    except csv.Error:
        return usual


def _cuts_alike(sample: str, delimiter: str) -> bool:
    sizes = Counter(len(row) for row in csv.reader(_lines(sample), delimiter=delimiter) if not is_blank(row))
    size, rows = max(sizes.items(), key=lambda pair: pair[1], default=(0, 0))
    return size > 1 and rows >= _MOSTLY * sizes.total()


def _blank_follows(sample: str, delimiter: str) -> bool:
    """Whether quotes open after a delimiter and blanks: then rows are well-formed, and alike, only if they do."""
    lines = _lines(sample)
    opened = any(
        field[:1] == " " and field.lstrip(" ")[:1] == '"'
        for row in csv.reader(lines, delimiter=delimiter)
        for field in row
    )
    if not opened or delimiter == " ":
        return False
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    sizes = set()
    try:
        for row in reader:
            sizes |= set() if is_blank(row) else {len(row)}
    except csv.Error as error:
        if "end of data" not in str(error):  # the sample may end inside a field
            return False
    return len(sizes) == 1


def header_of(sample: str, delimiter: str) -> list[str]:
    """The fields of the first row that is not blank; none where it is not well-formed."""
    rows = csv.reader(_lines(sample), delimiter=delimiter, strict=True)
    try:
        return next((row for row in rows if not is_blank(row)), [])
    except csv.Error:
        return []


def is_blank(row: list[str]) -> bool:
    """Whether nothing but blanks is in a row."""
    return not any(map(str.strip, row))


def _lines(sample: str) -> list[str]:
    """The lines, ended by line feeds alone: str.splitlines knows other signs."""
    return [f"{line}\n" for line in sample.removesuffix("\n").split("\n")]


def columns_called(header: list[str], name: str) -> list[int]:
    """Where a column of that name is: as it is written, or else whatever its case and the blanks around it."""
    return [i for i, one in enumerate(header) if one == name] or [
        i for i, one in enumerate(header) if _folded(one) == _folded(name)
    ]


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
