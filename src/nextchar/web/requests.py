"""What a visitor sends, read within limits and checked field by field; whatever does not fit is refused clearly."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import anyio
from starlette.requests import ClientDisconnect, Request

from nextchar.lesson.languages import Language
from nextchar.web.request_errors import RequestError

__all__ = ["SECONDS_TO_SEND", "Fields", "checked_text", "chosen_language", "preferred_language", "read_json"]

Choice = TypeVar("Choice", bound=str)

SECONDS_TO_SEND: Final = 10.0
DRAINED_BYTES: Final = 16_000_000  # of a body that is too large are read, so that the refused arrives
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{0,30})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_MISSING: Final = object()


def preferred_language(header: str) -> Language:
    """English or Chinese, whichever stands higher in an Accept-Language header; English where neither does."""
    best: tuple[float, Language] = (0.0, "en")
    for part in header[:500].split(","):
        tag, _, weight = part.strip().lower().partition(";q=")
        language: Language | None = "zh" if tag.startswith("zh") else "en" if tag.startswith("en") else None
        try:
            quality = float(weight) if weight else 1.0
        except ValueError:
            continue
        if language and quality > best[0]:
            best = (quality, language)
    return best[1]


def chosen_language(wanted: object, header: str) -> Language:
    """What a request says, where that is one of the languages, or else what the Accept-Language header does."""
    if wanted in ("en", "zh"):
        return "zh" if wanted == "zh" else "en"
    return preferred_language(header)


async def read_json(request: Request, limit: int, seconds: float = SECONDS_TO_SEND) -> dict[str, Any]:
    """The JSON object in the body of a request.

    Raises:
        RequestError: too large, too slow, cut off, or not a JSON object.
    """
    parts: list[bytes] = []
    size = 0
    try:
        with anyio.fail_after(seconds):
            async for part in request.stream():
                size += len(part)
                if size <= limit:
                    parts.append(part)
                elif size > limit + DRAINED_BYTES:
                    break
    except TimeoutError:
        raise RequestError(408, "too-slow") from None
    except ClientDisconnect:
        raise RequestError(400, "cut-off") from None
    if size > limit:
        raise RequestError(413, "too-large", "body-too-large", most=limit)
    try:
        document = json.loads(b"".join(parts).decode("utf-8") or "{}", parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise RequestError(400, "not-json")
    return document


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def checked_text(text: str, name: str) -> str:
    """The text, if it is one.

    Raises:
        RequestError: it holds half a surrogate pair or a NUL character.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise RequestError(422, "not-text", name=name) from None
    if "\0" in text:
        raise RequestError(422, "not-text", name=name)
    return text


class Fields:
    """The named values of a request: of its query, where all are text, or of its JSON body.

    Every method takes the value of one name, checks type and range, and raises a RequestError where it does not fit.
    A name without a default must be given.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def text(self, name: str, default: str | None = None, *, longest: int, lines: bool = False) -> str:
        """A text of at most so many characters; on one line unless told otherwise."""
        value = self._value(name, default)
        if not isinstance(value, str):
            raise RequestError(422, "wrong-value", "wrong-text", name=name)
        if len(value) > longest:
            raise RequestError(422, "too-long", "too-long", name=name, most=longest, have=len(value))
        if not lines and ("\n" in value or "\r" in value):
            raise RequestError(422, "not-one-line", name=name)
        return checked_text(value, name)

    def content(self, name: str, *, most: int) -> bytes:
        """At most so many bytes, sent in base64."""
        value = self._value(name, None)
        if not isinstance(value, str):
            raise RequestError(422, "wrong-value", "wrong-text", name=name)
        if len(value) > -(-most // 3) * 4:
            raise RequestError(413, "too-large", "file-too-large", most=most)
        try:
            return base64.b64decode(value, validate=True)
        except ValueError:
            raise RequestError(422, "wrong-value", "not-base64", name=name) from None

    def whole(self, name: str, default: int | None = None, *, low: int, high: int) -> int:
        """A whole number within a range."""
        value = self._value(name, default)
        if isinstance(value, str) and len(value) <= 20 and re.fullmatch("[+-]?[0-9]+", value, re.ASCII):
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise RequestError(422, "wrong-value", "wrong-whole-number", name=name, low=low, high=high)
        return value

    def optional_whole(self, name: str, *, low: int, high: int) -> int | None:
        """A whole number within a range, or None where there is none."""
        return None if self._values.get(name) in (None, "") else self.whole(name, low=low, high=high)

    def number(self, name: str, default: float | None = None, *, low: float, high: float) -> float:
        """A finite number within a range."""
        value = self._value(name, default)
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            value = float(value)
        if (
            not isinstance(value, int | float)
            or isinstance(value, bool)
            or not low <= value <= high
            or not math.isfinite(value)
        ):
            raise RequestError(422, "wrong-value", "wrong-number", name=name, low=low, high=high)
        return float(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """True or false."""
        value = self._value(name, default)
        if not isinstance(value, bool):
            raise RequestError(422, "wrong-value", "wrong-flag", name=name)
        return value

    def choice(self, name: str, options: tuple[Choice, ...], default: Choice | None = None) -> Choice:
        """One of some words."""
        value = self._value(name, default)
        for option in options:
            if value == option:
                return option
        raise RequestError(422, "wrong-value", "wrong-choice", name=name, options=options)

    def several(self, name: str, *, most: int) -> list[Fields]:
        """A list of at most so many JSON objects; empty where there is none."""
        value = self._value(name, [])
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise RequestError(422, "wrong-value", "wrong-list", name=name)
        if len(value) > most:
            raise RequestError(422, "too-long", "too-many", name=name, most=most, have=len(value))
        return [Fields(entry) for entry in value]

    def _value(self, name: str, default: Any) -> Any:
        value = self._values.get(name, _MISSING)
        if value is _MISSING or value is None:
            if default is None:
                raise RequestError(422, "missing", name=name)
            return default
        return value
