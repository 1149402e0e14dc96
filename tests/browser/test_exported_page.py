"""The page that `export` writes, opened from its file: the items of Python, both languages, by keyboard, axe clean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import pytest
from tests.browser.conftest import PHONE, opened
from tests.browser.test_page_accessible import grave_faults

import nextchar
from nextchar.core.model import Model
from nextchar.data.datasets import shipped_names

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES: Final = [name.lower() for name in shipped_names()[::40]]
HOSTILE: Final = ["<b>bold</b>", "</script><img src=x>", "<i>", "&amp;", "</li>", "{{data}}"]
FILES: Final = "file://"  # what the watch takes for the page's own address: it may ask for no other


@pytest.fixture(scope="module")
def model() -> Model:
    return nextchar.Ngram(order=4, smoothing="modified-kneser-ney").fit(nextchar.Corpus.from_items(NAMES))


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Exports a model and opens the page with an address of its own."""
    watches = []

    def show(model: Model, fragment: str = "", **options: object) -> Page:
        path = tmp_path / "page.html"
        nextchar.export_page(model, path, title="Names")
        context, watch = opened(browser, FILES, **options)
        watches.append((context, watch))
        page = context.new_page()
        page.goto(f"{path.as_uri()}{fragment}")
        page.locator("body[data-ready=true]").wait_for()
        return page

    yield show
    for context, watch in watches:
        context.close()
        watch.check()


def items(page: Page) -> list[str]:
    found: list[str] = page.evaluate("Array.from(document.querySelectorAll('#items li'), (line) => line.textContent)")
    return found


def test_ten_thousand_names(model: Model, show: Callable[..., Page]) -> None:
    page = show(model, "#count=10000&seed=7&new=0")
    assert items(page) == model.sample(10_000, seed=7)
    page.fill("#prefix", "ma")
    page.fill("#min", "4")
    page.fill("#max", "7")
    page.check("#new")
    page.click("#repeat")
    assert items(page) == model.sample(10_000, seed=7, prefix="ma", min_length=4, max_length=7, new=True)


def test_address_brings_the_same_list_again(model: Model, show: Callable[..., Page]) -> None:
    page = show(model)
    page.fill("#prefix", "e")
    page.focus("#count")
    page.keyboard.press("Enter")
    drawn = items(page)
    assert len(drawn) == 24
    assert all(item.startswith("e") for item in drawn)
    page.reload()
    page.locator("body[data-ready=true]").wait_for()
    assert items(page) == drawn
    page.keyboard.press("Tab")  # to the language
    assert page.evaluate("document.activeElement.id") == "language"


def test_copies_the_list(model: Model, show: Callable[..., Page]) -> None:
    page = show(model, "#count=3&seed=1&new=0")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("#copy")
    page.locator("#status", has_text="Copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "".join(f"{item}\n" for item in items(page))


@pytest.mark.parametrize(
    ("locale", "begins", "said"), [("en-US", "Begins", "seen “ж”"), ("zh-CN", "开头", "没有见过“ж”")]
)
def test_speaks_the_language_of_the_browser(
    model: Model, show: Callable[..., Page], locale: str, begins: str, said: str
) -> None:
    page = show(model, locale=locale)
    assert begins in page.locator("label[for=prefix]").inner_text()
    page.fill("#prefix", "ж")
    page.click("#repeat")
    assert said in page.locator("#error").inner_text()
    assert page.locator("#prefix").get_attribute("aria-invalid") == "true"
    page.click("#language")
    assert said not in page.locator("#error").inner_text()
    assert page.evaluate("document.documentElement.lang") == {"en-US": "zh-CN", "zh-CN": "en"}[locale]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("#count", "0", "“How many” is a whole number from 1 to 10,000."),
        ("#count", "10001", "“How many” is a whole number from 1 to 10,000."),
        ("#seed", "-5", "A seed is a whole number"),
        ("#seed", "18446744073709551616", "A seed is a whole number"),
        ("#seed", "", "A seed is a whole number"),
        ("#max", "1.5", "“Longest” is a whole number"),
        ("#min", "9999", "Nothing that this model writes"),
    ],
)
def test_says_what_is_wrong(model: Model, show: Callable[..., Page], field: str, value: str, said: str) -> None:
    if field == "#min":
        model = nextchar.Ngram(order=4, add=0).fit(nextchar.Corpus.from_items(["ab", "abc"]))
    page = show(model, "#seed=1")
    page.fill(field, value)
    if field == "#min":
        page.fill("#max", "9999")
    page.click("#repeat")
    assert said in page.locator("#error").inner_text()
    assert items(page) == []


def test_items_are_text(show: Callable[..., Page]) -> None:
    """What a hostile list has is shown as it is, and makes no element."""
    model = nextchar.Ngram(order=6, add=0).fit(nextchar.Corpus.from_items(HOSTILE))
    page = show(model, "#count=40&seed=1&new=0")
    assert set(items(page)) <= set(HOSTILE)
    assert page.locator("#items b, #items i, #items img").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible(model: Model, show: Callable[..., Page], scheme: Literal["light", "dark"]) -> None:
    page = show(model, color_scheme=scheme, viewport=PHONE)
    assert grave_faults(page) == []
    page.fill("#prefix", "ж")
    page.click("#repeat")
    assert grave_faults(page) == []
    assert page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth") == 0
