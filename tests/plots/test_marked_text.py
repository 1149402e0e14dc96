"""What each symbol of a text cost, line by line."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nextchar
from nextchar.errors import SettingsError, UnknownSymbolError
from nextchar.plots.canvas import luminance
from nextchar.plots.marked_text import EDGES, END, LINE_END, level_of, marked_text, shades, sign_of


def documents(*texts: str) -> nextchar.Corpus:
    return nextchar.Corpus.from_documents(texts)


@pytest.fixture(scope="module")
def model() -> nextchar.Model:
    # a, b and the line end follow each other in one way, but for the end: after a line end comes a or the end, 2 and 1
    return nextchar.Ngram(order=2, add=0).fit(documents("ab\nab\nab\n"))


def test_a_text_is_shown_by_its_lines_with_the_end_in_the_last(model: nextchar.Model) -> None:
    marked = marked_text(model, documents("ab\nab\n"), symbols=100)
    assert [(line.number, list(line.symbols)) for line in marked.lines] == [
        (1, ["a", "b", "\n"]),
        (2, ["a", "b", "\n", ""]),
    ]
    # a begins every text (0 bits), b follows a, a line end b; then a in 2 of 3, and the end in 1 of 3
    first, second = (line.bits.tolist() for line in marked.lines)
    assert first == [0, 0, 0]
    assert second == pytest.approx([math.log2(3 / 2), 0, 0, math.log2(3)], abs=1e-12)
    assert (marked.symbols, marked.whole) == (7, True)
    assert marked.bits == pytest.approx(math.log2(3 / 2) + math.log2(3), abs=1e-12)


def test_what_is_shown_is_what_the_model_says_of_the_whole_text(model: nextchar.Model) -> None:
    text = documents("ab\n" * 9)
    every = np.concatenate([line.bits for line in marked_text(model, text, symbols=100).lines])
    assert every == pytest.approx(model.symbol_nats(text) / math.log(2), abs=1e-12)
    for symbols in (1, 2, 3, 10, 28):  # cut anywhere, what is left is the same
        part = marked_text(model, text, symbols=symbols)
        shown = np.concatenate([line.bits for line in part.lines])
        assert shown == pytest.approx(every[:symbols], abs=1e-12)
        assert (part.symbols, part.whole) == (symbols, symbols == 28)


def test_so_many_lines(model: nextchar.Model) -> None:
    marked = marked_text(model, documents("ab\n" * 9), symbols=100, lines=2)
    assert ([line.number for line in marked.lines], marked.symbols, marked.whole) == ([1, 2], 6, False)
    assert marked_text(model, documents("ab\n"), symbols=100, lines=7).whole
    with pytest.raises(SettingsError, match="lines is at least 1, not 0"):
        marked_text(model, documents("ab\n"), symbols=100, lines=0)


def test_items_of_a_list_are_lines_and_are_not_cut() -> None:
    model = nextchar.Ngram(order=1, add=0).fit(["ab", "ba"])  # a, b and the end: a third each
    marked = marked_text(model, nextchar.Corpus.from_items(["ab", "bab", "a"]), symbols=4)
    assert [list(line.symbols) for line in marked.lines] == [["a", "b", ""]]
    assert marked.lines[0].bits == pytest.approx(np.full(3, math.log2(3)))
    assert not marked.whole
    assert len(marked_text(model, nextchar.Corpus.from_items(["ab", "bab", "a"]), symbols=9).lines) == 3


def test_a_text_without_line_ends_is_one_line(model: nextchar.Model) -> None:
    flat = nextchar.Ngram(order=1).fit(documents("abab"))
    assert [list(line.symbols) for line in marked_text(flat, documents("ba"), symbols=9).lines] == [["b", "a", ""]]
    assert [list(line.symbols) for line in marked_text(model, documents("ab"), symbols=9).lines] == [["a", "b", ""]]
    with pytest.raises(UnknownSymbolError, match="'c'"):
        marked_text(model, documents("abc"), symbols=9)


def test_steps() -> None:
    bits = np.array([0.0, 0.49, 0.5, 0.99, 1.0, 9.99, 10.0, 50.0, np.inf])
    assert level_of(bits).tolist() == [0, 0, 1, 1, 2, 8, 9, 9, 10]
    assert len(EDGES) == 9


@pytest.mark.parametrize("dark", [False, True])
def test_steps_go_one_way_in_lightness_and_can_be_read(dark: bool) -> None:
    def light(colour: str) -> float:
        return float(luminance(np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])))

    looks = shades(dark=dark)
    assert len(looks) == len(EDGES) + 2
    lights = [light(look.paper) for look in looks[:-1]]
    assert lights == sorted(lights, reverse=not dark)
    for look in looks:
        low, high = sorted((light(look.paper), light(look.ink)))
        assert (high + 0.05) / (low + 0.05) >= 4.5  # the contrast of WCAG 2, level AA


@pytest.mark.parametrize(
    ("symbol", "sign"),
    [("a", "a"), (" ", " "), ("\t", "\t"), ("\n", LINE_END), ("", END), ("\x0c", "\\x0c"), ("\u2028", "U+2028")],
)
def test_signs(symbol: str, sign: str) -> None:
    assert sign_of(symbol) == sign
