"""Texts of many scripts and line ends, from the file to the counts and back."""

from __future__ import annotations

import codecs
import json
import math
import tempfile
import unicodedata
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

import nextchar
from nextchar.cli import main
from nextchar.core.model_file import read_model_file
from nextchar.errors import CorpusError

BEGIN, END = "<begin>", "<end>"  # more than one character, so that no character is either

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"  # man, joiner, woman, joiner, girl: five characters, one picture
WAVE = "\U0001f44b\U0001f3fd"  # a hand and its skin tone

TEXTS: dict[str, tuple[bytes, list[str], list[str]]] = {
    # what: (content of the file, its items, more options)
    "Windows line ends": (b"emma\r\nava\r\n\r\nolivia", ["emma", "ava", "olivia"], []),
    "old Macintosh line ends": (b"emma\rava\r\rolivia\r", ["emma", "ava", "olivia"], []),
    "all line ends": (b"emma\r\nava\rolivia\nmia\n\r\n\rzoe", ["emma", "ava", "olivia", "mia", "zoe"], []),
    "byte order mark": (codecs.BOM_UTF8 + b"emma\nava\n", ["emma", "ava"], []),
    "byte order mark, said so": (codecs.BOM_UTF8 + b"emma\nava\n", ["emma", "ava"], ["--encoding", "utf-8-sig"]),
    "UTF-16": ("zo\u00eb\r\n\u738b\u660e\n".encode("utf-16"), ["zoë", "王明"], ["--encoding", "utf-16"]),
    "UTF-16, the other end first": (
        codecs.BOM_UTF16_BE + "zoë\n\U0001f600".encode("utf-16-be"),
        ["zoë", "\U0001f600"],
        ["--encoding", "utf-16"],
    ),
    "UTF-16 with a mark that the name leaves no room for": (
        codecs.BOM_UTF16_LE + "zoë\n".encode("utf-16-le"),
        ["zoë"],
        ["--encoding", "utf-16-le"],
    ),
    "a national encoding": ("王明\n李红".encode("gb18030"), ["王明", "李红"], ["--encoding", "gb18030"]),
    "a byte order mark within": ("emma\nav\ufeffa\n".encode(), ["emma", "av\ufeffa"], []),
    "trailing blanks": (b"emma  \n\tava\t \n  olivia", ["emma", "ava", "olivia"], []),
    "trailing blanks, kept": (b"emma  \n\tava\n \n", ["emma  ", "\tava", " "], ["--no-strip"]),
    "blanks within": ("anna maria\na\u00a0b\n".encode(), ["anna maria", "a\u00a0b"], []),
    "no-break spaces at the ends": ("\u00a0emma\u00a0\n\u202fava\u3000\n".encode(), ["emma", "ava"], []),
    # A zero-width space is no blank (category Cf), nor is the joiner: they are characters of the text.
    "zero-width space at the ends": ("\u200bemma\u200b\n".encode(), ["\u200bemma\u200b"], []),
    "combining accents": ("Zoe\u0308\nZo\u00eb\n".encode(), ["Zoe\u0308", "Zo\u00eb"], []),
    "combining accents, composed": ("Zoe\u0308\nZo\u00eb\n".encode(), ["Zo\u00eb", "Zo\u00eb"], ["--nfc"]),
    "an accent at the beginning": ("\u0301a\n\u0301\n".encode(), ["\u0301a", "\u0301"], ["--nfc"]),
    "Hangul, composed": ("\u1112\u1161\u11ab\n".encode(), ["\ud55c"], ["--nfc"]),
    "Chinese": ("王小明\n李小红\n王明\n".encode(), ["王小明", "李小红", "王明"], []),
    "Arabic": ("محمد\nفاطمة\nعلي\n".encode(), ["محمد", "فاطمة", "علي"], []),
    "emoji": (f"{FAMILY}\n{WAVE}{WAVE}\n\U0001f600".encode(), [FAMILY, WAVE * 2, "\U0001f600"], []),
    "full stops": (b"a.b\n.\n...\ne.e.\n", ["a.b", ".", "...", "e.e."], []),
    "full stops and middle dots": ("a.b\u00b7c\n".encode(), ["a.b\u00b7c"], []),
    # Python's str.splitlines would cut at each of these; a line ends at a line feed or a carriage return only.
    "other separators within": (
        "a\u2028b\nc\u2029d\ne\x85f\ng\x0bh\ni\x0cj\nk\x1cl\n".encode(),
        ["a\u2028b", "c\u2029d", "e\x85f", "g\x0bh", "i\x0cj", "k\x1cl"],
        [],
    ),
    "lower case": ("EMMA\nÅSE\nΟΔΟΣ\n".encode(), ["emma", "åse", "οδος"], ["--lower"]),
    "lower case that grows": ("\u0130pek\n".encode(), ["i\u0307pek"], ["--lower"]),
    "the last character that Unicode has": ("a\U0010ffffb\n".encode(), ["a\U0010ffffb"], []),
    "more than 256 characters": (
        "\n".join(chr(0x4E00 + i) + chr(0x4E00 + 7 * i % 300) for i in range(300)).encode(),
        [chr(0x4E00 + i) + chr(0x4E00 + 7 * i % 300) for i in range(300)],
        [],
    ),
}


def run(*args: object) -> str:
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    if result.exception is not None:
        raise result.exception
    return result.stdout


def pairs(items: list[str]) -> Counter[tuple[str, str]]:
    """The bigrams, as the lecture counts them."""
    return Counter(pair for item in items for pair in zip((BEGIN, *item), (*item, END), strict=True))


@pytest.mark.parametrize("what", TEXTS)
def test_train_sample_score_save_load(tmp_path: Path, what: str) -> None:
    content, items, options = TEXTS[what]
    path, out = tmp_path / "text.txt", tmp_path / "m.safetensors"
    path.write_bytes(content)
    trained = json.loads(run("train", path, "-o", out, "--model", "bigram", "--add", 1, "--json", *options))
    expected = pairs(items)
    characters = sorted(set("".join(items)))
    V = 1 + len(characters)
    assert trained["items"] == len(items)
    assert trained["symbols"] == sum(expected.values())
    assert trained["alphabet_size"] == V

    # the counts, from the file that was written
    model = nextchar.load(out)
    assert isinstance(model, nextchar.NgramModel)
    assert model.alphabet.characters == "".join(characters)
    first = (BEGIN, *characters)
    second = (END, *characters)
    counts = zip(model.counts.ngrams.tolist(), model.counts.counts.tolist(), strict=True)
    assert {(first[i], second[j]): n for (i, j), n in counts} == dict(expected)

    # scores, of the file as it lies
    row = Counter[str]()
    for (begin, _), n in expected.items():
        row[begin] += n
    encoding = options[options.index("--encoding") :][:2] if "--encoding" in options else []
    answers = [json.loads(line) for line in run("score", out, path, "--json", *encoding).split("\n")[:-1]]
    came_in = path.read_text(encoding=encoding[1] if encoding else "utf-8-sig").removeprefix("\ufeff").split("\n")
    assert [entry["item"] for entry in answers] == came_in[: len(came_in) - (came_in[-1] == "")]
    assert [entry["line"] for entry in answers] == list(range(1, len(answers) + 1))
    scored = [entry for entry in answers if entry["nats"] is not None]
    for entry, item in zip(scored, items, strict=True):
        steps = list(zip((BEGIN, *item), (*item, END), strict=True))
        assert entry["surprisal"] == pytest.approx([-math.log((expected[s] + 1) / (row[s[0]] + V)) for s in steps])
        assert entry["symbols"] == len(item) + 1

    # samples, which are of these characters, and can be scored again
    drawn = run("sample", out, "-n", 40, "--seed", 1)
    assert drawn.count("\n") == 40
    assert set(drawn) <= set(characters) | {"\n"}
    written = drawn.split("\n")[:-1]
    assert written == model.sample(40, seed=1)
    # (but those that the options would change: a blank at an end, a letter and an accent that compose)
    treatment = ("--no-strip" not in options, "--lower" in options, "--nfc" in options)
    whole = [item for item in written if naive_lines(item, *treatment) == [item]]
    assert [score.item for score in model.score(whole)] == whole

    # and once more around
    again = tmp_path / "again.safetensors"
    model.save(again)
    one, other = (read_model_file(file) for file in (out, again))
    assert one.document == other.document
    assert one.arrays.keys() == other.arrays.keys()
    for name, array in one.arrays.items():
        np.testing.assert_array_equal(array, other.arrays[name])
    assert nextchar.load(again).score(items) == model.score(items)


def test_a_full_stop_is_an_ordinary_symbol(tmp_path: Path) -> None:
    model = nextchar.Ngram(order=2, add=0).fit(nextchar.Corpus.from_items([".a", "a."]))
    assert model.alphabet.characters == ".a"
    # after the start: . or a; after . : a or the end; after a: . or the end; each one half
    symbols, nats = zip(*model.surprisal(".a"), strict=True)
    assert symbols == (".", "a", "\u00b7")
    assert nats == pytest.approx([math.log(2)] * 3)
    assert set(model.sample(200, seed=1)) > {".", "a", ".a", "a.", ".a.", "a.a"}


def test_composed_and_decomposed_are_one_only_where_asked_for() -> None:
    for nfc, size in ((True, 2), (False, 4)):  # ë and the boundary, or ë, e, the diaeresis and the boundary
        options = nextchar.TextOptions(nfc=nfc)
        corpus = nextchar.Corpus.from_items(["\u00eb", "e\u0308"], options=options)
        assert corpus.alphabet.size == size
        assert len(corpus.distinct()) == (1 if nfc else 2)
        model = nextchar.Ngram(order=2).fit(corpus)
        assert (model.score(["e\u0308"])[0].symbols == 2) is nfc


def test_the_parts_of_an_emoji_are_symbols() -> None:
    corpus = nextchar.Corpus.from_items([FAMILY])
    assert corpus.symbols == 6  # three people, two joiners, the end
    assert corpus.alphabet.characters == "\u200d\U0001f467\U0001f468\U0001f469"
    assert list(corpus) == [FAMILY]


@pytest.mark.parametrize("text", ["a\ud800b", "\udfff", "a\udce9", "\ud83d\udc4b"])
def test_half_a_surrogate_pair_is_no_text(tmp_path: Path, text: str) -> None:
    with pytest.raises(CorpusError, match=r"surrogate.*U\+D"):
        nextchar.Corpus.from_items(["emma", text])
    with pytest.raises(CorpusError, match=r"surrogate.*U\+D"):
        nextchar.Corpus.from_lines(["emma\n", text])
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(CorpusError, match="line 1, byte "):
        nextchar.Corpus.from_file(path)
    model = nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(["ab"]))
    with pytest.raises(nextchar.NextcharError):
        model.score([text])
    with pytest.raises(nextchar.NextcharError):
        model.sample(prefix=text)


def test_characters_beyond_the_basic_plane_in_16_bits(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("\U0001f44b\U0001f600\n".encode("utf-16-le"))
    assert list(nextchar.Corpus.from_file(path, encoding="utf-16-le")) == ["\U0001f44b\U0001f600"]


# -- any text at all ----------------------------------------------------------------------------------------------


def naive_lines(text: str, strip: bool, lower: bool, nfc: bool) -> list[str]:
    """What a file's items are, a line at a time."""
    items = []
    for line in text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        item = unicodedata.normalize("NFC", line) if nfc else line
        item = item.lower() if lower else item
        item = item.strip() if strip else item
        if item:
            items.append(item)
    return items


CHARACTERS = st.one_of(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    st.sampled_from(" \t\r\n\r\n\u00a0\u2028\u2029\x85\x1c\x0b\x0c\u200b\u200d\ufeff\u0301\u0308\u0130Σσς.aAeE"),
)
ANY_TEXT = st.text(CHARACTERS, max_size=60)


@given(ANY_TEXT, st.booleans(), st.booleans(), st.booleans())
@example("a\r", True, False, False)
@example("\r\n\r\n", True, False, False)
@example("\ufeff\ufeffa", True, False, False)
@example(" \u2028 \na\x1c\n", True, False, False)
@example("ΑΣ\nΣΑ", True, True, False)
@example("e\n\u0308", False, False, True)
def test_any_text_comes_back_as_its_lines(text: str, strip: bool, lower: bool, nfc: bool) -> None:
    expected = naive_lines(text, strip, lower, nfc)
    options = nextchar.TextOptions(strip=strip, lower=lower, nfc=nfc)

    def items(read: Any, *args: Any) -> list[str]:
        try:
            corpus = read(*args, options=options)
        except CorpusError as error:
            assert str(error).count("no items") == 1  # noqa: PT017 - and nothing else
            return []
        assert isinstance(corpus, nextchar.Corpus)
        assert corpus.symbols == sum(map(len, corpus)) + len(corpus)
        assert [corpus[i] for i in range(len(corpus))] == list(corpus)
        assert corpus.alphabet.characters == "".join(sorted(set("".join(corpus))))
        return list(corpus)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.txt")
        path.write_bytes(text.encode())
        assert items(nextchar.Corpus.from_file, path) == expected
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.txt")
        path.write_bytes(text.encode("utf-16"))
        with_mark = naive_lines("\ufeff" + text, strip, lower, nfc)  # the codec writes one and takes one away
        assert items(partial(nextchar.Corpus.from_file, encoding="utf-16"), path) == with_mark
    assert items(nextchar.Corpus.from_lines, [text]) == expected


@given(st.lists(st.text(CHARACTERS.filter(lambda c: c not in "\r\n"), max_size=8), min_size=1, max_size=8))
def test_any_items_come_back_as_they_are(items: list[str]) -> None:
    kept = [item for item in items if item]
    options = nextchar.TextOptions(strip=False)
    if not kept:
        with pytest.raises(CorpusError, match="no items"):
            nextchar.Corpus.from_items(items, options=options)
        return
    corpus = nextchar.Corpus.from_items(items, options=options)
    assert list(corpus) == kept
    assert corpus.blank == len(items) - len(kept)
    assert list(corpus.distinct()) == list(dict.fromkeys(kept))
    model = nextchar.Ngram(order=2, add=0).fit(corpus)
    expected = pairs(kept)
    begin, end = (BEGIN, *model.alphabet.characters), (END, *model.alphabet.characters)
    table = model.counts.table()
    assert {(begin[i], end[j]): int(table[i, j]) for i, j in zip(*table.nonzero(), strict=True)} == dict(expected)
    assert [score.item for score in model.score(kept)] == kept
