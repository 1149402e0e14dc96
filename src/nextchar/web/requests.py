"""What a visitor sends, read within limits and checked field by field; whatever does not fit is refused clearly."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

import anyio
from starlette.requests import ClientDisconnect, Request

__all__ = ["Fields", "Language", "RefusedError", "checked_text", "preferred_language", "read_json"]

Language = Literal["en", "zh"]
Choice = TypeVar("Choice", bound=str)

SECONDS_TO_SEND: Final = 10.0
DRAINED_BYTES: Final = 16_000_000  # of a body that is too large are read, so that the refused arrives
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{0,30})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_MISSING: Final = object()


@dataclass(eq=False)
class RefusedError(Exception):
    """A request that is not answered, and why, in both languages.

    Attributes:
        status: of HTTP, 4xx.
        code: for programs.
        en: for people.
        zh: the same in Chinese.
        more: further fields of the error.
    """

    status: int
    code: str
    en: str
    zh: str
    more: Mapping[str, Any] | None = None

    def document(self, language: Language) -> dict[str, Any]:
        """As the JSON of the server has it."""
        message = self.zh if language == "zh" else self.en
        return {"error": {"code": self.code, "message": message, **(self.more or {})}}


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


async def read_json(request: Request, limit: int, seconds: float = SECONDS_TO_SEND) -> dict[str, Any]:
    """The JSON object in the body of a request.

    Raises:
        RefusedError: too large, too slow, cut off, or not a JSON object.
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
        raise RefusedError(408, "too-slow", "The request took too long to arrive.", "请求发送得太慢。") from None
    except ClientDisconnect:
        raise RefusedError(400, "cut-off", "The request was cut off.", "请求没有发送完。") from None
    if size > limit:
        raise RefusedError(
            413,
            "too-large",
            f"That is too much: at most {limit:,} bytes may be sent here.",
            f"内容太大：这里最多可以发送 {limit:,} 字节。",
        )
    try:
        document = json.loads(b"".join(parts).decode("utf-8") or "{}", parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise RefusedError(
            400, "not-json", "The body of the request must be a JSON object.", "请求的内容必须是 JSON 对象。"
        )
    return document


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def checked_text(text: str, name: str) -> str:
    """The text, if it is one.

    Raises:
        RefusedError: it holds half a surrogate pair or a NUL character.
    """
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise RefusedError(
            422,
            "not-text",
            f'"{name}" holds a NUL character or half a surrogate pair, which is no text.',
            f"“{name}” 含有 NUL 字符或不完整的代理对，不是合法的文本。",
        )
    return text


class Fields:
    """The named values of a request: of its query, where all are text, or of its JSON body.

    Every method takes the value of one name, checks type and range, and raises a RefusedError where it does not fit.
    A name without a default must be given.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def text(self, name: str, default: str | None = None, *, longest: int, lines: bool = False) -> str:
        """A text of at most so many characters; on one line unless told otherwise."""
        value = self._value(name, default)
        if not isinstance(value, str):
            raise _wrong(name, "a text", "文本")
        if len(value) > longest:
            raise RefusedError(
                422,
                "too-long",
                f'"{name}" may have up to {longest:,} characters; these are {len(value):,}.',
                f"“{name}” 最多 {longest:,} 个字符，现在有 {len(value):,} 个。",
            )
        if not lines and ("\n" in value or "\r" in value):
            raise RefusedError(422, "not-one-line", f'"{name}" must be one line.', f"“{name}” 只能是一行。")
        return checked_text(value, name)

    def whole(self, name: str, default: int | None = None, *, low: int, high: int) -> int:
        """A whole number within a range."""
        value = self._value(name, default)
        if isinstance(value, str) and len(value) <= 20 and re.fullmatch("[+-]?[0-9]+", value, re.ASCII):
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise _wrong(name, f"a whole number from {low:,} to {high:,}", f"{low:,} 到 {high:,} 之间的整数")
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
            raise _wrong(name, f"a number from {low:g} to {high:g}", f"{low:g} 到 {high:g} 之间的数")
        return float(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """True or false."""
        value = self._value(name, default)
        if not isinstance(value, bool):
            raise _wrong(name, "true or false", "true 或 false")
        return value

    def choice(self, name: str, options: tuple[Choice, ...], default: Choice | None = None) -> Choice:
        """One of some words."""
        value = self._value(name, default)
        for option in options:
            if value == option:
                return option
        raise _wrong(name, f"one of {', '.join(options)}", f"{'、'.join(options)} 之一")

    def _value(self, name: str, default: Any) -> Any:
        value = self._values.get(name, _MISSING)
        if value is _MISSING or value is None:
            if default is None:
                raise RefusedError(422, "missing", f'"{name}" is missing.', f"缺少 “{name}”。")
            return default
        return value


def _wrong(name: str, wanted_en: str, wanted_zh: str) -> RefusedError:
    return RefusedError(422, "wrong-value", f'"{name}" must be {wanted_en}.', f"“{name}” 必须是{wanted_zh}。")
