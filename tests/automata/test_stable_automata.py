"""The items that text options leave as they are, as automata, against the options themselves and `unicodedata`."""

from __future__ import annotations

import itertools
import unicodedata

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nextchar.automata.stable_automata import stable_automata
from nextchar.data.alphabet import Alphabet
from nextchar.data.corpus import Corpus
from nextchar.data.stable_items import stable_items, stable_symbols
from nextchar.data.text_options import TextOptions

NFC = TextOptions(nfc=True, strip=False)


def accepted(texts: list[str], alphabet: Alphabet, options: TextOptions) -> npt.NDArray[np.bool_]:
    """Whether the automata take each text."""
    corpus = Corpus.from_items(texts, options=TextOptions(strip=False), alphabet=alphabet)
    taken = np.ones(len(texts), dtype=np.bool_)
    for automaton in stable_automata(alphabet, options):
        taken &= automaton.accepts(corpus)
    np.testing.assert_array_equal(stable_items(corpus, options), taken)
    return taken


@pytest.mark.parametrize(
    ("alphabet", "options"),
    [
        (" ab\t\u3000", TextOptions()),
        (" \u2000\u2002x", TextOptions(nfc=True)),  # an en quad, whose normal form is an en space
        ("ABabİı", TextOptions(lower=True, strip=False)),
        ("ΣσςΑα ", TextOptions(lower=True)),
        ("eé\u0301\u0323x", NFC),  # e and acute join; é and a dot below change places
        ("eẹ\u0301\u0302\u0323ệ", NFC),  # several ways to write ệ
        ("a\u0315\u0300\u05ae\u0b15", NFC),  # UAX 15: classes 232, 230, 228 behind a, and a letter without any
        ("KKÅÅAΩΩ\u030a", NFC),  # singletons: Kelvin, ångström, ohm
        ("각가각", NFC),  # Hangul: lead, vowel and tail join one after the other
        ("\u09c7\u09be\u09d7\u0334", NFC),  # Bengali vowel signs of class 0 join, unless a mark stands between
        ("jǰ\u030cJ", TextOptions(nfc=True, lower=True)),  # J and caron have a composed form as small letters only
        ("\u0f71\u0f72\u0f73", NFC),  # Tibetan: a sign whose parts never compose
        pytest.param(  # Kirat Rai: vowel signs that are letters, and join
            "\U00016d63\U00016d67\U00016d68\U00016d69\U00016d6a",
            NFC,
            marks=pytest.mark.skipif(unicodedata.unidata_version < "16", reason="this Python does not know them"),
        ),
    ],
)
def test_every_short_text(alphabet: str, options: TextOptions) -> None:
    known = Alphabet.of(alphabet, has_unknown=True)
    texts = ["".join(word) for n in range(1, 5) for word in itertools.product(known.characters, repeat=n)]
    expected = [options.apply(text) == text for text in texts]
    assert not all(expected)
    np.testing.assert_array_equal(accepted(texts, known, options), expected)


@pytest.mark.parametrize(
    ("alphabet", "separator"), [("%a\n", "%"), ("-a\n", "--"), ("ab\n", "ab"), ("a \n", ""), ("a\n", ""), ("a%", "%")]
)
def test_no_line_of_an_item_is_its_separator(alphabet: str, separator: str) -> None:
    options = TextOptions(separator=separator)
    known = Alphabet("".join(sorted(alphabet)), has_unknown=True)
    texts = ["".join(word) for n in range(1, 6) for word in itertools.product(known.characters, repeat=n)]
    expected = [all(line.strip() if not separator else line != separator for line in t.split("\n")) for t in texts]
    assert not all(expected)
    corpus = Corpus.from_documents(texts, alphabet=known)
    [automaton] = stable_automata(known, options)
    np.testing.assert_array_equal(automaton.accepts(corpus), expected)
    np.testing.assert_array_equal(stable_items(corpus, options), expected)


def some_characters() -> st.SearchStrategy[str]:
    combining = [chr(c) for c in range(0x300, 0x3100) if unicodedata.category(chr(c))[0] == "M"]
    jamo = [chr(c) for c in (0x1100, 0x1103, 0x1161, 0x1175, 0x11A8, 0x11C2, 0xAC00, 0xAC1C, 0xAC01)]
    letters = st.characters(exclude_categories=["Cs", "Cn"], exclude_characters="\0\n\r")
    return st.one_of(st.sampled_from(combining), st.sampled_from("aeiouyAEIOUKÅΩsSdD "), st.sampled_from(jamo), letters)


@given(st.lists(some_characters(), min_size=1, max_size=6), st.booleans(), st.booleans(), st.booleans(), st.data())
@example(["e", "\u0301", "\u0323"], False, True, True, None)
@settings(max_examples=150, deadline=None)
def test_any_text(drawn: list[str], lower: bool, nfc: bool, strip: bool, data: st.DataObject | None) -> None:
    options = TextOptions(lower=lower, nfc=nfc, strip=strip)
    whole = "".join(drawn)  # with its parts and its composed forms, so that some of them meet
    known = Alphabet.of("".join(unicodedata.normalize(form, whole) for form in ("NFC", "NFD")) + whole)
    texts = [whole, unicodedata.normalize("NFC", whole), unicodedata.normalize("NFD", whole)]
    if data is not None:
        texts += data.draw(st.lists(st.text(known.characters, min_size=1, max_size=7), max_size=20))
    texts = [text for text in texts if text]
    expected = [
        (not nfc or unicodedata.is_normalized("NFC", text))
        and (not lower or text.lower() == text)
        and (not strip or text.strip() == text)
        for text in texts
    ]
    np.testing.assert_array_equal(accepted(texts, known, options), expected)
    assert [options.apply(text) == text for text in texts] == expected


def test_nothing_is_to_be_looked_at_where_nothing_can_change() -> None:
    for options in (TextOptions(), TextOptions(lower=True, nfc=True)):
        assert stable_automata(Alphabet.of("abcdéßж中"), options) == ()
    assert stable_automata(Alphabet.of(" aA\u0301"), TextOptions(strip=False)) == ()


def test_what_can_join_is_known_to() -> None:
    """The second parts of all canonical decompositions that this Python knows."""
    parts = [unicodedata.decomposition(chr(c)).split() for c in range(0x110000)]
    second = {chr(int(part[1], 16)) for part in parts if len(part) == 2 and not part[0].startswith("<")}
    assert stable_symbols(Alphabet.of("".join(second)), NFC).joins[1:].all()


def test_options_done_twice_are_done_once() -> None:
    for lower, nfc in itertools.product((False, True), repeat=2):
        options = TextOptions(lower=lower, nfc=nfc)
        for character in map(chr, range(0x20, 0xD800)):
            once = options.apply(f"a{character}\u030c\u0323 ")
            if options.apply(once) != once:
                raise AssertionError(f"U+{ord(character):04X}")
