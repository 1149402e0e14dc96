"""Figures of models. Drawn with matplotlib's figure objects alone: no window, no global state.

The colour map is cividis, which looks the same to people with and without colour vision deficiency (Nunez, Anderton
and Renslow 2018, PLoS ONE 13(7)).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nextchar.errors import SettingsError
from nextchar.models.base import Model
from nextchar.models.ngram import NgramModel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["counts", "probabilities", "save", "surprisal"]

COLOURS = "cividis"
LARGEST_TABLE = 128  # symbols; cells of a larger table could not be read
_CELL_INCHES = 0.6
_FONTS = ["DejaVu Sans", "Noto Sans CJK SC", "Noto Sans CJK JP", "WenQuanYi Zen Hei", "Noto Sans Arabic"]


def counts(model: Model) -> Figure:
    """The lecture's figure: a cell for each pair of symbols, with the pair and how often it occurs.

    A model of a higher order shows how often each symbol follows the one before it, summed over what came earlier.

    Raises:
        SettingsError: the model is not made of counts, has order 1, or more than 128 symbols.
    """
    if not isinstance(model, NgramModel) or model.settings.order < 2:
        raise SettingsError("only a count model of order 2 or more has a table of pairs to draw")
    _check_size(model)
    pairs = np.zeros((model.alphabet.size,) * 2, dtype=np.int64)
    np.add.at(pairs, tuple(model.counts.ngrams[:, -2:].astype(np.intp).T), model.counts.counts)
    labels = model.alphabet.symbols
    figure = _table(np.sqrt(pairs), labels, lambda i, j: f"{_shown(labels[i])}{_shown(labels[j])}\n{pairs[i, j]}")
    figure.axes[0].set_title("How often the second symbol follows the first", fontsize=16)
    return figure


def probabilities(model: Model) -> Figure:
    """The table of p(second symbol | first symbol), in percent.

    Raises:
        SettingsError: the model looks back more than one symbol, or has more than 128 symbols.
    """
    if model.context_length != 1:
        raise SettingsError("a table of pairs shows only models that look back one symbol; train --model bigram")
    _check_size(model)
    V = model.alphabet.size
    ids = np.stack([np.zeros(V, dtype=model.alphabet.dtype), np.arange(V, dtype=model.alphabet.dtype)], axis=1)
    probs = np.exp(model.log_probs(ids)[:, 1])
    labels = model.alphabet.symbols

    def cell(i: int, j: int) -> str:
        return f"{_shown(labels[i])}{_shown(labels[j])}\n{100 * probs[i, j]:.2f}"

    figure = _table(np.sqrt(probs), labels, cell)
    figure.axes[0].set_title("Probability of the second symbol after the first, percent", fontsize=16)
    return figure


def surprisal(model: Model, word: str) -> Figure:
    """A bar for each symbol of a word: -log p in nats, with the mean and what a uniform model would cost.

    Raises:
        UnknownSymbolError: the model does not know a character of the word.
    """
    symbols, nats = zip(*model.surprisal(word), strict=True)
    heights = np.array(nats)
    finite = heights[np.isfinite(heights)]
    ceiling = 1.15 * max(float(finite.max(initial=0.0)), np.log(model.alphabet.size))
    figure = _figure(max(4.5, 0.7 * len(symbols) + 1.5), 4)
    axes = figure.add_subplot()
    at = np.arange(len(symbols))
    infinite = ~np.isfinite(heights)
    axes.bar(at[~infinite], heights[~infinite], color="#00204d")
    axes.bar(at[infinite], ceiling, color="white", edgecolor="#00204d", hatch="//")
    for x, value in zip(at, heights, strict=True):
        text = f"{value:.2f}" if np.isfinite(value) else "∞"
        axes.annotate(text, (x, min(value, ceiling)), ha="center", va="bottom", fontsize=10)
    axes.axhline(np.log(model.alphabet.size), color="#7c7b78", linestyle=":", label="all symbols alike")
    if not infinite.any():
        axes.axhline(heights.mean(), color="#b8860b", linestyle="--", label=f"mean {heights.mean():.4f}")
    axes.set_xticks(at, [_shown(symbol) for symbol in symbols], fontsize=13)
    axes.set_ylim(0, ceiling * 1.1)
    axes.set_ylabel("surprisal, nats")
    axes.set_title(f"{word}: {heights.sum():.4f} nats")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure as PNG or SVG, by the ending of the file's name, whole or not at all.

    Raises:
        SettingsError: another ending, or the file cannot be written.
    """
    import io

    from nextchar.storage import write_atomically

    kind = Path(path).suffix.lower().removeprefix(".")
    if kind not in ("png", "svg"):
        raise SettingsError(f"{path}: a figure is a .png or an .svg file")
    buffer = io.BytesIO()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        figure.savefig(buffer, format=kind, dpi=100, metadata={"Date": None} if kind == "svg" else None)
    if missing := [w for w in caught if "missing from font" in str(w.message)]:
        warnings.warn(f"{len(missing)} characters have no glyph in the installed fonts", stacklevel=2)
    try:
        write_atomically(path, buffer.getvalue())
    except OSError as error:
        raise SettingsError(f"{path}: cannot be written: {error.strerror or error}") from error


def _figure(width: float, height: float) -> Figure:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["font.family"] = [f for f in _FONTS if f in _installed_fonts()]
    return Figure(figsize=(width, height), layout="constrained")


def _installed_fonts() -> set[str]:
    from matplotlib import font_manager

    return set(font_manager.get_font_names())


def _check_size(model: Model) -> None:
    if model.alphabet.size > LARGEST_TABLE:
        raise SettingsError(
            f"a table of {model.alphabet.size} x {model.alphabet.size} cells cannot be read; "
            f"the largest alphabet that is drawn has {LARGEST_TABLE} symbols"
        )


def _shown(symbol: str) -> str:
    """A symbol that can be seen: blanks as signs, nothing taken for mathematics."""
    return {" ": "␣", "\t": "⇥", "$": r"\$"}.get(symbol, symbol)


def _table(shade: npt.NDArray[Any], labels: tuple[str, ...], text: Callable[[int, int], str]) -> Figure:
    """A square of cells, shaded by value and each with its own text; row = first symbol."""
    V = len(labels)
    side = max(4.0, _CELL_INCHES * V + 1)
    figure = _figure(side, side)
    axes = figure.add_subplot()
    top = float(shade.max()) or 1.0
    axes.imshow(shade, cmap=COLOURS, vmin=0, vmax=top)
    for i in range(V):
        for j in range(V):
            ink = "white" if shade[i, j] < 0.5 * top else "black"
            axes.text(j, i, text(i, j), ha="center", va="center", color=ink, fontsize=8, linespacing=1.3)
    names = [_shown(label) for label in labels]
    axes.set_xticks(np.arange(V), names, fontsize=12)
    axes.set_yticks(np.arange(V), names, fontsize=12)
    axes.tick_params(top=True, labeltop=True, length=0)
    axes.set_xlabel("second symbol", fontsize=13)
    axes.set_ylabel("first symbol", fontsize=13)
    return figure
