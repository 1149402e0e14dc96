"""Texts cut into symbols, words and lines."""

from __future__ import annotations

import itertools
from typing import get_args

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nextchar.core.text_units import UNITS, TextUnits, Unit, Units
from nextchar.data.alphabet import Alphabet
from nextchar.data.corpus import Corpus
from nextchar.errors import SettingsError


def cut(text: str, unit: Unit, *pieces: int) -> list[tuple[int, str]]:
    """(line, text) of all units; the end of the text is shown as |."""
    corpus = Corpus.from_documents([text])
    units = TextUnits(corpus.alphabet, unit)
    places = [0, *pieces, len(corpus.ids)]
    nats = np.arange(float(len(corpus.ids)))
    found = [units.add(corpus.ids[a:b], nats[a:b]) for a, b in itertools.pairwise(places)]
    return [row for part in found for row in rows(part, corpus.alphabet)]


def rows(units: Units, alphabet: Alphabet) -> list[tuple[int, str]]:
    names = ["|", *alphabet.symbols[1:]]
    ends = np.cumsum(units.sizes)
    return [
        (line, "".join(names[symbol] for symbol in units.ids[end - size : end]))
        for line, size, end in zip(units.lines.tolist(), units.sizes.tolist(), ends.tolist(), strict=True)
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("to be, or", ["to", " ", "be", ",", " ", "or", "|"]),
        ("don't", ["don", "'", "t", "|"]),
        ("3rd of May 1808", ["3rd", " ", "of", " ", "May", " ", "1808", "|"]),
        ("snake_case()", ["snake", "_", "case", "(", ")", "|"]),
        ("  \n\n", [" ", " ", "\n", "\n", "|"]),
        ("na\u0308ive", ["na\u0308ive", "|"]),  # a combining mark goes on with the word
        ("\u0938\u094d\u0924\u0947", ["\u0938\u094d\u0924\u0947", "|"]),  # so does a virama
        ("天地ab玄", ["天", "地", "ab", "玄", "|"]),
        ("ひらカタカナ", ["ひ", "ら", "カタカナ", "|"]),
        ("été", ["été", "|"]),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert [word for _, word in cut(text, "word")] == words


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a\nb\n", [(1, "a\n"), (2, "b\n|")]),
        ("a\nb", [(1, "a\n"), (2, "b|")]),
        ("\n\na", [(1, "\n"), (2, "\n"), (3, "a|")]),
        ("a", [(1, "a|")]),
        ("\n", [(1, "\n|")]),
    ],
)
def test_lines(text: str, lines: list[tuple[int, str]]) -> None:
    assert cut(text, "line") == lines
    for at in range(len(text) + 2):  # cut anywhere
        assert cut(text, "line", at) == lines


def test_a_word_that_comes_in_pieces_is_one() -> None:
    text = "to be,\nor not"
    for unit, at in itertools.product(UNITS, itertools.combinations_with_replacement(range(len(text) + 2), 2)):
        assert cut(text, unit, *at) == cut(text, unit)
    assert cut(text, "word")[:4] == [(1, "to"), (1, " "), (1, "be"), (1, ",")]
    assert cut(text, "word")[5:] == [(2, "or"), (2, " "), (2, "not"), (2, "|")]


@given(st.text("ab 1,\n天é\u0301", min_size=1, max_size=30), st.lists(st.integers(0, 31), max_size=3))
@example("\n", [1])
def test_units_of_any_kind_are_the_text_and_cost_what_it_costs(text: str, places: list[int]) -> None:
    corpus = Corpus.from_documents([text])
    nats = np.random.default_rng(len(text)).random(corpus.symbols)
    cuts = [0, *sorted(min(place, corpus.symbols) for place in places), corpus.symbols]
    for unit in UNITS:
        units = TextUnits(corpus.alphabet, unit)
        parts = [units.add(corpus.ids[a:b], nats[a:b]) for a, b in itertools.pairwise(cuts)]
        assert np.concatenate([part.ids for part in parts]).tolist() == corpus.ids.tolist()
        assert np.concatenate([part.nats for part in parts]).tolist() == nats.tolist()
        sizes = np.concatenate([part.sizes for part in parts])
        assert sizes.min() >= 1
        assert sizes.sum() == corpus.symbols
        count = {"symbol": corpus.symbols, "line": text.count("\n") + (not text.endswith("\n")), "word": len(sizes)}
        assert len(sizes) == count[unit]


def test_texts_follow_each_other() -> None:
    corpus = Corpus.from_documents(["ab\n", "ba"])
    units = TextUnits(corpus.alphabet, "line")
    first = units.add(corpus.ids[:4], np.zeros(4), line=1)
    second = units.add(corpus.ids[4:], np.zeros(3), line=7)
    assert rows(first, corpus.alphabet) == [(1, "ab\n|")]
    assert rows(second, corpus.alphabet) == [(7, "ba|")]
    together = TextUnits(corpus.alphabet, "line").add(corpus.ids, np.zeros(7))
    assert [text for _, text in rows(together, corpus.alphabet)] == ["ab\n|", "ba|"]


def test_no_such_unit() -> None:
    assert get_args(Unit) == UNITS
    with pytest.raises(SettingsError, match="one of symbol, word, line, not 'page'"):
        TextUnits(Corpus.from_documents(["a"]).alphabet, "page")  # type: ignore[arg-type]
