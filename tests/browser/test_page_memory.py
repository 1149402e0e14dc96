"""Chapter 14: the hidden state under a name, what a unit responds to, and a net trained beside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

if TYPE_CHECKING:
    from tests.browser.conftest import Lesson

pytest.importorskip("torch")
from nextchar.lesson.lesson_nets import lesson_net
from nextchar.lesson.net_facts import firing_of
from nextchar.models.neural.interventions import recalled
from nextchar.models.neural.units import unit

SHOWN: Final = "document.querySelector('[data-testid=memory-next] .plot').data[0].y"
STRIP: Final = """
    () => [...document.querySelectorAll("[data-testid=memory-units] .strip-row")].map((row) =>
      [...row.querySelectorAll(".strip-cell")].map((cell) =>
        (cell.classList.contains("below") ? -1 : 1) * Number.parseInt(cell.style.getPropertyValue("--share"))))
"""


@pytest.fixture(scope="module", autouse=True)
def warm(kept: Lesson) -> None:
    """The server has loaded torch, which takes a busy machine longer than a test waits for an answer."""
    answer = kept.page.context.request.post(f"{kept.address}/api/inside/hidden", data={"text": "emma"}, timeout=180_000)
    assert answer.ok


def strip(lesson: Lesson) -> Any:
    """The numbers of the state that the colours stand for, in hundredths, (H, T)."""
    return np.array(lesson.page.evaluate(STRIP))


def test_the_state_of_a_typed_name(lesson: Lesson) -> None:
    lesson.open(14)
    columns = "document.querySelectorAll('[data-testid=memory-unit-1] .strip-cell').length"
    found = {}
    for name in ("helene", "halene"):
        lesson.at("memory-name").fill(name)
        seen = recalled(lesson_net("rnn"), name)
        lesson.wait_until(f"{columns} === 7 && Math.abs({SHOWN}[1] - {np.exp(seen.rows[-1, 1])}) < 1e-9")
        found[name] = strip(lesson)
        assert found[name] == pytest.approx(100 * seen.hidden.T, abs=0.51)
        assert lesson.page.evaluate(SHOWN) == pytest.approx(np.exp(seen.rows[-1]).tolist(), abs=1e-9)
    same = (found["helene"] == found["halene"]).all(axis=0)
    assert same.tolist()[:3] == [True, True, False]  # the boundary and h as before; from the second letter on not
    lesson.at("guess-memory-2").click()
    assert (
        lesson.at("guess-memory").locator(".button.option.good").inner_text()
        == "That of the second letter and all after it"
    )
    lesson.at("memory-letters-2").click()  # after "ha"
    row = np.exp(recalled(lesson_net("rnn"), "halene").rows[2])
    lesson.wait_until(f"Math.abs({SHOWN}[1] - {row[1]}) < 1e-9")


SLOW_PROGRAM: Final = """
    () => {
      const real = window.fetch;
      window.typed = [];
      const gate = new Promise((resolve) => { window.letThrough = resolve; });
      window.fetch = async (url, options) => {
        const { text } = JSON.parse(options?.body ?? "{}");
        if (!url.includes("/inside/hidden") || text === "a") return real(url, options);
        window.typed.push(text);
        await gate;
        window.fetch = real;
        const answer = await real(url, options);
        window.typed.push("answered");
        window.fetch = (again, sent) => {
          if (again.includes("/inside/hidden")) window.typed.push(JSON.parse(sent.body).text);
          return real(again, sent);
        };
        return answer;
      };
    }
"""


def test_what_was_typed_last_is_asked_next(lesson: Lesson) -> None:
    """However long an answer takes: one question is on its way, and those that are outdated are not asked."""
    lesson.open(14, fresh=True)
    lesson.page.evaluate(SLOW_PROGRAM)
    for text in ("h", "he", "hel", "hele", "helen", "helene"):
        lesson.at("memory-name").fill(text)
    assert lesson.page.evaluate("window.typed") == ["h"]
    lesson.page.evaluate("window.letThrough()")
    wanted = float(np.exp(recalled(lesson_net("rnn"), "helene").rows[-1, 1]))
    lesson.wait_until(f"Math.abs({SHOWN}[1] - {wanted}) < 1e-9")
    assert lesson.page.evaluate("window.typed") == ["h", "answered", "helene"]
    lesson.open(14, fresh=True)


def test_what_a_unit_responds_to(lesson: Lesson) -> None:
    lesson.open(14, "zh")
    lesson.at("memory-unit-5").click()
    lesson.page.keyboard.press("ArrowDown")  # unit 6
    wanted = unit(firing_of("rnn"), 5)
    highest = wanted.highest[0]
    lesson.wait_until(
        "document.querySelector('[data-testid=figure-memory]').textContent.includes('单元 6 对什么有反应')"
    )
    lists = lesson.at("memory-unit").locator("ol")
    first = lists.first.locator("li").first
    assert first.locator(".moment").inner_text() == highest.text
    assert first.locator("mark").inner_text() == highest.text[highest.at]
    assert first.locator(".moment-value").inner_text().replace("\N{MINUS SIGN}", "-") == f"{highest.value:.2f}"
    means = lesson.page.evaluate("document.querySelector('[data-testid=memory-symbols] .plot').data[0].z[0]")
    heard = wanted.by_symbol[wanted.times > 0]
    assert means == pytest.approx(sorted(heard.tolist(), reverse=True), abs=1e-9)
    assert lesson.at("memory-unit-6").get_attribute("aria-checked") == "true"


def test_a_net_is_trained_and_stopped(lesson: Lesson) -> None:
    lesson.open(14)
    lesson.at("net-start").click()
    lesson.wait_until("Number(document.querySelector('[data-testid=net-step]').textContent) > 0")
    lesson.at("net-stop").click()
    lesson.wait_until("document.querySelector('[data-testid=figure-training]').dataset.training === 'off'")
    assert "Stopped" in lesson.text("net-status")
    assert lesson.at("net-now").locator("li").count() > 0
    lesson.at("check-far-1").click()
    assert lesson.at("check-far-answer").locator(".good").count() == 1
