"""What `train --counts` takes instead of files."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from nextchar.models.ngram.counts_folder import CountsFolder
    from nextchar.models.registry import Kind

__all__ = ["counted", "settings_from"]

_OF_FILES: Final = {
    *(
        "division",
        "validation",
        "test",
        "distinct",
        "label",
        "column",
        "weight",
        "no_header",
        "delimiter",
        "encoding",
        "errors",
    ),
    *("lower", "nfc", "strip", "graphemes", "documents", "separator"),
}


def counted(path: str, files: Sequence[str], *, named: bool) -> CountsFolder:
    """The folder of counts, beside which there are no files and no options on reading them.

    Args:
        path: of the folder.
        files: that were given too.
        named: whether a model was named.
    """
    from nextchar.models.ngram.counts_folder import CountsFolder

    if files:
        raise click.UsageError(f"{files[0]}: give files, or --counts; to add more to counts, count it and merge both.")
    ctx = click.get_current_context()
    for param in ctx.command.params:
        if param.name in _OF_FILES and ctx.get_parameter_source(param.name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{param.opts[0]} goes with files, and counts have been made of them already.")
    if not named:
        raise click.UsageError(
            "--counts needs --smoothing: which n-gram model is best is found on items held out, which counts have not; "
            "modified-kneser-ney is a good one."
        )
    return CountsFolder.open(path)


def settings_from(folder: CountsFolder, row: Kind, kind: str, given: Collection[str]) -> dict[str, Any]:
    """The order of the counts, where the model has one and none was given."""
    if not row.counts_suffice:
        raise click.UsageError(f"--counts does not go with --model {kind}, which learns from the items themselves.")
    orders = any(entry.name == "order" and entry.option is not None for entry in row.offered())
    return {"order": folder.order} if orders and "order" not in given else {}
