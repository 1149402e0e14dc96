"""Which scripts a page runs, found by following their imports, so that the browser fetches all of them at once.

A browser learns of a module's imports when it has the module: a chain of three files is three waits. The page names
them all in its head.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Final

__all__ = ["CHARTS", "modules", "preloads"]

CHARTS: Final = "vendor/plotly-cartesian.min.js"
_DRAWS: Final = re.compile(r"\bcharts\.\w+\(")  # as the chapters' scripts call them
_IMPORT: Final = re.compile(r'^import .*? from "/static/(js/[\w/]+\.js)";$', re.MULTILINE)


def preloads(*entries: str) -> str:
    """HTML for the head of a page: its scripts, and the library of charts where a chapter draws with it.

    Args:
        entries: the scripts that it runs, as paths below `static/`.
    """
    links = [f'<link rel="modulepreload" href="/static/{name}">' for name in modules(*entries)]
    if any(name.startswith("js/chapters/") and _DRAWS.search(_text(name)) for name in modules(*entries)):
        links.append(f'<link rel="preload" as="script" href="/static/{CHARTS}">')
    return "\n    ".join(links)


@cache
def modules(*entries: str) -> tuple[str, ...]:
    """These scripts and all that they import, each once."""
    found = dict.fromkeys(entries)
    for name in _walk(found):
        found.update(dict.fromkeys(_IMPORT.findall(_text(name))))
    return tuple(found)


@cache
def _text(name: str) -> str:
    return files("nextchar.web").joinpath("static", name).read_text("utf-8")


def _walk(found: dict[str, None]) -> Iterator[str]:
    """All names of a dictionary that grows meanwhile."""
    done = 0
    while done < len(found):
        yield list(found)[done]
        done += 1
