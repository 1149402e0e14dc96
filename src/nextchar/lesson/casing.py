"""A word in the letters of a list: whoever types "Emma" or "EMMA" means the list's "emma".

A list has its own way with capitals. Where it has no capitals at all a model cannot know any; where each word begins
with one, a word typed all in small letters is meant to.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from nextchar.data.corpus import Corpus

__all__ = ["Casing", "as_listed", "casing_of"]

Casing = Literal["title", "as-written"]

LOOKED_AT: Final = 2_000  # items that tell how a list writes its names
MOSTLY: Final = 0.9
_WORD: Final = re.compile(r"[^\s-]+")


def casing_of(corpus: Corpus) -> Casing:
    """Whether the words of a list begin with a capital and go on in small letters, nine times in ten."""
    if not any(character.isupper() for character in corpus.alphabet.characters):
        return "as-written"
    items = [corpus[i] for i in range(min(LOOKED_AT, len(corpus)))]
    cased = [item for item in items if item.lower() != item.upper()]
    titled = sum(item == _titled(item) for item in cased)
    return "title" if cased and titled >= MOSTLY * len(cased) else "as-written"


def as_listed(text: str, corpus: Corpus, casing: Casing) -> str:
    """A word as the list would write it; as it is where the list knows its letters so.

    Examples:
        >>> corpus = Corpus.from_items(["emma", "ava"])
        >>> as_listed("EmmA", corpus, casing_of(corpus))
        'emma'
    """
    text = corpus.options.apply(text)
    if casing == "title" and text in (text.lower(), text.upper()):
        text = _titled(text)
    known = set(corpus.alphabet.characters)
    return "".join(_known_form(character, known) for character in text)


def _titled(text: str) -> str:
    return _WORD.sub(lambda word: word[0][0].upper() + word[0][1:].lower(), text)


def _known_form(character: str, known: set[str]) -> str:
    """The character, or its small or capital form where the list has only that."""
    if character in known:
        return character
    return next((other for other in (character.lower(), character.upper()) if other in known), character)
