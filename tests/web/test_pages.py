"""The pages, and what is served as it lies in the package."""

from __future__ import annotations

from typing import Any

import pytest

from nextchar.lesson.texts import chapter_numbers


def test_every_chapter_has_its_address(client: Any) -> None:
    numbers = chapter_numbers()
    assert {client.get(f"/lesson/{number}").status_code for number in numbers} == {200}
    for number in (0, max(numbers) + 1, "01", "x", "１"):
        assert client.get(f"/lesson/{number}").status_code == 404


def test_the_door_is_in_the_visitors_language(client: Any) -> None:
    learn = {"en": ">Learn</a>", "zh": ">学习</a>"}
    for header, language in (("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("de, en;q=0.7, zh;q=0.3", "en"), ("xx;q=y", "en")):
        for path in ("/", "/names", "/lesson/1"):
            answer = client.get(path, headers={"accept-language": header})
            assert answer.status_code == 200
            assert learn[language] in answer.text
            assert answer.headers["vary"] == "Accept-Language"
    for language, other in (("en", "zh"), ("zh", "en")):
        text = client.get("/", params={"lang": language}, headers={"accept-language": other}).text
        assert learn[language] in text
        assert f'href="/names?lang={language}"' in text
        assert "{{" not in text
        assert {"en": f"{len(chapter_numbers())} short chapters", "zh": f"{len(chapter_numbers())} 个短章节"}[
            language
        ] in text
    assert client.get("/static/vendor/plotly-cartesian.min.js").status_code == 200


def test_an_address_where_nothing_is_names_the_chapters(client: Any) -> None:
    last = max(chapter_numbers())
    for path in (f"/lesson/{last + 1}", "/lesson/zwei", "/nowhere", "/lesson/<b>"):
        for language, words in (("en", f"The lesson has {last} chapters"), ("zh", f"课程共有 {last} 章")):
            answer = client.get(path, params={"lang": language})
            assert answer.status_code == 404
            assert words in answer.text
            assert "<b>" not in answer.text
            linked = [n for n in range(last + 3) if f'href="/lesson/{n}?lang={language}"' in answer.text]
            assert linked == list(chapter_numbers())
    assert client.get("/static/none.js").text == "There is nothing here.\n"


@pytest.mark.parametrize(("language", "words"), [("en", "Markov chain"), ("zh", "马尔可夫链")])
def test_the_glossary(client: Any, language: str, words: str) -> None:
    page = client.get("/glossary", params={"lang": language}).text
    assert f"<dt>{words}" in page
    assert '<div id="bigram">' in page
    assert f'href="/lesson/4?lang={language}#walk"' in page
    assert "{{" not in page
