"""Figures of models, as PNG or SVG."""

from __future__ import annotations

from nextchar.plots.bigram_net import one_hot_rows, smoothing_heat_map, training, weights
from nextchar.plots.bigram_tables import counts, probabilities, surprisal
from nextchar.plots.canvas import check_output, save
from nextchar.plots.leaderboard import leaderboard
from nextchar.plots.nets import attention, embedding, layers, updates

__all__ = [
    "attention",
    "check_output",
    "counts",
    "embedding",
    "layers",
    "leaderboard",
    "one_hot_rows",
    "probabilities",
    "save",
    "smoothing_heat_map",
    "surprisal",
    "training",
    "updates",
    "weights",
]
