"""The commands that look at items and models: `score`, `evaluate` and `info`."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from nextchar.cli._options import format_from, input_options, json_option, model_argument
from nextchar.cli._output import echo_json, note, print_table
from nextchar.errors import CorpusError, SettingsError

if TYPE_CHECKING:
    from nextchar.core.model import Model
    from nextchar.core.scoring import Score

__all__ = ["evaluate", "info", "score"]

_MOST_SHOWN = 8  # entries of a list in the table of `info`


@click.command(short_help="The negative log-likelihood of each item, in nats.")
@model_argument
@click.argument("file", default="-")
@click.option("--most", type=click.IntRange(min=1), metavar="N", help="Only the N most surprising items, per symbol.")
@click.option("--least", type=click.IntRange(min=1), metavar="N", help="Only the N least surprising items.")
@click.option("--flag", is_flag=True, help="Mark odd items with !, by the threshold that calibrate has found.")
@input_options
@json_option
def score(
    model: str,
    file: str,
    most: int | None,
    least: int | None,
    flag: bool,
    column: str | None,
    weight: str | None,
    encoding: str,
    as_json: bool,
) -> None:
    """Score every item of FILE (or of standard input): nats for each symbol, nats in all, and the item.

    With --json one line for each item: {"item", "nats", "symbols", "nats_per_symbol", "surprisal": [...]}, the last
    surprisal being the end's, and with --flag "flagged". An infinite number is the string "inf".
    """
    if most and least:
        raise click.UsageError("--most and --least exclude each other.")
    from nextchar.core.scoring import score_corpus
    from nextchar.data.corpus import stream
    from nextchar.models.registry import load

    loaded = load(model)
    flags = _flagging(loaded) if flag else None

    def scores() -> Iterator[Score]:
        format_ = format_from(column, weight, encoding)
        for part in stream([file], format_, loaded.provenance.options, loaded.alphabet):
            for piece in part.slices(1 << 18):
                yield from score_corpus(loaded, piece)

    chosen: Iterable[Score] = scores()
    if most:
        chosen = heapq.nlargest(most, chosen, key=lambda entry: entry.nats_per_symbol)
    if least:
        chosen = heapq.nsmallest(least, chosen, key=lambda entry: entry.nats_per_symbol)
    written = infinite = 0
    example = ""
    for entry in chosen:
        if as_json:
            document = {
                "item": entry.item,
                "nats": entry.nats,
                "symbols": entry.symbols,
                "nats_per_symbol": entry.nats_per_symbol,
                "surprisal": entry.surprisal,
                **({"flagged": flags(entry)} if flags else {}),
            }
            echo_json(document, lines=True)
        else:
            if not written:
                click.echo("nats/symbol        nats  item" if flags is None else "nats/symbol        nats    item")
            nats_per_symbol, nats = entry.nats_per_symbol + 0.0, entry.nats + 0.0  # 0 and not -0 for what is certain
            sign = "" if flags is None else "! " if flags(entry) else "  "
            click.echo(f"{nats_per_symbol:11.4f} {nats:11.4f}  {sign}{entry.item}")
        written += 1
        if math.isinf(entry.nats):
            infinite += 1
            example = example or f"{_impossible(loaded, entry)!r} in {entry.item!r}"
    if not written:
        raise CorpusError(f"{'standard input' if file == '-' else file}: no items: it is empty or has only blank lines")
    if infinite:
        note(f"Note: {infinite:,} of {written:,} items cannot come from this model; the first obstacle is {example}.")


def _flagging(loaded: Model) -> Callable[[Score], bool]:
    """Whether an item is odd, by the model's threshold."""
    import numpy as np

    from nextchar.tasks.outliers import threshold_of

    detector = threshold_of(loaded)
    return lambda entry: bool(detector.flags(np.array([entry.nats]), np.array([entry.symbols]))[0])


def _impossible(model: Model, entry: Score) -> str:
    """The first n-gram of an item that the model holds impossible."""
    at = entry.surprisal.index(math.inf)
    sign = model.alphabet.boundary_sign
    back = at + 1 if model.context_length is None else model.context_length
    return (sign * back + entry.item + sign)[at : at + back + 1]


@click.command(short_help="The loss of a model on a file.")
@model_argument
@click.argument("file", default="-")
@input_options
@json_option
def evaluate(model: str, file: str, column: str | None, weight: str | None, encoding: str, as_json: bool) -> None:
    """The loss of MODEL on all items of FILE: total nats over the number of symbols, ends of items counted."""
    from nextchar.core.scoring import evaluate as measure
    from nextchar.data.corpus import Corpus
    from nextchar.models.registry import load

    format_ = format_from(column, weight, encoding)
    loaded = load(model)
    corpus = Corpus.from_file(
        file,
        column=format_.column,
        weight=format_.weight,
        encoding=format_.encoding,
        options=loaded.provenance.options,
        alphabet=loaded.alphabet,
    )
    result = measure(loaded, corpus)
    if as_json:
        echo_json(result.document())
        return
    rows = [
        ("items", f"{result.items:,}"),
        ("symbols", f"{result.symbols:,}"),
        ("nats per symbol", f"{result.nats_per_symbol:.6f}"),
        ("bits per symbol", f"{result.bits_per_symbol:.6f}"),
        ("perplexity", f"{result.perplexity:.4f}"),
    ]
    if result.impossible:
        rows.append(("impossible", f"first {result.impossible}"))
    print_table(["measure", "value"], rows, right=["value"])


@click.command(short_help="What a model file holds.")
@model_argument
@click.option("--explain", is_flag=True, help="For a mix: which experts carry it.")
@click.option("--exact", is_flag=True, help="Also the lengths and the entropy of its items; for finite automata.")
@click.option(
    "--data", "data_files", multiple=True, metavar="FILE", help="With --exact: the training data, for new items."
)
@json_option
def info(model: str, explain: bool, exact: bool, data_files: tuple[str, ...], as_json: bool) -> None:
    """What MODEL is, what it was trained on, and what was measured then.

    With --exact also what its items are like, computed and not drawn: mean length, entropy, the probability of each
    length, and that an item is new, where the training data is given or known to the package by its hash.
    """
    if data_files and not exact:
        raise click.UsageError("--data goes with --exact.")
    from dataclasses import asdict

    from nextchar.models.registry import load

    loaded = load(model)
    if explain:
        _explain(loaded, model, as_json)
        return
    seen = loaded.provenance
    document = {
        "model": loaded.kind,
        "settings": asdict(loaded.settings),
        "context_length": loaded.context_length,
        "alphabet_size": loaded.alphabet.size,
        "characters": loaded.alphabet.characters,
        "unknown": loaded.alphabet.has_unknown,
        "text": asdict(seen.options),
        "data": {
            "items": seen.items,
            "symbols": seen.symbols,
            "weight": seen.weight,
            "distinct_items": None if seen.known is None else len(seen.known),
            "source": None if seen.source is None else asdict(seen.source),
        },
        "metrics": loaded.metrics.document(),
        **({"exact": _exact(loaded, data_files, 1e-6 if as_json else 1e-2)} if exact else {}),
    }
    if as_json:
        echo_json(document)
        return
    print_table(["property", "value"], list(_flat(document)))


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


def _flat(document: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in document.items():
        if key == "experts":
            yield f"{prefix}{key}", f"{len(value)}; see --explain"
        elif isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        elif isinstance(value, list | tuple) and len(value) > _MOST_SHOWN:
            yield f"{prefix}{key}", f"{len(value):,} entries; --json shows them"
        else:
            text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            yield f"{prefix}{key}", text if value is not None else "-"
