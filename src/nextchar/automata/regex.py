r"""Regular expressions as automata, so that what fits a pattern can be computed with and not only tested.

A pattern describes the whole item, as in `re.fullmatch`. It is read by Python's own parser and may have

    characters, escapes, `.`, classes `[a-z]` `[^aeiou]` `\d` `\w` `\s`, groups `( )` `(?: )`, alternatives `|`,
    repetition `*` `+` `?` `{2,5}` (lazy ones mean the same), `^` at the beginning, `$` at the end, `(?i)`.

Back references, look-around, word boundaries, possessive and atomic groups describe no finite automaton of reasonable
size, or none at all, and are refused. So is a pattern whose automaton would be too large, before it is built.

The pattern becomes an automaton whose states are the places in it (Glushkov 1961), and that one a deterministic one
by sets of states (Rabin and Scott 1959), with sets of symbols that the pattern does not tell apart in place of symbols.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from re import _constants as c  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, Final

import numpy as np

from nextchar.automata.dfa import DEAD, Dfa
from nextchar.data.alphabet import Alphabet
from nextchar.data.display import shortened
from nextchar.data.text_options import CAPITAL_SIGMA, SMALL_SIGMAS, TextOptions
from nextchar.errors import BadValueError, SettingsError, UnknownSymbolError

__all__ = ["Either", "Node", "Repeat", "any_of", "compile_node", "literal", "parse"]

MAX_PLACES: Final = 4_000  # characters of a pattern after its repetitions are written out
MAX_STATES: Final = 10_000  # of the deterministic automaton
MAX_WORK: Final = 2_000_000  # steps of building it; a second or two
MAX_LENGTH: Final = 10_000  # characters of a pattern as it is typed


@dataclass(frozen=True)
class Repeat:
    """A part between `least` and `most` times; most=None for no limit."""

    part: Node
    least: int
    most: int | None


@dataclass(frozen=True)
class Either:
    """One of several parts."""

    parts: tuple[Node, ...]


Node = frozenset[int] | tuple[Any, ...] | Repeat | Either
"""A set of ids (one symbol of them), a tuple of nodes (one after the other), a repetition, or alternatives."""


def any_of(alphabet: Alphabet) -> frozenset[int]:
    """Every symbol but the boundary."""
    return frozenset(range(1, alphabet.size))


def literal(
    text: str, alphabet: Alphabet, options: TextOptions, what: str, *, before: bool = False, after: bool = False
) -> tuple[frozenset[int], ...]:
    """A text as one set of symbols after the other, treated as the model treats all text.

    Args:
        text: what an item is to have.
        alphabet: the ids.
        options: what the model does to text; blanks at the ends are kept.
        what: for the message: "the suffix 'xy'".
        before: whether an item may have more before it, on which its letters can depend; then a set may have two.
        after: the same of what is behind it.

    Raises:
        UnknownSymbolError: the model does not know one of the characters.
    """
    readings = [alphabet.split(reading) for reading in options.readings(text, before=before, after=after)]
    known = set(alphabet.names)
    possible = [symbols for symbols in readings if known.issuperset(symbols)] or readings[:1]
    return tuple(
        frozenset(_id_of(symbol, alphabet, what, at) for symbol in symbols)
        for at, symbols in enumerate(zip(*possible, strict=True))
    )


def _id_of(symbol: str, alphabet: Alphabet, what: str, position: int) -> int:
    place = alphabet.characters.find(alphabet.written(symbol))
    if place < 0:
        raise UnknownSymbolError(
            f"{what} has {symbol!r} ({' '.join(f'U+{ord(c):04X}' for c in symbol)}), which the model does not know",
            character=symbol,
            position=position,
        )
    return place + 1


# -- from text to nodes -------------------------------------------------------------------------------------------


def parse(pattern: str, alphabet: Alphabet, options: TextOptions) -> Node:
    """Read a pattern.

    Where the model makes all text lower case, upper and lower case in the pattern mean the same.

    Raises:
        SettingsError: it is no regular expression, or has what no finite automaton can do.
        UnknownSymbolError: it names a character that the model does not know.
    """
    if options.nfc:
        pattern = unicodedata.normalize("NFC", pattern)
    pattern = alphabet.written(pattern)
    if len(pattern) > MAX_LENGTH:
        raise BadValueError(
            f"the pattern has {len(pattern):,} characters; {MAX_LENGTH:,} are possible", argument="match"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of a syntax that a later Python may read otherwise
            tree = parser.parse(pattern)
        reader = _Reader(pattern, alphabet)
        unwanted = tree.state.flags & ~(re.IGNORECASE | re.UNICODE)
        if unwanted:
            raise reader.refusal(f"the flag {re.RegexFlag(unwanted).name}")
        return reader.sequence(_without_ends(list(tree)), bool(tree.state.flags & re.IGNORECASE) or options.lower)
    except re.error as error:
        raise BadValueError(f"the pattern {pattern!r} cannot be read: {error}", argument="match") from None
    except OverflowError as error:
        raise BadValueError(f"the pattern {shortened(pattern)!r} cannot be read: {error}", argument="match") from None
    except RecursionError:
        raise BadValueError(f"the pattern {shortened(pattern)!r} is nested too deeply", argument="match") from None


def _without_ends(tree: list[Any]) -> list[Any]:
    """Without ^ at the beginning and $ at the end, which a pattern for whole items has anyway."""
    while tree and tree[0] in ((c.AT, c.AT_BEGINNING), (c.AT, c.AT_BEGINNING_STRING)):
        tree = tree[1:]
    while tree and tree[-1] in ((c.AT, c.AT_END), (c.AT, c.AT_END_STRING)):
        tree = tree[:-1]
    return tree


_REFUSED: Final = {
    c.AT: "a boundary (^, $, \\b) inside",
    c.ASSERT: "look-ahead or look-behind",
    c.ASSERT_NOT: "look-ahead or look-behind",
    c.GROUPREF: "a back reference",
    c.GROUPREF_EXISTS: "a condition on a group",
    c.ATOMIC_GROUP: "an atomic group",
    c.POSSESSIVE_REPEAT: "a possessive repetition",
}
_CATEGORIES: Final = {
    c.CATEGORY_DIGIT: r"\d",
    c.CATEGORY_NOT_DIGIT: r"\D",
    c.CATEGORY_SPACE: r"\s",
    c.CATEGORY_NOT_SPACE: r"\S",
    c.CATEGORY_WORD: r"\w",
    c.CATEGORY_NOT_WORD: r"\W",
}


@dataclass(frozen=True)
class _Reader:
    """Python's tree of a pattern as nodes."""

    pattern: str
    alphabet: Alphabet

    def refusal(self, what: str) -> SettingsError:
        return SettingsError(
            f"the pattern {shortened(self.pattern)!r} has {what}, which no finite automaton can do; use characters, "
            "classes, groups, | and repetition"
        )

    def sequence(self, tree: Iterable[tuple[Any, Any]], fold: bool) -> Node:
        return tuple(self.node(operator, value, fold) for operator, value in tree)

    def node(self, operator: Any, value: Any, fold: bool) -> Node:
        if operator is c.LITERAL:
            return self.character(value, fold)
        if operator is c.NOT_LITERAL:
            return any_of(self.alphabet) - self.character(value, fold)
        if operator is c.ANY:
            return any_of(self.alphabet)
        if operator is c.IN:
            return self.members(value, fold)
        if operator is c.BRANCH:
            return Either(tuple(self.sequence(part, fold) for part in value[1]))
        if operator is c.SUBPATTERN:
            _, added, removed, part = value
            if (added | removed) & ~re.IGNORECASE:
                raise self.refusal("a flag other than i")
            return self.sequence(part, (fold or bool(added & re.IGNORECASE)) and not removed & re.IGNORECASE)
        if operator in (c.MAX_REPEAT, c.MIN_REPEAT):
            least, most, part = value
            return Repeat(self.sequence(part, fold), least, None if most is c.MAXREPEAT else most)
        raise self.refusal(_REFUSED.get(operator, str(operator)))

    def character(self, codepoint: int, fold: bool) -> frozenset[int]:
        found = [i for i in map(self.alphabet.characters.find, _cases(chr(codepoint), fold)) if i >= 0]
        if not found:
            _id_of(chr(codepoint), self.alphabet, f"the pattern {shortened(self.pattern)!r}", 0)
        return frozenset(i + 1 for i in found)

    def members(self, parts: Sequence[tuple[Any, Any]], fold: bool) -> frozenset[int]:
        """A class: single characters must be known; of ranges and categories those that are known are taken."""
        found: set[int] = set()
        for operator, value in parts:
            if operator is c.LITERAL:
                found |= self.character(value, fold)
            elif operator is c.RANGE:
                low, high = value
                found |= self._known(lambda x, low=low, high=high: low <= ord(x) <= high, fold)
            elif operator is c.CATEGORY:
                test = re.compile(_CATEGORIES[value])
                found |= self._known(lambda x, test=test: test.match(x) is not None, False)
        if parts[0][0] is c.NEGATE:
            return any_of(self.alphabet) - found
        if not found:
            raise SettingsError(
                f"the pattern {shortened(self.pattern)!r} has a class without any character that the model knows"
            )
        return frozenset(found)

    def _known(self, test: Any, fold: bool) -> set[int]:
        """Of a cluster its first code point says what it is."""
        return {i for i, x in enumerate(self.alphabet.names, start=1) if any(map(test, _cases(x[0], fold)))}


def _cases(character: str, fold: bool) -> set[str]:
    if not fold:
        return {character}
    cases = {x for x in (character, character.lower(), character.upper()) if len(x) == 1}
    return {*cases, *SMALL_SIGMAS} if CAPITAL_SIGMA in cases else cases


# -- from nodes to an automaton -----------------------------------------------------------------------------------


def compile_node(node: Node, alphabet: Alphabet, what: str) -> Dfa:
    """The automaton of a node, minimal; without states where nothing fits.

    Args:
        node: what fits.
        alphabet: the ids.
        what: for the message: "the pattern 'a*b'".

    Raises:
        SettingsError: the automaton would have too many states, or take too long to build.
    """
    builder = _Builder(what)
    try:
        nullable, first, last = builder.build(node)
    except RecursionError:
        raise SettingsError(f"{what} is nested too deeply", argument="match") from None
    return _determinised(builder, nullable, first, last, alphabet)


@dataclass
class _Builder:
    """Numbers the places of a node, and notes which place can follow which; sets of places are the bits of an int."""

    what: str
    symbols: list[frozenset[int]] = field(default_factory=list)
    follow: list[int] = field(default_factory=list)
    work: int = 0

    def spend(self, work: int) -> None:
        self.work += work
        if self.work > MAX_WORK or len(self.symbols) > MAX_PLACES:
            raise SettingsError(
                f"{self.what} is too large: written out it has more than {MAX_PLACES:,} characters, or takes too long"
            )

    def build(self, node: Node) -> tuple[bool, int, int]:
        """Whether it fits nothing at all, its first places, its last ones."""
        self.spend(4)
        if isinstance(node, frozenset):
            place = 1 << len(self.symbols)
            self.symbols.append(node)
            self.follow.append(0)
            return False, place, place
        if isinstance(node, tuple):
            return self._chain(node)
        if isinstance(node, Either):
            nullable, first, last = False, 0, 0
            for part in node.parts:
                empty, begin, end = self.build(part)
                nullable, first, last = nullable or empty, first | begin, last | end
            return nullable, first, last
        return self._repeated(node)

    def _chain(self, parts: Iterable[Node]) -> tuple[bool, int, int]:
        nullable, first, last = True, 0, 0
        for part in parts:
            empty, begin, end = self.build(part)
            self._link(last, begin)
            first = first | begin if nullable else first
            last = last | end if empty else end
            nullable = nullable and empty
        return nullable, first, last

    def _repeated(self, node: Repeat) -> tuple[bool, int, int]:
        """a{2,4} is a a (a (a)?)?; a{2,} is a a a*."""
        nullable, first, last = self._chain(node.part for _ in range(node.least))
        if node.most is None:
            _, begin, end = self.build(node.part)
            self._link(end, begin)
            self._link(last, begin)
            return nullable, first | begin if nullable else first, last | end
        before, begins = last, nullable  # what the next copy may follow, and whether nothing need stand before it
        for _ in range(node.most - node.least):
            empty, begin, end = self.build(node.part)
            self._link(before, begin)
            first = first | begin if begins else first
            last |= end
            before = before | end if empty else end
            begins = begins and empty
        return nullable, first, last

    def _link(self, places: int, to: int) -> None:
        self.spend(places.bit_count())
        for place in _bits(places):
            self.follow[place] |= to


def _bits(places: int) -> Iterable[int]:
    while places:
        lowest = places & -places
        yield lowest.bit_length() - 1
        places ^= lowest


def _determinised(builder: _Builder, nullable: bool, first: int, last: int, alphabet: Alphabet) -> Dfa:
    V = alphabet.size
    sets = list(dict.fromkeys(builder.symbols))
    signature = [0] * V  # which of the sets each symbol is in
    for number, members in enumerate(sets):
        for symbol in members:
            signature[symbol] |= 1 << number
    classes = list(dict.fromkeys(signature[1:]))
    class_of = np.array([0, *(classes.index(s) for s in signature[1:])], dtype=np.int64)
    places_of_set = [0] * len(sets)
    number_of = {members: number for number, members in enumerate(sets)}
    for place, members in enumerate(builder.symbols):
        places_of_set[number_of[members]] |= 1 << place
    fits = [0] * len(classes)
    for at, sign in enumerate(classes):
        for number in _bits(sign):
            fits[at] |= places_of_set[number]

    numbers = {0: 0}  # the start has read nothing, and is the only state that is in no place
    waiting = [(0, first)]
    accepting = [nullable]
    table: list[list[int]] = []
    for places, follow in waiting:
        for place in _bits(places):
            follow |= builder.follow[place]
        builder.spend(places.bit_count() + len(classes))
        row = []
        for mask in fits:
            reached = follow & mask
            if not reached:
                row.append(DEAD)
                continue
            if reached not in numbers:
                numbers[reached] = len(numbers)
                waiting.append((reached, 0))
                accepting.append(bool(reached & last))
                if len(numbers) > MAX_STATES:
                    raise SettingsError(
                        f"{builder.what} is too large: its automaton has more than {MAX_STATES:,} states"
                    )
            row.append(numbers[reached])
        table.append(row)
    return Dfa.of_classes(
        np.array(table, dtype=np.int64).reshape(len(table), len(classes)), np.array(accepting), class_of
    )
