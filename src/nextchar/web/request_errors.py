"""Requests that are refused: an HTTP status, a code for programs, and a message for people in their language."""

from __future__ import annotations

from typing import Any

from nextchar.errors import BadValueError, MissingExtraError, NextcharError, SettingsError, UnknownSymbolError
from nextchar.lesson.languages import Language
from nextchar.lesson.messages import message

__all__ = ["RequestError", "error_document"]


class RequestError(Exception):
    """A request that is refused, and why.

    Attributes:
        status: of HTTP, 4xx.
        code: for programs.
        key: which message is shown (`request.KEY` in `lesson/messages.toml`).
        values: what the message names.
        more: further fields of the error.
    """

    def __init__(
        self, status: int, code: str, key: str | None = None, *, more: dict[str, Any] | None = None, **values: object
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.key = key or code
        self.values = values
        self.more = more or {}

    def document(self, language: Language) -> dict[str, Any]:
        """As the JSON of the server has it."""
        text = message(f"request.{self.key}", language, **self.values)
        return {"error": {"code": self.code, "message": text, **self.more}}


def error_document(error: RequestError | NextcharError, language: Language) -> tuple[int, dict[str, Any]]:
    """Status and JSON of an error of the input."""
    if isinstance(error, RequestError):
        return error.status, error.document(language)
    if isinstance(error, MissingExtraError):
        return error_document(RequestError(409, "needs-torch"), language)
    if isinstance(error, UnknownSymbolError):
        more = {"character": error.character, "position": error.position}
        refused = RequestError(422, "unknown-symbol", more=more, character=error.character)
        return error_document(refused, language)
    kind = SettingsError if isinstance(error, BadValueError) else type(error)  # the page does not tell the two apart
    code = kind.__name__.removesuffix("Error").lower()
    return 422, {"error": {"code": code, "message": str(error)}}
