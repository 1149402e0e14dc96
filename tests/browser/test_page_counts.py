"""Chapters 1 to 6: the list, the table, probabilities, sampling, the loss and smoothing, done by a visitor."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest

from nextchar.data.corpus import Corpus
from nextchar.models.ngram.counts import count
from nextchar.models.ngram.model import Ngram, NgramModel

if TYPE_CHECKING:
    from tests.browser.conftest import Lesson

LECTURE_SEED: Final = 2147483647

# Milliseconds from a key to the change of what is shown, written to window.waits.
STOPWATCH: Final = """
    ([input, result]) => {
      const at = (testid) => document.querySelector(`[data-testid=${testid}]`);
      window.waits = [];
      let pressed = null;
      at(input).addEventListener("keydown", (event) => { pressed = event.timeStamp; });
      new MutationObserver(() => {
        if (pressed === null) return;
        window.waits.push(performance.now() - pressed);
        pressed = null;
      }).observe(at(result), { childList: true, subtree: true });
    }
"""
CELL: Final = """
    ([testid, r, c, rows]) => {
      const plot = document.querySelector(`[data-testid=${testid}] .plot`);
      const box = plot.getBoundingClientRect();
      const { l, t, w, h } = plot._fullLayout._size;
      return [box.left + l + (w * (c + 0.5)) / rows, box.top + t + (h * (r + 0.5)) / rows];
    }
"""


@pytest.fixture(scope="module")
def bigrams(corpus: Corpus) -> NgramModel:
    return Ngram(order=2, add=0.0).fit(corpus)


def type_and_measure(lesson: Lesson, word: str, field: str, result: str) -> float:
    """Type a word; the median of the waits for the change that each key makes, milliseconds."""
    lesson.at(field).fill("")
    lesson.page.evaluate(STOPWATCH, [field, result])
    lesson.at(field).focus()
    for made, key in enumerate(word, start=1):
        lesson.page.keyboard.press(key)
        lesson.wait_until(f"window.waits.length >= {made}")
    waits: list[float] = lesson.page.evaluate("window.waits")
    return statistics.median(waits)


# -- 1 --------------------------------------------------------------------------------------------------------------


def test_emma_has_five_bigrams(lesson: Lesson, corpus: Corpus, record_property: Callable[[str, object], None]) -> None:
    lesson.open(1)
    assert lesson.number("list-count") == len(corpus)
    before = lesson.text("symbols-bigrams")
    wait = type_and_measure(lesson, "emma", "symbols-word", "symbols-result")
    print(f"chapter 1: a key changes the page within {wait:.1f} ms (median)")
    record_property("keystroke_ms", wait)
    assert lesson.text("symbols-bigrams") != before
    assert lesson.text("symbols-bigrams").split() == [".e", "em", "mm", "ma", "a."]
    assert lesson.text("symbols-naive").split() == ["em", "mm", "ma"]
    ids = [0, *corpus.alphabet.encode("emma").tolist(), 0]
    rows = [row.inner_text().split("\t")[1:] for row in lesson.at("symbols-table").locator("tr").all()]
    assert rows == [[str(i) for i in ids[:-1]], [str(i) for i in ids[1:]]]

    lesson.at("symbols-word").fill("emma3")
    lesson.at("symbols-result").locator(".message.bad").wait_for()
    assert "3" in lesson.at("symbols-result").locator(".message.bad").inner_text()


def test_names_are_found(lesson: Lesson, corpus: Corpus) -> None:
    lesson.open(1)
    assert lesson.text("list-items").split() == list(corpus)[:48]
    lesson.at("list-search").fill("mm")
    lesson.wait_until("document.querySelectorAll('[data-testid=list-items] li').length < 48")
    assert lesson.text("list-items").split() == [item for item in corpus if "mm" in item]


# -- 2 --------------------------------------------------------------------------------------------------------------


def test_a_cell_of_the_heat_map(lesson: Lesson, corpus: Corpus, bigrams: NgramModel) -> None:
    lesson.open(2)
    N, V = count(corpus, 2).table(), corpus.alphabet.size
    first, second = corpus.alphabet.encode("an").tolist()
    pair = lesson.get("pair", first=first, second=second)

    lesson.at("heatmap").scroll_into_view_if_needed()
    x, y = lesson.page.evaluate(CELL, ["heatmap", first, second, V])
    lesson.page.mouse.move(x - 3, y - 3)
    lesson.page.mouse.move(x, y)
    lesson.wait_until("document.querySelector('[data-testid=cell-pair]').textContent === 'an'")
    assert lesson.number("cell-count") == pair["count"] == N[first, second]
    assert lesson.number("cell-total") == pair["row_total"] == N[first].sum()
    assert lesson.text("cell-probability") == f"{N[first, second] / N[first].sum():.4f}"
    assert pair["probability"] == pytest.approx(math.exp(bigrams.surprisal("an")[1][1] * -1))
    examples = lesson.text("cell-examples").split()
    assert examples == pair["examples"]
    assert all("an" in example for example in examples)

    lesson.page.mouse.move(2, 2)
    lesson.at("heatmap").locator(".walkable").focus()
    lesson.page.keyboard.press("ArrowRight")
    lesson.wait_until("document.querySelector('[data-testid=cell-pair]').textContent === 'ao'")
    lesson.page.keyboard.press("Home")
    lesson.page.keyboard.press("PageUp")
    lesson.wait_until("document.querySelector('[data-testid=cell-pair]').textContent === '..'")
    assert lesson.number("cell-count") == N[0, 0] == 0


def test_a_word_lights_its_cells(lesson: Lesson, corpus: Corpus) -> None:
    lesson.open(2)
    lesson.at("word-input").fill("emma")
    lesson.wait_until("document.querySelectorAll('[data-testid=word-map] .cell-mark').length === 5")
    lesson.wait_until("document.querySelectorAll('[data-testid=word-cells] tbody tr').length === 5")
    N = count(corpus, 2).table()
    ids = [0, *corpus.alphabet.encode("emma").tolist(), 0]
    rows = [row.inner_text().split("\t") for row in lesson.at("word-cells").locator("tbody tr").all()]
    assert [row[1].strip() for row in rows] == [".e", "em", "mm", "ma", "a."]
    assert [int(row[2]) for row in rows] == [N[a, b] for a, b in pairwise(ids)]
    lesson.at("word-clear").click()
    lesson.wait_until("document.querySelectorAll('[data-testid=word-map] .cell-mark').length === 0")


def test_the_most_frequent_pairs(lesson: Lesson, corpus: Corpus) -> None:
    lesson.open(2)
    lesson.slide("frequent-number", 1.0)
    lesson.at("figure-frequent").locator("summary").click()
    rows = [row.inner_text().split("\t") for row in lesson.at("figure-frequent").locator("tbody tr").all()]
    assert [(pair.strip(), int(times)) for pair, times in rows] == count(corpus, 2).most_frequent(20)


# -- 3 --------------------------------------------------------------------------------------------------------------


def test_a_row_becomes_probabilities(lesson: Lesson, corpus: Corpus) -> None:
    lesson.open(3)
    [e] = corpus.alphabet.encode("e").tolist()
    lesson.at("row-choose").select_option(str(e))
    total = int(count(corpus, 2).table()[e].sum())
    lesson.wait_until(
        "(text) => document.querySelector('[data-testid=row-total]').textContent.includes(text)", f"{total:,}"
    )
    assert "1.0000" in lesson.text("row-sum")


def test_keepdim_wrong_and_right(lesson: Lesson, corpus: Corpus) -> None:
    lesson.open(3)
    table, N = lesson.get("keepdim"), count(corpus, 2).table()
    assert table["row_sums_wrong"] == pytest.approx((N / N.sum(axis=1)).sum(axis=1).tolist())

    def sums(testid: str) -> list[float]:
        return [float(found) for found in re.findall(r"\d+\.\d+", lesson.text(testid))]

    assert sums("keepdim-rows-right") == [1.0] * 6
    assert sums("keepdim-rows-wrong") == [round(value, 2) for value in table["row_sums_wrong"][:6]]
    assert sums("keepdim-columns-wrong") == [1.0] * 6
    assert lesson.at("keepdim-good").count() == lesson.at("keepdim-bad").count() == 1
    lesson.at("keepdim-play").click()
    assert not lesson.at("keepdim-bad").is_visible()
    for _ in range(4):
        lesson.at("keepdim-next").click()
    lesson.at("keepdim-bad").wait_for()
    assert lesson.at("keepdim-next").is_disabled()


# -- 4 --------------------------------------------------------------------------------------------------------------


def test_on_a_phone_the_symbols_stand_in_rows_and_can_be_guessed(visit: Callable[..., Lesson]) -> None:
    lesson = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    lesson.open(1)
    lesson.at("symbols-word").fill("emma")
    lesson.wait_until("document.querySelectorAll('[data-testid=symbols-strip] li').length === 6")
    boxes = [sign.bounding_box() for sign in lesson.at("symbols-strip").locator(".symbol").all()[:5]]
    assert len({round(box["y"]) for box in boxes if box}) == 1
    lesson.open(4)
    keys = lesson.at("step-keys").get_by_role("button")
    assert keys.count() > 20
    keys.nth(1).tap()
    lesson.at("step-drawn").wait_for()


def test_guess_and_step_through_an_item(lesson: Lesson, bigrams: NgramModel) -> None:
    lesson.open(4)
    for seed in (1, 2):
        [item] = bigrams.sample(1, seed=seed)
        row = lesson.post("step", prefix="", seed=seed, draw=0, order=2)["row"]
        guess = row[5]
        lesson.at("step-keys").get_by_role("button", name=guess["symbol"], exact=True).click()
        assert f"{guess['probability']:.4f}" in lesson.text("step-odds")
        assert lesson.at("step-ruler").locator(".needle").count() == 1
        for position, symbol in enumerate([*item, "."]):
            assert lesson.at("step-written").inner_text().split() == [".", *item[:position], symbol]
            if position < len(item):
                lesson.at("step-next").click()
                lesson.at("step-draw").click()
        lesson.at("step-done").wait_for()
        assert item in lesson.text("step-done")
        assert lesson.at("step-next").is_disabled()
        lesson.at("step-again").click()
        lesson.at("step-done").wait_for(state="detached")
    assert lesson.at("step-seed").input_value() == "3"
    lesson.at("step-finish").click()
    lesson.at("step-done").wait_for()
    assert bigrams.sample(1, seed=3)[0] in lesson.text("step-done")


def test_seeds_and_all_streams(lesson: Lesson, bigrams: NgramModel) -> None:
    lesson.open(4)

    def shown(column: int) -> list[str]:
        return lesson.at(f"seed-items-{column}").locator("li").all_inner_texts()

    for seed in (LECTURE_SEED, LECTURE_SEED + 1):
        wanted = [["∅" if item == "" else item for item in bigrams.sample(10, seed=seed, stream=stream)]
                  for stream in ("nextchar", "torch1", "torch2")]  # fmt: skip
        lesson.wait_until(
            "(first) => document.querySelector('[data-testid=seed-items-0] li').textContent === first", wanted[0][0]
        )
        assert [shown(0), shown(1), shown(2)] == wanted
        lesson.at("seed-other").click()
    lesson.at("seed-lecture").click()
    lesson.at("seed-input").fill("5")
    lesson.wait_until(
        "(first) => document.querySelector('[data-testid=seed-items-0] li').textContent === first",
        bigrams.sample(1, seed=5)[0],
    )


def test_thousands_at_once(lesson: Lesson, bigrams: NgramModel) -> None:
    lesson.open(4)
    assert lesson.number("many-count") == 1000
    assert lesson.at("many-items").locator("li").all_inner_texts() == bigrams.sample(200, seed=1)
    lesson.at("many-number").select_option("20000")
    lesson.wait_until("document.querySelector('[data-testid=many-count]').textContent === '20,000'")
    assert lesson.number("many-speed") > 0


def test_real_or_generated(lesson: Lesson, corpus: Corpus) -> None:
    lesson.open(4)
    real, score = set(corpus), 0
    for turn in range(10):
        item = lesson.text("game-item")
        guess = turn % 3 != 0
        lesson.at("game-real" if guess else "game-generated").click()
        right = (item in real) == guess
        score += right
        assert lesson.at("game-verdict").get_attribute("class") == f"message {'good' if right else 'bad'}"
        found = re.findall(r"\d+", lesson.text("game-score"))
        assert [int(value) for value in found[:2]] == [score, turn + 1]
        if turn < 9:
            lesson.page.keyboard.press("Enter")  # the focus is on "next"
            lesson.at("game-verdict").wait_for(state="detached")
    assert str(score) in lesson.text("game-over")
    lesson.at("game-again").click()
    lesson.at("game-over").wait_for(state="detached")


# -- 5 --------------------------------------------------------------------------------------------------------------


def test_drag_a_probability(lesson: Lesson) -> None:
    lesson.open(5)
    for position in (0.1, 0.8, 0.0):
        lesson.slide("log-slider", position)
        p = float(lesson.at("log-slider").input_value())
        assert abs(p - position) < 0.05
        assert f"{-math.log(p) + 0.0:.4f}" in lesson.text("log-says")
    lesson.at("log-slider").press("ArrowRight")
    p = float(lesson.at("log-slider").input_value())
    assert 0 < p < 0.02
    assert f"{-math.log(p):.4f}" in lesson.text("log-says")


def test_what_is_typed_is_shown_before_its_chart_is_drawn(lesson: Lesson) -> None:
    """Twenty movements within a moment: each is told at once, and the chart is drawn once, after a frame."""
    lesson.open(5)
    told, drawn_meanwhile, drawn = lesson.page.evaluate("""
        async () => {
          const react = Plotly.react;
          let drawn = 0;
          Plotly.react = (...all) => { drawn += 1; return react(...all); };
          const slider = document.querySelector("[data-testid=log-slider]");
          const says = document.querySelector("[data-testid=log-says]");
          const told = new Set();
          for (let i = 1; i <= 20; i += 1) {
            slider.value = String(i / 20);
            slider.dispatchEvent(new InputEvent("input", { bubbles: true }));
            told.add(says.textContent);
          }
          const meanwhile = drawn;
          while (!drawn) await new Promise((resolve) => requestAnimationFrame(resolve));
          await new Promise((resolve) => setTimeout(resolve, 300));
          Plotly.react = react;
          return [told.size, meanwhile, drawn];
        }
    """)
    assert (told, drawn_meanwhile, drawn) == (20, 0, 1)


def test_the_surprisal_of_a_name(
    lesson: Lesson, corpus: Corpus, bigrams: NgramModel, record_property: Callable[[str, object], None]
) -> None:
    lesson.open(5)
    assert lesson.text("anchor-uniform") == f"{math.log(27):.4f}" == "3.2958"
    assert lesson.text("anchor-model") == f"{bigrams.evaluate(corpus).nats_per_symbol:.4f}"
    wait = type_and_measure(lesson, "marianna", "own-word", "own-result")
    print(f"chapter 5: a key changes the page within {wait:.1f} ms (median)")
    record_property("keystroke_ms", wait)
    [score], answer = bigrams.score(["marianna"]), lesson.post("score", text="marianna")
    assert answer["nats"] == score.nats
    assert [symbol["nats"] for symbol in answer["symbols"]] == [nats for _, nats in bigrams.surprisal("marianna")]
    assert lesson.text("own-nats") == f"{score.nats:.4f}"
    assert lesson.text("own-mean") == f"{score.nats_per_symbol:.4f}"
    assert lesson.number("own-likelihood") == pytest.approx(math.exp(-score.nats), rel=1e-3)


def test_a_name_with_an_impossible_pair(lesson: Lesson) -> None:
    lesson.open(5)
    lesson.at("own-word").fill("jz")
    lesson.at("own-impossible").wait_for()
    assert lesson.text("own-nats") == "∞"
    lesson.watch.expected.append("422")
    lesson.at("own-word").fill("jz9")
    lesson.at("own-problem").locator(".message.bad").wait_for()
    assert "9" in lesson.text("own-problem")
    assert not lesson.at("own-chart").is_visible()  # no bars of the name before
    assert lesson.at("own-nats").count() == 0
    lesson.at("own-word").fill("ada")
    lesson.at("own-problem").locator(".message.bad").wait_for(state="detached")
    assert lesson.number("own-nats") > 0


# -- 6 --------------------------------------------------------------------------------------------------------------


def test_k_slides_and_the_loss_follows(lesson: Lesson, corpus: Corpus) -> None:
    lesson.open(6)
    before, after = lesson.text("jz-before"), lesson.text("jz-after")
    assert "∞" in before
    N = count(corpus, 2).table()
    [j] = corpus.alphabet.encode("j").tolist()
    assert f"{-math.log(1 / (N[j].sum() + 27)):.4f}" in after

    grid = lesson.get("smoothing/curve")["add"]
    for position in (1.0, 0.4, 0.0):
        lesson.slide("smoothing-slider", position)
        add = grid[int(lesson.at("smoothing-slider").input_value())]
        loss = Ngram(order=2, add=add).fit(corpus).evaluate(corpus).nats_per_symbol
        lesson.wait_until(
            "(text) => document.querySelector('[data-testid=smoothing-loss]').textContent === text", f"{loss:.4f}"
        )
        assert lesson.get("smoothing", add=add)["loss"] == pytest.approx(loss)
    lesson.wait_until("(pair) => document.querySelector('[data-testid=smoothing-pair]').textContent === pair", "∞")
    cell = "document.querySelector('[data-testid=smoothing-row] .plot').data[0].y[1]"
    before_step = lesson.page.evaluate(cell)
    lesson.at("smoothing-slider").press("End")
    lesson.wait_until(f"{cell} !== {before_step}")


def test_on_a_phone_a_tap_opens_cells_that_a_finger_can_hit(visit: Callable[..., Lesson]) -> None:
    lesson = visit(viewport={"width": 390, "height": 844}, has_touch=True)
    lesson.open(2)
    assert not lesson.at("loupe").first.is_visible()
    plot = lesson.at("heatmap").locator(".plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    lesson.page.touchscreen.tap(box["x"] + 0.6 * box["width"], box["y"] + 0.6 * box["height"])
    cells = lesson.at("loupe").first.locator("button")
    cells.first.wait_for()
    assert cells.count() == 25
    assert min(min(cell["width"], cell["height"]) for i in range(25) if (cell := cells.nth(i).bounding_box())) >= 24
    chosen = lesson.at("loupe").first.locator("[aria-pressed=true]")
    pair = chosen.inner_text()
    lesson.wait_until("(pair) => document.querySelector('[data-testid=cell-pair]').innerText === pair", pair)
    other = cells.nth(13)  # right of the middle
    wanted = other.inner_text()
    assert wanted != pair
    assert wanted[0] == pair[0]
    other.tap()
    lesson.wait_until("(pair) => document.querySelector('[data-testid=cell-pair]').innerText === pair", wanted)
    assert lesson.overflow() <= 0
