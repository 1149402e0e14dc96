"""Chapter 13: the knobs of a deep net, its layers, and some steps of training: the numbers are those of the library."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nextchar.data.corpus import Corpus

if TYPE_CHECKING:
    from tests.browser.conftest import Lesson

pytest.importorskip("torch")
from nextchar.models.neural.health import Stack, StackTraining

OFF = "document.querySelector('[data-testid=figure-training]').dataset.training === 'off'"


@pytest.fixture(scope="module", autouse=True)
def warm(kept: Lesson) -> None:
    """The server has loaded torch, which takes a busy machine longer than a test waits for an answer."""
    answer = kept.page.context.request.post(f"{kept.address}/api/inside/layers", data={}, timeout=180_000)
    assert answer.ok


def spreads(stack: Stack, corpus: Corpus) -> list[str]:
    return [f"{layer.deviation:.3f}" for layer in StackTraining(stack, corpus).look().layers]


def shown(lesson: Lesson) -> list[str]:
    """The spread of the activations, layer by layer."""
    texts = lesson.page.locator("[data-testid^=layer-] .layer-numbers").all_inner_texts()
    return [text.split()[1] for text in texts[::2]]


def test_the_layers_follow_the_knobs(lesson: Lesson, corpus: Corpus) -> None:
    lesson.open(13)
    lesson.at("guess-layers-3").click()
    assert lesson.at("guess-layers").locator(".button.option.good").count() == 1
    assert shown(lesson) == spreads(Stack(depth=6, scale=0.5), corpus)
    assert lesson.at("layers-says").locator(".message.bad").count() == 1
    lesson.slide("layers-depth", 2 / 7)  # of 1 to 8: 3
    lesson.wait_until("document.querySelectorAll('[data-testid^=layer-].layer-row').length === 3")
    lesson.at("layers-norm").check()
    wanted = spreads(Stack(depth=3, scale=0.5, normed=True), corpus)
    lesson.wait_until(f"document.querySelector('[data-testid=layer-3]').textContent.includes('{wanted[-1]}')")
    assert shown(lesson) == wanted
    assert lesson.at("layers-says").locator(".message.good").count() == 1
    assert lesson.at("layers-rows").locator("svg[role=img]").count() == 6
    for histogram in lesson.at("layers-rows").locator("svg").all():
        assert histogram.get_attribute("aria-label")


def test_it_trains_or_not(lesson: Lesson, corpus: Corpus) -> None:
    lesson.open(13, "zh")
    lesson.wait_until(OFF)
    lesson.at("layers-norm").focus()
    lesson.page.keyboard.press("Space")
    lesson.at("train-start").click()
    lesson.wait_until("document.querySelectorAll('[data-testid=train-tried] tbody tr').length === 2")
    after = []
    for normed in (True, False):  # the last one comes first
        training = StackTraining(Stack(depth=6, scale=0.5, normed=normed), corpus)
        training.advance(100)
        after.append(f"{training.look().loss:.3f}")
    rows = [row.split("\t") for row in lesson.at("train-tried").locator("tbody tr").all_inner_texts()]
    assert [row[1] for row in rows] == after
    assert float(after[0]) < float(after[1])
    lines = lesson.page.evaluate(
        "document.querySelector('[data-testid=train-ratios] .plot').data.map((line) => line.y.length)"
    )
    assert lines == [21] * 6  # a line a layer; before the first step and after each fifth of 100
