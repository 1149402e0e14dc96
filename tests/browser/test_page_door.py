"""The landing page, and what all pages share: places that stay, a program that stops, lists that change."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.browser.conftest import Lesson, opened
from tests.browser.test_page_accessible import violations

from nextchar.data.corpus import Corpus
from nextchar.lesson.texts import chapter_numbers
from nextchar.models.ngram.model import Ngram

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PHONE: Final = {"width": 390, "height": 844}
READY: Final = "main[data-ready=true]"


def door(lesson: Lesson, language: str = "en") -> None:
    lesson.page.goto(f"{lesson.address}/?lang={language}")
    lesson.page.locator(READY).wait_for()


def click(lesson: Lesson, testid: str) -> None:
    """Without scrolling to it, as Playwright would in a bar that stays at the top."""
    lesson.page.evaluate("(name) => document.querySelector(`[data-testid=${name}]`).click()", testid)


def test_a_name_lights_up_and_ten_names_are_beside_it(lesson: Lesson, corpus: Corpus) -> None:
    door(lesson)
    smooth = Ngram(order=5, smoothing="modified-kneser-ney").fit(corpus)
    names = lesson.page.evaluate(
        "[...document.querySelectorAll('[data-testid=door-list] li')].map((li) => li.innerText)"
    )
    calm = smooth.sample(10, seed=1, new=True, distinct=True, temperature=0.7)
    assert [name.split("\n")[0] for name in names] == calm
    assert "Kneser-Ney, temperature 0.7" in lesson.text("door-writer")  # which model writes
    model = Ngram(order=2, add=0.0).fit(corpus)

    lesson.at("door-name").fill("Mia")
    lesson.wait_until("document.querySelectorAll('.door-cell.lit').length === 4")
    assert lesson.page.locator(".door-cell.lit").all_inner_texts() == sorted([".m", "mi", "ia", "a."], key=order)
    assert "mia" in lesson.text("door-read-as")
    [score] = model.score(["mia"])
    assert f"1 in {math.exp(score.nats):,.0f}" in lesson.text("door-chance")
    assert lesson.page.locator(".door-strip .under").all_inner_texts() == [
        f"{100 * math.exp(-surprise):.1f}%" for surprise in score.surprisal
    ]
    shades: list[float] = [
        float(letter.evaluate("letter => letter.style.getPropertyValue('--shade')"))
        for letter in lesson.page.locator(".door-strip .door-letter").all()
    ]
    nats = list(score.surprisal)
    assert sorted(shades, key=lambda shade: nats[shades.index(shade)]) == sorted(shades)  # more surprising, darker

    for letters, told, order_ in (("1 letter", "table of pairs", 2), ("2 letters", "counts alone", 3)):
        lesson.at("door-memory").get_by_text(letters, exact=True).click()
        wanted = Ngram(order=order_, add=0.0).fit(corpus).sample(10, seed=1, new=True, distinct=True)
        lesson.wait_until(
            "(first) => document.querySelector('[data-testid=door-list] li')?.innerText.startsWith(first)", wanted[0]
        )
        assert told in lesson.text("door-writer")


def order(pair: str) -> tuple[str, str]:
    """As the cells stand in the page: row by row."""
    return pair[0], pair[1]


def test_the_name_and_the_language_go_with_the_visitor(lesson: Lesson) -> None:
    door(lesson)
    lesson.at("door-name").fill("olivia")
    lesson.wait_until("document.querySelectorAll('.door-cell.lit').length > 4")
    lesson.at("language-zh").click()
    lesson.page.wait_for_url("**/?lang=zh")
    lesson.page.locator(READY).wait_for()
    assert lesson.at("door-name").input_value() == "olivia"
    assert lesson.page.evaluate("JSON.parse(localStorage.getItem('nextchar.name'))") == "olivia"
    lesson.at("door-to-learn").click()
    lesson.ready(1)
    assert lesson.page.url.endswith("/lesson/1?lang=zh")
    lesson.page.go_back()
    lesson.page.locator(READY).wait_for()
    assert lesson.at("door-name").input_value() == "olivia"
    lesson.at("door-names").click()
    lesson.page.wait_for_url("**/names?lang=zh*")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_door_is_accessible_and_fits_a_phone(visit: Callable[..., Lesson], language: str, scheme: str) -> None:
    lesson = visit(viewport=PHONE, color_scheme=scheme, reduced_motion="reduce")
    door(lesson, language)
    assert violations(lesson) == []
    assert lesson.overflow() <= 0
    lesson.page.set_viewport_size({"width": 1280, "height": 800})
    assert violations(lesson) == []


def test_an_address_where_nothing_is_leads_back(visit: Callable[..., Lesson]) -> None:
    lesson = visit()
    lesson.watch.expected.append("status? (404|of 404)")
    lesson.page.goto(f"{lesson.address}/lesson/99?lang=en")
    assert lesson.text("missing") == "There is no such page"
    assert violations(lesson) == []
    last = max(chapter_numbers())
    lesson.page.get_by_role("link", name=f"{last}.").click()
    lesson.ready(last)


def test_back_and_the_language_keep_the_place_and_what_was_typed(lesson: Lesson) -> None:
    top = "document.getElementById('frequent').getBoundingClientRect().top"
    lesson.open(2, fresh=True)
    lesson.at("word-input").fill("MIA")
    assert "mia" in lesson.text("read-as")  # said, not only done
    lesson.at("frequent-without-ends").check()
    lesson.page.evaluate("scrollTo(0, document.getElementById('frequent').offsetTop)")
    click(lesson, "language-zh")
    for way in ("language", "back", "reload"):
        lesson.wait_until("document.documentElement.lang === 'zh-Hans'")
        lesson.ready(2)
        assert lesson.at("word-input").input_value() == "MIA", way
        lesson.wait_until("document.querySelectorAll('[data-testid=word-cells] tbody tr').length === 4")
        assert lesson.at("frequent-without-ends").is_checked(), way
        lesson.wait_until(f"Math.abs({top}) < 120")
        if way == "language":
            click(lesson, "chapter-link-3")
            lesson.wait_until("location.pathname === '/lesson/3'")
            lesson.ready(3)
            lesson.page.go_back()
            lesson.wait_until("location.pathname === '/lesson/2'")
        elif way == "back":
            lesson.page.reload()


# -- a program that stops, and lists that change --------------------------------------------------------------------


@pytest.fixture
def start(items_path: Path) -> Iterator[Callable[[int], tuple[subprocess.Popen[str], str]]]:
    """Starts `nextchar web` at a port, 0 for a free one; gives the process and its address."""
    running: list[subprocess.Popen[str]] = []

    def start(port: int) -> tuple[subprocess.Popen[str], str]:
        code = "from nextchar.cli import main; main()"
        arguments = (sys.executable, "-c", code, "web", "--no-browser", "--port", str(port), "--names", str(items_path))
        running.append(
            subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, env={**os.environ, "NO_COLOR": "1"})
        )
        assert running[-1].stderr is not None
        found = re.search(r"http://localhost:\d+", running[-1].stderr.readline())
        assert found
        return running[-1], found[0]

    yield start
    for process in running:
        process.terminate()
        process.wait(timeout=20)
        assert process.stderr is not None
        process.stderr.close()


def test_a_program_that_stops_and_comes_back(needed: None, browser: Browser, start: Callable[[int], Any]) -> None:
    process, address = start(0)
    context, watch = opened(browser, address)
    watch.expected.append("REFUSED|410|Gone")
    lesson = Lesson(context.new_page(), watch)
    lesson.open(2)
    process.terminate()
    process.wait(timeout=20)
    lesson.at("word-input").fill("eve")
    lesson.at("bar-note").get_by_text("The program does not answer").wait_for()
    process, _ = start(int(address.rpartition(":")[2]))
    lesson.wait_until("document.querySelectorAll('[data-testid=word-cells] tbody tr').length === 4")  # it went on
    lesson.at("bar-note").wait_for(state="detached")

    # another tab changes the list: this one says so, shows nothing of it, and has a way on
    other = Lesson(context.new_page(), watch)
    other.open(1)
    other.use("abc\nabd\nbcd")
    lesson.page.bring_to_front()
    lesson.at("word-input").fill("ab")
    lesson.at("list-now").wait_for()
    assert "no longer in use" in lesson.text("bar-note")
    lesson.at("list-now").click()
    lesson.wait_until("document.querySelector('[data-testid=data-open]').textContent.includes('3 lines')")
    lesson.ready(2)

    # the program is restarted and knows nothing of the list: the tab that sent it can send it again
    process.terminate()
    process.wait(timeout=20)
    start(int(address.rpartition(":")[2]))
    other.page.bring_to_front()
    other.page.reload()
    other.at("list-again").click()
    other.wait_until("document.querySelector('[data-testid=data-open]').textContent.includes('3 lines')")
    context.close()
    watch.check()


def test_files_in_any_encoding_and_tables(lesson: Lesson) -> None:
    lesson.open(1)
    lesson.watch.expected.append("status? (422|of 422)")
    table = "编号,姓名,性别\n1,张伟,男\n2,李娜,女\n3,王芳,女\n"
    upload(lesson, "名单.csv", table.encode("gb18030"))
    lesson.wait_until("document.querySelector('[data-testid=data-text]').value === '张伟\\n李娜\\n王芳'")
    assert "3 lines, read as GB18030" in lesson.text("data-found")
    lesson.at("data-column").select_option("3")
    lesson.wait_until("document.querySelector('[data-testid=data-text]').value === '男\\n女\\n女'")
    lesson.at("data-column").select_option("0")  # no column: each line is a name
    lesson.wait_until(
        "document.querySelector('[data-testid=data-text]').value.startsWith('编号,姓名,性别\\n1,张伟,男')"
    )
    upload(lesson, "names.txt", b"Emma\tF\nBob\tM\n")
    lesson.wait_until("document.querySelector('[data-testid=data-text]').value === 'Emma\\nBob'")
    upload(lesson, "picture.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    lesson.at("data-error").locator(".message.error").wait_for()
    upload(lesson, "one.txt", b"emma\n")
    lesson.wait_until("document.querySelector('[data-testid=data-text]').value === 'emma'")
    assert lesson.text("data-error") == ""
    lesson.at("data-use").click()
    lesson.at("data-dialog").wait_for(state="detached")
    lesson.ready(1)
    assert "1 line" in lesson.text("data-open")
    assert "1 lines" not in lesson.text("data-open")


def upload(lesson: Lesson, name: str, content: bytes) -> None:
    if lesson.at("data-file").count() == 0:
        lesson.at("data-open").click()
    lesson.at("data-file").set_input_files({"name": name, "mimeType": "application/octet-stream", "buffer": content})


def test_figures_have_their_height_before_they_are_drawn(lesson: Lesson) -> None:
    lesson.open(6, fresh=True)
    lesson.open(5)
    lesson.page.evaluate(
        """() => {
          window.first = null;
          const look = () => [...document.querySelectorAll(".figure[data-section]")].map((figure) => ({
            height: figure.offsetHeight, says: figure.querySelector(".waiting")?.textContent,
          }));
          new MutationObserver(() => {
            if (document.querySelector(".skeleton")) window.first ??= look();
          }).observe(document.querySelector("main"), { childList: true, subtree: true });
        }"""
    )
    lesson.open(6)
    first = lesson.page.evaluate("window.first.filter(({ says }) => says)")
    assert first
    assert all(figure["height"] > 100 for figure in first)
    assert all(figure["says"].startswith("Waiting") for figure in first)
    assert lesson.page.locator(".skeleton").count() == 0


@pytest.mark.parametrize("size", [{"width": 1280, "height": 800}, PHONE], ids=["wide", "phone"])
def test_both_doors_are_seen_without_scrolling(visit: Callable[..., Lesson], size: dict[str, int]) -> None:
    lesson = visit(viewport=size)
    for language in ("en", "zh"):
        lesson.page.goto(f"{lesson.address}/?lang={language}")
        for door in ("door-to-learn", "door-to-names"):
            box = lesson.at(door).bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= size["height"], (language, door)
