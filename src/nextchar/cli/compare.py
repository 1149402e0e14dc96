"""The command `compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nextchar.cli._options import graphemes_option, input_options, json_option, text_options, text_options_from
from nextchar.cli._output import echo_json, note, print_table, training_progress
from nextchar.cli._targets import check_target

if TYPE_CHECKING:
    from nextchar.data.format import Format
    from nextchar.tasks.leaderboard import Entry

__all__ = ["compare"]


@click.command(short_help="Train many models on one list and rank them.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--split",
    "division",
    type=click.Choice(["distinct", "eurekalabs", "lecture"]),
    default="distinct",
    show_default=True,
    help="How to divide the items into training, validation and test; see train.",
)
@click.option("--seed", type=int, default=0, show_default=True, metavar="S", help="Of the split.")
@click.option(
    "--part",
    type=click.Choice(["test", "validation"]),
    default="test",
    show_default=True,
    help="The items to measure by.",
)
@click.option("--seconds", type=float, metavar="X", help="Also train the mix and the nets, each for so long.")
@click.option("--models", metavar="A,B", help="Only these kinds of model.")
@click.option("--plot", "figure", type=click.Path(), metavar="FILE", help="Draw loss against time to a .png or .svg.")
@input_options
@text_options
@graphemes_option
@json_option
def compare(
    files: tuple[str, ...],
    division: Any,
    seed: int,
    part: str,
    seconds: float | None,
    models: str | None,
    figure: str | None,
    format_: Format,
    lower: bool,
    nfc: bool,
    strip: bool,
    graphemes: bool,
    as_json: bool,
) -> None:
    """Train models of all kinds on part of the FILEs' items, measure them on another part, and print a leaderboard.

    Columns: nats and bits per symbol of that part; nats per symbol of its items that are new, not in the training
    part; size of the model's file; seconds of training; millions of symbols scored a second. Ctrl-C ends the
    comparison; what is known by then is printed.
    """
    if seconds is not None and not seconds > 0:
        raise click.UsageError(f"--seconds takes a number above 0, not {seconds:g}.")
    from nextchar.data.corpus import Corpus
    from nextchar.data.splits import split
    from nextchar.models.registry import MODELS
    from nextchar.tasks.leaderboard import candidates
    from nextchar.tasks.leaderboard import compare as run

    wanted = () if models is None else tuple(name.strip() for name in models.split(","))
    compared = {row.name: row for row in MODELS.values() if row.candidates}
    for name in wanted:
        if name not in MODELS:
            raise click.UsageError(f"--models: there is no model {name!r}; choose from {', '.join(compared)}.")
        if name not in compared:
            raise click.UsageError(f"--models: {name} takes no part in comparisons; choose from {', '.join(compared)}.")
    if figure is not None:
        from nextchar.plots import check_output

        check_target(figure, files, "the picture")
        check_output(figure)
    field = candidates(seconds, wanted)
    if not field:
        raise click.UsageError("--models: these models take part with --seconds only.")
    corpus = Corpus.read(
        files,
        format_,
        options=text_options_from(lower, nfc, strip, graphemes),
    )
    parts = split(corpus, division, seed=seed)
    if parts.note:
        note(f"Note: {parts.note}.")
    results: list[Entry] = []
    interrupted: KeyboardInterrupt | None = None
    with training_progress() as progress:
        try:
            for result in run(field, parts, part=part, progress=progress):
                results.append(result)  # noqa: PERF402 - kept one by one, as an interruption may come
        except KeyboardInterrupt as interrupt:
            interrupted = interrupt
    results.sort(key=lambda result: result.nats_per_symbol)
    if as_json:
        echo_json({"split": division, "part": part, "results": [result.document() for result in results]})
    else:
        _print(results)
    if figure is not None and results:
        from nextchar.plots import leaderboard, save

        save(leaderboard(results), figure)
    if interrupted is not None:
        raise interrupted


def _print(results: list[Entry]) -> None:
    columns = ["model", "nats", "new", "bits", "MB", "train s", "score M/s"]
    print_table(
        columns,
        (
            [
                result.name,
                f"{result.nats_per_symbol:.4f}",
                "" if result.new_nats_per_symbol is None else f"{result.new_nats_per_symbol:.4f}",
                f"{result.bits_per_symbol:.4f}",
                f"{result.size_bytes / 1e6:.2f}",
                f"{result.seconds:.2f}",
                f"{result.symbols_per_second / 1e6:.3g}",
            ]
            for result in results
        ),
        right=columns[1:],
    )
