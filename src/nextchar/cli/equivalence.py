"""The command `equivalence`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from nextchar.cli._options import graphemes_option, input_options, json_option, text_options, text_options_from
from nextchar.cli._output import echo, echo_json, print_table
from nextchar.cli._targets import check_target

if TYPE_CHECKING:
    from nextchar.data.format import Format

__all__ = ["equivalence"]


@click.command(short_help="Counting and the bigram net, side by side.")
@click.argument("file", required=False)
@click.option("--plot", "figure", type=click.Path(), metavar="FILE", help="Draw the map from add-k to l2.")
@input_options
@text_options
@graphemes_option
@json_option
def equivalence(
    file: str | None,
    figure: str | None,
    format_: Format,
    lower: bool,
    nfc: bool,
    strip: bool,
    graphemes: bool,
    as_json: bool,
) -> None:
    """Show on FILE (or on the names that ship with the package) that the bigram net learns what counting knows.

    Losses, probabilities and samples of both, and for each add-k the l2 that comes closest to it. Says what holds
    exactly and what nearly.
    """
    from nextchar import plots
    from nextchar.data.corpus import Corpus
    from nextchar.lesson.equivalence import equivalence_report
    from nextchar.models.ngram.counts import count

    if file is None:
        from nextchar.data.datasets import shipped_path

        file, format_ = str(shipped_path()), replace(format_, column=format_.column or "name")
    if figure:
        check_target(figure, (file,), "the picture")
        plots.check_output(figure)
    corpus = Corpus.read(
        [file],
        format_,
        options=text_options_from(lower, nfc, strip, graphemes),
    )
    report = equivalence_report(count(corpus, 2))
    if figure:
        plots.save(plots.smoothing_heat_map(report), figure)
    if as_json:
        echo_json(report.document())
        return
    rows = [
        (entry.name, f"{entry.loss:.6f}", f"{entry.largest_difference:.1e}", " ".join(entry.samples))
        for entry in report.models
    ]
    columns = ["model", "loss", "largest difference", "samples of one stream"]
    print_table(columns, rows, right=columns[1:3])
    columns = ["add k", "closest l2", "KL", "loss of add-k", "loss of the net"]
    entries = [
        (f"{e.add:g}", f"{e.l2:.3g}", f"{e.divergence:.6f}", f"{e.add_loss:.6f}", f"{e.net_loss:.6f}")
        for e in report.map
    ]
    print_table(columns, entries, right=columns)
    for title, sentences in (("Exactly", report.exact), ("Nearly", report.approximate)):
        echo(f"{title}:")
        for sentence in sentences:
            echo(f"  - {sentence}")
