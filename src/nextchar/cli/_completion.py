"""What a shell completes beside click's own: files and data sets where a command reads, models and splits by name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import click
from click.shell_completion import CompletionItem

__all__ = ["complete_data_sets", "complete_sources", "names_beginning"]

_READ: Final = re.compile(r"\b(FILE|COUNTS|GOOD|BAD|IN\.arpa)\b")  # as usage lines and help call what is read


def names_beginning(incomplete: str, names: Iterable[str]) -> list[CompletionItem]:
    """Those of the names that begin so."""
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def complete_data_sets(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The data sets known by name."""
    from nextchar.data.datasets import NAMED

    return names_beginning(incomplete, NAMED)


class _Source(click.types.StringParamType):
    """A text that names what is read."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Files, for which the shell itself looks, and the data sets if one begins so."""
        named = complete_data_sets(ctx, param, incomplete) if incomplete else []
        return [CompletionItem(incomplete, type="file"), *named]


def complete_sources(command: click.Command) -> None:
    """Have a command complete what it reads: what its usage line calls FILE, where click knows of a text only."""
    for param in command.params:
        if isinstance(param.type, click.types.StringParamType) and _READ.search(
            param.metavar or str(param.name).upper()
        ):
            param.type = _Source()
