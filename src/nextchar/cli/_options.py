"""Options that several commands share."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import click
from click.shell_completion import CompletionItem

from nextchar.cli._completion import names_beginning
from nextchar.cli._settings import RareOption

if TYPE_CHECKING:
    from distributed import Client

    from nextchar.core.constraint import Constraint
    from nextchar.core.continued_scoring import ContinuedScorer
    from nextchar.core.model import Model
    from nextchar.data.corpus import Corpus
    from nextchar.data.format import Format
    from nextchar.data.text_options import TextOptions

__all__ = [
    "adaptive_option",
    "after_option",
    "client_of",
    "cluster_option",
    "constraint_from",
    "constraint_options",
    "documents_options",
    "file_or_texts",
    "graphemes_option",
    "held_out_options",
    "input_options",
    "is_file_name",
    "json_option",
    "memory_option",
    "model_argument",
    "scorer_from",
    "share",
    "split_name",
    "split_or_none",
    "text_options",
    "text_options_from",
    "texts_argument",
    "texts_as_trained",
    "training_data",
    "unweighted_input_options",
]

Command = TypeVar("Command", bound=Callable[..., Any])


class _Share(click.FloatRange):
    """A number from 0 to 1, which click's own range takes nan for."""

    def __init__(self) -> None:
        super().__init__(0, 1)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, if it is one of the range."""
        found = super().convert(value, param, ctx)
        if math.isnan(found):
            self.fail(f"{found} is not in the range {self._describe_range()}.", param, ctx)
        return found


class _SplitName(click.ParamType[str]):
    """A split: one of those known by name, or by tails."""

    name = "split"

    def __init__(self, *also: str) -> None:
        self._also = also

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name, if there is such a split."""
        from nextchar.data.splits import SPLITS, TAILS, is_split

        if value not in self._also and not is_split(value):
            known = ", ".join((*self._also, *SPLITS))
            shares = "the shares of the end that are held out, each above 0 and together below 1"
            self.fail(f"there is no split {value!r}; choose from {known}, or give {shares}: {TAILS}.", param, ctx)
        return str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        """The names that begin so."""
        from nextchar.data.splits import SPLITS

        return names_beginning(incomplete, (*self._also, *SPLITS))


share = _Share()
split_name = _SplitName()
split_or_none = _SplitName("none")
model_argument = click.argument("model", type=click.Path(), metavar="MODEL")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def input_options(command: Command) -> Command:
    """How the input is read: --column, --weight, --encoding and others; the command gets them as one `format_`."""
    weight = click.option("--weight", metavar="NAME", help="With --column: how often each row counts.")
    return _input_options(command, weight)


def unweighted_input_options(command: Command) -> Command:
    """The same without --weight, for commands that say the same of an item however often it counts."""
    return _input_options(command)


def _input_options(command: Command, *more: Callable[[Any], Any]) -> Command:
    @wraps(command)
    def with_format(*args: Any, weight: str | None = None, **options: Any) -> Any:
        given = _reading(options)
        needing = {"weight": weight is not None, "delimiter": "delimiter" in given, "no-header": "header" in given}
        for option in (name for name, is_given in needing.items() if is_given and "column" not in given):
            raise click.UsageError(f"--{option} needs --column, the column of the items.")
        from nextchar.data.format import Format
        from nextchar.errors import CorpusError

        try:
            format_ = Format(weight=weight, **given)
        except CorpusError as error:  # before anything is read: an encoding or a delimiter that there is not
            raise click.UsageError(f"{error}.") from None
        return command(*args, format_=format_, **options)

    found: Any = with_format
    for option in reversed(
        (
            click.option("--column", metavar="NAME", help="Read this column of a table, by name or number."),
            *more,
            *_reading_options("the input", "utf-8", "stop"),
        )
    ):
        found = option(found)
    return cast(Command, found)


def _reading_options(what: str, encoding: str | None, errors: str | None) -> tuple[Callable[[Any], Any], ...]:
    """--no-header, --delimiter, --encoding and --errors, with their defaults."""
    return (
        click.option(
            "--no-header", cls=RareOption, is_flag=True, help="With --column: the table has no header; give numbers."
        ),
        click.option(
            "--delimiter",
            cls=RareOption,
            metavar="SIGN",
            help="With --column: what separates the fields; tab, comma, semicolon, pipe and space may be written out.  "
            "[default: found out]",
        ),
        click.option("--encoding", default=encoding, show_default=True, help=f"The character encoding of {what}."),
        click.option(
            "--errors",
            cls=RareOption,
            type=click.Choice(["stop", "skip", "replace"]),
            default=errors,
            show_default=True,
            help="Lines that cannot be used (not in the encoding, no row of the table, characters that the model does "
            "not know): stop at the first, skip them, or replace what cannot be decoded by U+FFFD and skip the rest.",
        ),
    )


def _reading(options: dict[str, Any]) -> dict[str, Any]:
    """Take from a command's options those on reading: what is given of them, as the arguments of `Format`."""
    given = {name: options.pop(name) for name in ("column", "delimiter", "encoding", "errors")}
    if given["delimiter"] is not None:
        given["delimiter"] = _SIGNS.get(given["delimiter"], given["delimiter"])
    if options.pop("no_header"):
        given["header"] = False
    return {name: value for name, value in given.items() if value is not None}


_SIGNS: Final = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}


texts_argument = click.argument("texts", nargs=-1, metavar="[FILE | TEXT...]")

_ENDINGS: Final = (
    *(".txt", ".csv", ".tsv", ".tab", ".lst", ".list", ".dat", ".data", ".log"),
    *(".gz", ".bz2", ".xz", ".zst", ".xlsx", ".xls", ".ods", ".zip", ".pdf", ".json", ".jsonl", ".safetensors"),
)


def file_or_texts(
    texts: Sequence[str], format_: Format, *, several: bool = False
) -> tuple[Sequence[str], Sequence[str] | None]:
    """What arguments stand for: files (standard input if there is none), or texts to be judged.

    One argument is a file if there is one of that name, or if it looks like the path of one. Several are texts, unless
    several files may be given and all of them are.
    """
    from nextchar.cli._output import note
    from nextchar.data.datasets import meant_by
    from nextchar.data.format import Format

    if not texts:
        return ["-"], None
    files = [one for one in texts if one == "-" or os.path.lexists(one) or meant_by(one)]
    paths = [one for one in texts if _looks_like_a_path(one)]
    if (len(texts) == 1 and (files or paths)) or (several and all(one in files or one in paths for one in texts)):
        return texts, None
    if files or paths:
        what = (files or paths)[0]
        wanted = "files alone" if several else "one file"
        raise click.UsageError(f"{what}: give {wanted}, or texts alone; texts that look like a file go in by a pipe.")
    if format_ != Format(errors=format_.errors):
        raise click.UsageError(f"{texts[0]}: no such file; and for texts there is no --column or --encoding.")
    if len(texts) == 1:
        note(f"Note: {texts[0]}: no such file, so it is a text.")
    return [], texts


def is_file_name(text: str) -> bool:
    """Whether an argument names a file, one that is there or one that it looks like, and is no text."""
    from nextchar.data.datasets import meant_by

    return text == "-" or os.path.lexists(text) or meant_by(text) is not None or _looks_like_a_path(text)


def _looks_like_a_path(text: str) -> bool:
    return os.sep in text or "/" in text or text.lower().endswith(_ENDINGS)


def memory_option(default: str | None, *, rare: bool = False) -> Callable[[Command], Command]:
    """--memory, for what counts."""
    shown = "" if default is not None else "  [default: 1GB]"
    return click.option(
        "--memory",
        cls=RareOption if rare else click.Option,
        default=default,
        show_default=default is not None,
        metavar="SIZE",
        help=f"What counting may take, about; the rest is sorted on disk.{shown}",
    )


def cluster_option(doing: str) -> Callable[[Command], Command]:
    """--cluster, for what can be spread."""
    what = f"{doing} of the Dask cluster whose scheduler is there, such as tcp://host:8786."
    return click.option("--cluster", metavar="ADDRESS", help=what)


@contextmanager
def client_of(address: str | None) -> Iterator[Client | None]:
    """A client of the cluster at this address, or None where none was given."""
    if address is None:
        yield None
        return
    from nextchar.core.cluster import connected

    with connected(address) as client:
        yield client


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


graphemes_option = click.option(
    "--graphemes",
    cls=RareOption,
    is_flag=True,
    help="One symbol for what readers see as one: emoji, flags, combining marks.",
)


def held_out_options(command: Command) -> Command:
    """--validation and --test: files of items held out, instead of a split."""
    for option in (
        click.option(
            "--test",
            cls=RareOption,
            multiple=True,
            metavar="FILE",
            help="Instead of --split: measure on FILE; repeatable.",
        ),
        click.option(
            "--validation",
            cls=RareOption,
            multiple=True,
            metavar="FILE",
            help="Instead of --split: choose settings by FILE, and measure on it; repeatable.",
        ),
    ):
        command = option(command)
    return command


def documents_options(command: Command) -> Command:
    """--text and --separator: items that are texts, with line ends in them."""
    for option in (
        click.option(
            "--separator",
            cls=RareOption,
            metavar="LINE",
            callback=lambda _ctx, _param, value: "" if value == "blank" else value,
            help="Items are texts of several lines, with such a line between them, as % in files of fortunes; blank "
            "stands for blank lines.",
        ),
        click.option("--text", "documents", is_flag=True, help="Each FILE is one text, its line ends are symbols."),
    ):
        command = option(command)
    return command


def texts_as_trained(model: Model, path: str, documents: bool, separator: str | None) -> TextOptions:
    """How a model's text is read, which was trained on texts if --text or --separator is given.

    Args:
        model: the model.
        path: of its file.
        documents: whether --text is given.
        separator: of the file that is read; by default the model's own.
    """
    from dataclasses import replace

    options = model.provenance.options
    if (documents or separator is not None) and not options.documents:
        option = "--text" if documents else "--separator"
        raise click.UsageError(f"{option} goes with a model that was trained so; {path} was trained on a list.")
    if documents and separator is None and options.separator is not None:
        shown = repr(options.separator) if options.separator else "blank"
        raise click.UsageError(
            f"--text goes with a model of whole files; {path} was trained on texts between separators (--separator "
            f"{shown}), and reads them so without being told."
        )
    return options if separator is None else replace(options, separator=separator)


adaptive_option = click.option(
    "--adaptive", is_flag=True, help="Learn each symbol after it was scored; MODEL itself stays as it is."
)
after_option = click.option(
    "--after",
    metavar="FILE",
    help="Read FILE first, and learn it with --adaptive; a text goes on directly behind it.",
)


def scorer_from(
    model: Model, adaptive: bool, after: str | None, format_: Format, options: TextOptions
) -> ContinuedScorer:
    """What scores as --adaptive and --after say; the file is read as what is scored."""
    from dataclasses import replace

    from nextchar.data.corpus import Corpus, stream

    if after is None:
        return model.scorer(adaptive=adaptive)
    parts = [part for part in stream([after], replace(format_, weight=None), options, model.alphabet) if len(part)]
    return model.scorer(adaptive=adaptive, after=Corpus.concatenate(parts) if parts else None)


def text_options_from(
    lower: bool,
    nfc: bool,
    strip: bool,
    graphemes: bool = False,
    documents: bool = False,
    separator: str | None = None,
) -> TextOptions:
    """The text options that the flags ask for."""
    from nextchar.data.text_options import TextOptions

    return TextOptions(lower=lower, nfc=nfc, strip=strip, graphemes=graphemes, documents=documents, separator=separator)


def constraint_options(command: Command) -> Command:
    """All conditions that an item can be held to, those of `Constraint`, and --new with --data; how lists are read.

    The command gets what is said of the latter as `reading`, arguments of `Format`.
    """

    @wraps(command)
    def with_reading(*args: Any, **options: Any) -> Any:
        reading = _reading(options)
        if reading and not (options["data_files"] or options["not_in"] or options.get("prompt_file")):
            option = {"header": "no-header"}.get(first := next(iter(reading)), first)
            files = " --prompt-file," if "prompt_file" in options else ""
            raise click.UsageError(f"--{option} is for the files of{files} --data and --not-in, and there is none.")
        return command(*args, reading=reading, **options)

    found: Any = with_reading
    for option in (
        *reversed(
            (
                click.option(
                    "--column",
                    metavar="NAME",
                    help="Of the files of --data and --not-in: read this column.  [default: as the model was trained, "
                    "where the file has that column]",
                ),
                *_reading_options("these files  [default: as the model was trained]", None, None),
            )
        ),
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
        found = option(found)
    return cast(Command, found)


def constraint_from(
    model: Model,
    *,
    match: Sequence[str],
    prefix: Sequence[str],
    suffix: str,
    contains: Sequence[str],
    allowed: str | None,
    not_in: Sequence[str],
    reading: Mapping[str, Any],
    min_length: int | None,
    max_length: int | None,
) -> Constraint:
    """The constraint that the options ask for; the files in `not_in` are read as the model's data was."""
    from nextchar.core.constraint import Constraint
    from nextchar.data.as_trained import read_as_trained

    return Constraint(
        match=match,
        prefix=prefix,
        suffix=suffix,
        contains=contains,
        allowed=allowed,
        not_in=[item for part in read_as_trained(not_in, model.provenance, **reading) for item in part],
        min_length=min_length,
        max_length=max_length,
    )


def training_data(
    model: Model, files: Sequence[str], wanted: bool, options: str = "--new", reading: Mapping[str, Any] | None = None
) -> Corpus | None:
    """What --data names, which goes with the options that want it."""
    if not files:
        return None
    if not wanted:
        raise click.UsageError(f"--data goes with {options}.")
    from nextchar.data.as_trained import read_as_trained
    from nextchar.data.corpus import Corpus

    return Corpus.concatenate(read_as_trained(files, model.provenance, **(reading or {})))
