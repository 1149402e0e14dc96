"""Chapters 10 and 11: the pitfalls run on the server, and the quiz from start to end without a mouse."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nextchar.lesson.pitfalls import load_pitfalls

if TYPE_CHECKING:
    from tests.browser.conftest import Lesson

RAN = "(text) => document.querySelector('[data-testid=pitfall-wrong-output]').textContent.includes(text)"
FOCUSED = "document.activeElement.dataset.testid"


def test_run_pitfalls(lesson: Lesson) -> None:
    lesson.open(10)
    assert lesson.at("pitfall-letters").locator("button").count() == 26
    lesson.at("pitfall-letter-j").click()
    assert "Guess" in lesson.text("pitfall-wrong-output")  # what is to be guessed is not shown before it is run
    lesson.at("pitfall-run").click()
    lesson.wait_until(RAN, "columns tensor([1., 1., 1.])")
    assert "rows    tensor([1., 1., 1.])" in lesson.text("pitfall-right-output")
    lesson.at("pitfall-select").select_option("i")
    lesson.wait_until("document.querySelector('[data-testid=pitfall-title]').textContent.startsWith('i.')")
    result = lesson.post("pitfalls/i", lang="en")
    lesson.at("pitfall-run").click()
    lesson.wait_until(RAN, (result["wrong"]["stdout"] or result["wrong"]["error"]).strip())
    assert result["right"]["stdout"].strip() in lesson.text("pitfall-right-output")
    [entry] = [entry for entry in load_pitfalls() if entry.letter == "i"]
    assert lesson.at("pitfall-wrong").locator("code").inner_text().strip() == entry.wrong.strip()
    lesson.at("pitfall-run").click()
    lesson.wait_until("!document.querySelector('[data-testid=pitfall-run]').hasAttribute('aria-busy')")
    assert lesson.at("figure-lab").locator(".message.error").count() == 0


def test_an_error_of_a_pitfall_is_shown(lesson: Lesson) -> None:
    lesson.open(10, fragment="#a")
    lesson.at("pitfall-run").click()
    lesson.at("pitfall-wrong").get_by_test_id("pitfall-error").wait_for()
    assert "IndexError: string index out of range" in lesson.text("pitfall-wrong-output")


def test_walk_the_pitfalls_by_keyboard(lesson: Lesson) -> None:
    lesson.open(10)
    lesson.at("pitfall-letters").locator("[tabindex='0']").focus()
    lesson.page.keyboard.press("End")
    lesson.wait_until("document.querySelector('[data-testid=pitfall-title]').textContent.startsWith('z.')")
    lesson.page.keyboard.press("ArrowRight")
    lesson.wait_until("document.querySelector('[data-testid=pitfall-title]').textContent.startsWith('a.')")
    assert lesson.page.evaluate(FOCUSED) == "pitfall-letter-a"


def test_a_digit_answers_from_the_top_of_the_page(lesson: Lesson) -> None:
    lesson.open(11)
    lesson.page.evaluate("document.activeElement.blur()")
    lesson.page.keyboard.press("2")
    lesson.at("quiz-verdict").locator(".message").wait_for()
    assert lesson.page.evaluate(FOCUSED) == "quiz-next"
    places = [question["video_link"] for question in lesson.get("quiz", lang="en")["questions"] if question["video"]]
    assert lesson.at("quiz-video").get_attribute("href") == places[0]
    assert places[0].endswith("&t=409s")  # 6:49 is 6 x 60 + 49


def test_the_quiz_by_keyboard_only(lesson: Lesson) -> None:
    lesson.open(11)
    page = lesson.page
    questions = lesson.get("quiz", lang="en")["questions"]
    assert len(questions) >= 24
    for _ in range(60):  # from the top of the page to the first option
        page.keyboard.press("Tab")
        if str(page.evaluate(FOCUSED)).startswith("quiz-option"):
            break
    assert page.evaluate(FOCUSED) == "quiz-option-1"

    score = 0
    for asked, question in enumerate(questions, start=1):
        right = next(i for i, option in enumerate(question["options"]) if option["correct"])
        wanted = right if asked % 4 else (right + 1) % len(question["options"])
        if asked % 2:
            for _ in range(wanted):
                page.keyboard.press("ArrowDown")
            page.keyboard.press("Enter")
        else:
            page.keyboard.press(str(wanted + 1))
        score += wanted == right
        verdict = lesson.at("quiz-verdict").locator(".message")
        assert verdict.get_attribute("class") == f"message {'good' if wanted == right else 'bad'}"
        assert verdict.locator(".sign").inner_text() == ("✓" if wanted == right else "✗")
        explained = page.locator(".late-explanation").all_inner_texts()
        assert len(explained) == len(question["options"])
        assert all(map(str.strip, explained))
        assert lesson.at(f"quiz-dot-{asked}").inner_text() == ("✓" if wanted == right else "✗")
        found = re.findall(r"\d+", lesson.text("quiz-score"))
        assert {str(score), str(asked)} <= set(found)
        assert page.evaluate(FOCUSED) == "quiz-next"
        page.keyboard.press("Enter")
    lesson.at("quiz-summary").wait_for()
    assert str(score) in lesson.text("quiz-final")

    page.reload()  # the score stays in this browser
    lesson.ready(11)
    lesson.at("quiz-summary").wait_for()
    lesson.at("quiz-restart").focus()
    page.keyboard.press("Enter")
    lesson.at("quiz-summary").wait_for(state="detached")
    assert page.evaluate(FOCUSED) == "quiz-option-1"
