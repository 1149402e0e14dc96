"""What the chapters ask: whole in both languages, a right option each, and a figure that answers."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

import nextchar
from nextchar.lesson.asking import Asked, load_checks, load_predictions
from nextchar.lesson.languages import LANGUAGES
from nextchar.lesson.texts import load_chapters

CHAPTERS = dict(enumerate(load_chapters(), start=1))
SCRIPTS = Path(nextchar.__file__).parent / "web" / "static" / "js" / "chapters"
SLOT = re.compile(r"\{:([a-z]+)\}")
CJK = re.compile(r"[\u4e00-\u9fff]")
PAGES = {
    number for number, chapter in CHAPTERS.items() if chapter.slug not in ("pitfalls", "quiz")
}  # those ask all along
ALL = [*load_predictions(), *load_checks()]


def test_every_section_lets_one_guess() -> None:
    asked = {(entry.chapter, entry.id) for entry in load_predictions()}
    sections = {(number, section.id) for number in PAGES for section in CHAPTERS[number].sections["en"]}
    # in chapter 4 the sampler and the game are guesses themselves, in chapter 18 the order of the race
    assert sections - asked == {(4, "step"), (4, "game"), (18, "race")}
    assert asked <= sections


def test_each_chapter_ends_with_two_or_three_questions() -> None:
    number = Counter(entry.chapter for entry in load_checks())
    assert set(number) == PAGES
    assert set(number.values()) <= {2, 3}
    assert len({(entry.chapter, entry.id) for entry in load_checks()}) == len(load_checks())


@pytest.mark.parametrize("entry", ALL, ids=lambda entry: f"{entry.chapter}-{entry.id}")
def test_a_question_is_whole_in_both_languages(entry: Asked) -> None:
    english, chinese = (entry.words[language] for language in LANGUAGES)
    assert len(english.options) == len(chinese.options)
    assert len(set(english.options)) == len(english.options)
    if entry.answer is not None:
        assert 0 <= entry.answer < len(english.options)
    for words in (english, chinese):
        assert words.question.endswith(("?", "？"))
        assert words.explanation
    for name in ("question", "explanation"):
        assert set(SLOT.findall(getattr(english, name))) == set(SLOT.findall(getattr(chinese, name)))
    assert CJK.search(chinese.question)
    assert not CJK.search(english.question + english.explanation)


@pytest.mark.parametrize("entry", load_predictions(), ids=lambda entry: f"{entry.chapter}-{entry.id}")
def test_what_depends_on_the_list_is_said_by_the_figure(entry: Asked) -> None:
    words = entry.words["en"]
    if entry.answer is None or entry.veil or SLOT.search(" ".join([words.question, words.explanation, *words.options])):
        script = (SCRIPTS / f"c{entry.chapter:02}.js").read_text(encoding="utf-8")
        assert f'ctx.predict("{entry.id}"' in script


@pytest.mark.parametrize("entry", load_predictions(), ids=lambda entry: f"{entry.chapter}-{entry.id}")
def test_paragraphs_that_tell_are_there_in_both_languages(entry: Asked) -> None:
    chapter = load_chapters()[entry.chapter - 1]
    for language in LANGUAGES:
        [section] = [one for one in chapter.sections[language] if one.id == entry.id]
        paragraphs = section.text.strip().split("\n\n")
        assert set(entry.tells) <= set(range(len(paragraphs)))


def test_the_right_answer_is_not_always_at_the_same_place() -> None:
    places = Counter(entry.answer for entry in ALL if entry.answer is not None)
    assert {0, 1, 2} <= set(places)
    assert max(places.values()) <= places.total() / 2
