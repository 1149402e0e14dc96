"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import click

from nextchar.cli._settings import RareOption

if TYPE_CHECKING:
    from nextchar.core.constraint import Constraint
    from nextchar.core.model import Model
    from nextchar.data.corpus import Corpus
    from nextchar.data.format import ErrorPolicy, Format
    from nextchar.data.text_options import TextOptions

__all__ = [
    "constraint_from",
    "constraint_options",
    "input_options",
    "json_option",
    "model_argument",
    "read_items",
    "text_options",
    "text_options_from",
    "training_data",
]

Command = TypeVar("Command", bound=Callable[..., Any])

model_argument = click.argument("model", type=click.Path(), metavar="MODEL")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def input_options(command: Command) -> Command:
    """How the input is read: --column, --weight, --encoding and others; the command gets them as one `format_`."""

    @wraps(command)
    def with_format(
        *args: Any,
        column: str | None,
        weight: str | None,
        encoding: str,
        delimiter: str | None,
        no_header: bool,
        errors: ErrorPolicy,
        **others: Any,
    ) -> Any:
        format_ = _format_from(column, weight, encoding, delimiter, not no_header, errors)
        return command(*args, format_=format_, **others)

    found: Any = with_format
    for option in (
        click.option(
            "--errors",
            cls=RareOption,
            type=click.Choice(["stop", "skip", "replace"]),
            default="stop",
            show_default=True,
            help="Lines that cannot be used (not in the encoding, no row of the table, characters that the model does "
            "not know): stop at the first, skip them, or replace what cannot be decoded by U+FFFD and skip the rest.",
        ),
        click.option("--encoding", default="utf-8", show_default=True, help="The character encoding of the input."),
        click.option(
            "--delimiter",
            cls=RareOption,
            metavar="SIGN",
            help="With --column: what separates the fields; tab, comma, semicolon, pipe and space may be written out.  "
            "[default: found out]",
        ),
        click.option(
            "--no-header", cls=RareOption, is_flag=True, help="With --column: the table has no header; give numbers."
        ),
        click.option("--weight", metavar="NAME", help="With --column: how often each row counts."),
        click.option(
            "--column",
            metavar="NAME",
            help="Read this column of a table, by name or number.",
        ),
    ):
        found = option(found)
    return cast(Command, found)


_SIGNS: Final = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}


def _format_from(
    column: str | None, weight: str | None, encoding: str, delimiter: str | None, header: bool, errors: ErrorPolicy
) -> Format:
    """The input format that the options ask for."""
    for option, given in (("weight", weight is not None), ("delimiter", delimiter), ("no-header", not header)):
        if given and column is None:
            raise click.UsageError(f"--{option} needs --column, the column of the items.")
    from nextchar.data.format import Format

    if delimiter is not None:
        delimiter = _SIGNS.get(delimiter, delimiter)
    return Format(encoding=encoding, column=column, weight=weight, delimiter=delimiter, header=header, errors=errors)


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
    from nextchar.data.text_options import TextOptions

    return TextOptions(lower=lower, nfc=nfc, strip=strip)


def constraint_options(command: Command) -> Command:
    """All conditions that an item can be held to, those of `Constraint`, and --new with --data."""
    for option in (
        click.option(
            "--data",
            "data_files",
            multiple=True,
            metavar="FILE",
            help="The training data, of which a model keeps fingerprints only; for new items.",
        ),
        click.option("--new", is_flag=True, help="No item of the training data."),
        click.option("--not-in", multiple=True, metavar="FILE", help="None of the items of FILE, one a line."),
        click.option("--allowed", metavar="CHARS", help="No characters but these."),
        click.option("--contains", multiple=True, metavar="TEXT", help="TEXT is somewhere in it; may be repeated."),
        click.option("--suffix", default="", metavar="TEXT", help="What every item ends with."),
        click.option("--prefix", multiple=True, metavar="TEXT", help="It starts with TEXT, or with one of several."),
        click.option(
            "--match",
            multiple=True,
            metavar="PATTERN",
            help="The whole item fits this regular expression (characters, classes, groups, |, * + ? {2,5}); "
            "may be repeated.",
        ),
        click.option("--max-length", type=int, metavar="B", help="At most so many characters."),
        click.option(
            "--min-length",
            type=int,
            metavar="A",
            help="At least so many characters.  [default: 1; with 0 the empty item counts]",
        ),
    ):
        command = option(command)
    return command


def constraint_from(
    model: Model,
    *,
    match: Sequence[str],
    prefix: Sequence[str],
    suffix: str,
    contains: Sequence[str],
    allowed: str | None,
    not_in: Sequence[str],
    min_length: int | None,
    max_length: int | None,
) -> Constraint:
    """The constraint that the options ask for; the items of the files in `not_in` are read as the model reads text."""
    from nextchar.core.constraint import Constraint

    return Constraint(
        match=match,
        prefix=prefix,
        suffix=suffix,
        contains=contains,
        allowed=allowed,
        not_in=[item for part in read_items(not_in, model.provenance.options) for item in part],
        min_length=min_length,
        max_length=max_length,
    )


def read_items(files: Sequence[str], options: TextOptions) -> list[Corpus]:
    """The files' items, one a line, treated as the model treats text; in alphabets of their own."""
    from nextchar.data.corpus import stream
    from nextchar.data.format import Format

    return [part for name in files for part in stream([name], Format(), options)]


def training_data(model: Model, files: Sequence[str], wanted: bool, options: str = "--new") -> Corpus | None:
    """What --data names, which goes with the options that want it."""
    if not files:
        return None
    if not wanted:
        raise click.UsageError(f"--data goes with {options}.")
    from nextchar.data.corpus import Corpus

    return Corpus.concatenate(read_items(files, model.provenance.options))
