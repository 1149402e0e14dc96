"""A text as a picture, with the surprisal of each character as its colour: the first lines of it."""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING, Final

from nextchar.core.model import Model
from nextchar.data.corpus import Corpus
from nextchar.plots.canvas import canvas, shown, style
from nextchar.plots.marked_text import EDGES, END, LINE_END, MarkedLine, level_of, marked_text, shades, sign_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["LINES", "surprisal_of_text"]

LINES: Final = 40  # of the text, unless told otherwise
COLUMNS: Final = 100  # of the picture; longer lines go on below
MOST_ROWS: Final = 200
_WIDTH, _HEIGHT = 0.098, 0.225  # inches of a cell
_POINTS: Final = 10.5


def surprisal_of_text(model: Model, text: Corpus, *, lines: int = LINES) -> Figure:
    """The first lines of a text, each character on the colour of its surprisal.

    Args:
        model: whose surprisal it is.
        text: documents, or the items of a list, each of which is a line.
        lines: how many; of long ones as many as fit.

    Warns:
        UserWarning: no installed font has some of the characters; they are shown by their code points.

    Raises:
        SettingsError: there is no line to draw.
        UnknownSymbolError: the model does not know a character of the text.

    Examples:
        >>> import nextchar
        >>> from nextchar import plots
        >>> model = nextchar.Ngram(order=2).fit(nextchar.Corpus.from_documents(["to be" + chr(10) + "or not"]))
        >>> figure = plots.surprisal_of_text(model, nextchar.Corpus.from_documents(["to be or" + chr(10)]))
    """
    from matplotlib.patches import Rectangle

    marked = marked_text(model, text, symbols=COLUMNS * MOST_ROWS, lines=lines)
    looks = shades()
    signs = _signs(marked.lines)
    places: list[tuple[int, int, int, str, int]] = []  # row, column, width, sign, level
    numbers: list[tuple[int, int]] = []
    row = 0
    for line in marked.lines:
        if row >= MOST_ROWS:
            break
        numbers.append((row, line.number))
        column = 0
        for symbol, level in zip(line.symbols, level_of(line.bits).tolist(), strict=True):
            sign = signs[symbol]
            width = 8 - column % 8 if symbol == "\t" else _columns(sign)
            if column + width > COLUMNS:
                row, column = row + 1, 0
            if row >= MOST_ROWS:
                break
            places.append((row, column, width, "" if symbol in (" ", "\t") else sign, level))
            column += width
        row += 1
    rows, columns = max(place[0] for place in places) + 1, max(max(p[1] + p[2] for p in places), 60)
    margin = 0.6 + 0.09 * len(f"{numbers[-1][1]:,}")
    wide, high = margin + columns * _WIDTH + 0.3, rows * _HEIGHT + 1.2
    with style():
        figure = canvas(wide, high)
        figure.set_layout_engine(None)
        axes = figure.add_axes((margin / wide, 0.75 / high, columns * _WIDTH / wide, rows * _HEIGHT / high))
        axes.set(xlim=(0, columns), ylim=(rows, 0))
        axes.axis("off")
        for at, column, width, sign, level in places:
            if level:
                patch = Rectangle((column, at), width, 1, facecolor=looks[level].paper, edgecolor="none")
                axes.add_patch(patch).set_antialiased(False)
            if sign:
                axes.text(
                    column + width / 2, at + 0.72, sign, ha="center", va="baseline", color=looks[level].ink,
                    fontsize=_POINTS if len(sign) == 1 else 6, family=["DejaVu Sans Mono", *_other_fonts()],
                )  # fmt: skip
        for at, number in numbers:
            axes.text(-0.8, at + 0.72, f"{number:,}", ha="right", va="baseline", fontsize=8, color="#6b6b6b")
        _legend(figure, wide, high)
        mean = marked.bits / marked.symbols
        cost = "∞" if math.isinf(mean) else f"{mean:.3f}"
        what = f"{model.kind}, {model.settings.summary}: {cost} bits per symbol, {marked.symbols:,} symbols"
        figure.text(margin / wide, 1 - 0.28 / high, what, fontsize=10, va="center")
    return figure


def _signs(lines: list[MarkedLine]) -> dict[str, str]:
    """How each symbol is drawn."""
    symbols = sorted({symbol for line in lines for symbol in line.symbols})
    plain = [symbol for symbol in symbols if sign_of(symbol) == symbol and symbol not in (" ", "\t")]
    return {**{symbol: sign_of(symbol) for symbol in symbols}, **dict(zip(plain, shown(plain), strict=True))}


def _columns(sign: str) -> int:
    if len(sign) > 1:
        return len(sign)
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def _other_fonts() -> list[str]:
    import matplotlib as mpl

    fonts: list[str] = mpl.rcParams["font.family"]
    return fonts


def _legend(figure: Figure, wide: float, high: float) -> None:
    """Squares of all steps with their bits, below the text."""
    from matplotlib.patches import Rectangle

    names = [f"< {EDGES[0]:g}", *(f"{low:g}" for low in EDGES), "impossible"]
    axes = figure.add_axes((0.1 / wide, 0.15 / high, 6.9 / wide, 0.3 / high))
    axes.set(xlim=(-1, 16), ylim=(0, 1))
    axes.axis("off")
    axes.text(-0.2, 0.5, "bits", ha="right", va="center", fontsize=9)
    for level, (look, name) in enumerate(zip(shades(), names, strict=True)):
        width = 2.0 if level == len(names) - 1 else 1.0
        axes.add_patch(Rectangle((level, 0.05), width, 0.9, facecolor=look.paper, edgecolor="#c9ccd1", linewidth=0.6))
        axes.text(level + width / 2, 0.5, name, ha="center", va="center", fontsize=8.5, color=look.ink)
    axes.text(len(names) + 1.2, 0.5, f"{LINE_END} line end, {END} end", va="center", fontsize=9)
