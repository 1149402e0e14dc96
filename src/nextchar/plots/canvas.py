"""What all figures share: style and fonts, files, and the square table.

Drawn with matplotlib's figure objects alone: no window, no global state. The colour map is cividis, which looks the
same to people with and without colour vision deficiency (Nunez, Anderton and Renslow 2018, PLoS ONE 13(7)). Every cell
also has its number where it fits, so that nothing depends on colour.

Letters: V size of the alphabet.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from nextchar.core.model import Model
from nextchar.errors import BadValueError, SettingsError
from nextchar.extras import need_extra

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "COLOURS",
    "INK",
    "LONGEST_WORD",
    "SECOND_INK",
    "canvas",
    "check_output",
    "check_size",
    "fit_layout",
    "joined",
    "luminance",
    "need_matplotlib",
    "pair_table",
    "points_that_fit",
    "save",
    "shade_table",
    "shown",
    "style",
]

COLOURS: Final = "cividis"
LARGEST_TABLE: Final = 128  # symbols; cells of a larger table could not be read
LONGEST_WORD: Final = 100  # bars; a longer row would not fit into a picture
INK: Final = "#00204d"  # the dark end of cividis
SECOND_INK: Final = "#a8741a"
_CELL_INCHES: Final = 0.6
_POINTS: Final = 15.0  # size of the text in a cell for each inch of its side, where it fits
_DPI: Final = 120
_LARGEST_PIXELS: Final = 8000  # of a side
_FONTS: Final = [  # those that are installed are searched for each character, in this order
    "DejaVu Sans",  # comes with matplotlib
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Noto Sans JP", "Noto Sans KR", "Source Han Sans SC"),
    *("WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Droid Sans Fallback", "AR PL UMing CN", "IPAGothic"),
    *("PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "SimHei", "Yu Gothic", "Malgun Gothic"),
    *("Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari", "Noto Sans Thai", "Noto Emoji"),
    *("Segoe UI Symbol", "Arial Unicode MS", "Unifont"),
]


def check_output(path: str | Path, *, page: bool = False) -> None:
    """Say what is wrong with the name of a picture's file, before the picture is drawn.

    Args:
        path: of the file.
        page: whether it may be a page, .html, too.

    Raises:
        SettingsError: it has another ending, is a directory, or its folder does not exist.
        MissingExtraError: matplotlib is not installed.
    """
    _check_name(path, page=page)
    need_matplotlib()


def need_matplotlib() -> None:
    """Say that matplotlib is missing, before anything is drawn.

    Raises:
        MissingExtraError: it is not installed.
    """
    need_extra("plots", "a figure")


def _check_name(path: str | Path, *, page: bool) -> None:
    from nextchar.data.writing import holds_file

    if not holds_file(path) and not Path(path).is_dir():  # standard output, a pipe or a device takes a PNG
        return
    path = Path(path)
    if path.suffix.lower() not in (".png", ".svg", *([".html"] if page else [])):
        also = "; the text as a page as .html" if page else ""
        raise BadValueError(f"{path}: pictures are written as .png or .svg{also}; give a file name that ends so")
    if path.is_dir():
        raise SettingsError(f"{path}: is a directory; give a file name for the picture")
    if not path.parent.is_dir():
        raise SettingsError(f"{path}: there is no folder {path.parent}; make it first")


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure as PNG or SVG, by the ending of the file's name, whole or not at all.

    What is no regular file (`-` for standard output, a pipe, a device) gets a PNG, unless its name ends in .svg.

    The text of an SVG is text, which can be searched and copied. The same figure gives the same bytes.

    Raises:
        SettingsError: another ending, or the file cannot be written.
    """
    import io

    from nextchar.data.writing import write_atomically, writing_to

    check_output(path)
    kind = "svg" if Path(path).suffix.lower() == ".svg" else "png"
    buffer = io.BytesIO()
    with style():
        dpi = min(_DPI, _LARGEST_PIXELS / max(figure.get_size_inches()))
        figure.savefig(buffer, format=kind, dpi=dpi, metadata={"Date": None} if kind == "svg" else None)
    with writing_to(path, SettingsError):
        write_atomically(path, buffer.getvalue())


@contextmanager
def style() -> Iterator[None]:
    """Our fonts and settings for as long as a figure is built or written; matplotlib's own are as before after it."""
    need_matplotlib()
    import matplotlib as mpl

    settings: Any = {
        "font.family": [*_installed_fonts(), "sans-serif"],  # the last for those who look at an SVG elsewhere
        "font.sans-serif": ["DejaVu Sans"],
        "svg.fonttype": "none",  # text stays text
        "svg.hashsalt": "nextchar",
        "text.parse_math": False,  # a dollar sign is a symbol like others
    }
    with mpl.rc_context(settings):
        yield


def canvas(width: float, height: float) -> Figure:
    """An empty figure, in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def fit_layout(figure: Figure) -> None:
    """Give everything its place now, once; matplotlib would draw the whole figure one more time for it."""
    engine: Any = figure.get_layout_engine()
    engine.set(w_pad=0.12, h_pad=0.12)  # inches
    engine.execute(figure)
    figure.set_layout_engine(None)


@cache
def _installed_fonts() -> list[str]:
    from matplotlib import font_manager

    installed = set(font_manager.get_font_names())
    return [font for font in _FONTS if font in installed]


def check_size(model: Model) -> None:
    """Refuse what could not be read.

    Raises:
        SettingsError: the model has more than 128 symbols.
    """
    if model.alphabet.size > LARGEST_TABLE:
        raise SettingsError(
            f"a table of {model.alphabet.size} x {model.alphabet.size} cells cannot be read; "
            f"the largest alphabet that is drawn has {LARGEST_TABLE} symbols"
        )


def shown(symbols: Sequence[str]) -> list[str]:
    """Symbols as they can be seen: blanks as signs, and the code point of what no installed font has.

    A cluster is shown without what only joins or varies its characters, or by the code point of the first and an
    ellipsis.
    """
    names, missing = [], []
    for symbol in symbols:
        if len(symbol) > 1:
            seen = _INVISIBLE.sub("", symbol)
            lacking = [f"U+{ord(c):04X}" for c in seen if not _has_glyph(c)]
            missing += lacking
            names.append(f"{ord(symbol[0]):04X}…" if lacking else seen)
            continue
        category = unicodedata.category(symbol)
        name = {" ": "␣", "\t": "⇥"}.get(symbol, symbol)
        if category in ("Mn", "Me", "Mc"):
            name = "◌" + symbol  # what is written over or around another character
        if category[0] in "CZ" and name == symbol:  # nothing to see: control characters, other blanks
            name = f"{ord(symbol):04X}"
        elif not all(map(_has_glyph, name)):
            missing.append(f"U+{ord(symbol):04X}")
            name = f"{ord(symbol):04X}"
        names.append(name)
    if missing := sorted(set(missing)):
        some = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
        warnings.warn(
            f"no installed font has {len(missing):,} of the characters ({some}); the picture shows their code points; "
            "install a font that has them, for example Noto Sans CJK for Chinese and Japanese",
            stacklevel=3,
        )
    return names


_INVISIBLE: Final = re.compile("[\u200c\u200d\ufe00-\ufe0f\U000e0020-\U000e007f]")  # joiners, variants, tags


def _has_glyph(character: str) -> bool:
    if " " < character <= "~":
        return True
    from matplotlib import font_manager

    fonts = (font_manager.get_font(font_manager.findfont(name)) for name in _installed_fonts())
    return any(font.get_char_index(ord(character)) for font in fonts)


def joined(names: Sequence[str]) -> str:
    """Symbols side by side; with gaps where some are shown by their code points."""
    return (" " if any(len(name) > 2 for name in names) else "").join(names)


def points_that_fit(texts: Sequence[str], inches: float) -> float:
    """The size at which all texts fit into a cell of that width."""
    widest = max(sum(1.0 if unicodedata.east_asian_width(c) in "WF" else 0.64 for c in text) for text in texts)
    return inches * min(_POINTS, 72 * 0.92 / widest)


def pair_table(
    shade: npt.NDArray[Any], symbols: tuple[str, ...], value: Callable[[int, int], str], title: str
) -> Figure:
    """A square of V x V cells, shaded and each with its pair of symbols and a value; row = first symbol."""
    import matplotlib as mpl

    V = len(symbols)
    names = shown(symbols)
    cells = [[(joined([names[i], names[j]]), value(i, j)) for j in range(V)] for i in range(V)]
    side = max(6.0, _CELL_INCHES * V + 1.2)
    points = points_that_fit([line for row in cells for cell in row for line in cell], (side - 1.2) / V)
    top = float(shade.max()) or 1.0
    light = luminance(mpl.colormaps[COLOURS](shade / top)[..., :3]) > 0.18  # black is the more legible from here on
    with style():
        figure = canvas(side, side)
        axes = figure.add_subplot()
        shade_table(axes, shade, names, top)
        for i in range(V):
            for j in range(V):
                text = axes.text(
                    j,
                    i,
                    "\n".join(cells[i][j]),
                    ha="center",
                    va="center",
                    color="black" if light[i, j] else "white",
                    fontsize=points,
                    linespacing=1.35,
                )
                text.set_in_layout(False)  # inside the axes anyway
        axes.set_xlabel(f"second symbol ({symbols[0]} is the end)", fontsize=min(13, 1.8 * side))
        axes.set_ylabel(f"first symbol ({symbols[0]} is the beginning)", fontsize=min(13, 1.8 * side))
        axes.set_title(title, fontsize=min(16, 1.7 * side), pad=14)
        fit_layout(figure)
    return figure


def shade_table(
    axes: Axes, shade: npt.NDArray[Any], columns: Sequence[str], top: float, *, rows: Sequence[str] | None = None
) -> None:
    """Shade cells by value, 0 to top, with names along both sides; the rows' are the columns' unless given."""
    for names, edge in ((columns, axes.set_xticks), (rows or columns, axes.set_yticks)):
        edge(np.arange(len(names)), names, fontsize=12 if max(map(len, names)) < 3 else 9)
    edges = [np.arange(size + 1) - 0.5 for size in shade.shape]
    axes.pcolormesh(edges[1], edges[0], shade, cmap=COLOURS, vmin=0, vmax=top)
    axes.set_aspect("equal")
    axes.invert_yaxis()
    axes.tick_params(top=True, labeltop=True, length=0)


def luminance(rgb: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Relative luminance of colours, (..., 3) -> (...), as the Web Content Accessibility Guidelines define it."""
    linear = np.where(rgb <= 0.03928, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    found: npt.NDArray[np.float64] = linear @ np.array([0.2126, 0.7152, 0.0722])
    return found
