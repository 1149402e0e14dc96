"""Figures of models, as PNG or SVG, and a text as a page."""

from __future__ import annotations

from nextchar.plots.bigram_net import one_hot_rows, smoothing_heat_map, training, weights
from nextchar.plots.bigram_tables import counts, probabilities, surprisal
from nextchar.plots.canvas import check_output, save
from nextchar.plots.leaderboard import leaderboard
from nextchar.plots.nets import attention, embedding, layers, updates
from nextchar.plots.surprisal_page import save_surprisal_page
from nextchar.plots.surprisal_picture import LINES, surprisal_of_text

__all__ = [
    "LINES",
    "attention",
    "check_output",
    "counts",
    "embedding",
    "layers",
    "leaderboard",
    "one_hot_rows",
    "probabilities",
    "save",
    "save_surprisal_page",
    "smoothing_heat_map",
    "surprisal",
    "surprisal_of_text",
    "training",
    "updates",
    "weights",
]
