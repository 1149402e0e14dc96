"""How soon the page is there: in a real Chromium, from a cold start of `nextchar web`.

    python -m benchmarks.page [--repeats 3] [--only door] [--output FILE]

For each page a server is started anew and the page is the first thing that is asked of it, in a profile without a
cache; the browser itself runs already. Times count from the moment at which the page is opened. A figure is there when
something else than its skeleton is in it, and no chart in it is half drawn; all figures of a chapter count from the
opening too, as for a reader who scrolls to the end at once. A visitor types a second and a half after that. The result
is written to benchmarks/page.md.
"""

from __future__ import annotations

import contextlib
import os
import platform
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from tools.shots import FLAGS, browser_path, serving

from nextchar.lesson.texts import chapter_numbers

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TARGET: Final = Path(__file__).with_name("page.md")
WAIT_MS: Final = 60_000
READS_MS: Final = 1_500  # before a visitor types
TORCH_CHAPTERS: Final = (7, 8)
WORD: Final = "elizabeth"
TYPED: Final = {  # by chapter, where a visitor types, and what changes then
    1: ("symbols-word", "symbols-result"),
    5: ("own-word", "own-result"),
    12: ("map-name", "map-letters"),
    14: ("memory-name", "memory-units"),
    15: ("valves-name", "valves"),
    16: ("tree-name", "tree-picture"),
    17: ("arcs-name", "arcs-letter"),
    19: ("typed-text", "text-bars-mixing"),
}
LARGE_LIST: Final = 50_000
ODD_LIST: Final = 1_900
# When each figure is there, and when the first sign of it: looked at in every frame, milliseconds from the opening.
WATCH: Final = """
    window.seen = {figures: {}, first: {}};
    const there = (figure) => {
      if (figure.hidden || figure.querySelector(".skeleton") || !figure.childElementCount) return false;
      return [...figure.querySelectorAll(".plot")].every((plot) => plot.querySelector(".main-svg"));
    };
    const look = () => {
      for (const figure of document.querySelectorAll(".figure[data-section]")) {
        const id = figure.dataset.section;
        if (figure.childElementCount) window.seen.first[id] ??= performance.now();
        if (there(figure)) window.seen.figures[id] ??= performance.now();
        else delete window.seen.figures[id];
      }
      const names = document.querySelectorAll("#door-list li .door-word").length;
      if (names >= 10) window.seen.names ??= performance.now();
      const cards = document.querySelectorAll("[data-testid=cards] .card-name").length;
      if (cards >= 10) window.seen.cards ??= performance.now();
      if (document.querySelector("main[data-ready=true]")) window.seen.ready ??= performance.now();
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
"""
DRAWN: Final = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
# From a key to the frame after the answer has changed the page.
KEYS: Final = """
    async ([place, watched, letters]) => {
      const input = document.querySelector(place), host = document.querySelector(watched), times = [];
      for (const letter of letters) {
        const changed = new Promise((resolve) => {
          const watch = new MutationObserver(() => { watch.disconnect(); requestAnimationFrame(() => resolve()); });
          watch.observe(host, { childList: true, subtree: true, characterData: true });
        });
        const begun = performance.now();
        input.value += letter;
        input.dispatchEvent(new InputEvent("input", { bubbles: true }));
        await changed;
        times.push(performance.now() - begun);
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
      return times;
    }
"""


@contextlib.contextmanager
def opened(browser: Browser, data: Path | None = None) -> Iterator[tuple[Page, str]]:
    """A page of a visitor who was never here, and the address of a server that has answered nothing."""
    with serving(data) as address:
        context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-US")
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        page.add_init_script(WATCH)
        yield page, address
        context.close()


def door(browser: Browser) -> dict[str, float]:
    """The landing page: drawn, its names, a keystroke."""
    with opened(browser) as (page, address):
        page.goto(f"{address}/?lang=en")
        page.wait_for_function("() => window.seen.names")
        found = {
            "`/` drawn": page.evaluate(DRAWN),
            "`/` ten names": page.evaluate("window.seen.names"),
        }
        page.wait_for_timeout(READS_MS)
        times = page.evaluate(KEYS, ["#door-name", "#door-letters", WORD])
        return {**found, "`/` a keystroke, slowest of 9": max(times)}


def chapter(browser: Browser, number: int) -> dict[str, float]:
    """A chapter: its text, the first sign of its last figure, and the figure that comes last."""
    with opened(browser) as (page, address):
        page.goto(f"{address}/lesson/{number}?lang=en")
        page.wait_for_selector("section")
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        page.locator("main[data-ready=true]").wait_for()
        page.wait_for_timeout(READS_MS)
        seen = page.evaluate("window.seen")
        slowest = max(seen["figures"], key=seen["figures"].get)
        found = {
            f"chapter {number} text and places of figures": max(seen["first"].values()),
            f"chapter {number} all figures": seen["figures"][slowest],
            f"chapter {number} all charts too": seen["ready"],
        }
        if number in TYPED:
            place, watched = (f"[data-testid={testid}]" for testid in TYPED[number])
            first, *times = page.evaluate(KEYS, [place, watched, WORD])
            if number > max(TORCH_CHAPTERS):  # the first answer waits until PyTorch is there
                found[f"chapter {number} the first keystroke"] = first
                found[f"chapter {number} a keystroke, slowest of 8"] = max(times)
            else:
                found[f"chapter {number} a keystroke, slowest of 9"] = max(first, *times)
        return found


def workbench(browser: Browser) -> dict[str, float]:
    """The workbench as it opens, and with two lists of one's own that are hard on it."""
    with opened(browser) as (page, address):
        page.goto(f"{address}/names?lang=en")
        page.wait_for_function("() => window.seen.cards")
        found = {"`/names` drawn": page.evaluate(DRAWN), "`/names` ten names": page.evaluate("window.seen.cards")}
        for name, text in (("50,000 lines", large_list()), ("1,900 characters", odd_list())):
            page.wait_for_function("() => !document.querySelector('[data-testid=cards]').hasAttribute('aria-busy')")
            page.evaluate("document.querySelector('[data-testid=list-own]').open = true")
            page.evaluate("text => { document.querySelector('[data-testid=list-text]').value = text; }", text)
            found |= {f"`/names` {name}, {what}": ms for what, ms in page.evaluate(USE).items()}
        return found


# From the click to the first sign of progress, and to the first names of the new list.
USE: Final = """
    async () => {
      const cards = document.querySelector("[data-testid=cards]");
      const size = document.querySelector("[data-testid=list-size]").textContent;
      const begun = performance.now();
      const found = {};
      document.querySelector("[data-testid=list-use]").click();
      for (;;) {
        await new Promise((resolve) => requestAnimationFrame(() => resolve()));
        const now = performance.now() - begun;
        if (document.querySelector("[data-testid=names-wait]")) found["first sign of progress"] ??= now;
        if (document.querySelector("[data-testid=list-size]").textContent !== size) found.read ??= now;
        if (found.read && !cards.hasAttribute("aria-busy") && cards.querySelector(".card-name")) {
          return { ...found, "first names": now };
        }
      }
    }
"""


def large_list() -> str:
    """50,000 different lines of the letters a to z."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    state, lines = 1, dict[str, None]()
    while len(lines) < LARGE_LIST:
        name = ""
        while len(name) < 4 or state >> 40 & 7:
            state = (6364136223846793005 * state + 1442695040888963407) % 2**64
            name += letters[(state >> 33) % 26]
        lines[name[:14]] = None
    return "\n".join(lines)


def odd_list() -> str:
    """6,000 lines of 1,900 different characters."""
    state, lines = 1, []
    for _ in range(6_000):
        line = ""
        for _ in range(3):
            state = (6364136223846793005 * state + 1442695040888963407) % 2**64
            line += chr(0x4E00 + (state >> 33) % ODD_LIST)
        lines.append(line)
    return "\n".join(lines)


WANTED: Final = (
    ("`/` drawn", 500),
    ("`/` ten names", 1000),
    *((f"chapter {n} all figures", 6000 if n in TORCH_CHAPTERS else 2000) for n in chapter_numbers()),
    *((f"{place} a keystroke, slowest of 9", 50) for place in ("`/`", "chapter 1", "chapter 5")),
    *((f"chapter {n} a keystroke, slowest of 8", 50) for n in TYPED if n > max(TORCH_CHAPTERS)),
)


def table(runs: dict[str, list[float]], load: Sequence[float], about: str) -> str:
    """The page benchmarks/page.md."""
    wanted = dict(WANTED)
    lines = [
        "# How soon the page is there",
        "",
        f"Measured on {time.strftime('%Y-%m-%d')} by `python -m benchmarks.page`, which wrote this page.",
        "",
        *(__doc__ or "").strip().split("\n\n")[-1:],
        "",
        f"- machine: {about}",
        f"- load: {', '.join(f'{value:.1f}' for value in load)} before and after (the average of the last minute)",
        f"- milliseconds; median, fastest and slowest of {max(map(len, runs.values()))} cold starts",
        "",
        "| | median | fastest | slowest | wanted |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, times in runs.items():
        figures = " | ".join(f"{value:,.0f}" for value in (statistics.median(times), min(times), max(times)))
        lines.append(f"| {name} | {figures} | {wanted.get(name, '')} |")
    return "\n".join(lines) + "\n"


@click.command()
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(1))
@click.option("--only", multiple=True, help="door, names, or a chapter's number.")
@click.option("--output", type=click.Path(path_type=Path), default=TARGET, show_default=True)
def main(repeats: int, only: tuple[str, ...], output: Path) -> None:
    """Measure, and write the table."""
    from playwright.sync_api import sync_playwright

    jobs: dict[str, Any] = {"door": door, "names": workbench}
    jobs |= {str(number): number for number in chapter_numbers()}
    runs: dict[str, list[float]] = {}
    load = [os.getloadavg()[0]]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=list(FLAGS))
        for _ in range(repeats):
            for name, job in jobs.items():
                if only and name not in only:
                    continue
                found = chapter(browser, job) if isinstance(job, int) else job(browser)
                click.echo("; ".join(f"{what} {ms:.0f} ms" for what, ms in found.items()), err=True)
                for what, ms in found.items():
                    runs.setdefault(what, []).append(ms)
        version = browser.version
        browser.close()
    load.append(os.getloadavg()[0])
    about = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Chromium {version.split('.')[0]}"
    output.write_text(table(runs, load, about), encoding="utf-8")


if __name__ == "__main__":
    main()
