"""The languages of the lesson."""

from __future__ import annotations

from typing import Final, Literal, get_args

__all__ = ["LANGUAGES", "Language"]

Language = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
