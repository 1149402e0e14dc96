"""Chapters, pitfalls and quiz in both languages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nextchar.lesson.texts import chapter_numbers

Refused = Callable[[Any, int, str], str]


def test_pitfalls(client: Any, torch: Any, refused: Refused) -> None:
    listed = client.fetch("pitfalls", lang="zh")["pitfalls"]
    assert [entry["letter"] for entry in listed] == [chr(ord("a") + i) for i in range(26)]
    seen = client.submit("pitfalls/j", lang="en")
    assert "columns tensor([1., 1., 1.])" in seen["wrong"]["stdout"]
    assert "rows    tensor([1., 1., 1.])" in seen["right"]["stdout"]
    assert client.submit("pitfalls/a")["wrong"]["error"] == "IndexError: string index out of range"
    refused(client.post("/api/pitfalls/A", json={}), 404, "no-pitfall")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_lesson(client: Any, language: str, refused: Refused) -> None:
    pytest.importorskip("nextchar.lesson.texts")
    site = client.fetch("site", lang=language)
    assert [chapter["number"] for chapter in site["chapters"]] == list(chapter_numbers())
    for number in chapter_numbers():
        chapter = client.fetch(f"chapter/{number}", lang=language)
        for snippet in chapter["snippets"]:
            page, _, line = snippet["href"].partition("#")
            text = client.get(page).text
            assert f'id="{line}"' in text
    assert client.fetch("quiz", lang=language)["questions"]
    refused(client.get(f"/api/chapter/{max(chapter_numbers()) + 1}"), 404, "no-chapter")


def test_code_is_run_as_it_is_shown(client: Any, refused: Refused) -> None:
    assert client.submit("data", text="ada\nbob\nada\n")["own"]
    assert client.fetch("data/file") == {"name": "names.txt", "text": "ada\nbob\nada\n"}
    [code] = [s["code"] for s in client.fetch("chapter/1")["snippets"] if s["id"] == "list"]
    assert 'nextchar.Corpus.from_file("names.txt")' in code
    done = client.submit("chapter/1/code/list")
    # 3 names of 3 characters and one end each: 12
    assert done["output"] == "3 names, 2 of them different\n12 symbols to predict\n['ada', 'bob', 'ada']\n"
    assert done["error"] is None
    for place in ("1/code/nothing", "99/code/list", "01/code/list", "1/code/..%2flist"):
        answer = client.post(f"/api/chapter/{place}", json={"code": "print(1)"})
        assert answer.status_code == 404, place
    refused(client.post("/api/chapter/1/code/nothing", json={}), 404, "no-snippet")
    client.delete("/api/data")
