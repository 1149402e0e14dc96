"""Each term of the glossary is linked once in each language, where its chapter first uses it."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from nextchar.lesson.glossary import load_glossary
from nextchar.lesson.languages import LANGUAGES, Language
from nextchar.lesson.texts import load_chapters

LINK = re.compile(r"\[([^\]`]+)\]\(#([a-z0-9-]+)\)")
CJK = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_term_is_linked_once_where_it_is_first_used(language: Language) -> None:
    places = [
        (term, number, section.id)
        for number, chapter in enumerate(load_chapters(), start=1)
        for section in chapter.sections[language]
        for _, term in LINK.findall(section.text)
    ]
    assert max(Counter(term for term, _, _ in places).values()) == 1
    assert places == [(term.id, term.chapter, term.section) for term in load_glossary()]


def test_terms_are_whole_in_both_languages() -> None:
    terms = load_glossary()
    assert len({term.id for term in terms}) == len(terms) >= 20
    for term in terms:
        assert re.fullmatch(r"[a-z0-9-]+", term.id)
        assert CJK.search(term.texts["zh"])
        assert not CJK.search(term.terms["en"] + term.texts["en"])


@pytest.mark.parametrize(
    ("wanted", "unwanted"),
    [
        ("二元组", "字符对"),
        ("二元模型", "字符对模型"),
        ("负对数似然", "负对数概率"),
        ("交叉熵", "交叉商"),
        ("L2 正则化", "贴合"),
        ("独热编码", "独热的一行"),
        ("颜色越亮", "颜色越强"),
        ("没见过", "没数过"),
        ("n 元模型", "n 阶"),
    ],
)
def test_the_terms_of_the_field_throughout(wanted: str, unwanted: str) -> None:
    text = "".join(section.text for chapter in load_chapters() for section in chapter.sections["zh"])
    text += "".join(label for chapter in load_chapters() for label in chapter.labels["zh"].values())
    assert wanted in text
    assert unwanted not in text


def test_no_blanks_around_names_that_are_filled_in() -> None:
    for chapter in load_chapters():
        texts = [*(section.text for section in chapter.sections["zh"]), *chapter.labels["zh"].values()]
        for text in texts:
            assert not re.search(r"[\u4e00-\u9fff] \{:?(data_name|name|item|symbol|character)\}", text), text
            assert not re.search(r"\{:?(data_name|name|item|symbol|character)\} [\u4e00-\u9fff]", text), text
