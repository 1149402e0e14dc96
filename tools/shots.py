"""Pictures of all pages, from the door to the quiz, in both languages, on a wide screen and on a phone.

    python tools/shots.py

It starts `nextchar web`, goes through the pages in Chromium and writes a file for each to out/shots.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from nextchar.lesson.texts import chapter_numbers

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
)
SIZES: Final = {"wide": (1280, 800), "phone": (390, 844)}
SCROLL: Final = """
    async () => {
      for (let y = 0; y < document.body.scrollHeight; y += innerHeight / 2) {
        scrollTo(0, y);
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
      scrollTo(0, 0);
    }
"""
SETTLED: Final = "() => document.querySelector('[data-training]')?.dataset.training !== 'on'"


@contextlib.contextmanager
def serving(data: Path | None) -> Iterator[str]:
    """The address of a lesson page."""
    arguments = [sys.executable, "-c", "from nextchar.cli import main; main()", "web", "--no-browser", "--port", "0"]
    if data is not None:
        arguments += ["--names", str(data)]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = ""
        try:
            for line in process.stderr:
                said += line
                if found := re.search(r"http://localhost:\d+", line):
                    break
            else:
                raise click.ClickException(f"nextchar web did not start:\n{said}")
            yield found[0]
        finally:
            process.terminate()


def browser_path() -> str:
    """Where Chromium is."""
    path = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if path is None:
        raise click.ClickException(f"no browser on the path: one of {', '.join(BROWSERS)} is needed")
    return path


@click.command()
@click.option("--output", type=click.Path(path_type=Path), default=Path("out/shots"), show_default=True)
@click.option(
    "--chapter", "chapters", type=click.IntRange(1, max(chapter_numbers())), multiple=True, help="Only these."
)
@click.option("--language", "languages", type=click.Choice(["en", "zh"]), multiple=True, help="Only this one.")
@click.option("--size", "sizes", type=click.Choice(list(SIZES)), multiple=True, help="Only this one.")
@click.option("--dark", is_flag=True, help="The dark colours.")
@click.option("--names", "data", type=click.Path(path_type=Path), help="A list to use in place of the names.")
def shots(
    output: Path,
    chapters: tuple[int, ...],
    languages: tuple[str, ...],
    sizes: tuple[str, ...],
    dark: bool,
    data: Path | None,
) -> None:
    """Take a picture of each page, whole, in both languages and sizes."""
    from playwright.sync_api import sync_playwright

    output.mkdir(parents=True, exist_ok=True)
    taken = 0
    with serving(data) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=list(FLAGS))
        for size in sizes or SIZES:
            width, height = SIZES[size]
            page = browser.new_page(
                viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
            )
            for language in languages or ("en", "zh"):
                for name, place in _places(chapters):
                    page.goto(f"{address}{place}?lang={language}")
                    page.locator("main[data-ready=true]").wait_for()
                    page.evaluate(SCROLL)  # what begins when it is seen, as training does
                    page.wait_for_function(SETTLED)
                    page.wait_for_timeout(300)  # for the last frame of what moves
                    path = output / f"{name}-{language}-{size}{'-dark' if dark else ''}.png"
                    page.screenshot(path=path, full_page=True)
                    taken += 1
            page.close()
        browser.close()
    click.echo(f"{taken} pictures are in {output}")


def _places(chapters: tuple[int, ...]) -> list[tuple[str, str]]:
    """Which pages, by name and path: the chapters asked for, else all there are."""
    lesson = [(f"{chapter:02}", f"/lesson/{chapter}") for chapter in chapters or chapter_numbers()]
    return lesson if chapters else [("door", "/"), ("names", "/names"), ("glossary", "/glossary"), *lesson]


if __name__ == "__main__":
    shots()
