"""Guesses and figures have their height from the first frame on: on a first visit nothing jumps while it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.browser.conftest import PHONE, WIDE

from nextchar.lesson.texts import chapter_numbers

if TYPE_CHECKING:
    from tests.browser.conftest import Lesson

SIZES: Final = {"wide": WIDE, "phone": PHONE}
MOST: Final = 0.03  # a cumulative layout shift below 0.1 is "good": https://web.dev/articles/cls
WATCH: Final = """
    window.shifts = [];
    new PerformanceObserver((list) => {
      for (const { hadRecentInput, value, sources } of list.getEntries()) {
        const moved = sources.map(({ node }) => node?.dataset?.testid || node?.className || node?.nodeName);
        if (!hadRecentInput) window.shifts.push({ value, moved: moved.join(" ") });
      }
    }).observe({ type: "layout-shift", buffered: true });
"""
READ: Final = """
    async () => {
      for (let y = 0; y < document.body.scrollHeight; y += innerHeight / 2) {
        scrollTo(0, y);
        await new Promise((resolve) => setTimeout(resolve, 80));
      }
    }
"""


def visits() -> Iterator[Any]:
    """All chapters, languages and sizes; each chapter once in the quick run."""
    for chapter in chapter_numbers():
        quick = ("en", "phone") if chapter % 2 else ("zh", "wide")
        for language, size in product(("en", "zh"), SIZES):
            marks = [] if (language, size) == quick else [pytest.mark.slow]
            yield pytest.param(chapter, language, size, marks=marks)


@pytest.mark.parametrize(("chapter", "language", "size"), list(visits()))
def test_nothing_jumps(visit: Callable[..., Lesson], chapter: int, language: str, size: str) -> None:
    """Who reads on while the figures come, and once more when all are there, training included."""
    lesson = visit(viewport=SIZES[size])
    page = lesson.page
    page.add_init_script(WATCH)
    page.goto(f"{lesson.address}/lesson/{chapter}?lang={language}")
    page.locator("section").first.wait_for(state="attached")
    page.evaluate(READ)
    lesson.ready(chapter)
    page.evaluate(READ)
    lesson.wait_until("document.querySelector('[data-training]')?.dataset.training !== 'on'")
    shifts = page.evaluate("window.shifts")
    assert sum(shift["value"] for shift in shifts) < MOST, shifts
