"""Weights as people write them: whole numbers, with separators of thousands and, where it hardly matters, fractions.

A comma or a point may separate thousands or the fraction. `1,069` counts a thousand, for weights are whole numbers,
except where the file comes from a place with decimal commas; `69,5` and `1.069,5` show the other way. What a column
has shown decides from then on, and what could be both is refused rather than guessed.
"""

from __future__ import annotations

import re
import warnings
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from nextchar.data.display import shortened, thousands
from nextchar.errors import InputWarning

__all__ = ["MOST_ROUNDING", "Weights"]

MOST_WEIGHT: Final = 2**53
MOST_ROUNDING: Final = Decimal("0.05")  # by how much rounding may change a weight
_BLANKS: Final = re.compile("(?<=[0-9])[ \xa0\u2009\u202f'’](?=[0-9]{3}(?![0-9]))")
_PLAIN: Final = re.compile(r"[0-9]+")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_GROUPED: Final = {sign: re.compile(rf"[0-9]{{1,3}}(?:\{sign}[0-9]{{3}})+") for sign in ",."}


class Weights:
    """Reads the weights of one column.

    Args:
        source: its file, for messages.
        likely: the sign before fractions where the file comes from, if that is known; a semicolon between the fields,
            say, is written where the comma is that sign.
    """

    def __init__(self, source: str, likely: str | None = None) -> None:
        self._source, self._likely = source, likely
        self._fraction: str | None = None  # comma or point, once the column has shown it
        self._thousands = ""  # the first weight with one comma, read as thousands, and its line
        self._rounded = 0
        self._first = ""

    def read(self, field: str, line: int) -> int:
        """The whole number that a field says.

        Raises:
            ValueError: why it says none.
        """
        text = field.strip()
        if _PLAIN.fullmatch(text) and len(text) < 16:
            return int(text)
        field = shortened(field)
        value = self._number(_BLANKS.sub("", text), field, line)
        if not 0 <= value <= MOST_WEIGHT:
            raise ValueError(f"the weight {field!r} is not a whole number from 0 up to 2^53")
        whole = value.to_integral_value(ROUND_HALF_UP)
        if whole != value:
            if abs(whole - value) > MOST_ROUNDING * value:
                raise ValueError(
                    f"the weight {field!r} is not a whole number, and rounding would change it much; weights count "
                    "items: multiply the column by 10, 100 or more and round it"
                )
            self._rounded += 1
            self._first = self._first or f"line {line}, {field.strip()} to {whole}"
        return int(whole)

    def _number(self, text: str, field: str, line: int) -> Decimal:
        comma, point = "," in text, "." in text
        if comma and point:
            return self._with_fraction(text, max(",.", key=text.rindex), field)
        if comma and not (_GROUPED[","].fullmatch(text)):
            return self._with_fraction(text, ",", field)
        if comma:
            if text.count(",") == 1:
                if (self._fraction or self._likely) == ",":
                    raise ValueError(f"the weight {field!r} may be a fraction or thousands; write it without the comma")
                self._thousands = self._thousands or f"{field.strip()!r} in line {line}"
            return self._with_fraction(text, ".", field, shown=False)
        if point and _GROUPED["."].fullmatch(text) and not text.startswith("0"):
            if text.count(".") > 1 or (self._fraction or self._likely) == ",":
                return self._with_fraction(text, ",", field)
            if self._fraction is None:
                raise ValueError(f"the weight {field!r} may be a fraction or thousands; write it without the point")
        if point:
            return self._with_fraction(text, ".", field)
        return self._with_fraction(text, self._fraction or ".", field, shown=False)

    def _with_fraction(self, text: str, sign: str, field: str, *, shown: bool = True) -> Decimal:
        """The number, where this sign stands before the fraction and the other one between thousands."""
        if self._fraction is not None and shown and sign != self._fraction:
            raise ValueError(
                f"the weight {field!r} has its fraction after {sign!r}, others of this column after {self._fraction!r}"
            )
        if shown and sign == "," and self._thousands:
            raise ValueError(
                f"the weight {field!r} has its fraction after the comma, and {self._thousands} was read as thousands; "
                "write both without commas"
            )
        other = "." if sign == "," else ","
        whole, _, fraction = text.partition(sign)
        if other in text and not _GROUPED[other].fullmatch(whole.lstrip("+-")):
            raise ValueError(f"the weight {field!r} is not a number")
        plain = whole.replace(other, "") + ("." + fraction if fraction else "")
        if not _NUMBER.fullmatch(plain):
            raise ValueError(f"the weight {field!r} is not a number")
        if shown:
            self._fraction = sign
        return Decimal(plain)

    def tell(self) -> None:
        """Warn of what was rounded."""
        if self._rounded:
            rounded = f"{thousands(self._rounded, 'weight')} rounded to whole numbers, the first in {self._first}"
            warnings.warn(InputWarning(f"{self._source}: {rounded}"), stacklevel=2)
