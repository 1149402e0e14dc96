"""Which characters a model knows, and the number of each.

A model reads ids, not characters. Id 0 is the boundary: it opens and closes every item and is no character of the
text, so a `.` in the data is an ordinary symbol. The characters follow from id 1 on, sorted by code point. Where
asked for, one more id at the end stands for every character that the training data did not have, and clusters of code
points that a reader sees as one character are one symbol (see `data.graphemes`).

Letters: V size of the alphabet, boundary (and unknown) included; T number of characters.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nextchar.data.arguments import need, need_all, need_ids
from nextchar.data.display import shortened, thousands
from nextchar.data.graphemes import Graphemes, split_graphemes
from nextchar.errors import SettingsError, UnknownSymbolError

__all__ = ["BOUNDARY", "Alphabet", "Codepoints", "Ids", "codepoints_of", "unknown_symbol"]

Ids = npt.NDArray[Any]  # unsigned integers, of the alphabet's dtype
Codepoints = npt.NDArray[np.uint32]

BOUNDARY: Final = 0
_UNKNOWN_SIGN: Final = "\ufffd"
_CODE_SPACE: Final = 0x110000
_NOT_A_SYMBOL: Final = "\0\r"
FIRST_SIGN: Final = "\U000f0000"  # of the private code points that stand for clusters


def codepoints_of(text: str) -> npt.NDArray[Any]:
    """The Unicode code points of a text, shape (T,): uint8 where all are ASCII, uint32 else."""
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), dtype=np.uint8)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def _within(codepoints: npt.NDArray[Any], table: Ids) -> npt.NDArray[Any]:
    """Where to look up code points in a table that ends above the largest known one; bytes are all in it."""
    return codepoints if codepoints.dtype == np.uint8 else np.minimum(codepoints, len(table) - 1)


def unknown_symbol(symbol: str, position: int, *, at: str = "") -> UnknownSymbolError:
    """The error that says of a symbol that the model does not know it.

    Args:
        symbol: a character, or a cluster of code points.
        position: where in the item, from 0.
        at: for items that are read from lines, the place; the advice is another then.
    """
    shown = f"{symbol!r} ({' '.join(f'U+{ord(c):04X}' for c in symbol)})"
    return UnknownSymbolError(
        f"{at}: the model does not know {shown}; train on text that has it, or with a symbol for unknown ones"
        if at
        else f"the model does not know the character {shown}, at position {position + 1}",
        character=symbol,
        position=position,
        argument="unknown" if at else None,
    )


@dataclass(frozen=True)
class Alphabet:
    """A frozen one-to-one map between symbols and ids 0..V-1.

    Attributes:
        characters: the characters with ids 1, 2, ...; distinct and sorted by code point.
        has_unknown: whether the last id stands for all characters that are not in `characters`.
        clusters: the symbols that are clusters of several code points, in order; in `characters` a private code point
            stands for each. None where every code point is a symbol.

    Raises:
        SettingsError: no characters, not sorted and distinct, or a carriage return, NUL or half a surrogate pair among
            them; private code points without clusters.

    Examples:
        >>> import nextchar
        >>> alphabet = nextchar.Alphabet.of("emma")
        >>> alphabet.symbols
        ('.', 'a', 'e', 'm')
        >>> alphabet.encode("emma").tolist()
        [2, 3, 3, 1]
    """

    characters: str
    has_unknown: bool = False
    clusters: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        need(self.characters, str, "characters", "a text")
        need(self.has_unknown, bool, "has_unknown", "true or false")
        if self.clusters is not None:
            object.__setattr__(self, "clusters", tuple(need_all(self.clusters, str, "clusters", "a list of texts")))
        if not self.characters:
            raise SettingsError("an alphabet needs at least one character beside the boundary")
        if list(self.characters) != sorted(set(self.characters)):
            raise SettingsError("an alphabet's characters must be distinct and sorted by code point")
        for character in self.characters:
            if character in _NOT_A_SYMBOL or "\ud800" <= character <= "\udfff":
                raise SettingsError(f"{character!r} (U+{ord(character):04X}) cannot be a symbol")
        if self.clusters is not None:
            signs = Graphemes(self.clusters).signs
            if [c for c in self.characters if c >= FIRST_SIGN] != list(signs):
                raise SettingsError("an alphabet needs one cluster for each private code point")

    def __repr__(self) -> str:
        shown = shortened(repr("".join(self.names[:61])))
        unknown = ", one of them for the unknown" if self.has_unknown else ""
        return f"Alphabet({thousands(self.size, 'symbol')}{unknown}: {shown})"

    @classmethod
    def of(cls, text: str, *, has_unknown: bool = False) -> Alphabet:
        """The alphabet of all characters of a text, line ends left out."""
        need(text, str, "text", "a text")
        return cls("".join(sorted(set(text) - {"\n", "\r"})), has_unknown)

    def document(self) -> dict[str, Any]:
        """As a model's file holds it: the arguments of the class, `clusters` only where there are some."""
        found: dict[str, Any] = {"characters": self.characters, "has_unknown": self.has_unknown}
        return found if self.clusters is None else {**found, "clusters": list(self.clusters)}

    @cached_property
    def _graphemes(self) -> Graphemes | None:
        return None if self.clusters is None else Graphemes(self.clusters)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The text of each character, without the boundary and the unknown symbol."""
        return tuple(self.characters if self._graphemes is None else map(self._graphemes.read, self.characters))

    def written(self, text: str) -> str:
        """A text with one code point for each of its symbols: the same, unless clusters are symbols."""
        return text if self._graphemes is None else self._graphemes.written(text)

    def split(self, text: str) -> list[str]:
        """The symbols of a text, known or not."""
        need(text, str, "text", "a text")
        return list(text) if self.clusters is None else split_graphemes(text)

    def read(self, written: str) -> str:
        """The text that `written` made so."""
        return written if self._graphemes is None else self._graphemes.read(written)

    @classmethod
    def of_names(cls, names: Iterable[str], *, has_unknown: bool = False, by_clusters: bool = False) -> Alphabet:
        """The alphabet of these symbols.

        Args:
            names: the text of each, in any order.
            has_unknown: as in the class.
            by_clusters: whether clusters of code points are symbols.
        """
        names = need_all(names, str, "names", "a list of symbols")
        if not by_clusters:
            return cls("".join(sorted(set(names))), has_unknown)
        found = set(names)
        clusters = tuple(sorted(name for name in found if len(name) > 1 or name >= FIRST_SIGN))
        plain = "".join(sorted(found.difference(clusters)))
        return cls(plain + Graphemes(clusters).signs, has_unknown, clusters)

    def only(self, names: Iterable[str], *, has_unknown: bool) -> Alphabet:
        """An alphabet of the same kind with other symbols, or with another say on unknown ones."""
        return Alphabet.of_names(names, has_unknown=has_unknown, by_clusters=self.clusters is not None)

    @cached_property
    def size(self) -> int:
        """V: the characters, the boundary, and the unknown symbol where there is one."""
        return 1 + len(self.characters) + self.has_unknown

    @property
    def unknown(self) -> int | None:
        """The id that stands for every character not in the alphabet, or None."""
        return self.size - 1 if self.has_unknown else None

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """The smallest unsigned integer type that holds every id: 1, 2 or 4 bytes."""
        return np.min_scalar_type(self.size - 1)

    @cached_property
    def codepoints(self) -> Codepoints:
        """Code point of each id, shape (V,): 0 for the boundary, U+FFFD for the unknown symbol."""
        unknown = _UNKNOWN_SIGN if self.has_unknown else ""
        return codepoints_of("\0" + self.characters + unknown).astype(np.uint32)

    @cached_property
    def boundary_sign(self) -> str:
        """How the boundary is shown to people: `.` unless the data has one, else `·`."""
        return "." if "." not in self.characters else "·"

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """Each id as shown to people, V strings; the boundary as its sign."""
        unknown = (_UNKNOWN_SIGN,) if self.has_unknown else ()
        return (self.boundary_sign, *self.names, *unknown)

    @cached_property
    def _table(self) -> Ids:
        """Id of every code point up to the largest known one (and of all bytes); V where there is none."""
        known = self.codepoints[1 : 1 + len(self.characters)]
        missing = self.size if self.unknown is None else self.unknown
        table = np.full(max(int(known[-1]) + 2, 256), missing, dtype=np.min_scalar_type(self.size))
        table[known] = np.arange(1, 1 + len(known))
        return table

    @cached_property
    def _line_table(self) -> Ids:
        """As `_table`, with the line feed as the boundary."""
        table = self._table.copy()
        table[ord("\n")] = BOUNDARY
        return table

    @cached_property
    def _text_table(self) -> Ids:
        """As `_table`, with NUL as the boundary."""
        table = self._table.copy()
        table[0] = BOUNDARY
        return table

    def encode_codepoints(self, codepoints: npt.NDArray[Any]) -> Ids:
        """Ids of code points, same shape.

        Raises:
            UnknownSymbolError: a character is not in the alphabet; its position is the place in the flat input.
        """
        codepoints = need_ids(codepoints, _CODE_SPACE, "codepoints")
        return self._looked_up(self._table, codepoints)

    def encode_lines(self, codepoints: npt.NDArray[Any]) -> Ids:
        """Ids of code points in which line feeds close the items, same shape; each becomes a boundary.

        Raises:
            UnknownSymbolError: a character is not in the alphabet; its position is the place in the flat input.
        """
        return self._looked_up(self._line_table, codepoints)

    def encode_texts(self, codepoints: npt.NDArray[Any]) -> Ids:
        """As `encode_lines`, for items that NULs close, and in which line feeds are symbols."""
        return self._looked_up(self._text_table, codepoints)

    def _looked_up(self, table: Ids, codepoints: npt.NDArray[Any]) -> Ids:
        ids: Ids
        if codepoints.dtype == table.dtype == np.uint8:  # translate is three times as fast as an index
            ids = np.frombuffer(codepoints.tobytes().translate(table[:256].tobytes()), dtype=np.uint8)
            ids = ids.reshape(codepoints.shape)
        else:
            ids = table[_within(codepoints, table)]
        if self.unknown is None and ids.size and int(ids.max()) == self.size:
            position = int(np.argmax(ids.reshape(-1) == self.size))
            raise unknown_symbol(chr(codepoints.flat[position]), position)
        return ids.astype(self.dtype, copy=False)

    def lacking(self, codepoints: npt.NDArray[Any], *, texts: bool = False) -> npt.NDArray[np.int64]:
        """Where the characters are that have no id, in items that line feeds close, or NULs where they are texts."""
        table = self._text_table if texts else self._line_table
        return np.flatnonzero(table[_within(codepoints, table)] == self.size)

    def absent(self, codepoints: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Where the characters are that have no id, line feeds like any other."""
        return np.flatnonzero(self._table[_within(codepoints, self._table)] == self.size)

    def encode(self, text: str) -> Ids:
        """Ids of a text's symbols, shape (T,), without boundaries.

        Raises:
            UnknownSymbolError: a character is not in the alphabet.
        """
        need(text, str, "text", "a text")
        written = self.written(text)
        if self.clusters is not None and not self.has_unknown:
            known = set(self.characters)
            if missing := [i for i, character in enumerate(written) if character not in known]:
                raise unknown_symbol(self.split(text)[missing[0]], missing[0])
        return self.encode_codepoints(codepoints_of(written))

    def decode(self, ids: npt.ArrayLike) -> str:
        """The text of ids that hold no boundary."""
        return self.read(self.codepoints[need_ids(ids, self.size)].tobytes().decode("utf-32-le"))

    def show(self, ids: npt.ArrayLike) -> str:
        """The text of ids for people: the boundary as its sign."""
        return "".join(self.symbols[i] for i in need_ids(ids, self.size).reshape(-1))

    def union(self, other: Alphabet) -> Alphabet:
        """The smallest alphabet that holds both.

        Raises:
            SettingsError: only one of them has clusters as symbols.
        """
        if self == other:
            return self
        need(other, Alphabet, "other", "an alphabet (Corpus.alphabet, Alphabet.of)")
        if (self.clusters is None) != (other.clusters is None):
            raise SettingsError("one of the two has clusters of code points as symbols, the other code points alone")
        return self.only({*self.names, *other.names}, has_unknown=self.has_unknown or other.has_unknown)

    def ids_in(self, other: Alphabet) -> npt.NDArray[np.uint32]:
        """Where each of this alphabet's ids stands in a larger alphabet, shape (V,).

        Raises:
            SettingsError: the other alphabet lacks the symbol for unknown characters.
            UnknownSymbolError: it lacks one of the characters.
        """
        need(other, Alphabet, "other", "an alphabet (Corpus.alphabet, Alphabet.of)")
        moved = self.characters if self.clusters is None else "".join(map(other.written, self.names))
        characters = other.encode_codepoints(codepoints_of(moved)).astype(np.uint32)
        if self.has_unknown and not other.has_unknown:
            raise SettingsError("the larger alphabet has no symbol for unknown characters, and the smaller one has")
        unknown = [] if other.unknown is None or self.unknown is None else [other.unknown]
        return np.concatenate([[BOUNDARY], characters, unknown]).astype(np.uint32)
