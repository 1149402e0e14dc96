"""The lesson's texts as the page gets them, with the facts of a list filled in. Loads neither numpy nor torch."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Any

from nextchar.lesson.asking import load_checks, load_predictions
from nextchar.lesson.languages import Language
from nextchar.lesson.pitfalls import load_pitfalls
from nextchar.lesson.texts import load_chapters, load_quiz, load_site
from nextchar.web.pages import source_link

__all__ = [
    "chapter_document", "load_texts", "pitfalls_document", "quiz_document", "site_document", "torch_is_there",
]  # fmt: skip


def load_texts() -> None:
    """Read all texts and find what they link to, so that whoever asks for a chapter does not wait for it."""
    load_site()
    for chapter in load_chapters():
        for snippet in chapter.snippets:
            source_link(snippet.source, snippet.object)
    load_predictions()
    load_checks()


def torch_is_there() -> bool:
    """Whether PyTorch is installed; it is not loaded for that."""
    return importlib.util.find_spec("torch") is not None


def site_document(language: Language, data: Mapping[str, Any]) -> dict[str, Any]:
    """The words around the chapters, the list of chapters, and what is in use.

    Args:
        language: of the words.
        data: the facts of the list, its name, its fingerprint, and whether it is the visitor's own.
    """
    chapters = [chapter.document(language, data) for chapter in load_chapters()]
    return {
        **load_site().document(language),
        "chapters": [
            {"number": number, "slug": chapter["slug"], "title": chapter["title"]}
            for number, chapter in enumerate(chapters, start=1)
        ],
        "data": dict(data),
        "has_torch": torch_is_there(),
    }


def chapter_document(number: str, language: Language, data: Mapping[str, Any]) -> dict[str, Any] | None:
    """One chapter, with what it asks; None where there is none of that number.

    Args:
        number: as the address has it.
        language: of the texts.
        data: the facts of the list, with its name.
    """
    chapters = {str(number): chapter for number, chapter in enumerate(load_chapters(), start=1)}
    if number not in chapters:
        return None
    document = chapters[number].document(language, data)
    for snippet in document["snippets"]:
        snippet["href"] = source_link(snippet["source"], snippet["object"])
    asked = {
        name: [entry.document(language) for entry in entries if entry.chapter == int(number)]
        for name, entries in (("predictions", load_predictions()), ("checks", load_checks()))
    }
    return {"number": int(number), **document, **asked}


def pitfalls_document(language: Language) -> dict[str, Any]:
    """All pitfalls; nothing is run."""
    return {
        "pitfalls": [
            {
                "letter": entry.letter,
                "title": entry.title.text(language),
                "wrong": {"code": entry.wrong},
                "right": {"code": entry.right},
                "why": entry.why.text(language),
                "mistake": entry.mistake,
                "today": entry.today.text(language) if entry.today else None,
            }
            for entry in load_pitfalls()
        ]
    }


def quiz_document(language: Language) -> dict[str, Any]:
    """The questions with their options and explanations."""
    return {"questions": [question.document(language) for question in load_quiz()]}
