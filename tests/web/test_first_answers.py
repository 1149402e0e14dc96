"""What the page asks as it opens is known beforehand: the same as the endpoints answer, and without the library."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from tests.web.conftest import Visitor, serving
from tools.first_answers import OF_THE_MACHINE, Asker, dataset, document

from nextchar.data.download import find
from nextchar.lesson.texts import chapter_numbers
from nextchar.web.first_answers import LISTS, NEED_TORCH, FirstAnswers, question, shipped_answers
from nextchar.web.lesson_documents import torch_is_there
from nextchar.web.server import Api, create_app

AGAIN: Final = "the answers that ship are others than the endpoints': python -m tools.first_answers"
SLOW: Final = (
    "/api/models",
    "/api/orders",
    "curve",
    "/api/net",
    "/api/equivalence",
    "/api/inside",
    '"n": ',
    '"add": 0.1',
)


def parts(key: str) -> tuple[str, str, dict[str, Any]]:
    """A question taken apart."""
    method, path, values = key.split(" ", 2)
    return method, path, json.loads(values)


def close(one: Any, other: Any) -> bool:
    """Whether two documents are the same but for the last digits of numbers."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(close(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(close, one, other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return bool(one == pytest.approx(other, rel=1e-6, abs=1e-9))
    return bool(one == other)


@cache
def asker(name: str) -> Asker:
    if find(name) is None:
        pytest.skip(f"{name} is not on this machine: NEXTCHAR_NAMES")
    return Asker(dataset(name))


@pytest.mark.parametrize("name", LISTS)
def test_the_endpoints_answer_the_same(name: str) -> None:
    """All that is computed at once; the others below."""
    ships, now = shipped_answers(name), asker(name)
    assert close(ships["data"], now.facts()), AGAIN
    for key, answer in ships["answers"].items():
        if not any(mark in key for mark in SLOW):
            assert close(answer, now.ask(*parts(key))), f"{AGAIN} ({key})"


@pytest.mark.slow
@pytest.mark.parametrize("name", LISTS)
def test_the_slow_endpoints_answer_the_same_too(name: str) -> None:
    pytest.importorskip("torch", reason="needs the extra neural")
    asker(name)
    ships, now = shipped_answers(name), document(name)
    assert ships["answers"].keys() == now["answers"].keys(), AGAIN
    for key, answer in ships["answers"].items():
        assert close(answer, now["answers"][key]), f"{AGAIN} ({key})"


def test_close_is_no_carte_blanche() -> None:
    assert close({"a": [1.0, "inf"]}, {"a": [1.0 + 1e-9, "inf"]})
    others: tuple[Any, ...] = ({"a": [1.001, "inf"]}, {"a": [1.0]}, {"b": []}, {"a": [1.0, 3.0]}, {"a": ["x", "inf"]})
    for other in others:
        assert not close({"a": [1.0, "inf"]}, other)


def test_no_time_of_another_machine_is_told() -> None:
    for name in LISTS:
        for answer in shipped_answers(name)["answers"].values():
            assert not set(OF_THE_MACHINE) & set(answer)


def test_the_door_and_the_chapters_open_without_numpy() -> None:
    """In a process of its own: nothing that is answered beforehand loads it."""
    code = """
import asyncio, json, sys
from nextchar.lesson.texts import chapter_numbers
from nextchar.web.first_answers import FirstAnswers, shipped_answers
first = FirstAnswers(shipped_answers("names-2018"))

async def ask(method, path, values):
    body = json.dumps(values).encode()
    query = "&".join(f"{k}={v}" for k, v in values.items()) if method == "GET" else ""
    headers = [(b"content-length", str(len(body)).encode())]
    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": headers}
    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}
    return (await first.respond(scope, receive))[0]

async def main():
    for number in chapter_numbers():
        for language in ("en", "zh"):
            assert (await ask("GET", f"/api/chapter/{number}", {"lang": language})).status_code == 200
    assert (await ask("GET", "/api/site", {})).status_code == 200
    assert (await ask("GET", "/api/door", {"seed": 1, "order": 2, "lang": "zh"})).status_code == 200
    assert (await ask("POST", "/api/door", {"text": "emma", "lang": "zh"})).status_code == 200
    assert await ask("POST", "/api/door", {"text": "emmy"}) is None

asyncio.run(main())
sys.exit(" ".join({"numpy", "torch", "numba"} & set(sys.modules)) or None)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


# -- in the server ----------------------------------------------------------------------------------------------------


@pytest.fixture
def without_library(monkeypatch: pytest.MonkeyPatch) -> Iterator[Visitor]:
    """A visitor of a server whose library never comes, on the names that ship."""
    monkeypatch.setenv("NEXTCHAR_NAMES", "")
    monkeypatch.setattr("nextchar.data.download.cached", lambda *_, **__: None)

    def never(_: Api) -> Any:
        raise AssertionError("the library is loaded")

    monkeypatch.setattr(Api, "load", never)
    monkeypatch.setattr("nextchar.web.server.warm_up", _nothing)
    with serving(create_app()) as address, Visitor(address) as client:
        yield client


async def _nothing(*_: Any) -> None:
    pass


def test_every_question_is_answered_before_the_library_is_there(without_library: Visitor) -> None:
    ships = shipped_answers("names-2018")
    headers = {"x-nextchar-list": ships["data"]["fingerprint"]}
    for language in ("en", "zh"):
        site = without_library.fetch("site", lang=language)
        assert len(site["chapters"]) == len(chapter_numbers())
        assert site["data"] == ships["data"]
        assert {"questions"} == set(without_library.fetch("quiz", lang=language))
        assert {"pitfalls"} == set(without_library.fetch("pitfalls", lang=language))
        for key, answer in ships["answers"].items():
            method, path, values = parts(key)
            if method == "GET":
                got = without_library.get(path, params={**values, "lang": language}, headers=headers)
            else:
                got = without_library.post(path, json={**values, "lang": language}, headers=headers)
            if path.startswith(NEED_TORCH) and not site["has_torch"]:
                continue
            assert got.json() == answer, key
            assert got.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b'{"text": "emma"', {}),
        (b"[]", {}),
        (b"", {}),
        (b"[" * 900, {}),
        (b'{"text": "emma", "more": 1}', {}),
        (b'{"text": "%s"}' % (b"a" * 2000), {}),
        (b'{"text": "emma"}', {"x-nextchar-list": "0" * 16}),
    ],
)
def test_what_is_not_known_beforehand_reaches_the_endpoint_whole(
    visitor: Callable[[str], Visitor], body: bytes, headers: dict[str, str]
) -> None:
    """The same answer as from a server that knows nothing beforehand."""
    answers = []
    for known in (True, False):
        with serving(create_app(first_answers=known)) as address, visitor(address) as client:
            answer = client.post("/api/door", content=body, headers=headers)
            answers.append((answer.status_code, answer.json()))
    assert answers[0] == answers[1]
    assert answers[0][0] in (200, 400, 410, 422)


def in_page(client: Visitor, path: str) -> Any:
    """What a page has beforehand."""
    [text] = re.findall(r'<script type="application/json" id="first">(.*?)</script>', client.get(path).text)
    return json.loads(text)


def test_a_page_has_what_its_scripts_ask_first(without_library: Visitor) -> None:
    for page, path in (
        ("door", "/?lang=zh"),
        ("names", "/names?lang=zh"),
        *((str(n), f"/lesson/{n}?lang=zh") for n in chapter_numbers()),
    ):
        entries = {
            (one["method"], one["path"], json.dumps(one["values"])): one for one in in_page(without_library, path)
        }
        texts = {key: entries.pop(key) for key in list(entries) if key[1].startswith(("/api/site", "/api/chapter"))}
        for one in texts.values():
            assert one["answer"] == without_library.fetch(one["path"].removeprefix("/api/"), lang="zh")
        assert len(texts) == (2 if page.isdecimal() else 0)
        ships = shipped_answers("names-2018")
        for one in entries.values():
            assert one["answer"] == ships["answers"][question(one["method"], one["path"], one["values"])]
        if entries and torch_is_there():
            assert len(entries) == len(ships["pages"][page])


def test_a_list_of_ones_own_is_asked_itself(visitor: Callable[[str], Visitor]) -> None:
    with serving(create_app()) as address, visitor(address) as client:
        before = client.fetch("counts")["total"]
        client.submit("data", text="ab\nba\n")
        assert client.fetch("counts")["total"] == 6  # two names of two letters, and an end each
        assert in_page(client, "/lesson/2") == []
        assert client.fetch("site")["data"]["own"] is True
        client.delete("/api/data")
        assert client.fetch("counts")["total"] == before


def test_nothing_is_known_of_another_file(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("anna\notto\n", encoding="utf-8")
    assert FirstAnswers.of_default(path) is None


def test_answers_about_another_list_are_dropped(
    monkeypatch: pytest.MonkeyPatch, visitor: Callable[[str], Visitor]
) -> None:
    """Should the names that ship be others than the answers are about, as in a package that someone has changed."""
    wrong = FirstAnswers(
        {"data": {"fingerprint": "f" * 16}, "pages": {}, "answers": {"GET /api/data {}": {"items": -1}}}
    )
    monkeypatch.setattr(FirstAnswers, "of_default", classmethod(lambda *_: wrong))
    app = create_app()
    with serving(app) as address, visitor(address) as client:
        app.state.api.load()
        assert client.fetch("data")["items"] > 0
