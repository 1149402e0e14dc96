"""The one place where errors become a line on stderr and an exit code, and where output is shaped."""

from __future__ import annotations

import io
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NoReturn

import click

from nextchar.errors import ConflictError, InputWarning, ModelFileError, NextcharError, NotAModelError

if TYPE_CHECKING:
    from rich.console import Console

    from nextchar.core.metrics import PartLoss
    from nextchar.core.progress import Report

__all__ = [
    "CommandGroup",
    "check_writable",
    "console",
    "echo_json",
    "note",
    "print_losses",
    "print_table",
    "training_progress",
    "write_text",
]


_WHAT_TO_DO = {
    "classifier": "; use it with: nextchar classify MODEL FILE",
    "checkpoint": "; to go on, give the command of that training with --resume",
}


class CommandGroup(click.Group):
    """A click group that ends a user's mistake with one line and exit code 1 instead of a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; exit codes: 0 done, 1 input or model at fault, 2 wrong usage, 130 interrupted."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # a terminal that cannot show a character gets its number
                stream.reconfigure(errors="backslashreplace")
        try:
            with _warnings_as_notes():
                return super().invoke(ctx)
        except NotAModelError as error:
            _fail(f"{error}{_WHAT_TO_DO.get(error.kind, '')}")
        except ConflictError as error:
            raise click.UsageError(f"{self._with_option(error, ctx)}.") from None
        except NextcharError as error:
            _fail(self._with_option(error, ctx))
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            sys.exit(130)
        except BrokenPipeError:
            # The reader (head, less) has seen enough. Point stdout away so that the flush at exit is silent.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        except OSError as error:
            _fail(_os_error_text(error))
        except MemoryError:
            _fail("not enough memory for this input; try a lower --order or a smaller file")

    def _with_option(self, error: NextcharError, ctx: click.Context) -> str:
        """The library's message, and the command's option for the argument that it names, if it has one."""
        if error.argument is None or ctx.invoked_subcommand is None:
            return str(error)
        for command in _leaves(self.get_command(ctx, ctx.invoked_subcommand)):
            if option := _option_of(error, command):
                return f"{error}{option}"
        return f"{error} ({_ELSEWHERE[error.argument]})" if error.argument in _ELSEWHERE else str(error)


_OTHER_NAMES: Final[Mapping[str | None, str]] = {
    "data_files": "data",
    "no_header": "header",
}  # of options, where they are not the library's


_ELSEWHERE: Final = {  # what mends it, where that is an option of another command
    "labels": "nextchar train FILE --column TEXT --label LABEL -o MODEL",
    "unknown": "nextchar train --unknown",
    "model_file": "nextchar train FILE -o MODEL",
}


def _option_of(error: NextcharError | InputWarning, command: click.Command) -> str:
    """The option of a command for the argument that an error names, to be added to its message; or nothing."""
    for option in command.params if error.argument else ():
        if isinstance(option, click.Option) and error.argument in (option.name, _OTHER_NAMES.get(option.name)):
            return f" ({max(option.opts, key=len)})"
    return ""


def _leaves(command: click.Command | None) -> Iterator[click.Command]:
    """A command, or if it is a group those in it."""
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            yield from _leaves(inner)
    elif command is not None:
        yield command


def _fail(message: str) -> NoReturn:
    click.echo(f"Error: {message}", err=True)
    sys.exit(1)


def _os_error_text(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


def check_writable(output: str, files: tuple[str, ...], holds: str = "the model") -> None:
    """Say so before an hour of work, not after it."""
    folder = Path(output).parent
    if Path(output).is_dir():
        raise ModelFileError(f"{output}: is a directory; give a file name for {holds}")
    if output == "-":
        raise ModelFileError(f"-: {holds} is written to a file, not to standard output; give a file name")
    if Path(output).exists() and not Path(output).is_file():  # a pipe or a device: its folder stays as it is
        return
    if any(Path(name).exists() and Path(output).exists() and Path(name).samefile(output) for name in files):
        raise ModelFileError(f"{output}: is also an input, which {holds} would replace; give another name")
    if not folder.is_dir():
        raise ModelFileError(f"{output}: there is no folder {folder}; make it first")
    if not os.access(folder, os.W_OK):
        raise ModelFileError(f"{output}: the folder {folder} cannot be written")


def note(message: str) -> None:
    """Tell a person something beside the results, on stderr."""
    click.echo(message, err=True)


@contextmanager
def _warnings_as_notes() -> Iterator[None]:
    """Tell a person at once what the code inside warns of, without the place in the code that it came from."""

    def tell(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
        if category is UserWarning:
            note(f"Note: {message}.")
        elif isinstance(message, InputWarning):
            note(f"Note: {message}{_option_of(message, click.get_current_context().command)}.")

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = tell
        yield


def echo_json(document: Any, *, lines: bool = False) -> None:
    """Print one JSON document, or with lines=True one compact line of a JSON Lines stream."""
    from nextchar.core.json_values import plain

    indent = None if lines else 2
    click.echo(json.dumps(plain(document), ensure_ascii=False, allow_nan=False, indent=indent))


def write_text(text: str) -> None:
    """Write a large text to stdout in UTF-8, all of it: with PYTHONUNBUFFERED set, one write may fall short."""
    sys.stdout.flush()
    stream: BinaryIO = sys.stdout.buffer
    rest = memoryview(text.encode())
    while rest:
        rest = rest[stream.write(rest) :]
    stream.flush()


def console(*, stderr: bool = False) -> Console:
    """A rich console that leaves text alone: no markup, no highlighting."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, soft_wrap=False)


@contextmanager
def training_progress(doing: str = "learning") -> Iterator[Callable[[Report], None] | None]:
    """A line on a terminal that shows how training, or other long work, goes, once it tells of it."""
    if not console(stderr=True).is_terminal:
        yield None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (doing, BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0, visible=False)
        yield lambda at: bar.update(task, completed=at.share, description=at.text, visible=True)


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Sequence[str] = (),
    title: str | None = None,
) -> None:
    """Print a table to stdout; columns named in `right` are aligned to the right."""
    from rich.box import SIMPLE
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE, title=title, title_justify="left", pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    printer = console()
    with printer.capture() as printed:  # and echoed, so that a reader that goes away is met in one place, above
        printer.print(table)
    click.echo(printed.get(), nl=False)


def print_losses(losses: Mapping[str, PartLoss]) -> None:
    """Print the losses on the parts of a split, of all items and of new ones."""
    held_out = len(losses) > 1
    columns = ["part", "items", "symbols", "nats/symbol", "bits/symbol", *(["new items only"] if held_out else [])]
    rows = []
    for name, part in losses.items():
        row = [name, f"{part.items:,}", f"{part.symbols:,}"]
        row += [f"{loss + 0.0:.4f}" for loss in (part.nats_per_symbol, part.bits_per_symbol)]
        new = part.new_nats_per_symbol
        rows.append([*row, "" if new is None else f"{new:.4f}"][: len(columns)])
    print_table(columns, rows, right=columns[1:])
