from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser

import numpy as np
import numpy.typing as npt
import pytest

from nextchar.core.drawing import Samples
from nextchar.core.scoring import Evaluation, Score
from nextchar.data.alphabet import Alphabet
from nextchar.data.corpus import Corpus
from nextchar.data.display import (
    LONGEST_LINE,
    amount,
    are,
    heat_map_html,
    line_of,
    one_line,
    shortened,
    table_html,
    thousands,
    were,
)
from nextchar.data.provenance import Provenance
from nextchar.data.source import Source
from nextchar.data.splits import Split, split
from nextchar.models.ngram.counts import count

LONG = Corpus.from_items(["x" * 5000, "a\u2028b" * 300, *(f"item{i}" for i in range(400))])
SOURCE = Source(names=("x" * 99,) * 99, size_bytes=1, sha256="0" * 64)


@dataclass(frozen=True)
class Thing:
    numbers: npt.NDArray[np.float64]
    text: str = "as usual"
    many: tuple[int, ...] = ()

    __repr__ = one_line


def test_a_dataclass_in_one_line() -> None:
    assert repr(Thing(np.zeros((3, 2)))) == "Thing(numbers=float64 array of shape (3, 2))"
    assert repr(Thing(np.zeros(1), "other", (1, 2))) == (
        "Thing(numbers=float64 array of shape (1,), text='other', many=(1, 2))"
    )
    shown = repr(Thing(np.zeros(1), "\n" * 10**6, tuple(range(10**6))))
    assert shown == "Thing(numbers=float64 array of shape (1,), text='" + "\\n" * 18 + "..., many=tuple of 1,000,000)"


def test_what_is_too_long_is_cut() -> None:
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcdefg", 6) == "abc..."
    assert len(line_of(LONG, "x" * 1000)) == LONGEST_LINE
    assert line_of(LONG, "x" * 1000).endswith("x...)")


def test_numbers_with_nouns() -> None:
    assert [thousands(n, "item") for n in (0, 1, 2, 32033)] == ["0 items", "1 item", "2 items", "32,033 items"]


@pytest.mark.parametrize(
    "thing",
    [
        LONG,
        Corpus.from_items(["ab"], weights=[3]),
        LONG.alphabet,
        Alphabet("".join(map(chr, range(0x4E00, 0x9FFF))), has_unknown=True),
        split(LONG),
        Split(train=LONG, validation=LONG.take([]), test=LONG.take([]), repeats=10**9),
        count(LONG, 20),
        Samples(LONG, 10**9, 10**10),
        Samples(LONG.take([]), 5, 50_000),
        Score(LONG[0], 1e4, (2.0,) * 5001),
        Evaluation(items=10**9, symbols=10**10, nats=float("inf"), weight=10**10, impossible="x" * 1000),
        Evaluation(items=0, symbols=0, nats=0.0, weight=0),
        Provenance(items=1, symbols=2, known=LONG.fingerprints(), source=SOURCE),
    ],
    ids=lambda thing: type(thing).__name__,
)  # fmt: skip
def test_all_are_one_line(thing: object) -> None:
    shown = repr(thing)
    assert len(shown.splitlines()) == 1
    assert len(shown) <= LONGEST_LINE
    assert shown.startswith(f"{type(thing).__name__}(")


def test_what_the_lines_say() -> None:
    corpus = Corpus.from_items(["emma", "ava"])
    assert repr(corpus) == "Corpus(2 items, 9 symbols, alphabet of 5)"  # 4 + 1 + 3 + 1 symbols; a e m v, boundary
    assert repr(corpus.alphabet) == "Alphabet(5 symbols: 'aemv')"
    assert repr(count(corpus, 2)) == "Counts(order 2, 8 n-grams, 9 in all)"  # .e em mm ma a. | .a av va (a.)
    score = Score("ab", 3.0, (1.0, 1.0, 1.0))
    assert repr(score) == "Score('ab', 3.0000 nats, 1.0000 nats/symbol)"
    evaluation = Evaluation(items=2, symbols=9, nats=9.0, weight=9)
    assert repr(evaluation) == "Evaluation(1.0000 nats/symbol, perplexity 2.718, 2 items, 9 symbols)"
    ten = Corpus.from_items([f"n{i}" for i in range(10)])
    assert repr(split(ten)) == "Split(train 8, validation 1, test 1, alphabet of 12)"


# -- in a notebook ------------------------------------------------------------------------------------------------


class Reader(HTMLParser):
    """Collects the tags that are opened and the texts between them, and checks that all are closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_a_table_escapes_all_text() -> None:
    html = table_html("<b>", [("<script>", "a&b", '"')], ("<i>", "two", "three"))
    read = Reader(html)
    assert not {"b", "script", "i"} & set(read.tags)
    assert read.texts == ["<b>", "<i>", "two", "three", "<script>", "a&b", '"']


def test_a_heat_map() -> None:
    """A quarter of the largest probability is half as dark: the shade is the square root."""
    html = heat_map_html(np.array([[0.2, 0.8], [1.0, 0.0]]), ("<", " "))
    read = Reader(html)
    assert read.tags.count("td") == 1 + 4  # the empty corner
    assert "script" not in read.tags
    assert 'title="p(&lt; | &lt;) = 0.2000" style="background:rgba(31,119,180,0.45)"' in html  # sqrt(0.2 / 1) = 0.447
    assert "rgba(31,119,180,1.00)" in html
    assert "rgba(31,119,180,0.00)" in html


@pytest.mark.parametrize(
    "thing", [LONG, split(LONG), Evaluation(items=2, symbols=9, nats=9.0, weight=9)], ids=lambda x: type(x).__name__
)
def test_tables_of_data(thing: Corpus | Split | Evaluation) -> None:
    read = Reader(thing._repr_html_())
    assert read.tags[0] == "table"
    assert sum(map(len, read.texts)) < 1000


@pytest.mark.parametrize(
    ("number", "counted", "measured"),
    [(0, "0 steps are", "0 steps"), (1, "1 step is", "1 step"), (2, "2 steps are", "2 steps")],
)
def test_a_noun_goes_with_its_number(number: int, counted: str, measured: str) -> None:
    assert f"{thousands(number, 'step')} {are(number)}" == counted
    assert amount(number, "step") == measured
    assert amount(number + 0.5, "step") == f"{number + 0.5} steps"
    assert were(number) == ("was" if number == 1 else "were")
