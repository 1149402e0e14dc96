"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from nextchar.data.corpus import TextOptions
    from nextchar.data.files import Format

__all__ = ["format_from", "input_options", "json_option", "model_argument", "text_options", "text_options_from"]

Command = TypeVar("Command", bound=Callable[..., Any])

model_argument = click.argument("model", type=click.Path(), metavar="MODEL")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def input_options(command: Command) -> Command:
    """--column, --weight and --encoding."""
    for option in (
        click.option("--encoding", default="utf-8", show_default=True, help="The character encoding of the input."),
        click.option("--weight", metavar="NAME", help="With --column: how often each row counts."),
        click.option("--column", metavar="NAME", help="Read this column of a CSV file (TSV if it ends so)."),
    ):
        command = option(command)
    return command


def format_from(column: str | None, weight: str | None, encoding: str) -> Format:
    """The input format that the options ask for."""
    if weight is not None and column is None:
        raise click.UsageError("--weight needs --column, the column of the items.")
    from nextchar.data.files import Format

    return Format(encoding=encoding, column=column, weight=weight)


def text_options(command: Command) -> Command:
    """--lower, --nfc and --strip/--no-strip."""
    for option in (
        click.option(
            "--strip/--no-strip", default=True, help="Drop blanks at both ends of an item.", show_default=True
        ),
        click.option("--nfc", is_flag=True, help="Bring characters to Unicode normal form C."),
        click.option("--lower", is_flag=True, help="Make everything lower case."),
    ):
        command = option(command)
    return command


def text_options_from(lower: bool, nfc: bool, strip: bool) -> TextOptions:
    """The text options that the flags ask for."""
    from nextchar.data.corpus import TextOptions

    return TextOptions(lower=lower, nfc=nfc, strip=strip)
