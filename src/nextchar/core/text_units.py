r"""A text cut into the units that one asks about: symbols, words, or lines, each with what its symbols cost together.

Whatever the unit, all units of a text together are the text with its end, so that their nats add up to the same. A word
is a run of letters, marks and digits (Unicode categories L, M and N); whatever else there is, a blank, a comma, an
apostrophe, the end of a text, is a unit of its own, and so is each ideograph and each hiragana, as there are no blanks
between words in their scripts (as Unicode Standard Annex 29 has it). A line has its line end, and the last line the end
of the text.

Letters: S symbols, n units, V size of the alphabet.
"""

from __future__ import annotations

import unicodedata
from typing import Final, Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt
import regex

from nextchar.data.alphabet import BOUNDARY, Alphabet, Ids
from nextchar.errors import BadValueError

__all__ = ["UNITS", "TextUnits", "Unit", "Units"]

Unit = Literal["symbol", "word", "line"]
UNITS: Final[tuple[Unit, ...]] = get_args(Unit)
_ALONE: Final = regex.compile(r"[\p{Han}\p{Hiragana}]")


class Units(NamedTuple):
    """Units that follow each other.

    Attributes:
        ids: (S,) of all of them.
        nats: (S,) what each symbol cost.
        sizes: (n,) how many symbols each has.
        lines: (n,) the line in which each begins, from 1.
    """

    ids: Ids
    nats: npt.NDArray[np.float64]
    sizes: npt.NDArray[np.int64]
    lines: npt.NDArray[np.int64]


class TextUnits:
    """Cuts texts that come piece by piece; a unit is given when all of it is there.

    Args:
        alphabet: what the ids mean.
        unit: symbol, word or line.

    Raises:
        SettingsError: there is no such unit.
    """

    def __init__(self, alphabet: Alphabet, unit: Unit) -> None:
        if unit not in UNITS:
            raise BadValueError(f"a unit is one of {', '.join(UNITS)}, not {unit!r}", argument="by")
        self._unit = unit
        self._in_words = np.zeros(alphabet.size, dtype=np.bool_)  # which symbols a word goes on with
        for symbol, name in enumerate(alphabet.names, start=1):
            self._in_words[symbol] = unicodedata.category(name[0])[0] in "LMN" and not _ALONE.match(name)
        self._line_end = alphabet.names.index("\n") + 1 if "\n" in alphabet.names else -1
        self._line = 1
        self._ids: Ids = np.empty(0, dtype=alphabet.dtype)  # of a unit that may go on
        self._nats = np.empty(0)

    def add(self, ids: Ids, nats: npt.NDArray[np.float64], *, line: int | None = None) -> Units:
        """Take in the next piece, and give the units that are whole now.

        Args:
            ids: (S,) the piece; a boundary ends a text.
            nats: (S,) what each symbol cost.
            line: the number of its first line, where a text begins; by default they are counted on.
        """
        if line is not None:
            self._line = line
        ids, nats = np.concatenate([self._ids, ids]), np.concatenate([self._nats, nats])
        first = np.flatnonzero(self._begins(ids))
        whole = len(ids) if len(ids) and ids[-1] == BOUNDARY else int(first[-1]) if len(first) else 0
        self._ids, self._nats = ids[whole:], nats[whole:]
        first = first[first < whole]
        feeds = ids[:whole] == self._line_end
        lines = self._line + np.concatenate([[0], np.cumsum(feeds)])[first]
        self._line = int(self._line + feeds.sum())
        sizes = np.diff(first, append=whole)
        return Units(ids[:whole], nats[:whole], sizes.astype(np.int64), lines.astype(np.int64))

    def _begins(self, ids: Ids) -> npt.NDArray[np.bool_]:
        """Where units begin, (S,); the first symbol begins one."""
        begins = np.ones(len(ids), dtype=np.bool_)
        if self._unit == "word":
            inside = self._in_words[ids]
            begins[1:] = ~(inside[1:] & inside[:-1])
        elif self._unit == "line":
            before = ids[:-1]
            begins[1:] = (before == BOUNDARY) | ((before == self._line_end) & (ids[1:] != BOUNDARY))
        return begins
