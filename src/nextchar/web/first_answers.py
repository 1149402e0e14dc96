"""The answers that the pages ask for as they open, computed beforehand for the lists that the program begins with.

numpy, the library and the fits take a second and more; whoever opens a page should not wait for them. So what the page
asks first of makemore's names, or else of the names that ship, is in the package as the endpoints have answered it:
`python -m tools.first_answers` writes it, and a test asks the endpoints again. A page has its own in its HTML; all are
also given to whoever asks. Everything else, and every other list, is computed when it is asked for. Loads neither numpy
nor torch.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import anyio
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope

from nextchar.data.download import find
from nextchar.errors import NextcharError
from nextchar.lesson.languages import Language
from nextchar.models.registry import MODELS
from nextchar.web.lesson_documents import (
    chapter_document,
    pitfalls_document,
    quiz_document,
    site_document,
    torch_is_there,
)
from nextchar.web.requests import SECONDS_TO_SEND, chosen_language
from nextchar.web.responses import json_response

__all__ = ["LISTS", "NEED_TORCH", "FirstAnswers", "question", "shipped_answers"]

LISTS: Final = ("makemore-names", "names-2018")
LONGEST_BODY: Final = 1_000  # bytes; what the page asks as it opens is short
NEED_TORCH: Final = (  # or answer otherwise without
    "/api/net/",
    "/api/equivalence",
    "/api/inside/",
    "/api/names/list",
    "/api/text/transformer/",
)
_CHAPTER: Final = "/api/chapter/"
_MODELS: Final = "GET /api/models {}"
_TEXTS: Final = {"/api/pitfalls": pitfalls_document, "/api/quiz": quiz_document}


def question(method: str, path: str, values: Mapping[str, Any]) -> str:
    """A request as text, the same for all that ask for the same; the language is no part of it."""
    asked = {name: value for name, value in values.items() if name != "lang"}
    return f"{method} {path} {json.dumps(asked, sort_keys=True, ensure_ascii=False)}"


def shipped_answers(name: str) -> dict[str, Any]:
    """What ships for a list: its facts, the answers by question, and the questions by page."""
    content = files("nextchar.web").joinpath("answers", f"{name}.json.gz").read_bytes()
    document: dict[str, Any] = json.loads(gzip.decompress(content))
    return document


def _of_these_models(answers: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answers, without the table of models where the program has others than it was made with."""
    if _MODELS in answers:
        table = answers[_MODELS]
        measured = Counter(entry["model"] for entry in (*table["models"], *table["left_out"]))
        if measured != {row.name: len(row.candidates) for row in MODELS.values() if row.candidates and not row.timed}:
            return {key: answer for key, answer in answers.items() if key != _MODELS}
    return answers


class FirstAnswers:
    """What is known beforehand of the list that is in use at first.

    Args:
        document: as `shipped_answers` gives it.

    Attributes:
        fingerprint: of the list.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.fingerprint: str = document["data"]["fingerprint"]
        self._data: Mapping[str, Any] = document["data"]
        self._answers = _of_these_models(document["answers"])
        self._pages: Mapping[str, Sequence[str]] = document["pages"]
        self._posted = {key.split()[1] for key in self._answers if key.startswith("POST ")}

    @classmethod
    def of_default(cls, path: Path | None = None) -> FirstAnswers | None:
        """Those of `default_dataset`; None for a list that nothing is known of."""
        if path is not None:
            return None
        try:
            makemore = find("makemore-names")
        except NextcharError:  # whoever asks for numbers hears of it
            return None
        return cls(shipped_answers("names-2018" if makemore is None else "makemore-names"))

    def of_page(self, page: str, language: Language) -> list[dict[str, Any]]:
        """What a page asks as it opens, with the answers; for its scripts.

        Args:
            page: `door`, `names`, or the number of a chapter.
            language: of the chapter's texts.
        """
        found = []
        if page.isdecimal():
            for path, answer in (
                ("/api/site", site_document(language, self._data)),
                (f"{_CHAPTER}{page}", chapter_document(page, language, self._data)),
            ):
                found.append({"method": "GET", "path": path, "values": {}, "answer": answer})
        for key in self._pages.get(page, ()):
            method, path, values = key.split(" ", 2)
            if key in self._answers and (not path.startswith(NEED_TORCH) or torch_is_there()):
                one = {"method": method, "path": path, "values": json.loads(values)}
                found.append({**one, "answer": self._answers[key]})
        return found

    async def respond(self, scope: Scope, receive: Receive) -> tuple[Response | None, Receive]:
        """The answer to a request, where it is known, and what is left to read of the request."""
        path, method, headers = scope["path"], scope["method"], Headers(scope=scope)
        if headers.get("x-nextchar-list", self.fingerprint) != self.fingerprint:
            return None, receive
        if path.startswith(NEED_TORCH) and not torch_is_there():
            return None, receive
        values: Any = dict(Request(scope).query_params)
        language = chosen_language(values.get("lang"), headers.get("accept-language", ""))
        if method == "POST" and path in self._posted:
            body, receive = await _read_ahead(headers, receive)
            try:
                values = json.loads(body or b"-")
            except (ValueError, RecursionError):
                return None, receive
        elif method == "GET" and path == "/api/site":
            return json_response(await anyio.to_thread.run_sync(site_document, language, self._data)), receive
        elif method == "GET" and path in _TEXTS:
            return json_response(await anyio.to_thread.run_sync(_TEXTS[path], language)), receive
        elif method == "GET" and path.startswith(_CHAPTER):
            number = path.removeprefix(_CHAPTER)
            found = await anyio.to_thread.run_sync(chapter_document, number, language, self._data)
            return None if found is None else json_response(found), receive
        elif method != "GET":
            return None, receive
        answer = self._answers.get(question(method, path, values)) if isinstance(values, dict) else None
        return None if answer is None else json_response(answer), receive


async def _read_ahead(headers: Headers, receive: Receive) -> tuple[bytes | None, Receive]:
    """A short body, None where it is long or does not come, and a `receive` that gives all that was read once more."""
    length = headers.get("content-length", "")
    if not length.isdecimal() or len(length) > 4 or int(length) > LONGEST_BODY:
        return None, receive
    read: list[Message] = []
    complete = False
    with anyio.move_on_after(SECONDS_TO_SEND):
        while not complete:
            read.append(await receive())
            complete = not read[-1].get("more_body", False)
    body = b"".join(message.get("body", b"") for message in read) if complete else None

    async def again() -> Message:
        return read.pop(0) if read else await receive()

    return body, again
