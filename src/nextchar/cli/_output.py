"""The one place where errors become a line on stderr and an exit code, and where output is shaped."""

from __future__ import annotations

import io
import json
import os
import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, NoReturn, TextIO

import click

from nextchar.cli._completion import complete_sources
from nextchar.cli._processes import among_processes
from nextchar.cli._repeats import refuse_repeats
from nextchar.cli._signals import Ended, ending_cleanly, exit_code
from nextchar.cli._talk import add_talk_options, is_quiet, is_verbose, seconds_since_start, summary
from nextchar.data.display import visible
from nextchar.data.remarks import listening
from nextchar.data.writing import write_atomically, writing_to
from nextchar.errors import BadValueError, ConflictError, InputWarning, NextcharError, NotAModelError, SettingsError

if TYPE_CHECKING:
    from rich.console import Console

    from nextchar.core.metrics import PartLoss

__all__ = [
    "CommandGroup",
    "console",
    "echo",
    "echo_json",
    "json_line",
    "leave_stdout_to_output",
    "note",
    "on_terminal",
    "print_losses",
    "print_table",
    "shows_all",
    "tsv_field",
    "write_text",
]


_TAKEN: Final = "nextchar.stdout-is-taken"  # in a command line's context: standard output holds what is written

_WHAT_TO_DO = {
    "classifier": "; use it with: nextchar classify MODEL FILE",
    "checkpoint": "; to go on, give the command of that training with --resume",
}


class CommandGroup(click.Group):
    """A click group that ends a user's mistake with one line and exit code 1 instead of a traceback."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sections: list[tuple[str, list[str]]] = []

    def add_section(self, heading: str, *commands: click.Command) -> None:
        """Add commands that help shows under a heading, in this order."""
        self._sections.append((heading, [str(command.name) for command in commands]))
        for command in commands:
            self.add_command(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """The commands, under their headings."""
        widest = max(map(len, self.commands))
        for heading, names in self._sections:
            rows = [
                (f"{name:<{widest}}", self.commands[name].get_short_help_str(formatter.width - widest))
                for name in names
            ]
            with formatter.section(heading):
                formatter.write_dl(rows)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """As click has it, with what is printed in one encoding: UTF-8 in files and pipes, a terminal's own there.

        Lines end in a line feed on every system.

        What a terminal cannot show, and half a character of an undecodable file name, is printed as its number. Of
        several processes one runs the command.
        """
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                encoding = None if stream.isatty() else "utf-8"
                stream.reconfigure(encoding=encoding, errors="backslashreplace", newline="\n")
        with among_processes(note):
            return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; exit codes: 0 done, 1 input or model at fault, 2 wrong usage, 3 flagged, 130 interrupted.

        Ended by SIGTERM it is 143, by SIGHUP 129.
        """
        with ending_cleanly():
            try:
                return self._invoke(ctx)
            finally:
                if is_verbose():
                    with suppress(NextcharError, BrokenPipeError):
                        note(summary())

    def _invoke(self, ctx: click.Context) -> Any:
        try:
            with _warnings_as_notes():
                return super().invoke(ctx)
        except NotAModelError as error:
            _fail(f"{error}{_WHAT_TO_DO.get(error.kind, '')}")
        except (BadValueError, ConflictError) as error:
            name = ctx.invoked_subcommand
            command = None if name is None else self.get_command(ctx, name)
            where = ctx if command is None else click.Context(command, info_name=name, parent=ctx)
            raise click.UsageError(f"{_shown(self._with_option(error, ctx))}.", ctx=where) from None
        except NextcharError as error:
            _fail(self._with_option(error, ctx))
        except KeyboardInterrupt as interrupt:
            with suppress(NextcharError, BrokenPipeError):  # the terminal may be gone
                echo("Ended." if isinstance(interrupt, Ended) else "Interrupted.", err=True)
            sys.exit(exit_code(interrupt))
        except BrokenPipeError:
            _give_up_stdout()  # the reader (head, less) has seen enough
            sys.exit(0)
        except OSError as error:
            _fail(_os_error_text(error))
        except MemoryError:
            _fail("not enough memory for this input; try a lower --order or a smaller file")

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """As click does, with --quiet and --verbose; an option given twice is refused, where click takes the last."""
        super().add_command(cmd, name)
        for command in _leaves(cmd):
            add_talk_options(command)
            complete_sources(command)
            refuse_repeats(command)

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
    "share": "weight",
}  # of options, where they are not the library's


_ELSEWHERE: Final = {  # what mends it, where that is an option of another command
    "labels": "nextchar train FILE --column TEXT --label LABEL -o MODEL",
    "unknown": "nextchar train --unknown",
    "model_file": "nextchar train FILE -o MODEL",
    "resume": "--resume",  # one of the options that `train` makes from the settings of models
}


def _option_of(error: NextcharError | InputWarning, command: click.Command) -> str:
    """The option of a command for the argument that an error names, to be added to its message; or nothing."""
    if error.argument is None:
        return ""
    params = command.params
    if isinstance(error, SettingsError):  # maybe of a model, for which a command has options that it looks up
        params = command.get_params(click.Context(command))
    for option in params:
        names = [option.name, _OTHER_NAMES.get(option.name), *(name.lstrip("-") for name in option.opts)]
        if isinstance(option, click.Option) and error.argument in names:
            return f" ({max(option.opts, key=len)})"
    if isinstance(error, BadValueError) and any("--set" in param.opts for param in params):
        return f" (--set {error.argument}=...)"
    return ""


def _leaves(command: click.Command | None) -> Iterator[click.Command]:
    """A command, or if it is a group those in it."""
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            yield from _leaves(inner)
    elif command is not None:
        yield command


def _fail(message: str) -> NoReturn:
    if sys.stdout is not None:
        try:
            sys.stdout.flush()
        except OSError:
            _give_up_stdout()
    echo(f"Error: {message}", err=True)
    sys.exit(1)


def _give_up_stdout() -> None:
    """Point standard output, which cannot be written any more, away, so that the flush at exit is silent."""
    with suppress(OSError, ValueError):  # a stream that is no file has none
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _os_error_text(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


def echo(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Print a line: results to standard output, or with `err`, and where a command writes a file there, to stderr.

    To a file or a pipe text is UTF-8; a terminal that cannot show a character gets its number (see `CommandGroup`).
    What is said, and what goes to a terminal, shows control characters instead of sending them: what a file holds could
    otherwise command the terminal.
    """
    stream = sys.stderr if err or _stdout_is_taken() else sys.stdout
    if stream is None:  # closed before this program began
        return
    _write(_shown(text) if stream is sys.stderr or stream.isatty() else text, stream, nl=nl)


def _write(text: str, stream: TextIO, *, nl: bool) -> None:
    with writing_to("-", NextcharError):
        stream.write(text + "\n" if nl else text)
        stream.flush()


_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all but the tab and the line feed


def _shown(text: str) -> str:
    """A text, perhaps of several lines, with control characters as Python writes them."""
    return _CONTROL.sub(lambda found: visible(found[0]), text)


def leave_stdout_to_output() -> None:
    """From here on standard output is for what the command writes; all that it says goes to standard error."""
    click.get_current_context().meta[_TAKEN] = True


def _stdout_is_taken() -> bool:
    context = click.get_current_context(silent=True)
    return context is not None and context.meta.get(_TAKEN, False)


def on_terminal() -> bool:
    """Whether standard output is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


def shows_all() -> bool:
    """Whether standard output takes all characters: it is no terminal, or one with UTF-8."""
    return not on_terminal() or sys.stdout.encoding.lower().replace("-", "").replace("_", "") in ("utf8", "utf8sig")


def note(message: str) -> None:
    """Tell a person something beside the results, on stderr; nothing with --quiet, and with --verbose the time too."""
    if is_verbose():
        message = f"[{seconds_since_start():7.2f} s] {message}"
    if not is_quiet():
        echo(message, err=True)


@contextmanager
def _warnings_as_notes() -> Iterator[None]:
    """Tell a person at once what the code inside warns of, or remarks, without the place in the code it came from."""

    def tell(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
        if category is UserWarning:
            note(f"Note: {message}.")
        elif isinstance(message, InputWarning):
            note(f"Note: {message}{_option_of(message, click.get_current_context().command)}.")

    with warnings.catch_warnings(), listening(lambda message: note(f"Note: {message}.")):
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = tell
        yield


def echo_json(document: Any, *, lines: bool = False) -> None:
    """Print one JSON document, or with lines=True one compact line of a JSON Lines stream."""
    echo(_json(document, None if lines else 2))


def json_line(document: Any) -> str:
    """A compact line of JSON Lines."""
    return _json(document, None) + "\n"


def _json(document: Any, indent: int | None) -> str:
    """As JSON that is valid in any encoding: for a terminal that cannot show all characters in ASCII alone."""
    from nextchar.core.json_values import plain

    text = json.dumps(plain(document), ensure_ascii=not shows_all(), allow_nan=False, indent=indent)
    return _LATE_CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


_LATE_CONTROL: Final = re.compile("[\x7f-\x9f]")  # which JSON may hold as they are


def tsv_field(text: str) -> str:
    """A text as one field between tabs, in one line."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def write_text(text: str) -> None:
    """Write a large text to stdout, all of it, whatever else a command says there: see `echo` for the encoding."""
    with writing_to("-", NextcharError):
        if not shows_all():
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            write_atomically("-", text.encode("utf-8", "backslashreplace"))


def console(*, stderr: bool = False) -> Console:
    """A rich console that leaves text alone: no markup, no highlighting."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, soft_wrap=False)


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

    table = Table(box=SIMPLE, title=title and _shown(title), title_justify="left", pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(visible(cell)) for cell in row))
    printer = console()
    with writing_to("-", NextcharError), printer.capture() as printed:  # and echoed, to where all is printed
        printer.print(table)
    stream = sys.stderr if _stdout_is_taken() else sys.stdout
    if stream is not None:
        _write(printed.get(), stream, nl=False)  # with the colours of a terminal


def print_losses(losses: Mapping[str, PartLoss]) -> None:
    """Print the losses on the parts of a split, of all items and of new ones."""
    of_new = any(part.new_nats_per_symbol is not None for part in losses.values())
    columns = ["part", "items", "symbols", "nats/symbol", "bits/symbol", *(["new items only"] if of_new else [])]
    rows = []
    for name, part in losses.items():
        row = [name, f"{part.items:,}", f"{part.symbols:,}"]
        row += [f"{loss + 0.0:.4f}" for loss in (part.nats_per_symbol, part.bits_per_symbol)]
        new = part.new_nats_per_symbol
        rows.append([*row, "" if new is None else f"{new:.4f}"][: len(columns)])
    print_table(columns, rows, right=columns[1:])
