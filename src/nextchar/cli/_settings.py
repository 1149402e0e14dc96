"""Options and help made from what the settings of models say of themselves; see `core.settings`.

`train` has two sets of options. Those that everyone needs are click's as usual. Those of the models come from the
settings classes of all rows of the table, which have to be loaded for that, so they are added only when the command
line holds an option that the first set has not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.shell_completion import CompletionItem

from nextchar.cli._completion import names_beginning
from nextchar.cli._output import echo

if TYPE_CHECKING:
    from nextchar.core.settings import Setting
    from nextchar.models.registry import Kind

__all__ = ["ModelOption", "RareOption", "TrainCommand", "options_of", "run_options_of"]

# What a command line's context holds: whether only the common options are known yet; those of the models; --help; and
# the row of the model that help is asked for.
_FIRST_PASS: Final = "nextchar.first-pass"
_OPTIONS: Final = "nextchar.options-of-models"
_HELP: Final = "nextchar.help"
_HELP_FOR: Final = "nextchar.help-for"


class ModelOption(click.Option):
    """--model, whose choices are the rows of the table at the time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.type = _ModelName()


class _ModelName(click.ParamType[str]):
    """A kind of model that can be trained."""

    name = "model"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name, if there is such a kind."""
        from nextchar.models.registry import trained

        return click.Choice([row.name for row in trained()]).convert(value, param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        """The names that begin so."""
        from nextchar.models.registry import trained

        return names_beginning(incomplete, (row.name for row in trained()))


class RareOption(click.Option):
    """An option that few need: of `train`, for every model, it is in the help for one model only."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """As click has it, where the whole list is shown."""
        short = isinstance(ctx.command, TrainCommand) and _HELP_FOR not in ctx.meta
        return None if short else super().get_help_record(ctx)


class TrainCommand(click.Command):
    """A command with the options of all models, and with help in two parts: for everyone, and for one model."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does; the options of models are looked up when one is given, and for a shell that completes."""
        ctx.meta[_FIRST_PASS] = not ctx.resilient_parsing
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption:
            ctx.meta[_FIRST_PASS] = False
            return super().parse_args(ctx, given)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The options for everyone; after the first pass, also those of the models."""
        params = super().get_params(ctx)
        if ctx.meta.get(_FIRST_PASS):
            return params
        if _OPTIONS not in ctx.meta:
            ctx.meta[_OPTIONS] = _options_of_models()
        return [*params, *ctx.meta[_OPTIONS]]

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """--help, which looks at --model, wherever that stands."""
        if _HELP not in ctx.meta:
            ctx.meta[_HELP] = _Help(self.get_help_option_names(ctx))
        help_option: click.Option = ctx.meta[_HELP]
        return help_option

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """The usage line, with the model that help is asked for."""
        row = ctx.meta.get(_HELP_FOR)
        return [*([] if row is None else [f"--model {row.name}"]), *super().collect_usage_pieces(ctx)]

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What the command does; or what the model is that help is asked for."""
        row = ctx.meta.get(_HELP_FOR)
        if row is None:
            super().format_help_text(ctx, formatter)
            return
        needs = f' Needs: pip install "nextchar[{row.extra}]".' if row.extra else ""
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(f"{row.name}: {row.description}{needs}")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options that everyone needs, the models, and how to see more; or all that concerns one model."""
        row = ctx.meta.get(_HELP_FOR)
        options = [param for param in super().get_params(ctx) if isinstance(param, click.Option)]
        common = [record for param in options if (record := param.get_help_record(ctx)) is not None]
        if row is not None:
            _write_model(row, formatter)
            with formatter.section("Options for every model"):
                formatter.write_dl(common)
            return
        with formatter.section("Options"):
            formatter.write_dl(common)
        from nextchar.models.registry import trained

        with formatter.section("Models"):
            formatter.write_dl([(row.name, row.description) for row in trained()])
        formatter.write_paragraph()
        formatter.write_text(
            "Without --model, the n-gram model that is best on items held out is taken, or a mix where that is better, "
            "found within a few seconds. "
            f"What a model can be told, and the options that few need: {ctx.command_path} --model mlp --help"
        )


class _Help(click.Option):
    """--help, which tells of the model that --model names."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(names, is_flag=True, is_eager=True, expose_value=False, help="Show this message and exit.")

    def handle_parse_result(
        self, ctx: click.Context, opts: Mapping[str, Any], args: list[str]
    ) -> tuple[Any, list[str]]:
        """Print the help and end, if it is asked for."""
        if opts.get(self.name) and not ctx.resilient_parsing:
            if (name := opts.get("kind")) is not None:
                from nextchar.models.registry import trained_kind

                model = next(param for param in ctx.command.params if param.name == "kind")
                ctx.meta[_HELP_FOR] = trained_kind(model.type_cast_value(ctx, name))
            echo(ctx.get_help())
            ctx.exit()
        return None, args


def options_of(row: Kind) -> dict[str, Setting]:
    """The settings of a kind that have an option of their own, by the name that click gives the option."""
    return {_parameter(entry.option): entry for entry in row.offered() if entry.option is not None}


def run_options_of(row: Kind) -> dict[str, Setting]:
    """The same of how its training runs; none for a kind that is not told."""
    from nextchar.core.settings import settings_of

    entries = settings_of(row.run_class) if row.run else ()
    return {_parameter(entry.option): entry for entry in entries if entry.option is not None}


def _parameter(option: str) -> str:
    return option.replace("-", "_")


def _rows() -> Iterator[Kind]:
    from nextchar.models.registry import trained

    for row in trained():
        yield row
        if row.joint is not None:
            yield row.joint


def _options_of_models() -> list[click.Option]:
    """One option for each name; where models mean different values by it, it takes any text, read for its model."""
    named: dict[str, list[Setting]] = {}
    presets: dict[str, None] = {}
    for row in _rows():
        presets |= dict.fromkeys(row.presets)
        for name, entry in (options_of(row) | run_options_of(row)).items():
            named.setdefault(name, []).append(entry)
    made = [_option(entries) for entries in named.values()]
    if presets:
        made.append(click.Option(["--preset"], type=click.Choice(list(presets)), help=_PRESET))
    return made


_SWITCH: Final = {True: "yes", False: "no"}
_PRESET: Final = "Ready settings, of which others can still be replaced."


def _option(entries: Sequence[Setting]) -> click.Option:
    first = entries[0]
    alike = all(
        (entry.type, entry.choices, entry.repeated) == (first.type, first.choices, first.repeated) for entry in entries
    )
    flag = alike and first.type is bool
    several = first.repeated and first.type is not str  # numbers come in one text, as 1,1,2
    return click.Option(
        [f"--{first.option}"],
        type=None if flag else _click_type(first) if alike and not several else click.STRING,
        is_flag=flag,
        default=None,
        multiple=first.repeated and not several,
        metavar=first.metavar,
        help=first.help,
    )


def _click_type(entry: Setting) -> click.ParamType[Any]:
    if entry.choices:
        return click.Choice(entry.choices)
    types: dict[type, click.ParamType[Any]] = {int: click.INT, float: click.FLOAT, Path: click.Path()}
    return types.get(entry.type, click.STRING)


# -- help for one model ---------------------------------------------------------------------------------------------


def _write_model(row: Kind, formatter: click.HelpFormatter) -> None:
    """What a model can be told."""
    lines = [(_given_by(entry), _explained(entry)) for entry in row.offered()]
    if row.presets:
        lines.insert(0, (f"--preset [{'|'.join(row.presets)}]", f"{_PRESET}  [default: default]"))
    with formatter.section(f"Settings of {row.name}"):
        formatter.write_dl(lines)
    if row.presets:
        presets: Mapping[str, Mapping[str, Any]] = getattr(row.settings_class, "presets", {})
        with formatter.section("Presets"):
            formatter.write_dl([(name, _changes(presets[name])) for name in row.presets])
    if row.run:
        with formatter.section("How its training runs"):
            formatter.write_dl(_run_lines(row))
    if row.joint is not None:
        with formatter.section("Together with nets"):
            lines = [(_given_by(entry), _explained(entry)) for entry in options_of(row.joint).values()]
            formatter.write_dl(lines + _run_lines(row.joint))


def _run_lines(row: Kind) -> list[tuple[str, str]]:
    """What is told about a training's run; the checkpoint, which the library writes on demand, has a place here."""
    entries = run_options_of(row)
    if "checkpoint" in entries:
        entries["checkpoint"] = replace(entries["checkpoint"], default_text="MODEL.checkpoint")
    return [(_given_by(entry), _explained(entry)) for entry in entries.values()]


def _changes(preset: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_shown(value)}" for name, value in preset.items()) or "the defaults above"


def _shown(value: Any) -> str:
    return _SWITCH[value] if isinstance(value, bool) else f"{value:g}"


def _given_by(entry: Setting) -> str:
    """How it is given: --order N, or --set width=N."""
    value = f"[{'|'.join(entry.choices)}]" if entry.choices else entry.metavar
    value = value or {int: "N", float: "X", bool: "yes|no"}.get(entry.type, "TEXT")
    if entry.option is None:
        return "--seed S" if entry.name == "seed" else f"--set {entry.name}={value}"
    return f"--{entry.option}" + ("" if entry.type is bool else f" {value}")


def _explained(entry: Setting) -> str:
    """Help, range and default."""
    switch = entry.type is bool and entry.option is None and isinstance(entry.default, bool)
    default = _SWITCH[entry.default] if switch else entry.default_shown
    said = [f"default: {default}"] if default else []
    said += [entry.range.removeprefix("of ")] if entry.range else []
    return entry.help + (f"  [{'; '.join(said)}]" if said else "")
