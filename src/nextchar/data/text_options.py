"""What is done to the text of every item before it is counted or scored.

Case, normal form and blanks at the ends are matters of the text, not of the model; but a model remembers them, so that
what it is asked about is treated as its training data was.
"""

from __future__ import annotations

import unicodedata
from dataclasses import asdict, dataclass, fields
from typing import Final

import numpy as np

from nextchar.data.display import one_line
from nextchar.errors import BadValueError

__all__ = ["BLANKS", "CAPITAL_SIGMA", "SMALL_SIGMAS", "TextOptions", "has_outer_blanks", "may_join"]

BLANKS: Final = np.array([chr(c).isspace() for c in range(0x3001)])  # which code points are, up to the last that is
_SPACES: Final = "".join(c for c in map(chr, range(0x3001)) if c.isspace())
# Vowels and final consonants of Hangul, which follow another jamo; and of Kirat Rai the vowel signs that are letters
# and join as these do (since Unicode 16).
_JOINING: Final = frozenset((*range(0x1160, 0x1200), 0x16D67, 0x16D68))
CAPITAL_SIGMA: Final = "\N{GREEK CAPITAL LETTER SIGMA}"  # of which the small letter differs at the end of a word
SMALL_SIGMAS: Final = "\N{GREEK SMALL LETTER SIGMA}\N{GREEK SMALL LETTER FINAL SIGMA}"
_NEIGHBOUR: Final = "\N{LATIN LETTER SMALL CAPITAL R}"  # a letter that nothing joins


@dataclass(frozen=True, kw_only=True)
class TextOptions:
    """What is done to every item before it is counted or scored; a model remembers it.

    Attributes:
        lower: to lower case.
        nfc: to Unicode normal form C, so that "é" is one symbol however it was typed.
        strip: without blanks at either end.
        graphemes: what a reader sees as one character is one symbol, also where it is several code points: emoji,
            flags, letters with combining marks (extended grapheme clusters, Unicode Standard Annex 29).
        documents: an item is a text: its line ends are symbols like any other, and nothing is stripped.
        separator: the line between the items of a file; "" for blank lines. With it items are texts too. Without, of
            texts each file is one.

    Examples:
        >>> import nextchar
        >>> options = nextchar.TextOptions(lower=True)
        >>> list(nextchar.Corpus.from_items([" Emma", "Ava "], options=options))
        ['emma', 'ava']
    """

    lower: bool = False
    nfc: bool = False
    strip: bool = True
    graphemes: bool = False
    documents: bool = False
    separator: str | None = None

    __repr__ = one_line

    def __post_init__(self) -> None:
        for name in (entry.name for entry in fields(self)):
            value = getattr(self, name)
            if name == "separator":
                self._check_separator()
            elif isinstance(value, np.bool_):
                object.__setattr__(self, name, bool(value))
            elif not isinstance(value, bool):
                raise BadValueError(f"{name} is true or false, not {value!r}", argument=name)
        if self.separator is not None:
            object.__setattr__(self, "documents", True)
        if self.documents:
            object.__setattr__(self, "strip", False)

    def _check_separator(self) -> None:
        if self.separator is None:
            return
        if not isinstance(self.separator, str):
            raise BadValueError(f"the separator is a text, not {self.separator!r}", argument="separator")
        if set(self.separator) & set("\n\r\0"):
            raise BadValueError(
                f"the separator is one line, without its end, not {self.separator!r}; empty for blank lines",
                argument="separator",
            )

    @property
    def whole_files(self) -> bool:
        """Whether each file is one item."""
        return self.documents and self.separator is None

    @classmethod
    def of(cls, options: TextOptions | None) -> TextOptions:
        """The options, or the usual ones for None.

        Raises:
            SettingsError: they are something else.
        """
        if options is None or isinstance(options, cls):
            return options or cls()
        raise BadValueError(f"options are TextOptions, for example TextOptions(lower=True), not {options!r}")

    def document(self) -> dict[str, bool | str]:
        """As a model's file holds them: the arguments of the class; what older versions lack only where it is on."""
        since = {"graphemes": False, "documents": False, "separator": None}
        return {name: value for name, value in asdict(self).items() if name not in since or value != since[name]}

    def apply(self, text: str, *, strip: bool = True) -> str:
        """The text, or a block of lines, with the options applied to each line; without `strip`, that one not."""
        if self.nfc:
            text = unicodedata.normalize("NFC", text)
        if self.lower:
            text = text.lower()
            if self.nfc:  # "J\u030c" has no composed form, its small letter has one
                text = unicodedata.normalize("NFC", text)
        if strip and self.strip and has_outer_blanks(text):
            text = "\n".join(map(str.strip, text.split("\n")))
        return text

    def readings(self, text: str, *, before: bool, after: bool) -> tuple[str, ...]:
        """What a part of an item can become; blanks at its ends stay.

        It is one text, but for the letter sigma, whose lower case depends on whether a word ends with it.

        Args:
            text: the part.
            before: whether there may be more before it.
            after: whether there may be more after it.
        """
        found = {self.apply(text, strip=False): None}
        if self.lower and CAPITAL_SIGMA in text:
            for left in ("", _NEIGHBOUR) if before else ("",):
                for right in ("", _NEIGHBOUR) if after else ("",):
                    whole = self.apply(left + text + right, strip=False)
                    found[whole[len(left) : len(whole) - len(right)]] = None
        return tuple(found)

    def alone(self, character: str) -> str | None:
        """What a character becomes wherever it stands; None where that depends on what stands beside it."""
        changed = self.apply(character, strip=False)
        joins = self.nfc and any(map(may_join, character + changed))
        return None if len(changed) != 1 or joins or (self.lower and character == CAPITAL_SIGMA) else changed


def may_join(character: str) -> bool:
    """Whether normal form C may change a character together with what stands before it."""
    return unicodedata.category(character)[0] == "M" or ord(character) in _JOINING


def has_outer_blanks(text: str) -> bool:
    """Whether a line of the text begins or ends with a blank."""
    last = text[-2:-1] if text.endswith("\n") else text[-1:]
    if text[:1].isspace() or last.isspace():
        return True
    return any(f"{space}\n" in text or f"\n{space}" in text for space in _SPACES if space != "\n" and space in text)
