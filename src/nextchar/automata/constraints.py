"""What items are wanted: begin so, end so, fit a pattern, have so many characters, are not taken.

Each wish is a finite automaton over the alphabet, and all of them together are their product, which is never built:
computations go through it state by state.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nextchar.automata.dfa import Dfa, lengths_between, nothing_of
from nextchar.automata.regex import Repeat, any_of, compile_node, literal, parse
from nextchar.data.alphabet import Alphabet
from nextchar.data.corpus import Corpus, TextOptions
from nextchar.data.display import shortened
from nextchar.errors import SettingsError

__all__ = ["Condition", "nothing_of_texts"]


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Wishes that an item has to meet, all of them.

    Attributes:
        match: regular expressions that the whole item fits; see `patterns` for what they may have.
        prefix: what it starts with.
        suffix: what it ends with.
        contains: texts that it has somewhere.
        allowed: the only characters that it may have; None for all.
        not_in: items that it is not one of; the empty text is the empty item.
        min_length: the least number of characters.
        max_length: the largest number of characters.

    Raises:
        SettingsError: a wish is out of its range, or two contradict each other.
    """

    match: tuple[str, ...] = ()
    prefix: str = ""
    suffix: str = ""
    contains: tuple[str, ...] = ()
    allowed: str | None = None
    not_in: tuple[str, ...] = ()
    min_length: int = 0
    max_length: int | None = None

    def __post_init__(self) -> None:
        for name in ("match", "contains", "not_in"):
            if isinstance(getattr(self, name), str):
                raise SettingsError(
                    f"{name} takes a list of texts, for example [{getattr(self, name)!r}], not one text"
                )
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.min_length < 0:
            raise SettingsError(f"min-length is at least 0, not {self.min_length}")
        if self.max_length is not None and self.max_length < self.min_length:
            raise SettingsError(f"min-length {self.min_length} is above max-length {self.max_length}")
        for name, texts in (("prefix", [self.prefix]), ("suffix", [self.suffix]), ("contains", self.contains)):
            for text in texts:
                if set(text) & set("\n\r\0"):
                    raise SettingsError(f"{name} {text!r}: an item holds no line ends and no NUL characters")
                if self.max_length is not None and len(text) > self.max_length:
                    raise SettingsError(f"{name} {text!r} is longer than max-length {self.max_length}")

    def automata(self, alphabet: Alphabet, options: TextOptions) -> list[Dfa]:
        """One automaton a wish, over the ids of an alphabet.

        Args:
            alphabet: of the model.
            options: what the model does to text; it is done to the wishes too, but blanks at the ends stay.

        Raises:
            SettingsError: a pattern cannot be read, or is too large; a wish is one that no item can meet.
            UnknownSymbolError: a wish needs a character that the model does not know.
        """
        anything = Repeat(any_of(alphabet), 0, None)
        found: list[tuple[str, Dfa]] = []
        for pattern in self.match:
            what = f"the pattern {shortened(pattern)!r}"
            found.append((what, compile_node(parse(pattern, alphabet, options), alphabet, what)))
        if self.prefix:
            what = f"the prefix {shortened(self.prefix)!r}"
            node = (*literal(self.prefix, alphabet, options, what), anything)
            found.append((what, compile_node(node, alphabet, what)))
        if self.suffix:
            what = f"the suffix {shortened(self.suffix)!r}"
            node = (anything, *literal(self.suffix, alphabet, options, what))
            found.append((what, compile_node(node, alphabet, what)))
        for text in self.contains:
            what = f"the text {shortened(text)!r} to contain"
            node = (anything, *literal(text, alphabet, options, what), anything)
            found.append((what, compile_node(node, alphabet, what)))
        if self.allowed is not None:
            what = f"the allowed characters {shortened(self.allowed)!r}"
            members = frozenset[int]().union(*literal(self.allowed, alphabet, options, what))
            found.append((what, compile_node(Repeat(members, 0, None), alphabet, what)))
        if self.not_in:
            found.append(("the list of items not to be in", nothing_of_texts(self.not_in, alphabet, options)))
        if self.min_length or self.max_length is not None:
            found.append(("the length", lengths_between(self.min_length, self.max_length)))
        for what, automaton in found:
            if not automaton.size:
                raise SettingsError(f"nothing fits {what}")
        return [automaton for _, automaton in found]


def nothing_of_texts(items: Iterable[str], alphabet: Alphabet, options: TextOptions) -> Dfa:
    """All items but these; those with characters that the model does not know are none of its items anyway.

    The empty item is an item like any other, and is left out where it is listed.
    """
    known = set(alphabet.characters)
    texts = {text for item in items if known.issuperset(text := options.apply(item))}
    written = sorted(texts - {""})
    if not written:
        return lengths_between(1 if "" in texts else 0, None)
    corpus = Corpus.from_items(written, options=TextOptions(strip=False), alphabet=alphabet)
    return nothing_of(corpus, nor_empty="" in texts)
