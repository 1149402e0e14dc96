"""The command `plot`."""

from __future__ import annotations

from typing import NamedTuple

import click

from nextchar.cli._options import model_argument
from nextchar.cli._targets import check_target

__all__ = ["Figure", "layers", "plot"]

output_option = click.option(
    *("-o", "--output"),
    required=True,
    type=click.Path(),
    metavar="FILE",
    help="A .png or .svg file; - for a PNG on standard output.",
)


@click.group(short_help="Draw a model.")
def plot() -> None:
    """Draw a model to a PNG or SVG file."""


class Figure(NamedTuple):
    """A command that draws one figure of a model.

    Attributes:
        name: of the command.
        draws: the function in `plots`.
        short: the help in the list of commands.
        help: the help of its own.
        word: whether it takes a WORD beside the model.
    """

    name: str
    draws: str
    short: str
    help: str
    word: bool = False


FIGURES = (
    Figure(
        "counts",
        "counts",
        "The table of bigram counts.",
        "Draw the counts of MODEL as a table: each bigram with its count, row = first symbol.",
    ),
    Figure(
        "probs",
        "probabilities",
        "The table of bigram probabilities.",
        "Draw p(next symbol | symbol) of MODEL as a table, in percent; every row sums to 100.",
    ),
    Figure(
        "surprisal",
        "surprisal",
        "How surprising each symbol of a word is.",
        "Draw a bar for each symbol of WORD: -log p in nats, as MODEL has it.",
        word=True,
    ),
    Figure(
        "training",
        "training",
        "How the loss fell in training.",
        "Draw the training curve of MODEL, a net or a mix: loss by step; for a bigram-net also the loss of the counts.",
    ),
    Figure(
        "weights",
        "weights",
        "What a net learned, beside the counts.",
        "Draw exp(W) of MODEL, a bigram-net, each row normalised, beside the count model's probabilities.",
    ),
    Figure(
        "onehot",
        "one_hot_rows",
        "A word as a net reads it.",
        "Draw the one-hot rows of WORD in the alphabet of MODEL.",
        word=True,
    ),
    Figure(
        "updates",
        "updates",
        "How far each step moved a net.",
        "Draw how far one step moved each matrix of MODEL, a net, in parts of its size, over the training.",
    ),
    Figure(
        "embedding",
        "embedding",
        "How a net arranges the symbols.",
        "Draw the symbols where MODEL, a net, has them: the first two principal components of its embedding.",
    ),
    Figure(
        "attention",
        "attention",
        "Where a Transformer looks.",
        "Draw for each layer and head of MODEL how much each symbol of WORD takes from each before it.",
        word=True,
    ),
)


def _command(figure: Figure) -> click.Command:
    def draw(model: str, output: str, word: str | None = None) -> None:
        from nextchar import plots
        from nextchar.models.registry import load

        check_target(output, (model,), "the picture")
        plots.check_output(output)
        words = () if word is None else (word,)
        plots.save(getattr(plots, figure.draws)(load(model), *words), output)

    draw = output_option(draw)
    if figure.word:
        draw = click.argument("word")(draw)
    return click.command(figure.name, short_help=figure.short, help=figure.help)(model_argument(draw))


for _figure in FIGURES:
    plot.add_command(_command(_figure))


@plot.command(short_help="Activations and gradients of a net.")
@model_argument
@click.argument("file", required=False)
@output_option
def layers(model: str, file: str | None, output: str) -> None:
    """Draw what each layer of MODEL, a net, puts out on the items of FILE, and the gradients of its matrices.

    Without FILE, items that the model writes itself.
    """
    from nextchar import plots
    from nextchar.data.corpus import Corpus
    from nextchar.models.registry import load

    check_target(output, (model, *([] if file is None else [file])), "the picture")
    plots.check_output(output)
    loaded = load(model)
    items = None
    if file is not None:
        items = Corpus.from_file(file, options=loaded.provenance.options, alphabet=loaded.alphabet)
    plots.save(plots.layers(loaded, items), output)
