"""Where PyTorch is not installed, the chapters that need it say so, and the rest works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.browser.conftest import Lesson


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("chapter", "figures"), [(7, 3), (8, 3), (10, 1), (12, 2), (13, 2), (14, 2)])
def test_what_is_missing_is_said(bare: Lesson, chapter: int, figures: int, language: str) -> None:
    asked: list[str] = []
    bare.page.on("request", lambda request: asked.append(request.url))
    bare.open(chapter, language)
    notes = bare.page.get_by_test_id("needs-torch").all_inner_texts()
    assert len(notes) == figures
    assert all('pip install "nextchar[neural]"' in note for note in notes)
    assert bare.page.locator(".message.error").count() == 0
    if chapter == 7:
        assert bare.at("onehot").locator("tbody tr").count() > 1
    if chapter == 10:
        bare.at("pitfall-letter-j").click()
        assert bare.text("pitfall-right-output") == "—"
        assert bare.at("needs-torch").count() == 1
    assert not any("/api/inside/" in url for url in asked)
    bare.watch.check()
