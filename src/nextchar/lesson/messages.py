"""Short texts of the server and the command line, in English and Chinese, by key.

They are data (`lesson/messages.toml`); Python names a key and gives the values. Importing this module loads neither
torch nor numpy.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final

from nextchar.lesson.languages import LANGUAGES, Language

__all__ = ["load_messages", "message"]

SEPARATOR: Final = "list-separator"


@cache
def load_messages() -> Mapping[str, Mapping[Language, str]]:
    """All texts by key, as in `request.no-chapter`, and language; places to fill in are left as they are."""
    source = resources.files("nextchar").joinpath("lesson", "messages.toml")
    tables = tomllib.loads(source.read_text(encoding="utf-8"))
    found = {SEPARATOR: tables.pop(SEPARATOR)}
    found |= {f"{group}.{name}": text for group, texts in tables.items() for name, text in texts.items()}
    return {key: {language: text[language] for language in LANGUAGES} for key, text in found.items()}


def message(key: str, language: Language, **values: object) -> str:
    """A text with its values filled in; values that are a tuple are joined.

    Raises:
        KeyError: there is no such text, or it names a value that is not given.
    """
    separator = load_messages()[SEPARATOR][language]
    joined = {
        name: separator.join(map(str, value)) if isinstance(value, tuple) else value for name, value in values.items()
    }
    return load_messages()[key][language].format(**joined)
