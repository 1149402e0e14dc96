"""The lesson's texts, the pitfall lab and the quiz, as the page asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from nextchar.lesson.messages import message
from nextchar.lesson.pitfalls import load_pitfalls, run
from nextchar.lesson.snippets import run_code
from nextchar.web.dispatcher import ApiCall, Endpoint
from nextchar.web.lesson_documents import chapter_document, pitfalls_document, quiz_document, site_document
from nextchar.web.request_errors import RequestError

__all__ = ["ENDPOINTS", "chapter", "doing", "facts_of", "pitfalls", "quiz", "run_pitfall", "run_snippet", "site"]

DOING: Final[Mapping[str, str]] = {  # how what is being made is named to people
    "counts": "doing.counts",
    "table": "doing.table",
    "rows": "doing.rows",
    "ngram": "doing.ngram",
    "optimum": "doing.optimum",
    "map": "doing.map",
    "curve": "doing.curve",
    "orders": "doing.orders",
    "models": "doing.models",
}


def facts_of(call: ApiCall) -> dict[str, Any]:
    """What the texts say of the list in use, and which one it is."""
    about = {"own": call.data.own, "fingerprint": call.data.fingerprint, "data_name": call.data_name}
    return {**about, **call.cache.facts(call.data)}


def site(call: ApiCall) -> Any:
    """The words around the chapters, the list of chapters, and what is in use."""
    return site_document(call.language, facts_of(call))


def chapter(call: ApiCall) -> Any:
    """One chapter, with what it asks."""
    document = chapter_document(call.place["number"], call.language, facts_of(call))
    if document is None:
        raise RequestError(404, "no-chapter")
    return document


def doing(call: ApiCall) -> Any:
    """What a visitor waits for: the work on the list in use that goes on right now."""
    return {
        "doing": [
            {"what": message(DOING.get(kind, "doing.other"), call.language), "seconds": seconds}
            for kind, seconds in call.cache.doing(call.data)
        ]
    }


def pitfalls(call: ApiCall) -> Any:
    """All pitfalls; nothing is run."""
    return pitfalls_document(call.language)


def run_pitfall(call: ApiCall) -> Any:
    """One pitfall, wrong and right, run now on names of the letters a to z."""
    for entry in load_pitfalls():
        if entry.letter == call.place["letter"]:
            name, words = call.cache.plain_words()
            return {**run(entry, words).document(call.language), "data": name}
    raise RequestError(404, "no-pitfall")


def run_snippet(call: ApiCall) -> Any:
    """One of the snippets that the chapters show, run now on the list in use."""
    from nextchar.lesson.texts import load_chapters

    for number, chapter in enumerate(load_chapters(), start=1):
        for snippet in chapter.snippets:
            if (str(number), snippet.id) == (call.place["number"], call.place["id"]):
                return asdict(run_code(snippet.code, call.data.corpus))
    raise RequestError(404, "no-snippet")


def quiz(call: ApiCall) -> Any:
    """The questions with their options and explanations."""
    return quiz_document(call.language)


ENDPOINTS: Final = (
    Endpoint(method="GET", path="/api/site", answer=site),
    Endpoint(method="GET", path="/api/chapter/{number}", answer=chapter),
    Endpoint(method="GET", path="/api/doing", answer=doing, work="asides"),
    Endpoint(method="GET", path="/api/pitfalls", answer=pitfalls),
    Endpoint(method="POST", path="/api/pitfalls/{letter}", answer=run_pitfall, work="pitfall"),
    Endpoint(method="POST", path="/api/chapter/{number}/code/{id}", answer=run_snippet, work="snippet"),
    Endpoint(method="GET", path="/api/quiz", answer=quiz),
)
