"""Chapters, pitfalls and quiz in both languages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

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
    assert [chapter["number"] for chapter in site["chapters"]] == list(range(1, 12))
    for number in range(1, 12):
        chapter = client.fetch(f"chapter/{number}", lang=language)
        for snippet in chapter["snippets"]:
            page, _, line = snippet["href"].partition("#")
            text = client.get(page).text
            assert f'id="{line}"' in text
    assert client.fetch("quiz", lang=language)["questions"]
    refused(client.get("/api/chapter/12"), 404, "no-chapter")
