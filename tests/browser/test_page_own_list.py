"""A list of one's own in place of the names: pasted or uploaded, Chinese too, and hostile."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import pytest

from nextchar.data.corpus import Corpus
from nextchar.models.ngram.model import Ngram

if TYPE_CHECKING:
    from tests.browser.conftest import Lesson

SURNAMES: Final = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何"
GIVEN: Final = ("伟", "芳", "娜", "秀英", "敏", "静", "丽", "强", "磊", "洋", "艳", "勇", "秀兰")
CHINESE: Final = [first + second for first in SURNAMES for second in GIVEN[::2]] + ["欧阳娜", "诸葛亮"]
HOSTILE: Final = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<b>bold</b>",
    "' OR 1=1 --",
    "$x^2$ &amp; `code` **strong** {items} {:count}",
    "a\tb\u202eright to left",
    "</main></body>",
]


def through(lesson: Lesson, language: str, last: int) -> None:
    """From chapter 1 on, each with its figures."""
    lesson.page.emulate_media(reduced_motion="reduce")  # chapter 7 then trains as fast as it can
    lesson.open(1, language)
    for chapter in range(1, last + 1):
        assert lesson.page.locator(".message.error").count() == 0, chapter
        assert lesson.at("train-diverged").count() == 0, chapter
        for section in lesson.get(f"chapter/{chapter}", lang=language)["sections"]:
            assert lesson.at(f"figure-{section['id']}").inner_text().strip(), (chapter, section["id"])
        assert lesson.page.locator("main script, main img, main b, .plot a").count() == 0
        if chapter < last:
            lesson.next(chapter + 1)


def test_a_chinese_list_pasted(lesson: Lesson) -> None:
    lesson.open(1, "zh")
    names = lesson.text("data-open")
    lesson.use("\n".join(CHINESE))
    corpus = Corpus.from_lines(CHINESE)
    assert lesson.number("list-count") == len(corpus)
    assert lesson.text("list-items").split() == CHINESE[:48]
    assert lesson.text("data-open") != names
    lesson.at("symbols-word").fill("李娜")
    lesson.wait_until("document.querySelectorAll('[data-testid=symbols-bigrams] li').length === 3")
    assert lesson.text("symbols-bigrams").split() == [".李", "李娜", "娜."]

    through(lesson, "zh", 8)

    lesson.open(5, "zh")
    lesson.at("own-word").fill("王娜")
    [score] = Ngram(order=2, add=0.0).fit(corpus).score(["王娜"])
    lesson.wait_until(
        "(text) => document.querySelector('[data-testid=own-nats]').textContent === text", f"{score.nats:.4f}"
    )
    lesson.at("data-open").click()
    lesson.at("data-reset").click()
    lesson.at("data-dialog").wait_for(state="detached")
    lesson.ready(5)
    assert lesson.text("data-open") == names
    assert lesson.text("anchor-uniform") == "3.2958"


def test_a_list_of_more_characters_than_tables_show(lesson: Lesson) -> None:
    lesson.open(1, "zh")
    lesson.use("\n".join(chr(0x4E00 + i) + chr(0x4E00 + 7 * i % 260) for i in range(260)))
    through(lesson, "zh", 8)
    assert "261" in lesson.text("smoothing-map-none")
    assert lesson.at("smoothing-nearest").count() == 0
    lesson.open(3, "zh")
    assert lesson.text("keepdim-stage").count("(3, 3)") == 2  # the steps are drawn for a small table, whatever the list
    assert "(261, 261)" in lesson.page.locator("#keepdim .prose").inner_text()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_list_uploaded_is_seen_by_its_visitor_only(visit: Callable[..., Lesson], encoding: str) -> None:
    lesson, other = visit(), visit()
    lesson.open(1)
    other.open(1)
    before = other.number("list-count")
    items = ["alpha", "beta", "gamma", "delta", "alphabet"] * 8
    lesson.at("data-open").click()
    lesson.at("data-file").set_input_files(
        {"name": "mine.txt", "mimeType": "text/plain", "buffer": "\r\n".join(items).encode(encoding)}
    )
    lesson.wait_until("document.querySelector('[data-testid=data-text]').value.includes('gamma')")
    lesson.at("data-use").press("Enter")
    lesson.at("data-dialog").wait_for(state="detached")
    lesson.ready(1)
    assert lesson.number("list-count") == 40
    other.open(1)
    assert other.number("list-count") == before


def test_a_list_that_is_refused(lesson: Lesson) -> None:
    lesson.open(1)
    before = lesson.number("list-count")
    lesson.watch.expected.append("status? (413|422|of 413|of 422)")
    many = "".join(map(chr, range(0x4E00, 0x4E00 + 2100)))
    lesson.at("data-open").click()
    for text in ("", "x" * 1001, f"{many[:900]}\n{many[900:1800]}\n{many[1800:]}"):
        lesson.at("data-text").fill(text)
        lesson.at("data-use").click()
        lesson.at("data-error").locator(".message.error").wait_for()
        assert len(lesson.text("data-error")) > 15
    lesson.page.keyboard.press("Escape")
    lesson.at("data-dialog").wait_for(state="detached")
    assert lesson.page.evaluate("document.activeElement.dataset.testid") == "data-open"
    lesson.page.reload()
    lesson.ready(1)
    assert lesson.number("list-count") == before


def test_hostile_items_are_text(lesson: Lesson) -> None:
    lesson.open(1)
    lesson.use("\n".join(HOSTILE * 3))
    shown = lesson.page.evaluate(
        "[...document.querySelectorAll('[data-testid=list-items] li')].map((item) => item.textContent)"
    )
    assert shown == HOSTILE * 3
    through(lesson, "en", 9)
    lesson.open(1)
    lesson.at("symbols-word").fill(HOSTILE[1])
    lesson.wait_until(
        f"document.querySelector('[data-testid=symbols-strip]').children.length === {len(HOSTILE[1]) + 2}"
    )
    lesson.open(2)
    lesson.at("word-input").fill("<b>bold</b>")
    lesson.wait_until("document.querySelectorAll('[data-testid=word-cells] tbody tr').length === 12")
    lesson.open(5)
    lesson.at("own-word").fill(HOSTILE[0])
    [score] = Ngram(order=2, add=0.0).fit(Corpus.from_lines(HOSTILE * 3)).score([HOSTILE[0]])
    lesson.wait_until(
        "(text) => document.querySelector('[data-testid=own-nats]').textContent === text", f"{score.nats:.4f}"
    )
