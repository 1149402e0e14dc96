"""What the chapters ask: a guess before a figure shows the answer, and a few questions after the chapter.

They are data, `lesson/predictions.toml` and `lesson/checks.toml`. Importing this module loads neither torch nor numpy.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from nextchar.lesson.languages import LANGUAGES, Language

__all__ = ["Asked", "AskedWords", "load_checks", "load_predictions"]


@dataclass(frozen=True, kw_only=True)
class AskedWords:
    """A question in one language.

    Attributes:
        question: what is asked.
        options: what can be chosen; empty where the figure says what there is.
        explanation: why the right one is right, shown after the choice.
    """

    question: str
    options: tuple[str, ...]
    explanation: str


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question of a chapter in all languages.

    Attributes:
        chapter: its number.
        id: a word that names it within the chapter; of a prediction, the section whose figure answers it.
        answer: which option is right, from 0; None where that depends on the list in use.
        veil: whether the figure would give the answer away, and is to be veiled until there is a guess.
        tells: which paragraphs of the section's text give it away, from 0; they are veiled, too.
        words: by language.
    """

    chapter: int
    id: str
    answer: int | None
    veil: bool
    tells: tuple[int, ...]
    words: Mapping[Language, AskedWords]

    def document(self, language: Language) -> dict[str, Any]:
        """The question in one language."""
        words = self.words[language]
        return {
            "id": self.id,
            "answer": self.answer,
            "veil": self.veil,
            "tells": list(self.tells),
            "question": words.question,
            "options": list(words.options),
            "explanation": words.explanation,
        }


@cache
def load_predictions() -> tuple[Asked, ...]:
    """What is to be guessed before a figure, in order."""
    return tuple(_asked(table, table["section"]) for table in _read("predictions"))


@cache
def load_checks() -> tuple[Asked, ...]:
    """The questions after the chapters, in order."""
    return tuple(_asked(table, table["id"]) for table in _read("checks"))


def _read(name: str) -> list[dict[str, Any]]:
    source = resources.files("nextchar").joinpath("lesson", f"{name}.toml")
    tables: list[dict[str, Any]] = tomllib.loads(source.read_text(encoding="utf-8"))[name]
    return tables


def _asked(table: Mapping[str, Any], name: str) -> Asked:
    words = {
        language: AskedWords(
            question=table[language]["question"],
            options=tuple(table[language].get("options", ())),
            explanation=table[language]["explanation"],
        )
        for language in LANGUAGES
    }
    return Asked(
        chapter=table["chapter"],
        id=name,
        answer=table.get("answer"),
        veil=table.get("veil", False),
        tells=tuple(table.get("tells", ())),
        words=words,
    )
