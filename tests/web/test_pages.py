"""The first page, and what is served as it lies in the package."""

from __future__ import annotations

from typing import Any

from nextchar.lesson.texts import chapter_numbers


def test_every_chapter_has_its_address(client: Any) -> None:
    numbers = chapter_numbers()
    assert {client.get(f"/lesson/{number}").status_code for number in numbers} == {200}
    for number in (0, max(numbers) + 1, "01", "x", "１"):
        assert client.get(f"/lesson/{number}").status_code == 404


def test_home_goes_to_the_first_chapter(client: Any) -> None:
    for header, language in (("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("de, en;q=0.7, zh;q=0.3", "en"), ("xx;q=y", "en")):
        answer = client.get("/", headers={"accept-language": header})
        assert answer.headers["location"] == f"/lesson/1?lang={language}"
    assert client.get("/", params={"lang": "zh"}).headers["location"] == "/lesson/1?lang=zh"
    assert client.get("/static/vendor/plotly.min.js").status_code == 200
