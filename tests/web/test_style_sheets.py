"""The style sheets of the lesson are on one page together: none speaks of what another has given a name to."""

from __future__ import annotations

import re
from typing import Final

from nextchar.web.html_pages import draw
from nextchar.web.pages import STATIC

RULE: Final = re.compile(r"^\s*((?:\.[\w-]+,\s+)*\.[\w-]+) \{", re.MULTILINE)
SHEETS: Final = ("site", "late", "inside", "nets", "asking")


def test_a_class_alone_is_ruled_by_one_sheet() -> None:
    """Two chapters that call different things the same would otherwise change each other's."""
    owners: dict[str, set[str]] = {}
    for sheet in SHEETS:
        text = re.sub(r"/\*.*?\*/", "", (STATIC / f"{sheet}.css").read_text(encoding="utf-8"), flags=re.DOTALL)
        for rule in RULE.findall(text):
            for name in re.findall(r"[\w-]+", rule):
                owners.setdefault(name, set()).add(sheet)
    assert len(owners) > 100
    assert {name: sheets for name, sheets in owners.items() if len(sheets) > 1} == {}


def test_these_are_the_sheets_of_a_chapter() -> None:
    page = draw("lesson", "en", "learn", "/lesson/1", preloads="", first="[]")
    for sheet in SHEETS:
        text = (STATIC / f"{sheet}.css").read_text(encoding="utf-8")
        assert text in page
    assert page.count("<style>") == len(SHEETS)
