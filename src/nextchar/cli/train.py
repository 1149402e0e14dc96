"""The command `train`."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from nextchar.cli._counts import counted, settings_from
from nextchar.cli._options import (
    documents_options,
    graphemes_option,
    held_out_options,
    input_options,
    json_option,
    memory_option,
    split_or_none,
    text_options,
    text_options_from,
)
from nextchar.cli._output import echo, echo_json, note, print_losses, print_table
from nextchar.cli._progress import reading_progress, training_progress
from nextchar.cli._settings import ModelOption, RareOption, TrainCommand, options_of, run_options_of
from nextchar.cli._talk import is_verbose
from nextchar.cli._targets import check_target, model_output_option
from nextchar.data.display import thousands
from nextchar.data.writing import holds_file, name_of_target, names_a_folder, remove
from nextchar.errors import ModelFileError

if TYPE_CHECKING:
    from nextchar.core.settings import Setting
    from nextchar.core.spec import RunnableSpec, Spec
    from nextchar.data.format import Format
    from nextchar.data.text_options import TextOptions
    from nextchar.models.neural.training.settings import Run
    from nextchar.models.ngram.model import Ngram
    from nextchar.models.registry import Kind
    from nextchar.tasks.train import Trained

__all__ = ["train"]

_SHIPPED_COLUMN = "name"
_MIX_BY = {"best": "--best", "mix": "--model mix, a minute"}  # where a list is long


@click.command(cls=TrainCommand, short_help="Learn a model from a list of items.")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@model_output_option()
@click.option("--model", "kind", cls=ModelOption, metavar="NAME", help="The kind of model.  [default: the best one]")
@click.option(
    "--best", cls=RareOption, is_flag=True, help="Without --model: try a mix on longer lists too; takes longer."
)
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help="Any setting of the model; repeatable.")
@click.option(
    "--split",
    "division",
    type=split_or_none,
    default="none",
    metavar="NAME",
    help="Hold items out: distinct, eurekalabs, lecture, tail:0.1.",
)
@held_out_options
@click.option("--seed", type=int, metavar="S", help="Of the split and of the training.  [default: 0]")
@click.option("--distinct", is_flag=True, help="Count repeated items once.")
@click.option(
    "--counts",
    cls=RareOption,
    type=click.Path(),
    metavar="COUNTS",
    help="Train on what count has counted, and not on FILEs.",
)
@memory_option(None, rare=True)
@click.option(
    "--label",
    cls=RareOption,
    metavar="NAME",
    help="With --column: learn to tell the labels in this column apart; see classify.",
)
@click.option(
    "--unknown", cls=RareOption, is_flag=True, help="Add a symbol for characters that are not in the training data."
)
@input_options
@text_options
@graphemes_option
@documents_options
@json_option
def train(
    files: tuple[str, ...],
    output: str,
    kind: str | None,
    best: bool,
    assignments: tuple[str, ...],
    division: str,
    validation: tuple[str, ...],
    test: tuple[str, ...],
    seed: int | None,
    distinct: bool,
    counts: str | None,
    memory: str | None,
    label: str | None,
    unknown: bool,
    format_: Format,
    lower: bool,
    nfc: bool,
    strip: bool,
    graphemes: bool,
    documents: bool,
    separator: str | None,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Learn a model from one or more FILEs with one item a line, and write it to MODEL.

    A FILE may be - for standard input, compressed (.gz, .bz2, .xz, .zst), or a URL. Without FILE, the names that ship
    with the package are taken: US given names of 2018.

    Without --model the model that is best on items held out is taken: of n-gram models and, on lists of up to 25,000
    symbols (with --best 100,000), a mix. Where the mix is better, what is written is a finite automaton made of it,
    which answers exactly as n-gram models do. update and ARPA files need counts, which only n-gram models have.

    With --split, the loss on the items held out is reported. distinct removes repeated items first; eurekalabs and
    lecture are the published splits of makemore's names.txt; tail:0.1 holds out the last tenth of each text (or list),
    tail:0.1,0.1 a validation part and, behind it, a test part. With --column and --label NAME, one model for each label
    is learned; see classify.
    """
    given = {name: value for name, value in chosen.items() if value not in (None, ())}
    if seed is not None:
        from nextchar.data.hashing import checked_seed

        checked_seed(seed)
    if kind is None and (given or assignments):
        kind = "ngram"
    if best and (kind is not None or counts is not None or memory is not None or label is not None):
        raise click.UsageError(
            "--best chooses the model: it goes without --model and settings, without --counts, --memory and --label."
        )
    folder = None if counts is None else counted(counts, files, named=bool(kind or given or assignments))
    spec: Spec | None = None
    runs: list[Run] = []
    name = None  # of a special case of a kind of model
    if kind is not None:
        row = _row(kind, given)
        _check_options(row, kind, given)
        if folder is not None:
            given |= settings_from(folder, row, kind, {*given, *(text.partition("=")[0] for text in assignments)})
        spec = _spec(row, given, assignments, seed)
        row.need()
        name = kind if row.fixed else None
        if row.run:
            spec, runs = _running(cast("RunnableSpec", spec), row, given, output)
    checkpoints = [run.checkpoint for run in runs if run.checkpoint is not None]
    logs = [run.log for run in runs if run.log is not None]
    named: list[tuple[str, Sequence[str | Path]]] = [("output", [output]), ("checkpoint", checkpoints), ("log", logs)]
    _check_beside([(name, path) for name, paths in named for path in paths], files)
    from nextchar.data.datasets import are_texts, shipped_path

    if not files and folder is None:
        files, format_ = (str(shipped_path()),), replace(format_, column=format_.column or _SHIPPED_COLUMN)
    documents = documents or (separator is None and are_texts(files))
    options = text_options_from(lower, nfc, strip, graphemes, documents, separator)
    if label is not None:
        if kind not in (None, "ngram"):
            raise click.UsageError("--label goes with --model ngram.")
        if memory is not None:
            raise click.UsageError("--memory goes without --label.")
        if format_.column is None:
            raise click.UsageError("--label needs --column, the column of the items.")
        if unknown:
            raise click.UsageError("--unknown goes without --label: a classifier has a symbol for unknown characters.")
        if validation or test:
            raise click.UsageError("--validation and --test go without --label.")
        _check_seed(seed, division, spec if given or assignments else None)
        _train_classifier(
            *(files, output, replace(format_, label=label), as_json, options),
            *(spec if given or assignments else None, distinct, division, seed or 0),
        )
        return
    _check_seed(seed, division, spec)
    set_by_user = {*given, *(assignment.partition("=")[0] for assignment in assignments)}
    if division != "none" and (validation or test):
        raise click.UsageError(f"--split {division} goes without --{'validation' if validation else 'test'}.")
    if "hold_out" in set_by_user and (validation or division != "none"):
        what = "--validation" if validation else f"--split {division}"
        raise click.UsageError(f"--hold-out goes without {what}, whose validation part serves for the same.")
    from nextchar.data.files import is_table
    from nextchar.tasks.train import TrainingFiles, train_on_counts
    from nextchar.tasks.train import train as fit

    data = TrainingFiles(
        sources=files,
        format=format_,
        options=options,
        distinct=distinct,
        unknown=unknown,
    )
    within: dict[str, Any] = {"scratch": Path(output).absolute().parent if holds_file(output) else None}
    if memory is not None:
        if division != "none" or validation or test or distinct or (spec is not None and not _counts_suffice(spec)):
            raise click.UsageError("--memory goes with n-gram models, which count; others have all items in memory.")
        within["memory"] = memory
    if format_.column is None and any(map(is_table, files)):
        note("Reading whole lines; to read one column of the table, give --column NAME.")
    with reading_progress(files) as reading, training_progress() as learning:
        try:
            if folder is not None and spec is not None:
                trained = train_on_counts(spec, folder, unknown=unknown, learning=learning, **within)
            else:
                told = {"reading": reading, "learning": learning, **within}
                held: dict[str, Any] = {"division": division, "validation": validation, "test": test}
                trained = fit(spec, data, best=best, **held, seed=seed or 0, **told)
        except KeyboardInterrupt:
            if written := [str(path) for path in checkpoints if path.exists()]:
                note(f"{', '.join(written)}: written; to go on, give the same command with --resume")
            raise
    trained.model.save(output)
    for path in checkpoints:
        remove(path)
    metrics = trained.model.metrics
    if trained.choice is not None:
        hint = "" if trained.untried is None else f" A mix may predict better: {_MIX_BY[trained.untried]}."
        if trained.model.kind == "automaton":
            counting = _as_options(trained.choice.ngrams)
            hint = f" The mix itself: --model mix; an n-gram model, which has counts: {counting}."
        note(f"Model: {trained.choice.in_short()}.{hint}")
    details = (metrics.chosen, *metrics.notes) if is_verbose() else () if trained.choice is not None else metrics.notes
    for remark in (trained.note, metrics.stopped, *details):
        if remark:
            note(f"Note: {remark}.")
    document = _document(trained, name or trained.model.kind)
    if as_json:
        echo_json(document)
    else:
        _report(trained, document, output)


def _check_seed(seed: int | None, division: str, spec: Spec | None) -> None:
    """A seed that nothing would be drawn with is a mistake."""
    if seed is None or division == "distinct":
        return
    if spec is None or (isinstance(spec, _ngram()) and spec.smoothing != "pitman-yor"):
        also = "; the split " + division + " has its own" if division != "none" else ""
        raise click.UsageError(
            f"--seed {seed} would change nothing: nothing is drawn at random here{also}. It goes with --split distinct "
            "and with models that draw, such as the nets."
        )


def _counts_suffice(spec: Spec) -> bool:
    from nextchar.models.ngram.count_settings import CountSpec

    return isinstance(spec, CountSpec) and spec.counts_suffice


def _ngram() -> type[Ngram]:
    from nextchar.models.ngram.model import Ngram

    return Ngram


def _train_classifier(
    files: tuple[str, ...],
    output: str,
    format_: Format,
    as_json: bool,
    options: TextOptions,
    spec: Any,
    distinct: bool,
    division: Any,
    seed: int,
) -> None:
    """One set of models a label, in one file."""
    from nextchar.tasks.classifier import DEFAULT
    from nextchar.tasks.labelled import train_classifier

    trained = train_classifier(
        files,
        format_,
        specs=DEFAULT if spec is None else (spec,),
        options=options,
        distinct=distinct,
        division=division,
        seed=seed,
    )
    trained.classifier.save(output)
    if trained.note:
        note(f"Note: {trained.note}.")
    if as_json:
        echo_json(
            {
                "model": "classifier",
                "items": trained.texts,
                "labels": trained.sizes,
                "weight": format_.weight,
                "repeats": trained.repeats,
                "split": None if division == "none" else division,
                "seed": seed if division == "distinct" else None,
                "splits": {name: asdict(part) for name, part in trained.quality.items()},
                "temperature": trained.classifier.temperature_,
            }
        )
        return
    shares = ", ".join(f"{name} {n:,}" for name, n in trained.sizes.items())
    echo(f"classifier of {thousands(trained.texts, 'item')}: {shares}")
    if trained.quality:
        columns = ["part", "items", "accuracy", "log loss, nats"]
        rows = [
            (name, f"{part.items:,}", f"{part.accuracy:.4f}", f"{part.log_loss_nats:.4f}")
            for name, part in trained.quality.items()
        ]
        print_table(columns, rows, right=columns[1:])
    if trained.repeats:
        echo(f"{trained.repeats:,} repeated items were left out.")
    echo(f"{name_of_target(output)}: written")


def _row(kind: str, chosen: dict[str, Any]) -> Kind:
    """The row of the table; where other models are named to be trained with it, that of all together."""
    from nextchar.models.registry import trained, trained_kind

    row = trained_kind(kind)
    joining = {
        option: [other for other in trained() if other.joint is not None and option in _joining(other)]
        for option in chosen
    }
    for option, others in joining.items():
        if row in others:
            return cast("Kind", row.joint)
        if others:
            raise click.UsageError(f"--{option} goes with --model {' or '.join(other.name for other in others)}.")
    return row


def _joining(row: Kind) -> set[str]:
    """The options that say which models are trained with this one."""
    return set() if row.joint is None else _only_in(options_of(row.joint), options_of(row))


def _only_in(some: Mapping[str, Setting], others: Mapping[str, Setting]) -> set[str]:
    return set(some) - set(others)


def _check_options(row: Kind, kind: str, chosen: dict[str, Any]) -> None:
    """Every option is one that the model has."""
    options = [entry.option for entry in (options_of(row) | run_options_of(row)).values()]
    options = [*(["preset"] if row.presets else []), *options, "set"]
    known = ", ".join(f"--{name}" for name in options)
    for name in sorted(chosen):
        option = name.replace("_", "-")
        if option not in options:
            what = f"--model {kind}" + (" --with" if "with" in chosen else "")
            raise click.UsageError(f"--{option} does not go with {what}, which has {known}.")


def _spec(row: Kind, chosen: dict[str, Any], assignments: Sequence[str], seed: int | None) -> Spec:
    """The settings, from options, from --set and from the presets."""
    from nextchar.models.registry import spec_of

    settings = {entry.name: _value(entry, chosen[name]) for name, entry in options_of(row).items() if name in chosen}
    options = {entry.name: entry.option for entry in options_of(row).values()}
    offered = {entry.name for entry in row.offered()}
    if seed is not None and "seed" in offered and "seed" not in options:
        settings["seed"], options["seed"] = seed, "seed"
    for assignment in assignments:
        name = assignment.partition("=")[0]
        if name in settings:
            raise click.UsageError(f"--{options[name]} and --set {assignment} are the same setting; give one of them.")
    preset = chosen.get("preset", "default") if row.presets else None
    spec = spec_of(row, settings, preset=preset, assignments=assignments)
    told = {name for name in settings if options.get(name) != "seed"}  # which may be of a split
    _check_used(row, spec, told | {assignment.partition("=")[0] for assignment in assignments})
    return spec


def _as_options(spec: Ngram) -> str:
    """How the settings of an n-gram model are given; those that it has without being told are left out."""
    from nextchar.models.registry import trained_kind

    offered = {entry: getattr(spec, entry.name) for entry in trained_kind("ngram").offered()}
    return " ".join(
        f"--set {entry.name}={value}" if entry.option is None else f"--{entry.option} {value}"
        for entry, value in offered.items()
        if value != entry.default
    )


def _check_used(row: Kind, spec: Spec, told: set[str]) -> None:
    """A setting that changes nothing beside the others is a mistake."""
    names = {entry.name: f"--{entry.option}" if entry.option else f"--set {entry.name}" for entry in row.offered()}
    for entry in row.offered():
        if entry.name not in told or entry.goes_with is None:
            continue
        other, values = entry.goes_with
        if getattr(spec, other) not in values:
            with_ = (
                f"without {names.get(other, other)}"
                if None in values
                else f"with {names.get(other, other)} {' or '.join(map(str, values))}"
            )
            raise click.UsageError(f"{names[entry.name]} goes {with_}; here it would change nothing.")


def _value(entry: Setting, value: Any) -> Any:
    """An option's value; a text that click has not read, as models mean different values by it, is read here."""
    return entry.parse(value) if isinstance(value, str) and entry.type is not str else value


def _running(spec: RunnableSpec, row: Kind, chosen: dict[str, Any], output: str) -> tuple[Spec, list[Run]]:
    """The settings bound to how each training runs; the files of several nets end in .1, .2 and so on."""
    import nextchar.tasks.train  # noqa: F401 - what is loaded once is no part of the seconds, which begin below
    from nextchar.extras import need_tensorboard

    if "tensorboard" in chosen:
        need_tensorboard()
    entries = run_options_of(row)
    given: dict[str, Any] = {name: chosen[name] for name in entries if name in chosen}
    if holds_file(output):  # beside a pipe there is no place for one
        given.setdefault("checkpoint", f"{output}.checkpoint")
    endings = [f".{number}" for number in range(1, spec.trainings + 1)] if spec.trainings > 1 else [""]
    runs = []
    for ending in endings:
        values = {
            entries[name].name: _beside(entries[name], value, ending) if entries[name].type is Path else value
            for name, value in given.items()
        }
        runs.append(row.run_class(**values, begun=time.perf_counter() if spec.trainings == 1 else None))
    return spec.running(runs), runs


def _beside(entry: Setting, value: str, ending: str) -> Path:
    """A path that is written while a net is trained; of several nets each has an ending of its own."""
    if names_a_folder(value) and entry.metavar == "FILE":
        raise ModelFileError(f"{value!r} is the name of a folder; give that of a file (--{entry.option})")
    return Path(f"{value}{ending}")


def _check_beside(written: list[tuple[str, str | Path]], files: tuple[str, ...]) -> None:
    """What is written while nets are trained replaces no input, and nothing else that is written."""
    owners: dict[Path, str] = {}
    for name, path in written:
        check_target(str(path), files, "the model" if name == "output" else f"the {name}", binary=name != "log")
        if name == "checkpoint" and not holds_file(path):
            raise ModelFileError(f"{path}: is no file, and a checkpoint has to be read again; give a file name")
        other = owners.setdefault(Path(os.path.realpath(path)), name)  # which a circle of links does not stop
        if other != name:
            raise click.UsageError(f"--{name} and --{other} are both {path}; give each a file of its own.")


def _document(trained: Trained, kind: str) -> dict[str, Any]:
    model, metrics = trained.model, trained.model.metrics
    seen, losses = model.provenance, metrics.losses
    return {
        "model": kind,
        "settings": asdict(model.settings),
        "items": sum(part.items for part in losses.values()) if losses else seen.items,
        "symbols": sum(part.symbols for part in losses.values()) if losses else seen.symbols,
        "alphabet_size": model.alphabet.size,
        **({"weight": seen.weight} if seen.weight is not None else {}),
        "blank": trained.blank,
        "repeats": trained.repeats,
        "split": metrics.split,
        "seed": metrics.seed,
        "seconds": metrics.seconds,
        "splits": {name: part.document() for name, part in losses.items()},
    }


def _report(trained: Trained, document: dict[str, Any], output: str) -> None:
    summary = trained.model.settings.summary
    echo(f"{document['model']} ({summary}), alphabet of {thousands(document['alphabet_size'], 'symbol')}")
    if trained.model.metrics.losses:
        print_losses(trained.model.metrics.losses)
    else:
        echo(f"{thousands(document['items'], 'item')}, {thousands(document['symbols'], 'symbol')}")
    if trained.repeats:
        echo(f"{trained.repeats:,} repeated items were left out.")
    echo(f"{name_of_target(output)}: written after {document['seconds']:.2f} seconds")
