"""The lesson's texts, the pitfall lab and the quiz, as the page asks for them."""

from __future__ import annotations

import importlib.util
from typing import Any, Final

from nextchar.lesson.pitfalls import load_pitfalls, run
from nextchar.web.json_views import facts
from nextchar.web.pages import source_link
from nextchar.web.requests import RefusedError
from nextchar.web.runner import Ask, Endpoint

__all__ = ["ENDPOINTS", "chapter", "pitfalls", "quiz", "run_pitfall", "site"]


def site(ask: Ask) -> Any:
    """The words around the chapters, the list of chapters, and what is in use."""
    from nextchar.lesson.texts import load_chapters, load_site

    chapters = [
        chapter.document(ask.language, facts(ask.stock, ask.data, ask.data_name)) for chapter in load_chapters()
    ]
    return {
        **load_site().document(ask.language),
        "chapters": [
            {"number": number, "slug": chapter["slug"], "title": chapter["title"]}
            for number, chapter in enumerate(chapters, start=1)
        ],
        "data": {"own": ask.data.own, **facts(ask.stock, ask.data, ask.data_name)},
        "has_torch": importlib.util.find_spec("torch") is not None,
    }


def chapter(ask: Ask) -> Any:
    """One chapter."""
    from nextchar.lesson.texts import load_chapters

    chapters = {str(number): chapter for number, chapter in enumerate(load_chapters(), start=1)}
    number = ask.place["number"]
    if number not in chapters:
        raise RefusedError(404, "no-chapter", "There is no such chapter.", "没有这一章。")
    document = chapters[number].document(ask.language, facts(ask.stock, ask.data, ask.data_name))
    for snippet in document["snippets"]:
        snippet["href"] = source_link(snippet["source"], snippet["object"])
    return {"number": int(number), **document}


def pitfalls(ask: Ask) -> Any:
    """All pitfalls; nothing is run."""
    return {
        "pitfalls": [
            {
                "letter": entry.letter,
                "title": entry.title.text(ask.language),
                "wrong": {"code": entry.wrong},
                "right": {"code": entry.right},
                "why": entry.why.text(ask.language),
                "today": entry.today.text(ask.language) if entry.today else None,
            }
            for entry in load_pitfalls()
        ]
    }


def run_pitfall(ask: Ask) -> Any:
    """One pitfall, wrong and right, run now on names of the letters a to z."""
    for entry in load_pitfalls():
        if entry.letter == ask.place["letter"]:
            name, words = ask.stock.plain_words()
            return {**run(entry, words).document(ask.language), "data": name}
    raise RefusedError(404, "no-pitfall", "There is no such pitfall.", "没有这个陷阱。")


def quiz(ask: Ask) -> Any:
    """The questions with their options and explanations."""
    from nextchar.lesson.texts import load_quiz

    return {"questions": [question.document(ask.language) for question in load_quiz()]}


ENDPOINTS: Final = (
    Endpoint(method="GET", path="/api/site", answer=site),
    Endpoint(method="GET", path="/api/chapter/{number}", answer=chapter),
    Endpoint(method="GET", path="/api/pitfalls", answer=pitfalls),
    Endpoint(method="POST", path="/api/pitfalls/{letter}", answer=run_pitfall, work="pitfall"),
    Endpoint(method="GET", path="/api/quiz", answer=quiz),
)
