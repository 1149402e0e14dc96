"""Plain files by compiled loops: the same items, ids and errors as by way of text, whatever the bytes are."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from nextchar.data import plain_files
from nextchar.data.alphabet import Alphabet
from nextchar.data.corpus import Corpus
from nextchar.data.decoding import Digest
from nextchar.data.encoded_lines import encode_block
from nextchar.data.format import Block, Format
from nextchar.data.plain_files import Plain, encode_plain, read_plain
from nextchar.data.text_options import TextOptions
from nextchar.errors import UnknownSymbolError

pytest.importorskip("numba")
import nextchar._kernels.corpus  # noqa: F401 -- small files are read so only where the loops are loaded


def plain_of(
    path: Path, options: TextOptions | None = None, alphabet: Alphabet | None = None, encoding: str = "utf-8"
) -> Plain | None:
    return read_plain([str(path)], Format(encoding=encoding), options or TextOptions(), alphabet, Digest())


def items_of(plain: Plain | None) -> list[str]:
    assert plain is not None
    return list(Corpus(plain.alphabet, plain.ids))


def test_ids_of_names(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_bytes(b"emma\nava\n")
    plain = plain_of(path)
    assert plain is not None
    assert plain.alphabet == Alphabet("aemv")
    assert plain.ids.tolist() == [2, 3, 3, 1, 0, 1, 4, 1, 0]  # a 1, e 2, m 3, v 4
    assert plain.ids.dtype == np.uint8


@pytest.mark.parametrize(
    ("data", "items", "blank"),
    [
        (b"emma\r\nava\r\n", ["emma", "ava"], 0),
        (b"emma\rava", ["emma", "ava"], 0),
        (b"\n\nemma\n \t\nava", ["emma", "ava"], 3),
        (b"  emma jo \n\tava", ["emma jo", "ava"], 0),
        (b"\xef\xbb\xbfemma\n", ["emma"], 0),
        ("zoé\n李 雷\n\u3000👍\u2028".encode(), ["zoé", "李 雷", "👍"], 0),
        (b"a\n\r", ["a"], 1),
    ],
)
def test_line_ends_blanks_and_marks(tmp_path: Path, data: bytes, items: list[str], blank: int) -> None:
    path = tmp_path / "items.txt"
    path.write_bytes(data)
    plain = plain_of(path)
    assert items_of(plain) == items
    assert plain is not None
    assert plain.blank == blank
    assert "".join(plain.alphabet.characters) == "".join(sorted(set("".join(items))))


@pytest.mark.parametrize(
    ("data", "options"),
    [
        (b"a\xff\n", TextOptions()),  # no UTF-8
        (b"a\xc0\x80\n", TextOptions()),  # a longer way to write NUL
        (b"a\xed\xa0\x80\n", TextOptions()),  # half a surrogate pair
        (b"a\xe6\x9d\n", TextOptions()),  # cut in two
        (b"a\xf4\x90\x80\x80\n", TextOptions()),  # beyond U+10FFFF
        (b"a\0b\n", TextOptions()),
        ("e\u0301\n".encode(), TextOptions(nfc=True)),  # becomes one character
        ("ΟΔΟΣ\n".encode(), TextOptions(lower=True)),  # whose last letter depends on its place
        ("İ\n".encode(), TextOptions(lower=True)),  # becomes two
        (b"\n \n", TextOptions()),  # no item
        (b"", TextOptions()),
    ],
)
def test_what_needs_a_closer_look_is_left_to_others(tmp_path: Path, data: bytes, options: TextOptions) -> None:
    path = tmp_path / "items.txt"
    path.write_bytes(data)
    assert plain_of(path, options) is None


def test_characters_that_an_alphabet_lacks(tmp_path: Path) -> None:
    path = tmp_path / "items.txt"
    path.write_bytes(b"ab \nc d\n")
    assert plain_of(path, alphabet=Alphabet("abcd")) is None  # the blank inside the second
    unknown = plain_of(path, alphabet=Alphabet("abd", has_unknown=True))
    assert unknown is not None
    assert unknown.ids.tolist() == [1, 2, 0, 4, 4, 3, 0]
    path.write_bytes(b"ab \n c\n")  # blanks at the ends need no id
    known = plain_of(path, alphabet=Alphabet("abcd"))
    assert known is not None
    assert known.ids.tolist() == [1, 2, 0, 3, 0]
    path.write_bytes(b"ab\nax\n")
    with pytest.raises(UnknownSymbolError, match=r"items.txt: line 2, character 2: the model does not know 'x'"):
        Corpus.from_file(path, alphabet=Alphabet("ab"))


def test_more_than_256_symbols_found_late(tmp_path: Path) -> None:
    late = [chr(0x4E00 + i) for i in range(300)]
    items = ["ab", *(f"a{c}" for c in late), "b"]
    path = tmp_path / "items.txt"
    path.write_text("\n".join(items), "utf-8")
    plain = plain_of(path)
    assert items_of(plain) == items
    assert plain is not None
    assert plain.ids.dtype == np.uint16


@pytest.mark.parametrize("seed", range(8))
def test_equal_to_reading_text(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_files, "PIECE_BYTES", 64)
    rng = random.Random(seed)
    letters = ["ab", "aB cÉé", "ab \t\u3000\r", "x李é👍İÅÅ\u0301 "][seed % 4]
    data = "".join(rng.choice(letters + "\n") for _ in range(3000)) + "y" * 300  # and a line longer than a piece
    path = tmp_path / "items.txt"
    path.write_bytes(data.encode())
    for lower in (False, True):
        for nfc in (False, True):
            for strip in (False, True):
                options = TextOptions(lower=lower, nfc=nfc, strip=strip)
                lines = data.replace("\r\n", "\n").replace("\r", "\n").split("\n")
                expected = [item for item in (options.apply(line) for line in lines) if item]
                corpus = Corpus.from_file(path, options=options)
                assert list(corpus) == expected
                assert corpus.alphabet == Alphabet.of("".join(expected))
                assert corpus.source is not None
                assert corpus.source.size_bytes == len(data.encode())


@pytest.mark.parametrize("seed", range(8))
def test_a_block_of_lines_is_read_as_by_way_of_text(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(seed)
    letters = ["ab", "aB cÉé", "ab \t\u3000\x1c", "x李é👍İÅÅ\u0301 "][seed % 4]
    text = "".join(rng.choice(letters + "\n") for _ in range(3000)) + "y" * 300 + "\n"
    for options in (
        TextOptions(lower=a, nfc=b, strip=c) for a in (False, True) for b in (False, True) for c in (False, True)
    ):
        for alphabet in (None, Alphabet("ab", has_unknown=True)):
            block = Block(text, 1)
            expected = encode_block(block, "x: line", options, alphabet, placed=True)  # too small for anything else
            monkeypatch.setattr(plain_files, "PIECE_BYTES", 64)
            monkeypatch.setattr(plain_files, "BLOCK_FROM", 1)
            for placed in (False, True):
                found = encode_block(block, "x: line", options, alphabet, placed=placed)
                assert found.alphabet == expected.alphabet
                assert found.ids.tolist() == expected.ids.tolist()
                assert found.ids.dtype == expected.ids.dtype
                assert found.blank == expected.blank
                if placed:
                    assert found.places.tolist() == expected.places.tolist()
            monkeypatch.undo()


@pytest.mark.parametrize("text", ["a\rb\n", "ab", "a\ud800\n", "a\0\n", "\n \n"])
def test_blocks_that_are_left_to_others(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_files, "BLOCK_FROM", 1)
    assert encode_plain(text, TextOptions(), None) is None
    assert encode_plain("ab\n", TextOptions(), None) is not None
    assert encode_plain("ab\n", TextOptions(graphemes=True), None) is None
    assert encode_plain("ab\n", TextOptions(documents=True), None) is None
    assert encode_plain("ab\n", TextOptions(), Alphabet("a")) is None  # which says nothing of b


def test_several_files_are_one(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"zz\nb")
    (tmp_path / "b.txt").write_bytes(b"\xef\xbb\xbfa\n")
    corpus = Corpus.from_file(tmp_path / "a.txt", tmp_path / "b.txt")
    assert list(corpus) == ["zz", "b", "a"]
    assert corpus.ids.tolist() == [3, 3, 0, 2, 0, 1, 0]
