"""The texts of the lesson in English and Chinese: chapters, quiz, and the words around them.

They are data files under `lesson/`. Two kinds of places are left open in them. `{items}` and the like are facts of the
data in use, filled in here; `{:count}` and the like are slots, which the page fills in. Code is never touched.

Importing this module loads neither torch nor numpy.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from nextchar.lesson.languages import LANGUAGES, Language

__all__ = [
    "Chapter",
    "ChapterSection",
    "Option",
    "Question",
    "Site",
    "Snippet",
    "chapter_numbers",
    "load_chapters",
    "load_door",
    "load_quiz",
    "load_site",
    "load_workbench",
]

LECTURE: Final = "https://www.youtube.com/watch?v=PaCmpygFfXo"  # the spelled-out intro to language modeling
_CHAPTER: Final = re.compile(r"[0-9]{2}\.toml")
_FACT: Final = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, kw_only=True)
class ChapterSection:
    """A part of a chapter in one language: a text with a figure.

    Attributes:
        id: the same in all languages; the page draws the figure of this name.
        heading: a few words.
        text: paragraphs parted by blank lines, with `code` and **strong**.
    """

    id: str
    heading: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Snippet:
    """A few lines of Python that do what a section shows.

    Attributes:
        id: of the section.
        code: runs as it stands in a folder where `names.txt` is the list in use.
        source: a file of the package, as in `models/ngram.py`.
        object: what is worth reading in it, as in `Counts.table`.
    """

    id: str
    code: str
    source: str
    object: str


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """A chapter in all languages.

    Attributes:
        slug: a word that names it.
        facts: the facts of the data that its texts name.
        titles: by language.
        goals: what it is for, in a sentence, by language.
        sections: by language.
        labels: the words of its figures, by language and key.
        snippets: the same in all languages.
    """

    slug: str
    facts: tuple[str, ...]
    titles: Mapping[Language, str]
    goals: Mapping[Language, str]
    sections: Mapping[Language, tuple[ChapterSection, ...]]
    labels: Mapping[Language, Mapping[str, str]]
    snippets: tuple[Snippet, ...]

    def document(self, language: Language, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The chapter in one language, its facts filled in.

        Raises:
            LookupError: a text names a fact that is not given.
        """

        def filled(text: str) -> str:
            return _FACT.sub(lambda place: _shown(self.slug, place[1], facts), text)

        return {
            "slug": self.slug,
            "title": filled(self.titles[language]),
            "goal": filled(self.goals[language]),
            "sections": [
                {"id": section.id, "heading": filled(section.heading), "text": filled(section.text)}
                for section in self.sections[language]
            ],
            "labels": {key: filled(text) for key, text in self.labels[language].items()},
            "snippets": [
                {"id": snippet.id, "code": snippet.code, "source": snippet.source, "object": snippet.object}
                for snippet in self.snippets
            ],
        }


def _shown(slug: str, name: str, facts: Mapping[str, Any]) -> str:
    """A fact as people read it: 32,033 and 2.4540."""
    if name not in facts:
        raise LookupError(f"chapter {slug}: there is no fact {name!r}")
    value = facts[name]
    if isinstance(value, float):
        return f"{value:,.4f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


@dataclass(frozen=True, kw_only=True)
class Option:
    """An answer that can be chosen, and why it is right or wrong."""

    text: str
    explanation: str


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question of the quiz in all languages.

    Attributes:
        id: a word that names it; the browser keeps answers under it.
        place: where the lecture video speaks of it, as in 6:49; empty where it does not.
        chapter: the number of the chapter that teaches it.
        answer: which option is right, from 0.
        questions: by language.
        options: by language, in the same order in all of them.
    """

    id: str
    place: str
    chapter: int
    answer: int
    questions: Mapping[Language, str]
    options: Mapping[Language, tuple[Option, ...]]

    def document(self, language: Language) -> dict[str, Any]:
        """The question in one language."""
        return {
            "id": self.id,
            "chapter": self.chapter,
            "video": self.place or None,
            "video_link": _at(self.place) if self.place else None,
            "question": self.questions[language],
            "options": [
                {"text": option.text, "correct": index == self.answer, "explanation": option.explanation}
                for index, option in enumerate(self.options[language])
            ],
        }


def _at(place: str) -> str:
    """The address of the lecture video at a place such as 1:07:54."""
    seconds = 0
    for part in place.split(":"):
        seconds = 60 * seconds + int(part)
    return f"{LECTURE}&t={seconds}s"


@dataclass(frozen=True, kw_only=True)
class Site:
    """The words around the chapters.

    Attributes:
        titles: the name of the lesson, by language.
        labels: by language and key.
    """

    titles: Mapping[Language, str]
    labels: Mapping[Language, Mapping[str, str]]

    def document(self, language: Language) -> dict[str, Any]:
        """The words in one language."""
        return {"title": self.titles[language], "labels": dict(self.labels[language])}


@cache
def chapter_numbers() -> tuple[int, ...]:
    """The numbers of the chapters, from 1: chapter 1 is the file chapters/01.toml."""
    folder = resources.files("nextchar") / "lesson" / "chapters"
    return tuple(sorted(int(entry.name[:2]) for entry in folder.iterdir() if _CHAPTER.fullmatch(entry.name)))


@cache
def load_chapters() -> tuple[Chapter, ...]:
    """The chapters, in order."""
    return tuple(_chapter(_read("chapters", f"{number:02}.toml")) for number in chapter_numbers())


@cache
def load_quiz() -> tuple[Question, ...]:
    """The questions of the quiz, in order."""
    return tuple(map(_question, _read("quiz.toml")["questions"]))


@cache
def load_site() -> Site:
    """The words around the chapters."""
    tables = _read("site.toml")
    return Site(
        titles={language: tables[language]["title"] for language in LANGUAGES},
        labels={language: tables[language]["labels"] for language in LANGUAGES},
    )


@cache
def load_door() -> Mapping[Language, Mapping[str, str]]:
    """The words of the landing page, by language and key."""
    tables = _read("door.toml")
    return {language: tables[language] for language in LANGUAGES}


@cache
def load_workbench() -> Mapping[Language, Mapping[str, str]]:
    """The words of the workbench, by language and key."""
    tables = _read("workbench.toml")
    return {language: tables[language] for language in LANGUAGES}


def _read(*place: str) -> dict[str, Any]:
    source = resources.files("nextchar").joinpath("lesson", *place)
    return tomllib.loads(source.read_text(encoding="utf-8"))


def _chapter(tables: Mapping[str, Any]) -> Chapter:
    return Chapter(
        slug=tables["slug"],
        facts=tuple(tables.get("facts", ())),
        titles={language: tables[language]["title"] for language in LANGUAGES},
        goals={language: tables[language]["goal"] for language in LANGUAGES},
        sections={
            language: tuple(
                ChapterSection(id=section["id"], heading=section["heading"], text=section["text"].strip())
                for section in tables[language]["sections"]
            )
            for language in LANGUAGES
        },
        labels={language: tables[language].get("labels", {}) for language in LANGUAGES},
        snippets=tuple(
            Snippet(id=snippet["id"], code=snippet["code"], source=snippet["source"], object=snippet["object"])
            for snippet in tables.get("snippets", ())
        ),
    )


def _question(tables: Mapping[str, Any]) -> Question:
    return Question(
        id=tables["id"],
        place=tables.get("place", ""),
        chapter=tables["chapter"],
        answer=tables["answer"],
        questions={language: tables[language]["question"].strip() for language in LANGUAGES},
        options={
            language: tuple(
                Option(text=option["text"].strip(), explanation=option["explanation"].strip())
                for option in tables[language]["options"]
            )
            for language in LANGUAGES
        },
    )
