"""What people say of a name becomes a constraint; and a name is described."""

from __future__ import annotations

import math
import re

import pytest

from nextchar.core.plan import Plan
from nextchar.data.corpus import Corpus
from nextchar.errors import BadValueError, UnknownSymbolError
from nextchar.models.ngram.model import Ngram
from nextchar.tasks.naming import (
    FAITHFULNESS,
    Surprise,
    Wanted,
    consonants_in_a_row,
    constraint_of,
    described,
    list_facts,
    scored,
    surprise_of,
    writing_pattern,
)

CITIES = Corpus.from_items(["New York", "Oslo", "Bath", "Rio de Janeiro", "Bern"])
LOWER = Corpus.from_items(["anna", "otto", "strand"])
UPPER = Corpus.from_items(["ANNA", "OTTO"])
CHINESE = Corpus.from_items(["伟", "秀英", "秀兰"])


def fits(corpus: Corpus, text: str, **wanted: object) -> bool:
    """Whether a text meets the constraint, by Python's own regular expressions."""
    found = constraint_of(corpus, Wanted(**wanted))  # type: ignore[arg-type]
    return all(re.fullmatch(pattern, text) for pattern in found.match)


@pytest.mark.parametrize(
    ("corpus", "wanted", "good", "bad"),
    [
        (CITIES, {"starts": "b"}, "Bern", "Oslo"),
        (CITIES, {"starts": "BE"}, "Bern", "Bath"),
        (CITIES, {"contains": "york"}, "New York", "Bern"),
        (CITIES, {"ends": "ANEIRO"}, "Rio de Janeiro", "Oslo"),
        (LOWER, {"starts": "An"}, "anna", "otto"),
        (UPPER, {"starts": "an"}, "ANNA", "OTTO"),
        (CHINESE, {"starts": "秀"}, "秀英", "伟"),
        (LOWER, {"pattern": "_nn*"}, "anna", "nna"),
        (LOWER, {"pattern": "A*a"}, "anna", "ann"),
        (LOWER, {"pattern": "/(an|ot)+/"}, "anot", "ana"),
        (CITIES, {"pattern": "b_rn"}, "Bern", "Bath"),
    ],
)
def test_conditions_as_people_put_them(corpus: Corpus, wanted: dict[str, str], good: str, bad: str) -> None:
    assert fits(corpus, good, **wanted)
    assert not fits(corpus, bad, **wanted)


def test_signs_of_regular_expressions_are_plain_text() -> None:
    corpus = Corpus.from_items(["a.b", "a(b", "axb"])
    assert fits(corpus, "a.b", starts="a.")
    assert not fits(corpus, "axb", starts="a.")
    assert fits(corpus, "a(b", pattern="a(_")


@pytest.mark.parametrize(
    ("corpus", "wanted", "character"),
    [(LOWER, {"starts": "q"}, "q"), (CHINESE, {"ends": "a"}, "a"), (CITIES, {"pattern": "_ü*"}, "ü")],
)
def test_a_character_that_the_list_does_not_have(corpus: Corpus, wanted: dict[str, str], character: str) -> None:
    with pytest.raises(UnknownSymbolError) as caught:
        constraint_of(corpus, Wanted(**wanted))  # type: ignore[arg-type]
    assert caught.value.character == character


def test_a_pattern_that_cannot_be_read() -> None:
    constraint = constraint_of(LOWER, Wanted(pattern="/(an/"))
    with pytest.raises(BadValueError):
        Ngram(order=2).fit(LOWER).draw(1, Plan(seed=1), constraint)


def test_lengths_are_passed_on() -> None:
    found = constraint_of(LOWER, Wanted(min_length=2, max_length=5))
    assert (found.min_length, found.max_length, found.match) == (2, 5, ())


def test_names_are_written_as_those_of_the_list() -> None:
    pattern = writing_pattern(CITIES)
    assert pattern is not None
    for good in ("Oslo", "New Bern", "Rio de Oslo", "B"):
        assert re.fullmatch(pattern, good), good
    for bad in ("oslo", "OsLo", "de Oslo", " Oslo"):
        assert not re.fullmatch(pattern, bad), bad
    assert writing_pattern(LOWER) is None
    assert writing_pattern(UPPER) is None
    assert writing_pattern(CHINESE) is None
    assert writing_pattern(Corpus.from_items(["McDonald", "Anna"])) is None  # a half of them is not so


@pytest.mark.parametrize(
    ("items", "most"),
    [
        (["anna", "otto", "strand"], 3),  # str
        (["Strand", "ana"], 3),
        (["aia"] * 5 + ["ba"], 1),
        (["анна", "страна"], 3),  # стр
        (["über", "öl"], 1),  # ü and ö are vowels
        (["秀英", "伟"], None),
        (["123", "7"], None),
        (["bcd", "fg"], None),  # there is no vowel: the list is none of names
    ],
)
def test_consonants_in_a_row(items: list[str], most: int | None) -> None:
    assert consonants_in_a_row(Corpus.from_items(items)) == most


def test_one_name_in_a_hundred_does_not_decide() -> None:
    names = [a + b + c + d for a in "bdfgk" for b in "aeiou" for c in "lmnrs" for d in "aei"]  # 375
    assert consonants_in_a_row(Corpus.from_items([*names, "strrrng", "pfrrst"])) == 1  # 2 of 377
    assert consonants_in_a_row(Corpus.from_items([*names[:100], "strang", "straff"])) == 3  # 2 of 102


def test_pronounceable_names_have_no_more_consonants_in_a_row() -> None:
    constraint = constraint_of(LOWER, Wanted(pronounceable=True, max_length=9))
    drawn = Ngram(order=2, add=1).fit(LOWER).draw(300, Plan(seed=1), constraint).corpus
    runs = [run for name in drawn for run in re.findall("[nstrd]+", name)]
    assert max(map(len, runs)) == 3


def test_a_list_at_a_glance() -> None:
    facts = list_facts(Corpus.from_items(["a" * length + "b" for length in range(1, 101)]))
    assert (facts.names, facts.characters) == (100, 2)
    assert (facts.shortest, facts.longest) == (3, 100)  # lengths 2 to 101; a hundredth is left out at either end


def test_a_name_described() -> None:
    model = Ngram(order=2, add=0).fit(LOWER)
    usual = Surprise((0.1, 0.2, 0.3, 0.4), 0.5)
    known, other = described(model, LOWER, ["anna", "ana"], usual)
    assert (known.known, known.nearest, known.edits) == (True, "anna", 0)
    assert (other.known, other.nearest, other.edits) == (False, "anna", 1)
    # p(ana) = p(a|.) p(n|a) p(a|n) p(.|a). The pairs of the list: ".a" 1 of 3; "an" 2 of 3, and "a." 1 of 3;
    # "na" 1 of 3, beside "nn" and "nd"
    assert other.nats == pytest.approx(-math.log(1 / 3 * 2 / 3 * 1 / 3 * 1 / 3))
    assert other.tone == 4  # 3.70 / 4 = 0.93 nats a symbol
    assert described(model, LOWER, [], usual) == []


def test_names_scored_from_odd_to_usual() -> None:
    model = Ngram(order=2, add=0).fit(Corpus.from_items(["ab", "ab", "ab", "b"]))
    # p(ab) = 3/4 over 3 symbols: 0.096 nats each; p(b) = 1/4 over 2: 0.693
    found = scored(model, ["ab", " b ", "cab", "", "ab"], Surprise((0, 0, 0, 0), 0.5))
    assert [(name.text, name.odd, name.unknown) for name in found] == [
        ("cab", True, "c"),
        ("b", True, None),
        ("ab", False, None),
    ]
    assert found[1].nats_per_symbol == pytest.approx(math.log(4) / 2)


def test_what_is_usual_for_a_model() -> None:
    model = Ngram(order=2, add=0).fit(Corpus.from_items(["ab", "ab", "ab", "b"]))
    usual = surprise_of(model)
    assert usual.steps == pytest.approx([math.log(4 / 3) / 3] * 3 + [math.log(4) / 2], abs=1e-9)  # a quarter are b
    assert usual.odd == pytest.approx(math.log(4) / 2)


def test_from_wild_to_faithful() -> None:
    """The further a model is to the right, the less the names of the list cost it."""
    corpus = Corpus.from_file("creatures")
    losses = [spec.fit(corpus).evaluate(corpus).nats_per_symbol for spec in FAITHFULNESS]
    assert losses == sorted(losses, reverse=True)
