"""The command `reproduce`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from nextchar.cli._options import json_option
from nextchar.cli._output import echo, echo_json, note, print_table

if TYPE_CHECKING:
    from nextchar.lesson.reproduction import CheckedClaim

__all__ = ["reproduce"]


@click.command(short_help="Check every number of the lecture's documents.")
@click.option("--names", "path", type=click.Path(), metavar="FILE", help="makemore's names.txt.")
@click.option(
    "--text", is_flag=True, help="Instead: what nanoGPT says of tiny Shakespeare, and what our models make of it."
)
@json_option
def reproduce(path: str | None, text: bool, as_json: bool) -> None:
    """Compute every number of the two source documents anew and compare.

    Without --names, names.txt is taken from where NEXTCHAR_NAMES points or from the cache that
    `nextchar data fetch makemore-names` fills. Exit code 1 if any verdict is unexpected.

    With --text, the sizes of tiny Shakespeare (NEXTCHAR_SHAKESPEARE, or `nextchar data fetch tiny-shakespeare`), the
    validation loss of a net of nanoGPT's CPU quick start beside the published one, and the losses of n-grams and of
    context mixing; some minutes.
    """
    from nextchar.data.download import locate

    if text and path is not None:
        raise click.UsageError("--names and --text are about different files.")
    if text:
        from nextchar.lesson.text_reproduction import reproduce_text

        results = []
        for result in reproduce_text(locate("tiny-shakespeare")):
            results.append(result)
            if not as_json:
                note(f"row {result.row}: {result.claim}: {result.got}")
    else:
        from nextchar.lesson import reproduction as book

        results = list(book.reproduce(path or locate("makemore-names")))
    if as_json:
        echo_json([result.document() for result in results])
    else:
        rows = [row for result in results for row in _rows(result)]
        print_table(["row", "source", "verdict", "", ""], rows, right=["row"])
        wrong = sum(r.verdict == "source is wrong" for r in results)
        unexpected = sum(r.verdict == "UNEXPECTED" for r in results)
        echo(f"{len(results)} claims: {wrong} where the source is wrong, {unexpected} unexpected")
    if any(result.verdict == "UNEXPECTED" for result in results):
        sys.exit(1)


def _rows(result: CheckedClaim) -> Iterator[tuple[str, ...]]:
    """A claim as a few lines of the table, so that long values have the width to themselves."""
    yield str(result.row), result.source, result.verdict, "claim", result.claim
    yield "", "", "", "expected", result.expected
    yield "", "", "", "got", result.got
    if result.note:
        yield "", "", "", "note", result.note
    yield ("",) * 5
