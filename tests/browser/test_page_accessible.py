"""axe-core finds nothing serious on any chapter; heat maps and the page can be worked by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING, Any, Final, Literal

import pytest

from nextchar.lesson.texts import chapter_numbers

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from tests.browser.conftest import Lesson

CHAPTERS: Final = chapter_numbers()
GRAVE: Final = ("serious", "critical")


def violations(lesson: Lesson) -> list[str]:
    """What axe-core holds for serious or critical on the page as it is."""
    return grave_faults(lesson.page)


def grave_faults(page: Page) -> list[str]:
    """The same of any page."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found: Any = axe.run(page, options={"resultTypes": ["violations"]}).response
    return [
        f"{fault['id']} ({fault['impact']}): {node['target']}: {node['html'][:120]}"
        for fault in found["violations"]
        if fault["impact"] in GRAVE
        for node in fault["nodes"][:4]
    ]


def sweep() -> Iterator[Any]:
    """All chapters, languages and colours; each chapter once in the quick run."""
    for chapter in CHAPTERS:
        quick = ("en", "light") if chapter % 2 else ("zh", "dark")
        for language, scheme in product(("en", "zh"), ("light", "dark")):
            marks = [] if (language, scheme) == quick else [pytest.mark.slow]
            yield pytest.param(chapter, language, scheme, marks=marks)


@pytest.mark.parametrize(("chapter", "language", "scheme"), list(sweep()))
def test_no_serious_violation(lesson: Lesson, chapter: int, language: str, scheme: Literal["light", "dark"]) -> None:
    lesson.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    lesson.open(chapter, language)
    assert violations(lesson) == []


def test_no_serious_violation_after_use(lesson: Lesson) -> None:
    """In the states that a visitor brings about: the dialog, answers right and wrong, a stopped training."""
    lesson.page.emulate_media(reduced_motion="reduce")
    lesson.open(4)
    lesson.at("data-open").click()
    assert violations(lesson) == []
    lesson.page.keyboard.press("Escape")
    lesson.at("step-keys").locator("button").first.click()
    lesson.at("game-real").click()
    assert violations(lesson) == []
    lesson.open(11)
    lesson.at("quiz-option-2").click()
    assert violations(lesson) == []
    lesson.page.emulate_media(color_scheme="dark")
    lesson.page.wait_for_timeout(100)
    assert violations(lesson) == []


@pytest.mark.slow
def test_all_controls_are_reached_by_keyboard(lesson: Lesson) -> None:
    """Tab comes by every control that can be seen and used."""
    for chapter in CHAPTERS:
        lesson.open(chapter)
        if chapter == 7:
            lesson.wait_until("document.querySelector('[data-training]').dataset.training === 'off'")
        wanted: int = lesson.page.evaluate(
            """() => {
              const radios = new Set();
              const wanted = "a[href], button, input, select, textarea, summary, [tabindex='0']";
              window.controls = [...document.querySelectorAll(wanted)].filter((node) => {
                const seen = node.checkVisibility({ visibilityProperty: true });
                if (node.disabled || node.tabIndex < 0 || !seen) return false;
                if (node.type !== "radio") return true;
                if (radios.has(node.name)) return false;
                radios.add(node.name);
                return true;
              });
              window.passed = new Set();
              document.addEventListener("focusin", ({ target }) => {
                window.passed.add(target.type === "radio" ? target.name : target);
              });
              return window.controls.length;
            }"""
        )
        for _ in range(wanted + 15):
            lesson.page.keyboard.press("Tab")
        left: list[str] = lesson.page.evaluate(
            """window.controls
              .filter((node) => node.isConnected && !window.passed.has(node.type === "radio" ? node.name : node))
              .map((node) => node.outerHTML.slice(0, 100))"""
        )
        assert left == [], chapter
