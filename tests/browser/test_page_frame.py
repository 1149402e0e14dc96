"""Every chapter in both languages, and what is around the chapters: addresses, languages, the way through them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

import pytest

from nextchar.lesson.texts import chapter_numbers

if TYPE_CHECKING:
    from tests.browser.conftest import Lesson

CHAPTERS: Final = chapter_numbers()
LANGUAGES: Final = ("en", "zh")
PHONE: Final = {"width": 390, "height": 844}
HAN: Final = re.compile(r"[\u4e00-\u9fff]")
KEY: Final = re.compile(r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b")  # the name of a label, where its text should be
SLOT: Final = re.compile(r"\{:?\w+\}")
ENGLISH: Final = re.compile(r"[A-Za-z]{3,}[,.:;]? [A-Za-z]{3,}")  # two words
GLOSS: Final = re.compile(r"（[A-Za-z -]+）")  # a term's English name, behind the link of the Chinese one
# Texts that people read: not code, not items of the data, not what a program printed.
READ: Final = """
    () => {
      const skip = "code, pre, script, .symbol, .items, .game-item, .late-mark, [lang]:not(html), option";
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const texts = [];
      while (walker.nextNode()) {
        const { parentElement: parent, data } = walker.currentNode;
        if (data.trim() && !parent.closest(skip)) texts.push(data.trim());
      }
      for (const node of document.querySelectorAll("body [aria-label], body [placeholder]")) {
        texts.push(node.getAttribute("aria-label") ?? node.getAttribute("placeholder"));
      }
      return texts;
    }
"""


def values(document: Any) -> Iterator[str]:
    """All texts of a JSON document, without its keys."""
    if isinstance(document, dict):
        for value in document.values():
            yield from values(value)
    elif isinstance(document, list):
        for value in document:
            yield from values(value)
    elif isinstance(document, str):
        yield document


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_shows_all_of_itself(lesson: Lesson, chapter: int, language: str) -> None:
    lesson.open(chapter, language, fresh=language == "en")
    page, document = lesson.page, lesson.get(f"chapter/{chapter}", lang=language)

    assert page.locator("html").get_attribute("lang") == {"en": "en", "zh": "zh-Hans"}[language]
    assert page.locator("h1").all_inner_texts() == [document["title"]]
    assert document["title"] in page.title()
    asked = [lesson.get("site", lang=language)["labels"]["checks_heading"]] if document["checks"] else []
    headings = [section["heading"] for section in document["sections"]] + asked
    assert page.locator("h2").all_inner_texts() == headings
    assert page.locator(".message.error").count() == 0
    for section in document["sections"]:  # nothing was clicked yet
        figure = lesson.at(f"figure-{section['id']}")
        box = figure.bounding_box()
        assert box is not None, section["id"]
        assert box["width"] > 200, section["id"]
        assert box["height"] > 50, section["id"]
        assert figure.inner_text().strip(), section["id"]
    for picture in page.locator(".picture:visible").all():
        assert picture.get_attribute("aria-label")
        assert picture.locator("svg.main-svg").count()
    assert page.locator(".code-block a").count() == len(document["snippets"])
    in_its_language(lesson, chapter, language)


def in_its_language(lesson: Lesson, chapter: int, language: str) -> None:
    """No text is missing, left open or in the other language."""
    documents = [lesson.get(path, lang=language) for path in (f"chapter/{chapter}", "pitfalls", "quiz")]
    known = set(KEY.findall(" ".join(values(documents))))
    read: list[str] = lesson.page.evaluate(READ)
    assert len(read) > 30
    assert {key for text in read for key in KEY.findall(text)} - known == set()
    assert [text for text in read if SLOT.search(text)] == []
    if language == "zh":
        assert [text for text in read if ENGLISH.search(GLOSS.sub("", text)) and not HAN.search(text)] == []
        for part in ("h1", "h2", ".goal", ".prose > p"):
            texts = lesson.page.locator(part).all_inner_texts()
            assert texts
            assert all(map(HAN.search, texts))
    else:
        assert [text for text in read if HAN.search(text)] == []


def test_the_language_changes_and_the_chapter_stays(lesson: Lesson) -> None:
    lesson.open(3, "en")
    english = lesson.text("chapters")
    lesson.at("language-zh").click()
    lesson.wait_until("document.documentElement.lang === 'zh-Hans'")
    lesson.ready(3)
    assert lesson.page.url == f"{lesson.address}/lesson/3?lang=zh"
    assert HAN.search(lesson.page.locator("h1").inner_text())
    assert lesson.text("chapters") != english
    lesson.page.go_back()
    lesson.wait_until("document.documentElement.lang === 'en'")
    lesson.ready(3)
    assert lesson.text("chapters") == english
    assert lesson.at("language-en").get_attribute("aria-current") == "true"


def test_who_leaves_while_charts_are_drawn_finds_the_next_ones(lesson: Lesson) -> None:
    """Charts are drawn one after another; those of a chapter that was left hold up none."""
    lesson.open(3)
    lesson.page.evaluate("""
        async () => {
          for (const chapter of [5, 3, 6, 2, 5]) {
            history.pushState(null, "", `/lesson/${chapter}?lang=en`);
            dispatchEvent(new PopStateEvent("popstate"));
            while (!document.querySelector(".chart-frame")) await new Promise((resolve) => setTimeout(resolve, 1));
            await new Promise((resolve) => setTimeout(resolve, 30));
          }
        }
    """)
    lesson.ready(5)
    assert lesson.page.locator(".plot .main-svg").count() > 0
    assert lesson.page.evaluate(
        "[...document.querySelectorAll('.plot')].every((plot) => plot.querySelector('.main-svg'))"
    )


def test_a_link_opens_the_same_place(visit: Callable[..., Lesson]) -> None:
    lesson = visit()
    lesson.open(2, "zh", "#frequent")
    place = "document.getElementById('frequent').getBoundingClientRect().top"
    lesson.wait_until(f"Math.abs({place}) < innerHeight / 2")
    lesson.page.reload()
    lesson.ready(2)
    assert lesson.page.locator("html").get_attribute("lang") == "zh-Hans"
    lesson.wait_until(f"Math.abs({place}) < innerHeight / 2")

    for preferred, language in (("zh-CN", "zh"), ("en-GB", "en"), ("de-DE", "en")):
        other = visit(locale=preferred)
        other.page.goto(f"{other.address}/lesson/1")
        other.ready()
        assert other.page.locator("html").get_attribute("lang") == {"en": "en", "zh": "zh-Hans"}[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_the_way_through_on_a_phone(visit: Callable[..., Lesson], language: str) -> None:
    lesson = visit(viewport=PHONE)
    lesson.open(1, language)
    assert lesson.at("previous").count() == 0
    for chapter in CHAPTERS:
        lesson.ready(chapter)
        assert lesson.overflow() <= 0, chapter
        current = lesson.page.locator("#chapters [aria-current=page]")
        assert current.get_attribute("data-testid") == f"chapter-link-{chapter}"
        if chapter < CHAPTERS[-1]:
            lesson.next(chapter + 1)
            assert lesson.page.url.endswith(f"lang={language}")
    assert lesson.at("next").count() == 0
    lesson.at("previous").click()
    lesson.wait_until(f"location.pathname === '/lesson/{CHAPTERS[-2]}'")
    lesson.ready(CHAPTERS[-2])
    lesson.at("menu").click()
    lesson.at("chapter-link-5").click()
    lesson.wait_until("location.pathname === '/lesson/5'")
    lesson.ready(5)


def test_the_source_of_the_python_lines(lesson: Lesson) -> None:
    lesson.open(2)
    link = lesson.page.locator(".code-block a").first
    address = link.get_attribute("href") or ""
    with lesson.page.context.expect_page() as opened:
        link.click()
    source = opened.value
    source.wait_for_load_state()
    assert source.url == lesson.address + address
    line = source.locator(f"[id={address.partition('#')[2]}]")
    assert re.search(r"\b(def|class)\b", line.inner_text())


def test_less_motion(visit: Callable[..., Lesson]) -> None:
    lesson = visit(reduced_motion="reduce")
    lesson.open(4)
    moving: list[str] = lesson.page.evaluate(
        """() => document.getAnimations().map((animation) => animation.effect.target.className)"""
    )
    assert moving == []
    lesson.at("step-finish").click()
    lesson.at("step-done").wait_for()
    lesson.open(7)
    lesson.at("train-net").scroll_into_view_if_needed()  # it begins when it is on the screen
    lesson.at("train-status").locator(".message").wait_for()
    assert lesson.number("train-loss") > 0


def test_the_watch_sees_what_goes_wrong(visit: Callable[..., Lesson]) -> None:
    lesson = visit()
    lesson.open(1)
    assert lesson.watch.faults == []
    lesson.page.evaluate("fetch('http://example.org/').catch(() => {})")
    lesson.page.evaluate("new Image().src = 'http://127.0.0.2/x.png'")
    lesson.page.evaluate("setTimeout(() => { throw new Error('thrown') })")
    lesson.page.evaluate("fetch('/api/nothing').then((answer) => answer.text())")
    lesson.page.wait_for_timeout(300)
    faults = "\n".join(lesson.watch.faults)
    for sign in ("example.org", "127.0.0.2", "exception: .*thrown", "status 404: GET"):
        assert re.search(sign, faults), sign
    lesson.watch.faults.clear()


BARE = re.compile(r"\b(?:of|after|follows?|to|is|read) \.(?=[\s,:;]|$)", re.MULTILINE)
WORDS = """
    () => {
      const main = document.querySelector("main");
      const labels = [...main.querySelectorAll("[aria-label]")].map((node) => node.getAttribute("aria-label"));
      return [main.innerText, ...labels].join("\\n");
    }
"""


@pytest.mark.parametrize(
    ("chapter", "letters"),
    [(3, None), (4, None), (7, None), (12, "map-letters"), (14, "memory-letters"), (17, "arcs-letter")],
)
def test_the_boundary_has_a_name_in_sentences(lesson: Lesson, chapter: int, letters: str | None) -> None:
    """Its sign would read as the end of the sentence."""
    lesson.open(chapter)
    if letters:
        lesson.at(f"{letters}-0").click()
        lesson.page.locator("h3, h4").filter(has_text="fter the beginning").first.wait_for()
    assert BARE.findall(lesson.page.evaluate(WORDS)) == []
    if chapter == 4:
        assert lesson.at("figure-step").get_by_text("The row of the boundary", exact=True).is_visible()
        lesson.open(chapter, "zh")
        assert lesson.at("figure-step").get_by_text("“边界符”那一行", exact=True).is_visible()
