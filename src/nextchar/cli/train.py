"""The command `train`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nextchar.cli._options import format_from, input_options, json_option, text_options, text_options_from
from nextchar.cli._run import console, echo_json, note, print_table, warnings_as_notes

if TYPE_CHECKING:
    from nextchar.fitting import Trained
    from nextchar.models.spec import Report, Spec

__all__ = ["train"]

NETS = ("bow", "mlp", "rnn", "gru", "lstm", "wavenet", "transformer")
PRESETS = ("small", "default", "large")
NET_OPTIONS = ("preset", "set", "steps", "epochs", "seconds", "device", "log", "checkpoint", "resume")

# What each model can be told, and the name of the setting.
MODEL_OPTIONS: dict[str, dict[str, str]] = {
    "bigram": {"add": "add"},
    "ngram": {"order": "order", "add": "add"},
    "bigram-net": {
        "solver": "solver",
        "l2": "l2",
        "steps": "steps",
        "learning_rate": "learning_rate",
        "init": "init",
        "init_seed": "seed",
    },
    **{kind: {name: name for name in NET_OPTIONS} for kind in NETS},
}
_PROGRESS_FROM_BYTES = 20_000_000
_SHIPPED_COLUMN = "name"


@click.command(short_help="Learn a model from a list of items.")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("-o", "--output", required=True, type=click.Path(), metavar="MODEL", help="Where to write the model.")
@click.option(
    "--model",
    "kind",
    type=click.Choice(list(MODEL_OPTIONS)),
    default="ngram",
    show_default=True,
    help="The kind of model; bigram is ngram of order 2.",
)
@click.option("--order", type=int, metavar="N", help="ngram: predict from the N - 1 symbols before.  [default: 4]")
@click.option("--add", type=float, metavar="K", help="ngram, bigram: added to every count.  [default: 0.1]")
@click.option("--solver", type=click.Choice(["newton", "gd", "lecture"]), help="bigram-net.  [default: newton]")
@click.option("--l2", type=float, metavar="X", help="bigram-net: weight of mean(W^2).  [default: 0.01]")
@click.option("--steps", type=int, metavar="N", help="Updates: nets; bigram-net, gd and lecture  [default: 100].")
@click.option("--learning-rate", type=float, metavar="X", help="bigram-net, gd and lecture.  [default: 50]")
@click.option("--init", type=click.Choice(["randn", "zeros"]), help="bigram-net, gd and lecture.  [default: randn]")
@click.option("--init-seed", type=int, metavar="S", help="bigram-net: of randn.  [default: 2147483647]")
@click.option("--preset", type=click.Choice(PRESETS), help="Nets: the size.  [default: default]")
@click.option("--set", multiple=True, metavar="NAME=VALUE", help="Nets: any setting, width=64 say; repeatable.")
@click.option(
    "--epochs", type=float, metavar="X", help="Nets: train so many times through the data.  [default: 12; 40 for large]"
)
@click.option("--seconds", type=float, metavar="X", help="Nets: train for so long; the learning rate falls to match.")
@click.option("--device", metavar="NAME", help="Nets: auto, cpu or cuda.  [default: auto]")
@click.option("--log", type=click.Path(dir_okay=False), metavar="FILE", help="Nets: write the course as JSON lines.")
@click.option(
    "--checkpoint",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Nets: where to note every minute, and on Ctrl-C, all that is needed to go on.  [default: MODEL.checkpoint]",
)
@click.option("--resume", is_flag=True, default=None, help="Nets: go on from the checkpoint, if there is one.")
@click.option(
    "--split",
    "division",
    type=click.Choice(["none", "distinct", "eurekalabs", "lecture"]),
    default="none",
    show_default=True,
    help="Hold items out and report the loss on them. distinct: repeats removed first; the other two are the "
    "published splits of makemore's names.txt.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the split, and of a net's training.")
@click.option("--distinct", is_flag=True, help="Count repeated items once.")
@click.option("--unknown", is_flag=True, help="Add a symbol for characters that are not in the training data.")
@input_options
@text_options
@json_option
def train(
    files: tuple[str, ...],
    output: str,
    kind: str,
    division: Any,
    seed: int,
    distinct: bool,
    unknown: bool,
    column: str | None,
    weight: str | None,
    encoding: str,
    lower: bool,
    nfc: bool,
    strip: bool,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Learn a model from one or more FILEs with one item a line, and write it to MODEL.

    A FILE may be - for standard input, compressed (.gz, .bz2, .xz, .zst), or a URL. Without FILE, the names that ship
    with the package are taken: US given names of 2018.
    """
    wishes = {name: value for name, value in chosen.items() if value not in (None, ())}
    _check_options(kind, wishes)
    checkpoint = None
    if kind in NETS:
        checkpoint = Path(wishes.pop("checkpoint", f"{output}.checkpoint"))
        spec = _net(kind, seed, checkpoint, wishes)
    else:
        spec = _spec(kind, wishes)
    _check_writable(output, files)
    from nextchar.fitting import Input
    from nextchar.fitting import train as fit

    if not files:
        from nextchar.data import shipped_path

        files, column = (str(shipped_path()),), column or _SHIPPED_COLUMN
    data = Input(
        sources=files,
        format=format_from(column, weight, encoding),
        options=text_options_from(lower, nfc, strip),
        distinct=distinct,
        unknown=unknown,
    )
    if column is None and any(Path(name).suffix.lower() in {".csv", ".tsv"} for name in files):
        note("Reading whole lines; to read one column of the table, give --column NAME.")
    with _reading(files) as reading, _learning() as learning, warnings_as_notes():
        try:
            trained = fit(spec, data, division=division, seed=seed, reading=reading, learning=learning)
        except KeyboardInterrupt:
            if checkpoint is not None and checkpoint.exists():
                note(f"{checkpoint}: written; to go on, give the same command with --resume")
            raise
    trained.model.save(output)
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    for remark in (trained.note, trained.model.metrics.get("stopped")):
        if remark:
            note(f"Note: {remark}.")
    document = _document(trained, kind)
    if as_json:
        echo_json(document)
    else:
        _report(trained, document, output)


def _check_writable(output: str, files: tuple[str, ...]) -> None:
    """Say so before an hour of work, not after it."""
    from nextchar.errors import ModelFileError

    folder = Path(output).parent
    if Path(output).is_dir():
        raise ModelFileError(f"{output}: is a directory; give a file name for the model")
    if any(Path(name).exists() and Path(output).exists() and Path(name).samefile(output) for name in files):
        raise ModelFileError(f"{output}: is also an input, which the model would replace; give another name")
    if not folder.is_dir():
        raise ModelFileError(f"{output}: there is no folder {folder}; make it first")
    if not os.access(folder, os.W_OK):
        raise ModelFileError(f"{output}: the folder {folder} cannot be written")


def _check_options(kind: str, chosen: dict[str, Any]) -> None:
    wrong = sorted(set(chosen) - set(MODEL_OPTIONS[kind]))
    if wrong:
        known = ", ".join(f"--{name.replace('_', '-')}" for name in MODEL_OPTIONS[kind])
        raise click.UsageError(f"--{wrong[0].replace('_', '-')} does not go with --model {kind}, which has {known}.")


def _net(kind: str, seed: int, checkpoint: Path, chosen: dict[str, Any]) -> Spec:
    """The settings of a net, bound to how its training runs."""
    from nextchar.models.bigram_net import need_torch

    need_torch(f"the model {kind}")
    from nextchar.models.net_specs import NetRun, net_spec
    from nextchar.running import Run

    budget: dict[str, Any] = {name: chosen[name] for name in ("steps", "epochs", "seconds") if name in chosen}
    spec = net_spec(kind, chosen.get("preset", "default"), chosen.get("set", ()), {"seed": seed, **budget})
    log = chosen.get("log")
    run = Run(
        device=chosen.get("device", "auto"),
        checkpoint=checkpoint,
        resume=chosen.get("resume", False),
        log=None if log is None else Path(log),
    )
    return NetRun(spec, run)


def _spec(kind: str, chosen: dict[str, Any]) -> Spec:
    """The settings of a model of counts, or of the bigram net."""
    settings = {MODEL_OPTIONS[kind][name]: value for name, value in chosen.items()}
    if kind == "bigram-net":
        from nextchar.models.bigram_net import need_torch

        need_torch()
    from nextchar.models.build import spec_of

    return spec_of("ngram", {"order": 2, **settings}) if kind == "bigram" else spec_of(kind, settings)


@contextmanager
def _learning() -> Iterator[Callable[[Report], None] | None]:
    """A line on a terminal that shows how training goes, once it tells of it."""
    if not console(stderr=True).is_terminal:
        yield None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = ("learning", BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0, visible=False)
        yield lambda at: bar.update(task, completed=at.share, description=at.text, visible=True)


@contextmanager
def _reading(files: tuple[str, ...]) -> Iterator[Callable[[int], None] | None]:
    """A progress bar on a terminal, where there is enough to read."""
    sizes = [Path(name).stat().st_size if Path(name).is_file() else 0 for name in files]
    if sum(sizes) < _PROGRESS_FROM_BYTES or not console(stderr=True).is_terminal:
        yield None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    columns = ("reading", BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=sum(sizes))
        yield lambda done: bar.update(task, completed=done)


def _document(trained: Trained, kind: str) -> dict[str, Any]:
    model = trained.model
    seen = model.provenance
    return {
        "model": kind,
        "settings": asdict(model.settings),
        "items": sum(part["items"] for part in model.metrics["splits"].values()),
        "symbols": sum(part["symbols"] for part in model.metrics["splits"].values()),
        "alphabet_size": model.alphabet.size,
        **({"weight": seen.weight} if seen.weight is not None else {}),
        "blank": trained.blank,
        "repeats": trained.repeats,
        "split": model.metrics["split"],
        "seed": model.metrics["seed"],
        "seconds": model.metrics["seconds"],
        "splits": model.metrics["splits"],
    }


def _report(trained: Trained, document: dict[str, Any], output: str) -> None:
    settings = ", ".join(f"{name} {value}" for name, value in document["settings"].items() if value is not None)
    click.echo(f"{document['model']} ({settings}), alphabet of {document['alphabet_size']} symbols")
    held_out = len(document["splits"]) > 1
    columns = ["part", "items", "symbols", "nats/symbol", "bits/symbol", *(["new items only"] if held_out else [])]
    rows = []
    for name, part in document["splits"].items():
        row = [name, f"{part['items']:,}", f"{part['symbols']:,}"]
        row += [f"{float(part[unit]) + 0.0:.4f}" for unit in ("nats_per_symbol", "bits_per_symbol")]
        new = part.get("new_nats_per_symbol")
        rows.append([*row, "" if new is None else f"{float(new):.4f}"][: len(columns)])
    print_table(columns, rows, right=columns[1:])
    if trained.repeats:
        click.echo(f"{trained.repeats:,} repeated items were left out.")
    click.echo(f"{output}: written after {document['seconds']:.2f} seconds")
