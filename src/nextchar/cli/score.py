"""The commands that look at items: `score` and `evaluate`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Literal

import click

from nextchar.cli._judging import Form, Judge, tell_of
from nextchar.cli._options import (
    adaptive_option,
    after_option,
    client_of,
    cluster_option,
    documents_options,
    file_or_texts,
    input_options,
    json_option,
    model_argument,
    scorer_from,
    texts_argument,
    texts_as_trained,
    unweighted_input_options,
)
from nextchar.cli._output import echo_json, note, print_table
from nextchar.cli._progress import reading_progress
from nextchar.cli._streams import FLAGGED, line_blocks, say_how_to_end, tsv_option, write_rows, written_whole
from nextchar.cli._targets import check_target, output_option
from nextchar.data.display import thousands

if TYPE_CHECKING:
    from nextchar.cli._scored import Best, Scored
    from nextchar.data.format import Format

__all__ = ["evaluate", "score"]


@click.command(short_help="The negative log-likelihood of each item, in nats.")
@model_argument
@texts_argument
@click.option("--most", type=click.IntRange(min=1), metavar="N", help="Only the N most surprising items, per symbol.")
@click.option("--least", type=click.IntRange(min=1), metavar="N", help="Only the N least surprising items.")
@click.option("--flag", is_flag=True, help="Mark odd items with !, by the threshold that calibrate has found.")
@click.option("--flagged-only", is_flag=True, help="Only odd items; the exit code is 3 if there was one.")
@click.option(
    "--rank", is_flag=True, help="Also how many items are at least as probable, counted or (~) estimated by drawing."
)
@click.option(
    "--by",
    type=click.Choice(["symbol", "word", "line", "document"]),
    metavar="UNIT",
    help="Of texts: a row for each symbol, word or line, with all before it as its context.  [default: document]",
)
@click.option("--no-surprisal", is_flag=True, help="With --json: without the nats of each symbol.")
@documents_options
@adaptive_option
@after_option
@output_option("Write the answers there.")
@cluster_option("Score FILEs, each into a file of the same name in the folder of -o, on the workers")
@unweighted_input_options
@tsv_option
@json_option
def score(
    model: str,
    texts: tuple[str, ...],
    most: int | None,
    least: int | None,
    flag: bool,
    flagged_only: bool,
    rank: bool,
    by: Literal["symbol", "word", "line", "document"] | None,
    no_surprisal: bool,
    documents: bool,
    separator: str | None,
    adaptive: bool,
    after: str | None,
    output: str,
    cluster: str | None,
    format_: Format,
    as_tsv: bool,
    as_json: bool,
) -> None:
    """Score every line of FILE (or of standard input), or TEXTs: nats for each symbol, nats in all, and the item.

    There is one line of output for each line of input, in its order. A line that is blank, or that --errors lets
    pass, is no item and has - in place of numbers. Answers come as lines do: `tail -f log | nextchar score MODEL -`
    answers each line at once, and Ctrl-C ends it.

    A MODEL that was trained with --text or --separator reads what it scores in the same way, whether this is said again
    or not: of each FILE, of which there may be several, there is one line of output, or one for each text between
    separators, with the number of its first line; what a TEXT holds is taken as it is. In the table for people the
    beginning of such items is shown.

    With --by there is a row for each symbol, word or line of the texts, and "line" is the one in which it begins. A
    word is a run of letters and digits; what stands between words is a row of its own, and so is the end of a text, an
    empty item. A line is with its line end, the last one with the end of the text. Whatever the unit, the nats add up
    to the same.

    \b
    --json  {"line": from 1, "item", "nats", "symbols", "nats_per_symbol",
            "bits_per_symbol", "perplexity", "surprisal": nats of each symbol,
            the last being the end}, with --flag "flagged", and with --rank
            "rank", "rank_low" and "rank_high" (95% in between), "rank_exact".
            All but line and item are null where there is no result, and
            "error" says why a line was refused. An infinite number is the
            string "inf".
    --tsv   line, item, nats, symbols, nats per symbol, bits per symbol,
            perplexity, with --flag 1 or 0, and with --rank the rank, its low
            and high, and 1 if it is exact; tabs between them, no header line,
            empty where there is no result. In an item a tab, a line end and a
            backslash are \\t, \\n, \\r and \\\\.
    """  # noqa: D301 - click reads the control character, not a backslash
    if most and least:
        raise click.UsageError("--most and --least exclude each other.")
    if as_json and as_tsv:
        raise click.UsageError("--json and --tsv exclude each other.")
    if by is not None and (flag or flagged_only or rank or cluster is not None):
        raise click.UsageError("--by goes without --flag, --flagged-only, --rank and --cluster.")
    if no_surprisal and not as_json:
        raise click.UsageError("--no-surprisal goes with --json.")
    if cluster is not None:
        if adaptive or after is not None:
            raise click.UsageError("--adaptive and --after read in order, which workers of --cluster do not.")
        if most or least or output == "-" or not texts:
            raise click.UsageError("with --cluster: score MODEL FILE... -o FOLDER, and no --most or --least.")
        from nextchar.cli._cluster_scores import Wanted, score_on_cluster
        from nextchar.models.registry import load

        options = texts_as_trained(load(model), model, documents, separator)
        wanted = Wanted(format_, options, flag or flagged_only, flagged_only, rank, as_json, as_tsv, not no_surprisal)
        with client_of(cluster) as client, reading_progress(texts) as reading:
            assert client is not None, "an address was given"
            if score_on_cluster(client, model, texts, output, wanted, reading):
                sys.exit(FLAGGED)
        return
    from nextchar.cli._scored import Best
    from nextchar.data.lines import lines_of_items, read_lines, with_beginnings
    from nextchar.models.registry import load

    loaded = load(model)
    options, alphabet = texts_as_trained(loaded, model, documents, separator), loaded.alphabet
    files, items = file_or_texts(texts, format_, several=options.documents)
    _read_once(files, after)
    check_target(output, [*files, model, *([] if after is None else [after])], "the scores", binary=False)
    if by is not None and not options.documents:
        raise click.UsageError(f"--by goes with a model that was trained with --text; {model} was trained on a list.")
    best = None if most is None and least is None else Best(most or least or 0, most is not None)
    form = Form(as_json, as_tsv, surprisal=not no_surprisal, numbered=best is not None or by is not None)
    if by is not None and by != "document":
        from nextchar.cli._scored_units import UnitScores

        scores = UnitScores(loaded, by, adaptive, after, format_, options, not (as_json or as_tsv))
        say_how_to_end(files[0] if files else "")
        found = scores.of_files(files) if items is None else scores.of_texts(items)
        write_rows(output, _rows(written_whole(found), best, form), as_json)
        return
    scorer = scorer_from(loaded, adaptive, after, format_, options)
    if scorer.read_before:
        note(f"Note: {after} was read first, {thousands(scorer.read_before, 'symbol')}.")
    judge = Judge(loaded, flag or flagged_only, rank, scorer)
    blocks = (
        chain.from_iterable(read_lines(file, format_, options, alphabet) for file in files)
        if items is None
        else lines_of_items(items, options, alphabet, format_.errors)
    )
    if options.documents and not (as_json or as_tsv):
        blocks = map(with_beginnings, blocks)
    any_flagged = False

    def answers() -> Iterator[Scored]:
        nonlocal any_flagged
        for block in line_blocks(blocks, files[0] if files else ""):
            scored = judge(block)
            if flagged_only and scored.flagged is not None:
                scored = scored.take(scored.flagged.nonzero()[0])
                any_flagged = any_flagged or len(scored) > 0
            yield scored

    write_rows(output, _rows(answers(), best, form), as_json)
    tell_of(judge.obstacles)
    if any_flagged:
        sys.exit(FLAGGED)


def _read_once(files: Sequence[str], after: str | None) -> None:
    """Say so where standard input would be read first, and have nothing left for what is scored."""
    if after == "-" and "-" in files:
        raise click.UsageError("standard input is read once: by --after, or for what is scored; give a FILE for one.")


def _rows(answers: Iterator[Scored], best: Best | None, form: Form) -> Iterator[bytes | memoryview]:
    """What was scored as rows, or of all of it the best alone, of which there are some when Ctrl-C ends it, too."""
    if best is None:
        for scored in answers:
            yield from form.rows(scored)
        return
    try:
        for scored in answers:
            best.add(scored)
    except KeyboardInterrupt:
        if best.found is not None:
            yield from form.rows(best.found)
        raise
    if best.found is not None:
        yield from form.rows(best.found)


@click.command(short_help="The loss of a model on a file.")
@model_argument
@click.argument("files", nargs=-1, metavar="[FILE]...")
@input_options
@documents_options
@adaptive_option
@after_option
@json_option
def evaluate(
    model: str,
    files: tuple[str, ...],
    format_: Format,
    documents: bool,
    separator: str | None,
    adaptive: bool,
    after: str | None,
    as_json: bool,
) -> None:
    """The loss of MODEL on all items of FILEs: total nats over the number of symbols, ends of items counted.

    FILEs are read as the data that MODEL was trained on: with one item a line, or as texts, whether --text or
    --separator is said again or not. Without FILE, standard input is read.

    \b
    --json  {"items", "symbols", "nats_per_symbol", "bits_per_symbol",
            "perplexity", "adaptive": true or false, "after": the file that
            was read first or null, "read_before": its symbols, "context":
            how many symbols the model looks back, null for all; "stride": 1,
            for each symbol is predicted from all that it looks back to}
    """  # noqa: D301 - click reads the control character, not a backslash
    from dataclasses import replace

    from nextchar.core.scoring import evaluate_parts
    from nextchar.data.corpus import stream
    from nextchar.models.registry import load

    loaded = load(model)
    options = texts_as_trained(loaded, model, documents, separator)
    files = files or ("-",)
    _read_once(files, after)
    say_how_to_end(files[0])
    scorer = scorer_from(loaded, adaptive, after, format_, options)
    pieces = not adaptive and loaded.context_length is not None  # else a text is read as a whole
    result = evaluate_parts(loaded, stream(files, format_, options, loaded.alphabet, pieces=pieces), scorer)
    result = replace(result, adaptive=adaptive, read_before=scorer.read_before)
    if as_json:
        echo_json({**result.document(), "after": after, "context": loaded.context_length, "stride": 1})
        return
    rows = [
        ("items", f"{result.items:,}"),
        ("symbols", f"{result.symbols:,}"),
        ("nats per symbol", f"{result.nats_per_symbol:.6f}"),
        ("bits per symbol", f"{result.bits_per_symbol:.6f}"),
        ("perplexity", f"{result.perplexity:.4f}"),
    ]
    if adaptive:
        rows.append(("adaptive", "each symbol was learned after it was scored"))
    if after is not None:
        rows.append(("read before", f"{after}, {thousands(result.read_before, 'symbol')}"))
    if result.impossible:
        rows.append(("impossible", f"first {result.impossible}"))
    print_table(["measure", "value"], rows, right=["value"])
