"""The command `info`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nextchar.cli._info_page import FileFacts, classifier_page, counts_page, model_page
from nextchar.cli._options import json_option, model_argument
from nextchar.cli._output import echo, echo_json, note, print_table
from nextchar.errors import CountsError, NotAModelError, SettingsError

if TYPE_CHECKING:
    from nextchar.core.model import Model

__all__ = ["info"]


@click.command(short_help="What a model file holds.")
@model_argument
@click.option("--explain", is_flag=True, help="For a mix: which experts carry it.")
@click.option("--exact", is_flag=True, help="Also the lengths and the entropy of its items; for finite automata.")
@click.option(
    "--data", "data_files", multiple=True, metavar="FILE", help="With --exact: the training data, for new items."
)
@click.option("--verify", is_flag=True, help="Also see that the file is as it was written, its checksum.")
@json_option
def info(model: str, explain: bool, exact: bool, data_files: tuple[str, ...], verify: bool, as_json: bool) -> None:
    """What MODEL is, what it was trained on, what was measured then, and what can be done with it.

    MODEL may be a classifier, or a folder of counts (see count), too. With --json all that its file holds but for the
    arrays.

    With --exact also what its items are like, computed and not drawn: mean length, entropy, the probability of each
    length, and that an item is new, where the training data is given or known to the package by its hash.
    """
    if data_files and not exact:
        raise click.UsageError("--data goes with --exact.")
    from dataclasses import asdict
    from pathlib import Path

    from nextchar.models.registry import load

    if Path(model).is_dir():
        from nextchar.models.ngram.counts_folder import FACTS

        if not (Path(model) / FACTS).exists():
            raise CountsError(f"{model}: is a directory; give a model file, or a folder that count has written")
        if explain or exact:
            raise click.UsageError("--explain and --exact are for models; train --counts makes one of counts.")
        _counts(model, verify, as_json)
        return
    try:
        loaded = load(model)
        if verify:
            from nextchar.core.model_file import verify_model_file

            verify_model_file(model)
            note(f"{model}: its checksum fits.")
    except NotAModelError as error:
        if error.kind != "classifier" or explain or exact:
            raise
        _classifier(model, as_json)
        return
    if explain:
        _explain(loaded, model, as_json)
        return
    file = FileFacts.of(model)
    exactly = _exact(loaded, data_files, 1e-6 if as_json else 1e-2) if exact else None
    if not as_json:
        echo(model_page(loaded, file, exactly))
        return
    seen = loaded.provenance
    document = {
        "model": loaded.kind,
        "settings": asdict(loaded.settings),
        "context_length": loaded.context_length,
        "alphabet_size": loaded.alphabet.size,
        "characters": "".join(loaded.alphabet.names),
        "unknown": loaded.alphabet.has_unknown,
        "text": seen.options.document(),
        "data": {
            "items": seen.items,
            "symbols": seen.symbols,
            "weight": seen.weight,
            "distinct_items": None if seen.known is None else len(seen.known),
            "source": None if seen.source is None else seen.source.document(),
        },
        "metrics": loaded.metrics.document(),
        "file": file.document(),
        "memory_bytes": loaded.memory_bytes,
        **({} if exactly is None else {"exact": exactly}),
    }
    echo_json(document)


def _counts(path: str, verify: bool, as_json: bool) -> None:
    """The same of a folder of counts."""
    from nextchar.models.ngram.counts_folder import CountsFolder

    found = CountsFolder.open(path)
    if verify:
        found.verify()
        note(f"{path}: its checksums fit.")
    if not as_json:
        echo(counts_page(found))
        return
    seen = found.provenance
    document = {
        "model": "counts",
        "order": found.order,
        "ngrams": found.size,
        "total": found.total,
        "size_bytes": found.size_bytes,
        "alphabet_size": found.alphabet.size,
        "characters": "".join(found.alphabet.names),
        "text": seen.options.document(),
        "data": {"items": seen.items, "symbols": seen.symbols, "weight": seen.weight},
    }
    echo_json(document)


def _classifier(path: str, as_json: bool) -> None:
    """The same of a classifier."""
    from dataclasses import asdict

    from nextchar.tasks.classifier import Classifier

    found, file = Classifier.load(path), FileFacts.of(path)
    if not as_json:
        echo(classifier_page(found, file))
        return
    labels = {str(name): size for name, size in zip(found.classes_, found.sizes_.tolist(), strict=True)}
    document = {
        "model": "classifier",
        "labels": labels,
        "specs": [asdict(spec) for spec in found.specs],
        "prior": found.prior if isinstance(found.prior, str) else {str(name): p for name, p in found.prior.items()},
        "least": found.least,
        "none_rate": found.none_rate,
        "folds": found.folds,
        "temperature": found.temperature_,
        "alphabet_size": found.alphabet_.size,
        "characters": "".join(found.alphabet_.names),
        "text": None if found.options is None else found.options.document(),
        "file": file.document(),
    }
    echo_json(document)


def _explain(loaded: Model, path: str, as_json: bool) -> None:
    """The experts of a mix by what they are worth."""
    from dataclasses import asdict

    experts = loaded.metrics.experts
    if not experts:
        raise SettingsError(f"{path}: is a model {loaded.kind}, which has no experts; --explain is for the model mix")
    ranked = sorted(experts, key=lambda expert: -expert.worth_nats)
    if as_json:
        echo_json([asdict(expert) for expert in ranked])
        return
    columns = ["expert", "nats/symbol lost without it", "used in"]
    rows = [(one.name, f"{one.worth_nats:.4f}", f"{one.active:.0%}") for one in ranked]
    print_table(columns, rows, right=columns[1:])


def _exact(model: Model, data_files: tuple[str, ...], tail: float) -> dict[str, Any]:
    """What its items are like; the lengths up to a tail."""
    from nextchar.automata.conditional import given
    from nextchar.cli._options import training_data
    from nextchar.data.training_items import known_file

    whole = given(model)
    data = training_data(model, data_files, True) if data_files else known_file(model.provenance)
    lengths = whole.lengths()
    below = lengths.cumsum()
    kept = int((below < 1 - tail).sum()) + 1
    return {
        "mean_length": whole.mean_length,
        "entropy_nats": whole.entropy,
        "entropy_nats_per_symbol": whole.entropy_per_symbol,
        "new": None if data is None else given(model, new=True, data=data).probability,
        "lengths": {str(length): share for length, share in enumerate(lengths[:kept].tolist()) if share},
    }
