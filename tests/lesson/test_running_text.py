"""The running text of the lesson: whole, and divided in order."""

from __future__ import annotations

import pytest

from nextchar.data.corpus import Corpus
from nextchar.errors import DataSetError
from nextchar.lesson import running_text
from nextchar.lesson.running_text import divided_text, lead_in, lesson_text, text_parts


def test_it_is_one_text_from_its_first_verse_to_its_last() -> None:
    text = lesson_text()
    assert len(text) == 1
    [whole] = text
    assert whole.startswith("In the beginning God created the heaven and the earth.\n")
    assert whole.endswith("and he was put in a coffin in Egypt.\n")
    assert whole.count("\n\n") == 49  # between fifty chapters
    assert sum(bool(line) for line in whole.split("\n")) == 1_533  # verses of Genesis


def test_its_parts_follow_each_other() -> None:
    parts = text_parts()
    assert "".join("".join(part) for part in (parts.train, parts.validation, parts.test)) == "".join(lesson_text())
    learned, chosen, measured = (part.symbols - 1 for part in (parts.train, parts.validation, parts.test))
    assert (learned, chosen, measured) == (157_493, 19_687, 19_687)


def test_a_text_of_ones_own_is_divided_alike() -> None:
    parts = divided_text(Corpus.from_documents(["0123456789" * 2]))
    assert ["".join(part) for part in (parts.train, parts.validation, parts.test)] == ["0123456789012345", "67", "89"]


def test_the_lead_ends_with_a_line_where_one_is_near() -> None:
    lead = lead_in(text_parts().train)
    assert lead.endswith("\n")
    assert 150 < len(lead) <= 300
    assert lead in "".join(text_parts().train)
    assert lead_in(Corpus.from_documents(["a\n" + "b" * 400])) == "b" * 300


def test_a_package_that_is_not_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr(running_text, "shipped_path", lambda _: tmp_path / "genesis.txt")  # type: ignore[operator]
    with pytest.raises(DataSetError, match=r"genesis.txt is missing, though it ships"):
        lesson_text.__wrapped__()
