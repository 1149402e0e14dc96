"""The glossary of the lesson: the terms of the field in both languages, and where a text first uses each.

They are data, `lesson/glossary.toml`. Importing this module loads neither torch nor numpy.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from nextchar.lesson.languages import LANGUAGES, Language

__all__ = ["Term", "load_glossary"]


@dataclass(frozen=True, kw_only=True)
class Term:
    """A term in all languages.

    Attributes:
        id: a word that names it; texts link to it.
        chapter: the number of the chapter that uses it first.
        section: of that chapter.
        terms: the term, by language.
        texts: what it means, by language; with `code`.
    """

    id: str
    chapter: int
    section: str
    terms: Mapping[Language, str]
    texts: Mapping[Language, str]


@cache
def load_glossary() -> tuple[Term, ...]:
    """The terms, in the order of their first use."""
    source = resources.files("nextchar").joinpath("lesson", "glossary.toml")
    return tuple(
        Term(
            id=table["id"],
            chapter=table["chapter"],
            section=table["section"],
            terms={language: table[language]["term"] for language in LANGUAGES},
            texts={language: table[language]["text"] for language in LANGUAGES},
        )
        for table in tomllib.loads(source.read_text(encoding="utf-8"))["terms"]
    )
