"""The command `compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nextchar.cli._options import (
    documents_options,
    graphemes_option,
    held_out_options,
    input_options,
    json_option,
    split_name,
    text_options,
    text_options_from,
)
from nextchar.cli._output import echo_json, note, print_table
from nextchar.cli._progress import training_progress
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
    type=split_name,
    metavar="NAME",
    help="How to divide the items into training, validation and test; see train.  [default: distinct; with --text "
    "tail:0.1,0.1]",
)
@held_out_options
@click.option("--seed", type=int, metavar="S", help="Of the split.  [default: 0]")
@click.option(
    "--part",
    type=click.Choice(["test", "validation"]),
    help="The items to measure by.  [default: test, where there is such a part]",
)
@click.option("--seconds", type=float, metavar="X", help="Also train the mix and the nets, each for so long.")
@click.option("--models", metavar="A,B", help="Only these kinds of model.")
@click.option("--plot", "figure", type=click.Path(), metavar="FILE", help="Draw loss against time to a .png or .svg.")
@input_options
@text_options
@graphemes_option
@documents_options
@json_option
def compare(
    files: tuple[str, ...],
    division: str | None,
    validation: tuple[str, ...],
    test: tuple[str, ...],
    seed: int | None,
    part: str | None,
    seconds: float | None,
    models: str | None,
    figure: str | None,
    format_: Format,
    lower: bool,
    nfc: bool,
    strip: bool,
    graphemes: bool,
    documents: bool,
    separator: str | None,
    as_json: bool,
) -> None:
    """Train models of all kinds on part of the FILEs' items, measure them on another part, and print a leaderboard.

    With --text each FILE is one text, of which the models learn the beginning and are measured on the end. Those that
    are adaptive learn from it as they read it. So does ppmd, which is none of ours: the compressor PPMd as a mark (its
    bits are what the end adds to the compressed beginning; its order is chosen on the beginning).

    Columns: nats and bits per symbol of that part; nats per symbol of its items that are new, not in the training
    part, or with --text how it was read; size of the model's file; seconds of training; millions of symbols scored a
    second. Ctrl-C ends the comparison; what is known by then is printed.
    """
    if seconds is not None and not seconds > 0:
        raise click.UsageError(f"--seconds takes a number above 0, not {seconds:g}.")
    from nextchar.data.corpus import Corpus
    from nextchar.data.datasets import are_texts
    from nextchar.data.splits import TAILS, split, split_of_files
    from nextchar.tasks.leaderboard import OUTSIDE, candidates, outside_entry
    from nextchar.tasks.leaderboard import compare as run

    documents = documents or (separator is None and are_texts(files))
    running = documents and separator is None
    if division is not None and (validation or test):
        raise click.UsageError(f"--split {division} goes without --{'validation' if validation else 'test'}.")
    by_tails = division is None and running
    if seed is not None and (validation or test or by_tails or division not in (None, "distinct")):
        raise click.UsageError(f"--seed {seed} would change nothing: it is that of --split distinct.")
    wanted = () if models is None else tuple(name.strip() for name in models.split(","))
    _check_names(wanted, running)
    if figure is not None:
        from nextchar.plots import check_output

        check_target(figure, files, "the picture")
        check_output(figure)
    ours = tuple(name for name in wanted if name != OUTSIDE)
    weighted = format_.weight is not None
    field = candidates(seconds, ours, texts=running, weighted=weighted) if ours or not wanted else []
    marked = running and (not wanted or OUTSIDE in wanted) and _has_mark(bool(wanted))
    if not field and not marked:
        raise click.UsageError("--models: these models take part with --seconds only.")
    corpus = Corpus.read(
        files,
        format_,
        options=text_options_from(lower, nfc, strip, graphemes, documents, separator),
    )
    if validation or test:
        division, parts = "files", split_of_files(corpus, format_, validation, test)
    else:
        division = division or (TAILS if corpus.whole_texts else "distinct")
        parts = split(corpus, division, seed=seed or 0)
    if part is None and not len(parts.test):
        note("Note: measured on the validation part, by which some models choose settings; a test part is more honest.")
    part = part or ("test" if len(parts.test) else "validation")
    if not len(getattr(parts, part)):
        raise click.UsageError(f"--part {part}: there is no such part; the split is {division}.")
    if parts.note:
        note(f"Note: {parts.note}.")
    results: list[Entry] = []
    interrupted: KeyboardInterrupt | None = None
    with training_progress() as progress:
        try:
            for result in run(field, parts, part=part, progress=progress):
                results.append(result)  # noqa: PERF402 - kept one by one, as an interruption may come
            if marked:
                results.append(outside_entry(parts, part=part))
        except KeyboardInterrupt as interrupt:
            interrupted = interrupt
    results.sort(key=lambda result: result.nats_per_symbol)
    if as_json:
        echo_json({"split": division, "part": part, "results": [result.document() for result in results]})
    else:
        _print(results, running)
    if figure is not None and results:
        from nextchar.plots import leaderboard, save

        save(leaderboard(results), figure)
    if interrupted is not None:
        raise interrupted


def _check_names(wanted: tuple[str, ...], running: bool) -> None:
    """See that the models that are named take part."""
    from nextchar.models.registry import MODELS
    from nextchar.tasks.leaderboard import OUTSIDE

    compared = [row.name for row in MODELS.values() if (row.text_candidates if running else row.candidates)]
    compared += [OUTSIDE] if running else []
    for name in wanted:
        if name in compared:
            continue
        if name in MODELS or name == OUTSIDE:
            what = "texts" if running else "lists"
            raise click.UsageError(
                f"--models: {name} takes no part in comparisons of {what}; choose from {', '.join(compared)}."
            )
        raise click.UsageError(f"--models: there is no model {name!r}; choose from {', '.join(compared)}.")


def _has_mark(asked: bool) -> bool:
    """Whether the package is there that gives the outside mark; it need not be, unless one asks for it."""
    from nextchar.errors import MissingExtraError
    from nextchar.extras import need_extra
    from nextchar.tasks.outside_mark import EXTRA

    try:
        need_extra(EXTRA, "a comparison with PPMd")
    except MissingExtraError as missing:
        if asked:
            raise
        note(f"Note: {missing}.")
        return False
    return True


def _print(results: list[Entry], running: bool) -> None:
    """The table: of texts with a word on who learns as it reads, of lists with the loss on new items."""
    middle = "reading" if running else "new"
    columns = ["model", "nats", middle, "bits", "MB", "train s", "score M/s"]
    print_table(
        columns,
        (
            [
                result.name,
                f"{result.nats_per_symbol:.4f}",
                ("adaptive" if result.adaptive else "static") if running else _new(result),
                f"{result.bits_per_symbol:.4f}",
                f"{result.size_bytes / 1e6:.2f}",
                f"{result.seconds:.2f}",
                f"{result.symbols_per_second / 1e6:.3g}",
            ]
            for result in results
        ),
        right=columns[1:],
    )


def _new(result: Entry) -> str:
    return "" if result.new_nats_per_symbol is None else f"{result.new_nats_per_symbol:.4f}"
