"""How high each guess and figure of the lesson is once it is drawn, so that the page can keep its place free.

    python -m tools.heights

It starts `nextchar web`, opens all chapters in Chromium, in both languages, on a wide screen and on a phone, and writes
src/nextchar/web/static/js/heights.js. To be run again where a figure has become higher or lower;
tests/browser/test_page_heights.py says so where the page jumps.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from tools.shots import FLAGS, SCROLL, SETTLED, SIZES, browser_path, serving

from nextchar.lesson.languages import LANGUAGES
from nextchar.lesson.texts import chapter_numbers

TARGET: Final = Path(__file__).resolve().parents[1] / "src/nextchar/web/static/js/heights.js"
HEAD: Final = """\
// How high guesses and figures are, in pixels, by language, width, chapter and section: written by tools/heights.py.
// A section without an entry has none.

"""
MEASURE: Final = """
    () => Object.fromEntries(
      [...document.querySelectorAll("[data-testid^='guess-'].prediction, [data-testid^='figure-'].figure")]
        .filter((node) => node.offsetHeight > 0)
        .map((node) => [node.dataset.testid, Math.round(node.offsetHeight)]))
"""


def heights() -> None:
    """Measure and write."""
    from playwright.sync_api import sync_playwright

    found: dict[str, dict[str, dict[int, dict[str, int]]]] = {}
    with serving(None) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=list(FLAGS))
        for language in LANGUAGES:
            for size, (width, height) in SIZES.items():
                page = browser.new_page(viewport={"width": width, "height": height})
                for chapter in chapter_numbers():
                    page.goto(f"{address}/lesson/{chapter}?lang={language}")
                    page.locator("main[data-ready=true]").wait_for()
                    page.evaluate(SCROLL)
                    page.wait_for_function(SETTLED)
                    page.wait_for_timeout(300)
                    found.setdefault(language, {}).setdefault(size, {})[chapter] = page.evaluate(MEASURE)
                page.close()
        browser.close()
    TARGET.write_text(f"{HEAD}export const HEIGHTS = {_text(found)};\n", encoding="utf-8")
    print(f"{TARGET} is written")


def _text(found: dict[str, dict[str, dict[int, dict[str, int]]]]) -> str:
    """JavaScript with a line for each chapter."""
    lines = ["{"]
    for language, sizes in found.items():
        lines.append(f"  {language}: {{")
        for size, chapters in sizes.items():
            lines.append(f"    {size}: {{")
            lines += [f"      {chapter}: {json.dumps(places)}," for chapter, places in chapters.items()]
            lines.append("    },")
        lines.append("  },")
    return "\n".join([*lines, "}"])


if __name__ == "__main__":
    heights()
