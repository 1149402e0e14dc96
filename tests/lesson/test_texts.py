"""Both languages of the lesson have every part, and the code that it shows runs."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

import nextchar
from nextchar.data.corpus import Corpus
from nextchar.lesson.data_facts import facts
from nextchar.lesson.languages import LANGUAGES, Language
from nextchar.lesson.texts import Chapter, Question, Snippet, chapter_numbers, load_chapters, load_quiz, load_site
from nextchar.models.ngram.counts import count

PACKAGE = Path(nextchar.__file__).parent
CJK = re.compile(r"[\u4e00-\u9fff]")
PLACE = re.compile(r"\{(:?[a-z_]+)\}")
BY_NUMBER = dict(enumerate(load_chapters(), start=1))
SNIPPETS = [(number, snippet) for number, chapter in BY_NUMBER.items() for snippet in chapter.snippets]

# The topics of the source document's quiz, by their places in the lecture video: the ledger's list.
PLACES = Counter(
    [
        "6:49",
        "10:04",
        "20:17",
        "28:22",
        "44:25",
        "1:07:54",
        "1:12:55",
        "1:34:30",
        "1:36:08",
        "1:38:48",
        "1:38:48",
        "1:39:14",
        "1:41:40",
        "1:51:00",
    ]
)


def texts(chapter: Chapter, language: Language) -> dict[str, str]:
    """All texts of a chapter in one language, by where they stand."""
    found = {"title": chapter.titles[language], "goal": chapter.goals[language]}
    for section in chapter.sections[language]:
        found |= {f"{section.id} heading": section.heading, f"{section.id} text": section.text}
    return found | {f"label {key}": text for key, text in chapter.labels[language].items()}


def test_chapters_are_numbered_without_a_gap_and_each_has_its_script() -> None:
    assert chapter_numbers() == tuple(range(1, len(BY_NUMBER) + 1))
    assert len({chapter.slug for chapter in BY_NUMBER.values()}) == len(BY_NUMBER) >= 11
    scripts = {path.name for path in (PACKAGE / "web" / "static" / "js" / "chapters").glob("c[0-9][0-9].js")}
    assert scripts == {f"c{number:02}.js" for number in BY_NUMBER}, "js/chapters/cNN.js draws chapters/NN.toml"


@pytest.mark.parametrize("number", BY_NUMBER)
def test_both_languages_have_every_part(number: int) -> None:
    english, chinese = (texts(BY_NUMBER[number], language) for language in LANGUAGES)
    assert list(english) == list(chinese)
    for where, text in english.items():
        assert text.strip(), where
        assert chinese[where].strip(), where
        assert not CJK.search(text) or "zh" in where, where
        # the same slots for the page to fill; a fact may be named in one language only
        slots = [sorted(p for p in PLACE.findall(t) if p.startswith(":")) for t in (text, chinese[where])]
        assert set(slots[0]) == set(slots[1]), where
        if where.endswith(("title", "goal", "heading", "text")):
            assert CJK.search(chinese[where]), where


@pytest.mark.parametrize("number", BY_NUMBER)
def test_chinese_texts_have_chinese_punctuation(number: int) -> None:
    for where, text in texts(BY_NUMBER[number], "zh").items():
        plain = re.sub(r"`[^`]*`|\{[^}]*\}", "", text)
        assert not re.search(r"[\u4e00-\u9fff][,;?!]|[\u4e00-\u9fff]:(?!\d)", plain), (where, text)


@pytest.mark.parametrize("number", BY_NUMBER)
def test_only_facts_that_the_server_has_are_named(number: int) -> None:
    chapter = BY_NUMBER[number]
    named = {p for language in LANGUAGES for t in texts(chapter, language).values() for p in PLACE.findall(t)}
    named = {place for place in named if not place.startswith(":")}
    assert named == set(chapter.facts)
    with pytest.raises(LookupError, match="there is no fact"):
        BY_NUMBER[1].document("en", {})


def test_facts_are_filled_in() -> None:
    document = BY_NUMBER[1].document("en", dict.fromkeys(BY_NUMBER[1].facts, 1234567))
    shown = "\n".join(section["text"] for section in document["sections"])
    assert "1,234,567" in shown
    assert not re.search(r"\{[a-z_]+\}", shown)


def defined(source: str) -> set[str]:
    """Names of the functions, classes and methods of a file, as in `Counts.table`."""
    found = set()
    for node in ast.parse((PACKAGE / source).read_text(encoding="utf-8")).body:
        name = getattr(node, "name", None)
        if name:
            found.add(name)
        found |= {f"{name}.{inner.name}" for inner in getattr(node, "body", []) if isinstance(inner, ast.FunctionDef)}
        targets = [*getattr(node, "targets", []), getattr(node, "target", None)]
        found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


@pytest.mark.parametrize(("number", "snippet"), SNIPPETS, ids=[f"{number}-{s.id}" for number, s in SNIPPETS])
def test_a_snippet_runs_and_its_source_is_there(
    number: int, snippet: Snippet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if snippet.source.endswith(".py"):
        assert snippet.object in defined(snippet.source)
    else:
        assert (PACKAGE / snippet.source).exists()
    assert snippet.id in {section.id for section in BY_NUMBER[number].sections["en"]}
    if re.search(r"BigramNet|torch|equivalence|pitfall|neural|Net\(", snippet.code):
        pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    items = ["emma", "olivia", "ava", "isabella", "sophia", "mia", "andrej", "jazz", "zoe", "quinn", "maria"] * 3
    items += [f"{a}{b}a" for a in items for b in "elmn"]
    Path("names.txt").write_text("\n".join(items), encoding="utf-8")
    exec(snippet.code, {})  # nothing is given to it but the file: it is whole as it is shown
    assert capsys.readouterr().out.strip()


def test_the_quiz_has_the_documents_topics_and_more() -> None:
    questions = load_quiz()
    assert Counter(question.place for question in questions if question.place) == PLACES
    assert sum(not question.place for question in questions) >= 10
    assert len({question.id for question in questions}) == len(questions)


@pytest.mark.parametrize("question", load_quiz(), ids=lambda question: question.id)
def test_a_question_is_whole_in_both_languages(question: Question) -> None:
    assert question.chapter in BY_NUMBER
    assert {len(question.options[language]) for language in LANGUAGES} == {4}
    assert 0 <= question.answer < 4
    for language in LANGUAGES:
        options = question.options[language]
        assert len({option.text for option in options}) == 4
        assert all(option.explanation for option in options)
    assert CJK.search(question.questions["zh"])
    assert all(CJK.search(option.explanation) for option in question.options["zh"])
    document = question.document("zh")
    assert [option["correct"] for option in document["options"]].index(True) == question.answer


# What has to stand in the chapter that a question of the quiz sends the reader to, in its texts or in its code.
TAUGHT = {
    "zip": r"zip\(",
    "dict-get": r"b\.get\(k, 0\)",
    "item": r"\.item\(\)",
    "multinomial": r"multinomial.*replacement=True",
    "keepdim": r"keepdim=True",
    "tensor": r"torch\.Tensor",
    "one-hot-dtype": r"F\.one_hot",
    "cross-entropy": r"F\.cross_entropy",
    "pick": r"probs\[torch\.arange\(n\), ys\]",
    "grad-none": r"W\.grad = None",
    "cheaper-reset": r"W\.grad = None`, (which is cheaper)|W\.grad = None`，这比写一遍零更省",
    "requires-grad": r"requires_grad=True",
    "w-data": r"W\.data",
    "l2-smoothing": r"L2",
    "count-emma": r"n \+ 1",
    "one-boundary": r"28 × 28",
    "sums-agree": r"column sums|列总和",
    "zero-count": r"−ln 0",
    "add-k": r"k is huge|k 大到",
    "log": r"243,000|24.3 万",
    "mean": r"\*\*mean of −log p\*\*|\*\*−log p 的平均值\*\*",
    "ln27": r"ln 27",
    "softmax": r"softmax",
    "one-hot-w": r"picks out one row|取出 W 的一行",
    "exp-w": r"exp\(W\)",
    "l2-zero": r"At W = 0|W = 0 时",
    "temperature": r"Near 0 only the favourite|接近 0，就只剩",
    "torch1": r"cexze",
    "held-out": r"Repeated names are removed|重复出现的名字要先合并",
    "growth": r"27¹⁰",
    "overfitting": r"overfitting|过拟合",
    "learning-rate": r"With 0\.1|用 0\.1",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_quiz_asks_stands_in_the_chapter(language: Language) -> None:
    assert {question.id for question in load_quiz()} == set(TAUGHT)
    for question in load_quiz():
        chapter = BY_NUMBER[question.chapter]
        text = "\n".join([*(s.text for s in chapter.sections[language]), *(s.code for s in chapter.snippets)])
        assert re.search(TAUGHT[question.id], text), (question.id, question.chapter)


def test_the_right_answer_is_not_always_at_the_same_place() -> None:
    places = Counter(question.answer for question in load_quiz())
    assert set(places) == {0, 1, 2, 3}
    assert max(places.values()) <= len(load_quiz()) / 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_length_of_an_answer_does_not_give_it_away(language: Language) -> None:
    """By chance the right one of 4 is the longest in a quarter of the questions, and the shortest in as many."""
    longest = shortest = 0
    for question in load_quiz():
        lengths = [len(option.text.replace("`", "")) for option in question.options[language]]
        right = lengths.pop(question.answer)
        longest += right > max(lengths)
        shortest += right < min(lengths)
    questions = len(load_quiz())
    assert questions / 8 <= longest <= questions / 3
    assert shortest <= questions / 3


def test_the_words_around_the_chapters() -> None:
    site = load_site()
    assert set(site.labels["en"]) == set(site.labels["zh"])
    for key, text in site.labels["en"].items():
        chinese = site.labels["zh"][key]
        assert text.strip(), key
        assert chinese.strip(), key
        assert set(PLACE.findall(text)) == set(PLACE.findall(chinese)), key


def test_the_closed_list_of_facts() -> None:
    corpus = Corpus.from_items(["emma", "ava"])
    given = {"data_name", *facts(corpus, count(corpus, 2), 1.0)}
    for chapter in BY_NUMBER.values():
        assert set(chapter.facts) <= given
