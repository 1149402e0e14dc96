"""Pictures of all pages, from the door to the quiz, in both languages, sizes and colour schemes.

    python tools/shots.py

It starts `nextchar web`, goes through the pages in Chromium and writes a file for each to out/shots. The page that
`nextchar export` writes is among them.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from nextchar.data.datasets import shipped_path
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
SCHEMES: Final = ("light", "dark")
PAGES: Final = {
    "door": "/",
    "names": "/names",
    "glossary": "/glossary",
    "missing": "/lesson/99",
    **{f"{chapter:02}": f"/lesson/{chapter}" for chapter in chapter_numbers()},
}
EXPORTED: Final = "exported"
LOCALES: Final = {"en": "en-GB", "zh": "zh-CN"}  # by which the exported page finds its language
WAIT_MS: Final = 120_000  # on a busy machine
SCROLL: Final = """
    async () => {
      for (let y = 0; y < document.body.scrollHeight; y += innerHeight / 2) {
        scrollTo(0, y);
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
      scrollTo(0, 0);
    }
"""
SETTLED: Final = """
    () => document.querySelector('[data-training]')?.dataset.training !== 'on'
      && !document.querySelector('[aria-busy=true], .skeleton')
"""


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


def exported_page(folder: Path) -> Path:
    """A page of names that `nextchar export` has written."""
    model, page = folder / "model.safetensors", folder / "names.html"
    for words in (["train", str(shipped_path("creatures")), "-o", str(model)], ["export", str(model), str(page)]):
        code = "from nextchar.cli import main; main()"
        subprocess.run([sys.executable, "-c", code, *words], check=True, capture_output=True)
    return page


@click.command()
@click.option("--output", type=click.Path(path_type=Path), default=Path("out/shots"), show_default=True)
@click.option("--page", "pages", type=click.Choice([*PAGES, EXPORTED]), multiple=True, help="Only this one.")
@click.option("--language", "languages", type=click.Choice(list(LOCALES)), multiple=True, help="Only this one.")
@click.option("--size", "sizes", type=click.Choice(list(SIZES)), multiple=True, help="Only this one.")
@click.option("--scheme", "schemes", type=click.Choice(SCHEMES), multiple=True, help="Only these colours.")
@click.option("--names", "data", type=click.Path(path_type=Path), help="A list to use in place of the names.")
def shots(
    output: Path,
    pages: tuple[str, ...],
    languages: tuple[str, ...],
    sizes: tuple[str, ...],
    schemes: tuple[str, ...],
    data: Path | None,
) -> None:
    """Take a picture of each page, whole, in both languages, sizes and colour schemes."""
    from playwright.sync_api import sync_playwright

    output.mkdir(parents=True, exist_ok=True)
    taken = 0
    wanted = pages or (*PAGES, EXPORTED)
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(data) as address,
        sync_playwright() as playwright,
    ):
        exported = exported_page(Path(folder)).as_uri() if EXPORTED in wanted else ""
        browser = playwright.chromium.launch(executable_path=browser_path(), args=list(FLAGS))
        for size, language, scheme in itertools.product(sizes or SIZES, languages or LOCALES, schemes or SCHEMES):
            width, height = SIZES[size]
            page = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
                locale=LOCALES[language],
                reduced_motion="reduce",  # nothing is caught on its way
            )
            page.set_default_timeout(WAIT_MS)
            for name in wanted:
                if name == EXPORTED:
                    page.goto(exported)
                    page.locator("#items li").first.wait_for()
                else:
                    page.goto(f"{address}{PAGES[name]}?lang={language}")
                    page.locator("main:not([data-ready=false])").wait_for()
                page.evaluate(SCROLL)  # what begins when it is seen, as training does
                page.wait_for_function(SETTLED)
                page.wait_for_timeout(300)  # for the last frame of what moves
                page.screenshot(path=output / f"{name}-{language}-{size}-{scheme}.png", full_page=True)
                taken += 1
            page.close()
        browser.close()
    click.echo(f"{taken} pictures are in {output}")


if __name__ == "__main__":
    shots()
