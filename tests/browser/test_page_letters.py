"""Chapter 12: letters are moved by mouse, finger and keyboard, and the numbers are those of the library."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest
from tests.browser.conftest import PHONE

if TYPE_CHECKING:
    from playwright.sync_api import Request
    from tests.browser.conftest import Lesson

pytest.importorskip("torch")
from nextchar.lesson.lesson_nets import CONTEXTS, lesson_net, net_facts
from nextchar.models.neural.diagnostics import embedding_map
from nextchar.models.neural.interventions import moved_rows, vectors_at

NAME: Final = "helene"
SHOWN: Final = "document.querySelector('[data-testid=map-next] .plot').data[0].y"
OFF: Final = "document.querySelector('[data-testid=figure-training] [data-training]').dataset.training === 'off'"


@pytest.fixture(scope="module", autouse=True)
def warm(kept: Lesson) -> None:
    """The server has loaded torch, which takes a busy machine longer than a test waits for an answer."""
    answer = kept.page.context.request.post(f"{kept.address}/api/inside/moved", data={"text": "emma"}, timeout=180_000)
    assert answer.ok


def asks_with_moves(request: Request) -> bool:
    if not request.url.partition("?")[0].endswith("/api/inside/moved"):
        return False
    sent: Any = request.post_data_json
    return bool(sent.get("moves"))  # a net is also read before anything was moved


def letter(lesson: Lesson, symbol: str) -> tuple[float, float]:
    """Where a letter is on the screen."""
    spot = lesson.at("figure-map").locator(f"[data-symbol='{symbol}']")
    spot.scroll_into_view_if_needed()
    box = spot.locator(".face circle").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def nats(text: str, context: int, moves: dict[int, tuple[float, float]]) -> tuple[float, Any]:
    """What the library says a name costs with some letters moved, and the probabilities of what ends it."""
    model = lesson_net(f"mlp{context}")
    rows = moved_rows(model, text, vectors_at(embedding_map(model), moves))
    targets = [*model.alphabet.encode(text).tolist(), 0]
    return float(-rows[np.arange(len(targets)), targets].sum()), np.exp(rows[-1])


def shows_what_the_library_says(lesson: Lesson, request: Request) -> None:
    """The page shows the cost and the bars for the places that it sent."""
    sent: Any = request.post_data_json
    moves = {move["symbol"]: (move["x"], move["y"]) for move in sent["moves"]}
    cost, row = nats(sent["text"], sent["context"], moves)
    before, _ = nats(sent["text"], sent["context"], {})
    lesson.wait_until(f"document.querySelector('[data-testid=map-cost]').textContent.includes('{cost:.2f}')")
    assert f"{before:.2f}" in lesson.text("map-cost")
    lesson.wait_until(f"Math.abs({SHOWN}[0] - {row[0]}) < 1e-9")
    assert lesson.page.evaluate(SHOWN) == pytest.approx(row.tolist(), abs=1e-9)


def test_a_letter_is_dragged_with_the_mouse(lesson: Lesson) -> None:
    lesson.open(12)
    lesson.at("guess-map-show").click()
    lesson.at("map-name").fill(NAME)
    x, y = letter(lesson, "e")
    lesson.page.mouse.move(x, y)
    lesson.page.mouse.down()
    seen: list[Request] = []  # one on the way, perhaps, and one where it is dropped
    lesson.page.on("request", lambda request: seen.append(request) if asks_with_moves(request) else None)
    lesson.page.mouse.move(x + 40, y + 30)
    lesson.page.mouse.move(x + 90, y + 60)
    lesson.page.mouse.up()
    lesson.page.wait_for_timeout(1_000)
    sent: Any = seen[-1].post_data_json
    assert [move["symbol"] for move in sent["moves"]] == [lesson_net("mlp3").alphabet.symbols.index("e")]
    shows_what_the_library_says(lesson, seen[-1])
    names = lesson.at("map-names").locator("tbody tr").all_inner_texts()
    assert names
    assert all("e" in row.split("\t")[0] for row in names)  # those that hold the letter
    lesson.at("map-back").click()
    lesson.wait_until("document.querySelector('[data-testid=map-names]').childElementCount === 0")
    cost, _ = nats(NAME, 3, {})
    assert f"{cost:.2f}" in lesson.text("map-cost")


def test_a_letter_is_moved_with_the_keys(lesson: Lesson) -> None:
    lesson.open(12, "zh")
    lesson.at("guess-map-show").click()
    lesson.at("figure-map").locator("[data-symbol=e]").focus()
    lesson.page.keyboard.press("PageUp")  # the symbol before it
    chosen = lesson.at("figure-map").locator(".letter.chosen")
    assert chosen.get_attribute("data-symbol") == "d"
    with lesson.page.expect_request(asks_with_moves) as asked:
        lesson.page.keyboard.press("ArrowRight")
    shows_what_the_library_says(lesson, asked.value)
    lesson.wait_until("document.querySelector('.letter.chosen').getAttribute('aria-label').includes('移到了')")


def test_a_letter_is_moved_with_a_finger(visit: Callable[..., Lesson]) -> None:
    lesson = visit(viewport=PHONE, has_touch=True)
    lesson.open(12)
    lesson.at("guess-map-show").click()
    x, y = letter(lesson, "a")
    touch = lesson.page.context.new_cdp_session(lesson.page)

    def finger(kind: str, *points: tuple[float, float]) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})

    finger("touchStart", (x, y))
    finger("touchMove", (x + 15, y + 20))
    with lesson.page.expect_request(asks_with_moves) as asked:
        finger("touchMove", (x + 40, y + 50))
        finger("touchEnd")
    shows_what_the_library_says(lesson, asked.value)
    assert lesson.overflow() <= 0


def test_no_letter_hides_another(visit: Callable[..., Lesson]) -> None:
    lesson = visit(viewport=PHONE)
    lesson.open(12)
    lesson.at("guess-map-show").click()
    circles: list[dict[str, float]] = lesson.at("figure-map").evaluate(
        """(figure) => [...figure.querySelectorAll(".face circle")].map((circle) => {
          const { x, y, width } = circle.getBoundingClientRect();
          return { x: x + width / 2, y: y + width / 2, radius: width / 2 };
        })"""
    )
    assert len(circles) == lesson_net("mlp3").alphabet.size
    for one, other in itertools.combinations(circles, 2):
        away = math.hypot(one["x"] - other["x"], one["y"] - other["y"])
        assert away > 1.5 * one["radius"]  # its middle, where the letter is written, is not covered


def test_each_window_has_its_net(lesson: Lesson) -> None:
    lesson.open(12)
    facts = net_facts()
    for context in (CONTEXTS[-1], 1):
        lesson.at("map-context").fill(str(context))
        lesson.wait_until(
            f"document.querySelector('[data-testid=map-window]').textContent.startsWith('Window {context}:')"
        )
        assert f"{facts[f'mlp{context}'].test_nats:.4f}" in lesson.text("map-window")
    lesson.at("figure-map").locator("summary").last.click()
    rows = [row.split("\t") for row in lesson.at("map-windows-table").locator("tbody tr").all_inner_texts()]
    assert [float(row[1]) for row in rows] == pytest.approx([facts[f"mlp{k}"].test_nats for k in CONTEXTS], abs=6e-5)


def test_the_letters_move_while_a_net_is_trained(lesson: Lesson) -> None:
    lesson.open(12)
    place = "getComputedStyle(document.querySelector('[data-testid=figure-training] [data-symbol=e]')).transform"
    lesson.at("net-start").click()
    lesson.wait_until("Number(document.querySelector('[data-testid=net-step]').textContent) > 0")
    first = lesson.page.evaluate(place)
    lesson.wait_until(f"{place} !== '{first}'")
    lesson.at("net-stop").click()
    lesson.wait_until(OFF)
    assert "Stopped" in lesson.text("net-status")
    assert lesson.at("net-first").locator("li").count() > 0
    lesson.at("check-alike-1").click()
    assert lesson.at("check-alike-answer").locator(".good").count() == 1
