"""The command `plot`."""

from __future__ import annotations

from typing import NamedTuple

import click

from nextchar.cli._options import is_file_name, model_argument
from nextchar.cli._output import note
from nextchar.cli._targets import check_target

__all__ = ["Figure", "layers", "plot", "surprisal"]

output_option = click.option(
    *("-o", "--output"),
    required=True,
    type=click.Path(),
    metavar="FILE",
    help="A .png or .svg file; - for a PNG on standard output.",
)


@click.group(short_help="Draw a model.")
def plot() -> None:
    """Draw a model to a PNG or SVG file, or a text as a page."""


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


@plot.command(short_help="How surprising each symbol of a word or a text is.")
@model_argument
@click.argument("text", metavar="FILE | WORD")
@click.option(
    "--lines",
    type=click.IntRange(min=1),
    metavar="N",
    help="Of FILE: the first N lines.  [default: of a picture 40; of a page all, up to 200,000 symbols]",
)
@click.option(
    *("-o", "--output"),
    required=True,
    type=click.Path(),
    metavar="FILE",
    help="A .png or .svg file, or of a FILE also a page, .html; - for a PNG on standard output.",
)
def surprisal(model: str, text: str, lines: int | None, output: str) -> None:
    """Show how surprising each symbol is to MODEL: of FILE as the colour of its characters, of WORD as bars.

    A page says the bits of each character where the pointer is, and those of each line beside it. FILE is read as the
    model's training data was: as a text, or as a list with an item on each line.
    """
    from pathlib import Path

    from nextchar import plots
    from nextchar.data.corpus import Corpus
    from nextchar.models.registry import load

    is_file = is_file_name(text) and not Path(text).is_dir()
    check_target(output, (model, *([text] if is_file else [])), "the picture")
    plots.check_output(output, page=is_file)
    if lines is not None and not is_file:
        raise click.UsageError(f"--lines goes with a FILE; {text} is a word.")
    loaded = load(model)
    if not is_file:
        plots.save(plots.surprisal(loaded, text), output)
        return
    found = Corpus.from_file(text, options=loaded.provenance.options, alphabet=loaded.alphabet)
    if Path(output).suffix.lower() != ".html":
        plots.save(plots.surprisal_of_text(loaded, found, lines=lines or plots.LINES), output)
    elif not plots.save_surprisal_page(loaded, found, output, title=Path(text).name, lines=lines):
        note(f"Note: {output} shows the beginning of the text.")
