"""The command `plot`."""

from __future__ import annotations

import click

from nextchar.cli._options import model_argument
from nextchar.cli._run import warnings_as_notes

__all__ = ["plot"]

output_option = click.option(
    "-o", "--output", required=True, type=click.Path(), metavar="FILE", help="A .png or .svg file."
)


@click.group(short_help="Draw a model.")
def plot() -> None:
    """Draw a model to a PNG or SVG file."""


@plot.command(short_help="The table of bigram counts.")
@model_argument
@output_option
def counts(model: str, output: str) -> None:
    """Draw the counts of MODEL as a table: each bigram with its count, row = first symbol."""
    _draw("counts", model, output)


@plot.command(short_help="The table of bigram probabilities.")
@model_argument
@output_option
def probs(model: str, output: str) -> None:
    """Draw p(next symbol | symbol) of MODEL as a table, in percent; every row sums to 100."""
    _draw("probabilities", model, output)


@plot.command(short_help="How surprising each symbol of a word is.")
@model_argument
@click.argument("word")
@output_option
def surprisal(model: str, word: str, output: str) -> None:
    """Draw a bar for each symbol of WORD: -log p in nats, as MODEL has it."""
    _draw("surprisal", model, output, word)


@plot.command(short_help="How the loss of a net fell.")
@model_argument
@output_option
def training(model: str, output: str) -> None:
    """Draw the training log of MODEL, a net: loss by step; for a bigram-net also what counting costs."""
    _draw("training", model, output)


@plot.command(short_help="What a net learned, beside the counts.")
@model_argument
@output_option
def weights(model: str, output: str) -> None:
    """Draw exp(W) of MODEL, a bigram-net, each row normalised, beside the count model's probabilities."""
    _draw("weights", model, output)


@plot.command(short_help="A word as a net reads it.")
@model_argument
@click.argument("word")
@output_option
def onehot(model: str, word: str, output: str) -> None:
    """Draw the one-hot rows of WORD in the alphabet of MODEL."""
    _draw("one_hot_rows", model, output, word)


@plot.command(short_help="How far each step moved a net.")
@model_argument
@output_option
def updates(model: str, output: str) -> None:
    """Draw how far one step moved each matrix of MODEL, a net, in parts of its size, over the training."""
    _draw("updates", model, output)


@plot.command(short_help="How a net arranges the symbols.")
@model_argument
@output_option
def embedding(model: str, output: str) -> None:
    """Draw the symbols where MODEL, a net, has them: the first two principal components of its embedding."""
    _draw("embedding", model, output)


@plot.command(short_help="Where a Transformer looks.")
@model_argument
@click.argument("word")
@output_option
def attention(model: str, word: str, output: str) -> None:
    """Draw for each layer and head of MODEL how much each symbol of WORD takes from each before it."""
    _draw("attention", model, output, word)


@plot.command(short_help="Activations and gradients of a net.")
@model_argument
@click.argument("file", required=False)
@output_option
def layers(model: str, file: str | None, output: str) -> None:
    """Draw what each layer of MODEL, a net, puts out on the items of FILE, and the gradients of its matrices.

    Without FILE, items that the model writes itself.
    """
    from nextchar import plots
    from nextchar.corpus import Corpus
    from nextchar.models.build import load

    plots.check_output(output)
    loaded = load(model)
    items = None
    if file is not None:
        items = Corpus.from_file(file, options=loaded.provenance.options, alphabet=loaded.alphabet)
    with warnings_as_notes():
        plots.save(plots.layers(loaded, items), output)


def _draw(figure: str, model: str, output: str, *arguments: str) -> None:
    from nextchar import plots
    from nextchar.models.build import load

    plots.check_output(output)
    with warnings_as_notes():
        plots.save(getattr(plots, figure)(load(model), *arguments), output)
