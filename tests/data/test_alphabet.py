from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nextchar.data.alphabet import BOUNDARY, Alphabet, codepoints_of
from nextchar.errors import SettingsError, UnknownSymbolError

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\n\r"), min_size=1)


def test_ids_are_sorted_by_code_point_and_the_boundary_is_out_of_band() -> None:
    alphabet = Alphabet.of("olivia")
    assert alphabet.characters == "ailov"
    assert alphabet.size == 6
    assert alphabet.encode("via").tolist() == [5, 2, 1]
    assert alphabet.symbols == (".", "a", "i", "l", "o", "v")


def test_a_dot_in_the_data_is_an_ordinary_symbol() -> None:
    alphabet = Alphabet.of("a.b")
    assert alphabet.encode(".").tolist() == [1]
    assert alphabet.symbols == ("·", ".", "a", "b")


@pytest.mark.parametrize(("size", "width"), [(255, 1), (256, 2), (65535, 2), (65536, 4)])
def test_ids_take_the_fewest_bytes(size: int, width: int) -> None:
    # size characters and the boundary: the largest id is `size`, which fits a byte up to 255
    characters = "".join(chr(0x10000 + i) for i in range(size))
    assert Alphabet(characters).dtype.itemsize == width


@given(text)
def test_decode_undoes_encode(text: str) -> None:
    alphabet = Alphabet.of(text)
    ids = alphabet.encode(text)
    assert alphabet.decode(ids) == text
    assert BOUNDARY not in ids


@given(text, text)
def test_a_union_holds_both(a: str, b: str) -> None:
    first, second = Alphabet.of(a), Alphabet.of(b)
    both = first.union(second)
    assert set(both.characters) == set(a) | set(b)
    assert both.decode(first.ids_in(both)[first.encode(a)]) == a


def test_an_unknown_character_is_named_with_its_position() -> None:
    with pytest.raises(UnknownSymbolError, match=r"'é' \(U\+00E9\), at position 3") as caught:
        Alphabet.of("an").encode("an\u00e9")
    assert (caught.value.character, caught.value.position) == ("é", 2)


def test_a_character_beyond_the_table_is_named_as_it_is() -> None:
    with pytest.raises(UnknownSymbolError, match="'😀'"):
        Alphabet.of("a").encode("a😀")


def test_the_unknown_symbol_takes_what_is_not_known() -> None:
    alphabet = Alphabet("ab", has_unknown=True)
    assert alphabet.size == 4
    assert alphabet.encode("abc😀").tolist() == [1, 2, 3, 3]
    assert alphabet.unknown == 3


def test_line_feeds_become_boundaries() -> None:
    alphabet = Alphabet("ab")
    lines = np.frombuffer(b"ab\nb\n", dtype=np.uint8)
    assert alphabet.encode_lines(lines).tolist() == [1, 2, 0, 2, 0]
    with pytest.raises(UnknownSymbolError):
        alphabet.encode("a\nb")


@pytest.mark.parametrize("characters", ["", "ba", "aa", "\r", "\0a", "\ud800"])
def test_what_cannot_be_an_alphabet(characters: str) -> None:
    with pytest.raises(SettingsError):
        Alphabet(characters)


@pytest.mark.parametrize("known", ["ab", "äé", "αβ", "中文", "a😀", "\u2581ab"])  # tables of 256 entries up to 128,000
def test_what_is_lacking_is_found_in_any_text(known: str) -> None:
    alphabet = Alphabet.of(known)
    for text in (f"z{known}\nz\n", "zz\n", f"{known}\nz文\U0001f3fd{known}\n"):
        codepoints = codepoints_of(text)
        lacking = [i for i, character in enumerate(text) if character not in known + "\n"]
        assert alphabet.lacking(codepoints).tolist() == lacking
        with pytest.raises(UnknownSymbolError) as caught:
            alphabet.encode_lines(codepoints)
        assert caught.value.position == lacking[0]


def test_ids_in_an_alphabet_without_the_unknown_symbol() -> None:
    # a 1, b 2, unknown 3; in the larger one a 1, b 2, c 3, unknown 4
    own = Alphabet.of("ab", has_unknown=True)
    assert own.ids_in(Alphabet.of("abc", has_unknown=True)).tolist() == [0, 1, 2, 4]
    assert Alphabet.of("ab").ids_in(Alphabet.of("abc", has_unknown=True)).tolist() == [0, 1, 2]
    with pytest.raises(SettingsError, match="no symbol for unknown characters"):
        own.ids_in(Alphabet.of("abc"))
    with pytest.raises(UnknownSymbolError, match="'b'"):
        own.ids_in(Alphabet.of("ac"))
