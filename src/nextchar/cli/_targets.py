"""Where commands write: `-o FILE`, `-` for standard output, pipes and devices."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from nextchar.cli._output import leave_stdout_to_output, on_terminal
from nextchar.data.writing import holds_file, is_standard_output, name_of_target, names_a_folder, writing_to
from nextchar.errors import ModelFileError

__all__ = ["check_target", "model_output_option", "output_option"]

Command = TypeVar("Command", bound=Callable[..., Any])


def output_option(what: str) -> Callable[[Command], Command]:
    """-o for what else goes to standard output."""
    return click.option(
        *("-o", "--output"), default="-", type=click.Path(), metavar="FILE", help=f"{what}  [default: standard output]"
    )


def model_output_option(*, default: str | None = None, metavar: str = "MODEL") -> Callable[[Command], Command]:
    """-o for a model, which has to be given unless it has a default, such as the file that is read."""
    shown = "" if default is None else f"  [default: {default}]"
    return click.option(
        *("-o", "--output"),
        required=default is None,
        type=click.Path(),
        metavar=metavar,
        help=f"The model's file; - for standard output.{shown}",
    )


def check_target(output: str, inputs: Sequence[str], holds: str = "the model", *, binary: bool = True) -> None:
    """Say so before an hour of work, not after it, where nothing can be written.

    What is written to standard output has it for itself: all that the command says goes to standard error then.

    Args:
        output: the target.
        inputs: files that are read, which it is not to replace.
        holds: what is written, for messages.
        binary: whether a terminal is no place for it.

    Raises:
        NextcharError: it is a directory, an input, or in a folder that is not there or cannot be written.
    """
    if is_standard_output(output):
        if binary and on_terminal():
            raise ModelFileError(
                f"{name_of_target(output)}: {holds} is no text for a terminal; redirect it or give a file"
            )
        leave_stdout_to_output()
        return
    if not output:
        raise ModelFileError(f"the name of the file for {holds} is empty; give one, or - for standard output")
    path = Path(output)
    if path.is_dir() or names_a_folder(output):
        raise ModelFileError(f"{output}: is a directory; give a file name for {holds}")
    with writing_to(output, ModelFileError):
        if not holds_file(output):  # a pipe or a device: its folder stays as it is
            return
    if any(Path(name).exists() and path.exists() and path.samefile(name) for name in inputs):
        raise ModelFileError(f"{output}: is also an input, which {holds} would replace; give another name")
    folder = Path(os.path.realpath(path)).parent if path.is_symlink() else path.parent
    if not folder.is_dir():
        raise ModelFileError(f"{output}: there is no folder {folder}; make it first")
    if not os.access(folder, os.W_OK):
        raise ModelFileError(f"{output}: the folder {folder} cannot be written")
