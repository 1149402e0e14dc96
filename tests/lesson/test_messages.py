"""Every short text is there in both languages, fills in the same values, and is used."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

import nextchar
from nextchar.lesson.languages import LANGUAGES
from nextchar.lesson.messages import load_messages, message

CJK = re.compile(r"[\u4e00-\u9fff]")
PACKAGE = Path(nextchar.__file__).parent
SOURCES = {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}


def places(text: str) -> list[tuple[str, str, str]]:
    """What a text leaves open, in any order: name, format and conversion."""
    return sorted((name, form or "", how or "") for _, name, form, how in Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("key", load_messages())
def test_both_languages_say_the_same_in_their_own_characters(key: str) -> None:
    texts = load_messages()[key]
    assert set(texts) == set(LANGUAGES)
    assert places(texts["en"]) == places(texts["zh"])
    assert not CJK.search(texts["en"])
    if key != "list-separator":
        assert CJK.search(texts["zh"])
        assert not re.search(r"[\u4e00-\u9fff][,;?!]|[\u4e00-\u9fff]:(?!\d)", re.sub(r"\{[^}]*\}", "", texts["zh"]))


def test_values_are_filled_in() -> None:
    assert message("request.too-many-items", "en", have=1234567, most=100_000) == (
        "The list has 1,234,567 items; the limit is 100,000."
    )
    options = ("counts", "probs")
    assert message("request.wrong-choice", "en", name="what", options=options) == '"what" must be one of counts, probs.'
    assert message("request.wrong-choice", "zh", name="what", options=options) == "“what” 必须是 counts、probs 之一。"
    with pytest.raises(KeyError):
        message("request.missing", "en")
    with pytest.raises(KeyError):
        message("request.nothing", "en")


def test_no_text_is_left_over() -> None:
    source = "\n".join(SOURCES.values())
    for key in set(load_messages()) - {"training.done", "training.stopped"}:  # those two are put together
        assert f'"{key}"' in source or f'"{key.partition(".")[2]}"' in source, key


def test_python_files_hold_no_chinese_prose() -> None:
    assert [path.name for path, source in SOURCES.items() if CJK.search(source)] == []
