"""The command `train`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nextchar.cli._options import format_from, input_options, json_option, text_options, text_options_from
from nextchar.cli._output import (
    check_writable,
    console,
    echo_json,
    note,
    print_losses,
    training_progress,
    warnings_as_notes,
)

if TYPE_CHECKING:
    from nextchar.core.settings import Spec
    from nextchar.data.corpus import TextOptions
    from nextchar.models.neural.training.checkpoints import Run
    from nextchar.tasks.train import Trained

__all__ = ["train"]

SMOOTHING = ("add", "witten-bell", "absolute", "kneser-ney", "modified-kneser-ney", "pitman-yor")
DEFAULT_ORDERS = {"add": 4, "pitman-yor": 8}  # 6 for the others
NETS = ("bow", "mlp", "rnn", "gru", "lstm", "wavenet", "transformer")
PRESETS = ("small", "default", "large")
NET_OPTIONS = ("preset", "set", "steps", "epochs", "seconds", "device", "log", "tensorboard", "checkpoint", "resume")

# What each model can be told, and the name of the setting.
MODEL_OPTIONS: dict[str, dict[str, str]] = {
    "bigram": {"add": "add"},
    "ngram": {
        "order": "order",
        "smoothing": "smoothing",
        "add": "add",
        "tune": "tune",
        "sweeps": "sweeps",
    },
    "bigram-net": {
        "solver": "solver",
        "l2": "l2",
        "steps": "steps",
        "learning_rate": "learning_rate",
        "init": "init",
        "init_seed": "seed",
    },
    "mix": {"seconds": "seconds", "epochs": "epochs"},
    **{kind: {name: name for name in NET_OPTIONS} for kind in NETS},
}
WITH_OPTIONS = ("with", "seconds", "device", "log", "tensorboard", "checkpoint", "resume")  # of a mix with nets
_PROGRESS_FROM_BYTES = 20_000_000
_SHIPPED_COLUMN = "name"


@click.command(short_help="Learn a model from a list of items.")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("-o", "--output", required=True, type=click.Path(), metavar="MODEL", help="Where to write the model.")
@click.option(
    "--model",
    "kind",
    type=click.Choice(list(MODEL_OPTIONS)),
    help="The kind of model; bigram is ngram of order 2, add-k.  [default: the n-gram model that is best on items held "
    "out, found within a few seconds]",
)
@click.option(
    "--order",
    type=int,
    metavar="N",
    help="ngram: predict from the N - 1 symbols before.  [default: 4 for add, 8 for pitman-yor, else 6]",
)
@click.option(
    "--smoothing", type=click.Choice(SMOOTHING), help="ngram: how to treat what was not seen.  [default: add]"
)
@click.option("--add", type=float, metavar="K", help="ngram, bigram: added to every count by add.  [default: 0.1]")
@click.option(
    "--tune",
    type=click.Choice(["none", "held-out", "leave-one-out"]),
    help="ngram: what to fit the discounts, or k, to.  [default: none: the formulas' discounts, k as given]",
)
@click.option("--sweeps", type=int, metavar="N", help="ngram, pitman-yor: of the sampler.  [default: 30]")
@click.option("--solver", type=click.Choice(["newton", "gd", "lecture"]), help="bigram-net.  [default: newton]")
@click.option("--l2", type=float, metavar="X", help="bigram-net: weight of mean(W^2).  [default: 0.01]")
@click.option("--steps", type=int, metavar="N", help="Updates: nets; bigram-net, gd and lecture  [default: 100].")
@click.option("--learning-rate", type=float, metavar="X", help="bigram-net, gd and lecture.  [default: 50]")
@click.option("--init", type=click.Choice(["randn", "zeros"]), help="bigram-net, gd and lecture.  [default: randn]")
@click.option("--init-seed", type=int, metavar="S", help="bigram-net: of randn.  [default: 2147483647]")
@click.option(
    "--with",
    multiple=True,
    metavar="NET[:PRESET]",
    help="mix: train this net too, transformer:large say, and make one model of all; repeatable.",
)
@click.option("--preset", type=click.Choice(PRESETS), help="Nets: the size.  [default: default]")
@click.option("--set", multiple=True, metavar="NAME=VALUE", help="Nets: any setting, width=64 say; repeatable.")
@click.option(
    "--epochs",
    type=float,
    metavar="X",
    help="Nets and mix: train so many times through the data.  [default: nets 12, large ones 40; mix by --seconds]",
)
@click.option(
    "--seconds",
    type=float,
    metavar="X",
    help="Nets and mix: train for so long.  [default: mix 60, with nets 600]",
)
@click.option("--device", metavar="NAME", help="Nets: auto, cpu or cuda.  [default: auto]")
@click.option("--log", type=click.Path(dir_okay=False), metavar="FILE", help="Nets: write the course as JSON lines.")
@click.option(
    "--tensorboard",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help='Nets: write the course for TensorBoard, into a folder of its own; pip install "nextchar[tensorboard]".',
)
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
@click.option("--seed", type=int, default=0, show_default=True, help="Of the split, and of a model's training.")
@click.option("--distinct", is_flag=True, help="Count repeated items once.")
@click.option("--label", metavar="NAME", help="With --column: learn to tell the labels in this column apart.")
@click.option("--unknown", is_flag=True, help="Add a symbol for characters that are not in the training data.")
@input_options
@text_options
@json_option
def train(
    files: tuple[str, ...],
    output: str,
    kind: str | None,
    division: Any,
    seed: int,
    distinct: bool,
    label: str | None,
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
    given = {name: value for name, value in chosen.items() if value not in (None, ())}
    if kind is None and given:
        kind = "ngram"
    runs: list[Run] = []
    if kind is None:
        spec = None
    else:
        _check_options(kind, given)
        if kind in NETS or "with" in given:
            from nextchar.extras import need_torch

            need_torch("a mix with nets" if "with" in given else f"the model {kind}")
            nets = given.pop("with", (kind,))
            runs = _runs(len(nets), Path(given.pop("checkpoint", f"{output}.checkpoint")), given)
            spec = _net(kind, seed, runs[0], given) if kind in NETS else _mix_with_nets(nets, seed, runs, given)
            kind = kind if kind in NETS else "ensemble"
        else:
            spec = _spec(kind, given, seed)
    checkpoints = [run.checkpoint for run in runs if run.checkpoint is not None]
    logs = [run.log for run in runs if run.log is not None]
    named = [("output", [Path(output)]), ("checkpoint", checkpoints), ("log", logs)]
    _check_beside([(name, path) for name, paths in named for path in paths], files)
    if label is not None:
        if kind not in (None, "ngram"):
            raise click.UsageError("--label goes with --model ngram.")
        _train_classifier(
            *(files, output, label, column, encoding, as_json),
            text_options_from(lower, nfc, strip),
            spec if given else None,
        )
        return
    from nextchar.tasks.train import Input
    from nextchar.tasks.train import train as fit

    if not files:
        from nextchar.data.datasets import shipped_path

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
    with _reading(files) as reading, training_progress() as learning, warnings_as_notes():
        try:
            trained = fit(spec, data, division=division, seed=seed, reading=reading, learning=learning)
        except KeyboardInterrupt:
            if written := [str(path) for path in checkpoints if path.exists()]:
                note(f"{', '.join(written)}: written; to go on, give the same command with --resume")
            raise
    trained.model.save(output)
    for path in checkpoints:
        path.unlink(missing_ok=True)
    metrics = trained.model.metrics
    for remark in (trained.note, metrics.get("stopped"), metrics.get("chosen"), *metrics.get("notes", ())):
        if remark:
            note(f"Note: {remark}.")
    document = _document(trained, kind or trained.model.kind)
    if as_json:
        echo_json(document)
    else:
        _report(trained, document, output)


def _train_classifier(
    files: tuple[str, ...],
    output: str,
    label: str,
    column: str | None,
    encoding: str,
    as_json: bool,
    options: TextOptions,
    spec: Any,
) -> None:
    """One set of models a label, in one file."""
    if column is None and files:
        raise click.UsageError("--label needs --column, the column of the items.")
    from nextchar.data.datasets import shipped_path
    from nextchar.tasks.classifier import DEFAULT, Classifier, read_labelled

    pairs = [
        read_labelled(name, column or _SHIPPED_COLUMN, label, encoding) for name in files or (str(shipped_path()),)
    ]
    texts = [text for part, _ in pairs for text in part]
    labels = [mark for _, part in pairs for mark in part]
    found = Classifier(DEFAULT if spec is None else (spec,), options=options).fit(texts, labels)
    found.save(output)
    sizes = {str(name): labels.count(str(name)) for name in found.classes_}
    document = {
        "model": "classifier",
        "items": len(texts),
        "labels": sizes,
        "temperature": found.temperature_,
    }
    if as_json:
        echo_json(document)
        return
    shares = ", ".join(f"{name} {n:,}" for name, n in sizes.items())
    click.echo(f"classifier of {len(texts):,} items: {shares}")
    click.echo(f"{output}: written")


def _check_options(kind: str, chosen: dict[str, Any]) -> None:
    if "with" in chosen and kind != "mix":
        raise click.UsageError("--with goes with --model mix.")
    options = WITH_OPTIONS if "with" in chosen else tuple(MODEL_OPTIONS[kind])
    wrong = sorted(set(chosen) - set(options))
    if wrong:
        known = ", ".join(f"--{name.replace('_', '-')}" for name in options)
        what = f"--model {kind}" + (" --with" if "with" in chosen else "")
        raise click.UsageError(f"--{wrong[0].replace('_', '-')} does not go with {what}, which has {known}.")


def _check_beside(written: list[tuple[str, Path]], files: tuple[str, ...]) -> None:
    """What is written while nets are trained replaces no input, and nothing else that is written."""
    owners: dict[Path, str] = {}
    for name, path in written:
        check_writable(str(path), files, "the model" if name == "output" else f"the {name}")
        other = owners.setdefault(path.resolve(), name)
        if other != name:
            raise click.UsageError(f"--{name} and --{other} are both {path}; give each a file of its own.")


def _runs(nets: int, checkpoint: Path, chosen: dict[str, Any]) -> list[Run]:
    """How the training of each net runs; the files of several nets end in .1, .2 and so on."""
    from nextchar.extras import need_tensorboard

    if "tensorboard" in chosen:
        need_tensorboard()
    from nextchar.models.neural.training.checkpoints import Run

    endings = [f".{number}" for number in range(1, nets + 1)] if nets > 1 else [""]
    return [
        Run(
            device=chosen.get("device", "auto"),
            checkpoint=Path(f"{checkpoint}{ending}"),
            resume=chosen.get("resume", False),
            log=Path(f"{chosen['log']}{ending}") if "log" in chosen else None,
            tensorboard=Path(f"{chosen['tensorboard']}{ending}") if "tensorboard" in chosen else None,
        )
        for ending in endings
    ]


def _net(kind: str, seed: int, run: Run, chosen: dict[str, Any]) -> Spec:
    """The settings of a net, bound to how its training runs."""
    from nextchar.models.neural.families import NetRun, net_spec

    budget: dict[str, Any] = {name: chosen[name] for name in ("steps", "epochs", "seconds") if name in chosen}
    return NetRun(net_spec(kind, chosen.get("preset", "default"), chosen.get("set", ()), {"seed": seed, **budget}), run)


def _mix_with_nets(nets: Sequence[str], seed: int, runs: list[Run], chosen: dict[str, Any]) -> Spec:
    """The settings of a mix with nets, and how their training runs."""
    from nextchar.models.ensemble.training import SECONDS, mix_with_nets

    return mix_with_nets(nets, seconds=chosen.get("seconds", SECONDS), seed=seed, runs=runs)


def _spec(kind: str, chosen: dict[str, Any], seed: int) -> Spec:
    """The settings of a model of counts, or of the bigram net."""
    settings = {MODEL_OPTIONS[kind][name]: value for name, value in chosen.items()}
    from nextchar.models.registry import spec_of

    if kind == "bigram-net":
        from nextchar.extras import need_torch

        need_torch()
    if kind in ("ngram", "mix"):
        settings["seed"] = seed
    if kind == "ngram":
        settings.setdefault("order", DEFAULT_ORDERS.get(settings.get("smoothing", "add"), 6))
    if kind == "bigram":
        return spec_of("ngram", {"order": 2, **settings})
    return spec_of(kind, settings)


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
    summary = trained.model.settings.summary
    click.echo(f"{document['model']} ({summary}), alphabet of {document['alphabet_size']} symbols")
    print_losses(document["splits"])
    if trained.repeats:
        click.echo(f"{trained.repeats:,} repeated items were left out.")
    click.echo(f"{output}: written after {document['seconds']:.2f} seconds")
