"""Names to one's taste: a model between wild and faithful, conditions as people put them, and what is near to a name.

People say "starts with ma", "sounds like the list", "written like the list". Here that becomes a `Constraint`; what
draws the names and what computes with them is the library's.

Two conditions come from the list itself, and hold for 99 of 100 of its names, so that a slip in it does not decide:
how letters are written (a capital where a word begins, none inside), and what can be pronounced: as many consonants in
a row as the list has, and no more.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from nextchar.core.constraint import Constraint
from nextchar.core.model import Model
from nextchar.core.plan import Plan
from nextchar.data.corpus import Corpus
from nextchar.data.display import one_line
from nextchar.data.edit_distance import nearest
from nextchar.errors import UnknownSymbolError
from nextchar.models.ngram.model import Ngram

__all__ = [
    "FAITHFULNESS",
    "ListFacts",
    "Named",
    "Scored",
    "Surprise",
    "Wanted",
    "consonants_in_a_row",
    "constraint_of",
    "described",
    "list_facts",
    "scored",
    "surprise_of",
    "writing_pattern",
]

FAITHFULNESS: Final = (
    Ngram(order=2, smoothing="kneser-ney"),
    Ngram(order=3, smoothing="kneser-ney"),
    Ngram(order=4, smoothing="modified-kneser-ney"),
    Ngram(order=5, smoothing="modified-kneser-ney"),
    Ngram(order=7, smoothing="witten-bell"),
)
"""From wild to faithful: the further a model looks back, and the less it smooths, the more it keeps to the list."""

NEARLY_ALL: Final = 0.99
VOWELS: Final = frozenset("aeiouyæœøəıаеёиоуыэюяіїєαεηιουω")
SOUNDS: Final = ("LATIN ", "CYRILLIC ", "GREEK ")  # the scripts whose letters stand for vowels and consonants
SCALE_DRAWS: Final = 400
SHOWN: Final = 12
SCALE: Final = (0.2, 0.4, 0.6, 0.8)  # the shares of names at which the next colour begins


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What people say of a name that they want.

    Attributes:
        starts: the beginning.
        contains: something inside.
        ends: the end.
        pattern: `_` stands for one letter and `*` for any, also none; between two slashes a regular expression.
        min_length: the least number of characters.
        max_length: the largest.
        pronounceable: no more consonants in a row than names of the list have.
    """

    starts: str = ""
    contains: str = ""
    ends: str = ""
    pattern: str = ""
    min_length: int | None = None
    max_length: int | None = None
    pronounceable: bool = False

    __repr__ = one_line


@dataclass(frozen=True, kw_only=True)
class Named:
    """A name that was written, and what there is to say of it.

    Attributes:
        text: the name.
        nats: -log p under the model.
        tone: how surprising it is among the model's own names of any length, per symbol: 0, 1, 2, 3 or 4.
        known: whether it is in the list.
        nearest: the name of the list with the fewest edits.
        edits: how many.
    """

    text: str
    nats: float
    tone: int
    known: bool
    nearest: str
    edits: int


@dataclass(frozen=True, kw_only=True)
class ListFacts:
    """A list at a glance.

    Attributes:
        names: how many different ones.
        characters: how many different ones.
        shortest: the least length that 99 of 100 names have, in characters.
        longest: the largest that 99 of 100 have.
        first: the first names.
    """

    names: int
    characters: int
    shortest: int
    longest: int
    first: tuple[str, ...]


def list_facts(corpus: Corpus) -> ListFacts:
    """What there is to say of a list without repeats."""
    low, high = np.quantile(corpus.lengths, (1 - NEARLY_ALL, NEARLY_ALL), method="nearest").tolist()
    return ListFacts(
        names=len(corpus),
        characters=len(corpus.alphabet.characters),
        shortest=low,
        longest=high,
        first=tuple(corpus[i] for i in range(min(len(corpus), SHOWN))),
    )


def constraint_of(corpus: Corpus, wanted: Wanted) -> Constraint:
    """The constraint that is meant; upper and lower case are as the list has them.

    Raises:
        BadValueError: the pattern cannot be read, or the lengths contradict each other; its `argument` says which.
        UnknownSymbolError: a character is not in the list.
    """
    match = []
    for before, text, after in (("", wanted.starts, ".*"), (".*", wanted.contains, ".*"), (".*", wanted.ends, "")):
        if text:
            match.append(_any_case(corpus, before + re.escape(_in_case(corpus, text)) + after))
    if wanted.pattern:
        match.append(_any_case(corpus, _pattern(corpus, wanted.pattern)))
    if wanted.pronounceable and (most := consonants_in_a_row(corpus)) is not None:
        letters = _class(c for c in corpus.alphabet.characters if _is_consonant(c))
        match.append(f"[{letters}]{{0,{most}}}(?:[^{letters}][{letters}]{{0,{most}}})*")
    if (written := writing_pattern(corpus)) is not None:
        match.append(written)
    return Constraint(match=match, min_length=wanted.min_length, max_length=wanted.max_length)


def _pattern(corpus: Corpus, text: str) -> str:
    if len(text) > 2 and text.startswith("/") and text.endswith("/"):
        return text[1:-1]
    signs = {"_": ".", "*": ".*"}
    return "".join(
        signs[part] if part in signs else re.escape(_in_case(corpus, part)) for part in re.split("([_*])", text)
    )


def _in_case(corpus: Corpus, text: str) -> str:
    """A text in the case of a list that has one case only; its characters have to be in the list.

    Raises:
        UnknownSymbolError: one is not.
    """
    characters = set(corpus.alphabet.characters)
    composed = unicodedata.normalize("NFC", text)
    text = text if characters.issuperset(text) else composed
    if not _has_both_cases(corpus):
        lower = any(c.islower() for c in characters)
        text = text.lower() if lower else text.upper() if any(c.isupper() for c in characters) else text
    for place, character in enumerate(text):
        if not characters & {character, character.lower(), character.upper()}:
            raise UnknownSymbolError(f"no name of the list has {character!r}", character=character, position=place)
    return text


def _has_both_cases(corpus: Corpus) -> bool:
    characters = corpus.alphabet.characters
    return any(c.isupper() for c in characters) and any(c.islower() for c in characters)


def _any_case(corpus: Corpus, pattern: str) -> str:
    return f"(?i){pattern}" if _has_both_cases(corpus) and not pattern.startswith("(?i)") else pattern


def writing_pattern(corpus: Corpus) -> str | None:
    """The regular expression of names that are written as those of the list; None where it has no capitals, or anyhow.

    Words begin with a capital or not, a name always with one, and inside of words there are none.
    """
    characters = corpus.alphabet.characters
    capitals = _class(c for c in characters if c.isupper())
    letters = _class(c for c in characters if c.isalpha() and not c.isupper())
    others = _class(c for c in characters if not c.isalpha())
    if not capitals or not letters:
        return None
    more = f"(?:[{others}]+[{capitals}]?[{letters}]*)*" if others else ""
    pattern = f"[{capitals}][{letters}]*{more}"
    fits = re.compile(pattern).fullmatch
    items = list(corpus)
    return pattern if sum(fits(item) is not None for item in items) >= NEARLY_ALL * len(items) else None


def consonants_in_a_row(corpus: Corpus) -> int | None:
    """How many consonants in a row 99 of 100 names of the list have at most; None where letters stand for neither."""
    letters = [c for c in corpus.alphabet.characters if _is_consonant(c)]
    if not letters or not any(_is_vowel(c) for c in corpus.alphabet.characters):
        return None
    runs = re.compile(f"[{_class(letters)}]+")
    longest = sorted(max(map(len, runs.findall(item)), default=0) for item in corpus)
    return longest[min(int(NEARLY_ALL * len(longest)), len(longest) - 1)]


def _is_consonant(character: str) -> bool:
    return _has_sound(character) and not _is_vowel(character)


def _is_vowel(character: str) -> bool:
    return _has_sound(character) and bool(VOWELS & set(unicodedata.normalize("NFD", character.lower())))


def _has_sound(character: str) -> bool:
    return character.isalpha() and unicodedata.name(character, "").startswith(SOUNDS)


def _class(characters: Iterable[str]) -> str:
    """Characters as the inside of a class: a-z where they follow each other."""
    codes = sorted(map(ord, characters))
    parts: list[str] = []
    first = 0
    for i in range(1, len(codes) + 1):
        if i < len(codes) and codes[i] == codes[i - 1] + 1:
            continue
        run = [re.escape(chr(code)) for code in codes[first:i]]
        parts.append(f"{run[0]}-{run[-1]}" if len(run) > 2 else "".join(run))
        first = i
    return "".join(parts)


@dataclass(frozen=True)
class Surprise:
    """What names that a model writes cost it, in nats per symbol.

    Attributes:
        steps: where each next tone begins: a fifth of the names has each.
        odd: what 99 of 100 of the names do not exceed.
    """

    steps: tuple[float, ...]
    odd: float


def surprise_of(model: Model) -> Surprise:
    """What is usual for the names that a model writes, from some of them."""
    drawn = model.draw(SCALE_DRAWS, Plan(seed=0)).corpus
    per_symbol = model.nats(drawn) / (drawn.lengths + 1)
    *steps, odd = np.quantile(per_symbol, (*SCALE, NEARLY_ALL)).tolist()
    return Surprise(tuple(steps), odd)


@dataclass(frozen=True, kw_only=True)
class Scored:
    """A name of a list that was scored.

    Attributes:
        text: the name.
        nats_per_symbol: what it costs; None where the model does not know one of its characters.
        odd: whether that is more than 99 of 100 names cost that the model writes.
        unknown: the first character that the model does not know.
    """

    text: str
    nats_per_symbol: float | None
    odd: bool
    unknown: str | None = None


def scored(model: Model, names: Iterable[str], usual: Surprise) -> list[Scored]:
    """Names from the most surprising to the least; those with unknown characters come first.

    Args:
        model: that judges.
        names: to score; blank ones are left out, and repeats.
        usual: as `surprise_of` gives it.
    """
    known_characters = set(model.alphabet.characters)
    texts = list(dict.fromkeys(text for name in names if (text := model.provenance.options.apply(name))))
    unknown = {text: next((c for c in text if c not in known_characters), None) for text in texts}
    known = [text for text in texts if unknown[text] is None]
    costs = (model.nats(known) / np.array([len(text) + 1 for text in known])).tolist() if known else []
    found = [
        Scored(text=text, nats_per_symbol=None, odd=True, unknown=c) for text, c in unknown.items() if c is not None
    ]
    order = sorted(zip(costs, known, strict=True), key=lambda pair: -pair[0])
    return found + [Scored(text=text, nats_per_symbol=cost, odd=cost > usual.odd) for cost, text in order]


def described(model: Model, corpus: Corpus, names: Sequence[str], usual: Surprise) -> list[Named]:
    """What there is to say of names that were written.

    Args:
        model: that wrote them.
        corpus: the list.
        names: to describe.
        usual: as `surprise_of` gives it.
    """
    if not names:
        return []
    nats = model.nats(names)
    per_symbol = nats / np.array([len(name) + 1 for name in names])
    tones = np.searchsorted(np.asarray(usual.steps), per_symbol, side="right")
    known = set(corpus)
    return [
        Named(text=name, nats=cost, tone=tone, known=name in known, nearest=near, edits=edits)
        for name, cost, tone, (near, edits) in zip(
            names, nats.tolist(), tones.tolist(), nearest(names, list(corpus)), strict=True
        )
    ]
