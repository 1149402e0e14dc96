"""A page that is opened waits for nothing: what it shows first is in it, and its charts come after its texts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.browser.conftest import Lesson, opened, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Request

CHAPTERS: Final = range(1, 12)  # the lecture's: their first answers are known beforehand
# What is asked all the same: what is about this very moment or this machine.
LIVE: Final = (
    ("POST", "/api/game"),  # another game each time
    ("POST", "/api/net/train"),  # begins where it is seen
    ("POST", "/api/sample"),  # of the figure that shows the time it took; the others are not asked
    ("GET", "/api/doing"),
    ("GET", "/api/pitfalls"),
    ("GET", "/api/quiz"),
)


@pytest.fixture(scope="module")
def usual(browser: Browser) -> Iterator[Lesson]:
    """A visitor of a server on the names that ship."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEXTCHAR_NAMES", "")
        nothing_kept = "import nextchar.data.download as download; download.cached = lambda *_, **__: None"
        with serving(None, nothing_kept) as address:
            context, watch = opened(browser, address)
            yield Lesson(context.new_page(), watch)
            context.close()


def asked(lesson: Lesson, place: str) -> list[tuple[str, str, Any]]:
    """What a page asks of the program until its text is there and its requests have been sent."""
    found: list[tuple[str, str, Any]] = []

    def note(request: Request) -> None:
        path = request.url.removeprefix(lesson.address).partition("?")[0]
        if path.startswith("/api"):
            found.append((request.method, path, json.loads(request.post_data or "null")))

    lesson.page.on("request", note)
    lesson.page.goto(lesson.address + place)
    lesson.page.locator("h1").first.wait_for()
    lesson.page.wait_for_timeout(400)
    lesson.page.remove_listener("request", note)
    return found


def test_the_door_asks_nothing(usual: Lesson) -> None:
    assert asked(usual, "/?lang=en") == []
    usual.wait_until("document.querySelectorAll('#door-list .door-word').length === 10")
    assert usual.page.locator(".door-cell.lit").count() > 0
    usual.watch.check()


def test_the_workbench_asks_nothing(usual: Lesson) -> None:
    assert asked(usual, "/names?lang=en") == []
    usual.wait_until("document.querySelectorAll('[data-testid=cards] .card-name').length === 24")
    assert usual.text("list-size")
    usual.watch.check()


@pytest.mark.parametrize(
    "chapter", [3, 9, *(pytest.param(n, marks=pytest.mark.slow) for n in CHAPTERS if n not in (3, 9))]
)
def test_a_chapter_asks_nothing_that_is_known(usual: Lesson, chapter: int) -> None:
    lesson = usual
    found = asked(lesson, f"/lesson/{chapter}?lang=zh")
    assert {(method, path) for method, path, _ in found} <= set(LIVE)
    assert [body["n"] for _, path, body in found if path == "/api/sample"] in ([], [1000])
    if not found:
        lesson.ready(chapter)
        assert lesson.page.locator(".skeleton").count() == 0
        assert lesson.page.locator(".plot").count() == lesson.page.locator(".plot .main-svg:first-child").count()
    lesson.watch.check()


WATCH_FETCH: Final = """
    window.sent = [];
    const real = window.fetch;
    window.fetch = (url, options) => {
      const drawn = document.querySelector("main")?.dataset.ready === "true";
      window.sent.push([url.split("?")[0], drawn, JSON.parse(options?.body ?? "null")]);
      return real(url, options);
    };
"""
SOON: Final = {12: "moved", 13: "layers", 14: "hidden", 15: "gates", 16: "merges", 17: "attention"}


@pytest.mark.parametrize("chapter", [14, *(pytest.param(n, marks=pytest.mark.slow) for n in SOON if n != 14)])
def test_the_net_is_read_while_one_looks(usual: Lesson, chapter: int) -> None:
    """Nothing is asked for what is shown first; once it is drawn, something else, for which PyTorch has to be there."""
    page = usual.page.context.new_page()
    page.add_init_script(WATCH_FETCH)
    place = f"/api/inside/{SOON[chapter]}"
    with page.expect_response(lambda response: place in response.url, timeout=180_000) as answered:
        page.goto(f"{usual.address}/lesson/{chapter}?lang=en")
    assert answered.value.ok
    sent = [one for one in page.evaluate("window.sent") if one[0] not in [path for _, path in LIVE]]
    page.close()
    assert [(path, drawn) for path, drawn, _ in sent] == [(place, True)]
    usual.watch.check()


def test_another_language_is_asked_for(visit: Any) -> None:
    """The texts in the page are those of its own language."""
    lesson = visit()
    lesson.open(1, "en")
    title = lesson.page.title()
    lesson.at("language-zh").click()
    lesson.wait_until("(title) => document.title !== title", title)
    assert lesson.page.evaluate("document.documentElement.lang") == "zh-Hans"
