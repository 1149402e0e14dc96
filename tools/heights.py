"""How high each guess and figure of the lesson is once it is drawn, so that the page can keep its place free.

    python -m tools.heights
    python -m tools.heights --chapter 12    (only this one; the others stay as they are)

It starts `nextchar web`, opens all chapters in Chromium, in both languages, on a wide screen and on a phone, and writes
src/nextchar/web/static/js/heights.js. To be run again where a figure has become higher or lower;
tests/browser/test_page_heights.py says so where the page jumps.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import click
from tools.shots import FLAGS, SCROLL, SETTLED, SIZES, browser_path, serving

from nextchar.lesson.languages import LANGUAGES
from nextchar.lesson.texts import chapter_numbers

TARGET: Final = Path(__file__).resolve().parents[1] / "src/nextchar/web/static/js/heights.js"
HEAD: Final = """\
// How high guesses and figures are, in pixels, by language, width, chapter and section: written by tools/heights.py.
// A section without an entry has none.

"""
PATIENCE_MS: Final = 180_000  # of a busy machine
BLOCK: Final = re.compile(r"^ {2,4}(\w+): \{$")
ROW: Final = re.compile(r"^ {6}(\d+): (\{.*\}),$")
MEASURE: Final = """
    () => Object.fromEntries(
      [...document.querySelectorAll("[data-testid^='guess-'].prediction, [data-testid^='figure-'].figure")]
        .filter((node) => node.offsetHeight > 0)
        .map((node) => [node.dataset.testid, Math.round(node.offsetHeight)]))
"""


Heights = dict[str, dict[str, dict[int, dict[str, int]]]]  # by language, size, chapter and place


@click.command()
@click.option(
    "--chapter", "chapters", type=click.IntRange(1, max(chapter_numbers())), multiple=True, help="Only these."
)
def heights(chapters: tuple[int, ...]) -> None:
    """Measure and write."""
    from playwright.sync_api import sync_playwright

    found: Heights = _before() if chapters else {}
    with serving(None) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=list(FLAGS))
        for language in LANGUAGES:
            for size, (width, height) in SIZES.items():
                page = browser.new_page(viewport={"width": width, "height": height})
                page.set_default_timeout(PATIENCE_MS)
                for chapter in chapters or chapter_numbers():
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


def _before() -> Heights:
    """What the file says now, of the chapters that there are."""
    found: Heights = {}
    blocks: list[str] = []
    for line in TARGET.read_text(encoding="utf-8").splitlines():
        if block := BLOCK.match(line):
            depth = (len(line) - len(line.lstrip())) // 2 - 1  # 0 of a language, 1 of a size
            blocks = [*blocks[:depth], block[1]]
        elif (row := ROW.match(line)) and int(row[1]) in chapter_numbers():
            language, size = blocks
            found.setdefault(language, {}).setdefault(size, {})[int(row[1])] = json.loads(row[2])
    return found


def _text(found: Heights) -> str:
    """JavaScript with a line for each chapter."""
    lines = ["{"]
    for language, sizes in found.items():
        lines.append(f"  {language}: {{")
        for size, chapters in sizes.items():
            lines.append(f"    {size}: {{")
            lines += [f"      {chapter}: {json.dumps(places)}," for chapter, places in sorted(chapters.items())]
            lines.append("    },")
        lines.append("  },")
    return "\n".join([*lines, "}"])


if __name__ == "__main__":
    heights()
