"""A text with what each symbol of it cost a model, line by line: what the page and the picture of it show.

Colour stands for surprisal in steps of bits, from that of the page for what was expected to its contrary for what was
not. Lightness goes one way all along, so that steps can be told apart without colour vision too (YlOrRd of Brewer's
ColorBrewer, and inferno on a dark page).

Letters: S symbols.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar.core.scoring import symbol_nats
from nextchar.data.alphabet import BOUNDARY
from nextchar.data.display import visible
from nextchar.data.stable_items import as_read
from nextchar.errors import SettingsError
from nextchar.plots.canvas import luminance, need_matplotlib

if TYPE_CHECKING:
    from nextchar.core.model import Model
    from nextchar.data.corpus import Corpus

__all__ = [
    "EDGES",
    "END",
    "LINE_END",
    "MarkedLine",
    "MarkedText",
    "Shade",
    "level_of",
    "marked_text",
    "shades",
    "sign_of",
]

EDGES: Final = (0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
"""Bits at which the colour changes; what is impossible has a sign of its own."""

LINE_END: Final = "\N{RETURN SYMBOL}"
END: Final = "\N{LEFT TACK}"  # of a text, or of an item of a list
_PAGES: Final = ("#ffffff", "#15171c")  # light and dark: the colour of what costs nothing
_COLOURS: Final = ("YlOrRd", "inferno")
_IMPOSSIBLE: Final = "#2046c8"
_INKS: Final = ("#000000", "#ffffff")
_BLACK_FROM: Final = 0.18  # luminance from which on black is the more legible


class Shade(NamedTuple):
    """How a step of surprisal looks: colours as #rrggbb."""

    paper: str
    ink: str


class MarkedLine(NamedTuple):
    """A line and what it cost.

    Attributes:
        number: from 1.
        symbols: as they are; the line end and the end of the text are among them, the latter as an empty text.
        bits: of each symbol.
    """

    number: int
    symbols: Sequence[str]
    bits: npt.NDArray[np.float64]


class MarkedText(NamedTuple):
    """The beginning of a text, or all of it.

    Attributes:
        lines: of it.
        symbols: how many they have together.
        bits: what they cost together.
        whole: whether that is all.
    """

    lines: list[MarkedLine]
    symbols: int
    bits: float
    whole: bool


def marked_text(model: Model, text: Corpus, *, symbols: int, lines: int | None = None) -> MarkedText:
    """What each symbol of a text costs a model, given all before it.

    Args:
        model: whose surprisal it is.
        text: documents, or the items of a list, each of which is a line.
        symbols: at most about so many, from the beginning on; an item of a list is not cut.
        lines: at most so many.

    Raises:
        SettingsError: there is no line to show.
    """
    if lines is not None and lines < 1:
        raise SettingsError(f"lines is at least 1, not {lines}", argument="lines")
    text = as_read(text, model.provenance.options).encoded_in(model.alphabet)
    breaks = np.flatnonzero(_ends_line(text))  # the last symbol of each line
    kept = int(breaks[lines - 1]) + 1 if lines is not None and lines < len(breaks) else text.symbols
    if kept > symbols:
        before = breaks[breaks < symbols]
        kept = symbols if text.options.documents or not len(before) else int(before[-1]) + 1
    ids = text.ids[:kept]
    cut = ids[-1] != BOUNDARY
    part = text if kept == text.symbols else _closed(text, kept, cut)
    bits = symbol_nats(model, part)[:kept] / math.log(2) + 0.0
    names = np.array(["", *model.alphabet.symbols[1:]], dtype=object)
    ends = [int(at) + 1 for at in np.flatnonzero(_ends_line(text)[:kept])]
    if not ends or ends[-1] < kept:
        ends.append(kept)
    found, begin = [], 0
    for number, end in enumerate(ends, start=1):
        found.append(MarkedLine(number, names[ids[begin:end]].tolist(), bits[begin:end]))
        begin = end
    return MarkedText(found, kept, float(bits.sum()), kept == text.symbols)


def _ends_line(text: Corpus) -> npt.NDArray[np.bool_]:
    """Which symbols are the last of a line, (S,); the end of a text belongs to its last line."""
    ends: npt.NDArray[np.bool_] = text.ids == BOUNDARY
    if not text.options.documents or "\n" not in text.alphabet.names:
        return ends
    feeds = text.ids == 1 + text.alphabet.names.index("\n")
    feeds[:-1] &= ~ends[1:]
    ends |= feeds
    return ends


def _closed(text: Corpus, kept: int, cut: bool) -> Corpus:
    from dataclasses import replace

    ids = text.ids[:kept]
    if cut:
        ids = np.concatenate([ids, np.full(1, BOUNDARY, dtype=ids.dtype)])
    return replace(text, ids=ids, weights=None, blank=0)


def level_of(bits: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """The step of each surprisal, from 0; what is impossible has one beyond those of EDGES."""
    return np.where(np.isfinite(bits), np.searchsorted(EDGES, bits, side="right"), len(EDGES) + 1)


def shades(*, dark: bool = False) -> list[Shade]:
    """How the steps look, on a light page or a dark one; the last is for what is impossible."""
    need_matplotlib()
    import matplotlib as mpl
    from matplotlib.colors import to_hex, to_rgb

    share = np.linspace(0.25 if dark else 0.0, 1.0, len(EDGES))
    colours = mpl.colormaps[_COLOURS[dark]](share)[:, :3]
    papers = [_PAGES[dark], *map(to_hex, colours), _IMPOSSIBLE]
    bright = luminance(np.array([to_rgb(paper) for paper in papers])) > _BLACK_FROM
    return [Shade(paper, _INKS[0] if b else _INKS[1]) for paper, b in zip(papers, bright.tolist(), strict=True)]


def sign_of(symbol: str) -> str:
    """How a symbol is shown: itself, or a sign for what cannot be seen."""
    if symbol == "":
        return END
    if symbol == "\n":
        return LINE_END
    if symbol == "\t" or unicodedata.category(symbol[0]) not in ("Cc", "Cs", "Zl", "Zp"):
        return symbol
    return visible(symbol) if visible(symbol) != symbol else f"U+{ord(symbol[0]):04X}"
