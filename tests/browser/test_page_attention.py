"""Chapters 15 to 18: valves that are shut, the tree of merges, arcs that are cut, and the race."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from nextchar.lesson.lesson_nets import lesson_net, net_facts
from nextchar.lesson.race import race

if TYPE_CHECKING:
    from tests.browser.conftest import Lesson

PHONE: Final = {"width": 390, "height": 844}
TEXT_IS: Final = "([id, text]) => document.querySelector(`[data-testid=${id}]`)?.textContent.includes(text)"
BARS_ARE: Final = """
    ([id, wanted]) => {
      const { data } = document.querySelector(`[data-testid=${id}] .plot`);
      return data.length === wanted.length &&
        wanted.every((bars, i) => bars.every((bar, j) => Math.abs(bar - data[i].y[j]) < 1e-9));
    }
"""
MINUS: Final = "\N{MINUS SIGN}"


def waits_for(lesson: Lesson, testid: str, text: str) -> None:
    lesson.wait_until(TEXT_IS, [testid, text])


def waits_for_bars(lesson: Lesson, testid: str, *series: Any) -> None:
    """Until the chart has these series and no others, each the logarithms of its bars."""
    lesson.wait_until(BARS_ARE, [testid, [np.exp(rows).tolist() for rows in series]])


def nats(rows: Any, position: int, symbol: str) -> float:
    """-log p of a symbol of a to z, or of the end."""
    return -float(rows[position][0 if symbol == "." else ord(symbol) - ord("a") + 1])


# -- 15: gates --------------------------------------------------------------------------------------------------------


def test_a_gate_is_opened_by_hand(lesson: Lesson) -> None:
    from nextchar.models.neural.interventions import Hold, recalled

    lesson.open(15)
    lesson.at("valves-name").fill("emma")
    waits_for(lesson, "valves", ".emma")
    lesson.at("valve-keep-3").click()
    untouched = recalled(lesson_net("gru"), "emma")
    waits_for(lesson, "valves-effect", f"{nats(untouched.rows, 3, 'a'):.3f}")
    open_by_itself = f"{100 * untouched.gates['keep'][3].mean():.0f}%"
    assert lesson.text("valve-keep-3") == open_by_itself
    waits_for_bars(lesson, "valves-bars", untouched.rows[3])

    lesson.at("valves-open").click()
    held = recalled(lesson_net("gru"), "emma", [Hold("keep", 1.0, None, 3)])
    waits_for(lesson, "valves-effect", f"{nats(held.rows, 3, 'a'):.3f}, untouched {nats(untouched.rows, 3, 'a'):.3f}")
    waits_for(lesson, "valve-keep-3", "100%")
    waits_for_bars(lesson, "valves-bars", held.rows[3], untouched.rows[3])
    waits_for_bars(lesson, "valves-bars", untouched.rows[2], untouched.rows[3])  # the letter leaves no trace

    lesson.at("valves-free").click()
    waits_for(lesson, "valve-keep-3", open_by_itself)
    waits_for_bars(lesson, "valves-bars", untouched.rows[3])


def test_a_gate_is_set_by_keyboard_and_by_dragging(lesson: Lesson) -> None:
    from nextchar.models.neural.interventions import Hold, recalled

    lesson.open(15)
    lesson.at("valves-name").fill("ava")
    waits_for(lesson, "valves", ".ava")
    lesson.at("valves-family").get_by_role("radio").nth(1).check()
    waits_for(lesson, "valves", "forget")
    lesson.at("valves").get_by_role("radio", checked=True).focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowDown", "ArrowRight"):
        lesson.page.keyboard.press(key)
    focused = lesson.page.evaluate("document.activeElement.dataset.testid")
    assert focused == "valve-keep-1"
    lesson.at("valves-slider").press("Home")
    held = recalled(lesson_net("lstm"), "ava", [Hold("keep", 0.0, None, 1)])
    waits_for(lesson, "valves-effect", f"{nats(held.rows, 1, 'v'):.3f}, untouched")

    box = lesson.at("valves-slider").bounding_box()
    assert box
    lesson.page.mouse.move(box["x"] + 8, box["y"] + box["height"] / 2)
    lesson.page.mouse.down()
    lesson.page.mouse.move(box["x"] + box["width"] - 1, box["y"] + box["height"] / 2, steps=4)
    lesson.page.mouse.up()
    waits_for(lesson, "valve-keep-1", "100%")


# -- 16: WaveNet ------------------------------------------------------------------------------------------------------


def test_what_a_node_sees(lesson: Lesson) -> None:
    lesson.open(16)
    lesson.at("tree-name").fill("isabella")
    waits_for(lesson, "tree-says", "sees 8 symbols: i, s, a, b, e, l, l, a.")  # the boundary is 8 places back
    lesson.at("tree-2-4").hover()  # layer 2 at b, the fourth letter: b and the 3 before it
    waits_for(lesson, "tree-says", "sees 4 symbols: i, s, a, b.")
    assert lesson.page.locator(".tree-node.lit").count() == 1 + 2 + 4
    lesson.at("tree-2-4").click()
    lesson.page.keyboard.press("ArrowDown")
    lesson.page.keyboard.press("ArrowRight")
    waits_for(lesson, "tree-says", "The node in layer 1 at e sees 2 symbols: b, e.")


def test_layers_and_dilation(lesson: Lesson) -> None:
    lesson.open(16)
    lesson.at("tree-name").fill("emma")
    waits_for(lesson, "tree-picture", ".emma")
    model = lesson_net("wavenet4")
    rows = model.log_probs(np.array([[0, *model.alphabet.encode("emma").tolist()]]))[0]
    lesson.at("tree-layers").press("End")
    waits_for(lesson, "tree-reach", "dilations 1, 2, 4, 8 a node at the top sees up to 16 symbols")
    waits_for(lesson, "tree-surprise", f"{nats(rows, 4, '.'):.3f}")
    waits_for_bars(lesson, "tree-bars", rows[4])
    lesson.at("tree-growth").press("End")
    # 0 or 1, plus 0 or 3, plus 0 or 9, plus 0 or 27: 16 of the last 1 + 40 places
    waits_for(lesson, "tree-reach", "reaches 40 places back, but sees only 16 of these 41 symbols")
    lesson.at("tree-untrained").wait_for()
    lesson.at("tree-bars").wait_for(state="hidden")
    lesson.at("tree-growth").press("Home")
    waits_for(lesson, "tree-reach", "sees up to 5 symbols, the farthest 4 places back")
    shown = lesson.at("tree-nets").locator("tbody td:last-child").all_inner_texts()
    assert shown == [f"{net_facts()[f'wavenet{layers}'].test_nats:.3f}" for layers in (1, 2, 3, 4)]


# -- 17: attention ----------------------------------------------------------------------------------------------------


def test_an_arc_in_numbers(lesson: Lesson) -> None:
    from nextchar.models.neural.interventions import Cut, arc_numbers, attended

    lesson.open(17)
    lesson.at("arcs-name").fill("olivia")
    waits_for(lesson, "arcs-letter", ".olivia")
    lesson.at("arcs-layer").get_by_role("radio").nth(1).check()
    lesson.at("arcs-head").get_by_role("radio").nth(2).check()
    lesson.at("arcs-letter-4").click()
    lesson.at("arcs-key-1").click()
    model = lesson_net("transformer")
    weights = attended(model, "olivia").weights[1, 2, 4]
    waits_for(
        lesson,
        "arcs-caption",
        f"Layer 2, head 3: having read .oliv, the position of v takes: the beginning {100 * weights[0]:.0f}",
    )
    waits_for(lesson, "arcs-mix", "value of o")
    numbers = arc_numbers(model, "olivia", Cut(1, 2, 4, 1), [])
    table = lesson.at("arcs-table").locator("tbody tr").all()
    scores = [float(row.locator("td").first.inner_text().replace(MINUS, "-")) for row in table]
    assert scores == pytest.approx(numbers.scores[:5].tolist(), abs=0.006)
    fit = lesson.at("arcs-fit").locator("tr")
    rows = [[float(cell.replace(MINUS, "-")) for cell in row.locator("td").all_inner_texts()] for row in fit.all()]
    assert rows[0] == pytest.approx(numbers.query.tolist(), abs=0.006)
    assert rows[1] == pytest.approx(numbers.key.tolist(), abs=0.006)
    score = float((numbers.query * numbers.key).sum() * numbers.scale + numbers.distance)
    assert f"score {score:.2f}".replace("-", MINUS) in lesson.text("arcs-sum")


def test_an_arc_is_cut_and_restored(lesson: Lesson) -> None:
    from nextchar.models.neural.interventions import Cut, attended

    lesson.open(17)
    lesson.at("arcs-name").fill("emma")
    waits_for(lesson, "arcs-letter", ".emma")
    lesson.at("arcs-letter-3").click()
    model = lesson_net("transformer")
    whole = attended(model, "emma").rows
    waits_for(lesson, "arcs-effect", f"{nats(whole, 3, 'a'):.3f}")
    lesson.at("arcs-cut-2").click()
    cut = attended(model, "emma", [Cut(0, 0, 3, 2)]).rows
    waits_for(lesson, "arcs-effect", f"{nats(cut, 3, 'a'):.3f}, untouched {nats(whole, 3, 'a'):.3f}")
    waits_for_bars(lesson, "arcs-bars", cut[3], whole[3])
    waits_for(lesson, "arcs-table", f"{MINUS}∞")
    assert lesson.page.locator(".arc.cut").count() == 1

    lesson.at("arcs-head").get_by_role("radio").nth(1).check()  # a second one, of another head
    waits_for(lesson, "arcs-caption", "head 2")
    lesson.at("arcs-cut-0").click()
    both = attended(model, "emma", [Cut(0, 0, 3, 2), Cut(0, 1, 3, 0)]).rows
    waits_for(lesson, "arcs-effect", f"{nats(both, 3, 'a'):.3f}, untouched")
    lesson.at("arcs-whole").click()
    lesson.wait_until("document.querySelectorAll('[data-testid=arcs-cuts] button').length === 0")
    waits_for_bars(lesson, "arcs-bars", whole[3])


def test_arcs_by_keyboard_and_with_the_mouse(lesson: Lesson) -> None:
    lesson.open(17)
    lesson.at("arcs-name").fill("emma")
    waits_for(lesson, "arcs-caption", ".emm")
    lesson.at("arcs-letter").get_by_role("radio", checked=True).focus()
    lesson.page.keyboard.press("End")
    waits_for(lesson, "arcs-caption", "having read .emma")
    lesson.page.keyboard.press("ArrowLeft")
    lesson.page.keyboard.press("ArrowLeft")
    waits_for(lesson, "arcs-caption", "having read .em,")
    touch = lesson.page.locator(".arc-touch[data-key='0']")
    touch.dispatch_event("click")
    lesson.wait_until("document.querySelector('[data-testid=arcs-key-0]').getAttribute('aria-pressed') === 'true'")


@pytest.mark.parametrize(("chapter", "name"), [(15, "valves"), (16, "tree"), (17, "arcs")])
def test_a_character_that_the_nets_cannot_read(lesson: Lesson, chapter: int, name: str) -> None:
    lesson.open(chapter)
    lesson.at(f"{name}-name").fill("zoë")
    lesson.at(f"{name}-name-unknown").wait_for()
    assert "ë" in lesson.text(f"{name}-name-unknown")
    lesson.at(f"{name}-name").fill("Zoe")  # read in small letters
    lesson.at(f"{name}-name-unknown").wait_for(state="detached")
    lesson.at(f"{name}-name").fill("")  # nothing but the boundary
    lesson.page.wait_for_timeout(200)
    assert lesson.page.locator(".message.error").count() == 0


@pytest.mark.parametrize("chapter", [15, 16, 17])
def test_a_small_net_is_trained_and_stopped(lesson: Lesson, chapter: int) -> None:
    lesson.open(chapter)
    lesson.at("net-start").click()
    lesson.wait_until("parseInt(document.querySelector('[data-testid=net-step]').textContent) > 0")
    lesson.wait_until("document.querySelectorAll('[data-testid=net-now] li').length > 0")
    lesson.at("net-stop").click()
    lesson.wait_until("document.querySelector('[data-training]').dataset.training === 'off'")


# -- 18: the race -----------------------------------------------------------------------------------------------------


def test_the_race_is_guessed_by_arrows_and_shown(lesson: Lesson) -> None:
    lesson.open(18)
    cards = lesson.at("race-cards").locator("li")
    order = [str(card.get_attribute("data-id")) for card in cards.all()]
    right = [rung.id for rung in sorted(race().rungs, key=lambda rung: -rung.nats) if rung.id in order]
    for place, wanted in enumerate(right):  # sorted by their arrows
        while order.index(wanted) > place:
            at = order.index(wanted)
            lesson.at(f"race-up-{wanted}").click()
            order[at - 1], order[at] = order[at], order[at - 1]
    assert [card.get_attribute("data-id") for card in cards.all()] == right
    lesson.at("race-done").click()
    assert "All in the right places" in lesson.text("race-verdict")
    assert lesson.at("race-results").locator(".race-row").count() == len(race().rungs)

    rung = next(rung for rung in race().rungs if rung.id == "transformer")
    lesson.at("race-row-transformer").click()
    assert lesson.text("race-nats") == f"{rung.nats:.4f}"
    assert lesson.text("race-parameters") == f"{rung.parameters:,}"
    assert lesson.at("race-names").locator("li").all_inner_texts() == list(rung.names)

    lesson.open(18, "zh", fresh=True)  # the guess is kept
    assert lesson.at("race-results").locator(".race-row").count() == len(race().rungs)


def test_the_race_is_guessed_by_dragging(lesson: Lesson) -> None:
    lesson.open(18)
    cards = lesson.at("race-cards").locator("li")
    names = [card.get_attribute("data-id") for card in cards.all()]
    cards.last.scroll_into_view_if_needed()
    first, last = cards.first.bounding_box(), cards.last.bounding_box()
    assert first
    assert last
    lesson.page.mouse.move(first["x"] + 60, first["y"] + first["height"] / 2)
    lesson.page.mouse.down()
    lesson.page.mouse.move(first["x"] + 60, last["y"] + last["height"] / 2, steps=12)
    lesson.page.mouse.up()
    assert [card.get_attribute("data-id") for card in cards.all()] == [*names[1:], names[0]]
    lesson.at("race-show").click()
    assert lesson.at("race-results").locator(".race-row").count() == len(race().rungs)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("chapter", [15, 16, 17, 18])
def test_long_names_fit_on_a_phone(visit: Callable[..., Lesson], chapter: int, language: str) -> None:
    lesson = visit(viewport=PHONE)
    lesson.open(chapter, language)
    field = {15: "valves-name", 16: "tree-name", 17: "arcs-name"}.get(chapter)
    if field is None:
        lesson.at("race-show").click()
    else:
        lesson.at(field).fill("maximilianalex")
        lesson.page.wait_for_timeout(400)
    assert lesson.overflow() <= 0


@pytest.mark.parametrize(
    ("chapter", "says"),
    [(12, "map-window"), (14, "memory-unit-1"), (15, "valves-net"), (16, "tree-net"), (17, "arcs-net")],
)
def test_the_net_just_trained_is_looked_into_and_the_way_back(lesson: Lesson, chapter: int, says: str) -> None:
    lesson.open(chapter, fresh=True)
    shipped = lesson.at(says).get_attribute("aria-label") or lesson.text(says)
    lesson.at("net-start").click()
    lesson.wait_until("parseInt(document.querySelector('[data-testid=net-step]').textContent) > 0")
    lesson.at("net-stop").click()
    lesson.at("net-look").click()
    words = "([id, old]) => { const at = document.querySelector(`[data-testid=${id}]`); return %s; }"
    now = "(at.getAttribute('aria-label') ?? at.textContent.trim())"
    lesson.wait_until(words % f"{now} !== old", [says, shipped])
    lesson.at("which-net-choice").get_by_role("radio").first.check()
    lesson.wait_until(words % f"{now} === old", [says, shipped])


CUT_LABELS: Final = """
    () => [...document.querySelectorAll("main .button:not(.option)")].filter((button) => {
      const range = document.createRange();
      range.selectNodeContents(button);
      const tops = [...range.getClientRects()].map(({ top }) => Math.round(top));
      return Math.max(...tops) - Math.min(...tops) > 8;
    }).map((button) => button.textContent)
"""


def test_labels_of_two_signs_are_not_cut_on_a_phone(visit: Callable[..., Lesson]) -> None:
    lesson = visit(viewport={**PHONE, "width": 360}, has_touch=True, is_mobile=True)
    lesson.open(17, "zh")
    assert lesson.page.locator(".button", has_text="剪断").count() > 2
    assert lesson.page.evaluate(CUT_LABELS) == []
    assert lesson.overflow() == 0
