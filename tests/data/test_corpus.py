from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nextchar.data.alphabet import Alphabet
from nextchar.data.corpus import Corpus
from nextchar.data.provenance import Provenance
from nextchar.data.text_options import TextOptions
from nextchar.errors import CorpusError, UnknownSymbolError

items = st.lists(st.text("abc. é字😀", min_size=1).filter(str.strip).map(str.strip), min_size=1, max_size=30)


def test_flat_ids_and_offsets() -> None:
    corpus = Corpus.from_items(["ba", "a"])
    assert corpus.ids.tolist() == [2, 1, 0, 1, 0]
    assert corpus.offsets.tolist() == [0, 3, 5]
    assert (len(corpus), corpus.symbols) == (2, 5)  # 3 characters and 2 ends
    assert corpus.ids.itemsize == 1


@given(items)
def test_items_come_back(texts: list[str]) -> None:
    corpus = Corpus.from_items(texts)
    assert list(corpus) == texts
    assert [corpus[i] for i in range(len(corpus))] == texts
    assert corpus.symbols == sum(map(len, texts)) + len(texts)


def test_lines_are_stripped_and_blank_ones_left_out() -> None:
    corpus = Corpus.from_lines(io.StringIO(" emma \n\n \t\nava\n"))
    assert list(corpus) == ["emma", "ava"]
    assert corpus.blank == 2


def test_text_options() -> None:
    decomposed = "E\u0301va "
    assert list(Corpus.from_items([decomposed])) == ["E\u0301va"]
    options = TextOptions(lower=True, nfc=True, strip=False)
    assert list(Corpus.from_items([decomposed], options=options)) == ["éva "]


@given(items, st.data())
def test_distinct_keeps_first_places(texts: list[str], data: st.DataObject) -> None:
    repeated = texts + data.draw(st.lists(st.sampled_from(texts)))
    assert list(Corpus.from_items(repeated).distinct()) == list(dict.fromkeys(repeated))


def test_distinct_adds_weights() -> None:
    corpus = Corpus.from_items(["a", "b", "a"], [2, 3, 5]).distinct()
    assert list(corpus) == ["a", "b"]
    assert corpus.weights is not None
    assert corpus.weights.tolist() == [7, 3]  # 2 + 5, 3


def test_an_item_of_weight_zero_does_not_exist() -> None:
    corpus = Corpus.from_items(["a", "z"], [1, 0])
    assert list(corpus) == ["a"]
    assert corpus.alphabet.characters == "a"


@given(items)
def test_fingerprints_tell_items_apart_in_any_alphabet(texts: list[str]) -> None:
    corpus = Corpus.from_items(texts)
    wide = corpus.encoded_in(corpus.alphabet.union(Alphabet.of("0123xyz")))
    prints = corpus.fingerprints()
    assert prints.tolist() == wide.fingerprints().tolist()
    assert len(set(prints.tolist())) == len(set(texts))


def test_take_and_slices_keep_items_whole() -> None:
    texts = [f"{'ab' * (i % 5)}{'c' * (i % 3)}a" for i in range(100)]
    corpus = Corpus.from_items(texts)
    assert list(corpus.take([5, 5, 99, 0])) == [texts[5], texts[5], texts[99], texts[0]]
    assert [item for part in corpus.slices(7) for item in part] == texts
    nothing = corpus.take(np.empty(0, dtype=np.int64))
    assert (list(nothing.slices(7)), nothing.fingerprints().tolist(), len(nothing.distinct())) == ([], [], 0)


@given(st.lists(items, min_size=1, max_size=4))
def test_concatenate_unites_alphabets(groups: list[list[str]]) -> None:
    joined = Corpus.concatenate([Corpus.from_items(group) for group in groups])
    flat = [text for group in groups for text in group]
    assert list(joined) == flat
    assert joined.alphabet == Alphabet.of("".join(flat))


def test_a_file_longer_than_a_block(tmp_path: Path) -> None:
    # 6 bytes a line: 12 MB are three blocks, the cuts fall inside lines
    path = tmp_path / "long.txt"
    lines = [f"{i % 99991:05d}" for i in range(2_000_000)]
    path.write_text("\n".join(lines))
    corpus = Corpus.from_file(path)
    assert len(corpus) == len(lines)
    assert [corpus[i] for i in (0, 699_050, 699_051, 1_999_999)] == [lines[i] for i in (0, 699_050, 699_051, 1_999_999)]
    assert corpus.source is not None
    assert corpus.source.size_bytes == path.stat().st_size


def test_unknown_characters_are_found_in_their_line(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("ab\n\nabé\n", encoding="utf-8")
    with pytest.raises(UnknownSymbolError, match="line 3, character 3: the model does not know 'é'"):
        Corpus.from_file(path, alphabet=Alphabet("ab"))


@pytest.mark.parametrize("bad", ["a\nb", "a\rb", "a\0"])
def test_an_item_is_one_line(bad: str) -> None:
    with pytest.raises(CorpusError, match="item 2"):
        Corpus.from_items(["fine", bad])


def test_weights_are_whole_and_not_negative() -> None:
    for weights in ([1, -1], [1, 1.5], [1]):
        with pytest.raises(CorpusError, match="weight"):
            Corpus.from_items(["a", "b"], weights)  # type: ignore[arg-type]


def test_nothing_is_not_a_corpus() -> None:
    for nothing in ([], [""], [" "]):
        with pytest.raises(CorpusError, match="no items"):
            Corpus.from_items(nothing)


def test_ids_take_two_bytes_for_a_large_alphabet() -> None:
    corpus = Corpus.from_items(["".join(chr(0x4E00 + i) for i in range(3000))])
    assert corpus.ids.dtype == np.uint16
    assert corpus[0][2999] == chr(0x4E00 + 2999)


@given(items)
@example(["a" * 300, "ab", "a" * 299 + "b", "ab"])
def test_compiled_fingerprints_are_the_same(texts: list[str]) -> None:
    corpus = Corpus.from_items(texts)
    with pytest.MonkeyPatch.context() as patch:
        for module in ("fingerprints", "provenance"):
            patch.setattr(f"nextchar.data.{module}.kernels_loaded", lambda: False)
        plain, known = corpus.fingerprints(), Provenance.of(corpus).known
    import numba  # noqa: F401

    assert corpus.fingerprints().tolist() == plain.tolist()
    assert known is not None
    assert known.tolist() == sorted(set(plain.tolist()))
    np.testing.assert_array_equal(Provenance.of(corpus).known, known)


@pytest.mark.parametrize(
    ("items", "says"),
    [
        ("emma", r"^give a list of items, for example \['emma'\], not one text$"),  # and not the items e, m, m, a
        (["emma", 3], r"^item 2 is 3 \(int\), not a text; leave it out, or give texts$"),
        ([None], "^item 1 is None, not a text; leave it out, or give texts$"),
        ([b"emma"], r"^item 1 is b'emma' \(bytes\), not a text; leave it out, or give texts$"),
    ],
)
def test_items_that_are_none(items: Any, says: str) -> None:
    with pytest.raises(CorpusError, match=says):
        Corpus.from_items(items)


def test_items_from_anything_that_can_be_gone_through() -> None:
    texts = ["emma", "ava"]
    for items in (tuple(texts), iter(texts), np.array(texts), dict.fromkeys(texts), Corpus.from_items(texts)):
        found: Any = items
        assert list(Corpus.from_items(found)) == texts


def test_an_alphabet_that_has_the_characters_that_occur_is_enough() -> None:
    corpus = Corpus.from_items(["ab", "ba", "xy"]).take([0, 1])
    small = Corpus.from_items(["ab"]).alphabet
    # in "abxy" the ids of a and b are 1 and 2, as in "ab"; in "bxy" they are not
    assert corpus.encoded_in(small).ids.tolist() == [1, 2, 0, 2, 1, 0]
    other = Corpus.from_items(["axb"]).alphabet
    assert Corpus.from_items(["yb", "xb"]).take([1]).encoded_in(other).ids.tolist() == [3, 2, 0]
    with pytest.raises(UnknownSymbolError, match="'y'"):
        Corpus.from_items(["ab", "xy"]).encoded_in(Corpus.from_items(["abx"]).alphabet)
