from __future__ import annotations

import itertools
import re
import time

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from nextchar.automata.dfa import DEAD, Dfa, lengths_between, nothing_of
from nextchar.automata.regex import compile_node, parse
from nextchar.data.alphabet import Alphabet
from nextchar.data.corpus import Corpus
from nextchar.data.text_options import TextOptions
from nextchar.errors import NextcharError, SettingsError, UnknownSymbolError

ABC = Alphabet("abc")
PLAIN = TextOptions(strip=False)
WORDS = Corpus.from_items(
    ["".join(word) for n in range(1, 6) for word in itertools.product("abc", repeat=n)], alphabet=ABC
)


def compiled(pattern: str, alphabet: Alphabet = ABC, options: TextOptions = PLAIN) -> Dfa:
    return compile_node(parse(pattern, alphabet, options), alphabet, f"the pattern {pattern!r}")


def patterns() -> st.SearchStrategy[str]:
    """Patterns of the subset, put together at random."""
    leaves = st.sampled_from(["a", "b", "c", ".", "[ab]", "[^a]", "[b-c]", "\\w", "(?i:A)", ""])

    def larger(part: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        counts = st.tuples(st.integers(0, 2), st.integers(0, 2)).map(lambda t: f"{{{t[0]},{t[0] + t[1]}}}")
        return st.one_of(
            st.lists(part, min_size=1, max_size=3).map("".join),
            st.lists(part, min_size=1, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
            st.tuples(part, st.one_of(st.sampled_from(["*", "+", "?", "*?", "{2,}"]), counts)).map(
                lambda t: f"({t[0]}){t[1]}"
            ),
        )

    return st.recursive(leaves, larger, max_leaves=8)


def compiled_if_small(pattern: str) -> Dfa:
    """A few of the patterns repeat what is repeated in so many ways that they are refused; that is no subject here."""
    try:
        return compiled(pattern)
    except SettingsError as error:
        if "is too large" not in str(error):
            raise
        reject()


@given(patterns())
@settings(max_examples=300)
def test_a_pattern_accepts_what_re_does(pattern: str) -> None:
    expression = re.compile(pattern)
    automaton = compiled_if_small(pattern)
    wanted = [expression.fullmatch(word) is not None for word in WORDS]
    assert automaton.accepts(WORDS).tolist() == wanted
    assert (bool(automaton.size) and bool(automaton.accepting[0])) == (expression.fullmatch("") is not None)


@given(patterns())
def test_ranks_never_fall(pattern: str) -> None:
    automaton = compiled_if_small(pattern)
    states = np.arange(automaton.size)
    rows = automaton.rows(states, ABC.size)
    source = np.repeat(states, ABC.size)[rows.reshape(-1) != DEAD]
    target = rows[rows != DEAD]
    assert (automaton.rank[source] <= automaton.rank[target]).all()


@pytest.mark.parametrize(
    ("pattern", "states"),
    [
        ("a*b", 2),
        ("(a*)*b", 2),  # the classic trap of backtracking: here the same as a*b
        ("(a|a)*(a|a)*(a|a)*", 1),
        (".*a..", 8),  # what the last three were, each a or not
        ("(ab|ba)*", 3),
        ("a{2,4}", 5),
    ],
)
def test_the_automaton_is_the_smallest(pattern: str, states: int) -> None:
    assert compiled(pattern).size == states


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(a|b)*a(a|b){20}", "more than 10,000 states"),
        (".*a.{300}", "more than 10,000 states"),
        ("((a{1000}){1000}){1000}", "is too large"),
        ("((((){1000}){1000}){1000})", "is too large"),
        ("a{0,65535}", "is too large"),
        ("(a?){3000}", "is too large"),
        ("((a{1,50}){1,50}){1,50}", "is too large"),
        ("(" * 5000 + ")" * 5000, "nested too deeply"),
        ("a" * 20_000, "has 20,000 characters"),
        ("a{99999999999}", "too large"),
        ("(?=a)b", "look-ahead"),
        ("(?<!a)b", "look-behind"),
        ("(a)\\1", "a back reference"),
        ("a\\bb", "a boundary"),
        ("a^b", "a boundary"),
        ("(?>a*)b", "an atomic group"),
        ("a*+b", "a possessive repetition"),
        ("(?x) a b", "the flag VERBOSE"),
        ("(?s:.)", "a flag other than i"),
        ("a(", "cannot be read"),
        ("[a", "cannot be read"),
        ("*a", "cannot be read"),
        ("[0-9]", "no character|without any character"),
    ],
)
def test_what_is_refused_is_refused_soon(pattern: str, message: str) -> None:
    begun = time.process_time()
    with pytest.raises(SettingsError, match=message):
        compiled(pattern)
    assert time.process_time() - begun < 20  # bounded; no measurement of speed


@given(st.text(alphabet="ab(|)*+?{}[]^$.\\,12d", max_size=30))
@settings(max_examples=300)
def test_any_text_is_compiled_or_refused(pattern: str) -> None:
    try:
        automaton = compiled(pattern, Alphabet("12abd"))
    except NextcharError:
        return
    expression = re.compile(pattern)
    items = Corpus.from_items(["a", "b", "ab", "aab", "1", "2d", "bbb", "abab"], alphabet=Alphabet("12abd"))
    assert automaton.accepts(items).tolist() == [expression.fullmatch(item) is not None for item in items]


def test_unknown_characters() -> None:
    with pytest.raises(UnknownSymbolError, match=r"'aé' has 'é' \(U\+00E9\)"):
        compiled("aé")
    with pytest.raises(UnknownSymbolError):
        compiled("[aé]")
    assert compiled("[a-zé-ü]").accepts(WORDS).sum() == 3  # of ranges, what is known


def test_text_options() -> None:
    lower = TextOptions(lower=True)
    assert compiled("A[B-C]", options=lower).accepts(WORDS).sum() == 2  # ab, ac
    accents = Alphabet("aé")
    assert compiled("ae\u0301", accents, TextOptions(nfc=True)).size == 3


def test_ends_are_allowed_at_the_ends() -> None:
    assert compiled("^ab$").size == compiled(r"\Aab\Z").size == compiled("ab").size


@pytest.mark.parametrize(("least", "most"), [(0, None), (2, None), (0, 0), (2, 4)])
def test_lengths(least: int, most: int | None) -> None:
    wanted = [least <= len(word) and (most is None or len(word) <= most) for word in WORDS]
    assert lengths_between(least, most).accepts(WORDS).tolist() == wanted


@given(st.sets(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=12))
def test_nothing_of(items: set[str]) -> None:
    automaton = nothing_of(Corpus.from_items(sorted(items), alphabet=ABC))
    assert automaton.accepts(WORDS).tolist() == [word not in items for word in WORDS]
    assert automaton.accepting[0]  # of the empty item, which is not in any list
