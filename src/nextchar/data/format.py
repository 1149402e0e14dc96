"""How to read the text of a file, and what comes of it: blocks of lines, with those that cannot be used."""

from __future__ import annotations

import codecs
import warnings
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from numbers import Integral
from types import NoneType
from typing import Final, Literal, NamedTuple, get_args

from nextchar.data.display import one_line, thousands
from nextchar.errors import CorpusError, InputWarning, NextcharError

__all__ = ["Block", "ErrorPolicy", "Format", "LeftOut", "Refusal", "Tally", "column_name"]

ErrorPolicy = Literal["stop", "skip", "replace"]


@dataclass(frozen=True, kw_only=True)
class Format:
    """How to read the text of a file.

    Attributes:
        encoding: a Python codec name.
        column: the column of a table (CSV, TSV and the like) that holds the items, by its name in the header line or,
            where none has that name, by its number from 1; None for one item a line.
        weight: the column of the weights, whole numbers.
        label: the column of the labels.
        delimiter: the character between the fields of a table; None to find out.
        header: whether a table begins with a line of names; without, columns go by their numbers.
        errors: what becomes of a line that cannot be used. `stop`: an error that names it. `skip`: it is left out.
            `replace`: what cannot be decoded, and NUL, becomes U+FFFD and a line end in an item a space, unless items
            are texts; what is wrong in another way is left out. A text that is a whole file is not left out in part, so
            that only `replace` goes on there. A warning tells how many lines these were, and the first.

    Examples:
        >>> import nextchar
        >>> nextchar.Format(column="name", delimiter=";")
        Format(column='name', delimiter=';')
    """

    encoding: str = "utf-8"
    column: str | None = None
    weight: str | None = None
    label: str | None = None
    delimiter: str | None = None
    header: bool = True
    errors: ErrorPolicy = "stop"

    __repr__ = one_line

    def __post_init__(self) -> None:
        for what in ("column", "weight", "label"):
            object.__setattr__(self, what, column_name(what, getattr(self, what)))
        kinds = {"encoding": (str,), "delimiter": (str, NoneType), "header": (bool,)}
        for what, types in kinds.items():
            value = getattr(self, what)
            if not isinstance(value, types):
                wanted = "true or false" if types == (bool,) else "a text"
                raise CorpusError(f"{what} is {wanted}, not {value!r}", argument=what)
        try:
            codecs.getincrementaldecoder(self.encoding)
            with suppress(UnicodeError):  # one letter may be too short for it
                b"a".decode(self.encoding)  # unlike a look-up, this refuses codecs that give no text, such as base64
        except (LookupError, ValueError):
            raise CorpusError(
                f"there is no text encoding {self.encoding!r}; try utf-8, utf-16, cp1252 or gb18030"
            ) from None
        if self.errors not in get_args(ErrorPolicy):
            raise CorpusError(f"errors is {self.errors!r}; it is one of {', '.join(get_args(ErrorPolicy))}")
        for what, name in (("weight", self.weight), ("label", self.label)):
            if name is not None and self.column is None:
                raise CorpusError(f"a {what} column ({name!r}) needs the column of the items too")
        if self.delimiter is not None:
            if self.column is None:
                raise CorpusError("a delimiter needs the column of the items too", argument="column")
            if len(self.delimiter) != 1 or self.delimiter in '"\r\n\0':
                raise CorpusError(f"the delimiter is one character, not {self.delimiter!r}", argument="delimiter")
        if not self.header:
            if self.column is None:
                raise CorpusError("a table without a header needs the column of the items", argument="column")
            for name in (self.column, self.weight, self.label):
                if name is not None and not (name.isdecimal() and int(name)):
                    raise CorpusError(
                        f"without a header line a column is given by its number, 1 for the first, not {name!r}",
                        argument="column",
                    )


def column_name(what: str, value: object) -> str | None:
    """A column as a format has it: its name, or its number as a text.

    Raises:
        CorpusError: it is neither.
    """
    if isinstance(value, Integral) and not isinstance(value, bool):
        return str(int(value))
    if value is not None and not isinstance(value, str):
        raise CorpusError(f"{what} is the name or the number of a column, not {value!r}", argument=what)
    return value


class Refusal(NamedTuple):
    """Why a line cannot be used.

    Attributes:
        error: with the file and the line.
        replaced: whether replacing characters mends it; the block's text has them replaced.
        given: the line, or the item of a table, as it came in, where the block's text has another: with its NUL
            characters, its line ends, and the bytes that cannot be decoded (Python's surrogateescape).
    """

    error: NextcharError
    replaced: bool = False
    given: str | None = None


@dataclass(frozen=True)
class Block:
    """Whole lines of a source, or rows of a table; or items that are texts, each closed by a NUL.

    What is said of lines here holds for such texts. The last one may be open, and go on in the next block.

    Attributes:
        text: lines, each ended by a line feed; of a table the items, one a line.
        first_line: the number of the first line in its file, from 1.
        weights: one whole number a line, or None.
        labels: one a line, or None.
        numbers: the lines' numbers, where they do not follow each other from the first; of texts that of the first line
            of each, or of memory that of the text.
        refused: what is wrong with a line, by its place in the block, from 0.
        closer: what ends a line: a line feed, or NUL where line ends are symbols.
        continues: whether the first text has begun in the block before.
        column: how many characters of its first line stand before the block.
    """

    text: str
    first_line: int
    weights: tuple[int, ...] | None = None
    labels: tuple[str, ...] | None = None
    numbers: Sequence[int] | None = None
    refused: Mapping[int, Refusal] = field(default_factory=dict)
    closer: str = "\n"
    continues: bool = False
    column: int = 0

    @property
    def open(self) -> bool:
        """Whether it is a piece of a text that has begun before it or goes on after it."""
        return self.continues or (self.closer != "\n" and not self.text.endswith(self.closer))

    def number(self, index: int) -> int:
        """The number in its file of the line at this place of the block."""
        return self.first_line + index if self.numbers is None else self.numbers[index]

    def lines(self) -> list[str]:
        """The lines, without their ends."""
        return self.text.split(self.closer)[:-1]

    def until(self, end: int) -> Block:
        """The lines before this place."""
        return self._of(range(end))

    def without(self, places: Collection[int]) -> Block:
        """The other lines."""
        return self._of([i for i in range(self.text.count(self.closer)) if i not in places]) if places else self

    def _of(self, kept: Sequence[int]) -> Block:
        lines = self.lines()
        where = {old: new for new, old in enumerate(kept)}
        numbers = [self.number(i) for i in kept]
        return Block(
            text="".join(lines[i] + self.closer for i in kept),
            first_line=numbers[0] if numbers else self.first_line,
            weights=None if self.weights is None else tuple(self.weights[i] for i in kept),
            labels=None if self.labels is None else tuple(self.labels[i] for i in kept),
            numbers=numbers,
            refused={where[i]: why for i, why in self.refused.items() if i in where},
            closer=self.closer,
        )


SKIPPED: Final = "skipped"
REPLACED: Final = "read with characters replaced"


@dataclass(frozen=True)
class LeftOut:
    """Lines of one source to which the same was done.

    Attributes:
        lines: how many.
        number: of the first in its file.
        message: what is wrong with that one.
    """

    lines: int
    number: int
    message: str

    def warning(self, done: str) -> InputWarning:
        """What a person is told of them."""
        return InputWarning(f"{thousands(self.lines, 'line')} {done}, the first: {self.message}")


class Tally:
    """What has been left out and replaced of one source, by its policy; `tell` warns of it once it has been read."""

    def __init__(self, errors: ErrorPolicy) -> None:
        self._errors = errors
        self._skipped: dict[int, str] = {}  # what is wrong, by the numbers of the lines
        self._replaced: dict[int, str] = {}

    def settle(self, block: Block) -> Block:
        """The block with those refusals alone that stand; the caller leaves these lines out.

        Raises:
            NextcharError: a line is refused and the policy is to stop.
        """
        if not block.refused:
            return block
        if self._errors == "stop":
            raise block.refused[min(block.refused)].error
        standing = {}
        for place, why in block.refused.items():
            if why.replaced and self._errors == "replace":
                self.replaced(block.number(place), why.error)
            else:
                self.skip(block.number(place), why.error)
                standing[place] = why
        return replace(block, refused=standing)

    def replaced(self, number: int, error: NextcharError) -> None:
        """Count the line of this number, in which something was replaced."""
        self._replaced[number] = str(error)

    def skip(self, number: int, error: NextcharError) -> None:
        """Count the line of this number, which is left out."""
        self._skipped[number] = self._replaced.pop(number, str(error))

    def found(self) -> dict[str, LeftOut]:
        """What was counted, by what was done to it."""
        both = {SKIPPED: self._skipped, REPLACED: self._replaced}
        return {done: LeftOut(len(lines), min(lines), lines[min(lines)]) for done, lines in both.items() if lines}

    def tell(self) -> None:
        """Warn of what was counted, if there was something."""
        for done, lines in self.found().items():
            warnings.warn(lines.warning(done), stacklevel=2)
