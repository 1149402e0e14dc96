"""The pages' HTML in the visitor's language: files of `templates/` whose places are filled with the words of the site.

A page can so be read from the first frame on, before any script has run and before numpy is loaded. Its style sheets
are in it: the first frame waits for no second request.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

from nextchar.lesson.languages import LANGUAGES, Language
from nextchar.lesson.texts import load_door, load_site

__all__ = ["Room", "draw", "script_words"]

Room = Literal["door", "learn", "names"]

_PLACE: Final = re.compile(r"\{\{(\w+)\}\}")
_STYLES: Final = re.compile(r'<link rel="stylesheet" href="/static/([\w-]+\.css)">')
_TAGS: Final[Mapping[Language, str]] = {"en": "en", "zh": "zh-Hans"}
_PARTS: Final = ("head", "bar")  # files that several pages begin with


def draw(name: str, language: Language, room: Room, path: str, **more: str) -> str:
    """A page.

    Args:
        name: of the file in `templates/`.
        language: of its words.
        room: which of the site's rooms it belongs to.
        path: of its address, for the links to the other language.
        more: further HTML by place; whoever gives it has escaped it.

    Raises:
        KeyError: the file has a place that nothing fills.
    """
    words = {**load_site().labels[language], **load_door()[language]}
    values = {key: html.escape(text) for key, text in words.items()}
    values |= {"lang": language, "tag": _TAGS[language], "path": html.escape(path)}
    values |= {f"current_{other}": "" for other in ("learn", "names")}
    values[f"current_{room}"] = ' aria-current="page"'
    values |= {f"current_{code}": ' aria-current="true"' if code == language else "" for code in LANGUAGES}
    values["words"] = script_words(words)
    values |= more
    for part in _PARTS:
        values[part] = _filled(_text(f"{part}.html"), values).rstrip("\n")
    return _STYLES.sub(lambda link: f"<style>\n{_static(link[1])}    </style>", _filled(_text(f"{name}.html"), values))


def script_words(words: Mapping[str, str] | Sequence[Mapping[str, Any]]) -> str:
    """Words for a script of the page, or a document, as JSON that cannot end the element it stands in."""
    text = json.dumps(words, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: values[place[1]], text)


@cache
def _text(name: str) -> str:
    return files("nextchar.web").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _static(name: str) -> str:
    return files("nextchar.web").joinpath("static", name).read_text(encoding="utf-8")
