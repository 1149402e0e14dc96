"""The commands that make models from models: `blend`, `update` and `combine`."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from nextchar.cli._options import input_options, json_option, model_argument, split_name
from nextchar.cli._output import echo, echo_json, note, print_losses, print_table
from nextchar.cli._progress import training_progress
from nextchar.cli._targets import check_target, model_output_option
from nextchar.data.display import thousands
from nextchar.data.writing import holds_file, name_of_target, remove
from nextchar.errors import ModelFileError

if TYPE_CHECKING:
    from nextchar.core.model import Model
    from nextchar.data.corpus import Corpus
    from nextchar.data.format import Format
    from nextchar.data.splits import Split
    from nextchar.models.neural.training.settings import Run

__all__ = ["blend", "combine", "update"]

_MOST_NAMED: Final = 8  # characters that a note lists


@click.command(short_help="Make one model of two.")
@click.argument("first", type=click.Path(), metavar="A")
@click.argument("second", type=click.Path(), metavar="B")
@model_output_option()
@click.option("--share", type=float, metavar="X", help="Of B's probabilities; A's is 1 - X.  [default: 0.5]")
@click.option("--add-counts", is_flag=True, help="Add the counts: the model of both training data together.")
@json_option
def blend(first: str, second: str, output: str, share: float | None, add_counts: bool, as_json: bool) -> None:
    """Interpolate the models A and B, symbol by symbol: (1 - X) p_A + X p_B. The result is a finite automaton again.

    For models that are finite automata. The result has the characters of both; one that a model lacks has the
    probability 0 in it. With --add-counts two ngram models of one order become the model that their training data would
    have made together, with A's settings.
    """
    if add_counts and share is not None:
        raise click.UsageError("--add-counts adds the counts as they are; --share goes with probabilities.")
    check_target(output, (first, second))
    from nextchar.automata.interpolation import interpolate
    from nextchar.models.ngram.updating import merge
    from nextchar.models.registry import load

    one, two = load(first), load(second)
    made = merge(one, two) if add_counts else interpolate(one, two, 0.5 if share is None else share)
    made.save(output)
    document = {"model": made.kind, "items": made.provenance.items, "alphabet_size": made.alphabet.size}
    if as_json:
        echo_json(document)
    else:
        echo(f"{name_of_target(output)}: written; {made.kind}, from {thousands(made.provenance.items, 'item')}")


@click.command(short_help="Teach a count model or a net more items.")
@model_argument
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@model_output_option(default="MODEL itself")
@click.option("--seconds", type=float, metavar="X", help="Train a net for so long.  [default: as at first]")
@click.option("--epochs", type=float, metavar="X", help="Train it so many times through the items.")
@click.option("--steps", type=int, metavar="N", help="Train it for so many updates.")
@click.option("--hold-out", type=float, metavar="SHARE", help="Of a net's items, not trained on.  [default: 0.1]")
@click.option("--device", metavar="NAME", help="Of a net: auto, cpu, cuda or mps.  [default: auto]")
@click.option("--log", type=click.Path(), metavar="FILE", help="Write a net's training curve as JSON lines.")
@click.option(
    "--checkpoint",
    type=click.Path(),
    metavar="FILE",
    help="Of a net: where to write every minute, and on Ctrl-C, all that is needed to go on.  "
    "[default: the model's file with .checkpoint]",
)
@click.option("--resume", is_flag=True, help="Go on from the checkpoint, if there is one.")
@input_options
@json_option
def update(
    model: str,
    files: tuple[str, ...],
    output: str | None,
    seconds: float | None,
    epochs: float | None,
    steps: int | None,
    hold_out: float | None,
    device: str | None,
    log: str | None,
    checkpoint: str | None,
    resume: bool,
    format_: Format,
    as_json: bool,
) -> None:
    """Add the items of the FILEs to an ngram MODEL: it becomes the one that all data together would have made.

    A net is trained further on the items; give those of its first training too, if it is not to forget them. A part is
    held out, and if no weights predict it better, those that the net has are kept. New characters join the alphabet.
    The options from --seconds to --resume are for nets, and mean what they do for train.
    """
    from nextchar.data.corpus import Corpus
    from nextchar.models.registry import load, nets
    from nextchar.models.updating import update as renew

    target = model if output is None else output
    check_target(target, files)
    loaded = load(model)
    run = None
    if loaded.kind in nets():
        run = _run(target, (model, *files), device=device, log=log, checkpoint=checkpoint, resume=resume)
    else:
        told = {"device": device, "log": log, "checkpoint": checkpoint, "resume": resume}
        for option in (name for name, value in told.items() if value):
            raise click.UsageError(f"--{option} is for nets, and {model} is a model of kind {loaded.kind}.")
    items = Corpus.read(
        files,
        format_,
        options=loaded.provenance.options,
    )
    with training_progress() as learning:
        budget: dict[str, Any] = {"steps": steps, "epochs": epochs, "seconds": seconds}
        try:
            made = renew(loaded, items, **budget, hold_out=hold_out, run=run, progress=learning)
        except KeyboardInterrupt:
            if run is not None and run.checkpoint is not None and run.checkpoint.exists():
                note(f"{run.checkpoint}: written; to go on, give the same command with --resume")
            raise
    made.save(target)
    if run is not None and run.checkpoint is not None:
        remove(run.checkpoint)
    for remark in (made.metrics.stopped, *made.metrics.notes):
        if remark:
            note(f"Note: {remark}.")
    document = {"added": len(items), "items": made.provenance.items, "alphabet_size": made.alphabet.size}
    if as_json:
        echo_json(document)
    else:
        echo(
            f"{name_of_target(target)}: written; {thousands(len(items), 'item')} more, {made.provenance.items:,} in all"
        )


def _run(
    target: str, inputs: tuple[str, ...], *, device: str | None, log: str | None, checkpoint: str | None, resume: bool
) -> Run:
    """How a net is trained further; what is written meanwhile replaces nothing else."""
    from nextchar.models.neural.training.settings import Run

    if checkpoint is None and holds_file(target):
        checkpoint = f"{target}.checkpoint"
    if resume and checkpoint is None:
        raise click.UsageError("--resume needs --checkpoint where the model is written to no file.")
    for name, path in (("log", log), ("checkpoint", checkpoint)):
        if path is not None:
            check_target(path, (*inputs, target), f"the {name}", binary=name != "log")
            if name == "checkpoint" and not holds_file(path):
                raise ModelFileError(f"{path}: is no file, and a checkpoint has to be read again; give a file name")
    if log is not None and checkpoint is not None and os.path.realpath(log) == os.path.realpath(checkpoint):
        raise click.UsageError(f"--log and --checkpoint are both {log}; give each a file of its own.")
    return Run(
        device=device or "auto",
        log=None if log is None else Path(log),
        checkpoint=None if checkpoint is None else Path(checkpoint),
        resume=resume,
        begun=time.perf_counter(),
    )


@click.command(short_help="Make one model of several: their geometric mean.")
@click.argument("models", nargs=-1, required=True, type=click.Path(), metavar="A B...")
@model_output_option()
@click.option(
    "--data", "files", required=True, multiple=True, metavar="FILE", help="What the models were trained on; repeatable."
)
@click.option(
    "--split",
    "division",
    type=split_name,
    metavar="NAME",
    required=True,
    help="The split that the models were trained with.",
)
@click.option("--seed", type=int, default=0, show_default=True, metavar="S", help="Of the split.")
@input_options
@json_option
def combine(
    models: tuple[str, ...],
    output: str,
    files: tuple[str, ...],
    division: str,
    seed: int,
    format_: Format,
    as_json: bool,
) -> None:
    """Make one model of the models A, B, ...: the weighted geometric mean of their probabilities, normalised.

    The weights are those that predict the validation part of the split best, which none of the models was trained on.
    Any models go together: a mix and a net predict better than either. A character that one of them does not know has
    the probability 0 in the result; to keep what either can write, use blend.
    """
    if len(models) == 1:
        raise click.UsageError("combine takes two models or more.")
    check_target(output, (*files, *models))
    from nextchar.core.metrics import Metrics
    from nextchar.data.corpus import Corpus
    from nextchar.data.splits import split
    from nextchar.models.ensemble.model import pool_weights, pooled
    from nextchar.models.ensemble.seat import shared_alphabet
    from nextchar.models.registry import load
    from nextchar.tasks.train import held_out_losses

    members = [load(path) for path in models]
    corpus = Corpus.read(
        files,
        format_,
        options=members[0].provenance.options,
        alphabet=shared_alphabet(members),
    )
    pieces = split(corpus, division, seed=seed)
    remarks = [remark for pair in zip(models, members, strict=True) for remark in _doubts(*pair, pieces)]
    remarks += [remark for pair in zip(models, members, strict=True) for remark in _lacking(*pair, pieces.validation)]
    weights = pool_weights(members, pieces.validation)
    made = pooled(members, weights)
    losses = held_out_losses(made, pieces)
    about = Metrics(split=division, seed=seed if division == "distinct" else None, notes=tuple(remarks), losses=losses)
    made = made.with_metrics(about)
    made.save(output)
    for remark in remarks:
        note(f"Note: {remark}.")
    if as_json:
        pairs = [
            {"file": path, "model": member.kind, "weight": weight}
            for path, member, weight in zip(models, members, weights, strict=True)
        ]
        splits = {name: part.document() for name, part in losses.items()}
        told = {"split": about.split, "seed": about.seed, "notes": remarks, "splits": splits}
        echo_json({"model": made.kind, "members": pairs, **told})
        return
    rows = [(path, member.kind, f"{weight:.4f}") for path, member, weight in zip(models, members, weights, strict=True)]
    print_table(["file", "model", "weight"], rows, right=["weight"])
    print_losses(losses)
    echo(f"{name_of_target(output)}: written")


def _lacking(path: str, model: Model, validation: Corpus) -> list[str]:
    """What the validation items hold that this model does not know, so that its weight is 0."""
    import numpy as np

    if model.alphabet == validation.alphabet:
        return []
    names = validation.alphabet.names
    held = {names[at - 1] for at in np.unique(validation.ids).tolist() if 0 < at <= len(names)}
    if not (lacking := sorted(held.difference(model.alphabet.names))):
        return []
    shown = ", ".join(lacking[:_MOST_NAMED]) + (", ..." if len(lacking) > _MOST_NAMED else "")
    return [
        f"{path} does not know {shown}, which the validation items hold, so that its weight is 0; the mean of several "
        "probabilities is 0 where one is; blend keeps what either model knows"
    ]


def _doubts(path: str, model: Model, pieces: Split) -> list[str]:
    """What speaks against fitting weights to the held-out items for this model: that it was trained on some."""
    import numpy as np

    known = model.provenance.known
    if known is None:
        return [f"{path} does not tell what it was trained on; the figures hold if it was not the held-out items"]
    learned = np.unique(pieces.train.fingerprints())
    doubts = []
    for name, part in (("validation", pieces.validation), ("test", pieces.test)):
        prints = part.fingerprints()
        seen = int((np.isin(prints, known) & ~np.isin(prints, learned)).sum())
        if seen:
            doubts.append(f"{seen:,} of the {len(part):,} {name} items")
    if not doubts:
        return []
    trained = model.metrics.split or "none"
    return [
        f"{path} was trained, with --split {trained}, on {' and '.join(doubts)}, none of which is in the training part "
        "of this split: the weights and figures favour it; train it with the split given here"
    ]
