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
    from nextchar import plots
    from nextchar.models.build import load

    plots.check_output(output)
    with warnings_as_notes():
        plots.save(plots.counts(load(model)), output)


@plot.command(short_help="The table of bigram probabilities.")
@model_argument
@output_option
def probs(model: str, output: str) -> None:
    """Draw p(next symbol | symbol) of MODEL as a table, in percent; every row sums to 100."""
    from nextchar import plots
    from nextchar.models.build import load

    plots.check_output(output)
    with warnings_as_notes():
        plots.save(plots.probabilities(load(model)), output)


@plot.command(short_help="How surprising each symbol of a word is.")
@model_argument
@click.argument("word")
@output_option
def surprisal(model: str, word: str, output: str) -> None:
    """Draw a bar for each symbol of WORD: -log p in nats, as MODEL has it."""
    from nextchar import plots
    from nextchar.models.build import load

    plots.check_output(output)
    with warnings_as_notes():
        plots.save(plots.surprisal(load(model), word), output)
