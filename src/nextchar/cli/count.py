"""The commands `count` and `merge`: n-gram counts as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nextchar.cli._options import (
    client_of,
    cluster_option,
    documents_options,
    graphemes_option,
    input_options,
    json_option,
    memory_option,
    text_options,
    text_options_from,
)
from nextchar.cli._output import echo, echo_json, note
from nextchar.cli._progress import reading_progress
from nextchar.data.display import thousands

if TYPE_CHECKING:
    from nextchar.data.format import Format
    from nextchar.models.ngram.counts_folder import CountsFolder

__all__ = ["count", "merge"]

_folder_option = click.option(
    *("-o", "--output"),
    required=True,
    type=click.Path(),
    metavar="COUNTS",
    help="The folder that is made.",
)


@click.command(short_help="Count n-grams into files, in bounded memory.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--order", type=int, required=True, metavar="N", help="Count each symbol with the N - 1 before it.")
@_folder_option
@memory_option("1GB")
@cluster_option("Count on the workers")
@input_options
@text_options
@graphemes_option
@documents_options
@json_option
def count(
    files: tuple[str, ...],
    order: int,
    output: str,
    memory: str,
    cluster: str | None,
    format_: Format,
    lower: bool,
    nfc: bool,
    strip: bool,
    graphemes: bool,
    documents: bool,
    separator: str | None,
    as_json: bool,
) -> None:
    """Count the n-grams of FILEs of any size, one item a line or with --text one a FILE, into the folder COUNTS.

    A FILE may be - for standard input, compressed (.gz, .bz2, .xz, .zst), or a URL. COUNTS holds Parquet files of
    n-grams and their counts, which other programs read as they are; an item's beginning and end are line feeds in them,
    and with --text and --separator NULs. Train on it with train --counts, and add such folders up with merge. With
    --cluster the workers read the FILEs, and the folder is the same.
    """
    from nextchar.tasks.counting import count_sources

    if format_.column is None:
        from nextchar.data.files import is_table

        if any(map(is_table, files)):
            note("Reading whole lines; to read one column of the table, give --column NAME.")
    with client_of(cluster) as client, reading_progress(files) as reading:
        made = count_sources(
            *(output, files, format_, text_options_from(lower, nfc, strip, graphemes, documents, separator), order),
            memory=memory,
            reading=reading,
            client=client,
        )
    _report(made, output, as_json)


@click.command(short_help="Add up counts that count has made.")
@click.argument("counts", nargs=-1, required=True, type=click.Path(), metavar="COUNTS...")
@_folder_option
@memory_option("1GB")
@json_option
def merge(counts: tuple[str, ...], output: str, memory: str, as_json: bool) -> None:
    """Add up folders of counts: the same files, byte for byte, as if all their data had been counted at once."""
    from nextchar.tasks.counting import merge_counts

    _report(merge_counts(output, *counts, memory=memory), output, as_json)


def _report(made: CountsFolder, output: str, as_json: bool) -> None:
    seen = made.provenance
    if as_json:
        echo_json(
            {
                "output": output,
                "order": made.order,
                "items": seen.items,
                "symbols": seen.symbols,
                **({} if seen.weight is None else {"weight": seen.weight}),
                "alphabet_size": made.alphabet.size,
                "ngrams": made.size,
                "total": made.total,
                "item_sum": str(made.item_sum),
            }
        )
        return
    size = f"{thousands(made.size, 'n-gram')} of order {made.order}, {made.total:,} in all"
    echo(
        f"{output}: written; {size}, of {thousands(seen.items, 'item')} over {thousands(made.alphabet.size, 'symbol')}"
    )
