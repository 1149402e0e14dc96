"""What a reader does beside reading: guesses that are kept, code that runs, a walk, questions, a glossary."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from nextchar.data.corpus import Corpus
from nextchar.data.splits import split
from nextchar.lesson.curves import smoothing_curve_of_few
from nextchar.lesson.texts import load_chapters
from nextchar.models.ngram.counts import count
from nextchar.models.ngram.model import Ngram

if TYPE_CHECKING:
    from tests.browser.conftest import Lesson


def right_of(lesson: Lesson, testid: str) -> str:
    return lesson.at(testid).locator(".button.option.good").inner_text()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_guess_is_answered_and_kept(lesson: Lesson, corpus: Corpus, language: str) -> None:
    lesson.open(2, language)
    figure = lesson.page.get_by_test_id("figure-frequent")
    assert "veiled" in str(figure.get_attribute("class"))
    told = lesson.page.locator("#frequent .prose > p")  # which names the pair
    assert ["veiled" in str(told.nth(i).get_attribute("class")) for i in range(told.count())] == [True, True]
    [(pair, times)] = count(corpus, 2).most_frequent(1)
    options = lesson.at("guess-frequent").locator(".button.option").all_inner_texts()
    assert pair in options
    wrong = next(i for i, option in enumerate(options) if option != pair)
    lesson.at(f"guess-frequent-{wrong + 1}").click()
    assert right_of(lesson, "guess-frequent") == pair
    assert f"{times:,}" in lesson.text("guess-frequent-answer")
    assert "veiled" not in str(figure.get_attribute("class"))
    assert lesson.page.locator("#frequent .veiled").count() == 0
    lesson.at(f"guess-frequent-{options.index(pair) + 1}").click(force=True)  # there is no second guess
    assert lesson.at("guess-frequent").locator(".button.option.bad").inner_text() == options[wrong]

    lesson.open(2, language, fresh=True)
    assert lesson.page.locator("#frequent .veiled").count() == 0
    assert lesson.page.locator("#boundary .prose > .veiled").count() == 2
    lesson.page.locator("#boundary .prose > .veiled").first.click()  # whoever wants to read, reads
    assert lesson.page.locator("#boundary .prose > .veiled").count() == 1
    assert right_of(lesson, "guess-frequent") == pair
    assert lesson.at("guess-frequent").locator(".button.option.bad").inner_text() == options[wrong]


def test_the_letter_that_ends_most_names(lesson: Lesson, corpus: Corpus) -> None:
    lesson.open(2)
    ends = count(corpus, 2).table()[1:, 0]
    lesson.at("guess-heatmap-show").click()
    assert right_of(lesson, "guess-heatmap") == corpus.alphabet.symbols[1 + int(ends.argmax())]
    assert f"{int(ends.max()):,}" in lesson.text("guess-heatmap-answer")


def test_a_guess_about_one_list_is_asked_again_with_another(lesson: Lesson) -> None:
    lesson.open(1)
    lesson.at("guess-lengths-1").click()
    lesson.at("guess-list-1").click()  # does not depend on the list
    lesson.use("aa\nbbb\ncccc\ndddd\neeeeeeee\n")
    assert lesson.at("guess-lengths").locator(".good").count() == 0
    assert lesson.at("guess-list").locator(".button.option.good").count() == 1
    lesson.at("guess-lengths-show").click()
    assert right_of(lesson, "guess-lengths") == "4"
    rows = lesson.page.evaluate("document.querySelector('[data-testid=lengths-chart] .plot').data[0].y")
    assert rows == [1, 1, 2, 0, 0, 0, 1]  # lengths that no name has keep their place: 5, 6 and 7


def test_questions_after_a_chapter(lesson: Lesson) -> None:
    lesson.open(4)
    lesson.at("check-draw-2").click()
    assert "✓" in lesson.text("check-draw-answer")
    lesson.at("check-cold-3").click()
    assert "✗" in lesson.text("check-cold-answer")
    lesson.open(4, "zh", fresh=True)
    assert lesson.at("check-draw").locator(".button.option.good").inner_text() == "b"
    assert lesson.at("check-cold").locator(".button.option.bad").count() == 1  # kept in both languages


def test_code_is_run_and_copied(lesson: Lesson, corpus: Corpus) -> None:
    lesson.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    lesson.open(1)
    lesson.at("code-run-list").click()
    lesson.at("code-output-list").wait_for()
    assert lesson.text("code-output-list").startswith(f"{len(corpus)} names, {len(corpus.distinct())} of them")
    lesson.at("code-copy-list").click()
    lesson.wait_until("document.querySelector('[data-testid=code-said-list]').textContent !== ''")
    [code] = [snippet.code for snippet in load_chapters()[0].snippets if snippet.id == "list"]
    assert lesson.page.evaluate("navigator.clipboard.readText()") == code.strip() + "\n"
    with lesson.page.expect_download() as download:
        lesson.at("code-list-list").click()
    assert download.value.suggested_filename == "names.txt"
    assert download.value.path().read_text(encoding="utf-8").splitlines() == list(corpus)


def test_broadcasting_is_drawn(lesson: Lesson) -> None:
    lesson.open(3)
    lesson.at("keepdim-play").click()
    drawn = lesson.at("keepdim-stage").locator(".broadcast")
    sums = [drawn.nth(i).locator(".sum").all_inner_texts() for i in (0, 1)]
    assert sums == [["4", "5", "3"]] * 2
    for _ in range(2):
        lesson.at("keepdim-next").click()
    assert drawn.nth(0).locator("small").all_inner_texts() == ["÷ 4"] * 3 + ["÷ 5"] * 3 + ["÷ 3"] * 3
    assert drawn.nth(1).locator("small").all_inner_texts() == ["÷ 4", "÷ 5", "÷ 3"] * 3
    lesson.at("keepdim-next").click()
    assert drawn.nth(0).locator(".total").all_inner_texts() == ["1.00"] * 3
    # 2/5 + 2/3, 3/4 + 1/5 + 1/3, 1/4 + 2/5
    assert drawn.nth(1).locator(".total").all_inner_texts() == ["1.07", "1.28", "0.65"]


def test_the_typed_name_goes_along(lesson: Lesson) -> None:
    lesson.open(1)
    lesson.at("symbols-word").fill("maria")
    lesson.open(2)
    assert lesson.at("word-input").input_value() == "maria"
    lesson.open(3)
    assert lesson.at("row-name").locator("th, thead td").all_inner_texts() == [".m", "ma", "ar", "ri", "ia", "a."]
    lesson.open(4)
    assert lesson.at("walk-name").input_value() == "maria"
    lesson.open(5)
    assert lesson.at("own-word").input_value() == "maria"
    lesson.open(7)
    assert lesson.at("onehot-word").input_value() == "maria"


def test_a_walk(lesson: Lesson) -> None:
    lesson.open(4)
    lesson.at("walk-many").click()
    lesson.wait_until("document.querySelector('[data-testid=walk-visits]').textContent.includes('1,000')")
    lesson.at("walk-step").click()
    lesson.wait_until("document.querySelector('[data-testid=walk-visits]').textContent.includes('1,001')")
    lesson.at("walk-name").fill("ada")
    lesson.at("walk-mine").click()
    lesson.wait_until(
        "document.querySelector('[data-testid=walk-says]').textContent.replace(/\\s/g, '') === '.ada.'", timeout=20_000
    )


def test_temperature(lesson: Lesson, corpus: Corpus) -> None:
    lesson.open(4)
    model = Ngram(order=2, add=0).fit(corpus)
    lesson.at("temperature-slider").press("Home")
    wanted = model.sample(10, seed=1, temperature=0.1, max_length=30)
    lesson.wait_until(
        "(first) => document.querySelector('[data-testid=temperature-items] li').textContent === first", wanted[0]
    )
    assert lesson.at("temperature-items").locator("li").all_inner_texts() == wanted


def test_few_names_to_learn_from(lesson: Lesson, corpus: Corpus) -> None:
    lesson.open(6)
    curve = smoothing_curve_of_few(split(corpus, "distinct"), 100, lesson.get("smoothing/curve")["add"])
    assert curve.held_out is not None
    lesson.at("smoothing-learn").get_by_text("100", exact=True).click()
    at = int(lesson.at("smoothing-slider").input_value())
    lesson.wait_until(
        "(text) => document.querySelector('[data-testid=smoothing-held-out]').textContent.includes(text)",
        f"{curve.held_out[at]:.4f}",
    )
    low, high = lesson.page.evaluate("document.querySelector('[data-testid=smoothing-curve] .plot').layout.yaxis.range")
    assert low < min(curve.held_out) < high < 5


def test_training_waits_until_it_is_seen(lesson: Lesson) -> None:
    lesson.open(7)
    lesson.page.wait_for_timeout(700)
    assert lesson.text("train-step") == "—"
    lesson.at("train-net").scroll_into_view_if_needed()
    lesson.wait_until("document.querySelectorAll('[data-testid=train-now] li').length > 0")
    before = lesson.at("train-before").locator("li").all_inner_texts()
    lesson.wait_until("document.querySelector('[data-training]').dataset.training === 'off'")
    assert lesson.at("train-before").locator("li").all_inner_texts() == before
    assert lesson.at("train-now").locator("li").all_inner_texts() != before


@pytest.mark.parametrize(("language", "term"), [("en", "Markov chain"), ("zh", "马尔可夫链")])
def test_a_term_is_looked_up(lesson: Lesson, language: str, term: str) -> None:
    lesson.open(4, language)
    lesson.page.locator("a.term", has_text=term).click()
    lesson.page.wait_for_url(re.compile(r"/glossary\?lang=" + language + "#markov-chain"))
    entry = lesson.page.locator("#markov-chain")
    assert term in entry.inner_text()
    entry.get_by_role("link").click()
    lesson.ready(4)
    assert lesson.page.url.endswith("#walk")


@pytest.mark.parametrize("seed", ["-5", "1.5", ""])
def test_what_is_no_seed_is_said(lesson: Lesson, seed: str) -> None:
    lesson.open(4)
    lesson.at("seed-input").fill(seed)
    lesson.at("seed-bad").wait_for()
    lesson.at("step-seed").fill(seed)
    lesson.at("step-seed-bad").wait_for()
    lesson.at("seed-input").fill("7")
    lesson.at("seed-bad").wait_for(state="detached")
