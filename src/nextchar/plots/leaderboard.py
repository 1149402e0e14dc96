"""The figure of a leaderboard: loss against the time of training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nextchar.plots.canvas import INK, SECOND_INK, canvas, fit_layout, style
from nextchar.tasks.leaderboard import Entry

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["leaderboard"]


def leaderboard(results: Sequence[Entry]) -> Figure:
    """Held-out nats per symbol against seconds of training, each model numbered by rank; lower left is best.

    A cross is a mark of others; adaptive models learned from the texts as they were measured.
    """
    ranked = sorted(results, key=lambda result: result.nats_per_symbol)
    with style():
        figure = canvas(9, max(4.4, 0.22 * len(ranked) + 1))
        axes, names = figure.subplots(1, 2, width_ratios=[3, 2])
        names.axis("off")
        for rank, result in enumerate(ranked, start=1):
            colour = SECOND_INK if result.model == "ngram" else INK
            marker = "x" if result.outside else "o"
            axes.plot(result.seconds, result.nats_per_symbol, marker=marker, markersize=5, color=colour)
            axes.annotate(
                str(rank), (result.seconds, result.nats_per_symbol), xytext=(0, 5), textcoords="offset points",
                fontsize=9, ha="center",
            )  # fmt: skip
            height = 1 - (rank - 0.5) / len(ranked)
            names.text(0.08, height, f"{rank}", ha="right", va="center", color=colour, fontweight="bold")
            names.text(0.13, height, f"{result.nats_per_symbol:.4f}  {_named(result)}", va="center", fontsize=9)
        axes.set_xscale("log")
        axes.margins(0.08)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_xlabel("seconds of training")
        axes.set_ylabel("nats per symbol, items held out")
        axes.spines[["top", "right"]].set_visible(False)
        fit_layout(figure)
    return figure


def _named(result: Entry) -> str:
    told = result.adaptive and "adaptive" not in result.name
    return f"{result.name}, adaptive" if told else result.name
