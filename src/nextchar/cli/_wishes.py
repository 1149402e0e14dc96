"""The options that say which items are wanted, and how they become a condition."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from nextchar.automata.constraints import Condition
    from nextchar.core.model import Model
    from nextchar.data.corpus import Corpus, TextOptions

__all__ = ["condition_from", "more_wish_options", "read_items", "training_data", "wish_options"]

Command = TypeVar("Command", bound=Callable[..., Any])


def more_wish_options(command: Command) -> Command:
    """--match, --suffix, --contains, --allowed, --not-in and --data: what `sample` has not had from the start."""
    for option in (
        click.option(
            "--data",
            "data_files",
            multiple=True,
            metavar="FILE",
            help="With --new: the training data, of which a model keeps fingerprints only.",
        ),
        click.option("--not-in", multiple=True, metavar="FILE", help="None of the items of FILE, one a line."),
        click.option("--allowed", metavar="CHARS", help="No characters but these."),
        click.option("--contains", multiple=True, metavar="TEXT", help="TEXT is somewhere in it; may be repeated."),
        click.option("--suffix", default="", metavar="TEXT", help="What every item ends with."),
        click.option(
            "--match",
            multiple=True,
            metavar="PATTERN",
            help="The whole item fits this regular expression (characters, classes, groups, |, * + ? {2,5}); "
            "may be repeated.",
        ),
    ):
        command = option(command)
    return command


def wish_options(command: Command) -> Command:
    """All options of a condition."""
    for option in (
        click.option("--new", is_flag=True, help="No item of the training data."),
        click.option("--max-length", type=int, metavar="B", help="At most so many characters."),
        click.option("--min-length", type=int, default=0, metavar="A", help="At least so many characters."),
        click.option("--prefix", default="", metavar="TEXT", help="What every item starts with."),
    ):
        command = option(command)
    return more_wish_options(command)


def condition_from(
    model: Model,
    *,
    match: Sequence[str],
    prefix: str,
    suffix: str,
    contains: Sequence[str],
    allowed: str | None,
    not_in: Sequence[str],
    min_length: int,
    max_length: int | None,
) -> Condition:
    """The condition that the options ask for."""
    from nextchar.automata.constraints import Condition

    return Condition(
        match=tuple(match),
        prefix=prefix,
        suffix=suffix,
        contains=tuple(contains),
        allowed=allowed,
        not_in=tuple(item for part in read_items(not_in, model.provenance.options) for item in part),
        min_length=min_length,
        max_length=max_length,
    )


def read_items(files: Sequence[str], options: TextOptions) -> list[Corpus]:
    """The files' items, one a line, treated as the model treats text; in alphabets of their own."""
    from nextchar.data.corpus import stream
    from nextchar.data.files import Format

    return [part for name in files for part in stream([name], Format(), options)]


def training_data(model: Model, files: Sequence[str], new: bool) -> Corpus | None:
    """What --data names."""
    if not files:
        return None
    if not new:
        raise click.UsageError("--data goes with --new.")
    from nextchar.data.corpus import Corpus

    return Corpus.concatenate(read_items(files, model.provenance.options))
