"""What is there without the library: the pages, their scripts, and the source that the lesson links to.

No path of a request is ever opened. The files that may be served are listed by walking the package's own folders, and
a request only picks one of the list.
"""

from __future__ import annotations

import ast
import html
import os
import re
import time
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import anyio
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from nextchar.lesson.languages import Language
from nextchar.web.html_pages import Room, draw, script_words
from nextchar.web.requests import chosen_language
from nextchar.web.scripts import preloads

__all__ = ["door", "glossary", "icon", "lesson", "missing", "names", "source", "source_link", "static"]

STATIC: Final = Path(str(files("nextchar.web"))) / "static"
TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
WALK_SECONDS: Final = 1.0  # for a file that is not listed the folder is walked again, though not more often

_listed: dict[str, Path] = {}
_walked = -WALK_SECONDS


async def door(request: Request) -> Response:
    """The landing page."""
    from nextchar.lesson.texts import chapter_numbers, load_door

    text = load_door()[_language(request)]["door_learn_text"].format(count=len(chapter_numbers()))
    return _page(
        request, "door", "door", door_learn_text=html.escape(text), **await _opening(request, "door", "js/door.js")
    )


async def _opening(request: Request, page: str, *entries: str) -> dict[str, Any]:
    """What a page has in its head: the scripts that it runs, and what they ask first, where it is known beforehand."""
    known = request.app.state.api.first(request.scope)
    asked = [] if known is None else await anyio.to_thread.run_sync(known.of_page, page, _language(request))
    return {"preloads": preloads(*entries), "first": script_words(asked)}


async def names(request: Request) -> Response:
    """The workbench."""
    from nextchar.lesson.texts import load_workbench

    words = load_workbench()[_language(request)]
    about = html.escape(words["about"])
    opening = await _opening(request, "names", "js/names/main.js")
    return _page(request, "names", "names", words=script_words(words), workbench_about=about, **opening)


async def glossary(request: Request) -> Response:
    """The terms that the lesson uses."""
    from nextchar.lesson.glossary import load_glossary
    from nextchar.lesson.texts import load_site

    language = _language(request)
    first_use = html.escape(load_site().labels[language]["glossary_chapter"])
    terms = "".join(
        f'<div id="{term.id}"><dt>{html.escape(term.terms[language])}</dt><dd>{_with_code(term.texts[language])} '
        f'<a href="/lesson/{term.chapter}?lang={language}#{term.section}">{first_use.format(chapter=term.chapter)}</a>'
        "</dd></div>"
        for term in load_glossary()
    )
    return _page(request, "glossary", "learn", terms=f'<dl class="glossary">{terms}</dl>')


def _with_code(text: str) -> str:
    """HTML of a text with `code` in it."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))


async def lesson(request: Request) -> Response:
    """The page of a chapter, which is the same for all of them."""
    from nextchar.lesson.texts import chapter_numbers

    number = request.path_params["number"]
    if number not in map(str, chapter_numbers()):
        return _no_chapter(request)
    return _page(
        request, "lesson", "learn", **await _opening(request, number, "js/app.js", f"js/chapters/c{int(number):02}.js")
    )


def missing(request: Request, _: Exception) -> Response:
    """Whatever has no other answer."""
    return _nothing() if request.url.path.startswith(("/static/", "/source/")) else _no_chapter(request)


def _no_chapter(request: Request) -> Response:
    """A page that names what there is."""
    from nextchar.lesson.texts import load_chapters, load_door

    language = _language(request)
    links = "".join(
        f'<li><a href="/lesson/{number}?lang={language}">{number}. {html.escape(chapter.titles[language])}</a></li>'
        for number, chapter in enumerate(load_chapters(), start=1)
    )
    text = html.escape(load_door()[language]["missing_text"].format(count=len(load_chapters())))
    return _page(request, "missing", "door", status=404, path="/", missing_text=text, chapter_list=f"<ol>{links}</ol>")


def _page(
    request: Request, name: str, room: Room, *, status: int = 200, path: str | None = None, **more: str
) -> Response:
    text = draw(name, _language(request), room, path or request.url.path, **more)
    return HTMLResponse(text, status, headers={"Cache-Control": "no-cache", "Vary": "Accept-Language"})


def _language(request: Request) -> Language:
    """What the address says, or else the visitor's browser."""
    return chosen_language(request.query_params.get("lang"), request.headers.get("accept-language", ""))


async def static(request: Request) -> Response:
    """A script, a style sheet or a picture of the page."""
    return _file(request, request.path_params["name"])


async def icon(request: Request) -> Response:  # noqa: ARG001 - an endpoint
    """Browsers ask for it by themselves."""
    return Response(status_code=204)


def _file(request: Request, name: str) -> Response:
    path = _static_files(name).get(name)
    if path is None:
        return _nothing()
    try:
        status = path.stat()
        headers = {"Cache-Control": "no-cache", "ETag": f'"{status.st_mtime_ns:x}-{status.st_size:x}"'}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(path.read_bytes(), media_type=TYPES[path.suffix], headers=headers)
    except OSError:  # gone since the folder was walked
        return _nothing()


def _static_files(name: str) -> dict[str, Path]:
    global _walked
    if name not in _listed and time.monotonic() - _walked >= WALK_SECONDS:
        _walked = time.monotonic()
        for folder, _, names in os.walk(STATIC):
            for entry in names:
                path = Path(folder, entry)
                if path.suffix in TYPES and not path.is_symlink():
                    _listed[path.relative_to(STATIC).as_posix()] = path
    return _listed


def _nothing() -> Response:
    return PlainTextResponse("There is nothing here.\n", 404)


# -- the source behind the snippets ---------------------------------------------------------------------------------


@cache
def _sources() -> dict[str, str]:
    """The text of each file of the package that a snippet of the lesson names."""
    from nextchar.lesson.texts import load_chapters

    package = files("nextchar")
    names = {snippet.source for chapter in load_chapters() for snippet in chapter.snippets}
    return {name: package.joinpath(*name.split("/")).read_text(encoding="utf-8") for name in sorted(names)}


@cache
def source_link(name: str, place: str) -> str:
    """The address of a class, function, method or constant in a file of the package."""
    return f"/source/{name}#L{_line_of(_sources()[name], place)}"


def _line_of(text: str, place: str) -> int:
    """The line where "Class.method" and the like begin; 1 where there is no such thing."""
    body: list[ast.stmt] = ast.parse(text).body
    line = 1
    for name in place.split("."):
        for node in body:
            if name in _names(node):
                line = node.lineno
                body = node.body if isinstance(node, ast.ClassDef | ast.FunctionDef) else []
                break
        else:
            return 1
    return line


def _names(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


def source(request: Request) -> Response:
    """A file of the package, with numbered lines."""
    name = request.path_params["name"]
    text = _sources().get(name)
    if text is None:
        return _nothing()
    lines = "".join(
        f'<span class="line" id="L{number}"><a href="#L{number}">{number:4}</a>  {html.escape(line)}\n</span>'
        for number, line in enumerate(text.splitlines(), start=1)
    )
    title = html.escape(f"nextchar/{name}")
    page = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="stylesheet" href="/static/site.css"></head>'
        f'<body class="source"><main><h1>{title}</h1><pre tabindex="0">{lines}</pre></main></body></html>\n'
    )
    return Response(page, media_type="text/html", headers={"Cache-Control": "no-cache"})
