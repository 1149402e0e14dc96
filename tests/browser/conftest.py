"""A real server process and a real Chromium for the tests of the lesson page.

The page is watched while a test runs: an error on its console, an exception, a request that fails or one that goes to
another host fails the test. No other host can be reached anyway: Chromium resolves no name but this machine's own.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import pytest

from nextchar.data.corpus import Corpus
from nextchar.data.datasets import shipped_names

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Locator, Page, Request, Response

LANGUAGES: Final = ("en", "zh")
WIDE: Final = {"width": 1280, "height": 800}
PHONE: Final = {"width": 390, "height": 844}
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
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
)
WAIT_MS: Final = 60_000  # of a busy machine: how soon things are there is measured by benchmarks.page
# Changes to a place in the lesson that is open; false where none is, or this place is.
CHANGE: Final = """
    ([address, place]) => {
      if (location.origin !== address || location.pathname + location.search === place) return false;
      if (!document.querySelector("main[data-ready]")) return false;
      history.pushState(null, "", place);
      dispatchEvent(new PopStateEvent("popstate"));
      return true;
    }
"""
NOT_YET: Final = "was preloaded using link preload but not used"  # that this machine was busy, and nothing else
ABORTED: Final = "net::ERR_ABORTED"  # the page itself lets go of a request that it no longer needs


def small_list() -> list[str]:
    """323 names over all of a to z; the pair "jz" is in none."""
    return ["mia", *(name.lower() for name in shipped_names()[::100])]


def missing() -> str | None:
    """What the tests of this folder need and do not have."""
    for module, remedy in (
        ("playwright", "pip install 'nextchar[test]'"),
        ("starlette", "pip install 'nextchar[web]'"),
        ("uvicorn", "pip install 'nextchar[web]'"),
        ("torch", "pip install 'nextchar[neural]'"),
    ):
        if importlib.util.find_spec(module) is None:
            return f"the tests of the lesson page need {module}: {remedy}"
    if chromium() is None:
        return f"the tests of the lesson page need a browser on the path: one of {', '.join(BROWSERS)}"
    return None


def chromium() -> str | None:
    return next((path for path in map(shutil.which, BROWSERS) if path), None)


@dataclass
class Watch:
    """What went wrong on a page.

    Attributes:
        address: where the server is; requests to anywhere else are faults.
        faults: what was seen.
        expected: regular expressions of faults that the test brings about itself.
    """

    address: str
    faults: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        context.on("request", self._request)
        context.on("requestfailed", self._failed)
        context.on("response", self._response)
        context.on("console", self._console)
        context.on("dialog", self._dialog)
        context.on("weberror", lambda error: self._note(f"exception: {error.error}"))

    def check(self) -> None:
        assert self.faults == []

    def _note(self, fault: str) -> None:
        if not any(re.search(pattern, fault) for pattern in self.expected):
            self.faults.append(fault)

    def _dialog(self, dialog: Dialog) -> None:
        self._note(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("about", "blob", "data") and f"{parts.scheme}://{parts.netloc}" != self.address:
            self._note(f"request to elsewhere: {request.url}")

    def _failed(self, request: Request) -> None:
        if request.failure != ABORTED:
            self._note(f"failed: {request.method} {request.url}: {request.failure}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self._note(f"status {response.status}: {response.request.method} {response.url}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and NOT_YET not in message.text:
            self._note(f"console {message.type}: {message.text} ({message.location.get('url', '')})")


@dataclass
class Lesson:
    """A visitor's page of the lesson.

    Attributes:
        page: the page in the browser.
        watch: what went wrong on it.
    """

    page: Page
    watch: Watch

    @property
    def address(self) -> str:
        return self.watch.address

    def open(self, chapter: int, language: str = "en", fragment: str = "", *, fresh: bool = False) -> None:
        """Go to a chapter and wait until its figures are drawn.

        Where the lesson is open already it changes to the chapter by itself, as it does for a reader who follows its
        links, unless it is to be loaded anew.
        """
        place = f"/lesson/{chapter}?lang={language}"
        if fresh or fragment or not self.page.evaluate(CHANGE, [self.address, place]):
            self.page.goto(self.address + place + fragment)
        self.ready(chapter)

    def next(self, chapter: int) -> None:
        """Go on to this chapter, the next."""
        self.at("next").click()
        self.wait_until(f"location.pathname === '/lesson/{chapter}'")
        self.ready(chapter)

    def ready(self, chapter: int | None = None) -> None:
        self.page.locator("main[data-ready=true]").wait_for()
        for fault in self.page.locator("h1 + .message.error").all():
            pytest.fail(f"{self.page.url}: {fault.inner_text()}")
        if chapter is not None:
            assert f"/lesson/{chapter}?" in self.page.url

    def at(self, testid: str) -> Locator:
        return self.page.get_by_test_id(testid)

    def text(self, testid: str) -> str:
        return self.at(testid).inner_text().strip()

    def number(self, testid: str) -> float:
        """The number that an element shows."""
        return number(self.text(testid))

    def wait_until(self, expression: str, argument: Any = None, timeout: float = WAIT_MS) -> None:
        """Until a JavaScript expression, or function of the argument, is true."""
        asked = f"(argument) => {{ const it = ({expression}); return typeof it === 'function' ? it(argument) : it; }}"
        self.page.wait_for_function(asked, arg=argument, timeout=timeout)

    def slide(self, testid: str, position: float) -> None:
        """Drag a slider with the mouse to a place between 0, its left end, and 1."""
        box = self.at(testid).bounding_box()
        if box is None:
            raise AssertionError(f"{testid} is not on the page")
        self.at(testid).scroll_into_view_if_needed()
        box = self.at(testid).bounding_box() or box
        y = box["y"] + box["height"] / 2
        value, low, high = (float(self.at(testid).evaluate(f"input => input.{key}")) for key in ("value", "min", "max"))
        thumb = 8
        span = box["width"] - 2 * thumb
        self.page.mouse.move(box["x"] + thumb + span * (value - low) / (high - low), y)
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + thumb + span * position, y, steps=4)
        self.page.mouse.up()

    def get(self, path: str, **query: Any) -> Any:
        """What the server tells this visitor."""
        answer = self.page.context.request.get(f"{self.address}/api/{path}", params=query)
        assert answer.ok, answer.text()
        return answer.json()

    def post(self, path: str, **body: Any) -> Any:
        answer = self.page.context.request.post(f"{self.address}/api/{path}", data=body)
        assert answer.ok, answer.text()
        return answer.json()

    def use(self, text: str) -> None:
        """Paste a list of one's own."""
        self.at("data-open").click()
        self.at("data-text").fill(text)
        self.at("data-use").click()
        self.at("data-dialog").wait_for(state="detached")
        self.ready()

    def overflow(self) -> int:
        """By how many pixels the page can be scrolled sideways."""
        width: int = self.page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth")
        return width


def number(text: str) -> float:
    """A number as the page writes it: 1,234 or 3.2958 or 1.234 × 10⁻⁷ or ∞ or 12.5%."""
    text = text.strip().replace(",", "").replace("\N{MINUS SIGN}", "-").replace("\N{NO-BREAK SPACE}", " ")
    if text.endswith("%"):
        return float(text[:-1]) / 100
    digits, times, power = text.partition(" × 10")
    if not times:
        return float(digits.replace("∞", "inf"))
    plain = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
    return float(digits) * 10.0 ** int(power.translate(plain))


@pytest.fixture(scope="session")
def needed() -> None:
    reason = missing()
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def items_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lesson") / "small.txt"
    path.write_text("".join(f"{item}\n" for item in small_list()), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def corpus(items_path: Path) -> Corpus:
    """What the server of these tests shows."""
    return Corpus.from_file(items_path)


@pytest.fixture(scope="session")
def address(needed: None, items_path: Path) -> Iterator[str]:
    with serving(items_path) as address:
        yield address


@contextlib.contextmanager
def serving(items_path: Path | None, before: str = "pass") -> Iterator[str]:
    """`nextchar web` in a process of its own, on a free port, with a list or its own; `before` is run there first."""
    code = f"import sys; {before}; from nextchar.cli import main; main()"
    arguments = [sys.executable, "-c", code, "web", "--no-browser", "--port", "0"]
    if items_path is not None:
        arguments += ["--names", str(items_path)]
    environment = {**os.environ, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
    log: list[str] = []
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        for line in process.stderr:
            log.append(line)
            found = re.search(r"http://localhost:\d+", line)
            if found:
                break
        else:
            pytest.fail("nextchar web did not start:\n" + "".join(log))
        reader = threading.Thread(target=log.extend, args=(process.stderr,), daemon=True)
        reader.start()
        yield found[0]
        process.terminate()
        process.wait(timeout=60)
        reader.join(timeout=5)
    assert "Traceback" not in "".join(log), "".join(log)


@pytest.fixture(scope="module")
def browser(needed: None) -> Iterator[Browser]:
    """One for each file: as long as it runs, this thread has an event loop, which other tests may not like."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        yield browser
        browser.close()


def opened(browser: Browser, address: str, **options: Any) -> tuple[BrowserContext, Watch]:
    """A browser's profile that is watched."""
    context = browser.new_context(**{"viewport": WIDE, "locale": "en-US", **options})
    context.set_default_timeout(WAIT_MS)
    watch = Watch(address)
    watch.watch(context)
    return context, watch


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Callable[..., Lesson]]:
    """Makes visitors, each in a profile of its own; all are checked at the end."""
    lessons: list[Lesson] = []

    def visit(**options: Any) -> Lesson:
        context, watch = opened(browser, address, **options)
        lessons.append(Lesson(context.new_page(), watch))
        return lessons[-1]

    yield visit
    for lesson in lessons:
        lesson.page.context.close()
    for lesson in lessons:
        lesson.watch.check()


@pytest.fixture(scope="module")
def kept(browser: Browser, address: str) -> Iterator[Lesson]:
    """One page for all tests of a file, so that plotly.js is read and compiled once."""
    context, watch = opened(browser, address)
    yield Lesson(context.new_page(), watch)
    context.close()


@pytest.fixture(scope="module")
def bare(browser: Browser, items_path: Path) -> Iterator[Lesson]:
    """A visitor of a server that cannot import torch."""
    with serving(items_path, "sys.modules['torch'] = None") as address:
        context, watch = opened(browser, address)
        yield Lesson(context.new_page(), watch)
        context.close()


@pytest.fixture
def lesson(kept: Lesson) -> Iterator[Lesson]:
    """A visitor who was never here before."""
    page, watch = kept.page, kept.watch
    page.context.clear_cookies()
    watch.faults.clear()
    watch.expected.clear()
    yield kept
    page.emulate_media(color_scheme="null", reduced_motion="null")
    if page.evaluate(CHANGE, [watch.address, "/lesson/11?lang=en"]):  # what the test began ends
        kept.ready()
    if page.url.startswith(watch.address):
        page.evaluate("localStorage.clear(); sessionStorage.clear()")
    watch.check()
