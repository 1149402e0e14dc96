"""The workbench: from a list to exported favourites, in both languages, by keyboard alone and on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from tests.browser.conftest import LANGUAGES, PHONE
from tests.browser.test_page_accessible import violations

from nextchar.data.corpus import Corpus
from nextchar.models.ngram.model import Ngram

if TYPE_CHECKING:
    from tests.browser.conftest import Lesson

OWN = ["anna", "bob", "otto", "hanna", "bella", "ella", "emma", "anna"]


def open_bench(lesson: Lesson, language: str = "en", query: str = "", fragment: str = "") -> None:
    lesson.page.goto("about:blank")
    lesson.page.goto(f"{lesson.address}/names?lang={language}{query}{fragment}")
    lesson.page.locator("main[data-ready=true]").wait_for()
    settled(lesson)


ALL_BEGIN = """
    (prefix) => {
      const cards = document.querySelector("[data-testid=cards]:not([aria-busy])");
      const names = [...(cards?.querySelectorAll(".card-name") ?? [])];
      return names.length > 0 && names.every((name) => name.textContent.startsWith(prefix));
    }
"""


def settled(lesson: Lesson) -> None:
    """Until the names of the last change are there."""
    lesson.page.wait_for_timeout(200)  # the pause after a key
    lesson.page.locator("[data-testid=cards]:not([aria-busy])").wait_for()


def names(lesson: Lesson) -> list[str]:
    return lesson.page.locator("[data-testid=cards] .card-name").all_inner_texts()


def exported(lesson: Lesson, button: str) -> str:
    with lesson.page.expect_download() as download:
        lesson.at(button).click()
    return Path(download.value.path()).read_bytes().decode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_from_a_list_to_exported_favourites(lesson: Lesson, language: str) -> None:
    open_bench(lesson, language)
    lesson.at("list-own").locator("summary").click()
    lesson.at("list-text").fill("\n".join(OWN))
    lesson.at("list-use").click()
    lesson.page.locator("[data-testid=list-size]", has_text="8").wait_for()
    settled(lesson)
    size = lesson.text("list-size")
    assert [int(n) for n in re.findall(r"\d+", size)] == [8, 9, 1]  # lines, characters, repeats
    lesson.at("wish-starts").fill("a")
    settled(lesson)
    found = names(lesson)
    assert found
    assert all(name.startswith("a") for name in found)
    assert "anna" not in found  # new ones alone
    lesson.at("card-heart").nth(0).click()
    lesson.at("card-heart").nth(1).click()
    lesson.at("kept-note").nth(1).fill("for the cat, or =1")
    assert exported(lesson, "kept-txt") == "".join(f"{name}\n" for name in found[:2])
    rows = exported(lesson, "kept-csv").removeprefix("\ufeff").split("\r\n")
    assert rows[0] == "name,note,list,seed"
    assert rows[2].startswith(f'{found[1]},"for the cat, or =1",')
    lesson.page.reload()
    settled(lesson)
    assert names(lesson) == found
    assert lesson.page.locator("[data-testid=kept] .kept-name").all_inner_texts() == found[:2]
    assert lesson.at("card-heart").nth(0).get_attribute("aria-pressed") == "true"


def test_an_address_brings_the_same_names_to_another_visitor(visit: Callable[..., Lesson]) -> None:
    one, other = visit(), visit(locale="zh-CN")
    one.watch.expected.append("status? (410|of 410)")
    open_bench(one, query="&list=own-0000000000000000")
    assert one.at("list-lost").is_visible()  # a list that nobody has: said, and an example in its place
    one.at("list-own").locator("summary").click()
    one.at("list-text").fill("\n".join(OWN))
    one.at("list-use").click()
    settled(one)
    one.at("another").click()
    one.at("wish-ends").fill("a")
    settled(one)
    address = one.page.url.removeprefix(one.address)
    other.page.goto(other.address + address)
    other.page.locator("main[data-ready=true]").wait_for()
    settled(other)
    assert names(other) == names(one)
    assert other.at("seed").input_value() == "2"


def test_the_odds_and_the_names_follow_what_is_typed(lesson: Lesson) -> None:
    open_bench(lesson, query="&list=creatures")
    every = lesson.text("odds")
    lesson.at("wish-ends").fill("ox")
    lesson.wait_until("(before) => document.querySelector('[data-testid=odds]').textContent.match(/1 in/) "
        "&& document.querySelector('[data-testid=odds]').textContent !== before", every)  # fmt: skip
    settled(lesson)
    assert all(name.endswith("ox") for name in names(lesson))
    lesson.watch.expected.append("status? (422|of 422)")
    lesson.at("wish-starts").fill("ü")
    lesson.at("names-trouble").locator(".message.error").wait_for()
    assert "ü" in lesson.text("names-trouble")
    assert lesson.at("wish-starts").get_attribute("aria-invalid") == "true"
    lesson.at("wish-clear").click()
    settled(lesson)
    assert lesson.at("names-trouble").locator(".message.error").count() == 0
    assert lesson.at("wish-starts").input_value() == ""
    assert len(names(lesson)) == 24
    lesson.at("more").click()
    lesson.wait_until("document.querySelectorAll('[data-testid=card]').length === 48")


def test_like_a_name_and_why(lesson: Lesson) -> None:
    open_bench(lesson, query="&list=creatures")
    name = names(lesson)[0]
    lesson.at("card-fill").first.click()
    lesson.page.locator("[data-testid=fill-cards] .card").first.wait_for()
    half = -(-len(name) // 2)
    for other in lesson.page.locator("[data-testid=fill-cards] .card-name").all_inner_texts():
        assert other.startswith(name[:half])
        assert len(other) == len(name)
    assert violations(lesson) == []
    lesson.page.keyboard.press("Escape")
    lesson.at("fill").wait_for(state="detached")
    lesson.at("card-why").first.click()
    lesson.page.locator("[data-testid=why-steps] tbody tr").first.wait_for()
    shown = [float(text) for text in lesson.page.locator("[data-testid=why-steps] .number").all_inner_texts()]
    corpus = Corpus.from_file("creatures")
    model = Ngram(order=4, smoothing="modified-kneser-ney").fit(corpus)
    assert shown == [pytest.approx(nats, abs=0.005) for _, nats in model.surprisal(name)]
    assert violations(lesson) == []
    lesson.at("why-lesson").click()
    lesson.page.wait_for_url("**/lesson/5**")
    lesson.ready(5)
    assert lesson.get("data")["items"] == 360


def test_a_list_is_scored_and_the_model_taken_away(lesson: Lesson) -> None:
    open_bench(lesson, query="&list=creatures")
    lesson.at("score-text").fill("Flarnip\nxxq\nDrakowl")
    lesson.at("score-do").click()
    lesson.at("score-table").wait_for()
    rows = lesson.page.locator("[data-testid=score-table] tbody tr").all_inner_texts()
    assert rows[0].startswith("xxq")
    assert len(rows) == 3
    assert "nextchar score" in lesson.text("recipe-command")
    assert exported(lesson, "take-list").splitlines()[:2] == ["Acornix", "Amberoo"]
    assert exported(lesson, "take-page").startswith("<!doctype html>")


def test_a_file_with_columns_in_another_encoding(lesson: Lesson) -> None:
    open_bench(lesson, "zh")
    rows = ["城市,姓名", "北京,王芳", "上海,李伟", "成都,张敏", "西安,李芳"]
    lesson.at("list-own").locator("summary").click()
    lesson.at("list-file").set_input_files(
        {"name": "名单.csv", "mimeType": "text/csv", "buffer": "\r\n".join(rows).encode("gb18030")}
    )
    lesson.at("file-column").wait_for()
    settled(lesson)
    assert "王芳" in lesson.text("list-facts")
    assert lesson.at("file-encoding").input_value() in ("gb18030", "gbk")
    lesson.at("file-column").select_option("1")
    lesson.page.locator("[data-testid=list-facts]", has_text="成都").wait_for()
    lesson.at("file-column").select_option("0")  # no column: each line is a name
    lesson.wait_until("document.querySelector('[data-testid=file-header]') === null")
    assert lesson.at("file-column").input_value() == "0"
    lesson.watch.expected.append("status? (422|of 422)")
    lesson.at("list-file").set_input_files(
        {"name": "a.txt", "mimeType": "text/plain", "buffer": b"\x89PNG\r\n" + bytes(60)}
    )
    lesson.at("list-trouble").locator(".message.error").wait_for()
    assert "a.txt" in lesson.text("list-trouble")


def test_the_best_model_with_progress(lesson: Lesson) -> None:
    open_bench(lesson, query="&list=chinese-given-names")
    lesson.at("train-best").click()
    lesson.at("compare-table").wait_for()
    lesson.wait_until("document.querySelector('[data-testid=train-best]').ariaPressed === 'true'", timeout=90_000)
    settled(lesson)
    assert "model=best" in lesson.page.url
    assert lesson.text("compare-command").startswith("nextchar compare chinese-given-names")
    assert lesson.text("recipe-command").splitlines()[-1].startswith("nextchar sample")  # of the names
    assert len(names(lesson)) == 24
    assert violations(lesson) == []


def test_by_keyboard_alone(lesson: Lesson) -> None:
    open_bench(lesson, query="&list=creatures")
    keys = lesson.page.keyboard
    focused = "document.activeElement.dataset.testid"
    for _ in range(40):
        keys.press("Tab")
        if lesson.page.evaluate(focused) == "wish-starts":
            break
    keys.type("fl")
    lesson.wait_until(ALL_BEGIN, "Fl")
    for _ in range(30):
        keys.press("Tab")
        if lesson.page.evaluate(focused) == "card-heart":
            break
    keys.press("Enter")
    keys.press("ArrowRight")
    keys.press("Enter")
    assert lesson.at("kept-row").count() == 2
    keys.press("Tab")
    keys.press("Enter")  # more like this
    lesson.at("fill").wait_for()
    lesson.page.locator("[data-testid=fill-cards] .card").first.wait_for()
    keys.press("Escape")
    lesson.at("fill").wait_for(state="detached")
    assert lesson.page.evaluate(focused) == "card-fill"
    keys.press("Tab")
    keys.press("Tab")
    assert lesson.page.evaluate(focused) == "card-hide"
    second = names(lesson)[1]
    keys.press("Enter")
    assert second not in names(lesson)
    assert lesson.page.evaluate(focused) == "card-hide"  # of the next one
    third = names(lesson)[1]
    assert (
        lesson.page.evaluate("document.activeElement.closest('.card').querySelector('.card-name').textContent") == third
    )


def test_the_focus_stays_on_the_cards_when_they_are_drawn_again(lesson: Lesson) -> None:
    """More names while one looks at what a dialog shows: its button is there when it closes, and keeps the focus."""
    open_bench(lesson, query="&list=creatures")
    button = lesson.at("card-why").nth(2)
    label = button.get_attribute("aria-label")
    shown = "document.querySelectorAll('[data-testid=card]').length"
    focused = "document.activeElement.getAttribute('aria-label')"
    before = lesson.page.evaluate(shown)
    lesson.at("more").evaluate("node => setTimeout(() => node.click(), 300)")
    button.press("Enter")
    lesson.at("why").wait_for()
    lesson.wait_until(f"{shown} > {before}")
    lesson.page.keyboard.press("Escape")
    lesson.at("why").wait_for(state="detached")
    assert lesson.page.evaluate(focused) == label
    before = lesson.page.evaluate(shown)
    lesson.at("more").evaluate("node => setTimeout(() => node.click(), 0)")
    lesson.wait_until(f"{shown} > {before}")
    assert lesson.page.evaluate(focused) == label
    gone = names(lesson)[2]
    lesson.at("another").evaluate("node => setTimeout(() => node.click(), 0)")
    lesson.wait_until(
        "(gone) => document.querySelector('[data-testid=cards]:not([aria-busy])')?.children[2]"
        ".querySelector('.card-name').textContent !== gone",
        gone,
    )
    assert lesson.page.evaluate("document.activeElement.dataset.testid") == "card-why"  # of the third name there is now


@pytest.mark.parametrize("language", LANGUAGES)
def test_on_a_phone(visit: Callable[..., Lesson], language: str) -> None:
    lesson = visit(viewport=PHONE, has_touch=True, is_mobile=True)
    open_bench(lesson, language, "&list=chinese-given-names")
    assert lesson.overflow() == 0
    lesson.at("card-heart").first.tap()
    assert lesson.at("kept-row").count() == 1
    lesson.at("card-why").first.tap()
    lesson.page.locator("[data-testid=why-steps] tbody tr").first.wait_for()
    assert lesson.overflow() == 0
    lesson.at("why-close").tap()
    small: Any = lesson.page.evaluate(
        """[...document.querySelectorAll("main button, main summary")].filter((node) => node.checkVisibility())
          .filter((node) => node.getBoundingClientRect().height < 24).map((node) => node.outerHTML)"""
    )
    assert small == []


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("zh", "dark")])
def test_no_serious_violation(lesson: Lesson, language: str, scheme: Literal["light", "dark"]) -> None:
    lesson.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    open_bench(lesson, language, "&list=cities")
    lesson.at("card-heart").first.click()
    assert violations(lesson) == []


WRAPPED = """
    (word) => [...document.querySelectorAll("[data-testid=cards] .card-near")].filter((node) => {
      const at = node.textContent.indexOf(word);
      const range = document.createRange();
      const lines = [...word].map((_, i) => {
        range.setStart(node.firstChild, at + i);
        range.setEnd(node.firstChild, at + i + 1);
        return Math.round(range.getBoundingClientRect().top);
      });
      return new Set(lines).size > 1;
    }).map((node) => node.textContent)
"""


@pytest.mark.parametrize("width", [360, 390])
def test_a_word_of_a_card_is_not_cut(visit: Callable[..., Lesson], width: int) -> None:
    lesson = visit(viewport={**PHONE, "width": width}, has_touch=True, is_mobile=True)
    for example in ("us-names", "chinese-given-names"):
        open_bench(lesson, "zh", f"&list={example}")
        cards = lesson.page.locator("[data-testid=cards] .card-near")
        assert cards.filter(has_text="次编辑").count() > 10
        assert lesson.page.evaluate(WRAPPED, "次编辑") == []
        assert lesson.overflow() == 0
    open_bench(lesson, "en")
    assert lesson.overflow() == 0


def test_hostile_names_are_text(lesson: Lesson) -> None:
    hostile = ["<b>bold</b>", "</script><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "a & b"]
    open_bench(lesson)
    lesson.at("list-own").locator("summary").click()
    lesson.at("list-text").fill("\n".join(hostile * 3))
    lesson.at("list-use").click()
    lesson.page.locator("[data-testid=list-size]", has_text="12").wait_for()
    settled(lesson)
    lesson.at("wish-new").uncheck()
    settled(lesson)
    lesson.at("card-heart").first.click()
    assert lesson.page.locator("main script, main img, main b, dialog b").count() == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_cards_buttons_have_room(visit: Callable[..., Lesson], language: str) -> None:
    """Each button holds its own words, and none lies on another, on cards of any width."""
    lesson = visit(viewport=PHONE)
    lesson.page.goto(f"{lesson.address}/names?lang={language}")
    lesson.at("card").first.wait_for()
    for width in (320, 390, 768, 1280, 1440):
        lesson.page.set_viewport_size({"width": width, "height": 900})
        faults: list[str] = lesson.page.evaluate(
            """() => [...document.querySelectorAll(".card-acts")].flatMap((acts) => {
              const { right } = acts.getBoundingClientRect();
              return [...acts.children].flatMap((button, i, all) => {
                const end = all[i + 1]?.getBoundingClientRect().left ?? right + 1;
                const fits = button.scrollWidth <= button.clientWidth && button.getBoundingClientRect().right <= end;
                return fits ? [] : [button.outerHTML];
              });
            })"""
        )
        assert faults == [], width


def test_on_a_phone_a_button_leads_to_the_names(visit: Callable[..., Lesson]) -> None:
    lesson = visit(viewport=PHONE, has_touch=True)
    open_bench(lesson)
    button = lesson.at("to-names")
    button.wait_for()
    button.tap()
    lesson.wait_until("document.getElementById('names').getBoundingClientRect().top < innerHeight / 2")
    button.wait_for(state="hidden")
    wide = visit()
    open_bench(wide)
    assert not wide.at("to-names").is_visible()
