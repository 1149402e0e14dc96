"""Figures of counts and probabilities: the table of pairs, and the surprisal of a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nextchar.core.model import Model
from nextchar.errors import SettingsError
from nextchar.models.ngram.model import NgramModel
from nextchar.plots.canvas import INK, LONGEST_WORD, canvas, check_size, fit_layout, joined, pair_table, shown, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["counts", "probabilities", "surprisal"]


def counts(model: Model) -> Figure:
    """The lecture's figure: a cell for each pair of symbols, with the pair and how often it occurs.

    A model of a higher order shows how often each symbol follows the one before it, summed over what came earlier.

    Warns:
        UserWarning: no installed font has some of the characters; they are shown by their code points.

    Raises:
        SettingsError: the model is not made of counts, has order 1, or more than 128 symbols.
    """
    if not isinstance(model, NgramModel) or model.settings.order < 2:
        raise SettingsError("only a count model of order 2 or more has a table of pairs to draw")
    check_size(model)
    pairs = np.zeros((model.alphabet.size,) * 2, dtype=np.int64)
    np.add.at(pairs, tuple(model.counts.ngrams[:, -2:].astype(np.intp).T), model.counts.counts)
    title = f"How often the second symbol follows the first; {pairs.sum():,} pairs"
    return pair_table(np.sqrt(pairs), model.alphabet.symbols, lambda i, j: str(pairs[i, j]), title)


def probabilities(model: Model) -> Figure:
    """The table of p(second symbol | first symbol), in percent.

    Warns:
        UserWarning: no installed font has some of the characters; they are shown by their code points.

    Raises:
        SettingsError: the model looks back more than one symbol, or has more than 128 symbols.
    """
    if model.context_length != 1:
        raise SettingsError("a table of pairs shows only models that look back one symbol, such as bigram")
    check_size(model)
    V = model.alphabet.size
    ids = np.stack([np.zeros(V, dtype=model.alphabet.dtype), np.arange(V, dtype=model.alphabet.dtype)], axis=1)
    probs = np.exp(model.log_probs(ids)[:, 1])

    def percent(i: int, j: int) -> str:
        return f"{100 * probs[i, j]:.2f}" if probs[i, j] else "0"

    title = "Probability in percent of the second symbol after the first"
    return pair_table(np.sqrt(probs), model.alphabet.symbols, percent, title)


def surprisal(model: Model, word: str) -> Figure:
    """A bar for each symbol of a word: -log p in nats, with the mean and the loss of a uniform model.

    Warns:
        UserWarning: no installed font has some of the characters; they are shown by their code points.

    Raises:
        SettingsError: the word is blank, or longer than 100 characters.
        UnknownSymbolError: the model does not know a character of the word.
    """
    if not word.strip():
        raise SettingsError("the word is blank; give one with at least one character")
    if len(word) > LONGEST_WORD:
        raise SettingsError(f"the word has {len(word):,} characters; at most {LONGEST_WORD} are drawn")
    symbols, nats = zip(*model.surprisal(word), strict=True)
    names = shown(symbols)
    heights = np.array(nats)
    infinite = ~np.isfinite(heights)
    uniform = float(np.log(model.alphabet.size))
    ceiling = 1.15 * max(float(heights[~infinite].max(initial=0.0)), uniform)
    at = np.arange(len(symbols))
    with style():
        figure = canvas(max(6.0, 0.62 * len(symbols) + 1), 4.2)
        axes = figure.add_subplot()
        axes.bar(at[~infinite], heights[~infinite], color=INK)
        if infinite.any():
            axes.bar(at[infinite], ceiling, color="white", edgecolor=INK, hatch="//", label="impossible")
        for x, value in zip(at, heights, strict=True):
            text = f"{value:.2f}" if np.isfinite(value) else "∞"
            axes.annotate(
                text,
                (x, min(value, ceiling)),
                xytext=(0, 2.5),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontsize=10,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},  # the lines pass behind the numbers
            )
        axes.axhline(uniform, color="#6b6b6b", linestyle=":", zorder=0.5, label=f"all symbols alike: {uniform:.4f}")
        if not infinite.any():
            mean = heights.mean()
            axes.axhline(mean, color="#b8860b", linestyle="--", zorder=0.5, label=f"mean: {mean:.4f}")
        axes.set_xticks(at, names, fontsize=13 if max(map(len, names)) == 1 else 8)
        axes.set_xlim(-0.7, len(at) - 0.3)
        axes.set_ylim(0, ceiling * 1.12)
        axes.set_xlabel(f"symbol; {names[-1]} is the end")
        axes.set_ylabel("surprisal, nats")
        total = "∞" if infinite.any() else f"{heights.sum():.4f}"
        axes.set_title(f"{joined(names[:-1])}: {total} nats", pad=12)
        axes.spines[["top", "right"]].set_visible(False)
        figure.legend(loc="outside lower center", ncols=2, frameon=False)
        fit_layout(figure)
    return figure
