"""Chapter 19, running text: typed, walked through with the cursor, drawn again, and a text of the reader's own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.browser.conftest import PHONE, Lesson

from nextchar.lesson.running_text import text_parts
from nextchar.lesson.text_models import TEXT_MODELS, KnowsText, continued, learned, read_typed

SLOW_MS = 120_000  # on a busy machine, of models that are made while one waits


@pytest.fixture(scope="module")
def order_2() -> KnowsText:
    return learned("order-2", text_parts().train, text_parts().test)


def opened(lesson: Lesson, language: str = "en") -> None:
    lesson.open(19, language)
    lesson.at("guess-typed-show").click()  # lifts the veil


def waits_for(lesson: Lesson, testid: str, text: str) -> None:
    lesson.wait_until(
        "([id, text]) => document.querySelector(`[data-testid=${id}]`).textContent.includes(text)",
        [testid, text],
        SLOW_MS,
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_all_four_are_there_as_the_page_opens(lesson: Lesson, language: str) -> None:
    lesson.open(19, language, fresh=True)
    for model in TEXT_MODELS:
        assert lesson.at(f"text-bars-{model}").locator("li").count() == 8
        assert len(lesson.text(f"text-written-{model}")) > 200
        assert lesson.number(f"text-test-{model}") > 1


def test_typing_and_the_cursor(lesson: Lesson, order_2: KnowsText) -> None:
    opened(lesson)
    lesson.at("typed-text").fill("And God ")
    seen = read_typed(order_2, "And God ", 8, 8)
    waits_for(lesson, "text-nats-order-2", f"{sum(seen.nats) / 8:.3f}")
    bars = lesson.at("text-bars-order-2").locator("li")
    lesson.wait_until(  # the place of the cursor may be read once more than the text
        "([bars, share]) => document.querySelector(`[data-testid=${bars}] li .text-share`).textContent === share",
        ["text-bars-order-2", f"{100 * seen.likely[0].probability:.1f}%"],
    )
    for bar, one in zip(bars.all(), seen.likely, strict=True):
        assert bar.inner_text().split()[1:] == [f"{100 * one.probability:.1f}%"]
    written = continued(order_2, "And God ", 240, 1)
    waits_for(lesson, "text-written-order-2", written)

    for _ in range(4):  # back to before the blank and God: what came there is marked
        lesson.at("typed-text").press("ArrowLeft")
    before = read_typed(order_2, "And God ", 4, 8)
    assert before.came
    came = lesson.at("text-bars-order-2").locator(".came")
    came.filter(has_text="G").wait_for()  # on the way the cursor stands before other letters
    assert came.inner_text().split() == ["G", f"{100 * before.came.probability:.1f}%"]

    lesson.at("typed-again").click()
    again = continued(order_2, "And God ", 240, 2)
    waits_for(lesson, "text-written-order-2", again)


def test_a_character_that_genesis_has_not(lesson: Lesson) -> None:
    opened(lesson)
    lesson.watch.expected.append(r"422")
    lesson.at("typed-text").fill("And 7")
    lesson.at("typed-unknown").wait_for()
    assert "7 does not occur" in lesson.text("typed-unknown")
    lesson.at("typed-text").fill("And")
    lesson.at("typed-unknown").wait_for(state="detached")


def test_a_text_of_ones_own_and_back(lesson: Lesson) -> None:
    opened(lesson)
    lesson.watch.expected.append(r"4(09|22)")
    lesson.at("own-text").fill("too short")
    lesson.at("own-use").click()
    lesson.page.locator("[data-section=own] .message.error").wait_for()
    lesson.at("own-text").fill("abc\n" * 1_000)
    lesson.at("own-use").click()
    waits_for(lesson, "own-says", "your text")
    waits_for(lesson, "text-bars-order-6", "99.8%")  # a line end comes 800 times, and after it a, but for the end
    waits_for(lesson, "text-status-transformer", "Genesis only")
    assert lesson.at("typed-text").input_value().startswith("abc")
    lesson.at("own-back").click()
    waits_for(lesson, "own-says", "Genesis")
    waits_for(lesson, "text-bars-transformer", "%")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_fits_on_a_phone(visit: Callable[..., Lesson], language: str) -> None:
    lesson = visit(viewport=PHONE)
    opened(lesson, language)
    assert lesson.overflow() <= 0
