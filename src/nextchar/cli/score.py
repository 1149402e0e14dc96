"""The commands that look at items: `score` and `evaluate`."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import click

from nextchar.cli._options import input_options, json_option, model_argument
from nextchar.cli._output import echo_json, note, print_table
from nextchar.errors import CorpusError

if TYPE_CHECKING:
    from nextchar.core.model import Model
    from nextchar.core.scoring import Score
    from nextchar.data.format import Format

__all__ = ["evaluate", "score"]


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
    format_: Format,
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
def evaluate(model: str, file: str, format_: Format, as_json: bool) -> None:
    """The loss of MODEL on all items of FILE: total nats over the number of symbols, ends of items counted."""
    from nextchar.core.scoring import evaluate as measure
    from nextchar.data.corpus import Corpus
    from nextchar.models.registry import load

    loaded = load(model)
    corpus = Corpus.read(
        [file],
        format_,
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
