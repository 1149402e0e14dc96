"""The page knows the height of each guess and figure before it draws them."""

from __future__ import annotations

import json
import re
from itertools import product
from typing import Final

import pytest

from nextchar.lesson.asking import load_predictions
from nextchar.lesson.texts import chapter_numbers, load_chapters
from nextchar.web.pages import STATIC

ROW: Final = re.compile(r"^ {6}(\d+): (\{.*\}),$", re.MULTILINE)


@pytest.mark.parametrize(("language", "size"), list(product(("en", "zh"), ("wide", "phone"))))
def test_all_places_are_measured(language: str, size: str) -> None:
    """Else `python -m tools.heights` was not run after a section was added."""
    text = (STATIC / "js" / "heights.js").read_text(encoding="utf-8")
    block = text.partition(f"\n  {language}: {{")[2].partition(f"\n    {size}: {{")[2].partition("\n    },")[0]
    found = {int(number): json.loads(row) for number, row in ROW.findall(block)}
    assert list(found) == list(chapter_numbers())
    for number, chapter in enumerate(load_chapters(), start=1):
        guesses = {f"guess-{entry.id}" for entry in load_predictions() if entry.chapter == number}
        assert set(found[number]) == {f"figure-{section.id}" for section in chapter.sections["en"]} | guesses
        assert all(50 < height < 5000 for height in found[number].values())
