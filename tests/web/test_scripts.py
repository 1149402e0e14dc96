"""Which scripts a page runs: its head names all that it imports, and nothing heavy that it does not draw with."""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files
from typing import Any

import pytest

from nextchar.lesson.texts import chapter_numbers
from nextchar.web.scripts import CHARTS, modules, preloads

STATIC = files("nextchar.web").joinpath("static")


def test_a_page_names_its_scripts_and_what_they_import() -> None:
    assert set(modules("js/door.js")) == {"js/door.js", "js/api.js", "js/frame.js", "js/ui.js"}
    lesson = modules("js/app.js", "js/chapters/c04.js")
    assert {"js/skeletons.js", "js/heights.js", "js/chapters/walker.js", "js/charts.js"} <= set(lesson)
    assert len(lesson) == len(set(lesson))


@pytest.mark.parametrize("page", ["/", "/names", *(f"/lesson/{n}" for n in chapter_numbers())])
def test_what_the_scripts_import_is_fetched_at_once(client: Any, page: str) -> None:
    """Followed through the files as they are served: none is missing in the head, none is named in vain."""
    text = client.get(page).text
    named = set(re.findall(r'<link rel="modulepreload" href="([^"]+)">', text))
    [entry] = re.findall(r'<script type="module" src="([^"]+)">', text)
    assert entry in named
    for address in named:
        answer = client.get(address)
        assert answer.headers["content-type"].startswith("text/javascript")
        assert set(re.findall(r'from "(/static/[^"]+)"', answer.text)) <= named, address


def test_only_the_lesson_fetches_the_charts(client: Any) -> None:
    assert CHARTS not in preloads("js/door.js")
    for page in ("/", "/names"):
        assert "plotly" not in client.get(page).text
    link = f'<link rel="preload" as="script" href="/static/{CHARTS}">'
    without = {n for n in chapter_numbers() if link not in client.get(f"/lesson/{n}").text}
    assert without == {10, 11, 18, 19}  # a browser warns of what is fetched in vain
    assert f"/static/{CHARTS}" in STATIC.joinpath("js", "charts.js").read_text("utf-8")


def test_the_library_of_charts_is_the_one_that_is_named() -> None:
    about = STATIC.joinpath("vendor", "README.md").read_text("utf-8")
    found = hashlib.sha256(STATIC.joinpath(CHARTS).read_bytes()).hexdigest()
    assert f"sha256 {found}" in about
    assert STATIC.joinpath("vendor", "LICENSE").is_file()
