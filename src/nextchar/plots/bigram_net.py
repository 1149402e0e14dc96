"""Figures of the bigram net: how it learns, what it learned beside the counts, and what it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nextchar.automata.automaton_model import rows_of
from nextchar.core.model import Model
from nextchar.data.display import thousands
from nextchar.errors import SettingsError
from nextchar.lesson.equivalence import Equivalence
from nextchar.models.neural.bigram.model import BigramNetModel, one_hot
from nextchar.models.ngram.model import Ngram
from nextchar.plots.canvas import (
    INK,
    LONGEST_WORD,
    SECOND_INK,
    canvas,
    check_size,
    fit_layout,
    shade_table,
    shown,
    style,
)
from nextchar.plots.nets import learning

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["one_hot_rows", "smoothing_heat_map", "training", "weights"]


def training(model: Model) -> Figure:
    """How the loss fell while a net learned; for the bigram net with the loss of the counts as the line to reach.

    Raises:
        SettingsError: the model has no training curve.
    """
    if not isinstance(model, BigramNetModel) or not model.metrics.curve:
        return learning(model)
    curve = model.metrics.curve
    steps = [point.step or 0 for point in curve]
    limit = Ngram(order=2, add=0).from_counts(model.counts).nats_of_counts() / model.counts.total
    with style():
        figure = canvas(7, 4.4)
        axes = figure.add_subplot()
        marker = "." if len(curve) < 30 else ""
        objective, loss = [point.objective for point in curve], [point.train_nats for point in curve]
        axes.plot(steps, objective, color=SECOND_INK, linestyle="--", marker=marker, label="loss with L2")
        axes.plot(steps, loss, color=INK, marker=marker, label="loss on the data")
        axes.axhline(limit, color="#6b6b6b", linestyle=":", label=f"counting, unsmoothed: {limit:.4f}")
        axes.set_xlabel("step")
        axes.set_ylabel("nats per symbol")
        axes.set_title(
            f"{model.settings.solver}: {curve[-1].train_nats:.4f} after {thousands(steps[-1], 'step')}", pad=12
        )
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
        fit_layout(figure)
    return figure


def weights(model: Model) -> Figure:
    """exp(W), each row normalised, beside the count model's probabilities, in percent.

    Warns:
        UserWarning: no installed font has some of the characters; they are shown by their code points.

    Raises:
        SettingsError: the model is no bigram net, or has more than 128 symbols.
    """
    if not isinstance(model, BigramNetModel):
        raise SettingsError("only a net of one layer has weights to draw: the model bigram-net")
    check_size(model)
    net = rows_of(model)
    counted = rows_of(Ngram(order=2, add=0).from_counts(model.counts))
    top = float(np.sqrt(max(net.max(), counted.max())))
    V, names = model.alphabet.size, shown(model.alphabet.symbols)
    with style():
        figure = canvas(max(12.0, 0.8 * V), max(6.0, 0.4 * V + 1))
        left, right = figure.subplots(1, 2)
        loss = model.training_nats() / model.counts.total
        for axes, rows, title in (
            (left, net, f"exp(W), rows normalised: {loss:.4f} nats per symbol"),
            (right, counted, f"counts, rows normalised; largest difference {np.abs(net - counted).max():.4f}"),
        ):
            shade_table(axes, np.sqrt(rows), names, top)
            axes.set_title(title, pad=14)
            axes.set_xlabel("second symbol")
            axes.set_ylabel("first symbol")
        fit_layout(figure)
    return figure


def one_hot_rows(model: Model, word: str) -> Figure:
    """What the layer reads for a word: a row for each symbol, with a single 1.

    Warns:
        UserWarning: no installed font has some of the characters; they are shown by their code points.

    Raises:
        SettingsError: the word is empty or longer than 100 characters, or the model has more than 128 symbols.
        UnknownSymbolError: the model does not know a character of the word.
    """
    check_size(model)
    word = model.provenance.options.apply(word)
    if not 0 < len(word) <= LONGEST_WORD:
        raise SettingsError(f"the word has {len(word):,} characters; from 1 to {LONGEST_WORD} are drawn")
    rows = one_hot(model.alphabet, word)
    columns = shown(model.alphabet.symbols)
    ids = rows.argmax(axis=1)
    with style():
        figure = canvas(max(6.0, 0.36 * rows.shape[1] + 1), max(2.4, 0.36 * len(rows) + 1.4))
        axes = figure.add_subplot()
        shade_table(axes, rows, columns, 1.0, rows=[columns[i] for i in ids])
        for row, column in enumerate(ids):
            axes.text(column, row, "1", ha="center", va="center", color="black", fontsize=11)
        axes.set_xlabel("input of the layer")
        axes.set_ylabel("symbol read")
        axes.set_title(f"{word}: {rows.shape[0]} x {rows.shape[1]}, one 1 in each row", pad=14)
        fit_layout(figure)
    return figure


def smoothing_heat_map(report: Equivalence) -> Figure:
    """For each add-k the l2 whose optimum lies closest to it, and how close that is."""
    entries = report.map
    adds = [entry.add for entry in entries]
    with style():
        figure = canvas(7, 6)
        above, below = figure.subplots(2, 1, sharex=True)
        above.loglog(adds, [entry.l2 for entry in entries], color=INK, marker="o")
        above.set_ylabel("closest l2")
        above.set_title("Added counts and L2: two ways to the uniform model", pad=12)
        below.semilogx(adds, [entry.divergence for entry in entries], color=SECOND_INK, marker="s")
        below.set_ylabel("KL between them, nats per symbol")
        below.set_xlabel("k, added to every count")
        for axis in (above.yaxis, below.xaxis):
            axis.set_major_formatter(lambda value, _: f"{value:g}")
        for axes in (above, below):
            axes.spines[["top", "right"]].set_visible(False)
            axes.grid(alpha=0.25)
        fit_layout(figure)
    return figure
