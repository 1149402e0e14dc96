"""Chapters 7 to 9: the net trained before one's eyes, the two models side by side, longer contexts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import pytest

from nextchar.automata.automaton_model import rows_of
from nextchar.data.corpus import Corpus
from nextchar.data.splits import split
from nextchar.lesson.equivalence import divergence
from nextchar.models.neural.bigram.model import BigramNet
from nextchar.models.ngram.counts import count
from nextchar.models.ngram.model import Ngram

if TYPE_CHECKING:
    from tests.browser.conftest import Lesson

MINUS: Final = "\N{MINUS SIGN}"
LECTURE_SEED: Final = 2147483647
RESTS: Final = "document.querySelector('[data-training]').dataset.training === 'off'"
RUNS: Final = "document.querySelector('[data-training]').dataset.training === 'on'"

# Each time the page shows another step: how many, and the largest pause, in a span of milliseconds.
FRAMES: Final = """
    (span) => new Promise((resolve) => {
      const times = [];
      const seen = new MutationObserver(() => times.push(performance.now()));
      seen.observe(document.querySelector("[data-testid=train-step]"), { childList: true, characterData: true });
      setTimeout(() => {
        seen.disconnect();
        resolve([times.length, Math.max(0, ...times.slice(1).map((time, i) => time - times[i]))]);
      }, span);
    })
"""


# -- 7 --------------------------------------------------------------------------------------------------------------


def test_one_hot(lesson: Lesson, corpus: Corpus) -> None:
    lesson.open(7)
    lesson.at("onehot-word").fill("emma")
    lesson.wait_until("document.querySelectorAll('[data-testid=onehot] tbody tr').length === 5")
    ones = lesson.at("onehot").evaluate(
        """(table) => [...table.querySelectorAll("tbody tr")].map((row) =>
          [...row.querySelectorAll("td")].flatMap((cell, i) => cell.textContent === "1" ? [i] : []))"""
    )
    assert ones == [[i] for i in [0, *corpus.alphabet.encode("emma").tolist()]]


def test_one_example_in_numbers(lesson: Lesson, corpus: Corpus) -> None:
    torch = pytest.importorskip("torch")
    lesson.open(7)
    [m] = corpus.alphabet.encode("m").tolist()
    lesson.at("forward-symbol").select_option(str(m))
    numbers = lesson.at("forward-numbers")
    numbers.locator("summary").click()
    W = torch.randn((27, 27), generator=torch.Generator().manual_seed(LECTURE_SEED))
    logits = W[m].double()
    P = logits.exp() / logits.exp().sum()
    lesson.wait_until(
        """(text) =>
          document.querySelector("[data-testid=forward-numbers] tbody tr td:nth-child(3)").textContent === text""",
        f"{logits[0]:.4f}".replace("-", MINUS),
    )
    rows = [row.inner_text().split("\t") for row in numbers.locator("tbody tr").all()]
    assert [int(row[1]) for row in rows] == [int(i == m) for i in range(27)]
    assert [float(row[2].replace(MINUS, "-")) for row in rows] == pytest.approx(logits.tolist(), abs=6e-5)
    assert [float(row[4]) for row in rows] == pytest.approx(P.tolist(), abs=6e-5)


def test_training_is_seen(lesson: Lesson, record_property: Callable[[str, object], None]) -> None:
    lesson.open(7)
    lesson.wait_until(RESTS)
    lesson.at("train-steps").select_option("5000")
    lesson.at("train-speed").select_option("200")
    lesson.at("train-start").click()
    lesson.wait_until("parseInt(document.querySelector('[data-testid=train-step]').textContent) > 0")
    first = lesson.number("train-loss")  # early, while four digits still show that it falls
    frames, pause = lesson.page.evaluate(FRAMES, 2000)
    print(f"chapter 7: {frames / 2:.1f} frames a second, largest pause {pause:.0f} ms")
    record_property("frames_per_second", frames / 2)
    assert frames >= 6
    assert lesson.get("data")["items"] > 0  # others are answered meanwhile
    assert lesson.number("train-loss") < first

    lesson.at("train-stop").click()
    lesson.wait_until(RESTS)
    stopped = lesson.text("train-step")
    step = int(re.findall(r"\d[\d,]*", stopped)[0].replace(",", ""))
    assert 0 < step < 5000
    assert str(step) in lesson.text("train-status").replace(",", "")
    lesson.page.wait_for_timeout(200)
    assert lesson.text("train-step") == stopped
    assert lesson.at("train-samples").locator("tbody tr").count() > 1


def test_training_reaches_what_the_library_reaches(lesson: Lesson, corpus: Corpus) -> None:
    lesson.open(7)
    lesson.at("train-net").scroll_into_view_if_needed()
    lesson.wait_until("document.querySelector('[data-testid=train-step]').textContent !== '—'")
    lesson.wait_until(RESTS)  # 100 steps, learning rate 50, l2 0.01, as soon as it is on the screen
    net = BigramNet(solver="gd", learning_rate=50.0, l2=0.01, steps=100, init="randn").fit(corpus)
    end = net.metrics.curve[-1]
    assert lesson.text("train-step").replace(" ", "") == "100/100"
    assert lesson.text("train-loss") == f"{end.objective:.4f}"
    assert lesson.text("train-data_loss") == f"{end.train_nats:.4f}"
    assert lesson.at("train-status").locator(".message.good").count() == 1


def test_a_learning_rate_that_is_too_large(lesson: Lesson) -> None:
    lesson.open(7)
    lesson.wait_until(RESTS)
    lesson.at("train-rate").press("End")
    lesson.at("train-speed").select_option("1000")
    lesson.at("train-start").click()
    lesson.at("train-diverged").wait_for()
    assert "the learning rate 10000 is too large" in lesson.text("train-diverged")


def test_leaving_the_chapter_ends_the_training(lesson: Lesson) -> None:
    lesson.open(7)
    lesson.wait_until(RESTS)
    lesson.at("train-steps").select_option("20000")
    lesson.at("train-start").click()
    lesson.wait_until(RUNS)
    lesson.at("previous").click()
    lesson.ready(6)
    lesson.page.wait_for_timeout(300)  # for a late frame to do harm in


def test_the_optimum(lesson: Lesson, corpus: Corpus) -> None:
    lesson.open(7)
    lesson.at("optimum-l2").press("Home")
    counts = count(corpus, 2)
    best = BigramNet(l2=0.0).from_counts(counts).metrics.curve[-1]
    lesson.wait_until(
        "(text) => document.querySelector('[data-testid=optimum-data-loss]').textContent === text",
        f"{best.train_nats:.6f}",
    )
    lesson.at("optimum-l2").press("End")
    worst = BigramNet(l2=10.0).from_counts(counts).metrics.curve[-1]
    lesson.wait_until(
        "(text) => document.querySelector('[data-testid=optimum-loss]').textContent === text",
        f"{worst.objective:.6f}",
    )


# -- 8 --------------------------------------------------------------------------------------------------------------


def test_the_two_are_one(lesson: Lesson, corpus: Corpus) -> None:
    lesson.open(8)
    exact = Ngram(order=2, add=0.0).fit(corpus).evaluate(corpus).nats_per_symbol
    assert lesson.text("tables-loss-counts") == lesson.text("tables-loss-net") == f"{exact:.6f}"
    assert lesson.number("tables-difference") < 1e-6
    lesson.at("tables-view").get_by_role("radio").nth(1).check()
    lesson.wait_until(
        "(text) => document.querySelector('[data-testid=tables-loss-net]').textContent === text",
        f"{BigramNet(l2=0.01).from_counts(count(corpus, 2)).evaluate(corpus).nats_per_symbol:.6f}",
    )
    lesson.at("tables-counts").locator(".walkable").focus()
    lesson.page.keyboard.press("ArrowRight")
    lesson.wait_until("document.querySelector('[data-testid=tables-cell]').textContent !== ''")


def test_samples_side_by_side(lesson: Lesson, corpus: Corpus) -> None:
    lesson.open(8)
    for place, l2 in enumerate((0.0, 0.001)):
        lesson.at("samples-l2").get_by_role("radio").nth(place).check()
        net = BigramNet(l2=l2).from_counts(count(corpus, 2))
        left = Ngram(order=2, add=0.0).fit(corpus).sample(10, seed=LECTURE_SEED, stream="torch1", max_length=100)
        right = net.sample(10, seed=LECTURE_SEED, stream="torch1", max_length=100)
        same = sum(a == b for a, b in zip(left, right, strict=True))
        wanted = [[a, b] for a, b in zip(left, right, strict=True)]
        lesson.wait_until(
            """(wanted) => {
              const rows = [...document.querySelectorAll("[data-testid=samples-table] tbody tr")];
              const names = rows.map((row) => [...row.querySelectorAll(".symbol")].map((name) => name.textContent));
              return JSON.stringify(names) === JSON.stringify(wanted);
            }""",
            wanted,
        )
        assert str(same) in lesson.text("samples-tally")


def test_k_against_l2(lesson: Lesson, corpus: Corpus) -> None:
    lesson.open(8)
    lesson.slide("smoothing-add", 0.0)
    counts = count(corpus, 2)
    k = Ngram(order=2, add=0.01).fit(corpus)
    lesson.wait_until(
        "(text) => document.querySelector('[data-testid=smoothing-loss-counts]').textContent === text",
        f"{k.evaluate(corpus).nats_per_symbol:.4f}",
    )
    before = lesson.text("smoothing-kl")
    lesson.at("smoothing-nearest").click()
    lesson.wait_until("(text) => document.querySelector('[data-testid=smoothing-kl]').textContent !== text", before)
    after = lesson.number("smoothing-kl")
    assert after < float(before)
    l2 = 10 ** float(lesson.at("smoothing-l2").input_value())
    net = BigramNet(l2=l2).from_counts(counts)
    assert after == pytest.approx(divergence(rows_of(k), rows_of(net), counts), rel=1e-2)


# -- 9 --------------------------------------------------------------------------------------------------------------


def test_longer_contexts(lesson: Lesson, corpus: Corpus) -> None:
    lesson.open(9)
    cells = [row.inner_text().split("\t")[2] for row in lesson.at("growth-table").locator("tbody tr").all()]
    assert cells == [f"{27**order:,}" for order in range(1, 11)]
    parts = split(corpus, "distinct")
    rows = [row.inner_text().split("\t") for row in lesson.at("orders-table").locator("tbody tr").all()]
    for order, (shown, train, held_out, _) in enumerate(rows, start=1):
        model = Ngram(order=order, add=0.1).fit(parts.train)
        assert int(shown) == order
        assert train == f"{model.evaluate(parts.train).nats_per_symbol:.4f}"
        assert held_out.removeprefix("★ ") == f"{model.evaluate(parts.validation).nats_per_symbol:.4f}"
    assert [row[2].startswith("★") for row in rows].count(True) == 1


def test_samples_of_an_order(lesson: Lesson, corpus: Corpus) -> None:
    lesson.open(9)
    lesson.at("orders-order").get_by_role("radio").nth(5).check()
    wanted = Ngram(order=6, add=0.0).fit(corpus).sample(20, seed=1, max_length=40)
    lesson.wait_until(
        """(wanted) => [...document.querySelectorAll('[data-testid=orders-mine] li')].map(
          (item) => item.textContent).join() === wanted""",
        ",".join(item or "∅" for item in wanted),
    )
    lesson.at("orders-more").click()
    lesson.wait_until(
        "(wanted) => document.querySelector('[data-testid=orders-mine] li').textContent === wanted",
        Ngram(order=6, add=0.0).fit(corpus).sample(20, seed=2, max_length=40)[0] or "∅",
    )


@pytest.mark.parametrize(("language", "name"), [("en", "order 4, add 0.1"), ("zh", "4 元，加 0.1")])
def test_all_models(lesson: Lesson, corpus: Corpus, language: str, name: str) -> None:
    lesson.open(9, language)
    rows = [
        [cell.inner_text().strip() for cell in row.locator("th, td").all()]
        for row in lesson.at("models-table").locator("tbody tr").all()
    ]
    seen = lesson.get("models")
    assert [row[1] for row in rows] == [f"{entry['nats_per_symbol']:.4f}" for entry in seen["models"]]
    assert rows[0][0].startswith("★ ")
    parts = split(corpus, "distinct")
    nats = Ngram(order=4, add=0.1).fit(parts.train).evaluate(parts.test).nats_per_symbol
    assert [row[1] for row in rows if row[0].removeprefix("★ ") == name] == [f"{nats:.4f}"]
    assert rows[0][1] in lesson.text("models-best")
    assert lesson.at("models-samples").locator("li").all_inner_texts() == [item or "∅" for item in seen["samples"]]
