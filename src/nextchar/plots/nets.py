"""Figures of the nets: how they learn, what goes on in their layers, how they arrange the symbols, where they look.

Most are those of Karpathy's lecture "Building makemore part 3: activations and gradients".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nextchar.core.model import Model
from nextchar.data.corpus import Corpus
from nextchar.errors import SettingsError
from nextchar.plots.canvas import COLOURS, INK, SECOND_INK, canvas, check_size, fit_layout, shown, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["attention", "embedding", "layers", "learning", "updates"]

LONGEST_WORD = 40  # symbols of an attention map
OWN_ITEMS = 512  # that the model writes where none are given
RATIO_TO_AIM_AT = 1e-3  # the lecture's rule of thumb for plain descent


def learning(model: Model) -> Figure:
    """How the loss fell in training: on the training data, and on the validation items where it was measured there.

    Raises:
        SettingsError: the model has no training curve.
    """
    curve = model.metrics.curve
    if not curve:
        raise SettingsError(f"a model of kind {model.kind} has no training curve; those that learn step by step have")
    counted = curve[-1].step is not None  # version 0.1.0 counted a mix's epochs alone
    at = [float(point.step) if point.step is not None else point.epoch for point in curve]
    with style():
        figure = canvas(7, 4.4)
        axes = figure.add_subplot()
        axes.plot(at, [point.train_nats for point in curve], color=INK, marker=".", label="training items")
        held = [(x, p.validation_nats) for x, p in zip(at, curve, strict=True) if p.validation_nats is not None]
        unit = "step" if counted else "epoch"
        title = f"{model.kind}: {at[-1]:,.0f} {unit}s in {curve[-1].seconds:.0f} s"
        if held:
            best = min(held, key=lambda entry: entry[1])
            axes.plot(*zip(*held, strict=True), color=SECOND_INK, linestyle="--", marker=".", label="validation items")
            title += f"; best on validation {best[1]:.4f}, after {best[0]:,.0f}"
        axes.set_xlabel(unit)
        axes.set_ylabel("nats per symbol")
        axes.set_title(title, pad=12)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
        fit_layout(figure)
    return figure


def updates(model: Model) -> Figure:
    """How far one step moved each hidden matrix: norm of the change over norm of the matrix, on a log scale.

    Raises:
        SettingsError: the model is no net.
    """
    points = [(point.step, point.diagnostics) for point in model.metrics.curve if point.diagnostics is not None]
    if not points:
        raise SettingsError(f"a model of kind {model.kind} has no matrices to follow; a net such as transformer has")
    names = list(points[-1][1].update_ratios)
    with style():
        figure = canvas(8, 4.8)
        axes = figure.add_subplot()
        for number, name in enumerate(names):
            ratios = [(step, found.update_ratios[name]) for step, found in points if found.update_ratios.get(name)]
            axes.plot(*zip(*ratios, strict=True), color=_colour(number, len(names)), linewidth=1.2, label=name)
        axes.axhline(RATIO_TO_AIM_AT, color="#6b6b6b", linestyle=":")
        axes.annotate("1/1000", (0, RATIO_TO_AIM_AT), xytext=(2, 3), textcoords="offset points", color="#6b6b6b")
        _log_scale(axes)
        axes.set_xlabel("step")
        axes.set_ylabel("size of a step / size of the matrix")
        axes.set_title("How far one step moves each matrix", pad=12)
        _legend_outside(axes)
        fit_layout(figure)
    return figure


def layers(model: Model, items: Corpus | None = None) -> Figure:
    """What each layer of a net puts out, and the gradients of the loss by its matrices, as histograms.

    Args:
        model: a net.
        items: what it reads; by default 512 items that it writes itself.

    Raises:
        SettingsError: the model is no net, or there are no items to look at.
        UnknownSymbolError: the items have a character that the model does not know.
    """
    from nextchar.core.constraint import Constraint
    from nextchar.core.plan import Plan
    from nextchar.models.neural.diagnostics import inside, net_of

    net = net_of(model)
    own = Constraint(max_length=100)
    found = inside(net, items if items is not None else net.draw(OWN_ITEMS, Plan(seed=1), own).corpus)
    with style():
        figure = canvas(9, 7.6)
        above, below = figure.subplots(2, 1)
        _histograms(above, found.activations, "what the layers put out")
        _histograms(below, found.gradients, "gradients of the loss by the matrices")
        above.set_title(f"Inside the {model.kind}", pad=12)
        fit_layout(figure)
    return figure


def _histograms(axes: Axes, values: Mapping[str, npt.NDArray[Any]], about: str) -> None:
    """One line each, from -w to w, where w holds nearly all of all; the spread of each in the legend."""
    width = max(float(np.quantile(np.abs(array), 0.998)) for array in values.values()) or 1.0
    edges = np.linspace(-width, width, 121)
    for number, (name, array) in enumerate(values.items()):
        density, _ = np.histogram(array, bins=edges, density=True)
        label = f"{name} ± {array.std():.1e}"
        axes.plot((edges[1:] + edges[:-1]) / 2, density, color=_colour(number, len(values)), linewidth=1.2, label=label)
    _log_scale(axes)
    axes.set_xlabel(about)
    axes.set_ylabel("density")
    _legend_outside(axes)


def _log_scale(axes: Axes) -> None:
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")


def _legend_outside(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _colour(number: int, of: int) -> Any:
    import matplotlib as mpl

    return mpl.colormaps[COLOURS](0.9 * number / max(of - 1, 1))


def embedding(model: Model) -> Figure:
    """The symbols in the plane in which a net's embedding of them differs most.

    Warns:
        UserWarning: no installed font has some of the characters; they are shown by their code points.

    Raises:
        SettingsError: the model is no net, or has more than 128 symbols.
    """
    from nextchar.models.neural.diagnostics import embedding_map, net_of

    found = embedding_map(net_of(model))
    check_size(model)
    with style():
        figure = canvas(7, 6.4)
        axes = figure.add_subplot()
        x, y = found.places.T
        axes.scatter(x, y, s=320, color="#e9e4d2", edgecolors=INK, linewidths=0.8)
        for name, across, up in zip(shown(model.alphabet.symbols), x, y, strict=True):
            axes.annotate(name, (across, up), ha="center", va="center", fontsize=11, color=INK)
        axes.set_xlabel(f"first principal component, {found.shares[0]:.0%} of the variance")
        axes.set_ylabel(f"second, {found.shares[1]:.0%}")
        axes.set_title(f"How the {model.kind} arranges the symbols", pad=12)
        axes.set_aspect("equal", adjustable="datalim")
        axes.margins(0.08)
        axes.spines[["top", "right"]].set_visible(False)
        fit_layout(figure)
    return figure


def attention(model: Model, word: str) -> Figure:
    """For each layer and head of a Transformer, how much each symbol of a word takes from each before it.

    Warns:
        UserWarning: no installed font has some of the characters; they are shown by their code points.

    Raises:
        SettingsError: the model is no Transformer, or the word is empty or longer than 40 characters.
        UnknownSymbolError: the model does not know a character of the word.
    """
    from nextchar.models.neural.diagnostics import attention_maps, net_of

    word = model.provenance.options.apply(word)
    if not 0 < len(word) <= LONGEST_WORD:
        raise SettingsError(f"the word has {len(word):,} characters; from 1 to {LONGEST_WORD} are drawn")
    maps = attention_maps(net_of(model), word)
    L, H, T, _ = maps.shape
    names = shown([model.alphabet.boundary_sign, *word])
    side = max(1.6, 0.2 * T)
    with style():
        figure = canvas(H * side + 1, L * side + 1)
        for layer in range(L):
            for head in range(H):
                axes = figure.add_subplot(L, H, layer * H + head + 1)
                axes.imshow(maps[layer, head], cmap=COLOURS, vmin=0, vmax=1)
                axes.set_xticks(range(T), names, fontsize=8)
                axes.set_yticks(range(T), names, fontsize=8)
                axes.tick_params(length=0)
                axes.set_title(f"layer {layer + 1}, head {head + 1}", fontsize=9)
        figure.supxlabel("takes from", fontsize=10)
        figure.supylabel("symbol", fontsize=10)
        figure.suptitle(f"Where the Transformer looks in {word}", fontsize=12)
        fit_layout(figure)
    return figure
