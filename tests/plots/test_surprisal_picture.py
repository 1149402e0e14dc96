"""A text as a picture."""

from __future__ import annotations

from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import nextchar
from nextchar import plots
from nextchar.errors import SettingsError
from nextchar.plots.marked_text import END, LINE_END


def drawn(*texts: str, lines: int = 40) -> Figure:
    corpus = nextchar.Corpus.from_documents(texts)
    return plots.surprisal_of_text(nextchar.Ngram(order=2).fit(corpus), corpus, lines=lines)


def signs(figure: Figure) -> list[tuple[float, int, str]]:
    """(middle column, row, sign) of all characters, without the numbers of the lines."""
    return [
        (text.get_position()[0], int(text.get_position()[1]), text.get_text())
        for text in figure.axes[0].texts
        if text.get_position()[0] > 0
    ]


def test_each_character_has_its_place() -> None:
    assert signs(drawn("a b\nc")) == [
        (0.5, 0, "a"),
        (2.5, 0, "b"),
        (3.5, 0, LINE_END),
        (0.5, 1, "c"),
        (1.5, 1, END),
    ]


def test_wide_characters_take_two_columns_and_a_tab_goes_to_the_next_eighth() -> None:
    assert [(x, sign) for x, _, sign in signs(drawn("a\tb"))] == [(0.5, "a"), (8.5, "b"), (9.5, END)]
    # HIGH VOLTAGE SIGN is wide by East_Asian_Width, and in matplotlib's own font
    assert [x for x, _, _ in signs(drawn("\u26a1b"))][:2] == [1.0, 2.5]


def test_long_lines_go_on_below_and_many_lines_are_left_out() -> None:
    figure = drawn("x" * 250 + "\n" + "y\n" * 50, lines=3)
    rows = [row for _, row, _ in signs(figure)]
    assert rows.count(0) == rows.count(1) == 100  # columns
    assert rows.count(2) == 51  # and the line end
    assert max(rows) == 4
    with pytest.raises(SettingsError, match="lines is at least 1"):
        drawn("x", lines=0)


def test_nothing_is_cut_off() -> None:
    figure = drawn("What shall I say?\n" * 3)
    canvas: Any = FigureCanvasAgg(figure)
    renderer = canvas.get_renderer()
    for axes in figure.axes:
        for text in axes.texts:
            box = text.get_window_extent(renderer)
            assert figure.bbox.x0 <= box.x0 <= box.x1 <= figure.bbox.x1
            assert figure.bbox.y0 <= box.y0 <= box.y1 <= figure.bbox.y1
